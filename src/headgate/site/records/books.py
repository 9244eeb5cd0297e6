"""The pure ledger's books over a database: read only where a transfer looks into them.

`Books` are layers on a base; here the base is the database. So production posts through the same
rules as every test of them, and the constraints say those rules a second time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from headgate.core.ledger.chart import Chart, Limit
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import Balance, Books
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.site.records.database import Database, Row

Key = TypeVar("Key")
Value = TypeVar("Value")
Part = TypeVar("Part")

BOUNDS: Final = {
    Limit.NONE: "none",
    Limit.DEBITS_MUST_NOT_EXCEED_CREDITS: "debits",
    Limit.CREDITS_MUST_NOT_EXCEED_DEBITS: "credits",
}
"""A limit as the column `bound` has it."""

TRANSFER_COLUMNS: Final = "subject, debit, credit, amount, unit, phase, pending, at, why"

_LAST_LEGS: Final = """
    WITH wanted (account) AS (VALUES {keys})
    SELECT l.account, l.half,
        l.debits_posted, l.credits_posted, l.debits_pending, l.credits_pending
    FROM wanted JOIN leg l
        ON l.half = (SELECT max(half) FROM leg WHERE leg.account = wanted.account)
"""
_RESOLUTIONS: Final = """
    SELECT p.subject, r.phase FROM entry p JOIN entry r ON r.pending_seq = p.seq
    WHERE p.kind = 'transfer' AND p.subject IN ({keys})
"""


@dataclass(frozen=True, slots=True)
class Seated:
    """A transfer and the number of its entry."""

    seq: int
    transfer: Transfer


@dataclass(frozen=True, slots=True)
class Last:
    """The last leg of an account: its number and the account's totals after it."""

    half: int
    balance: Balance


class Looked(Mapping[Key, Value]):
    """A map whose values are looked up when asked for, many at once where they are known before."""

    def __init__(
        self,
        look_up: Callable[[list[Key]], Mapping[Key, Value]],
        every: Callable[[], Mapping[Key, Value]],
    ) -> None:
        self._look_up = look_up
        self._every = every
        self._found: dict[Key, Value | None] = {}

    def prefetch(self, keys: Iterable[Key]) -> None:
        """Look up all of the keys that were not looked up before, in one go."""
        new = [key for key in dict.fromkeys(keys) if key not in self._found]
        if new:
            self._found |= dict.fromkeys(new)
            self._found |= self._look_up(new)

    def look(self, key: Key) -> Value | None:
        """The value of a key, or None."""
        if key not in self._found:
            self.prefetch((key,))
        return self._found[key]

    def __getitem__(self, key: Key) -> Value:
        value = self.look(key)
        if value is None:
            raise KeyError(key)
        return value

    def get(self, key: Key, default: Value | None = None) -> Value | None:  # type: ignore[override]
        """The value of a key, or the default."""
        value = self.look(key)
        return default if value is None else value

    def __iter__(self) -> Iterator[Key]:
        every = self._every()
        self._found |= every
        return iter(every)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class View(Mapping[Key, Part], Generic[Key, Value, Part]):
    """A map of one part of what another map looks up."""

    def __init__(self, whole: Looked[Key, Value], part: Callable[[Value], Part]) -> None:
        self._whole = whole
        self._part = part

    def get(self, key: Key, default: Part | None = None) -> Part | None:  # type: ignore[override]
        """The part of a key's value, or the default."""
        value = self._whole.look(key)
        return default if value is None else self._part(value)

    def __getitem__(self, key: Key) -> Part:
        return self._part(self._whole[key])

    def __iter__(self) -> Iterator[Key]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a ledger holds, by transfer's id, by reservation's id and by account's path."""

    transfers: Looked[str, Seated]
    resolutions: Looked[str, Phase]
    legs: Looked[str, Last]

    def prefetch(self, transfers: Iterable[Transfer]) -> None:
        """Look up at once everything that posting these transfers will ask for."""
        batch = list(transfers)
        pending = [t.pending for t in batch if t.pending is not None]
        self.transfers.prefetch([*(t.id for t in batch), *pending])
        self.resolutions.prefetch(pending)
        self.legs.prefetch(path for t in batch for path in (t.debit, t.credit))

    def books(self, chart: Chart, latest: str) -> Books:
        """The books under a chart; `latest` is the instant of the latest transfer."""
        return Books(
            chart,
            Layers(base=View(self.transfers, lambda seated: seated.transfer)),
            Layers(base=self.resolutions),
            Layers(base=View(self.legs, lambda last: last.balance)),
            latest,
        )


def stored(database: Database) -> Stored:
    """The ledger of a database, nothing of it looked up yet."""
    return Stored(
        Looked(lambda keys: _transfers(database, keys), lambda: _all_transfers(database)),
        Looked(lambda keys: _resolutions(database, keys), lambda: _all_resolutions(database)),
        Looked(lambda keys: _legs(database, keys), lambda: _all_legs(database)),
    )


def _all_transfers(database: Database) -> dict[str, Seated]:
    sql = f"SELECT {TRANSFER_COLUMNS}, seq FROM entry WHERE kind = 'transfer' ORDER BY seq"
    return {row[0]: Seated(row[-1], as_transfer(row)) for row in database.rows(sql)}


def _all_resolutions(database: Database) -> dict[str, Phase]:
    sql = "SELECT pending, phase FROM entry WHERE pending_seq IS NOT NULL ORDER BY seq"
    return {name: Phase(phase) for name, phase in database.rows(sql)}


def _all_legs(database: Database) -> dict[str, Last]:
    sql = "SELECT account FROM leg WHERE was_half IS NULL ORDER BY half"
    return _legs(database, [path for (path,) in database.rows(sql)])


def _transfers(database: Database, ids: list[str]) -> dict[str, Seated]:
    where = "kind = 'transfer' AND subject IN ({keys})"
    rows = database.among(f"SELECT {TRANSFER_COLUMNS}, seq FROM entry WHERE {where}", ids)
    return {row[0]: Seated(row[-1], as_transfer(row)) for row in rows}


def _resolutions(database: Database, ids: list[str]) -> dict[str, Phase]:
    return {name: Phase(phase) for name, phase in database.among(_RESOLUTIONS, ids)}


def _legs(database: Database, paths: list[str]) -> dict[str, Last]:
    rows = database.among(_LAST_LEGS, paths, each="(%s)")
    return {row[0]: Last(row[1], Balance(*row[2:])) for row in rows}


def as_transfer(row: Row) -> Transfer:
    """A transfer from `TRANSFER_COLUMNS`, whatever follows them."""
    name, debit, credit, amount, unit, phase, pending, at, why, *_ = row
    return Transfer(name, debit, credit, amount, unit, Phase(phase), pending, at, why)
