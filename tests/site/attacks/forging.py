"""Dishonest statements made of rows: what follows the honest ledger, and where it lies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from headgate.core.ledger.entry import Entry, Kind, transfer_entry
from headgate.core.ledger.transfer import Phase, Transfer
from tests.core.ledger.builders import CHART
from tests.site.attacks.honest import honest
from tests.site.attacks.rows import Row, relined, tables_of

Script = tuple[str, ...]
"""Statements of one transaction; COMMIT and BEGIN among them end it and begin another."""

SIZE: Final = len(honest().entries)
"""How many honest entries there are: the number of the next one."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A value that is written in the database's own words."""

    words: str


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    match value:
        case Sql(words):
            return words
        case None:
            return "NULL"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case _:
            return str(value)


def insertion(table: str, row: Mapping[str, Any], tail: str = "") -> str:
    """The statement that adds a row."""
    values = ", ".join(map(literal, row.values()))
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values}){tail}"


def move(**changed: Any) -> Transfer:
    """An honest next transfer, unless something of it is changed: award A pays for use."""
    at = honest().entries[-1].at
    usual = ("forged", "award/a", "use/seoul", 1, "gpu_second", Phase.SINGLE, None, at, "rule-1")
    return replace(Transfer(*usual), **changed)


def resolve(phase: Phase = Phase.POST, **changed: Any) -> Transfer:
    """An honest resolution of the reservation that award A has open, unless it is changed."""
    return move(**{"amount": 20, "phase": phase, "pending": "open-a", **changed})


def received(**changed: Any) -> Entry:
    """An honest next entry of another kind than a transfer, unless something of it is changed."""
    fields = ("call-2", "f" * 64)
    entry = Entry(Kind.FACTS_RECEIVED, honest().entries[-1].at, "applications/call-2", fields)
    return replace(entry, **changed)


def next_rows(*told: Transfer | Entry) -> tuple[list[Row], list[Row]]:
    """The legs and the entries that follow the honest ledger."""
    entries = [t if isinstance(t, Entry) else transfer_entry(t) for t in told]
    tables = tables_of((*honest().entries, *entries), CHART)
    legs = [leg for leg in tables["leg"] if leg["seq"] >= SIZE]
    return legs, list(tables["entry"][SIZE:])


def forged(
    *told: Transfer | Entry,
    entry: Mapping[str, Any] | None = None,
    debit: Mapping[str, Any] | None = None,
    credit: Mapping[str, Any] | None = None,
    without: Iterable[str] = (),
) -> Script:
    """Add what is told after the honest ledger, the last of it with columns of one's own.

    The line says again what the columns say unless it is one of those that are changed.
    """
    legs, entries = next_rows(*told)
    changed = entries[-1] | dict(entry or {})
    entries[-1] = changed if "line" in (entry or {}) else relined(changed)
    rows = [("leg", leg) for leg in legs[:-2]]
    for leg, name, lies in zip(legs[-2:], ("debit", "credit"), (debit, credit), strict=False):
        rows += [] if name in without else [("leg", leg | dict(lies or {}))]
    rows += [("entry", row) for row in entries if "entry" not in without]
    return tuple(insertion(table, row) for table, row in rows)


def swapped(script: Iterable[str], old: str, new: str) -> Script:
    """A script with one word of each statement replaced."""
    return tuple(statement.replace(old, new, 1) for statement in script)
