"""A private PostgreSQL server: real, on loopback, and gone with whoever started it.

What the ledger promises on PostgreSQL is tested and measured on PostgreSQL itself. A cluster lives
in a folder of its own and is kept by a guard, a shell that ends it and removes its folder as soon
as the starting process closes a pipe: by leaving the block, or by dying in whatever way, SIGKILL
included. The server refuses to run as root, so root runs it as Debian's `postgres`.

Tests take the fixtures `postgres` and `postgres_durable`; this module needs no pytest, so that a
bench can call `private_postgres` as well.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
from psycopg.sql import SQL, Composed, Identifier

HOST = "127.0.0.1"
DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")
START_SECONDS_MAX = 300
STOP_SECONDS_MAX = 300
PORTS_TRIED_MAX = 5

# Arguments: the folder, the programs' folder, then the server's settings. Standard input is the
# pipe. SIGQUIT ends the server without a checkpoint, as no data is kept; it is sent again and
# again, because a shell's background child is deaf to it before it has set its own handler.
GUARD = """
trap '' HUP INT TERM
folder=$1 programs=$2
shift 2
trap 'rm -rf "$folder"' EXIT
exec 3<&0 </dev/null
"$programs/initdb" --pgdata="$folder/data" --username=headgate_admin --auth=trust \
    --encoding=UTF8 --locale=C --no-sync --no-instructions || exit
"$programs/postgres" -D "$folder/data" "$@" 3<&- &
server=$!
{
    read -r _
    : >"$folder/stopping"
    while kill -QUIT "$server"; do sleep 0.05; done
} <&3 2>/dev/null &
wait "$server"
if [ -e "$folder/stopping" ]; then wait $!; else kill -KILL $!; fi
"""


class Unavailable(RuntimeError):
    """This machine has no PostgreSQL server that could be started; the message says why."""


class DidNotStart(RuntimeError):
    """The server ended, or was not ready in time; the message is its own log."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server; `pid` is its first process, `folder` holds its data and its log."""

    host: str
    port: int
    folder: Path
    pid: int

    def url(self, database: str, user: str = "owner") -> str:
        """Where to connect as `owner` (migrates), `site` (may log in) or `admin` (superuser)."""
        return f"postgresql://headgate_{user}@{self.host}:{self.port}/{quote(database, safe='')}"

    def create(self, name: str, template: str | None = None) -> None:
        """Make a database that headgate_owner owns, as a copy of one to which nobody is connected.

        Without a template it is empty.
        """
        command = SQL("CREATE DATABASE {} OWNER headgate_owner TEMPLATE {}")
        self._command(command.format(Identifier(name), Identifier(template or "template1")))

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._command(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def _command(self, command: Composed) -> None:
        with psycopg.connect(self.url("postgres", "admin"), autocommit=True) as connection:
            connection.execute(command)


@contextmanager
def private_postgres(fast: bool = False, within: Path | None = None) -> Iterator[Cluster]:
    """A cluster for the length of the block; `fast` gives up durability for speed.

    Its folder lies within another one: in TMPDIR where none is named. Raises Unavailable where no
    server is installed, DidNotStart with the server's log.
    """
    guard, cluster = _started(fast, within, PORTS_TRIED_MAX)
    try:
        for role in ("headgate_owner", "headgate_site"):
            cluster._command(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
        yield cluster
    finally:
        _stop(guard, cluster.folder)


def programs() -> Path:
    """The folder of the newest server of Debian's packages, else of the one on PATH."""
    versions = DEBIAN_PROGRAMS.glob("*/bin")
    newest = sorted(versions, key=lambda folder: _version(folder.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    folders = [*newest, *([Path(on_path).resolve().parent] if on_path else [])]
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    raise Unavailable("no PostgreSQL server here: run `make setup` as root")


def _version(name: str) -> list[int]:
    return [int(part) for part in name.split(".") if part.isdecimal()]


def _server_ids() -> tuple[int, int]:
    """User and group: one's own, or Debian's `postgres` for root, whom the server refuses."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise Unavailable("root needs the user postgres to run PostgreSQL") from None
    return user.pw_uid, user.pw_gid


def free_port() -> int:
    """A port of the loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _started(
    fast: bool, within: Path | None, tries_max: int
) -> tuple[subprocess.Popen[bytes], Cluster]:
    """Start on a free port; on another one when somebody was quicker to take it."""
    try:
        return _started_on(free_port(), fast, within)
    except DidNotStart as error:
        if tries_max == 1 or "could not bind" not in str(error):
            raise
    return _started(fast, within, tries_max - 1)


def _started_on(
    port: int, fast: bool, within: Path | None
) -> tuple[subprocess.Popen[bytes], Cluster]:
    installed, (user, group) = programs(), _server_ids()
    folder = Path(tempfile.mkdtemp(prefix="headgate-postgres-", dir=within))
    rules = folder / "hba.conf"
    rules.write_text(f"host all all {HOST}/32 trust\n", encoding="utf-8")
    for path in (folder, rules):
        os.chown(path, user, group)
    settings = [f"-c{name}={value}" for name, value in _settings(folder, port, fast).items()]
    as_root: dict[str, Any] = {"user": user, "group": group, "extra_groups": []}
    with (folder / "log").open("w+", encoding="utf-8", errors="replace") as log:
        guard = subprocess.Popen(
            ["/bin/sh", "-c", GUARD, "headgate-postgres", folder, installed, *settings],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            **(as_root if os.geteuid() == 0 else {}),
        )
        try:
            return guard, Cluster(HOST, port, folder, _ready_pid(guard, folder, log))
        except BaseException:
            _stop(guard, folder)
            raise


def _stop(guard: subprocess.Popen[bytes], folder: Path) -> None:
    """Let the guard end the server; the folder is removed here where the guard could not."""
    guard.communicate(b"\n", timeout=STOP_SECONDS_MAX)
    shutil.rmtree(folder, ignore_errors=True)


def _settings(folder: Path, port: int, fast: bool) -> dict[str, object]:
    """Loopback and nothing else; durable unless fast is wanted."""
    durable = "off" if fast else "on"
    return {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": "",
        "hba_file": folder / "hba.conf",
        "max_connections": 40,
        "fsync": durable,
        "synchronous_commit": durable,
        "max_wal_size": "128MB" if fast else "1GB",
    }


def _ready_pid(guard: subprocess.Popen[bytes], folder: Path, log: IO[str]) -> int:
    """The server's pid once it takes connections, by its own status file as in pg_ctl.

    A connection would prove less: it could be another server's that took the port first.
    """
    deadline = time.monotonic() + START_SECONDS_MAX
    while guard.poll() is None and time.monotonic() < deadline:
        try:
            status = (folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            status = []
        if "ready" in map(str.strip, status[7:]):
            return int(status[0])
        time.sleep(0.01)
    log.seek(0)
    raise DidNotStart(f"PostgreSQL did not start. Its log:\n{log.read()}")
