"""What the tables hold for given entries, derived from the lines alone and judged by nobody.

So a forger can be as consistent as he likes, and an auditor knows every column of every row.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from headgate.core.ledger.chart import Chart, Limit
from headgate.core.ledger.entry import VERSION, Entry, Kind
from headgate.core.ledger.transfer import Phase, Transfer

Row = dict[str, Any]
Tables = Mapping[str, Sequence[Row]]

_BOUNDS: Final = {
    Limit.NONE: "none",
    Limit.DEBITS_MUST_NOT_EXCEED_CREDITS: "debits",
    Limit.CREDITS_MUST_NOT_EXCEED_DEBITS: "credits",
}
_TOTALS: Final = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")
_OF_TRANSFERS: Final = (
    *("moved", "debit", "credit", "amount", "unit", "phase", "why", "debit_half", "credit_half"),
    *("posted", "reserves", "pending", "pending_seq", "pending_debit_half", "pending_credit_half"),
    *("pending_posted", "reserved"),
)


def tables_of(entries: Sequence[Entry], chart: Chart) -> Tables:
    """The rows of `leg` and `entry`; an account that the chart does not know has no limit."""
    legs: list[Row] = []
    rows: list[Row] = []
    last: dict[str, Row] = {}
    seats: dict[str, tuple[int, Transfer]] = {}
    latest = ""
    for seq, entry in enumerate(entries):
        row: Row = {"seq": seq, "was_seq": seq - 1 if seq else None}
        row |= {"kind": entry.kind.value, "at": entry.at, "subject": entry.subject}
        row |= {"line": line_of(entry), "was_latest": latest if seq else None}
        row |= dict.fromkeys(_OF_TRANSFERS)
        if entry.kind is Kind.TRANSFER:
            transfer = _transfer(entry)
            latest = transfer.at
            row |= _told(seq, transfer, seats)
            for leg in _legs(seq, transfer, row, chart, last):
                last[leg["account"]] = leg
                legs.append(leg)
            seats[transfer.id] = (seq, transfer)
        rows.append(row | {"latest": latest})
    return {"leg": legs, "entry": rows}


def line_of(entry: Entry) -> str:
    """The line of an entry, whatever stands in it."""
    return "\t".join((VERSION, entry.kind.value, entry.at, entry.subject, *entry.fields))


def relined(row: Row) -> Row:
    """A row of `entry` whose line says again what its columns say, whatever that is."""
    fields = row["line"].split("\t")[4:]
    if row["moved"] is not None:
        names = ("debit", "credit", "amount", "unit", "phase")
        fields = [str(row[name]) for name in names] + [row["pending"] or "", str(row["why"])]
    common = (VERSION, row["kind"], row["at"], row["subject"])
    return row | {"line": "\t".join(map(str, (*common, *fields)))}


def _transfer(entry: Entry) -> Transfer:
    debit, credit, amount, unit, phase, pending, why = entry.fields
    opened = (entry.subject, debit, credit, int(amount), unit, Phase(phase))
    return Transfer(*opened, pending or None, entry.at, why)


def _told(seq: int, transfer: Transfer, seats: Mapping[str, tuple[int, Transfer]]) -> Row:
    row: Row = {"moved": seq, "debit": transfer.debit, "credit": transfer.credit}
    row |= {"amount": transfer.amount, "unit": transfer.unit, "phase": transfer.phase.value}
    row |= {"why": transfer.why, "debit_half": 2 * seq, "credit_half": 2 * seq + 1}
    row["posted"] = transfer.amount if transfer.phase in (Phase.SINGLE, Phase.POST) else 0
    row["reserves"] = transfer.amount if transfer.phase is Phase.PENDING else 0
    if transfer.pending is not None:
        seat, reserved = seats[transfer.pending]
        row |= {"pending": transfer.pending, "pending_seq": seat, "pending_posted": 0}
        row |= {"pending_debit_half": 2 * seat, "pending_credit_half": 2 * seat + 1}
        row |= {"reserved": reserved.amount, "reserves": -reserved.amount}
    return row


def _legs(
    seq: int, transfer: Transfer, row: Row, chart: Chart, last: Mapping[str, Row]
) -> Iterator[Row]:
    sides = (("debit", transfer.debit), ("credit", transfer.credit))
    for half, (side, path) in enumerate(sides, 2 * seq):
        account, was = chart.find(path), last.get(path)
        leg: Row = {"half": half, "seq": seq, "side": side, "account": path, "unit": transfer.unit}
        leg["bound"] = _BOUNDS[account.limit] if account else "none"
        leg |= {"posted": row["posted"], "reserves": row["reserves"]}
        leg["was_half"] = was["half"] if was else None
        for total in _TOTALS:
            before = was[total] if was else 0
            moved = leg["reserves" if total.endswith("pending") else "posted"]
            leg |= {f"was_{total}": before}
            leg[total] = before + (moved if total.startswith(side) else 0)
        yield leg
