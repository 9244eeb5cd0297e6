"""A ledger is made once, in a database that is fit for it; its service may read and add."""

import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.migrations.executor import MigrationExecutor
from psycopg.sql import SQL, Identifier

from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.transfer import Outcome
from headgate.core.ledger.tree import root
from headgate.readers.facts import Recorded, read_facts
from headgate.site.actions.post import post
from headgate.site.actions.take import rehearse
from headgate.site.records.database import TABLES, Database, create, opened, unmade
from headgate.site.records.journal import head, lines
from headgate.site.verifying.findings import Wrong
from headgate.site.verifying.guards import guard_findings
from tests.core.ledger.builders import CHART, grant
from tests.servers.postgres import Cluster
from tests.whole.small import small

MIGRATION: Final = import_module("headgate.site.records.migrations.0001_ledger")
EMPTY: Final = "migrations_empty"
OLDER_GUARD: Final = """
    CREATE TRIGGER leg_is_guarded BEFORE INSERT ON leg
        WHEN (SELECT foreign_keys FROM pragma_foreign_keys) <> 1
        BEGIN SELECT RAISE(ABORT, 'write through headgate'); END
"""


@pytest.fixture
def empty(postgres: Cluster) -> Iterator[str]:
    """The name of a database that its owner has just made, with nothing in it."""
    postgres.create(EMPTY)
    yield EMPTY
    postgres.drop(EMPTY)


def refused(database: Database) -> Fault:
    """The one fault that stands against making a ledger here; nothing of it was made."""
    with pytest.raises(Faulty) as caught:
        create(database)
    (fault,) = caught.value.faults
    assert not set(TABLES) & set(database.connection.introspection.table_names())
    return fault


def test_every_reason_against_a_database_is_named(
    empty: str, postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sets up reads what is wrong and what to do, and the list of reasons is complete."""
    owner = opened(postgres.url(empty))
    found = set()
    monkeypatch.setattr(settings, "HEADGATE_SITE_ROLE", 'odd "role"')
    fault = refused(owner)
    assert 'CREATE ROLE "odd ""role""" LOGIN;' in fault.mend
    found.add(fault.code)
    for mighty in ("headgate_owner", "headgate_admin"):
        monkeypatch.setattr(settings, "HEADGATE_SITE_ROLE", mighty)
        found.add(refused(owner).code)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    found.add(refused(opened(f"sqlite:///{tmp_path / 'old.db'}")).code)
    monkeypatch.undo()
    monkeypatch.setattr(MIGRATION, "HAS_FTS5", "SELECT 1 WHERE 1 = 0")
    found.add(refused(opened(f"sqlite:///{tmp_path / 'wordless.db'}")).code)
    assert {f"database-{why.name.lower().replace('_', '-')}" for why in MIGRATION.Unfit} == found


def test_database_of_another_encoding_is_refused(postgres: Cluster) -> None:
    """The journal is UTF-8, and its bytes are what is signed."""
    name = "migrations_ascii"
    with psycopg.connect(postgres.url("postgres", "admin"), autocommit=True) as connection:
        make = "CREATE DATABASE {} OWNER headgate_owner ENCODING 'SQL_ASCII' TEMPLATE template0"
        connection.execute(SQL(make).format(Identifier(name)))
    try:
        assert "database-encoding" == refused(opened(postgres.url(name))).code
    finally:
        postgres.drop(name)


def test_role_that_may_not_create_is_refused(empty: str, postgres: Cluster) -> None:
    """The service itself cannot make a ledger, so it cannot make one with other guards."""
    fault = refused(opened(postgres.url(empty, "site")))
    assert fault.code in ("database-create", "database-forbidden")
    assert "permission denied" in fault.what


def test_role_of_the_service_is_made_where_it_may_be(
    empty: str, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who may create roles needs to run nothing before."""
    monkeypatch.setattr(settings, "HEADGATE_SITE_ROLE", 'made "here"')
    database = opened(postgres.url(empty, "admin"))
    create(database)
    try:
        url = postgres.url(empty).replace("headgate_owner", "made%20%22here%22")
        assert (Outcome.CREATED,) == post(opened(url, "made"), CHART, [grant()])
    finally:
        opened(url, "made").connection.close()
        with database.connection.cursor() as cursor:
            cursor.execute('DROP OWNED BY "made ""here"""')
            cursor.execute('DROP ROLE "made ""here"""')


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_making_it_again_changes_nothing(vendor: str, request: pytest.FixtureRequest) -> None:
    """Whoever is not sure whether the ledger was made asks again, with entries in it or without."""
    if vendor == "sqlite":
        database = opened(f"sqlite:///{request.getfixturevalue('tmp_path') / 'ledger.db'}")
        sql = "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        database = opened(cluster.url(request.getfixturevalue("empty")))
        sql = "SELECT oid, relname, relfilenode, relacl::text FROM pg_class ORDER BY 1"
    create(database)
    post(database, CHART, [grant()])
    before = database.rows(sql)
    create(database)
    assert before == database.rows(sql)
    assert 1 == head(database).size


def test_ledger_made_before_has_the_guards_of_one_made_today(tmp_path: Path) -> None:
    """Its rows stay, each of its older guards makes room, and whoever verifies finds nothing."""
    database = opened(f"sqlite:///{tmp_path / 'ledger.db'}")
    create(database)
    post(database, CHART, [grant()])
    ready = unmade(database)
    assert ready == len(_planned(database))
    call_command("migrate", "records", "0003_guards_of_sqlite", verbosity=0)
    for table in TABLES:
        database.rows(f"DROP TRIGGER {table}_is_guarded")
    database.rows(OLDER_GUARD)
    database.rows("DELETE FROM django_migrations WHERE name = '0003_guards_of_sqlite'")
    assert ready + 2 == unmade(database)
    missing = sorted(["entry_has_words", *(f"{table}_is_guarded" for table in TABLES)])
    first, *others = guard_findings(database)
    assert Wrong.TABLES_OLDER is first.wrong
    assert "without 0003_guards_of_sqlite, 0004_words_of_entries" in first.what
    places = [finding.place for finding in others]
    assert ["index entry_other_signs", *(f"trigger {name}" for name in missing)] == places
    create(database)
    assert ([], ready, 1) == (guard_findings(database), unmade(database), head(database).size)


def test_entries_are_found_by_words_whenever_they_were_written(tmp_path: Path) -> None:
    """Those of before the index, and those that come after it, by a part of a word in any case."""
    database = opened(f"sqlite:///{tmp_path / 'ledger.db'}")
    create(database)
    call_command("migrate", "records", "0003_guards_of_sqlite", verbosity=0)
    post(database, CHART, [grant()])
    create(database)
    post(database, CHART, [grant(id="Later/1")])
    found = "SELECT rowid FROM entry_words WHERE entry_words MATCH %s ORDER BY rowid"
    subjects = [subject for (subject,) in database.rows("SELECT subject FROM entry ORDER BY seq")]
    assert [(1,)] == database.rows(found, ['"ater/"']) == database.rows(found, ['"LATER"'])
    assert [(0,)] == database.rows(found, [f'"{subjects[0]}"'])


def _planned(database: Database) -> list[Any]:
    """What Django itself would change."""
    executor = MigrationExecutor(database.connection)
    return [*executor.migration_plan(executor.loader.graph.leaf_nodes())]


def test_a_new_database_lacks_all_that_would_be_made(tmp_path: Path) -> None:
    """As many changes as Django plans, of every part of the site, and none is read to know it."""
    database = opened(f"sqlite:///{tmp_path / 'new.db'}")
    assert 20 < unmade(database) == len(_planned(database))


def test_service_may_read_and_add_and_nothing_else(
    postgres: Cluster, postgres_address: str
) -> None:
    """Every right that PostgreSQL knows of a table: two of them on each, none on anything else."""
    del postgres
    database = opened(postgres_address)
    rights = database.rows("""
        SELECT table_name, privilege_type FROM information_schema.role_table_grants
        WHERE grantee = current_user ORDER BY 1, 2
    """)
    assert [(t, r) for t in sorted(TABLES) for r in ("INSERT", "SELECT")] == rights
    others = database.rows("""
        SELECT count(*) FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND grantee NOT IN (current_user, 'headgate_owner')
    """)
    assert [(0,)] == others


def test_service_runs_a_whole_programme(postgres_address: str) -> None:
    """With these two rights alone it takes a term from its policy to its end."""
    database = opened(postgres_address)
    term = small().term
    facts = {name: _read(name, fact.data) for name, fact in term.facts.items()}
    rehearse(database, term.document, Recorded(facts))
    with database.reading():
        assert term.root() == root(lines(database, 0))


def _read(name: str, data: bytes) -> tuple[object, ...]:
    return read_facts(name, name.split("/", maxsplit=1)[0], data)
