"""The private PostgreSQL is real, reachable from here alone, and leaves nothing behind."""

import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.servers import postgres as servers
from tests.servers.postgres import Cluster, DidNotStart, Unavailable, private_postgres

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 60


def asked(cluster: Cluster, query: str, user: str = "admin") -> list[tuple[Any, ...]]:
    """The rows of one query in the database `postgres`."""
    with psycopg.connect(cluster.url("postgres", user)) as connection:
        return connection.execute(query.encode()).fetchall()


def processes_under(folder: Path) -> list[int]:
    """The processes that work in a folder; all that belong to a cluster do in its own."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            place = link.readlink()
        except OSError:
            continue
        if place.is_relative_to(folder):
            found.append(int(link.parent.name))
    return found


def in_time(holds: Callable[[], bool]) -> bool:
    """Whether something comes true before the patience of the suite ends."""
    deadline = time.monotonic() + SECONDS_MAX
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds()


def accepts(address: str, port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        socket.create_connection((address, port), timeout=SECONDS_MAX).close()
    except OSError:
        return False
    return True


@pytest.fixture
def temporary(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A TMPDIR of its own, in which the server's user may work too; pytest keeps to another."""
    tmp_path_factory.getbasetemp()
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o1777)
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.mark.parametrize(("fixture", "durable"), [("postgres", "off"), ("postgres_durable", "on")])
def test_settings(request: pytest.FixtureRequest, fixture: str, durable: str) -> None:
    """Text is UTF-8 in byte order, time is UTC; only the durable cluster waits for the disk."""
    expected = {
        "server_encoding": "UTF8",
        "lc_collate": "C",
        "lc_ctype": "C",
        "TimeZone": "UTC",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": durable,
        "synchronous_commit": durable,
    }
    cluster = request.getfixturevalue(fixture)
    assert expected == {name: asked(cluster, f"SHOW {name}")[0][0] for name in expected}


def test_only_on_loopback(postgres: Cluster) -> None:
    """No other machine can reach a server that asks nobody for a password."""
    addresses = ["127.0.0.1", "127.0.0.2", "::1"]
    assert [True, False, False] == [accepts(address, postgres.port) for address in addresses]
    rules = "SELECT type, database, user_name, address, netmask, auth_method FROM pg_hba_file_rules"
    everybody = ["all"]
    assert [("host", everybody, everybody, "127.0.0.1", "255.255.255.255", "trust")] == asked(
        postgres, rules
    )


def test_three_roles(postgres: Cluster) -> None:
    """Only the harness is superuser; owner and site can log in and have no other privilege."""
    query = """
        SELECT rolname, rolsuper, rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
        FROM pg_roles WHERE rolcanlogin ORDER BY rolname
    """
    expected = [
        ("headgate_admin", True, True),
        ("headgate_owner", False, False),
        ("headgate_site", False, False),
    ]
    assert expected == asked(postgres, query)
    user = "SELECT current_user"
    assert [[("headgate_owner",)], [("headgate_site",)]] == [
        asked(postgres, user, name) for name in ("owner", "site")
    ]


def test_owner_builds_and_site_may_nothing(postgres: Cluster) -> None:
    """What the site may do in a database is what the owner granted there, and nothing more."""
    postgres.create("roles")
    with psycopg.connect(postgres.url("roles")) as owner:
        owner.execute("CREATE TABLE kept (id integer)")
    with psycopg.connect(postgres.url("roles", "site"), autocommit=True) as site:
        for command in ("SELECT FROM kept", "DROP TABLE kept", "CREATE TABLE other (id integer)"):
            with pytest.raises(errors.InsufficientPrivilege):
                site.execute(command)
    postgres.drop("roles")


def test_copies_of_a_template(postgres: Cluster) -> None:
    """A database made from a template holds its rows; its own changes stay its own."""
    postgres.create("template")
    with psycopg.connect(postgres.url("template")) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 7 AS id")
    name = 'a "copy"/ố?#%'
    postgres.create(name, template="template")
    with psycopg.connect(postgres.url(name)) as owner:
        owner.execute("UPDATE kept SET id = id + 1")
        assert [(8,)] == owner.execute("SELECT id FROM kept").fetchall()
        owner.commit()
        postgres.drop(name)
    with psycopg.connect(postgres.url("template")) as owner:
        assert [(7,)] == owner.execute("SELECT id FROM kept").fetchall()
    postgres.drop("template")
    with pytest.raises(errors.InvalidCatalogName):
        postgres.drop("template")


def test_backend_killed(postgres_durable: Cluster) -> None:
    """A SIGKILL of one connection's process costs the open work and nothing that was committed."""
    url = postgres_durable.url("postgres", "admin")
    with closing(psycopg.connect(url)) as other, closing(psycopg.connect(url)) as killed:
        killed.execute("CREATE TABLE survives AS SELECT 1 AS id")
        killed.commit()
        killed.execute("INSERT INTO survives VALUES (2)")
        os.kill(killed.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT pg_sleep(3600)")

    def answers() -> bool:
        try:
            return [(1,)] == asked(postgres_durable, "SELECT id FROM survives")
        except psycopg.OperationalError:
            return False

    assert in_time(answers)
    os.kill(postgres_durable.pid, 0)


def test_side_by_side() -> None:
    """Two clusters at once share nothing: a database of one is unknown to the other."""
    with private_postgres(fast=True) as one, private_postgres(fast=True) as two:
        assert (one.port, one.folder, one.pid) != (two.port, two.folder, two.pid)
        assert one.port != two.port
        one.create("mine")
        with pytest.raises(psycopg.OperationalError, match='"mine" does not exist'):
            psycopg.connect(two.url("mine"))


@pytest.mark.parametrize("fast", [True, False])
def test_gone_afterwards(temporary: Path, fast: bool) -> None:
    """Nothing is left when the block ends in an error with a transaction still open."""

    def fail_in_the_block() -> None:
        with private_postgres(fast) as cluster:
            assert [cluster.folder] == list(temporary.iterdir())
            assert cluster.pid in processes_under(cluster.folder)
            used.append((cluster, psycopg.connect(cluster.url("postgres"))))
            used[0][1].execute("SELECT 1")
            raise ZeroDivisionError

    used: list[tuple[Cluster, psycopg.Connection]] = []
    with pytest.raises(ZeroDivisionError):
        fail_in_the_block()
    ((cluster, left),) = used
    left.close()
    assert ([], []) == (list(temporary.iterdir()), processes_under(temporary))
    assert not accepts(cluster.host, cluster.port)


HARNESS = """
import time
from tests.servers.postgres import private_postgres
with private_postgres(fast=True) as cluster:
    print("running", flush=True)
    time.sleep(3600)
"""


@pytest.fixture
def harness(temporary: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that starts a cluster under `temporary`, says so and sleeps."""
    with subprocess.Popen(
        [sys.executable, "-c", HARNESS],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as started:
        yield started
        started.kill()


def says_running(harness: subprocess.Popen[bytes]) -> bool:
    """Whether the cluster has come up, once the program has said anything."""
    assert harness.stdout is not None
    return harness.stdout.readline() == b"running\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("sign", ["*/data", "*/data/postmaster.pid", "running"])
def test_killed_harness(
    temporary: Path, harness: subprocess.Popen[bytes], number: signal.Signals, sign: str
) -> None:
    """A run that is killed, be it during initdb, start or use, leaves no process and no folder."""
    if sign == "running":
        assert says_running(harness)
    else:
        assert in_time(lambda: any(temporary.glob(sign)))
    harness.send_signal(number)
    assert in_time(lambda: not list(temporary.iterdir()) and not processes_under(temporary))


def test_everybody_told_to_end(temporary: Path, harness: subprocess.Popen[bytes]) -> None:
    """When a container is stopped, all its processes are told at once; the folder goes too."""
    assert says_running(harness)
    for pid in [*processes_under(temporary), harness.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    assert in_time(lambda: not list(temporary.iterdir()) and not processes_under(temporary))


def test_killed_server(temporary: Path) -> None:
    """A server that is killed under a run leaves nothing, even while the run goes on."""
    with private_postgres(fast=True) as cluster:
        os.kill(cluster.pid, signal.SIGKILL)
        assert in_time(lambda: not list(temporary.iterdir()) and not processes_under(temporary))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_folder_closed_to_the_server(temporary: Path) -> None:
    """Where the server's user may not enter TMPDIR, the error says so and nothing is left."""
    temporary.chmod(0o700)
    with pytest.raises(DidNotStart, match="Permission denied"), private_postgres():
        pass
    assert [] == list(temporary.iterdir())


def test_strict_umask(temporary: Path) -> None:
    """The server reads what was written for it, even where files are made for oneself alone."""
    before = os.umask(0o077)
    try:
        with private_postgres(fast=True) as cluster:
            assert [cluster.folder] == list(temporary.iterdir())
    finally:
        os.umask(before)


def test_deaf_to_the_terminal(postgres: Cluster) -> None:
    """Ctrl-C reaches the test run alone, which still has its server while it ends its tests."""
    assert os.getsid(0) != os.getsid(postgres.pid)


def install(folder: Path, *names: str) -> Path:
    """A folder with programs of these names that only say who they are."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\necho this is no {name}\nexit 3\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as listener:
        listener.bind((servers.HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_port_taken_in_the_meantime(monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    """Two runs at once may want the same port: who comes second takes another."""
    found = iter([taken, servers.free_port()])
    monkeypatch.setattr(servers, "free_port", lambda: next(found))
    with private_postgres(fast=True) as cluster:
        assert [("headgate_site",)] == asked(cluster, "SELECT current_user", "site")


def test_log_in_the_error(temporary: Path, monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    """A server that finds no port, again and again, says why in its own words."""
    ports = [taken] * 2
    monkeypatch.setattr(servers, "free_port", ports.pop)
    monkeypatch.setattr(servers, "PORTS_TRIED_MAX", len(ports))
    with pytest.raises(DidNotStart) as refused, private_postgres():
        pass
    assert 'could not bind IPv4 address "127.0.0.1": Address already in use' in str(refused.value)
    assert ([], [], []) == (ports, list(temporary.iterdir()), processes_under(temporary))


def test_installation_that_does_not_work(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that another port would not mend is told at once, in the program's own words."""
    install(temporary / "debian" / "99" / "bin", "initdb", "postgres")
    monkeypatch.setattr(servers, "DEBIAN_PROGRAMS", temporary / "debian")
    ports = [servers.free_port()]
    monkeypatch.setattr(servers, "free_port", ports.pop)
    with pytest.raises(DidNotStart, match="this is no initdb"), private_postgres():
        pass
    assert [temporary / "debian"] == list(temporary.iterdir())


def test_not_ready_in_time(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server for which nobody waits any longer is ended too."""
    monkeypatch.setattr(servers, "START_SECONDS_MAX", 0)
    with pytest.raises(DidNotStart), private_postgres():
        pass
    assert ([], []) == (list(temporary.iterdir()), processes_under(temporary))


SUITE = """
import tempfile
from pathlib import Path

seen = []

def clusters():
    return set(Path(tempfile.gettempdir()).glob("headgate-postgres-*"))

def test_before():
    assert set() == clusters()

def test_fails(postgres):
    seen.append(postgres)
    assert set() == clusters()

def test_again(postgres):
    assert seen == [postgres]
    assert {postgres.folder} == clusters()

def test_both(postgres, postgres_durable):
    assert {postgres.folder, postgres_durable.folder} == clusters()
"""


def test_fixtures(temporary: Path, pytester: pytest.Pytester) -> None:
    """A suite has one cluster of each kind, from first use on, and leaves none though it fails."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.mkdir("tests").joinpath("system-packages.txt").touch()
    pytester.makepyfile(SUITE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=3, failed=1)
    assert [] == list(temporary.iterdir())


def test_newest_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest Debian server is taken; a client alone is none; PATH comes last."""
    monkeypatch.setattr(servers, "DEBIAN_PROGRAMS", tmp_path / "debian")
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    with pytest.raises(Unavailable, match="make setup"):
        servers.programs()
    elsewhere = install(tmp_path / "elsewhere", "initdb", "postgres")
    assert elsewhere == servers.programs()
    install(tmp_path / "debian" / "9.6" / "bin", "initdb", "postgres")
    newest = install(tmp_path / "debian" / "15" / "bin", "initdb", "postgres")
    install(tmp_path / "debian" / "16" / "bin", "psql")
    assert newest == servers.programs()


def test_root_without_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root on a machine without the user postgres is told so before anything is made."""

    def unknown(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwnam", unknown)
    with pytest.raises(Unavailable, match="root needs the user postgres"), private_postgres():
        pass


def test_for_benches_too() -> None:
    """A bench can have a cluster without pytest."""
    program = "import sys, tests.servers.postgres; sys.exit('pytest' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode
