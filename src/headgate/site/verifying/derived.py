"""The events taken again from the facts that were received, and compared with what is kept.

Nothing of a term is read from the database here but policy, events and facts: the rest is made
anew, in memory, and every entry and every kept row must be what comes of it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from headgate.core import canonical
from headgate.core.ledger.chart import Chart
from headgate.core.ledger.entry import VERSION, Entry, Kind, decode, encode
from headgate.core.ledger.layers import Layers
from headgate.core.metering.meter import Held
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.cycle import begin, take
from headgate.readers.facts import Recorded, read_events
from headgate.site.records.database import Database
from headgate.site.records.journal import lines
from headgate.site.records.kept import Standing, document, events, stored_facts
from headgate.site.records.sorts import Sort
from headgate.site.verifying.findings import Finding, Wrong, apart, told
from headgate.steps.agenda import calendar, first_day
from headgate.steps.event import Event
from headgate.steps.term import Received, Term, chart_of

ABOUT_THE_JOURNAL: Final = (Kind.FILE_PUBLISHED,)
"""Entries that no event makes: they say something of the journal itself."""

_PASSED_OVER: Final = tuple(f"{VERSION}\t{kind.value}\t".encode() for kind in ABOUT_THE_JOURNAL)
_OF_A_PROGRAMME: Final = (Kind.POLICY_ADOPTED, Kind.FACTS_RECEIVED, Kind.DECISION_MADE)
_RECEIVED: Final = "SELECT seq, line FROM entry WHERE kind = %s ORDER BY seq"
_LINES: Final = "SELECT data FROM kept WHERE kind = %s AND key = %s AND seq = %s"
_KEPT: Final = """
    SELECT seq, kind, key, CASE WHEN kind = 'fact' THEN '' ELSE data END FROM kept
    ORDER BY seq, kind, key
"""
# Asked by length: of a column that may not be null, a database does not look whether it is.
_EMPTY: Final = """
    SELECT seq, kind, key FROM kept WHERE length(data) IS NULL ORDER BY seq, kind, key LIMIT 1
"""


RowKey = tuple[str, str, int]
"""Kind, key and entry of a kept row."""


@dataclass(slots=True)
class Derived:
    """What was taken again, and the first thing that comes out otherwise."""

    events: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    wrong: Finding | None = None
    findings: tuple[Finding, ...] = ()


class Values(Mapping[str, Sequence[object]]):
    """The values of facts, read when they are asked for and not held."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = stored_facts(database)

    def __getitem__(self, name: str) -> Sequence[object]:
        if name not in self._names:
            raise KeyError(name)
        return stored_facts(self._database)[name].values

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def about_the_journal(line: bytes) -> bool:
    """Whether a line says something of the journal itself, which no event makes."""
    return line.startswith(_PASSED_OVER)


def derive(database: Database, adopted: Document, progress: Callable[[str], None]) -> Derived:
    """Take every event again, up to the first difference; inside `reading`."""
    derived, kept = Derived(), _Kept(database)
    changed = _changed_fact(database)
    try:
        facts = stored_facts(database)
        world = Recorded(Values(database))
        happened = read_events("events", events(database))
        term = begin(adopted)
        derived.wrong = _undone(adopted, happened) or kept.compare(derived, None, term)
        for event in happened:
            if derived.wrong is not None:
                break
            progress(str(event))
            before = _as_kept(term, facts, kept.known)
            term = take(before, world, event)
            derived.events += 1
            derived.wrong = kept.compare(derived, before, term)
        derived.wrong = derived.wrong or kept.rest()
    except ValueError as error:
        what = f"after {derived.events} events, the next cannot be taken: {told(str(error))}"
        derived.wrong = Finding(Wrong.EVENTS_DIFFER, None if changed else kept.number, what)
    derived.findings = tuple(filter(None, (changed, derived.wrong)))
    return derived


def _without_data(database: Database) -> Finding | None:
    """The first kept row without data: none is ever written, and no reader expects one."""
    for seq, kind, key in database.rows(_EMPTY):
        return Finding(Wrong.KEPT_DIFFERS, seq, f"the {kind} {told(key)}: it has no data")
    return None


def _changed_fact(database: Database) -> Finding | None:
    """The first facts whose kept lines are not those whose digest the journal has."""
    kind = Kind.FACTS_RECEIVED.value
    for seq, line in database.stream(_RECEIVED, [kind]):
        try:
            entry = decode(line.encode())
        except ValueError:
            continue
        rows = database.rows(_LINES, [Sort.FACT.value, entry.subject, seq])
        if not rows:
            what = f"the lines of {told(entry.subject)} are missing"
            return Finding(Wrong.KEPT_DIFFERS, seq, what)
        if canonical.digest(rows[0][0].encode()) != entry.fields[1]:
            what = f"the lines of {told(entry.subject)} are not those that were received"
            return Finding(Wrong.KEPT_DIFFERS, seq, what)
    return None


@dataclass(frozen=True, slots=True)
class Adopted:
    """The policy of a programme and the chart of its accounts."""

    document: Document
    chart: Chart


def adopted_policy(database: Database) -> Adopted | Finding | None:
    """The policy of a database, None for a ledger without a programme; inside `reading`."""
    empty = _without_data(database)
    if empty is not None:
        return empty
    try:
        adopted = document(database)
        if adopted is not None:
            chart = chart_of(at(adopted, first_day(adopted)).policy)
            return Adopted(adopted, chart)
    except ValueError as error:
        return Finding(Wrong.PROGRAMME_UNREADABLE, 0, f"the policy cannot be read: {error}")
    kinds = ", ".join(f"'{kind.value}'" for kind in _OF_A_PROGRAMME)
    first = database.rows(f"SELECT min(seq) FROM entry WHERE kind IN ({kinds})")[0][0]
    if first is None:
        first = database.rows("SELECT min(seq) FROM kept")[0][0]
    if first is None:
        return None
    return Finding(Wrong.PROGRAMME_UNREADABLE, first, "there is no policy that it could rest on")


def _undone(adopted: Document, happened: Sequence[Event]) -> Finding | None:
    """The first place where the events are not those that the calendar holds, so far."""
    due = [event for event in happened if not event.at_will]
    for expected, event in zip(calendar(adopted), due, strict=False):
        if expected != event:
            what = f"the calendar holds {expected} on {expected.day}, done was {event}"
            return Finding(Wrong.EVENTS_DIFFER, None, f"{what} on {event.day}", "events")
    return None


def _as_kept(
    term: Term, facts: Mapping[str, Received], known: Mapping[tuple[str, str], tuple[Held, ...]]
) -> Term:
    """A term as an action finds it: nothing added yet, and facts that are read when needed."""
    received = {name: facts[name] for name in term.facts}
    return replace(
        term,
        entries=(),
        decisions=(),
        taken=term.taken[-1:],
        facts=Layers(base=received),
        known=Layers(base=known),
    )


class _Kept:
    """The journal and the kept rows, compared action by action with what each should have left."""

    def __init__(self, database: Database) -> None:
        self.number = 0
        self.known: dict[tuple[str, str], tuple[Held, ...]] = {}
        self._lines = iter(lines(database, 0))
        self._line = next(self._lines, None)
        self._rows = database.stream(_KEPT)
        self._row = next(self._rows, None)

    def compare(self, derived: Derived, before: Term | None, after: Term) -> Finding | None:
        """The first thing in which an action left something else than it should have."""
        expected: dict[RowKey, str] = {}
        decisions = iter(after.decisions)
        wrong, last = None, 0
        for entry in after.entries:
            self._pass_over()
            if self._line != encode(entry):
                wrong = self._other_entry(entry)
                break
            last = self.number
            if entry.kind is Kind.FACTS_RECEIVED:
                expected[Sort.FACT.value, entry.subject, last] = ""
            elif entry.kind is Kind.DECISION_MADE:
                decision = next(decisions)
                derived.decisions[decision.step] += 1
                key = (Sort.DECISION.value, f"{last:012}", last)
                expected[key] = decision.line().decode()
            self._advance()
        if wrong is None:
            expected |= _state(derived.events, before, after, last)
        below = self.number if wrong is None else wrong.entry or 0
        self.known |= after.known.added()
        return self._other_row(expected, below) or wrong

    def rest(self) -> Finding | None:
        """What is in the database although no event left it there."""
        self._pass_over()
        if self._line is not None:
            what = f"no event gives this entry: {told(self._line.decode())}"
            return Finding(Wrong.ENTRY_DERIVED, self.number, what)
        if self._row is not None:
            seq, kind, key, _ = self._row
            return Finding(Wrong.KEPT_DIFFERS, seq, f"no event leaves the {kind} {told(key)}")
        return None

    def _pass_over(self) -> None:
        while self._line is not None and about_the_journal(self._line):
            self._advance()

    def _advance(self) -> None:
        self.number += 1
        self._line = next(self._lines, None)

    def _other_entry(self, entry: Entry) -> Finding:
        should = told(encode(entry).decode())
        if self._line is None:
            what = f"the journal ends before it, and the events give {should}"
            return Finding(Wrong.ENTRY_MISSING, self.number, what)
        what = f"it is {told(self._line.decode())}; policy and facts give {should}"
        return Finding(Wrong.ENTRY_DERIVED, self.number, what)

    def _other_row(self, expected: Mapping[RowKey, str], below: int) -> Finding | None:
        """The first kept row below an entry that is not what should stand there."""
        found: dict[RowKey, str] = {}
        while self._row is not None and self._row[0] < below:
            seq, kind, key, data = self._row
            found[kind, key, seq] = data
            self._row = next(self._rows, None)
        keys = {key for key in expected.keys() | found.keys() if key[2] < below}
        differ = (key for key in keys if expected.get(key) != found.get(key))
        first = min(differ, key=lambda key: (key[2], key), default=None)
        if first is None:
            return None
        kind, name, seq = first
        if first not in expected:
            what = f"it stands there and should not: {told(found[first])}"
        elif first not in found:
            what = f"it is missing and should be {told(expected[first])}"
        else:
            what = apart(found[first], expected[first])
        return Finding(Wrong.KEPT_DIFFERS, seq, f"the {kind} {told(name)}: {what}")


def _state(taken: int, before: Term | None, after: Term, last: int) -> Iterator[tuple[RowKey, str]]:
    """What an action leaves besides facts and decisions, pinned to its last entry."""
    if before is None:
        for name, text in after.document.texts.items():
            yield (Sort.POLICY.value, name, last), text
    else:
        event = canonical.line(after.taken[-1]).decode()
        yield (Sort.EVENT.value, f"{taken - 1:09}", last), event
    if before is None or before.holdings != after.holdings:
        held = canonical.lines(after.holdings.values())
        yield (Sort.HOLDINGS.value, "", last), held.decode()
    for (cluster, job), items in after.known.added().items():
        yield (Sort.KNOWN.value, f"{cluster}\t{job}", last), canonical.line(items).decode()
    tree = after.tree
    roots = tuple(root.hex() for root in tree.roots)
    dates = (after.index, after.starts, after.ends)
    at = (taken, after.day, after.done)
    standing = Standing(*dates, *at, after.next_blocks, tree.size, roots, after.closed, after.owed)
    yield (Sort.TERM.value, "", last), canonical.line(standing).decode()
