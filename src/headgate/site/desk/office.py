"""What every action of a person begins with: who they are, the call as it stands, one transaction.

The site has one database and one writer at a time, so an action that reads, judges and writes under
`doing` cannot be overtaken by another, on either database.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from sys import intern
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from headgate.core.calls.window import window
from headgate.core.ledger.refused import Refused
from headgate.core.policy.clocks import Days
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Call, Policy
from headgate.core.quantities import instant_of
from headgate.site.desk.models import (
    Acting,
    Asking,
    Deed,
    Dossier,
    Member,
    Organisation,
    Reviewer,
    State,
)
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.reading import keep_zone, zone_of
from headgate.site.portal.roles import NAMES, Role, is_staff, roles_of
from headgate.site.records.database import Database
from headgate.site.records.kept import STAGES, Stages, document, stages
from headgate.steps.agenda import first_day

SITE: Final = Database("default")
"""The one database of a site: people and ledger lie side by side in it."""

NEWEST_DEED: Final = f"SELECT max(id) FROM {Deed._meta.db_table}"
"""What moves with whatever people do: `doing` writes a deed into the same transaction."""

DRAFTING: Final = ("attach", "consent", "detach", "save draft")
"""What is done to a draft alone: the list of a call that takes none any more follows from no draft.

These are most of what people do while one call is open and another is under review.
"""

NEWEST_JUDGED: Final = f"{NEWEST_DEED} WHERE action NOT IN {DRAFTING}"
"""What moves with whatever people do that a list may follow from."""

REGISTER: Final = "register"
NEWEST_NAME: Final = f"{NEWEST_DEED} WHERE action = '{REGISTER}'"
"""What moves with the name of an organisation."""

NEWEST_ASKING: Final = f"SELECT max(id) FROM {Asking._meta.db_table}"
"""What moves with whatever is asked of an award."""

ANSWERED: Final = f"SELECT count(granted) FROM {Asking._meta.db_table}"
"""What moves with whatever is answered of that."""

NEWEST_ENTRY: Final = "SELECT max(seq) FROM entry"
"""What moves with every entry of the journal."""


def moved(*what: str) -> tuple[str, ...]:
    """Another value after everything that moves one of these; one query.

    A list that follows from few of the things that happen is not made again for the others.
    """
    asked = ", ".join(f"({sql})" for sql in what)
    (told,) = SITE.rows(f"SELECT {asked}", [])
    return (*SITE.where, *map(str, told))


def day_at(policy: Policy, moment: datetime) -> date:
    """The day of a moment where the programme is."""
    return moment.astimezone(zone_of(policy)).date()


def need(person: Person, *roles: Role) -> None:
    """Refuse unless somebody has one of the roles."""
    if roles_of(person).isdisjoint(roles):
        refuse(DeskRefusal.ROLE_MISSING, ", ".join(str(NAMES[role]) for role in roles))


@contextmanager
def doing(person: Person | None, action: str, about: object, now: datetime) -> Iterator[None]:
    """One transaction in which somebody does something, kept with what they did."""
    with doing_each(person, action, [str(about)], now):
        yield


@contextmanager
def doing_each(
    person: Person | None, action: str, about: Sequence[str], now: datetime
) -> Iterator[None]:
    """The same for many things together: one transaction, so that all are done or none."""
    with SITE.writing():
        yield
        told = (one[:200] for one in about)
        Deed.objects.bulk_create(
            Deed(person=person, action=action, about=one, at=now) for one in told
        )


@contextmanager
def of_many(code: str) -> Iterator[None]:
    """Of many things done together, which one a refusal is about: a note on it."""
    try:
        yield
    except Refused as refused:
        refused.add_note(code)
        raise


@dataclass(frozen=True, slots=True)
class CallNow:
    """A call as the policy has it on the day it is decided, and how far it has come.

    `stands` is the day on which the programme stands: that of its last event. `moved` is another
    value after every entry of the journal and every deed of a person but those to drafts.
    """

    id: str
    document: Document
    policy: Policy
    call: Call
    received: bool
    decided: bool
    stands: date
    moved: tuple[str, ...]

    @property
    def instants(self) -> tuple[str, str]:
        """From when the call is open, and from when it is closed again."""
        return window(self.call, self.policy.programme.timezone)

    def day(self, now: datetime) -> date:
        """The day of the call's own clocks."""
        return day_at(self.policy, now)

    def last_day(self, since: datetime, days: Days) -> date:
        """The last day of one of the call's clocks, which began to run at a moment."""
        return days.after(self.day(since), self.policy.programme.calendar.rest)

    def need_open(self, now: datetime) -> None:
        """Refuse before the call opens and once it has closed."""
        if instant(now) < self.instants[0]:
            refuse(DeskRefusal.CALL_NOT_OPEN, self.call.opens)
        self.need_before_closing(now)

    def need_before_closing(self, now: datetime) -> None:
        """Refuse once the call takes nothing any more; a draft may be worked on before it opens."""
        if instant(now) >= self.instants[1] or self.received:
            refuse(DeskRefusal.LATE, self.call.closes)

    def need_under_review(self) -> None:
        """Refuse before the applications are received and once the call is decided."""
        if not self.received:
            refuse(DeskRefusal.NOT_CLOSED, self.call.name)
        if self.decided:
            refuse(DeskRefusal.DECIDED, self.call.name)


def instant(now: datetime) -> str:
    """A moment as the journal writes it."""
    return instant_of(int(now.timestamp()))


def programme() -> Document:
    """The policy as adopted."""
    found = document(SITE)
    if found is None:
        refuse(DeskRefusal.NO_PROGRAMME)
    return found


def call_now(call_id: str) -> CallNow:
    """A call of the policy."""
    return call_of(stages_now(), call_id)


def call_of(found: Stages, call_id: str) -> CallNow:
    """A call of the policy, where it was read how far every call has come."""
    if call_id not in at(found.document, first_day(found.document)).policy.calls:
        refuse(DeskRefusal.CALL_UNKNOWN, call_id)
    return _call_now(found, call_id)


def calls_now() -> list[CallNow]:
    """Every call of the policy."""
    found = stages_now()
    calls = at(found.document, first_day(found.document)).policy.calls
    return [_call_now(found, call_id) for call_id in calls]


def stages_now() -> Stages:
    """How far every call has come; one query."""
    found = stages(SITE, NEWEST_JUDGED)
    if found is None:
        refuse(DeskRefusal.NO_PROGRAMME)
    return found


def _call_now(found: Stages, call_id: str) -> CallNow:
    adopted = found.document
    base = at(adopted, first_day(adopted)).policy.calls
    policy = at(adopted, base[call_id].decides).policy
    keep_zone(policy)
    received, decided = (f"{kind}/{call_id}" in found.received for kind in STAGES)
    call, stands = policy.calls[call_id], found.standing.day
    return CallNow(call_id, adopted, policy, call, received, decided, stands, found.moved)


def acts_for(person: Person, *organisations: Organisation) -> bool:
    """Whether somebody acts for one of the organisations now."""
    acting = Acting.objects.filter(person=person, until__isnull=True)
    return acting.filter(organisation__in=organisations).exists()


def organisation_called(text: str) -> Organisation:
    """The organisation of a code, or of a name that no other has; raises `Refused`."""
    said = " ".join(text.split())
    found = list(Organisation.objects.filter(Q(code=said) | Q(name__iexact=said))[:2])
    by_code = [one for one in found if one.code == said] or found
    if len(by_code) != 1:
        refuse(DeskRefusal.ORGANISATION_UNKNOWN, said[:100])
    return by_code[0]


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """What organisations are called, by their codes; of no codes no query."""
    named = Organisation.objects.filter(code__in=set(codes))
    return dict(named.values_list("code", "name"))


def organisations_of(person: Person) -> list[Organisation]:
    """Those that somebody acts for now."""
    acting = Acting.objects.filter(person=person, until__isnull=True)
    return [one.organisation for one in acting.select_related("organisation").order_by("id")]


def unattended() -> "QuerySet[Dossier, Any]":
    """Applications whose lead nobody acts for any more: code and call, since what moment, and the
    lead's key and name.
    """
    acting = Acting.objects.filter(organisation=OuterRef("organisation"), until__isnull=True)
    left = Acting.objects.filter(~Exists(acting), until__isnull=False)
    last = Acting.objects.filter(organisation=OuterRef("lead")).order_by("-until")
    found = Dossier.objects.filter(lead__in=left.values("organisation"), state=State.SUBMITTED)
    since = found.annotate(since=Subquery(last.values("until")[:1])).order_by()
    return since.values_list("code", "call", "since", "lead", "lead__name")


def with_part(person: Person) -> "QuerySet[Dossier, Any]":
    """The keys of the applications that somebody has a part in, to be asked for in a query."""
    acting = Acting.objects.filter(person=person, until__isnull=True)
    return Dossier.objects.filter(part_of(acting.values("organisation"))).values("pk")


def leads_of(dossiers: "QuerySet[Dossier]") -> dict[str, str]:
    """The name of who leads each application that has a code; held once for all of a body's own."""
    found = dossiers.filter(code__isnull=False).order_by().values_list("code", "lead__name")
    return {code or "": intern(name) for code, name in found}


def led_by(word: str) -> Q:
    """The applications whose lead is found by a word: each organisation is looked at
    once, and not once for each of its applications.
    """
    return Q(lead__in=Organisation.objects.filter(findable__contains=word))


def visible_to(person: Person, found: "QuerySet[Dossier]") -> "QuerySet[Dossier]":
    """Those of some applications that somebody has a part in; all for staff."""
    return found if is_staff(person) else found.filter(pk__in=with_part(person))


def part_of(organisations: "Collection[Organisation | int] | QuerySet[Any, Any]") -> Q:
    """What some organisations have a part in: what they lead, and where they are members still.

    Each side is found by an index of its own; joined to its members, every application would be
    looked at.
    """
    inside = Member.objects.filter(organisation__in=organisations, left__isnull=True)
    return Q(lead__in=organisations) | Q(alliance__in=inside.order_by().values("alliance"))


def own_dossier(person: Person, dossier_id: int) -> Dossier:
    """An application of an organisation that somebody acts for; others do not exist for them."""
    need(person, Role.APPLICANT)
    whole = Dossier.objects.select_related("lead", "alliance", "acceptance", "objection")
    found = whole.filter(pk=dossier_id).first()
    if found is None or not acts_for(person, found.lead):
        refuse(DeskRefusal.NOT_YOURS, dossier_id)
    return found


def handed_in(code: str) -> Dossier:
    """An application by its id in the journal."""
    found = Dossier.objects.select_related("lead", "alliance").filter(code=code).first()
    if found is None:
        refuse(DeskRefusal.NOT_HANDED_IN, code)
    return found


def reviewer_of(person: Person) -> Reviewer:
    """Somebody as a reviewer."""
    need(person, Role.REVIEWER)
    found = Reviewer.objects.filter(person=person).first()
    if found is None:
        refuse(DeskRefusal.ROLE_MISSING, Role.REVIEWER)
    return found
