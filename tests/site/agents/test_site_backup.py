"""A backup carries a whole site: ledger, people, agents, notices; from any database to any."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.cli import app
from headgate.core.faults import Faulty
from headgate.site.actions.agents import announce
from headgate.site.agents.models import Agent, Attempt, Outage
from headgate.site.backup import COLUMNS, MANIFEST, backup, restore
from headgate.site.desk.office import SITE
from headgate.site.portal.models import Person
from headgate.site.records.database import Database, create, opened
from headgate.site.verifying import verify_database
from headgate.site.working_tables import working
from tests.site.agents.conftest import NOW, Country, at
from tests.site.agents.test_agents import DAY, jobs, later, operator, told
from tests.site.desk.conftest import lone_site, postgres_site, served_site, site, site_template

__all__ = ["lone_site", "postgres_site", "served_site", "site", "site_template"]


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, the ledger's and the site's."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for table, model in working().items():
        found[table] = list(model._base_manager.order_by("pk").values_list())
    for table, columns in COLUMNS.items():
        found[table] = sorted(database.rows(f"SELECT {', '.join(columns)} FROM {table}"), key=repr)
    return found


@pytest.fixture
def lived(country: Country) -> Country:
    """A portal in its second term: agents have told use, an outage is announced."""
    country.north.restart(jobs=jobs("north"))
    for centre in (country.north, country.south):
        centre.look(NOW)
        centre.look(later(3 * DAY))
    announce(operator(), "south", at(NOW), None, "물 새는 냉각기 – rò rỉ", at(NOW))
    return country


def test_a_site_goes_into_either_database_whole_and_goes_on_there(
    lived: Country, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every row is there again, all is derived again, agents go on, numbers go on after the old."""
    before, path = everything(SITE), tmp_path / "site.zip"
    assert 0 < backup(SITE, path).private
    assert 0o600 == path.stat().st_mode & 0o777
    for name in ("lone_site", "served_site"):
        request.getfixturevalue(name)
        restore(path, SITE)
        assert before == everything(SITE)
        assert () == verify_database(SITE).faults
        again = tmp_path / f"{name}.zip"
        backup(SITE, again)
        assert _members(path) == _members(again), "the same file from either database"
        numbers = set(Person.objects.values_list("pk", flat=True))
        assert Person.objects.create(username="new").pk not in numbers
        attempts = told()
        assert [] == lived.north.look(later(4 * DAY)).faults, "with its old credential"
        assert attempts.keys() <= told().keys()
        assert "rò rỉ" in Outage.objects.get().text
        assert "backup-database-full" == _code(path, SITE)


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_sessions_stay_and_secrets_are_digests(lived: Country, tmp_path: Path) -> None:
    """Nobody signed in is signed in elsewhere, and no credential of an agent is in the file."""
    backup(SITE, tmp_path / "site.zip")
    held = _members(tmp_path / "site.zip")
    assert not [name for name in held if "session" in name]
    assert Agent.objects.get(site="north").token.encode() in held["agents_agent.jsonl"]
    assert lived.north.token.encode() not in b"".join(held.values())
    assert Attempt.objects.count() + 1 == held["agents_attempt.jsonl"].count(b"\n")


def _code(path: Path, database: Database) -> str:
    with pytest.raises(Faulty) as caught:
        restore(path, database)
    return caught.value.faults[0].code


@pytest.mark.usefixtures("lived")
def test_a_site_is_restored_into_a_site_of_its_version_alone(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A ledger's tables alone, people who are there, another version's tables: each by its name."""
    path = tmp_path / "site.zip"
    backup(SITE, path)
    bare = opened(f"sqlite:///{tmp_path / 'bare.db'}", "bare")
    create(bare)
    assert "backup-site-missing" == _code(path, bare)
    held = _members(path)
    told = json.loads(held[MANIFEST])
    told["tables"]["agents_other"] = told["tables"].pop("agents_agent")
    held["agents_other.jsonl"] = held.pop("agents_agent.jsonl")
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**held, MANIFEST: json.dumps(told).encode()}.items():
            archive.writestr(name, data)
    request.getfixturevalue("lone_site")
    assert "backup-site-other" == _code(other, SITE)
    Person.objects.create(username="somebody", date_joined=datetime(2026, 1, 1, tzinfo=UTC))
    assert "backup-database-full" == _code(path, SITE)


@pytest.mark.usefixtures("lived")
def test_the_commands_say_what_is_private(begun_address: str, tmp_path: Path) -> None:
    """One door each way, for a site as for a ledger, with a word on what the file holds."""
    words = ("backup", str(tmp_path / "site.zip"), "--database", begun_address)
    done = CliRunner().invoke(app, list(words))
    assert (0, True) == (done.exit_code, "as private as they are" in done.output), done.output
    again = CliRunner().invoke(app, ["ledger", *words])
    assert (2, True) == (again.exit_code, "[backup-file-taken]" in again.output)
