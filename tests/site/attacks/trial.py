"""Trying attacks: each script on a copy of the honest database, and what came of it in one word."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

from tests.servers.postgres import Cluster
from tests.site.attacks.audit import Seen, finding, seen
from tests.site.attacks.forging import Script

WORDS: Final = {
    "sqlite": {"{blob}": "x'00ff'", "{not_text}": "CAST(x'c328' AS TEXT)", "{nul}": "'a'||char(0)"},
    "postgresql": {
        "{blob}": r"'\x00ff'::bytea",
        "{not_text}": "convert_from('\\xc328'::bytea, 'UTF8')",
        "{nul}": "'a'||chr(0)",
    },
}
"""Values that each database writes in its own way."""

_OUTSIDE: Final = ("PRAGMA", "ATTACH", "SET ", "BEGIN")


def _carry_out(connection: Any, vendor: str, in_transaction: Callable[[], bool], s: Script) -> None:
    for statement in s:
        if not in_transaction() and not statement.startswith(_OUTSIDE):
            connection.execute("BEGIN")
        for word, meaning in WORDS[vendor].items():
            statement = statement.replace(word, meaning)
        connection.execute(statement)
    if in_transaction():
        connection.execute("COMMIT")


class OnSqlite:
    """The honest database as a file, and whoever has that file."""

    def __init__(self, honest: Path, folder: Path) -> None:
        self.honest, self.path = honest, folder / "attacked.db"
        self.before = self._seen(honest)

    def attacked(self, script: Script) -> str:
        """What came of a script."""
        shutil.copy(self.honest, self.path)
        with _sqlite(self.path) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA recursive_triggers = ON")
            try:
                _carry_out(connection, "sqlite", lambda: connection.in_transaction, script)
            except sqlite3.Error as error:
                return f"refused: {_sqlite_reason(str(error))}"
        return finding(self.before, self._seen(self.path))

    def _seen(self, path: Path) -> Seen:
        with _sqlite(path) as connection:
            return seen(lambda sql: connection.execute(sql).fetchall(), "sqlite")


@contextmanager
def _sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _sqlite_reason(message: str) -> str:
    kinds = (
        (r"CHECK constraint failed: (\w+)$", r"`\1`"),
        (r"UNIQUE constraint failed: (index ')?(\w+)(.*)", r"unique \2\3"),
        (r"FOREIGN KEY constraint failed", "foreign key"),
        (r"NOT NULL constraint failed: .*", "not null"),
        (r"\w+ is append-only", "append-only"),
        (r"write through headgate: .*", "guards off"),
        (r"cannot store \w+ value in \w+ column .*", "type"),
    )
    for pattern, told in kinds:
        if found := re.fullmatch(pattern, message):
            return found.expand(told)
    return message


class OnPostgres:
    """The honest database on a server, and one of its roles."""

    def __init__(self, cluster: Cluster, honest: str, user: str) -> None:
        self.cluster, self.honest, self.user = cluster, honest, user
        self.name = f"attacked_{user}"
        self.cluster.create(self.name, self.honest)
        self.before = self._seen()

    def attacked(self, script: Script) -> str:
        """What came of a script; where nothing was changed the next one finds the same database."""
        url = self.cluster.url(self.name, self.user)
        with psycopg.connect(url, autocommit=True) as connection:
            idle = psycopg.pq.TransactionStatus.IDLE
            refused = ""
            try:
                _carry_out(
                    connection,
                    "postgresql",
                    lambda: connection.info.transaction_status != idle,
                    script,
                )
            except psycopg.Error as error:
                refused = f"refused: {_postgresql_reason(error)}"
        if refused and "COMMIT" not in script:
            return refused
        told = refused or finding(self.before, self._seen())
        if told != "nothing changed":
            self.close()
            self.cluster.create(self.name, self.honest)
        return told

    def close(self) -> None:
        """Remove the copy."""
        self.cluster.drop(self.name)

    def _seen(self) -> Seen:
        url = self.cluster.url(self.name, "admin")
        options = "-c search_path=public"
        with psycopg.connect(url, options=options, autocommit=True) as connection:
            return seen(lambda sql: connection.execute(sql).fetchall(), "postgresql")


def _postgresql_reason(error: psycopg.Error) -> str:
    match error.sqlstate:
        case "42501":
            return "permission"
        case "P0001":
            return "append-only"
        case "23502":
            return "not null"
        case "22003":
            return "too large"
        case "22P02" | "42804" | "22021" | "54000":
            return "type"
    return f"`{error.diag.constraint_name}`" if error.diag.constraint_name else str(error)


def told_of(attacked: Callable[[Script], str], scripts: Iterable[Script]) -> str:
    """What came of the ways to tell one lie, as one cell of the table."""
    came = {attacked(script) for script in scripts}
    refused = sorted(told.removeprefix("refused: ") for told in came if told.startswith("refused"))
    rest = sorted(told for told in came if not told.startswith("refused"))
    return "; ".join(([f"refused: {', '.join(refused)}"] if refused else []) + rest) or "-"
