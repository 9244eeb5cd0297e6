"""What an agent must not forget: the list it follows, what it began, what it has yet to tell.

One SQLite file, each step one durable transaction, so that a kill at any moment loses nothing. An
attempt of a job has one row, which a later look replaces: however long the portal is away, the file
grows with the jobs and not with the looks.
"""

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from headgate.alone import Taken, alone
from headgate.core import canonical
from headgate.core.enforcement.engine import Change
from headgate.core.enforcement.receipt import Report
from headgate.core.ledger.refused import Refused
from headgate.core.metering.usage import Usage

_ENDED: Final = "json_extract(CAST(line AS TEXT), '$.ended')"
_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempt (job TEXT NOT NULL, attempt INTEGER NOT NULL,
    line BLOB NOT NULL, told INTEGER NOT NULL, PRIMARY KEY (job, attempt)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS to_tell ON attempt (told) WHERE NOT told;
CREATE INDEX IF NOT EXISTS by_end ON attempt ({_ENDED});
CREATE TABLE IF NOT EXISTS report (number INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL,
    changed INTEGER NOT NULL);
"""
_USAGE: Final = TypeAdapter(Usage)
_CHANGES: Final = TypeAdapter(tuple[Change, ...])


class SpoolRefusal(Enum):
    """Why an agent does not start on a spool."""

    SPOOL_BUSY = "another agent works with this spool: one agent a cluster"
    SPOOL_FOREIGN = "the spool is another cluster's: name another file"
    SPOOL_BAD = "the file is no spool, or was damaged: put it aside, and a new one is made"


@dataclass(frozen=True, slots=True)
class Row:
    """One attempt that is to be told, as it was when it was read."""

    job: str
    attempt: int
    line: bytes


class Spool:
    """An open spool."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> bytes | None:
        """What is remembered under a name."""
        row = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, name: str, value: bytes) -> None:
        """Remember something, for good once this returns."""
        self._connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def text(self, name: str) -> str:
        """The same as text; empty where there is nothing."""
        return (self.get(name) or b"").decode()

    def follow(self, data: bytes, age: tuple[int, str]) -> None:
        """Follow a list from now on; none older than it is followed, also under other keys."""
        with self._whole():
            self.put("followed", data)
            self.put("age", f"{age[0]} {age[1]}".encode())

    def intend(self, changes: Iterable[Change]) -> None:
        """Before a cluster is changed: what was begun by one that died is not forgotten."""
        self.put("intended", canonical.line(tuple(changes)))

    @property
    def intended(self) -> tuple[Change, ...]:
        """What was begun and has not been read back yet."""
        found = self.get("intended")
        return _CHANGES.validate_json(found) if found else ()

    def tell(self, report: Report, *, read: bool) -> None:
        """Keep a report to be told; `read` says that what was begun was read back by it.

        A report in which nothing changed takes the place of those before it that say no more.
        """
        changed = bool(report.back.changes)
        with self._whole():
            if read:
                self._connection.execute("DELETE FROM state WHERE name = 'intended'")
            if not changed:
                self._connection.execute("DELETE FROM report WHERE NOT changed")
            row = report.line(), changed
            self._connection.execute("INSERT INTO report (line, changed) VALUES (?, ?)", row)

    def reports(self) -> list[tuple[int, bytes]]:
        """What is to be told, oldest first."""
        rows = self._connection.execute("SELECT number, line FROM report ORDER BY number")
        return [(int(number), bytes(line)) for number, line in rows]

    def told(self, number: int) -> None:
        """A report has arrived."""
        self._connection.execute("DELETE FROM report WHERE number = ?", (number,))

    def keep_use(self, rows: Iterable[Usage], until: str | None) -> None:
        """One look at use, whole; with `until`, all before it has been read."""
        with self._whole():
            for row in rows:
                self._keep(row)
            if until is not None:
                self.put("looked", until.encode())

    def _keep(self, row: Usage) -> None:
        key = row.job, row.attempt
        found = self._connection.execute(
            "SELECT line FROM attempt WHERE job = ? AND attempt = ?", key
        ).fetchone()
        if found is not None and row.ended is not None:
            before = _USAGE.validate_json(bytes(found[0]))
            # What has ended is the same at every look but for the look itself.
            if replace(before, seen=row.seen) == row:
                return
        self._connection.execute(
            "INSERT OR REPLACE INTO attempt VALUES (?, ?, ?, 0)", (*key, canonical.line(row))
        )

    def attempts(self, until: str) -> list[Usage]:
        """Attempts that ran on after an instant, or are not known to have ended."""
        asked = f"SELECT line FROM attempt WHERE {_ENDED} IS NULL OR {_ENDED} > ?"
        return [
            _USAGE.validate_json(bytes(line))
            for (line,) in self._connection.execute(asked, (until,))
        ]

    def untold(self, most: int, after: Row | None = None) -> list[Row]:
        """Attempts that are to be told, in order, beginning after one."""
        rows = self._connection.execute(
            "SELECT job, attempt, line FROM attempt WHERE NOT told AND (job, attempt) > (?, ?)"
            " ORDER BY job, attempt LIMIT ?",
            (after.job if after else "", after.attempt if after else -1, most),
        )
        return [Row(job, attempt, bytes(line)) for job, attempt, line in rows]

    @property
    def untold_count(self) -> int:
        """How many attempts are to be told."""
        count = self._connection.execute("SELECT count(*) FROM attempt WHERE NOT told").fetchone()
        return int(count[0])

    def arrived(self, rows: Sequence[Row]) -> None:
        """These have arrived as they were read; what was seen of them since is still to be told."""
        with self._whole():
            self._connection.executemany(
                "UPDATE attempt SET told = 1 WHERE job = ? AND attempt = ? AND line = ?",
                [(row.job, row.attempt, row.line) for row in rows],
            )

    @contextmanager
    def _whole(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            yield


@contextmanager
def opened(path: Path, site: str) -> Iterator[Spool]:
    """The spool of a site's agent in a file that only its owner reads; raises `Refused`."""
    lock = path.with_name(f"{path.name}.lock")
    lock.touch(0o600)
    try:
        with alone(lock, waits=False), _connected(path) as found:
            spool = _begun(found, path)
            _need_site(spool, path, ("", site))
            spool.put("site", site.encode())
            yield spool
    except Taken:
        raise Refused(SpoolRefusal.SPOOL_BUSY, str(path)) from None


@contextmanager
def read_only(path: Path, site: str) -> Iterator[Spool]:
    """The spool of a site's agent, which may be at work with it; raises `Refused`."""
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            spool = Spool(connection)
            _need_site(spool, path, (site,))
            yield spool
    except sqlite3.DatabaseError as error:
        raise Refused(SpoolRefusal.SPOOL_BAD, f"{path}: {error}") from error


def _need_site(spool: Spool, path: Path, sites: Collection[str]) -> None:
    if spool.text("site") not in sites:
        raise Refused(SpoolRefusal.SPOOL_FOREIGN, f"{path} is of {spool.text('site')}")


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def _begun(connection: sqlite3.Connection, path: Path) -> Spool:
    try:
        connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLES}")
        connection.execute("SELECT name, value FROM state").fetchone()
    except sqlite3.DatabaseError as error:
        raise Refused(SpoolRefusal.SPOOL_BAD, f"{path}: {error}") from error
    return Spool(connection)
