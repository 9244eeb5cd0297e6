"""A whole round from real evidence of every kind: items, a panel of units, votes with styles."""

import csv
import shutil
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from headgate.bundle.verify import read_bundle_files
from headgate.cli.rounds_told import lines_of
from headgate.core import canonical
from headgate.core.evaluation.evidence import Evidence
from headgate.core.faults import Faulty
from headgate.evaluating import Evaluated, evaluate_folder, verify_round, write_round
from tests.report.test_stage import says
from tests.whole.alone import run
from tests.whole.voted import voted_programme

TOOLS, KINDS = "tool-logs", ("html", "pdf")
LOGS = {
    "lm-eval": (
        "results.json",
        "samples_headgate_demo_mc.jsonl",
        "samples_headgate_demo_gen.jsonl",
    ),
    "inspect-made-here": ("two_epochs_clustered.eval",),
}
TASKS = """tasks:
  items:
    quiz: {log_task: headgate_demo_mc, metric: acc, cluster: passage}
    exam: {log_task: headgate_demo, cluster: passage}
"""
TEAMS = ("east", "north", "south", "west")
MANIFEST = """teams:
{teams}votes:
  votes:
    chat: {{file: crowd.csv, styles: styles.csv}}
    code: {{file: crowd.csv, styles: styles.csv}}
gates:
  own:
    east: {{passed: true}}
    north: {{passed: true}}
    south: {{passed: true}}
    west: {{passed: true}}
"""


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    """A file of the shared data, or a skip that names it."""
    path = folder / "data" / "evaluations" / name
    if not path.is_file():
        pytest.skip(f"no evidence at {path}")
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, columns: list[str], rows: list[list[object]]) -> None:
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def real_evidence(shared: Path, folder: Path) -> Path:
    """Four real systems of each source stand for the four teams, by the order of their names."""
    folder.mkdir()
    items = rows_of(shared, "livecodebench-per-item/execution.csv")
    systems = dict(zip(sorted({row["system"] for row in items}), TEAMS, strict=False))
    columns = ["task", "item", "cluster", "team", "attempt", "score"]
    listed: list[list[object]] = [
        ["items", r["item_id"], r["cluster_id"], systems[r["system"]], 1,
         round(100 * Fraction(r["pass1"]))]
        for r in items if r["system"] in systems
    ]  # fmt: skip
    write(folder / "items.csv", columns, listed)
    rated = [
        row
        for row in rows_of(shared, "wmt23-mqm-expert-panel/ratings.csv")
        if row["language_pair"] == "ende"
    ]
    systems = dict(zip(sorted({row["system"] for row in rated}), TEAMS, strict=False))
    columns = ["criterion", "rater", "team", "score", "scale_max", "unit"]
    marks: list[list[object]] = [
        ["experts", r["rater"], systems[r["system"]],
         max(0, 1_000 - round(10 * Fraction(r["mqm_penalty"]))), 1_000, r["segment"]]
        for r in rated if r["system"] in systems
    ]  # fmt: skip
    write(folder / "experts.csv", columns, marks)
    crowd(shared, folder)
    return folder


def crowd(shared: Path, folder: Path) -> None:
    """The votes on the four systems that met each other most, their styles, and the manifest."""
    votes = rows_of(shared, "llmfao-crowd-votes/votes.csv")
    sides = ("system_left", "system_right")
    often = [name for name, _ in Counter(r[side] for r in votes for side in sides).most_common(4)]
    columns = ["pair_id", "prompt_id", *sides, "voter", "winner"]
    own: list[list[object]] = [
        [row[column] for column in columns]
        for row in votes
        if {row[s] for s in sides} <= set(often)
    ]
    write(folder / "crowd.csv", columns, own)
    styles = rows_of(shared, "llmfao-crowd-votes/response_style.csv")
    told: list[list[object]] = [[r["prompt_id"], r["system"], r["words"]] for r in styles]
    write(folder / "styles.csv", ["prompt_id", "system", "length"], told)
    models = "".join(
        f"  {team}: {{models: ['{system}']}}\n" for team, system in zip(TEAMS, often, strict=True)
    )
    (folder / "evidence.yaml").write_text(MANIFEST.format(teams=models), encoding="utf-8")


def with_logs(shared: Path, folder: Path) -> Path:
    """The same with what lm-eval and Inspect wrote themselves: one model's logs, as each team's."""
    source, manifest = shared / "data" / "evaluations" / TOOLS, folder / "evidence.yaml"
    text = manifest.read_text("utf-8")
    for team in TEAMS:
        for tool, names in LOGS.items():
            (folder / team / tool).mkdir(parents=True)
            for name in names:
                shutil.copyfile(source / tool / name, folder / team / tool / name)
        begins, ends = f"  {team}: {{models: [", f"], logs: {team}}}\n"
        text = text.replace(begins, f"{begins}i82qcls7, mockllm/model, ").replace("]}\n", ends, 1)
    manifest.write_text(text.replace("votes:\n", TASKS + "votes:\n", 1), "utf-8")
    return folder


def programme_of(folder: Path) -> Path:
    """The programme whose exam has a task of rows, one of lm-eval and one of Inspect."""
    programme = voted_programme(folder)
    text = (programme / "programme.yaml").read_text("utf-8")
    exam = "kind: items, weight: 60,"
    assert 1 == text.count(exam)
    text = text.replace(exam, f"{exam} tasks: {{items: 3, quiz: 1, exam: 1}},")
    (programme / "programme.yaml").write_text(text, "utf-8")
    return programme


def test_the_command_takes_every_kind_of_evidence_to_reports_that_verify(
    shared_data: Path, tmp_path: Path
) -> None:
    """Rows, logs of two tools, a panel of units, votes with styles: judged, told, derived again."""
    folder = with_logs(shared_data, real_evidence(shared_data, tmp_path / "evidence"))
    programme, out, own = str(programme_of(tmp_path)), tmp_path / "out", tmp_path / "own"
    words = ("--programme", programme, "--evidence", str(folder), "--out", str(out))
    said = run("evaluate", "stage", *words, "--private", str(own))
    for part in ("items/quiz/east: 30 items", "items/exam/west: 30 items", "1248 ratings"):
        assert part in said, said
    verified = run("verify", str(out))
    assert "signed by" in verified
    assert "NOT" not in verified
    written = {path.name for path in out.iterdir()}
    assert {f"report{one}.{kind}" for one in ("", ".vi", ".ko") for kind in KINDS} <= written
    assert 4 == len(list(own.glob("*/report.ko.pdf")))
    page = (out / "report.html").read_text("utf-8")
    assert says("en").say("errors.title") in page
    assert says("en").say("foreseen.rules") in page


@pytest.fixture
def judged(shared_data: Path, tmp_path: Path) -> Evaluated:
    """The round from the shared data."""
    folder = real_evidence(shared_data, tmp_path / "evidence")
    return evaluate_folder(str(voted_programme(tmp_path)), "stage", folder, (), None)


def test_every_kind_of_evidence_makes_one_round(judged: Evaluated, tmp_path: Path) -> None:
    """All teams stand, the error table of the rule is there, and a stranger gets the same bytes."""
    assert set(TEAMS) == {one.team for one in judged.judged.standings.standings}
    assert judged.judged.errors
    assert {"items", "experts", "votes"} == {
        *judged.evidence.items, *judged.evidence.ratings, *judged.evidence.votes,
    }  # fmt: skip
    out = tmp_path / "out"
    write_round(judged, out)
    again = evaluate_folder(str(tmp_path / "voted"), "stage", out, (), None)
    assert judged.result() == again.result()
    verdict = verify_round(read_bundle_files(out), out)
    assert [] == list(verdict.faults)
    (out / "items.csv").write_bytes(
        (out / "items.csv").read_bytes().replace(b"items,", b"items,x", 1)
    )
    changed = verify_round(read_bundle_files(out), out)
    assert "file-changed" in {fault.code for fault in changed.faults}
    text = "\n".join(lines_of(judged))
    assert "style length adds" in text
    assert "raters, agreement 0." in text


def test_a_system_that_is_no_teams_is_refused(shared_data: Path, tmp_path: Path) -> None:
    """Votes on a fifth system are neither dropped nor counted."""
    folder = real_evidence(shared_data, tmp_path / "evidence")
    with (folder / "crowd.csv").open("a", encoding="utf-8") as file:
        file.write("9,8,Nobody,Nobody else,1,left\n")
    with pytest.raises(Faulty) as faulty:
        evaluate_folder(str(voted_programme(tmp_path)), "stage", folder, (), None)
    assert "evidence-system-unknown" in {fault.code for fault in faulty.value.faults}


def test_evidence_is_hashes_and_numbers(judged: Evaluated) -> None:
    """What is published of a round can be written canonically: no float came in."""
    assert isinstance(judged.evidence, Evidence)
    assert canonical.line(judged.evidence)


def test_a_screen_asks_and_decides_nothing(shared_data: Path, tmp_path: Path) -> None:
    """Dates of items and of training add lines and rows; standings and decisions stay."""
    programme = str(voted_programme(tmp_path))
    plain = real_evidence(shared_data, tmp_path / "plain")
    before = evaluate_folder(programme, "stage", plain, (), "5eed")
    dated = real_evidence(shared_data, tmp_path / "dated")
    days = {
        row["item_id"]: row["item_date"]
        for row in rows_of(shared_data, "livecodebench-per-item/execution.csv")
    }
    lines = (dated / "items.csv").read_text("utf-8").splitlines()
    told = [f"{line},{days[line.split(',')[1]]}" for line in lines[1:]]
    (dated / "items.csv").write_text("\n".join([f"{lines[0]},date", *told, ""]), "utf-8")
    manifest = dated / "evidence.yaml"
    text, stated = manifest.read_text("utf-8"), "east: {trained_until: 2023-08-15, models"
    manifest.write_text(text.replace("east: {models", stated), "utf-8")
    after = evaluate_folder(programme, "stage", dated, (), "5eed")
    assert before.judged == after.judged
    assert () == before.screened
    (screen,) = after.screened
    assert ("items", "east") == (screen.pillar, screen.team)
    assert screen.hearing is not None
    assert any(line.startswith("screen  items: east, ") for line in lines_of(after))
    write_round(after, tmp_path / "out")
    again = evaluate_folder(programme, "stage", tmp_path / "out", (), "5eed")
    assert after.result() == again.result()
