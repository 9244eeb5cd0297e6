"""Trying attacks: each script on a copy of the honest database, and what came of it in one word."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from tests.servers.postgres import Cluster
from tests.site.attacks.audit import NO_CHANGE, Seen, finding, seen
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
        said = statement
        for word, meaning in WORDS[vendor].items():
            said = said.replace(word, meaning)
        connection.execute(said)
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
                return _sqlite_reason(str(error))
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
        (r"CHECK constraint failed: (\w+)", r"\1"),
        (r"UNIQUE constraint failed: (\w+\.\w+).*", r"unique(\1)"),
        (r"FOREIGN KEY constraint failed", "foreign-key"),
        (r"NOT NULL constraint failed: .*", "not-null"),
        (r"\w+ is append-only", "append-only"),
        (r"write through headgate: .*", "guards-off"),
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
        self._begin()
        self.before = self._seen()

    def attacked(self, script: Script) -> str:
        """What came of a script; where nothing was changed the next one finds the same database."""
        refused = ""
        try:
            _carry_out(self.attacker, "postgresql", self._in_transaction, script)
        except psycopg.Error as error:
            refused = _postgresql_reason(error)
        if self._in_transaction():
            self.attacker.execute("ROLLBACK")
        self.attacker.execute("DISCARD ALL")
        if refused and "COMMIT" not in script:
            return refused
        found = finding(self.before, self._seen())
        if found != NO_CHANGE:
            self.close()
            self._begin()
        return refused if found == NO_CHANGE and refused else found

    def close(self) -> None:
        """Remove the copy."""
        self.attacker.close()
        self.auditor.close()
        self.cluster.drop(self.name)

    def _begin(self) -> None:
        self.cluster.create(self.name, self.honest)
        url = partial(self.cluster.url, self.name)
        self.attacker = psycopg.connect(url(self.user), autocommit=True, prepare_threshold=None)
        path = "-c search_path=public"
        self.auditor = psycopg.connect(url("admin"), options=path, autocommit=True)

    def _in_transaction(self) -> bool:
        return self.attacker.info.transaction_status != TransactionStatus.IDLE

    def _seen(self) -> Seen:
        return seen(lambda sql: self.auditor.execute(sql).fetchall(), "postgresql")


def _postgresql_reason(error: psycopg.Error) -> str:
    match error.sqlstate:
        case "42501":
            return "permission"
        case "P0001":
            return "append-only"
        case "23502":
            return "not-null"
        case "22003":
            return "too-large"
        case "22P02" | "42804" | "22021" | "54000":
            return "type"
    return error.diag.constraint_name or str(error)


def told(outcomes: Iterable[str]) -> str:
    """What came of all the ways to tell one lie, in words."""
    return " ".join(sorted(set(outcomes)))
