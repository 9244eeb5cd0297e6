"""Rows for any transfer, rightful or not, as somebody would write them who asks no rule.

Everything about the rows agrees with everything else but for what the transfer itself gets wrong,
so that a schema which refuses them refuses that. Written from `guards/schema.sql`; it shares no
code with the pen of `headgate.site.records.journal`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headgate.core.ledger.transfer import Phase, Transfer
from headgate.site.records.database import Database

Value = int | str | None

TOTALS: Final = ("debits_posted", "credits_posted", "debits_pending", "credits_pending")
LAST: Final = f"""
    SELECT half, bound, {", ".join(TOTALS)} FROM leg WHERE account = %s ORDER BY half DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Forgery:
    """The three rows of a transfer, by column."""

    debit: dict[str, Value]
    credit: dict[str, Value]
    entry: dict[str, Value]


def forged(
    database: Database,
    transfer: Transfer,
    frees: str | None = None,
    changed: Mapping[tuple[str, str], Value] | None = None,
) -> Forgery:
    """The rows of a transfer that frees a reservation (`pending`, unless another is told).

    `changed` says what is written instead, by the row's name and its column.
    """
    seq, latest = database.rows("SELECT seq, latest FROM entry ORDER BY seq DESC LIMIT 1")[0]
    seq += 1
    resolved = _resolved(database, transfer, frees or transfer.pending)
    moves = transfer.phase in (Phase.SINGLE, Phase.POST)
    effect: dict[str, Value] = {"posted": transfer.amount if moves else 0, "reserves": 0}
    if transfer.phase is Phase.PENDING:
        effect["reserves"] = transfer.amount
    elif not (transfer.phase is Phase.SINGLE or resolved["reserved"] is None):
        effect["reserves"] = -_number(resolved["reserved"])
    debit = _leg(database, seq, transfer, "debit", effect)
    credit = _leg(database, seq, transfer, "credit", effect)
    if transfer.debit == transfer.credit:
        _follow(credit, debit)
    entry = _entry(seq, latest, transfer) | effect | resolved
    forgery = Forgery(debit, credit, entry)
    for (row, column), value in (changed or {}).items():
        getattr(forgery, row)[column] = value
    return forgery


def insert(database: Database, forgery: Forgery) -> None:
    """Write the rows; the schema says whether it may be."""
    for table, row in (("leg", forgery.debit), ("leg", forgery.credit), ("entry", forgery.entry)):
        database.insert(table, list(row), [tuple(row.values())])


def _entry(seq: int, latest: str, transfer: Transfer) -> dict[str, Value]:
    words = (
        *("headgate-1", "transfer", transfer.at, transfer.id, transfer.debit, transfer.credit),
        *(transfer.amount, transfer.unit, transfer.phase.value, transfer.pending or ""),
        transfer.why,
    )
    return {
        "seq": seq,
        "was_seq": seq - 1,
        "kind": "transfer",
        "at": transfer.at,
        "subject": transfer.id,
        "line": "\t".join(map(str, words)),
        "was_latest": latest,
        "latest": transfer.at,
        "moved": seq,
        "debit": transfer.debit,
        "credit": transfer.credit,
        "amount": transfer.amount,
        "unit": transfer.unit,
        "phase": transfer.phase.value,
        "why": transfer.why,
        "debit_half": 2 * seq,
        "credit_half": 2 * seq + 1,
    }


def _resolved(database: Database, transfer: Transfer, frees: str | None) -> dict[str, Value]:
    sql = "SELECT seq, amount FROM entry WHERE kind = 'transfer' AND subject = %s"
    found = database.rows(sql, [frees]) if frees is not None else []
    seq, reserved = found[0] if found else (None, None)
    return {
        "pending": transfer.pending,
        "pending_seq": seq,
        "pending_debit_half": None if seq is None else 2 * seq,
        "pending_credit_half": None if seq is None else 2 * seq + 1,
        "pending_posted": None if seq is None else 0,
        "reserved": reserved,
    }


def _leg(
    database: Database, seq: int, transfer: Transfer, side: str, effect: Mapping[str, Value]
) -> dict[str, Value]:
    account = transfer.debit if side == "debit" else transfer.credit
    found = database.rows(LAST, [account])
    half, bound, *totals = found[0] if found else (None, "none", 0, 0, 0, 0)
    row: dict[str, Value] = {
        "half": 2 * seq + (side == "credit"),
        "seq": seq,
        "side": side,
        "account": account,
        "unit": transfer.unit,
        "bound": bound,
        **effect,
    }
    _follow(row, {"half": half, **dict(zip(TOTALS, totals, strict=True))})
    return row


def _follow(row: dict[str, Value], last: Mapping[str, Value]) -> None:
    """Let a leg go on from an account's last one."""
    row["was_half"] = last["half"]
    for total in TOTALS:
        row[f"was_{total}"] = row[total] = last[total]
    for total, moved in (("posted", "posted"), ("pending", "reserves")):
        column = f"{row['side']}s_{total}"
        row[column] = _number(last[column]) + _number(row[moved])


def _number(value: Value) -> int:
    assert isinstance(value, int)
    return value
