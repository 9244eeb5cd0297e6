"""One database that keeps one programme: its connection, its one writer at a time, its bulk rows.

A database is told by its address. There is one lock for a whole ledger, taken before anything is
read that a write rests on, so no rule rests on an isolation level: what a race would let through,
the constraints refuse. SQLite locks by beginning to write (BEGIN IMMEDIATE), PostgreSQL by an
advisory lock that ends with the transaction.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final
from weakref import WeakKeyDictionary

import django
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections, transaction
from django.db import Error as DjangoError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from headgate.core.faults import Fault, Faulty
from headgate.journal.points import Point, reached
from headgate.site.records.address import WAIT_SECONDS, connection_settings
from headgate.site.records.unavailable import Unavailable, named

LOCK: Final = 0x6865616467617465
"""The advisory lock of the ledger: "headgate" in ASCII."""

COPY_FROM: Final = 20
"""Rows from which PostgreSQL's COPY is quicker than INSERT."""

BLOCK_BYTES: Final = 5 * 2**15
"""Of a long text that much is read at a time: blocks above 128 KiB the system gets back."""

ROWS_TOGETHER: Final = 32
"""Rows of one statement to SQLite, which saves each page that a statement changes: a fifth of the
time of one row a statement. More of them save no more."""

PARAMETERS_MOST: Final = 50
"""Parameters up to which psycopg remembers how it has read a statement."""

TABLES: Final = ("leg", "entry", "kept", "checkpoint")

Row = tuple[Any, ...]


_LOCK_FIRST: Final = """
    SELECT set_config('lock_timeout', %s, true), set_config('enable_seqscan', 'off', true),
        pg_advisory_xact_lock(%s)
"""
"""The writer's turn, and for its transaction alone: how long to wait for it, and plans that are
right for a large ledger though they were made, and kept, when it was small."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query in the database's own words, the same text each time, so that it is planned once."""

    sql: str
    parameters: Sequence[Any] = ()


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

    @property
    def where(self) -> tuple[str, str, str]:
        """Host, port and name: two connections of one database have the same."""
        told = self.connection.settings_dict
        return str(told["HOST"]), str(told["PORT"]), str(told["NAME"])

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Every row of a query."""
        with named(self.connection), self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def each(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows of a query as they are asked for, of which SQLite holds a few at a time."""
        with named(self.connection), self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            while some := cursor.fetchmany(500):
                yield from some

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows of a query, a few at a time, however many there are; inside `reading` only."""
        with named(self.connection), self.connection.chunked_cursor() as cursor:
            cursor.execute(sql, parameters)
            while some := cursor.fetchmany(2_000):
                yield from some

    def blocks(self, table: str, column: str, row: int) -> Iterator[bytes]:
        """A long text of SQLite, block by block; of its pages the database holds a few."""
        driver = self._driver()
        with (
            named(self.connection),
            self.connection.wrap_database_errors,
            driver.blobopen(table, column, row, readonly=True) as text,
        ):
            while block := text.read(BLOCK_BYTES):
                yield block

    def among(self, sql: str, keys: Iterable[Any], each: str = "%s") -> list[Row]:
        """The rows of a query that has `{keys}` in it, for keys of any number."""
        listed = list(keys)
        found: list[Row] = []
        for start in range(0, len(listed), 500):
            some = listed[start : start + 500]
            found += self.rows(sql.format(keys=", ".join([each] * len(some))), some)
        return found

    def answers(self, *questions: Question) -> list[list[Row]]:
        """The rows of several queries, none of which waits for the answer to another."""
        with named(self.connection), self._sent_together(), self.connection.wrap_database_errors:
            asked = [self._asked(question) for question in questions]
            return [cursor.fetchall() for cursor in asked]

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Add rows to a table, in the quickest way that the database has for so many."""
        if not rows:
            return
        driver = self._driver()
        with self.connection.wrap_database_errors:
            if self.vendor == "sqlite":
                whole = len(rows) // ROWS_TOGETHER * ROWS_TOGETHER
                together = _insertion(table, tuple(columns), "?", ROWS_TOGETHER)
                for start in range(0, whole, ROWS_TOGETHER):
                    some = rows[start : start + ROWS_TOGETHER]
                    driver.execute(together, tuple(chain.from_iterable(some)))
                driver.executemany(_insertion(table, tuple(columns), "?", 1), rows[whole:])
            elif len(rows) < COPY_FROM or _is_sending(driver):
                with self._sent_together():
                    _insert_prepared(driver, table, tuple(columns), rows)
            else:
                with driver.cursor().copy(
                    f"COPY {table} ({', '.join(columns)}) FROM STDIN"
                ) as copy:
                    for row in rows:
                        copy.write_row(row)

    @contextmanager
    def writing(self, *, at_once: bool = False) -> Iterator[None]:
        """One transaction of the one writer; when it has ended well, what it did is on the disk,
        in the file that has the database's name; raises `Faulty` where that is another by now.

        For a few rows, `at_once` sends PostgreSQL each statement before the last was answered; what
        is wrong with a row is then told by the end of the transaction at the latest.
        """
        reached(Point.BEGUN)
        with (
            named(self.connection),
            self._roomy(),
            self._sent_together(at_once),
            transaction.atomic(using=self.alias, durable=True),
        ):
            if self.vendor == "postgresql":
                self._lock()
            reached(Point.LOCKED)
            yield
        self._see_that_it_is_there()
        reached(Point.COMMITTED)

    @contextmanager
    def _roomy(self) -> Iterator[None]:
        """SQLite keeps 32 MiB of pages while it writes, and the 2 MiB that are its own otherwise.

        A part of an import is 8 MiB of pages: each would be written and read again before the part
        is whole. Who only reads finds them with the system as quickly, and holds what it was given.
        """
        if self.vendor != "sqlite":
            yield
            return
        driver = self._driver()
        driver.execute("PRAGMA cache_size = -32768")
        try:
            yield
        finally:
            driver.execute("PRAGMA cache_size = -2000")

    def _see_that_it_is_there(self) -> None:
        """SQLite goes on writing to a file that was taken away, which nobody can open again."""
        if _file_of(self.connection) != _FILES.get(self.connection):
            self.connection.close()
            what = f"{self.where[2]} was taken away, or another put there, while it was written to"
            raise Unavailable.GONE.alone("--database", what)

    def _lock(self) -> None:
        with self._sent_together(), self.connection.wrap_database_errors:
            self._asked(Question(_LOCK_FIRST, (f"{WAIT_SECONDS}s", LOCK)))

    def _driver(self) -> Any:
        """The driver's own connection: Django's cursors neither prepare nor send together."""
        self.connection.ensure_connection()
        return self.connection.connection

    def _asked(self, question: Question) -> Any:
        """A cursor of the driver with the question's answer in it, or under way."""
        driver = self._driver()
        if self.vendor == "sqlite":
            return driver.execute(question.sql, question.parameters)
        return _prepared(driver, question.sql, question.parameters)

    @contextmanager
    def _sent_together(self, wanted: bool = True) -> Iterator[None]:
        """On PostgreSQL, send statements without waiting for the answers to those before.

        Within another such block this one changes nothing: psycopg would wait at its ends.
        """
        driver = self._driver() if wanted and self.vendor == "postgresql" else None
        if driver is None or _is_sending(driver):
            yield
        else:
            with self.connection.wrap_database_errors, driver.pipeline():
                yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Everything read within is of one moment; writers go on meanwhile."""
        begin = (
            "BEGIN DEFERRED"
            if self.vendor == "sqlite"
            else ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        )
        with named(self.connection), self.connection.cursor() as cursor:
            cursor.execute(begin)
            try:
                yield
            finally:
                # What is lost with the connection needs no end, and must not hide why it was lost.
                with suppress(DjangoError):
                    cursor.execute("ROLLBACK")


_FILES: Final = WeakKeyDictionary[BaseDatabaseWrapper, tuple[int, int] | None]()
"""Which file each connection opened."""


def _file_of(connection: BaseDatabaseWrapper) -> tuple[int, int] | None:
    """The device and number of the file that has the database's name now; None for a server's."""
    if connection.vendor != "sqlite":
        return None
    try:
        found = Path(connection.settings_dict["NAME"]).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@receiver(connection_created)
def _remember_the_file(connection: BaseDatabaseWrapper, **_: object) -> None:
    _FILES[connection] = _file_of(connection)


@cache
def _insertion(table: str, columns: tuple[str, ...], mark: str, rows: int) -> str:
    marks = f"({', '.join([mark] * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * rows)}"


def _prepared(driver: Any, sql: str, parameters: Sequence[Any]) -> Any:
    """A cursor of psycopg that has executed a statement which the server keeps prepared."""
    from psycopg import Cursor

    return Cursor(driver).execute(sql, parameters, prepare=True)


def _insert_prepared(
    driver: Any, table: str, columns: tuple[str, ...], rows: Sequence[Row]
) -> None:
    """Add rows by prepared statements, so many rows to each that psycopg remembers its text.

    Integers go as text, because psycopg would prepare anew for each mixture of their sizes.
    """
    step = max(1, PARAMETERS_MOST // len(columns))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        values = [str(v) if type(v) is int else v for row in some for v in row]
        _prepared(driver, _insertion(table, columns, "%s", len(some)), values)


def _is_sending(driver: Any) -> bool:
    """Whether statements are being sent together, among which there can be no COPY."""
    from psycopg.pq import PipelineStatus

    return bool(driver.pgconn.pipeline_status != PipelineStatus.OFF)


def set_up(portal: bool = True) -> None:
    """Start Django once; where the extra is not installed the import above has said so.

    Without the portal there are no applications and no models, and the time they take: enough for
    who only reads a ledger. How Django was started first is how it stays in this process.
    """
    ours = "headgate.site.settings" if portal else "headgate.site.records.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", ours)
    if settings.INSTALLED_APPS:
        django.setup()
    else:
        # What `setup` does beside this is to load all that answers a browser.
        apps.populate(())


def opened(url: str, alias: str = "default", *, portal: bool = True) -> Database:
    """The database at an address, which need not exist yet; raises Faulty for a bad address."""
    set_up(portal)
    defaults = connections.configure_settings({"default": {}, alias: connection_settings(url)})
    connections.settings[alias] = defaults[alias]
    for connection in connections.all(initialized_only=True):
        if connection.alias == alias:
            connection.close()
            del connections[alias]
    return Database(alias)


def create(database: Database) -> None:
    """Make the tables with their guards, or see that they are there; raises Faulty if it cannot."""
    try:
        if database.vendor == "postgresql":
            _check_encoding(database)
            with transaction.atomic(using=database.alias):
                database.rows(_LOCK_FIRST, (f"{WAIT_SECONDS}s", LOCK))
                _migrate(database)
        else:
            _migrate(database)
    except (DatabaseError, ImproperlyConfigured) as error:
        raise Faulty([_fault("database-create", str(error).strip())]) from error


def _migrate(database: Database) -> None:
    from django.core.management import call_command

    call_command("migrate", "records", database=database.alias, verbosity=0, interactive=False)


def unmade(database: Database) -> int:
    """How many changes of the tables this version needs and the database has not."""
    return len(lacking(database))


def lacking(database: Database) -> set[tuple[str, str]]:
    """Those changes, by part of the site and name.

    They are told by the names of their files: a process that serves would else keep all of them.
    """
    # Every command opens a database, and this import alone would take each of them 80 ms.
    from django.db.migrations.recorder import MigrationRecorder

    needed = {
        (app.label, file.name)
        for app in apps.get_app_configs()
        for file in iter_modules([str(Path(app.path, "migrations"))])
        if not file.name.startswith("_")
    }
    return needed - MigrationRecorder(database.connection).applied_migrations().keys()


def grant_working_tables(database: Database) -> None:
    """Let the service's role work on what Django manages, which the ledger's tables are not."""
    quoted = database.connection.ops.quote_name
    if database.vendor != "postgresql":
        return
    role = settings.HEADGATE_SITE_ROLE.replace('"', '""')
    with database.connection.cursor() as cursor:
        for table in database.connection.introspection.django_table_names(only_existing=True):
            name = quoted(table)
            cursor.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO "{role}"')
            # A restored table is told from which number on it is to count.
            for column in database.connection.introspection.get_sequences(cursor, table):
                sequence = quoted(column["name"])
                cursor.execute(f'GRANT UPDATE ON SEQUENCE {sequence} TO "{role}"')
        cursor.execute(f'GRANT SELECT ON django_migrations TO "{role}"')


def _check_encoding(database: Database) -> None:
    encoding = database.rows("SHOW server_encoding")[0][0]
    if encoding != "UTF8":
        what = f"the database is kept in {encoding}, and the journal is UTF-8"
        raise Faulty([_fault("database-encoding", what)])


def _fault(code: str, what: str) -> Fault:
    mend = "Let the owner of an empty UTF-8 database create it: headgate ledger create ADDRESS."
    return Fault("--database", 0, 0, code, what, mend)
