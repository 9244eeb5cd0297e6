"""An alliance is formed by its lead; members enter and leave, and the record keeps when."""

from datetime import datetime

from django.db.models import F

from headgate.site.desk.models import Alliance, Dossier, Member, Organisation, State
from headgate.site.desk.office import acts_for, doing, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role


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
        return Alliance.objects.get_or_create(lead=organisation, name=name.strip()[:300])[0]


def enter_alliance(
    person: Person, alliance_id: int, organisation: str, role: str, parts: int, now: datetime
) -> Member:
    """Let an organisation in with its role and parts; drafts then need every consent anew."""
    with doing(person, "enter alliance", f"{alliance_id} {organisation}", now):
        alliance = _led(person, alliance_id)
        found = Organisation.objects.filter(code=organisation).first()
        if found is None:
            refuse(DeskRefusal.NOT_YOURS, organisation)
        inside = alliance.members.filter(left__isnull=True, organisation=found).exists()
        if inside or found == alliance.lead:
            refuse(DeskRefusal.MEMBER_TWICE, organisation)
        member = Member.objects.create(
            alliance=alliance, organisation=found, role=role[:100], parts=parts, entered=now
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
