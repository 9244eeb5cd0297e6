"""Empty ledgers for tests: made once for each database, then copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.utils.translation import deactivate

from headgate.site.records.database import create, opened, set_up
from tests.servers.postgres import Cluster

SITE_USER = "site"

# Models can be imported only once Django is there.
set_up()


@pytest.fixture(autouse=True)
def connections_end() -> Iterator[None]:
    """No connection outlives its test, nor the language of the last page that it asked for."""
    set_up()
    yield
    deactivate()
    for connection in connections.all(initialized_only=True):
        connection.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty ledger in one file, with nobody connected: copy the file to have another."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    database = opened(f"sqlite:///{path}", "template")
    create(database)
    database.connection.close()
    return path


@pytest.fixture
def sqlite_address(sqlite_template: Path, tmp_path: Path) -> str:
    """Where an empty ledger lies that is this test's own, on SQLite."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'ledger.db')}"


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    """The name of an empty ledger on PostgreSQL, with nobody connected, to make others from."""
    name = "ledger_template"
    postgres.create(name)
    database = opened(postgres.url(name), "template")
    create(database)
    database.connection.close()
    return name


@pytest.fixture
def postgres_address(
    postgres: Cluster, postgres_template: str, request: pytest.FixtureRequest
) -> Iterator[str]:
    """Where an empty ledger lies that is this test's own, on PostgreSQL, as the site's role."""
    name = f"ledger_{abs(hash(request.node.nodeid)):x}"
    postgres.create(name, postgres_template)
    yield postgres.url(name, SITE_USER)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> str:
    """An empty ledger on each database in turn: only the one in turn is made."""
    fixture = {"sqlite": "sqlite_address", "postgresql": "postgres_address"}[request.param]
    told: str = request.getfixturevalue(fixture)
    return told
