"""Running awards as a list has them: what each owes next, what waits, and what it needs most.

A row is read from the journal and a few columns of the desk, so that ten thousand of them are made
in the time of a few pages; all that there is to say of one award is `amending.Runs`.
"""

from bisect import insort
from collections import Counter
from collections.abc import (
    Collection,
    Container,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Q, QuerySet

from headgate.core.duties.amendment import Change, accepted
from headgate.core.duties.reports import Owed, owed
from headgate.core.policy.running_rules import NO_RULES, Running
from headgate.core.quick import quick
from headgate.site.desk.amending import policy_of, reports_among
from headgate.site.desk.invoices import suspended_now
from headgate.site.desk.models import Asking, Dossier
from headgate.site.desk.office import (
    ANSWERED,
    NEWEST_ASKING,
    NEWEST_NAME,
    SITE,
    leads_of,
    visible_to,
)
from headgate.site.portal.lists import Kept, kept, kept_before, kept_for_staff
from headgate.site.portal.models import Person
from headgate.site.portal.roles import is_staff
from headgate.site.records.kept import Stands, ended
from headgate.steps.term import Holding

SOON: Final = timedelta(days=14)
"""How long before its last day a report is told as due."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the list: an award with how it stands on a day, and no more than is shown of it.

    `lead` is empty where its application came as a fact, so that no desk knows who holds it.
    """

    award: str
    call: str
    lead: str
    support_class: str
    ends: date
    report: date | None
    waiting: int
    state: str


_listed: Final = quick(Listed)
_NONE: Final = frozenset[str]()


def state_of(
    due: Iterable[Owed], on: date, waits: bool, is_suspended: bool, has_ended: bool
) -> str:
    """What an award needs most."""
    days = [one.day for one in due]
    if is_suspended:
        return "suspended"
    if any(day < on for day in days):
        return "late"
    if waits:
        return "asked"
    if any(day <= on + SOON for day in days):
        return "soon"
    return "ended" if has_ended else "runs"


Asked = Sequence[Mapping[str, Any]]
"""What was asked of one award and not answered: the parts of each request."""

FOLLOWS: Final = (NEWEST_ASKING, ANSWERED, NEWEST_NAME)
"""What a list of running awards follows from beside the awards, the policy and the fees."""


def rows_for(person: Person, stood: Stands, on: date, at: tuple[str, ...]) -> Kept[Listed]:
    """What somebody may look into, what is asked and owed first.

    All for staff, until there is another `at`, or the awards, terms, policy or suspensions are
    others: most entries of the journal move none of these. For anybody else where they have a part.
    Those that ended are among them while they owe something.
    """
    seen, every = visible_to(person, Dossier.objects.all()), is_staff(person)
    shut = suspended_now(stood)
    follows = _Follows((on, stood.document, stood.standing.index), at, stood.holdings, shut)

    def rows() -> list[Listed]:
        found = _moved(follows, stood, on) if every else None
        return _rows(stood, on, shut, seen, every) if found is None else found

    return kept_for_staff(person, "running", follows, rows)


class _Follows(NamedTuple):
    """What the rows of staff follow from; `at` as `moved(*FOLLOWS)` tells it."""

    always: Hashable
    at: tuple[str, ...]
    holdings: tuple[Holding, ...]
    shut: frozenset[str]

    def unmoved(self) -> Hashable:
        """What moves every row: the day, the policy, the term, a name."""
        *where, _asked, _answered, name = self.at
        return self.always, *where, name


MOVED_MOST: Final = 500
"""Rows from which all are made anew."""


def _moved(now: _Follows, stood: Stands, on: date) -> list[Listed] | None:
    """The rows that are kept with the few made anew that have moved, or None where all may have.

    These are of awards that are others, of which something was asked or answered, and which were
    suspended or are no more. Of an award that ended nothing else moves before the term does.
    """
    was, before = kept_before("running")
    if not isinstance(was, _Follows) or was.unmoved() != now.unmoved():
        return None
    awards = was.shut ^ now.shut | _others(was.holdings, now.holdings)
    if was.at != now.at:
        awards |= _asked_since(was.at[-3], before)
    if len(awards) >= MOVED_MOST:
        return None
    rows = [row for row in before if row.award not in awards]
    some = Dossier.objects.filter(code__in=awards)
    for row in _rows(stood, on, now.shut, some, True, awards) if awards else ():
        insort(rows, row, key=_order)
    return rows


def _others(was: Iterable[Holding], now: Iterable[Holding]) -> set[str]:
    """The awards that are not what they were; most that are the same are one and the same."""
    if was is now:
        return set()
    old, new = {one.award: one for one in was}, {one.award: one for one in now}
    every = ((award, old.get(award), new.get(award)) for award in old.keys() | new.keys())
    return {award for award, one, other in every if one is not other and one != other}


def _asked_since(newest: str, before: Iterable[Listed]) -> set[str]:
    """The awards of which something was asked since the `newest` request, or answered since they
    had their rows, with the others of their alliances, which have one lead; two queries.
    """
    known = int(newest) if newest.isdecimal() else 0
    some = Asking.objects.filter(Q(granted__isnull=True) | Q(pk__gt=known)).order_by()
    asked = [*some.values_list("pk", "granted", "dossier__code")]
    counts = Counter(code or "" for _pk, granted, code in asked if granted is None)
    told = Counter({row.award: row.waiting for row in before if row.waiting})
    moved = {award for award in counts.keys() | told.keys() if counts[award] != told[award]}
    moved |= {code or "" for pk, _granted, code in asked if pk > known}
    alliances = Dossier.objects.filter(code__in=moved, alliance__isnull=False).values("alliance")
    beside = Dossier.objects.filter(alliance__in=alliances, code__isnull=False)
    return moved | {code or "" for code in beside.values_list("code", flat=True)}


class Reports:
    """The reports that awards owe; what alike awards owe is worked out once.

    `handed` has, by award, those that were accepted after it ended, which the desk alone knows.
    """

    def __init__(self, stood: Stands, handed: Mapping[str, frozenset[str]] | None = None) -> None:
        self._stood = stood
        self._handed = handed or {}
        self._rules: dict[str, Running] = {}
        self._known: dict[Hashable, Sequence[Owed]] = {}

    def owed_by(self, held: Holding) -> Sequence[Owed]:
        """What nobody has accepted yet of an award, by day."""
        came = [(a.report, a.asked) for a in held.amended if a.change is Change.REPORT]
        handed = self._handed.get(held.award, _NONE)
        key = held.call, held.starts, held.ends, *came, handed
        if (due := self._known.get(key)) is None:
            rules, took = self.rules(held.call).reports, accepted(held.amended)
            every = owed(rules, held.starts, held.ends, took)
            due = [o for o in every if o.handed_in is None and o.report.id not in handed]
            self._known[key] = due
        return due

    def rules(self, call: str) -> Running:
        """What a call's awards live under while they run."""
        if call not in self._rules:
            found = policy_of(self._stood, call).calls[call].running
            self._rules[call] = found or NO_RULES
        return self._rules[call]


def ended_before(stood: Stands) -> Sequence[Holding]:
    """The awards that ended with an earlier term; none were, and nothing is asked, in the first."""
    if not stood.standing.index:
        return ()
    return kept("ended", stood.moved, lambda: ended(SITE, stood.holdings)).rows


def _rows(
    stood: Stands,
    on: date,
    shut: Container[str],
    dossiers: "QuerySet[Dossier]",
    every: bool,
    among: Container[str] | None = None,
) -> list[Listed]:
    """Those that some applications came to; with `every`, those of no application here as well,
    all of them or those `among` some.

    Of these nobody can hand a report in here, so none is told as owed.
    """
    leads = leads_of(dossiers.filter(line__gt=""))
    if not leads and not every:
        return []
    gone, waiting = ended_before(stood), _waiting(dossiers)
    over = {one.award for one in gone}
    reports, known = Reports(stood, handed_in(over & leads.keys())), dict[Hashable, str]()

    def state(one: Holding, due: Sequence[Owed], asked: Asked) -> str:
        # What alike awards owe is one and the same, so what they need most is told once.
        how = bool(asked), one.award in shut, one.award in over or one.ends <= on
        handed = frozenset(reports_among(asked)) if asked else _NONE
        alike = id(due), handed, *how
        if alike not in known:
            known[alike] = state_of((o for o in due if o.report.id not in handed), on, *how)
        return known[alike]

    def row(one: Holding) -> Listed | None:
        lead, asked = leads.get(one.award), waiting.get(one.award, ())
        due = () if lead is None else reports.owed_by(one)
        if not due and not asked and one.award in over:
            return None
        told, day = state(one, due, asked), due[0].day if due else None
        kind, waits = one.support_class, len(asked)
        return _listed(one.award, one.call, lead or "", kind, one.ends, day, waits, told)

    seen = (one for one in (*gone, *stood.holdings) if every or one.award in leads)
    some = seen if among is None else (one for one in seen if one.award in among)
    return sorted((found for one in some if (found := row(one))), key=_order)


def _order(row: Listed) -> tuple[bool, date, str]:
    """What is asked and owed first."""
    return not row.waiting, row.report or date.max, row.award


def _waiting(dossiers: "QuerySet[Dossier]") -> Mapping[str, Asked]:
    """What was asked of each award and not answered; one query."""
    asked = Asking.objects.filter(granted__isnull=True, dossier__in=dossiers.values("pk"))
    found: dict[str, list[Mapping[str, Any]]] = {}
    for code, parts in asked.order_by().values_list("dossier__code", "asked"):
        found.setdefault(code or "", []).append(parts)
    return found


def handed_over() -> frozenset[str]:
    """The awards that wait for their holder's word on a hand-over; one query."""
    waiting = Asking.objects.filter(change=Change.HAND_OVER, granted__isnull=True)
    return frozenset(code or "" for code in waiting.values_list("dossier__code", flat=True))


def to_hand_over(stood: Stands, told: Container[str], call: str = "") -> list[Holding]:
    """The awards, of a call or of all, whose time runs from a hand-over, that nobody told of yet.

    `told` are those that wait for their holder's word.
    """
    follows = stood.document, stood.standing.index, stood.holdings
    never = kept("to hand over", follows, lambda: _never_handed_over(stood)).rows
    return [one for one in never if call in ("", one.call) and one.award not in told]


def _never_handed_over(stood: Stands) -> list[Holding]:
    reports = Reports(stood)
    return [
        one
        for one in stood.holdings
        if reports.rules(one.call).acceptance
        and all(each.change is not Change.HAND_OVER for each in one.amended)
    ]


def handed_in(gone: Collection[str]) -> Mapping[str, frozenset[str]]:
    """The reports of awards that ended which were accepted since; at most one query."""
    if not gone:
        return {}
    found: dict[str, frozenset[str]] = {}
    reports = Asking.objects.filter(change=Change.REPORT, granted=True, dossier__code__in=gone)
    for code, asked in reports.values_list("dossier__code", "asked"):
        found[code or ""] = found.get(code or "", frozenset()) | {*reports_among([asked])}
    return found
