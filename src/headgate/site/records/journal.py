"""Appending entries: the one way in which anything is written.

Whoever appends holds the lock, and has let the pure rules judge the transfers among the entries.
A transfer becomes its entry and two legs; the constraints then say whether the rules were kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from headgate.core.ledger.chart import Chart
from headgate.core.ledger.entry import Entry, Kind, as_transfer, encode, transfer_entry
from headgate.core.ledger.post import Balance
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.journal.points import Point, reached
from headgate.site.records.books import BOUNDS, Stored, stored
from headgate.site.records.database import Database, Question, Row

ENTRY_COLUMNS: Final = (
    *("seq", "was_seq", "kind", "at", "subject", "line", "was_latest", "latest"),
    *("moved", "debit", "credit", "amount", "unit", "phase", "why"),
    *("debit_half", "credit_half", "posted", "reserves"),
    *("pending", "pending_seq", "pending_debit_half", "pending_credit_half"),
    *("pending_posted", "reserved"),
)
LEG_COLUMNS: Final = (
    *("half", "seq", "side", "account", "unit", "bound", "posted", "reserves", "was_half"),
    *("was_debits_posted", "was_credits_posted", "was_debits_pending", "was_credits_pending"),
    *("debits_posted", "credits_posted", "debits_pending", "credits_pending"),
)
_NO_TRANSFER: Final = (None,) * 17
_NO_PENDING: Final = (None,) * 6
_POSTS: Final = frozenset((Phase.SINGLE.value, Phase.POST.value))
_PENDING: Final = Phase.PENDING.value

_Ends = tuple[int | None, int, int, int, int]
"""An account's last half and its four totals."""


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries the journal has, and the instant of its latest transfer ("" before one)."""

    size: int
    latest: str


_HEAD: Final = Question("SELECT seq, latest FROM entry ORDER BY seq DESC LIMIT 1")


def head(database: Database) -> Head:
    """Where the journal stands."""
    return _stands(database.answers(_HEAD)[0])


def standing(database: Database, transfers: Iterable[Transfer]) -> tuple[Head, Stored]:
    """Where the journal stands, and what posting these transfers looks into: asked at once."""
    ledger = stored(database)
    return _stands(ledger.prefetch(transfers, _HEAD)[0]), ledger


def _stands(rows: list[Row]) -> Head:
    return Head(rows[0][0] + 1, rows[0][1]) if rows else Head(0, "")


def append(
    database: Database, at: Head, ledger: Stored, chart: Chart, entries: Sequence[Entry]
) -> Head:
    """Write entries after the head that was read under this lock; where the journal then stands."""
    moves = [as_transfer(entry) if entry.kind is Kind.TRANSFER else None for entry in entries]
    ledger.prefetch(filter(None, moves))
    return _write(database, _Pen(at, ledger, chart), zip(entries, moves, strict=True))


def append_transfers(
    database: Database, at: Head, ledger: Stored, chart: Chart, transfers: Sequence[Transfer]
) -> Head:
    """Write the entries of transfers in the same way."""
    ledger.prefetch(transfers)
    return _write(database, _Pen(at, ledger, chart), ((transfer_entry(t), t) for t in transfers))


def _write(
    database: Database, pen: "_Pen", entries: Iterable[tuple[Entry, Transfer | None]]
) -> Head:
    for entry, transfer in entries:
        pen.write(entry, transfer)
    database.insert("leg", LEG_COLUMNS, pen.legs)
    reached(Point.LEGS_WRITTEN)
    database.insert("entry", ENTRY_COLUMNS, pen.entries)
    reached(Point.ENTRIES_WRITTEN)
    return Head(pen.seq, pen.latest)


class _Pen:
    """The rows of some entries while they are being made."""

    def __init__(self, at: Head, ledger: Stored, chart: Chart) -> None:
        self.seq, self.latest = at.size, at.latest
        self.ledger, self.chart = ledger, chart
        self.lasts: dict[str, _Ends] = {}
        self.bounds: dict[tuple[str, str], str] = {}
        self.seats: dict[str, tuple[int, int]] = {}
        self.entries: list[Row] = []
        self.legs: list[Row] = []

    def write(self, entry: Entry, transfer: Transfer | None) -> None:
        """Add one entry's rows; `transfer` is what the entry says, if it says one."""
        seq, was = self.seq, self.latest
        rest: Row = _NO_TRANSFER
        if transfer is not None:
            rest = self.transfer(seq, transfer)
            self.latest = transfer.at
        was_seq, was_latest = (seq - 1, was) if seq else (None, None)
        line = encode(entry).decode()
        common = (seq, was_seq, entry.kind.value, entry.at, entry.subject, line, was_latest)
        self.entries.append((*common, self.latest, *rest))
        self.seq = seq + 1

    def transfer(self, seq: int, transfer: Transfer) -> Row:
        """Add a transfer's legs and give its own columns."""
        amount, phase, pending = transfer.amount, transfer.phase.value, transfer.pending
        resolved: Row = _NO_PENDING
        reserved = 0
        if pending is not None:
            pending_seq, reserved = self.seat(pending)
            halves = (2 * pending_seq, 2 * pending_seq + 1)
            resolved = (pending, pending_seq, *halves, 0, reserved)
        posted = amount if phase in _POSTS else 0
        reserves = amount if phase == _PENDING else -reserved
        self.leg(2 * seq, transfer.debit, transfer.unit, posted, reserves)
        self.leg(2 * seq + 1, transfer.credit, transfer.unit, posted, reserves)
        self.seats[transfer.id] = (seq, amount)
        body = (seq, transfer.debit, transfer.credit, amount, transfer.unit, phase, transfer.why)
        return (*body, 2 * seq, 2 * seq + 1, posted, reserves, *resolved)

    def seat(self, name: str) -> tuple[int, int]:
        """The number of a transfer's entry and its amount, from these entries or those before."""
        seat = self.seats.get(name)
        if seat is None:
            seated = self.ledger.transfers[name]
            seat = (seated.seq, seated.transfer.amount)
        return seat

    def leg(self, half: int, path: str, unit: str, posted: int, reserves: int) -> None:
        """Add one leg: an account's totals before and after; an odd half is a credit."""
        was = self.lasts.get(path) or self.ends(path)
        _, debited, credited, debits_pending, credits_pending = was
        if half & 1:
            side = "credit"
            after = (debited, credited + posted, debits_pending, credits_pending + reserves)
        else:
            side = "debit"
            after = (debited + posted, credited, debits_pending + reserves, credits_pending)
        bound = self.bounds.get((path, unit)) or self.bound(path, unit)
        self.lasts[path] = (half, *after)
        own = (half, half >> 1, side, path, unit, bound, posted, reserves)
        self.legs.append((*own, *was, *after))

    def ends(self, path: str) -> _Ends:
        """Where an account ended before these entries."""
        last = self.ledger.legs.look(path)
        return (last.half, *totals(last.balance)) if last else (None, 0, 0, 0, 0)

    def bound(self, path: str, unit: str) -> str:
        """The limit of an account, which the chart must know in that unit."""
        bound = BOUNDS[self.chart.account(path, unit).limit]
        self.bounds[path, unit] = bound
        return bound


def totals(balance: Balance) -> tuple[int, int, int, int]:
    """A balance in the order of the columns."""
    return (
        balance.debits_posted,
        balance.credits_posted,
        balance.debits_pending,
        balance.credits_pending,
    )


def lines(database: Database, start: int) -> Iterable[bytes]:
    """Every entry's exact bytes from a number on; inside `reading`."""
    sql = "SELECT line FROM entry WHERE seq >= %s ORDER BY seq"
    return (line.encode() for (line,) in database.stream(sql, [start]))
