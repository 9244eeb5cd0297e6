"""What `headgate evaluate` writes for people: two folders, in the languages asked for."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.core.canonical import digest
from headgate.evaluating import evaluate_folder
from headgate.reporting import marks_of, stage_of
from tests.whole.small import PROGRAMME
from tests.whole.test_evaluating import RATINGS, folder

HOSTILE = '= Nhóm <script>alert(1)</script> #panic("x") ' + "가" * 200
ITEMS = "task,item,cluster,team,attempt,score\n" + "".join(
    f"items,i{item},c{item},{team},1,{10_000 if item % n else 0}\n"
    for n, team in ((2, "a"), (3, "b"), (4, "c"))
    for item in range(8)
)


def evaluate(evidence: Path, *words: str) -> Result:
    """The command on the small programme's round."""
    told = ["evaluate", "stage", "--programme", str(PROGRAMME), "--evidence", str(evidence)]
    return CliRunner().invoke(app, [*told, *words])


def names(path: Path) -> set[str]:
    """All files of a folder, by their paths in it."""
    return {str(one.relative_to(path)) for one in path.rglob("*") if one.is_file()}


def test_the_public_and_the_teams_folders_are_two(tmp_path: Path) -> None:
    """The public folder gives the same result and report again; the teams' own lie elsewhere."""
    out, private = tmp_path / "out", tmp_path / "private"
    words = ("--out", str(out), "--private", str(private), "--language", "vi", "--language", "en")
    first = evaluate(folder(tmp_path / "in"), *words)
    assert 0 == first.exit_code, first.output
    reports = {"report.html", "report.pdf", "report.vi.html", "report.vi.pdf"}
    published = {"round.json", "flagged.json", "evidence.yaml", "items.csv", "experts.csv"}
    own = {n for n in names(out) if not n.startswith(("policy/", "lines/", "journal/"))}
    assert published | reports == own
    teams = ("01-a", "02-b", "03-c")
    assert {f"{team}/{name}" for team in teams for name in reports} == names(private)
    again = tmp_path / "again"
    seed = json.loads((out / "round.json").read_text())["seed"]
    second = evaluate(out, "--out", str(again), "--seed", seed, *words[4:])
    assert 0 == second.exit_code, second.output
    same = {name for name in reports if (out / name).read_bytes() == (again / name).read_bytes()}
    assert reports == same
    page = (out / "report.html").read_text()
    assert digest((out / "round.json").read_bytes()) in page
    assert str(tmp_path) not in page


def test_without_a_language_all_are_written(tmp_path: Path) -> None:
    """Nobody has to know the option to find their language."""
    assert 0 == evaluate(folder(tmp_path / "in"), "--out", str(tmp_path / "out")).exit_code
    found = {name for name in names(tmp_path / "out") if name.endswith("html")}
    assert {"report.html", "report.vi.html", "report.ko.html"} == found


@pytest.mark.parametrize(
    ("out", "private", "code"),
    [("in", "new", "out-exists"), ("new", "in", "out-exists"), ("new", "new/own", "private-in")],
)
def test_a_folder_that_is_taken_or_would_publish_is_refused(
    tmp_path: Path, out: str, private: str, code: str
) -> None:
    """Nothing is written over, and no private report into the folder that is published."""
    evidence = folder(tmp_path / "in")
    before = names(tmp_path)
    told = evaluate(evidence, "--out", str(tmp_path / out), "--private", str(tmp_path / private))
    assert 2 == told.exit_code
    assert code in told.output
    assert before == names(tmp_path)


def test_reports_are_written_where_nothing_can_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra the pages are written all the same, and it is said what is missing."""
    monkeypatch.setattr("headgate.reporting.find_spec", lambda _name: None)
    told = evaluate(folder(tmp_path / "in"), "--out", str(tmp_path / "out"))
    assert 0 == told.exit_code
    assert "headgate[site]" in told.output
    assert not [name for name in names(tmp_path / "out") if name.endswith("pdf")]


def test_a_hostile_name_is_a_name(tmp_path: Path) -> None:
    """Whatever a team calls itself, both folders are written and nothing of it is run."""
    evidence, quoted = tmp_path / "in", HOSTILE.replace('"', '""')
    evidence.mkdir()
    for name, text in (("items", ITEMS), ("experts", RATINGS)):
        named = text.replace(",a,", f',"{quoted}",')
        (evidence / f"{name}.csv").write_text(named, encoding="utf-8")
    teams: dict[str, object] = {key: {"models": [], "logs": []} for key in (HOSTILE, "b", "c")}
    gates = {"own": {key: {"passed": True} for key in teams}}
    told = json.dumps({"teams": teams, "gates": gates}, ensure_ascii=False)
    (evidence / "evidence.yaml").write_text(told, encoding="utf-8")
    done = evaluate(evidence, "--out", str(tmp_path / "out"), "--private", str(tmp_path / "own"))
    assert 0 == done.exit_code, done.output
    for path in (*(tmp_path / "out").glob("*.html"), *(tmp_path / "own").glob("*/*.html")):
        assert "<script" not in path.read_text()
    assert 3 == len(list((tmp_path / "own").iterdir()))


def test_marks_are_what_came_in(tmp_path: Path) -> None:
    """A team's mark of a task is what it got of full marks, by so many rows and raters."""
    evaluated = evaluate_folder(str(PROGRAMME), "stage", folder(tmp_path / "in"), (), None)
    marks = {
        (team, one.task): (one.ppm, one.rows, one.judges)
        for team, found in marks_of(evaluated.evidence, evaluated.teams).items()
        for one in found
    }
    assert (750_000, 4, 0) == marks["a", "items"]
    assert ((6 + 7 + 8) * 10**6 // 27, 3, 3) == marks["a", "experts"]
    counted = {
        one.pillar: (one.rows, one.subjects, one.judges) for one in stage_of(evaluated).counted
    }
    assert {"items": (12, 4, 0), "experts": (9, 3, 3)} == counted
