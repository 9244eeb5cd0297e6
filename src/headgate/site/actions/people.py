"""Who is known at the desk: organisations registered, persons let in, sent away and forgotten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import Group

from headgate.core.policy.dated import at
from headgate.site.desk.models import Acting, Organisation, Reviewer, Tie
from headgate.site.desk.office import doing, need, programme
from headgate.site.desk.refusals import DeskRefusal, refuse
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


def register(officer: Person, given: Registered, now: datetime) -> Organisation:
    """Register an organisation or correct what is known of it; what was handed in stays."""
    with doing(officer, "register", given.code, now):
        need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
        adopted = programme()
        known = at(adopted, first_day(adopted)).policy.organisations
        if given.kind not in known.kinds or given.size not in known.sizes:
            refuse(DeskRefusal.FORM_FAULTY, f"{given.kind} {given.size}: not in the policy's lists")
        values = {
            "name": given.name[:300],
            "kind": given.kind,
            "size": given.size,
            "region": given.region,
            "founded": given.founded,
            "facts": dict(given.facts),
        }
        found, _ = Organisation.objects.update_or_create(code=given.code, defaults=values)
        return found


def let_in(officer: Person, person: Person, roles: Iterable[Role], now: datetime) -> None:
    """Give somebody roles; only the policy owner does, and nobody to themselves."""
    with doing(officer, "let in", person.pk, now):
        need(officer, Role.POLICY_OWNER)
        if officer.pk == person.pk:
            refuse(DeskRefusal.CONFLICT, person.pk)
        give_roles(person, roles)


def give_roles(person: Person, roles: Iterable[Role]) -> None:
    """Put somebody into the groups of their roles; for the first policy owner and for tests."""
    person.groups.add(*(Group.objects.get_or_create(name=role.value)[0] for role in roles))


def act_for(officer: Person, person: Person, organisation: str, now: datetime) -> None:
    """Let somebody act for an organisation."""
    with doing(officer, "act for", f"{person.pk} {organisation}", now):
        need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
        found = Organisation.objects.filter(code=organisation).first()
        if found is None:
            refuse(DeskRefusal.NOT_YOURS, organisation)
        Acting.objects.get_or_create(
            person=person, organisation=found, until=None, defaults={"since": now}
        )


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
        person.username, person.email = f"gone-{person.pk}", ""
        person.first_name = person.last_name = ""
        person.save()
        Reviewer.objects.filter(person=person).update(expertise="")
        Tie.objects.filter(reviewer__person=person).delete()


def _shut(person: Person, now: datetime) -> None:
    person.is_active = False
    person.set_unusable_password()
    person.save()
    person.groups.clear()
    Acting.objects.filter(person=person, until__isnull=True).update(until=now)
