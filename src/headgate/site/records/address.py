"""A database's address as people write it, and as Django wants it."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from headgate.core.faults import Fault, Faulty

SQLITE_START = (
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
    "PRAGMA recursive_triggers = ON;"
)
"""Readers do not stop the writer; what was acknowledged is on the disk; the guards are on."""

WAIT_SECONDS = 60
"""How long a writer waits for its turn."""


def connection_settings(url: str) -> dict[str, Any]:
    """What Django needs to connect; raises Faulty for an address of no kind that is known."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and parts.path.strip("/") and not parts.netloc:
        return _sqlite(Path(unquote(parts.path.removeprefix("/"))))
    if parts.scheme in ("postgresql", "postgres") and parts.path.strip("/"):
        return _postgresql(url)
    what = f"{_without_password(url)} is no database's address."
    mend = "Write sqlite:///folder/file.db, sqlite:////absolute/file.db or postgresql://user@host/name."
    raise Faulty([Fault("--database", 0, 0, "database-address", what, mend)])


def _sqlite(path: Path) -> dict[str, Any]:
    options = {
        "transaction_mode": "IMMEDIATE",
        "init_command": SQLITE_START,
        "timeout": WAIT_SECONDS,
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options}


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        # An owner's search_path, and tables that live for one connection, must not come first.
        "OPTIONS": {
            "application_name": "headgate",
            "options": "-c search_path=public,pg_temp",
        },
    }


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":...@") if parts.password else url
