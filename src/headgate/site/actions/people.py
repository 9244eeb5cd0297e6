"""Who is known at the desk: organisations registered, persons let in, sent away and forgotten."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from headgate.core.calls.grants import registration
from headgate.core.faults import Sentence
from headgate.core.ledger.text import is_name
from headgate.core.policy.dated import at
from headgate.site.desk.models import Acting, Deed, Organisation, Reviewer, Tie
from headgate.site.desk.office import REGISTER, SITE, doing, need, programme, reviewer_of
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.notices.models import Notice, Reader
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.agenda import first_day


@dataclass(frozen=True, slots=True)
class Registered:
    """What is asked of an organisation; `code` is its pseudonym in the journal."""

    code: str
    name: str
    kind: str
    size: str
    region: str = ""
    founded: date | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    registration: str = ""


def register(officer: Person, given: Registered, now: datetime) -> Organisation:
    """Register an organisation or correct what is known of it; what was handed in stays."""
    with doing(officer, REGISTER, given.code, now):
        need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
        adopted = programme()
        known = at(adopted, first_day(adopted)).policy.organisations
        if given.kind not in known.kinds or given.size not in known.sizes:
            said = Sentence("{kind}, {size}: in no list", kind=given.kind, size=given.size)
            refuse(DeskRefusal.FORM_FAULTY, said)
        _need_code(given.code)
        values = {
            "name": given.name[:300],
            "kind": given.kind,
            "size": given.size,
            "region": given.region[:64],
            "founded": given.founded,
            "facts": dict(given.facts),
            "parent": _above(given),
            "registration": given.registration.strip()[:40],
            "registered": registration(given.registration)[:40],
        }
        found, _ = Organisation.objects.update_or_create(code=given.code, defaults=values)
        return found


def _need_code(code: str) -> None:
    if not is_name(code):
        refuse(DeskRefusal.FORM_FAULTY, Sentence("{code}: no code for the journal", code=code))


def _above(given: Registered) -> Organisation | None:
    """The body above an organisation; refused where there is none, or where it stands below."""
    above = Organisation.objects.filter(code=given.parent).first() if given.parent else None
    if given.parent and above is None:
        refuse(DeskRefusal.NOT_YOURS, given.parent)
    step = above
    while step is not None:
        if step.code == given.code:
            about = Sentence("{above} stands below {code}", above=step.code, code=given.code)
            refuse(DeskRefusal.FORM_FAULTY, about)
        step = step.parent
    return above


def make_account(
    owner: Person, username: str, name: str, email: str, roles: Collection[Role], now: datetime
) -> Person:
    """An account with its first roles and no password yet: its owner sets one by a link."""
    with doing(owner, "make account", username, now):
        need(owner, Role.POLICY_OWNER)
        return _account(username, name, email, roles)


def first_owner(username: str, name: str, email: str, now: datetime) -> Person:
    """The first policy owner, whom nobody at the pages can let in; refused where there is one."""
    with SITE.writing():
        owners = Person.objects.filter(is_active=True, groups__name=Role.POLICY_OWNER.value)
        if owners.exists():
            refuse(DeskRefusal.OWNED, owners[0].username)
        person = _account(username, name, email, [Role.POLICY_OWNER])
        Deed.objects.create(person=person, action="first owner", about=username, at=now)
        return person


def _account(username: str, name: str, email: str, roles: Collection[Role]) -> Person:
    """An account as it was asked for, or the name of what hinders it.

    The office vouches for the address: only who makes an account by themselves must show theirs.
    """
    if Person.objects.filter(username__iexact=username).exists():
        refuse(DeskRefusal.NAME_TAKEN, username)
    if email and Person.objects.filter(email__iexact=email).exists():
        refuse(DeskRefusal.NAME_TAKEN, email)
    first, _, last = name.strip().partition(" ")
    person = Person(username=username, email=email, first_name=first[:150], last_name=last[:150])
    person.set_unusable_password()
    try:
        person.clean_fields()
    except ValidationError as error:
        refuse(DeskRefusal.FORM_FAULTY, ", ".join(sorted(error.message_dict)))
    _apart(roles)
    person.save()
    if email:
        EmailAddress.objects.create(user=person, email=email, primary=True, verified=True)
    give_roles(person, roles)
    return person


def set_roles(owner: Person, person: Person, roles: Collection[Role], now: datetime) -> None:
    """Let somebody have these roles and no others; nobody changes their own."""
    told = " ".join(sorted(roles)) or "none"
    with doing(owner, "set roles", f"{person.pk} {told}", now):
        need(owner, Role.POLICY_OWNER)
        if owner.pk == person.pk:
            refuse(DeskRefusal.CONFLICT, person.pk)
        if not person.is_active:
            refuse(DeskRefusal.SENT_AWAY, person.pk)
        _apart(roles)
        person.groups.clear()
        give_roles(person, roles)


def _apart(roles: Collection[Role]) -> None:
    """Refuse roles that nobody may have together: who audits does nothing that is audited."""
    if Role.AUDITOR in roles and len(set(roles)) > 1:
        refuse(DeskRefusal.ROLES_APART, Role.AUDITOR)


def give_roles(person: Person, roles: Iterable[Role]) -> None:
    """Put somebody into the groups of their roles; once somebody may."""
    person.groups.add(*(Group.objects.get_or_create(name=role.value)[0] for role in roles))


def act_for(officer: Person, person: Person, organisation: str, now: datetime) -> None:
    """Let somebody act for an organisation."""
    with doing(officer, "act for", f"{person.pk} {organisation}", now):
        need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
        if not person.is_active:
            refuse(DeskRefusal.SENT_AWAY, person.pk)
        found = Organisation.objects.filter(code=organisation).first()
        if found is None:
            refuse(DeskRefusal.NOT_YOURS, organisation)
        Acting.objects.get_or_create(
            person=person, organisation=found, until=None, defaults={"since": now}
        )


def stop_acting(officer: Person, person: Person, organisation: str, now: datetime) -> None:
    """Let somebody act for an organisation no more; the record keeps until when they did."""
    with doing(officer, "stop acting", f"{person.pk} {organisation}", now):
        need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
        acting = Acting.objects.filter(person=person, until__isnull=True)
        if not acting.filter(organisation__code=organisation).update(until=now):
            refuse(DeskRefusal.NOT_YOURS, organisation)


def appoint(
    officer: Person,
    person: Person,
    code: str,
    expertise: str,
    ties: Mapping[str, str],
    now: datetime,
) -> Reviewer:
    """Make somebody a reviewer under a pseudonym, with the ties they told of, by organisation."""
    with doing(officer, "appoint", code, now):
        need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
        if not person.is_active:
            refuse(DeskRefusal.SENT_AWAY, person.pk)
        _need_code(code)
        if Reviewer.objects.filter(code=code).exclude(person=person).exists():
            refuse(DeskRefusal.NAME_TAKEN, code)
        held = person.groups.values_list("name", flat=True)
        _apart({*(role for role in Role if role.value in held), Role.REVIEWER})
        give_roles(person, [Role.REVIEWER])
        reviewer, _ = Reviewer.objects.update_or_create(
            person=person, defaults={"code": code, "expertise": expertise}
        )
        for organisation in Organisation.objects.filter(code__in=ties):
            Tie.objects.get_or_create(
                reviewer=reviewer,
                organisation=organisation,
                defaults={"why": ties[organisation.code][:300]},
            )
        return reviewer


def declare_tie(person: Person, organisation: str, why: str, now: datetime) -> Tie:
    """A reviewer tells of being close to an organisation; they are never seated near it again."""
    with doing(person, "declare tie", organisation, now):
        reviewer = reviewer_of(person)
        found = Organisation.objects.filter(code=organisation).first()
        if found is None:
            refuse(DeskRefusal.NOT_YOURS, organisation)
        values = {"why": why.strip()[:300]}
        tie, _ = Tie.objects.update_or_create(
            reviewer=reviewer, organisation=found, defaults=values
        )
        return tie


def send_away(officer: Person, person: Person, now: datetime) -> None:
    """Take every access away at once: the account, its roles, and whom it acts for."""
    with doing(officer, "send away", person.pk, now):
        need(officer, Role.POLICY_OWNER)
        _shut(person, now)


def forget(officer: Person, person: Person, now: datetime) -> None:
    """Erase who somebody was; what they did stays, done by a number."""
    with doing(officer, "forget", person.pk, now):
        need(officer, Role.POLICY_OWNER)
        _shut(person, now)
        name = person.username
        person.username, person.email = f"gone-{person.pk}", ""
        person.first_name = person.last_name = ""
        person.save()
        for kept in (EmailAddress, SocialAccount, UserSession):
            kept.objects.filter(user=person).delete()
        for told in (Reader, Notice):
            told.objects.filter(person=person).delete()
        Deed.objects.filter(action="make account", about=name).update(about=str(person.pk))
        Reviewer.objects.filter(person=person).update(expertise="")
        Tie.objects.filter(reviewer__person=person).delete()


def _shut(person: Person, now: datetime) -> None:
    person.is_active = False
    person.set_unusable_password()
    person.save()
    person.groups.clear()
    Acting.objects.filter(person=person, until__isnull=True).update(until=now)
