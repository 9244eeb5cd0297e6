"""How an award's right ran down: what each day on which its accounts moved made of it.

One query whatever the number of jobs, since the database adds up a day's movements of one kind.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from headgate.core.supports.kind import Accounts
from headgate.site.records.database import Database, Row
from headgate.site.reports.statement import way

_MOVED: Final = """
    WITH wanted (account) AS (VALUES {keys})
    SELECT substr(e.at, 1, 10), l.account, l.unit, l.side,
        CASE WHEN l.side = 'debit' THEN e.credit ELSE e.debit END,
        CASE WHEN substr(e.subject, 1, 8) = 'correct:' THEN 1 ELSE 0 END,
        sum(l.posted), sum(l.reserves)
    FROM wanted JOIN leg l ON l.account = wanted.account JOIN entry e ON e.seq = l.seq
    GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2
"""


@dataclass(slots=True)
class Day:
    """What one day made of an award's right of one class, in `unit`; `left` is what it closed with.

    `granted`, `used` and `returned` (given back or lapsed) leave corrections aside; `corrected` is
    what corrections gave back, less what they took. `over` is use that no right covered and stands
    in none of the others; it is negative where a correction took some of it away.
    """

    day: date
    unit: str
    granted: int = 0
    used: int = 0
    returned: int = 0
    corrected: int = 0
    reserved: int = 0
    over: int = 0
    left: int = 0

    @property
    def moved(self) -> int:
        """By how much what may still be used grew on this day."""
        return self.granted + self.corrected - self.used - self.returned - self.reserved


Moved = Mapping[str, Sequence[Row]]
"""What moved on each of some accounts, added up by day and kind."""


def moved_on(database: Database, accounts: Iterable[str]) -> Moved:
    """What moved on accounts of any number; one query for as many as 500."""
    found: dict[str, list[Row]] = {}
    for row in database.among(_MOVED, dict.fromkeys(accounts), each="(%s)"):
        found.setdefault(row[1], []).append(row)
    return found


def accounts_of(support: str, award: str, support_class: str) -> tuple[str, str]:
    """Where the right of an award of one class stands, and its use beyond it."""
    kept = Accounts(support)
    return kept.award(award, support_class), kept.overuse(award, support_class)


def days(database: Database, support: str, award: str, support_class: str) -> list[Day]:
    """Every day on which the accounts of an award of one class moved, oldest first; one query."""
    paths = accounts_of(support, award, support_class)
    return days_of(moved_on(database, paths), *paths)


def days_of(read: Moved, right: str, over: str) -> list[Day]:
    """The same of what was read of many accounts."""
    found: dict[str, Day] = {}
    rows = sorted((*read.get(right, ()), *read.get(over, ())), key=lambda row: row[:2])
    for at, account, unit, side, counter, corrects, posted, reserves in rows:
        day = found.setdefault(at, Day(date.fromisoformat(at), unit))
        debits = side == "debit"
        if account == over:
            day.over += int(posted) if debits else -int(posted)
            continue
        sort = way(account, side, counter, bool(corrects))
        sign = -1 if corrects and debits else 1
        setattr(day, sort, getattr(day, sort) + sign * int(posted))
        day.reserved += int(reserves) if debits else 0
    return list(_closed(found.values()))


def fees_of(read: Moved, due: str) -> Iterator[tuple[date, tuple[int, int, int]]]:
    """What an award was billed, has paid and was credited on each day."""
    for at, _, _, side, counter, _, posted, _ in read.get(due, ()):
        day, amount = date.fromisoformat(at), int(posted)
        if counter.startswith("paid/"):
            yield day, (0, amount if side == "credit" else -amount, 0)
        elif side == "debit":
            yield day, (amount, 0, 0)
        else:
            yield day, (0, 0, amount)


def _closed(moved: Iterable[Day]) -> Iterator[Day]:
    left = 0
    for day in moved:
        left += day.moved
        day.left = left
        yield day


def left_at(moved: Sequence[Day], closes: Iterable[date]) -> list[int]:
    """What was left at the end of each of some days, which come in order."""
    found, place, left = [], 0, 0
    for close in closes:
        while place < len(moved) and moved[place].day <= close:
            left = moved[place].left
            place += 1
        found.append(left)
    return found
