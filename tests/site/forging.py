"""A kept programme to be forged: copied for each test, and a forger whom no guard can stop.

The forger owns the database's file or is PostgreSQL's superuser. He takes every guard away, does
what he likes and puts every guard back word for word, so that what he did is seen only by whoever
reads what is kept.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from headgate.core.ledger.entry import Entry, decode
from headgate.core.policy.document import Document
from headgate.cycle import World
from headgate.readers.facts import Recorded, read_facts
from headgate.site.actions.take import rehearse
from headgate.site.records.books import stored
from headgate.site.records.database import TABLES, Database, create, opened
from headgate.site.records.journal import append, head, lines
from headgate.steps.term import Term
from tests.servers.postgres import Cluster
from tests.whole.small import small

_CHECKS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'c' AND conrelid = ANY (ARRAY['leg', 'entry', 'kept', 'checkpoint']::regclass[])
"""
_TRIGGERS = """
    SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal
"""
_numbers = count()


def recorded(facts: Mapping[str, Any]) -> Recorded:
    """The world of what a term received."""
    return Recorded(
        {name: read_facts(name, name.split("/")[0], fact.data) for name, fact in facts.items()}
    )


class Hand:
    """A forger's hand on a connection: the same words for both databases."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def do(self, sql: str) -> None:
        """Execute a statement."""
        self._connection.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        found: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        return found

    def one(self, sql: str) -> Any:
        """The one value of a query."""
        return self.rows(sql)[0][0]


@dataclass(frozen=True, slots=True)
class Kept:
    """A database that a test may spoil: where the site finds it, and where its forger does."""

    vendor: str
    address: str
    forgers: str

    @property
    def database(self) -> Database:
        """The database as the site's role opens it, in a connection of its own."""
        return opened(self.address, "default")

    def do(self, *statements: str) -> None:
        """Execute statements as the forger, with every guard in place."""
        with self.connected() as hand:
            for statement in statements:
                hand.do(statement)

    def forge(self, deed: Callable[[Hand], int | None]) -> int | None:
        """Take the guards away, let a deed be done, and put them back; what the deed returns."""
        with self.connected() as hand:
            away, back = _sqlite_guards(hand) if self.vendor == "sqlite" else _guards(hand)
            for statement in away:
                hand.do(statement)
            done = deed(hand)
            for statement in back:
                hand.do(statement)
        return done

    @contextmanager
    def connected(self) -> Iterator[Hand]:
        """The forger's hand, with every guard in place."""
        if self.vendor == "sqlite":
            owner = sqlite3.connect(self.forgers, isolation_level=None)
            try:
                yield Hand(owner)
            finally:
                owner.close()
            return
        with psycopg.connect(self.forgers) as superuser:
            yield Hand(superuser)


def _sqlite_guards(hand: Hand) -> tuple[list[str], list[str]]:
    triggers = hand.rows("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    away = [f"DROP TRIGGER {name}" for name, _ in triggers]
    return ["PRAGMA ignore_check_constraints = ON", *away], [sql for _, sql in triggers]


def _guards(hand: Hand) -> tuple[list[str], list[str]]:
    """Triggers off and on again; constraints gone, and back as if every row had been checked."""
    triggers, checks = hand.rows(_TRIGGERS), hand.rows(_CHECKS)
    away = ["SET session_replication_role = replica"]
    away += [f"ALTER TABLE {table} DISABLE TRIGGER {name}" for name, table in triggers]
    away += [f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in checks]
    back = [f"ALTER TABLE {t} ADD CONSTRAINT {n} {what} NOT VALID" for t, n, what in checks]
    back += ["UPDATE pg_constraint SET convalidated = true WHERE NOT convalidated"]
    back += [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for name, table in triggers]
    return away, back


@contextmanager
def small_kept(vendor: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Kept]:
    """The small programme's whole term in a database of the test's own."""
    if vendor == "sqlite":
        path = shutil.copy(_small_file(), folder / "small.db")
        yield Kept(vendor, f"sqlite:///{path}", str(path))
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = f"small_{next(_numbers)}"
    cluster.create(name, _small_template(cluster))
    yield Kept(vendor, cluster.url(name, "site"), cluster.url(name, "admin"))
    opened("sqlite:///nothing", "default")
    cluster.drop(name)


@contextmanager
def empty_kept(vendor: str, request: pytest.FixtureRequest) -> Iterator[Kept]:
    """An empty ledger in a database of the test's own."""
    if vendor == "sqlite":
        folder = request.getfixturevalue("tmp_path")
        template = request.getfixturevalue("sqlite_template")
        path = shutil.copy(template, folder / f"empty_{next(_numbers)}.db")
        yield Kept(vendor, f"sqlite:///{path}", str(path))
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = f"empty_{next(_numbers)}"
    cluster.create(name, request.getfixturevalue("postgres_template"))
    yield Kept(vendor, cluster.url(name, "site"), cluster.url(name, "admin"))
    opened("sqlite:///nothing", "default")
    cluster.drop(name)


@cache
def _small_file() -> Path:
    path = Path(tempfile.mkdtemp(prefix="headgate-small-")) / "small.db"
    fill(f"sqlite:///{path}", small().term)
    return path


@cache
def _small_template(cluster: Cluster) -> str:
    cluster.create("small_template")
    fill(cluster.url("small_template"), small().term)
    return "small_template"


def fill(address: str, term: Term, world: World | None = None) -> None:
    """Take a term's programme to its end in a new database, and leave it with nobody connected."""
    database = opened(address, "filling")
    create(database)
    document: Document = term.document
    rehearse(database, document, world or recorded(term.facts))
    database.connection.close()


def rewritten(source: Kept, target: Kept, change: Callable[[int, Entry], Iterable[Entry]]) -> None:
    """Write a whole history anew through every guard, with some entries changed, and all rows.

    What is kept beside the entries stays as it was, at the numbers at which it was.
    """
    honest, forged = opened(source.address, "honest"), opened(target.address, "forged")
    with honest.reading():
        entries = [
            told
            for number, line in enumerate(lines(honest, 0))
            for told in change(number, decode(line))
        ]
        kept = list(honest.stream("SELECT kind, key, seq, data FROM kept"))
    chart = small().term.books.chart
    with forged.writing():
        append(forged, head(forged), stored(forged), chart, entries)
        forged.insert("kept", ("kind", "key", "seq", "data"), kept)
    honest.connection.close()
    forged.connection.close()


def tables(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a database holds, in one order."""
    order = {"leg": "half", "entry": "seq", "kept": "seq, kind, key", "checkpoint": "size"}
    return {t: database.rows(f"SELECT * FROM {t} ORDER BY {order[t]}") for t in TABLES}
