"""What is promised of hearings on a kept programme: taken by name from a file, once, or refused."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.core import canonical
from headgate.core.evaluation.hearings import Hearing
from headgate.readers.facts import Recorded, read_facts
from headgate.site.actions.take import begin_programme, take_event
from headgate.site.records.database import create, opened
from tests.whole.heard import decided, drawn, failing, objection


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A ledger in which the small programme's round was decided and its lot drawn."""
    term = drawn(decided())
    world = Recorded(
        {name: read_facts(name, name.split("/")[0], f.data) for name, f in term.facts.items()}
    )
    found = f"sqlite:///{tmp_path / 'heard.db'}"
    database = opened(found, "heard")
    create(database)
    begin_programme(database, term.document)
    for event in term.taken:
        take_event(database, world, event)
    database.connection.close()
    return found


def hear(address: str, folder: Path, name: str = "c-objects") -> Result:
    """The command that an officer types."""
    words = ["ledger", "hear", "stage", name, "--evidence", str(folder), "--database", address]
    return CliRunner().invoke(app, words)


def folder_of(path: Path, hearing: Hearing) -> Path:
    """A folder whose round.yaml tells of one hearing."""
    told = json.loads(canonical.line(hearing))
    kept = {name: value for name, value in told.items() if value and name != "round"}
    line = json.dumps([{"name": "c-objects", "on": "2026-07-25", **kept}])
    (path / "round.yaml").write_text(f"hearings: {line}\n", "utf-8")
    return path


def test_an_upheld_objection_is_heard_from_a_file_once(address: str, tmp_path: Path) -> None:
    """Each team's decision is told; the same name a second time is refused."""
    team = failing(decided())
    folder = folder_of(tmp_path, objection(decided()))
    first = hear(address, folder)
    assert 0 == first.exit_code, first.output
    assert f"{team}: " in first.output
    assert "gate-failed" not in first.output
    again = hear(address, folder)
    assert 2 == again.exit_code
    assert "event-name-taken" in again.output


def test_what_no_file_tells_of_is_not_heard(address: str, tmp_path: Path) -> None:
    """A name that is not in the file, and a team that is none, are refused by name."""
    folder = folder_of(tmp_path, objection(decided()))
    assert "hearing-unknown" in hear(address, folder, "nobody").output
    text = (folder / "round.yaml").read_text("utf-8")
    team = failing(decided())
    changed = text.replace(f'"objector": "{team}"', '"objector": "nobody"')
    (folder / "round.yaml").write_text(changed, "utf-8")
    assert "hearing-objector-unknown" in hear(address, folder).output
