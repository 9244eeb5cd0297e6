"""Why a database cannot be used just now, by name: what whoever operates it can mend.

A constraint that refuses a row is none of these: it stays the database's own error, because whoever
meets it has tried to write what the rules forbid.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import Error
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import InterfaceError, OperationalError

from headgate.core.faults import Mended


class Unavailable(Mended):
    """What is in the way; the value is the fault's published code."""

    BUSY = "database-busy", "End what holds the ledger, or try again when it has ended."
    READ_ONLY = (
        "database-read-only",
        "Let the service write to the database's file and to its folder.",
    )
    DISK_FULL = "database-disk-full", "Make room on the disk; what was acknowledged is safe."
    DISK_FAILS = "database-disk-fails", "Look after the disk, then verify: headgate verify ADDRESS."
    DAMAGED = "database-damaged", "Name a database that headgate made, or restore a backup of it."
    GONE = (
        "database-gone",
        (
            "Put the file back where it was, or restore a backup; then do it again: what is in the "
            "file is not taken twice."
        ),
    )
    FORBIDDEN = "database-forbidden", "Connect as the site's role, which may read and add."
    TABLES_MISSING = (
        "database-tables-missing",
        "Let its owner create the ledger: headgate ledger create ADDRESS.",
    )
    UNREACHABLE = (
        "database-unreachable",
        (
            "See that the server runs and takes us; then ask again: what was written already is "
            "not written twice."
        ),
    )


# https://sqlite.org/rescode.html, primary result codes.
_SQLITE: Final = {
    5: Unavailable.BUSY,
    6: Unavailable.BUSY,
    8: Unavailable.READ_ONLY,
    10: Unavailable.DISK_FAILS,
    11: Unavailable.DAMAGED,
    13: Unavailable.DISK_FULL,
    14: Unavailable.UNREACHABLE,
    26: Unavailable.DAMAGED,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html: codes, then classes of them.
_POSTGRESQL: Final = {
    "25006": Unavailable.READ_ONLY,
    "42501": Unavailable.FORBIDDEN,
    "42P01": Unavailable.TABLES_MISSING,
    "53100": Unavailable.DISK_FULL,
    "55P03": Unavailable.BUSY,
    "08": Unavailable.UNREACHABLE,
    "53": Unavailable.UNREACHABLE,
    "57": Unavailable.UNREACHABLE,
    "58": Unavailable.DISK_FAILS,
    "XX": Unavailable.DAMAGED,
}


def why(error: Error) -> Unavailable | None:
    """What a database's error says is in the way, or None where it speaks of the rows."""
    cause = error.__cause__
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        missing = str(cause).startswith("no such table")
        return Unavailable.TABLES_MISSING if missing else _SQLITE.get(code & 0xFF)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2])
    lost = isinstance(error, (OperationalError, InterfaceError))
    return Unavailable.UNREACHABLE if lost else None


@contextmanager
def named(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Give errors that say what is in the way as faults; a lost connection is made anew later."""
    try:
        yield
    except Error as error:
        found = why(error)
        if found is None:
            raise
        if found is Unavailable.UNREACHABLE:
            connection.close()
        what = " ".join(str(error).split())
        raise found.alone("--database", what) from error
