"""The spool: every attempt that was ever seen, once, with how far the cluster was read.

One SQLite file beside the agent. A look is one transaction: its attempts and its cursor are kept
together or not at all, so that a kill at any moment loses nothing and doubles nothing. An attempt
is known by its DBIndex; a later look replaces what an earlier one saw of it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from headgate.core.faults import Mended
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of
from headgate.core.quick import quick
from headgate.engines.slurm.sacct import Attempt, Owner

OVERLAP_SECONDS: Final = 3_600
"""How far a look reaches back: rows arrive late where slurmdbd was down, and are changed late."""

WIDE_SECONDS: Final = 7 * 86_400
"""How far the first look of a day does: for a controller that was cut off for days, or whose clock
was set back, so that what it ran began before the looks that were to see it."""

DAY: Final = 86_400

_USAGE: Final = quick(Usage)
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS looked (one INTEGER PRIMARY KEY CHECK (one = 1),
    cluster TEXT NOT NULL, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS attempt (
    number INTEGER PRIMARY KEY, job TEXT NOT NULL, account TEXT NOT NULL, award TEXT NOT NULL,
    class TEXT NOT NULL, gres TEXT NOT NULL, chips INTEGER NOT NULL, started INTEGER NOT NULL,
    ended INTEGER, suspended INTEGER NOT NULL, state TEXT NOT NULL, joules INTEGER,
    seen INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS by_start ON attempt (started, number);
"""
_COLUMNS: Final = (
    "number, job, account, award, class, gres, chips, started, ended, suspended, state, joules"
)
_TOUCHING: Final = "started < ? AND coalesce(ended, seen) > ?"


class Code(Mended):
    """Why a file is not taken for the spool of a cluster."""

    SPOOL_MISSING = "spool-missing", "fetch into it first: headgate usage --spool FILE"
    SPOOL_BAD = "spool-bad", "name another file; what Slurm has not purged is read again"
    SPOOL_FOREIGN = "spool-foreign", "name another file: a spool is of one cluster"


@dataclass(frozen=True, slots=True)
class Open:
    """An attempt that ran at an earlier look and is no longer told: purged, or a runaway's end."""

    number: int
    job: str
    award: str


class Spool:
    """The attempts of one cluster."""

    def __init__(self, connection: sqlite3.Connection, cluster: str) -> None:
        self._connection = connection
        self._cluster = cluster

    @property
    def cursor(self) -> int | None:
        """Up to which instant the cluster was read without a gap; None before the first look."""
        row = self._connection.execute("SELECT until FROM looked").fetchone()
        return None if row is None else int(row[0])

    def begin(self, now: int) -> int:
        """From when a look of this moment reads; the very first one from this moment."""
        before = self.cursor
        if before is None:
            return now
        return before - (OVERLAP_SECONDS if before // DAY == now // DAY else WIDE_SECONDS)

    def keep(self, attempts: Iterable[Attempt], until: int) -> None:
        """One look, whole; what the iterable raises leaves the spool as it was."""
        values = ", ".join("?" * 13)
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            before = self.cursor
            self._connection.executemany(
                f"INSERT OR REPLACE INTO attempt ({_COLUMNS}, seen) VALUES ({values})",
                (_row(attempt, until) for attempt in attempts),
            )
            self._connection.execute(
                "INSERT OR REPLACE INTO looked VALUES (1, ?, ?)",
                (self._cluster, max(until, before or 0)),
            )

    def gone(self, now: int) -> tuple[Open, ...]:
        """What still ran when it was last seen and was not told by the look of this moment."""
        rows = self._connection.execute(
            "SELECT number, job, award FROM attempt"
            " WHERE ended IS NULL AND seen < ? ORDER BY number",
            (now,),
        )
        return tuple(Open(*row) for row in rows)

    def attempts(self, since: int, until: int) -> Iterator[tuple[Attempt, int]]:
        """The attempts that touch a window, by start, each with when it was last seen."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS}, seen FROM attempt WHERE {_TOUCHING} ORDER BY started, number",
            (until, since),
        )
        for number, job, account, award, class_, gres, *rest, seen in rows:
            yield Attempt(number, job, account, Owner(award, class_, gres), *rest), seen

    def devices(self, since: int, until: int) -> dict[str, str]:
        """The GRES of every account that was used in a window."""
        rows = self._connection.execute(
            f"SELECT DISTINCT account, gres FROM attempt WHERE {_TOUCHING}", (until, since)
        )
        return dict(rows.fetchall())

    def usage(self, since: int, until: int) -> Iterator[Usage]:
        """The same as records for the ledger."""
        rows = self._connection.execute(
            "SELECT job, number, award, class, chips, started, ended, seen, joules FROM attempt"
            f" WHERE {_TOUCHING} ORDER BY started, number",
            (until, since),
        )
        site, at = self._cluster, instant_of
        for job, number, award, class_, chips, started, ended, seen, drawn in rows:
            end, joules = (None, None) if ended is None else (at(ended), drawn)
            who = site, job, number, award, class_, chips
            yield _USAGE(*who, at(started), end, at(seen), joules)


@contextmanager
def opened(path: Path | None, cluster: str) -> Iterator[Spool]:
    """A spool in a file that is made where it is not there; in memory without one.

    Raises Faulty for a file that is another's, which is left as it was.
    """
    with closing(_connected(path)) as connection:
        try:
            held = dict(connection.execute("SELECT name, type FROM sqlite_master"))
            if held and "looked" not in held:
                raise Code.SPOOL_BAD.alone(path, "it holds other tables than a spool's")
            connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLES}")
            of = connection.execute("SELECT cluster FROM looked").fetchone()
        except sqlite3.DatabaseError as error:
            raise Code.SPOOL_BAD.alone(path, f"it cannot be opened: {error}") from error
        if of not in (None, (cluster,)):
            raise Code.SPOOL_FOREIGN.alone(path, f"it is of the cluster {of[0]}, not of {cluster}")
        yield Spool(connection, cluster)


def _connected(path: Path | None) -> sqlite3.Connection:
    """A new file is its owner's alone to read: it says who ran what."""
    try:
        if path is not None and not path.exists():
            path.touch(0o600)
        return sqlite3.connect(path or ":memory:", isolation_level=None)
    except (OSError, sqlite3.OperationalError) as error:
        raise Code.SPOOL_BAD.alone(path, f"it cannot be opened: {error}") from error


def _row(attempt: Attempt, seen: int) -> tuple[object, ...]:
    a, owner = attempt, attempt.owner
    named = (a.index, a.job, a.account, owner.award, owner.support_class, owner.gres)
    return (*named, a.chips, a.started, a.ended, a.suspended, a.state, a.energy_joules, seen)
