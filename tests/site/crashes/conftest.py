"""What the crash tests stand on: a nursery, and databases as they are before each flow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.site.records.database import create, opened
from tests.servers.postgres import Cluster
from tests.site.crashes.nursery import Nursery
from tests.site.crashes.stage import OnPostgres, OnSqlite, Stage


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where processes come from."""
    with Nursery() as made:
        yield made


@pytest.fixture(scope="session")
def sqlite_stage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Ledgers on SQLite."""
    return OnSqlite(tmp_path_factory.mktemp("stage"), str(sqlite_template))


@pytest.fixture(scope="session")
def postgres_stage(
    postgres: Cluster, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    """Ledgers on PostgreSQL."""
    return OnPostgres(tmp_path_factory.mktemp("stage"), postgres_template, postgres)


@pytest.fixture(scope="session")
def durable_stage(postgres_durable: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Ledgers on a PostgreSQL that brings every commit to the disk."""
    postgres_durable.create("durable_template")
    database = opened(postgres_durable.url("durable_template"), "template")
    create(database)
    database.connection.close()
    return OnPostgres(tmp_path_factory.mktemp("stage"), "durable_template", postgres_durable)


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """Ledgers on each database in turn."""
    name = {"sqlite": "sqlite_stage", "postgresql": "postgres_stage"}[request.param]
    found: Stage = request.getfixturevalue(name)
    return found
