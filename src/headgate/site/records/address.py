"""A database's address as people write it, and as Django wants it."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from headgate.core.faults import Fault, Faulty

SQLITE_START = (
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
    "PRAGMA recursive_triggers = ON;"
)
"""Readers do not stop the writer; what was acknowledged is on the disk; the guards are on."""

WAIT_SECONDS = 60
"""How long a writer waits for its turn."""

PARAMETERS: Final = frozenset(
    [
        "channel_binding",
        "connect_timeout",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "passfile",
        "require_auth",
        "requirepeer",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcert",
        "sslcrl",
        "sslcrldir",
        "sslkey",
        "sslmode",
        "sslrootcert",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
    ]
)
"""What may follow the `?` of a PostgreSQL address, by the names that libpq has for it."""

_FORMS: Final = (
    "Write sqlite:///folder/file.db, sqlite:////absolute/file.db or postgresql://user@host/name;"
    " what is special within a part is quoted: %23 for #, %2F for /, %3F for ?, %40 for @."
)


def connection_settings(url: str) -> dict[str, Any]:
    """What Django needs to connect; raises Faulty for an address that is not understood whole."""
    try:
        return _read(url)
    except ValueError as error:
        what = f"{_without_password(url)} is no database's address: {error}"
        raise Faulty([Fault("--database", 0, 0, "database-address", what, _FORMS)]) from None


def _read(url: str) -> dict[str, Any]:
    """The settings of an address; what a ValueError says here never quotes what may be secret."""
    if any(character < " " for character in unquote(url)) or url != url.strip():
        raise ValueError("there is a control character in it, or a space around it")
    if "#" in url:
        raise ValueError("nothing may follow a #")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("its host cannot be read") from None
    if parts.scheme == "sqlite" and parts.path.strip("/") and not parts.netloc:
        return _sqlite(parts)
    if parts.scheme in ("postgresql", "postgres") and parts.path.strip("/"):
        return _postgresql(parts)
    raise ValueError("it is of no kind that is known, or names no database")


def _sqlite(parts: SplitResult) -> dict[str, Any]:
    name = str(Path(unquote(parts.path.removeprefix("/"))))
    if "?" in parts.geturl():
        raise ValueError("a file takes no parameters")
    if ":memory:" in name or name.startswith("file:"):
        raise ValueError("a ledger is kept in a file that has a plain path")
    options = {
        "transaction_mode": "IMMEDIATE",
        "init_command": SQLITE_START,
        "timeout": WAIT_SECONDS,
    }
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}


def _postgresql(parts: SplitResult) -> dict[str, Any]:
    name = parts.path.strip("/")
    if "/" in name or "@" in name:
        raise ValueError("the database's name has a / or @ in it that is not quoted")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(name),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": _port(parts),
        # An owner's search_path, and tables that live for one connection, must not come first.
        "OPTIONS": {
            **_parameters(parts.query),
            "application_name": "headgate",
            "options": "-c search_path=public,pg_temp",
        },
    }


def _port(parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("a port is a number from 1 to 65535")
    return str(port or "")


def _parameters(query: str) -> dict[str, str]:
    """What libpq is told beyond who and where."""
    found: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        if name not in PARAMETERS or name in found or not value:
            known = ", ".join(sorted(PARAMETERS))
            raise ValueError(f"after the ? may come, each once and with a value: {known}")
        found[name] = unquote(value)
    return found


def _without_password(url: str) -> str:
    """The scheme and what follows the last @, for whoever cannot read where a password ends."""
    before, at, rest = url.rpartition("@")
    if not at:
        return url.partition("?")[0]
    scheme, colon, _ = before.partition(":")
    known = f"{scheme}://" if colon and scheme in ("postgresql", "postgres", "sqlite") else ""
    return f"{known}...{'' if '?' in before else '@' + rest.partition('?')[0]}"
