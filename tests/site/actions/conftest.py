"""Ledgers in which the small programme has begun: made once on SQLite, then copied."""

import shutil
from pathlib import Path

import pytest

from headgate.site.records.database import Database, opened
from tests.site.actions.metered import begin, template


@pytest.fixture(scope="session")
def begun_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in one file whose awards may be used, with nobody connected."""
    return template(tmp_path_factory.mktemp("begun"), sqlite_template)


@pytest.fixture
def begun_address(begun_template: Path, tmp_path: Path) -> str:
    """Where such a ledger lies that is this test's own."""
    return f"sqlite:///{shutil.copy(begun_template, tmp_path / 'begun.db')}"


@pytest.fixture
def begun(begun_address: str) -> Database:
    """A ledger on SQLite whose awards may be used."""
    return opened(begun_address)


@pytest.fixture(params=["sqlite", "postgresql"])
def begun_on_each(request: pytest.FixtureRequest) -> Database:
    """The same on each database in turn."""
    if request.param == "sqlite":
        found: Database = request.getfixturevalue("begun")
        return found
    database = opened(request.getfixturevalue("postgres_address"))
    begin(database)
    return database
