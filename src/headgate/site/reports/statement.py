"""Statements: what moved on an account or for an award, each line with the totals after it.

An account's lines are its legs in the order of their numbers, which an index holds; a period is a
range of those numbers, because time does not run backwards from one transfer to the next. So a page
and the beginning of a period cost the same on a ledger of any size.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from headgate.core.ledger.post import Balance
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.text import is_name
from headgate.core.supports.kind import Accounts
from headgate.site.records.database import Database, Row
from headgate.site.records.journal import head
from headgate.steps.term import DUE

PAGE_LINES_MOST: Final = 1_000
"""Lines that a page can have."""

HALF_MOST: Final = 2**63 - 1
"""No line's number is beyond what a database's integer holds."""

_LINES: Final = """
    SELECT l.half, l.seq, e.at, e.subject, l.account, l.unit, l.side,
        CASE WHEN l.side = 'debit' THEN e.credit ELSE e.debit END, e.phase, l.posted, l.reserves,
        l.debits_posted, l.credits_posted, l.debits_pending, l.credits_pending, e.why
    FROM leg l JOIN entry e ON e.seq = l.seq
"""
_TOTALS: Final = """
    SELECT l.debits_posted, l.credits_posted, l.debits_pending, l.credits_pending FROM leg l
"""
_MOVED: Final = """
    SELECT l.side, CASE WHEN l.side = 'debit' THEN e.credit ELSE e.debit END,
        CASE WHEN substr(e.subject, 1, 8) = 'correct:' THEN 1 ELSE 0 END, sum(l.posted)
    FROM leg l JOIN entry e ON e.seq = l.seq
"""
_BETWEEN: Final = {
    "sqlite": "WHERE l.account = %s AND l.half >= %s AND l.account = %s AND l.half < %s",
    "postgresql": "WHERE (l.account, l.half) >= (%s, %s) AND (l.account, l.half) < (%s, %s)",
}
"""An account and its numbers from one up to another, so that each database goes through the index
of account and number. PostgreSQL, told the one account, would rather read everybody's newest legs
until it has met enough of it."""

_OLDEST: Final = "ORDER BY l.account, l.half"
_NEWEST: Final = "ORDER BY l.account DESC, l.half DESC LIMIT %s"


class StatementRefusal(Enum):
    """Why there is no statement."""

    ACCOUNT_UNKNOWN = "nothing has moved on an account of this path"
    AWARD_UNKNOWN = "nothing has moved for an award of this name"
    PLACE_BAD = "no page names this place; begin with the first page"
    LIMIT_BAD = "a page has from 1 to 1,000 lines"


@dataclass(frozen=True, slots=True)
class Line:
    """One side of one transfer, with the account's totals after it; amounts are whole units.

    `posted` is what moved to the debit or the credit, as `side` says; `reserves` is what was
    reserved (above zero) or freed (below). `half` is its number among all sides of transfers.
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

    @property
    def before(self) -> Balance:
        """The account's totals before it."""
        after, posted, reserves = self.after, self.posted, self.reserves
        debited, credited = after.debits_posted, after.credits_posted
        debits_pending, credits_pending = after.debits_pending, after.credits_pending
        if self.side == "debit":
            return Balance(debited - posted, credited, debits_pending - reserves, credits_pending)
        return Balance(debited, credited - posted, debits_pending, credits_pending - reserves)


@dataclass(frozen=True, slots=True)
class Account:
    """An account that something has moved on, and its totals now."""

    path: str
    unit: str
    balance: Balance


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of an account, newest first; `before` asks for the page of earlier ones, if any.

    The totals stand at `opening` before the oldest line and at `closing` after the newest.
    """

    account: Account
    lines: tuple[Line, ...]
    before: int | None

    @property
    def opening(self) -> Balance:
        """The account's totals before all lines of the page."""
        return self.lines[-1].before if self.lines else Balance()

    @property
    def closing(self) -> Balance:
        """The account's totals after all lines of the page."""
        return self.lines[0].after if self.lines else Balance()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a period made of an account of an award, in the account's unit.

    `granted`, `used` and `returned` (given back or lapsed) leave corrections aside; `corrected` is
    what corrections gave back, less what they took. Over the period, credits less debits grow by
    granted + corrected - used - returned. `opening` and `closing` are the totals at its ends.
    """

    account: Account
    opening: Balance
    closing: Balance
    granted: int
    used: int
    returned: int
    corrected: int

    @property
    def reserved(self) -> int:
        """What is reserved of it at the end."""
        return self.closing.debits_pending

    @property
    def left(self) -> int | None:
        """What may still be used at the end; None where no right covers it, as energy and fees."""
        if not _is_right(self.account.path.split("/")):
            return None
        closing = self.closing
        return closing.credits_posted - closing.debits_posted - closing.debits_pending


def page(database: Database, account: str, before: int | None = None, limit: int = 50) -> Page:
    """The newest `limit` lines, or the newest before the place that a page named as `before`.

    Two queries whatever the account's size, of one moment inside `database.reading()`. Raises
    `Refused`.
    """
    if before is not None and not 0 <= before <= HALF_MOST:
        raise Refused(StatementRefusal.PLACE_BAD, str(before)[:80])
    if not 1 <= limit <= PAGE_LINES_MOST:
        raise Refused(StatementRefusal.LIMIT_BAD, str(limit)[:80])
    found = accounts(database, [account])
    if not found:
        raise Refused(StatementRefusal.ACCOUNT_UNKNOWN, account)
    end = HALF_MOST if before is None else before
    sql = f"{_LINES} {_BETWEEN[database.vendor]} {_NEWEST}"
    lines = tuple(map(_line, database.rows(sql, [account, 0, account, end, limit + 1])))
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
    wanted = filter(is_name, dict.fromkeys(paths))
    rows = sorted(database.among(sql, wanted, each="(%s)"))
    return [Account(row[0], row[1], Balance(*row[2:])) for row in rows]


def owed_on(database: Database, prefix: str, since: int = 0) -> dict[str, int]:
    """What stands on every account whose path begins so, debits less credits; one query.

    Since an entry, by its number: on those accounts alone that it or a later one moved.
    """
    every = """
        SELECT f.account, l.debits_posted - l.credits_posted FROM leg f
        JOIN leg l ON l.half = (SELECT max(half) FROM leg m WHERE m.account = f.account)
        WHERE f.was_half IS NULL AND f.account LIKE %s
    """
    newer = """
        SELECT account, debits_posted - credits_posted FROM leg
        WHERE account LIKE %s AND half >= %s ORDER BY half
    """
    asked = (newer, [f"{prefix}%", 2 * since]) if since else (every, [f"{prefix}%"])
    return {path: int(amount) for path, amount in database.rows(*asked)}


def all_accounts(database: Database) -> Iterator[Account]:
    """Every account that something has moved on, a few at a time, however many there are."""
    sql = """
        SELECT account FROM leg WHERE was_half IS NULL AND account > %s ORDER BY account LIMIT 500
    """
    after = ""
    while paths := [path for (path,) in database.rows(sql, [after])]:
        yield from accounts(database, paths)
        after = paths[-1]


def of_award(database: Database, award: str) -> list[Account]:
    """The accounts of an award: its rights, its overuse, its energy and its fees, by path.

    Raises `Refused` for an award that nothing has moved for.
    """
    every = database.rows("SELECT account FROM leg WHERE was_half IS NULL")
    mine = [path for (path,) in every if _is_of(path, award)]
    if not mine:
        raise Refused(StatementRefusal.AWARD_UNKNOWN, award)
    return accounts(database, mine)


def summaries(
    database: Database, award: str, since: str = "", until: str | None = None
) -> list[Summary]:
    """What a period made of each account of an award, from an instant up to before another.

    Of one moment inside `database.reading()`. Raises `Refused` for an award that nothing has moved
    for.
    """
    told, halves = of_award(database, award), _halves(database, since, until)
    return [_summary(database, account, halves) for account in told]


def lines(
    database: Database, paths: Sequence[str], since: str = "", until: str | None = None
) -> Iterator[Line]:
    """The lines of each account from an instant up to before another, oldest first.

    One account after the other, so that its totals can be followed. Streams, so it is read inside
    `database.reading()`.
    """
    halves = _halves(database, since, until)
    sql = f"{_LINES} {_BETWEEN[database.vendor]} {_OLDEST}"
    for path in filter(is_name, paths):
        yield from map(_line, database.stream(sql, [path, halves.start, path, halves.stop]))


def _is_of(path: str, award: str) -> bool:
    parts = path.split("/")
    if len(parts) == 4:
        return parts[2] == award and (_is_right(parts) or _is_unlimited(parts))
    return path == DUE.format(award=award)


def _is_right(parts: list[str]) -> bool:
    return len(parts) == 4 and "/".join(parts) == Accounts(parts[0]).award(parts[2], parts[3])


def _is_unlimited(parts: list[str]) -> bool:
    kept = Accounts(parts[0])
    return "/".join(parts) in (kept.overuse(*parts[2:]), kept.energy(*parts[2:]))


def _halves(database: Database, since: str, until: str | None) -> range:
    """The numbers that lines of a period can have."""
    size = head(database).size
    sql = "SELECT latest FROM entry WHERE seq = %s"

    def first(at: str) -> int:
        """The first entry at which the latest transfer is of this instant or a later one."""
        return bisect_left(range(size), at, key=lambda seq: database.rows(sql, [seq])[0][0])

    return range(2 * (first(since) if since else 0), 2 * (size if until is None else first(until)))


def _summary(database: Database, account: Account, halves: range) -> Summary:
    path = account.path
    totals = {"granted": 0, "used": 0, "returned": 0, "corrected": 0}
    sql = f"{_MOVED} {_BETWEEN[database.vendor]} GROUP BY 1, 2, 3"
    rows = database.rows(sql, [path, halves.start, path, halves.stop])
    for side, counter_account, corrects, posted in rows:
        sign = -1 if corrects and side == "debit" else 1
        totals[way(path, side, counter_account, bool(corrects))] += sign * int(posted)
    opening = _totals_before(database, path, halves.start)
    return Summary(account, opening, _totals_before(database, path, halves.stop), **totals)


def way(path: str, side: str, counter_account: str, corrects: bool) -> str:
    """Which sum of a summary a movement on an account of an award belongs to."""
    if corrects:
        return "corrected"
    if side == "credit":
        return "granted"
    support, *_, support_class = path.split("/")
    kept = Accounts(support)
    back = (kept.capacity(support_class), kept.lapsed(support_class))
    return "returned" if counter_account in back else "used"


def _totals_before(database: Database, path: str, half: int) -> Balance:
    """An account's totals after its last line below a number."""
    sql = f"{_TOTALS} {_BETWEEN[database.vendor]} {_NEWEST}"
    for row in database.rows(sql, [path, 0, path, half, 1]):
        return Balance(*row)
    return Balance()


def _line(row: Row) -> Line:
    return Line(*(*row[:11], Balance(*row[11:15]), row[15]))
