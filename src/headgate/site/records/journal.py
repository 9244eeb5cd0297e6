"""Appending entries: the one way in which anything is written.

Whoever appends holds the lock, and has let the pure rules judge the transfers among the entries.
A transfer becomes its entry and two legs; the constraints then say whether the rules were kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from headgate.core.ledger.chart import Chart
from headgate.core.ledger.entry import Entry, Kind, as_transfer, encode
from headgate.core.ledger.post import Balance
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.journal.points import Point, reached
from headgate.site.records.books import BOUNDS, Last, Seated, Stored
from headgate.site.records.database import Database, Row

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


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries the journal has, and the instant of its latest transfer ("" before one)."""

    size: int
    latest: str


def head(database: Database) -> Head:
    """Where the journal stands."""
    rows = database.rows("SELECT seq, latest FROM entry ORDER BY seq DESC LIMIT 1")
    return Head(rows[0][0] + 1, rows[0][1]) if rows else Head(0, "")


def append(
    database: Database, at: Head, ledger: Stored, chart: Chart, entries: Sequence[Entry]
) -> Head:
    """Write entries after the head that was read under this lock; where the journal then stands."""
    pen = _Pen(at, ledger, chart)
    transfers = {e.subject: as_transfer(e) for e in entries if e.kind is Kind.TRANSFER}
    ledger.prefetch(transfers.values())
    for entry in entries:
        pen.write(entry)
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
        self.lasts: dict[str, Last] = {}
        self.seated: dict[str, Seated] = {}
        self.entries: list[Row] = []
        self.legs: list[Row] = []

    def write(self, entry: Entry) -> None:
        """Add one entry's rows."""
        seq, was = self.seq, self.latest
        rest: Row = _NO_TRANSFER
        if entry.kind is Kind.TRANSFER:
            transfer = as_transfer(entry)
            rest = self.transfer(seq, transfer)
            self.latest = transfer.at
        first = (None, None) if seq == 0 else (seq - 1, was)
        line = encode(entry).decode()
        common = (seq, first[0], entry.kind.value, entry.at, entry.subject, line, first[1])
        self.entries.append((*common, self.latest, *rest))
        self.seq = seq + 1

    def transfer(self, seq: int, transfer: Transfer) -> Row:
        """Add a transfer's legs and give its own columns."""
        amount, phase = transfer.amount, transfer.phase
        resolved: Row = _NO_PENDING
        reserved = 0
        if transfer.pending is not None:
            seat = self.seated.get(transfer.pending) or self.ledger.transfers[transfer.pending]
            reserved = seat.transfer.amount
            halves = (2 * seat.seq, 2 * seat.seq + 1)
            resolved = (transfer.pending, seat.seq, *halves, 0, reserved)
        posted = amount if phase in (Phase.SINGLE, Phase.POST) else 0
        reserves = amount if phase is Phase.PENDING else -reserved
        self.leg(2 * seq, "debit", transfer.debit, transfer.unit, (posted, reserves))
        self.leg(2 * seq + 1, "credit", transfer.credit, transfer.unit, (posted, reserves))
        self.seated[transfer.id] = Seated(seq, transfer)
        body = (seq, transfer.debit, transfer.credit, amount, transfer.unit, phase.value)
        return (*body, transfer.why, 2 * seq, 2 * seq + 1, posted, reserves, *resolved)

    def leg(self, half: int, side: str, path: str, unit: str, moved: tuple[int, int]) -> None:
        """Add one leg: an account's totals before and after."""
        last = self.lasts.get(path) or self.ledger.legs.look(path)
        was = last.balance if last else Balance()
        posted, reserves = moved
        after = (
            Balance(
                was.debits_posted + posted,
                was.credits_posted,
                was.debits_pending + reserves,
                was.credits_pending,
            )
            if side == "debit"
            else Balance(
                was.debits_posted,
                was.credits_posted + posted,
                was.debits_pending,
                was.credits_pending + reserves,
            )
        )
        account = self.chart.account(path, unit)
        self.lasts[path] = Last(half, after)
        self.legs.append(
            (
                *(half, half // 2, side, path, unit, BOUNDS[account.limit], posted, reserves),
                *(last.half if last else None, *totals(was), *totals(after)),
            )
        )


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
