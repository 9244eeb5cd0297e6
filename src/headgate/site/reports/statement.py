"""Statements: what moved on an account or for an award, each row with the totals after it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from headgate.core.ledger.post import Balance
from headgate.core.ledger.refused import Refused
from headgate.site.records.database import Database, Row

_COLUMNS: Final = """
    l.half, l.seq, e.at, e.subject, l.account, l.unit, l.side,
    CASE WHEN l.side = 'debit' THEN e.credit ELSE e.debit END, e.phase, l.posted, l.reserves,
    l.debits_posted, l.credits_posted, l.debits_pending, l.credits_pending, e.why
    FROM leg l JOIN entry e ON e.seq = l.seq
"""
_OF_AWARD: Final = ("award", "overuse")


class StatementRefusal(Enum):
    """Why there is no statement."""

    ACCOUNT_UNKNOWN = "nothing has moved on an account of this path"
    AWARD_UNKNOWN = "nothing has moved for an award of this name"


@dataclass(frozen=True, slots=True)
class Line:
    """One side of one transfer; amounts are whole units, exactly one of debit or credit is told.

    `posted` is what moved, `reserves` what was reserved (above zero) or freed (below).
    """

    half: int
    entry: int
    at: str
    transfer: str
    account: str
    unit: str
    side: str
    counter_account: str
    phase: str
    posted: int
    reserves: int
    after: Balance
    why: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account that something has moved on, and its totals now."""

    path: str
    unit: str
    balance: Balance


@dataclass(frozen=True, slots=True)
class Page:
    """The newest lines of an account before a place; `before` asks for the next page, if any."""

    account: Account
    lines: tuple[Line, ...]
    before: int | None


def page(database: Database, account: str, before: int | None = None, limit: int = 50) -> Page:
    """The newest `limit` lines before a place (before the end, when none is named).

    Two queries whatever the account's size; raises `Refused` for an account nothing has moved on.
    """
    found = accounts(database, [account])
    if not found:
        raise Refused(StatementRefusal.ACCOUNT_UNKNOWN, account)
    place, values = ("AND l.half < %s", [before]) if before is not None else ("", [])
    sql = f"SELECT {_COLUMNS} WHERE l.account = %s {place} ORDER BY l.half DESC LIMIT %s"
    lines = tuple(map(_line, database.rows(sql, [account, *values, limit + 1])))
    more = lines[limit - 1].half if len(lines) > limit else None
    return Page(found[0], lines[:limit], more)


def accounts(database: Database, paths: Sequence[str]) -> list[Account]:
    """Those of the accounts that something has moved on, with their totals now, by path."""
    sql = """
        WITH wanted (account) AS (VALUES {keys})
        SELECT l.account, l.unit,
            l.debits_posted, l.credits_posted, l.debits_pending, l.credits_pending
        FROM wanted JOIN leg l
            ON l.half = (SELECT max(half) FROM leg WHERE leg.account = wanted.account)
    """
    rows = sorted(database.among(sql, dict.fromkeys(paths), each="(%s)"))
    return [Account(row[0], row[1], Balance(*row[2:])) for row in rows]


def all_accounts(database: Database) -> list[Account]:
    """Every account that something has moved on, by path."""
    return accounts(database, _paths(database))


def of_award(database: Database, award: str) -> list[Account]:
    """The accounts of an award: its rights, its overuse and its fees, by path.

    Raises `Refused` for an award that nothing has moved for.
    """
    mine = [path for path in _paths(database) if _is_of(path.split("/"), award)]
    if not mine:
        raise Refused(StatementRefusal.AWARD_UNKNOWN, award)
    return accounts(database, mine)


def _is_of(parts: list[str], award: str) -> bool:
    if len(parts) == 4:
        return parts[1] in _OF_AWARD and parts[2] == award
    return parts == ["due", award]


def _paths(database: Database) -> list[str]:
    rows = database.rows("SELECT account FROM leg WHERE was_half IS NULL ORDER BY account")
    return [path for (path,) in rows]


def lines(
    database: Database, paths: Sequence[str], since: str = "", until: str = "9999"
) -> Iterator[Line]:
    """Every line of accounts from an instant up to before another, oldest first.

    Streams, so it is read inside `database.reading()`.
    """
    if not paths:
        return
    marks = ", ".join(["%s"] * len(paths))
    where = f"l.account IN ({marks}) AND e.at >= %s AND e.at < %s"
    sql = f"SELECT {_COLUMNS} WHERE {where} ORDER BY l.half"
    yield from map(_line, database.stream(sql, [*paths, since, until]))


def _line(row: Row) -> Line:
    *first, debits, credits_, debits_pending, credits_pending, why = row
    return Line(*first, Balance(debits, credits_, debits_pending, credits_pending), why)
