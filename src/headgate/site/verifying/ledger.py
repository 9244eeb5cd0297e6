"""The journal read from its first line to its last, and every transfer posted again.

The pure rules post each transfer to books that are made from the lines before it. What stands in
the columns and legs must be what follows from that, value by value; nothing may be left over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Final

from headgate.core.ledger.chart import Account, Chart, Limit
from headgate.core.ledger.entry import Entry, Kind, as_transfer, decode
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import Balance, Books, post_all
from headgate.core.ledger.transfer import Outcome, Phase, Transfer
from headgate.site.records.books import (
    BOUNDS,
    TRANSFER_COLUMNS,
    Looked,
    Seated,
    View,
)
from headgate.site.records.books import as_transfer as transfer_of
from headgate.site.records.database import Database, Row
from headgate.site.records.journal import ENTRY_COLUMNS, LEG_COLUMNS, totals
from headgate.site.verifying.findings import Finding, Wrong, told

CHUNK: Final = 2_000
"""Entries whose look-ups are made together."""

_OF_TRANSFERS: Final = ENTRY_COLUMNS.index("moved")

_RESOLUTIONS: Final = """
    SELECT p.subject, r.phase FROM entry p JOIN entry r ON r.pending_seq = p.seq
    WHERE p.kind = 'transfer' AND r.seq < {first} AND p.subject IN ({keys})
"""


@dataclass(frozen=True, slots=True)
class AsLegsSay(Chart):
    """The chart of a ledger without a programme: each account as its first leg has it."""

    accounts: Mapping[str, Account] = field(default_factory=dict)

    def find(self, path: str) -> Account | None:
        """The account at a path, or None."""
        return self.accounts.get(path)


@dataclass(frozen=True, slots=True)
class _Remembered(Chart):
    """A chart that works each account out once."""

    chart: Chart = field(default_factory=lambda: Chart(()))
    found: dict[str, Account | None] = field(default_factory=dict)

    def find(self, path: str) -> Account | None:
        """The account at a path, or None."""
        if path not in self.found:
            self.found[path] = self.chart.find(path)
        return self.found[path]


@dataclass(slots=True)
class Walked:
    """How far the journal was read, and the first thing that was wrong, if anything was."""

    entries: int = 0
    transfers: int = 0
    wrong: Finding | None = None


def chart_of_legs(database: Database) -> Chart:
    """The accounts of a ledger whose chart is not known, as its legs have them."""
    limits = {bound: limit for limit, bound in BOUNDS.items()}
    rows = database.rows("SELECT account, unit, bound FROM leg WHERE was_half IS NULL")
    told_limits = {bound: limits.get(bound, Limit.NONE) for _, _, bound in rows}
    return AsLegsSay((), {p: Account(p, unit, told_limits[bound]) for p, unit, bound in rows})


def walk(database: Database, chart: Chart) -> Walked:
    """Read the whole journal in order, up to the first thing that is wrong; inside `reading`."""
    walked, desk = Walked(), _Desk(database, _Remembered((), chart))
    entries = database.stream(f"SELECT {', '.join(ENTRY_COLUMNS)} FROM entry ORDER BY seq")
    legs = _Legs(database.stream(f"SELECT {', '.join(LEG_COLUMNS)} FROM leg ORDER BY half"))
    while walked.wrong is None and (rows := list(islice(entries, CHUNK))):
        _walk_chunk(walked, desk, rows, legs)
    if walked.wrong is None and (rest := legs.next):
        walked.wrong = _left_over(rest)
    return walked


def _walk_chunk(walked: Walked, desk: "_Desk", rows: Sequence[Row], legs: "_Legs") -> None:
    decoded = [_decoded(row) for row in rows]
    desk.open(walked.entries, [d for d in decoded if isinstance(d, Entry)])
    for row, entry in zip(rows, decoded, strict=True):
        walked.wrong = _wrong(walked.entries, row, entry, desk, legs)
        if walked.wrong is not None:
            return
        walked.entries += 1
        walked.transfers += isinstance(entry, Entry) and entry.kind is Kind.TRANSFER
    desk.close()


def _decoded(row: Row) -> Entry | str:
    """The entry of a row's line, or why the line is none."""
    try:
        entry = decode(row[ENTRY_COLUMNS.index("line")].encode())
        if entry.kind is Kind.TRANSFER:
            as_transfer(entry)
    except ValueError as error:
        return str(error)
    return entry


def _wrong(
    number: int, row: Row, entry: Entry | str, desk: "_Desk", legs: "_Legs"
) -> Finding | None:
    """What is wrong with one entry and its legs, if anything is."""
    if row[0] != number:
        return Finding(Wrong.ENTRY_MISSING, number, f"after it stands entry {row[0]}")
    if isinstance(entry, str):
        return Finding(Wrong.ENTRY_UNREADABLE, number, f"its line is none: {entry}")
    before = desk.latest
    columns: Row = (None,) * (len(ENTRY_COLUMNS) - _OF_TRANSFERS)
    made: tuple[Row, ...] = ()
    if entry.kind is Kind.TRANSFER:
        transfer = as_transfer(entry)
        refused = desk.post(number, transfer)
        if refused:
            return Finding(Wrong.ENTRY_REFUSED, number, f"{told(transfer.id)}: {refused}")
        columns, made = desk.rows(number, transfer)
    first = (number - 1, before) if number else (None, None)
    common = (number, first[0], entry.kind.value, entry.at, entry.subject)
    line = row[ENTRY_COLUMNS.index("line")]
    expected = (*common, line, first[1], desk.latest, *columns)
    if what := _differences(ENTRY_COLUMNS, expected, row):
        return Finding(Wrong.ENTRY_DIFFERS, number, f"by its line, {what}")
    return _leg_finding(number, made, legs.of(number))


def _leg_finding(number: int, made: Sequence[Row], found: Sequence[Row]) -> Finding | None:
    for expected, leg in zip_longest(made, found):
        if expected is None:
            return _left_over(leg)
        if leg is None:
            what = f"leg {expected[0]} of account {told(expected[3])} is not there"
            return Finding(Wrong.LEG_DIFFERS, number, what)
        if what := _differences(LEG_COLUMNS, expected, leg):
            return Finding(Wrong.LEG_DIFFERS, number, f"of leg {expected[0]}, {what}")
    return None


def _left_over(leg: Row) -> Finding:
    half, seq, _, account = leg[:4]
    what = f"leg {half} of account {told(account)} follows from no entry"
    return Finding(Wrong.LEG_DIFFERS, seq, what)


def _differences(columns: Sequence[str], expected: Row, found: Row) -> str:
    """In words, what stands in columns where something else should; empty where nothing does."""
    return "; ".join(
        f"{name} is {told(stands)} and should be {told(should)}"
        for name, should, stands in zip(columns, expected, found, strict=True)
        if should != stands
    )


class _Legs:
    """The legs in order, handed out entry by entry."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.next = next(rows, None)

    def of(self, number: int) -> list[Row]:
        """Those that stand up to the entry of this number and were not handed out before."""
        found: list[Row] = []
        while self.next is not None and self.next[1] <= number:
            found.append(self.next)
            self.next = next(self._rows, None)
        return found


class _Desk:
    """The books that the entries so far make; what lies further back is looked up in the database.

    Only what has been walked already is looked up: entries below the first of the chunk.
    """

    def __init__(self, database: Database, chart: Chart) -> None:
        self.database, self.chart = database, chart
        self.balances: dict[str, Balance] = {}
        self.lasts: dict[str, int] = {}
        self.first, self.latest = 0, ""
        self.before = self.books = Books(chart)
        self.earlier: Looked[str, Seated] = Looked(lambda _: {}, dict)
        self.seats: dict[str, int] = {}

    def open(self, first: int, entries: Sequence[Entry]) -> None:
        """Look up at once what posting these, from a number on, will ask for."""
        self.first = first
        transfers = [as_transfer(entry) for entry in entries if entry.kind is Kind.TRANSFER]
        pending = [t.pending for t in transfers if t.pending is not None]
        self.earlier = Looked(self._transfers, dict)
        self.earlier.prefetch([*(t.id for t in transfers), *pending])
        resolutions = Looked(self._resolutions, dict)
        resolutions.prefetch(pending)
        self.seats = {}
        self.books = Books(
            self.chart,
            Layers(base=View(self.earlier, lambda seated: seated.transfer)),
            Layers(base=resolutions),
            Layers(base=self.balances),
            self.latest,
        )

    def close(self) -> None:
        """Keep what the chunk came to."""
        self.balances |= self.books.balances.added()

    def post(self, number: int, transfer: Transfer) -> str:
        """Post one transfer; why that is not possible, else nothing."""
        posted = post_all(self.books, (transfer,))
        if (outcome := posted.outcomes[0]) is not Outcome.CREATED:
            return str(outcome.value)
        self.before, self.books = self.books, posted.books
        self.latest = transfer.at
        self.seats[transfer.id] = number
        return ""

    def rows(self, number: int, transfer: Transfer) -> tuple[Row, tuple[Row, Row]]:
        """The columns of a transfer that was just posted, and its two legs."""
        debit = self._leg(number, "debit", transfer.debit)
        credit = self._leg(number, "credit", transfer.credit)
        posted, reserves = debit[6:8]
        body = (transfer.debit, transfer.credit, transfer.amount, transfer.unit)
        halves = (2 * number, 2 * number + 1, posted, reserves)
        rest = self._resolved(transfer)
        return (number, *body, transfer.phase.value, transfer.why, *halves, *rest), (debit, credit)

    def _resolved(self, transfer: Transfer) -> Row:
        if transfer.pending is None:
            return (None,) * 6
        reserved = self.books.transfers[transfer.pending].amount
        seat = self.seats.get(transfer.pending)
        seq = self.earlier[transfer.pending].seq if seat is None else seat
        return (transfer.pending, seq, 2 * seq, 2 * seq + 1, 0, reserved)

    def _leg(self, number: int, side: str, path: str) -> Row:
        account = self.chart.find(path)
        if account is None:
            raise KeyError(path)
        was = self.before.balance(account)
        now = self.books.balance(account)
        old, new = totals(was), totals(now)
        one = 0 if side == "debit" else 1
        half = 2 * number + one
        moved = (new[one] - old[one], new[one + 2] - old[one + 2])
        last = self.lasts.get(path)
        self.lasts[path] = half
        about = (half, number, side, path, account.unit, BOUNDS[account.limit])
        return (*about, *moved, last, *old, *new)

    def _transfers(self, names: list[str]) -> dict[str, Seated]:
        sql = f"SELECT {TRANSFER_COLUMNS}, seq FROM entry WHERE kind = 'transfer'"
        below = f" AND seq < {self.first} AND subject IN ({{keys}})"
        rows = self.database.among(sql + below, names)
        return {row[0]: Seated(row[-1], transfer_of(row)) for row in rows}

    def _resolutions(self, names: list[str]) -> dict[str, Phase]:
        rows = self.database.among(_RESOLUTIONS.format(first=self.first, keys="{keys}"), names)
        return {name: Phase(phase) for name, phase in rows}
