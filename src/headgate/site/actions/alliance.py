"""An alliance is formed by its lead; members enter, lead and leave, and the record keeps when."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from django.db.models import F

from headgate.core.policy.dated import at
from headgate.site.desk.amending import current_parts
from headgate.site.desk.models import Alliance, Dossier, Member, Organisation, State
from headgate.site.desk.office import acts_for, doing, need, organisation_called, programme
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.agenda import first_day
from headgate.steps.term import Holding

PARTS_MOST: Final = 1_000
"""Parts that a member can have of a support."""


def form_alliance(person: Person, lead: str, name: str, now: datetime) -> Alliance:
    """A new alliance without members yet, led by an organisation that the person acts for.

    Formed twice under one name it is one alliance: a second click forms no second one.
    """
    with doing(person, "form alliance", name, now):
        need(person, Role.APPLICANT)
        organisation = Organisation.objects.filter(code=lead).first()
        if organisation is None or not acts_for(person, organisation):
            refuse(DeskRefusal.NOT_YOURS, lead)
        if not name.strip():
            refuse(DeskRefusal.FORM_FAULTY, lead)
        called = {"lead": organisation, "name": name.strip()[:300]}
        there = Alliance.objects.filter(**called).first()  # Of one name it may lead two by now.
        return there or Alliance.objects.create(**called)


def enter_alliance(
    person: Person,
    alliance_id: int,
    organisation: str,
    role: str,
    parts: int,
    now: datetime,
    shares: Mapping[str, int] | None = None,
) -> Member:
    """Let an organisation in, told by code or name, with its role and parts; drafts then need every
    consent anew.

    `shares` are its parts of the supports of which it has others than `parts`.
    """
    with doing(person, "enter alliance", f"{alliance_id} {organisation}", now):
        alliance = _led(person, alliance_id)
        found = organisation_called(organisation)
        inside = alliance.members.filter(left__isnull=True, organisation=found).exists()
        if inside or found == alliance.lead:
            refuse(DeskRefusal.MEMBER_TWICE, organisation)
        _need_parts(parts, shares or {})
        member = Member.objects.create(
            alliance=alliance,
            organisation=found,
            role=role[:100],
            parts=parts,
            shares=dict(shares or {}),
            entered=now,
        )
        _changed(alliance)
        return member


def leave_alliance(person: Person, alliance_id: int, organisation: str, now: datetime) -> None:
    """Let a member go, asked by the lead or by the member itself."""
    with doing(person, "leave alliance", f"{alliance_id} {organisation}", now):
        need(person, Role.APPLICANT)
        inside = Member.objects.filter(alliance=alliance_id, left__isnull=True)
        member = inside.filter(organisation__code=organisation).first()
        if member is None or not acts_for(person, member.alliance.lead, member.organisation):
            refuse(DeskRefusal.NOT_YOURS, organisation)
        member.left = now
        member.save()
        _changed(member.alliance)


def pass_on(member: Member, now: datetime) -> None:
    """Let a member lead its alliance from now on: whatever it applied for and was awarded.

    Who led stays in it as a member, and may leave as any may. What was handed in and billed keeps
    whose it was.
    """
    alliance, before = member.alliance, member.alliance.lead
    was = alliance.members.filter(organisation=before).last()
    told = {"role": was.role, "parts": was.parts, "shares": was.shares} if was else {}
    member.left = now
    member.save()
    Member.objects.create(alliance=alliance, organisation=before, entered=now, **told)
    until = {"code": before.code, "name": before.name, "until": now.isoformat()}
    alliance.lead, alliance.former = member.organisation, [*alliance.former, until]
    alliance.save()
    Dossier.objects.filter(alliance=alliance).update(lead=alliance.lead)
    _changed(alliance)


def follow(dossier: Dossier, held: Iterable[Holding], now: datetime) -> None:
    """Let the alliance of an award be who has parts of its awards, once others were granted parts.

    Who came is in, and sees the award; who has a part of no award any more has left and sees it no
    more, unless the alliance applies for something else beside.
    """
    alliance = dossier.alliance
    if alliance is None:
        return
    running = {one.award: one for one in held}
    others = Dossier.objects.filter(alliance=alliance).exclude(state=State.WITHDRAWN)
    parts = dict[str, int]()
    for one in others:
        if one.code in running:
            parts |= current_parts(one, running[one.code])
    inside = {one.organisation.code: one for one in alliance.members.filter(left__isnull=True)
              .select_related("organisation")}  # fmt: skip
    came = Organisation.objects.filter(code__in=parts.keys() - inside.keys())
    for organisation in came.exclude(pk=alliance.lead_id):
        told = {"parts": parts[organisation.code], "entered": now}
        Member.objects.create(alliance=alliance, organisation=organisation, **told)
    if all(one.code in running for one in others):
        gone = [one.pk for code, one in inside.items() if code not in parts]
        Member.objects.filter(pk__in=gone).update(left=now)


def _need_parts(parts: int, shares: Mapping[str, int]) -> None:
    """Refuse parts of a support that the policy does not have, and parts that are no number."""
    for wrong in (n for n in (parts, *shares.values()) if not 1 <= n <= PARTS_MOST):
        refuse(DeskRefusal.PARTS_WRONG, wrong)
    adopted = programme() if shares else None
    known = at(adopted, first_day(adopted)).policy.supports if adopted is not None else {}
    for name in (name for name in shares if name not in known):
        refuse(DeskRefusal.PARTS_WRONG, name)


def _led(person: Person, alliance_id: int) -> Alliance:
    need(person, Role.APPLICANT)
    alliance = Alliance.objects.select_related("lead").filter(pk=alliance_id).first()
    if alliance is None or not acts_for(person, alliance.lead):
        refuse(DeskRefusal.NOT_YOURS, alliance_id)
    return alliance


def _changed(alliance: Alliance) -> None:
    """Drafts of the alliance are other drafts now."""
    drafts = Dossier.objects.filter(alliance=alliance).exclude(state=State.SUBMITTED)
    drafts.update(version=F("version") + 1)
