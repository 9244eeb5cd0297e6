"""The pure ledger's books over a database: read only where a transfer looks into them.

`Books` are layers on a base; here the base is the database. So production posts through the same
rules as every test of them, and the constraints say those rules a second time.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from headgate.core.ledger.chart import Chart, Limit
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import Balance, Books
from headgate.core.ledger.text import is_name
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.site.records.database import Database, Question, Row

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

_TRANSFERS: Final = {
    vendor: f"""
        SELECT {TRANSFER_COLUMNS}, seq, (SELECT r.phase FROM entry r WHERE r.pending_seq = e.seq)
        FROM entry e WHERE kind = 'transfer' AND subject {among}
    """
    for vendor, among in {
        "sqlite": "IN (SELECT value FROM json_each(?))",
        "postgresql": "= ANY (%s::text[])",
    }.items()
}
"""Some transfers, each with its number and how it was resolved."""

_LEG: Final = """
    SELECT account, half, debits_posted, credits_posted, debits_pending, credits_pending FROM leg
"""
_LAST_HALF: Final = "(SELECT max(half) FROM leg WHERE account = wanted.value)"
_LEGS: Final = {
    "sqlite": f"""
        {_LEG} WHERE half IN (SELECT {_LAST_HALF} FROM json_each(?) AS wanted)
    """,
    "postgresql": f"""
        {_LEG} WHERE half = ANY (
            ARRAY(SELECT {_LAST_HALF} FROM unnest(%s::text[]) AS wanted (value)))
    """,
}
"""The last legs of some accounts; nothing in it could be joined in any way but by the indexes."""


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
        self._whole: Mapping[Key, Value] | None = None

    def prefetch(self, keys: Iterable[Key]) -> None:
        """Look up all of the keys that were not looked up before, in one go."""
        if new := self.new(keys):
            self.learn(new, self._look_up(new))

    def new(self, keys: Iterable[Key]) -> list[Key]:
        """Those of the keys that were not looked up before, each once."""
        if self._whole is not None:
            return []
        return [key for key in dict.fromkeys(keys) if key not in self._found]

    def learn(self, keys: Iterable[Key], found: Mapping[Key, Value]) -> None:
        """Take what was found for keys that somebody else looked up."""
        self._found |= dict.fromkeys(keys)
        self._found |= found

    def look(self, key: Key) -> Value | None:
        """The value of a key, or None."""
        if key not in self._found:
            self.prefetch((key,))
        return self._found.get(key)

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
        if self._whole is None:
            self._whole = self._every()
            self._found |= self._whole
        return iter(self._whole)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class View(Mapping[Key, Part], Generic[Key, Value, Part]):
    """A map of one part of what another map looks up."""

    def __init__(self, whole: Looked[Key, Value], part: Callable[[Value], Part]) -> None:
        self._whole = whole
        self._part = part

    def prefetch(self, keys: Iterable[Key]) -> None:
        """Look up all of the keys in one go."""
        self._whole.prefetch(keys)

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

    database: Database
    transfers: Looked[str, Seated]
    resolutions: Looked[str, Phase]
    legs: Looked[str, Last]

    def prefetch(self, transfers: Iterable[Transfer], *others: Question) -> list[list[Row]]:
        """Look up at once all that posting these transfers will ask for; the others' answers too.

        One conversation with the database, whatever is asked.
        """
        batch = list(transfers)
        names = [name for t in batch for name in (t.id, t.pending) if name is not None]
        ids = self.transfers.new(names)
        paths = self.legs.new(path for t in batch for path in (t.debit, t.credit))
        if not (ids or paths or others):
            return []
        moved, legs, *told = self.database.answers(
            _question(self.database, _TRANSFERS, ids),
            _question(self.database, _LEGS, paths),
            *others,
        )
        self.transfers.learn(ids, _seated(moved))
        self.resolutions.learn(ids, _resolved(moved))
        self.legs.learn(paths, _lasts(legs))
        return told

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

    def rows(words: Mapping[str, str], keys: list[str]) -> list[Row]:
        return database.answers(_question(database, words, keys))[0]

    return Stored(
        database,
        Looked(lambda ids: _seated(rows(_TRANSFERS, ids)), lambda: _all_transfers(database)),
        Looked(lambda ids: _resolved(rows(_TRANSFERS, ids)), lambda: _all_resolutions(database)),
        Looked(lambda paths: _lasts(rows(_LEGS, paths)), lambda: _all_legs(database)),
    )


def _question(database: Database, words: Mapping[str, str], keys: list[str]) -> Question:
    """A question about keys of any number; what no ledger can hold is asked of none."""
    names = [key for key in keys if is_name(key)]
    vendor = database.vendor
    return Question(words[vendor], (json.dumps(names) if vendor == "sqlite" else names,))


def _all_transfers(database: Database) -> dict[str, Seated]:
    sql = f"SELECT {TRANSFER_COLUMNS}, seq FROM entry WHERE kind = 'transfer' ORDER BY seq"
    return _seated(database.rows(sql))


def _all_resolutions(database: Database) -> dict[str, Phase]:
    sql = "SELECT pending, phase FROM entry WHERE pending_seq IS NOT NULL ORDER BY seq"
    return {name: Phase(phase) for name, phase in database.rows(sql)}


def _all_legs(database: Database) -> dict[str, Last]:
    every = database.rows("SELECT account FROM leg WHERE was_half IS NULL ORDER BY half")
    question = _question(database, _LEGS, [path for (path,) in every])
    found = _lasts(database.answers(question)[0])
    return {path: found[path] for (path,) in every}


def _seated(rows: list[Row]) -> dict[str, Seated]:
    return {row[0]: Seated(row[9], as_transfer(row)) for row in rows}


def _resolved(rows: list[Row]) -> dict[str, Phase]:
    return {row[0]: Phase(row[10]) for row in rows if row[10] is not None}


def _lasts(rows: list[Row]) -> dict[str, Last]:
    return {row[0]: Last(row[1], Balance(*row[2:])) for row in rows}


def as_transfer(row: Row) -> Transfer:
    """A transfer from `TRANSFER_COLUMNS`, whatever follows them."""
    name, debit, credit, amount, unit, phase, pending, at, why, *_ = row
    return Transfer(name, debit, credit, amount, unit, Phase(phase), pending, at, why)
