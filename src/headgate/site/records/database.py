"""One database that keeps one programme: its connection, its one writer at a time, its bulk rows.

A database is told by its address. There is one lock for a whole ledger, taken before anything is
read that a write rests on, so no rule rests on an isolation level: what a race would let through,
the constraints refuse. SQLite locks by beginning to write (BEGIN IMMEDIATE), PostgreSQL by an
advisory lock that ends with the transaction.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from headgate.core.faults import Fault, Faulty
from headgate.journal.points import Point, reached
from headgate.site.records.address import connection_settings

LOCK: Final = 0x6865616467617465
"""The advisory lock of the ledger: "headgate" in ASCII."""

COPY_FROM: Final = 20
"""Rows from which PostgreSQL's COPY is quicker than INSERT."""

TABLES: Final = ("leg", "entry", "kept", "checkpoint")

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Database:
    """A database under the name by which Django knows its connection."""

    alias: str

    @property
    def connection(self) -> BaseDatabaseWrapper:
        """Django's connection of this thread."""
        return connections[self.alias]

    @property
    def vendor(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.vendor

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Every row of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows of a query, a few at a time, however many there are; inside `reading` only."""
        with self.connection.chunked_cursor() as cursor:
            cursor.execute(sql, parameters)
            while some := cursor.fetchmany(2_000):
                yield from some

    def among(self, sql: str, keys: Iterable[Any], each: str = "%s") -> list[Row]:
        """The rows of a query that has `{keys}` in it, for keys of any number."""
        listed = list(keys)
        found: list[Row] = []
        for start in range(0, len(listed), 500):
            some = listed[start : start + 500]
            found += self.rows(sql.format(keys=", ".join([each] * len(some))), some)
        return found

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows to a table, in the quickest way that the database has for so many."""
        if not rows:
            return
        names = ", ".join(columns)
        with self.connection.cursor() as cursor:
            if self.vendor == "postgresql" and len(rows) >= COPY_FROM:
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
                return
            marks = f"({', '.join(['%s'] * len(columns))})"
            if self.vendor == "postgresql":
                values = ", ".join([marks] * len(rows))
                flat = [value for row in rows for value in row]
                cursor.execute(f"INSERT INTO {table} ({names}) VALUES {values}", flat)
            else:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES {marks}", rows)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction of the one writer; when it has ended well, what it did is on the disk."""
        reached(Point.BEGUN)
        with transaction.atomic(using=self.alias, durable=True):
            if self.vendor == "postgresql":
                self.rows("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            reached(Point.LOCKED)
            yield
        reached(Point.COMMITTED)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything read within is of one moment; writers go on meanwhile."""
        begin = (
            "BEGIN DEFERRED"
            if self.vendor == "sqlite"
            else ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        )
        with self.connection.cursor() as cursor:
            cursor.execute(begin)
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def set_up() -> None:
    """Start Django once; where the extra is not installed the import above has said so."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headgate.site.settings")
    django.setup()


def opened(url: str, alias: str = "default") -> Database:
    """The database at an address, which need not exist yet; raises Faulty for a bad address."""
    set_up()
    defaults = connections.configure_settings({"default": {}, alias: connection_settings(url)})
    connections.settings[alias] = defaults[alias]
    if alias in connections:
        del connections[alias]
    return Database(alias)


def create(database: Database) -> None:
    """Make the tables with their guards, or see that they are there; raises Faulty if it cannot."""
    try:
        if database.vendor == "postgresql":
            _check_encoding(database)
        call_command("migrate", database=database.alias, verbosity=0, interactive=False)
    except (DatabaseError, ImproperlyConfigured) as error:
        raise Faulty([_fault("database-create", str(error).strip())]) from error


def _check_encoding(database: Database) -> None:
    encoding = database.rows("SHOW server_encoding")[0][0]
    if encoding != "UTF8":
        what = f"the database is kept in {encoding}, and the journal is UTF-8"
        raise Faulty([_fault("database-encoding", what)])


def _fault(code: str, what: str) -> Fault:
    mend = "Let the owner of an empty UTF-8 database create it: headgate ledger create ADDRESS."
    return Fault("--database", 0, 0, code, what, mend)
