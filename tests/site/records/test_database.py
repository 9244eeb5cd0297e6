"""What a database promises, whichever it is: it streams, waits its turn, says what fails."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connections

from headgate.core.faults import Faulty
from headgate.core.ledger.entry import transfer_entry
from headgate.site.actions.post import post
from headgate.site.records import database as module
from headgate.site.records.address import connection_settings
from headgate.site.records.database import TABLES, Database, Question, create, opened
from headgate.site.records.journal import ENTRY_COLUMNS, LEG_COLUMNS, _Pen, append, head, standing
from headgate.site.records.unavailable import Unavailable
from tests.core.ledger.builders import CHART, grant, use
from tests.servers.postgres import Cluster

ENDLESS = """
    WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n
"""


@pytest.fixture
def database(address: str) -> Database:
    """An empty ledger on each database in turn."""
    return opened(address)


def fails_with(found: Unavailable, work: Callable[[], object]) -> None:
    """The work ends in one fault, which has this name."""
    with pytest.raises(Faulty) as refused:
        work()
    assert [found.value] == [fault.code for fault in refused.value.faults]


def write(database: Database) -> None:
    """Take the writer's turn and give it back."""
    with database.writing():
        pass


def test_streams(database: Database) -> None:
    """The first rows come though the query has no end, so the whole is never held anywhere."""
    with database.reading():
        rows = database.stream(ENDLESS)
        assert [(1,), (2,), (3,)] == list(islice(rows, 3))
        rows.close()  # type: ignore[attr-defined]
    assert [(1,)] == database.rows("SELECT 1")


def test_reading_is_of_one_moment(database: Database) -> None:
    """A reader sees nothing of what is written while it reads, and does not stop the writer."""
    other = opened(connections_url(database), "other")
    with database.reading():
        before = head(database)
        assert ["CREATED"] == [told.name for told in post(other, CHART, [grant()])]
        assert before == head(database)
    assert 1 == head(database).size


def connections_url(database: Database) -> str:
    """The address of a database, from what Django was told of it."""
    told = connections.settings[database.alias]
    if database.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return f"postgresql://{told['USER']}@{told['HOST']}:{told['PORT']}/{told['NAME']}"


def test_many_keys(database: Database) -> None:
    """A query can be asked for more keys than a statement can have parameters."""
    keys = [str(number) for number in range(1_201)]
    sql = "WITH wanted (key) AS (VALUES {keys}) SELECT key FROM wanted"
    assert [(key,) for key in keys] == database.among(sql, keys, each="(%s)")
    assert [] == database.among(sql, [])


def test_several_questions(database: Database) -> None:
    """Answers come in the order of the questions; nothing asked, nothing answered."""
    questions = [Question(f"SELECT {number}") for number in range(3)]
    assert [[(0,)], [(1,)], [(2,)]] == database.answers(*questions)
    assert [] == database.answers()


@pytest.mark.parametrize("count", [0, 1, 19, 20, 45])
@pytest.mark.parametrize("at_once", [False, True])
def test_inserted_alike(database: Database, count: int, at_once: bool) -> None:
    """However many rows are added, and in whichever way for so many, they are the same rows."""
    uses = [use(1, id=f"use/{n}") for n in range(count)]
    entries = [transfer_entry(transfer) for transfer in (grant(), *uses)]
    with database.writing(at_once=at_once):
        at, ledger = standing(database, ())
        pen = _Pen(at, ledger, CHART)
        for entry, transfer in zip(entries, (grant(), *uses), strict=True):
            pen.write(entry, transfer)
        append(database, at, ledger, CHART, entries)
    kept = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM entry ORDER BY seq"
    assert pen.entries == database.rows(kept)
    kept = f"SELECT {', '.join(LEG_COLUMNS)} FROM leg ORDER BY half"
    assert pen.legs == database.rows(kept)


@pytest.mark.parametrize("at_once", [False, True])
def test_forbidden_row(database: Database, at_once: bool) -> None:
    """What a constraint refuses stays the database's own error, and nothing of it is kept."""
    row = {"seq": 7, "was_seq": 6, "kind": "x", "at": "2026-03-09T12:00:00Z", "subject": "a"}
    row |= {"line": "no", "latest": "", "was_latest": ""}

    def forge() -> None:
        with database.writing(at_once=at_once):
            database.insert("entry", tuple(row), [tuple(row.values())])

    with pytest.raises(DatabaseError):
        forge()
    assert 0 == head(database).size
    assert ["CREATED"] == [told.name for told in post(database, CHART, [grant()])]


def test_another_writes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long for the writer's turn is told so; afterwards the turn comes."""
    monkeypatch.setattr(module, "WAIT_SECONDS", 1)
    other = opened(connections_url(database), "other")
    connections.settings["other"]["OPTIONS"]["timeout"] = 0
    if database.vendor == "postgresql":
        del connections.settings["other"]["OPTIONS"]["timeout"]
    with database.writing():
        database.rows("SELECT 1")
        fails_with(Unavailable.BUSY, lambda: write(other))
    write(other)


def test_tables_missing(postgres: Cluster, tmp_path: Path) -> None:
    """A database in which no ledger was created says so."""
    postgres.create("no_tables")
    for url in (f"sqlite:///{tmp_path}/none.db", postgres.url("no_tables")):
        fails_with(Unavailable.TABLES_MISSING, lambda url=url: head(opened(url)))  # type: ignore[misc]
    connections["default"].close()
    postgres.drop("no_tables")


def test_sqlite_in_the_way(sqlite_address: str, tmp_path: Path) -> None:
    """A file that is none of ours, that may not be written, or that may not grow."""
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"not a database" * 1_000)
    fails_with(Unavailable.DAMAGED, lambda: head(opened(f"sqlite:///{garbage}")))
    fails_with(Unavailable.UNREACHABLE, lambda: head(opened(f"sqlite:///{tmp_path}/no/such.db")))
    database = opened(sqlite_address)
    database.rows("PRAGMA query_only = ON")
    fails_with(Unavailable.READ_ONLY, lambda: post(database, CHART, [grant()]))
    database.rows("PRAGMA query_only = OFF")
    (pages,) = database.rows("PRAGMA page_count")[0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    uses = [use(1, id=f"use/{n}") for n in range(90)]
    fails_with(Unavailable.DISK_FULL, lambda: post(database, CHART, [grant(), *uses]))
    assert 0 == head(database).size
    database.rows("PRAGMA max_page_count = 1000000")
    assert 91 == len(post(database, CHART, [grant(), *uses]))


def test_another_file_was_put_there(sqlite_address: str, tmp_path: Path) -> None:
    """Who restores a file under a service that runs is told; the next deed goes to the new one."""
    database = opened(sqlite_address)
    path = Path(database.where[2])
    write(database)
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    copy.replace(path)
    fails_with(Unavailable.GONE, lambda: post(database, CHART, [grant()]))
    assert 1 == len(post(database, CHART, [grant()]))


CODES = {
    "25006": Unavailable.READ_ONLY,
    "42501": Unavailable.FORBIDDEN,
    "42P01": Unavailable.TABLES_MISSING,
    "53100": Unavailable.DISK_FULL,
    "53300": Unavailable.UNREACHABLE,
    "55P03": Unavailable.BUSY,
    "57P01": Unavailable.UNREACHABLE,
    "58030": Unavailable.DISK_FAILS,
    "XX001": Unavailable.DAMAGED,
}


def test_every_name_is_provoked() -> None:
    """Each name is met by the test below, by the server's own code; one is of SQLite alone."""
    assert set(Unavailable) - {Unavailable.GONE} == set(CODES.values())


@pytest.mark.parametrize(("code", "found"), CODES.items())
def test_postgresql_in_the_way(postgres_address: str, code: str, found: Unavailable) -> None:
    """What the server says of its disk and itself has a name, wherever in an action it comes."""
    database = opened(postgres_address)

    def told() -> None:
        with database.writing(), database.connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE 'told' USING ERRCODE = '{code}'; END $$")

    fails_with(found, told)
    write(database)


def test_role_may_not(postgres_address: str) -> None:
    """The site's role is told by name that it may only read and add."""
    database = opened(postgres_address)
    fails_with(Unavailable.FORBIDDEN, lambda: database.rows("CREATE TABLE other (id bigint)"))


def terminated(postgres: Cluster, database: Database) -> None:
    """Let the server end this connection, as a restart would."""
    (pid,) = database.rows("SELECT pg_backend_pid()")[0]
    name = connections.settings[database.alias]["NAME"]
    admin = opened(postgres.url(name, "admin"), "admin")
    admin.rows("SELECT pg_terminate_backend(%s, 5000)", [pid])


@pytest.mark.parametrize("work", [head, write, lambda database: post(database, CHART, [grant()])])
def test_connection_lost(
    postgres: Cluster, postgres_address: str, work: Callable[[Database], Any]
) -> None:
    """A lost connection is named, whatever was being done; the next call has a new one."""
    database = opened(postgres_address)
    terminated(postgres, database)
    fails_with(Unavailable.UNREACHABLE, lambda: work(database))
    work(database)


def test_connection_lost_within(postgres: Cluster, postgres_address: str) -> None:
    """A connection that is lost in the midst of writing or reading keeps nothing half."""
    database = opened(postgres_address)

    def lose(block: Callable[[], Any]) -> None:
        with block():
            terminated(postgres, database)
            post_rows(database)

    for block in (database.writing, database.reading, lambda: database.writing(at_once=True)):
        fails_with(Unavailable.UNREACHABLE, lambda block=block: lose(block))  # type: ignore[misc]
        assert 0 == head(database).size


def post_rows(database: Database) -> None:
    """Write one transfer's rows inside of whatever is under way."""
    at, ledger = standing(database, [grant()])
    append(database, at, ledger, CHART, [transfer_entry(grant())])


def test_no_server() -> None:
    """Nobody listens at the address."""
    database = opened("postgresql://nobody@127.0.0.1:1/none")
    fails_with(Unavailable.UNREACHABLE, lambda: head(database))


def test_what_an_address_says_of_tls_is_done() -> None:
    """Who asks that the server be proved gets no connection in which it is not."""
    url = "postgresql://bob@db/ledger?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"
    options = connection_settings(f"{url}&connect_timeout=3")["OPTIONS"]
    asked = {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem", "connect_timeout": "3"}
    assert asked == {name: options[name] for name in asked}
    assert "-c search_path=public,pg_temp" == options["options"]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://bob@db/ledger?ssl=true",
        "postgresql://bob@db/ledger?options=-csearch_path%3Dother",
        "postgresql://bob@db/ledger?sslmode=",
        "postgresql://bob@db/ledger?sslmode=disable&sslmode=verify-full",
        "postgresql://bob@db/led@ger",
        "postgresql://bob@db:0/ledger",
        "postgresql://bob@db/ledger%00",
        "sqlite:///./:memory:",
        "sqlite:///ledger.db?mode=ro",
        "sqlite:///ledger#1.db",
    ],
)
def test_no_part_of_an_address_is_dropped(address: str) -> None:
    """What is not understood is refused, with how an address is written."""
    with pytest.raises(Faulty) as refused:
        connection_settings(address)
    (fault,) = refused.value.faults
    assert "database-address" == fault.code
    assert "postgresql://user@host/name" in fault.mend


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://bob:s3cr@et@db:x/ledger?passfile=y", "postgresql://...@db:x/ledger"),
        ("postgresql://db:x/ledger?password=s3cr@et", "postgresql://..."),
        ("bob:s3cret@db/ledger", "...@db/ledger"),
        ("mysql://db/ledger?password=s3cret", "mysql://db/ledger"),
    ],
)
def test_a_refused_address_shows_no_password(address: str, shown: str) -> None:
    """Wherever in an address a password may stand, a complaint about it does not repeat it."""
    with pytest.raises(Faulty) as refused:
        connection_settings(address)
    (fault,) = refused.value.faults
    assert fault.what.startswith(f"{shown} is no database's address: ")


def test_two_who_create_at_once(postgres: Cluster) -> None:
    """One makes the tables, the other finds them there; neither ends with an error."""
    postgres.create("created_twice")

    def made(alias: str) -> set[str]:
        database = opened(postgres.url("created_twice"), alias)
        try:
            create(database)
            return set(database.connection.introspection.table_names())
        finally:
            database.connection.close()

    with ThreadPoolExecutor() as pool:
        for tables in pool.map(made, ("default", "other")):
            assert set(TABLES) <= tables
    postgres.drop("created_twice")
