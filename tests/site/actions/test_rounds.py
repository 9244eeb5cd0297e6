"""A round of a kept programme goes through its stages from a folder, and is heard from a file."""

import json
from collections.abc import Callable
from datetime import date
from itertools import takewhile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.core import canonical
from headgate.core.evaluation.hearings import Hearing
from headgate.evaluating import rows_of
from headgate.readers.evaluations.round_file import RoundFile, Told, round_text
from headgate.readers.facts import Recorded, read_facts
from headgate.site.actions.rounds import ROUND
from headgate.site.actions.take import begin_programme, take_event
from headgate.site.records.database import create, opened
from headgate.steps.evaluate import given_of
from headgate.steps.event import Event, What
from headgate.steps.term import Term
from tests.whole.heard import CLOSES, decided, drawn, failing, objection


@pytest.fixture
def address(tmp_path: Path) -> str:
    """A ledger in which the small programme's round was decided and its lot drawn."""
    return _ledger(tmp_path, lambda _: False)


def _ledger(tmp_path: Path, until: Callable[[Event], bool]) -> str:
    """The term as it was decided, kept event by event up to one of them."""
    term = drawn(decided())
    found = f"sqlite:///{tmp_path / 'heard.db'}"
    database = opened(found, "heard")
    create(database)
    begin_programme(database, term.document)
    for event in takewhile(lambda event: not until(event), term.taken):
        take_event(database, world_of(term), event)
    database.connection.close()
    return found


def world_of(term: Term) -> Recorded:
    """The world of what a term received."""
    return Recorded(
        {name: read_facts(name, name.split("/")[0], f.data) for name, f in term.facts.items()}
    )


@pytest.fixture
def before_freeze(tmp_path: Path) -> str:
    """A ledger in which the round's freeze is due."""
    return _ledger(tmp_path, lambda event: event.what is What.FREEZE_ROUND)


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


def told_folder(path: Path) -> Path:
    """Everything that the round was decided from in memory, as a folder of files."""
    term = drawn(decided())
    given = given_of(term, "stage")
    teams = term.closed["stage"].teams
    for name, data in rows_of(teams, given.evidence, given.findings).items():
        (path / name).write_bytes(data)
    (lot,) = (v for v in term.facts["lots/stage"].values if isinstance(v, Hearing))
    told = Told("lot", CLOSES, lot)
    file = RoundFile(given.frozen, given.conduct, (told,))
    (path / "round.yaml").write_text(round_text(file), "utf-8")
    return path


def test_a_round_goes_through_its_stages_from_a_folder(before_freeze: str, tmp_path: Path) -> None:
    """Freeze, decision and lot are taken as they are due; what a rehearsal decided comes out."""
    folder = told_folder(tmp_path)
    words = ["ledger", "round", "stage", "--evidence", str(folder), "--database", before_freeze]
    first = CliRunner().invoke(app, words)
    assert "freeze round stage on 2026-03-10" in first.output
    early = CliRunner().invoke(app, words)
    assert 2 == early.exit_code
    assert "round-not-due" in early.output
    database, term = opened(before_freeze, "heard"), drawn(decided())
    for event in term.taken:
        if event.day > date(2026, 3, 10) and event.what not in ROUND:
            take_event(database, world_of(term), event)
    database.connection.close()
    assert "alliance" in CliRunner().invoke(app, words).output
    drew = CliRunner().invoke(app, words)
    assert "draw lot stage" in drew.output
    lines = {f"{d.team}: {d.decision.value}, " for d in term.closed["stage"].outcome.decisions}
    assert all(any(shown.startswith(line) for shown in drew.output.splitlines()) for line in lines)


def test_a_round_is_not_frozen_without_every_signature(before_freeze: str, tmp_path: Path) -> None:
    """One team that has not signed is named, and nothing has happened."""
    folder = told_folder(tmp_path)
    path = folder / "round.yaml"
    text = path.read_text("utf-8")
    team = decided().closed["stage"].teams[0]
    path.write_text(text.replace(f'"team":"{team}","key"', '"team":"other","key"'), "utf-8")
    words = ["ledger", "round", "stage", "--evidence", str(folder), "--database", before_freeze]
    refused = CliRunner().invoke(app, words)
    assert 2 == refused.exit_code
    assert f"freeze/{team}" in refused.output
