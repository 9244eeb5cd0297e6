"""A round judged from a folder is the round that the cycle judges, and comes out again."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headgate.cli import app
from headgate.core import canonical
from headgate.core.evaluation.evidence import Evidence
from headgate.core.faults import Faulty
from headgate.evaluating import RESULT, Evaluated, evaluate_folder, rows_of
from headgate.readers.evaluations.findings import Code
from tests.readers.evaluations import made
from tests.whole.small import PROGRAMME, small

RATINGS = "criterion,rater,team,score,scale_max\n" + "".join(
    f"experts,r{rater},{team},{mark + rater},9\n"
    for rater in range(3)
    for team, mark in (("a", 6), ("b", 5), ("c", 1))
)
MANIFEST = """teams:
  a: {models: [model-a], logs: [a]}
  b: {models: [model-b], logs: [b]}
  c: {models: [model-c], logs: [c]}
tasks:
  items:
    items: {log_task: quiz, metric: acc, cluster: passage}
gates:
  own:
    a: {passed: true}
    b: {passed: true, remark: 'one part is another''s'}
    c: {passed: true}
"""
SCORES = {"a": (1.0, 1.0, 1.0, 0.0), "b": (1.0, 0.0, 1.0, 1.0), "c": (0.0, 0.0, 1.0, 0.0)}


def folder(path: Path, manifest: str = MANIFEST) -> Path:
    """A round of three teams: logs of lm-eval, and a panel's marks as CSV."""
    for team, scores in SCORES.items():
        made.lm_eval(path / team, made.lm_eval_samples(scores), model_name=f"model-{team}")
    (path / "experts.csv").write_text(RATINGS, encoding="utf-8")
    (path / "evidence.yaml").write_text(manifest, encoding="utf-8")
    return path


def judged(path: Path, round_id: str = "stage", seed: str | None = None) -> Evaluated:
    """The small programme's round from a folder."""
    return evaluate_folder(str(PROGRAMME), round_id, path, (), seed)


@cache
def kept() -> dict[str, Any]:
    """The cycle's first decisions on the small programme's round, by step and subject."""
    decisions = reversed(small().term.decisions)
    return {f"{one.step}/{one.subject}": one.result for one in decisions}


def test_the_cycles_own_evidence_gives_the_cycles_own_decision(tmp_path: Path) -> None:
    """From the same rows and seed the door gives the cycle's standings and outcome, to the byte."""
    term = small().term
    rows: list[Any] = list(term.facts["evidence/stage"].values)
    findings: list[Any] = list(term.facts["findings/stage"].values)
    evidence = Evidence(
        {"items": tuple(row["item"] for row in rows if "item" in row)},
        {"experts": tuple(row["rating"] for row in rows if "rating" in row)},
    )
    teams = tuple(sorted({row.team for row in evidence.items["items"]}))
    standings = kept()["standings/stage"]
    for name, data in rows_of(teams, evidence, findings).items():
        (tmp_path / name).write_bytes(data)
    again = judged(tmp_path, seed=standings.seed).judged
    assert canonical.line(standings) == canonical.line(again.standings)
    assert canonical.line(kept()["round/stage"]) == canonical.line(again.outcome)
    assert canonical.line(kept()["cut-rule-errors/stage"]) == canonical.line(again.errors)


def test_a_round_from_logs_is_told_to_a_person(tmp_path: Path) -> None:
    """Standings, weights, gates, the rule and each decision are printed; no item's text is."""
    words = ["evaluate", "stage", "--programme", str(PROGRAMME), "--evidence"]
    made_of = CliRunner().invoke(app, [*words, str(folder(tmp_path))])
    assert 0 == made_of.exit_code, made_of.output
    for part in (
        "items: 4 items, 3 teams",
        "experts: 9 ratings by 3 raters",
        "items/items/a: 4 items, mean 0.7500, error",
        "weight  items: 60 of 100",
        "gate  own: b passed",
        "rule  ",
        "decided  c: ",
        "seed  ",
    ):
        assert part in made_of.output
    assert "secret" not in made_of.output


def test_what_is_written_gives_the_same_round_again(tmp_path: Path) -> None:
    """A stranger with the published folder and the policy gets the same bytes; it has no text."""
    words = ["evaluate", "stage", "--programme", str(PROGRAMME), "--evidence"]
    (tmp_path / "in").mkdir()
    first, second = tmp_path / "first", tmp_path / "second"
    for given, out in ((folder(tmp_path / "in"), first), (first, second)):
        result = CliRunner().invoke(app, [*words, str(given), "--out", str(out)])
        assert 0 == result.exit_code, result.output
    assert (first / RESULT).read_bytes() == (second / RESULT).read_bytes()
    assert all(b"secret" not in file.read_bytes() for file in first.rglob("*") if file.is_file())
    refused = CliRunner().invoke(app, [*words, str(first), "--out", str(second)])
    assert 2 == refused.exit_code
    assert "out-exists" in refused.output


def test_the_result_is_json_for_a_machine(tmp_path: Path) -> None:
    """The same canonical line that is written is printed."""
    words = ["evaluate", "stage", "--programme", str(PROGRAMME), "--json", "--evidence"]
    result = CliRunner().invoke(app, [*words, str(folder(tmp_path))])
    told = json.loads(result.output)
    assert {"a", "b", "c"} == {one["team"] for one in told["outcome"]["decisions"]}
    assert judged(tmp_path).result().decode() == result.output


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        (Code.MODEL_OTHER.value, "models: [model-b]", "models: [model-a]"),
        (Code.MANIFEST_WRONG.value, "teams:", "team:"),
        ("evidence-unused", "  items:\n    items:", "  quiz:\n    items:"),
        ("evidence-unused", "    items: {log_task", "    other: {log_task"),
        ("not-found", "    c: {passed: true}\n", ""),
        ("evidence-too-little", "c: {passed: true}", "c: {passed: false}"),
        ("reply-not-heard", "c: {passed: true}", "c: {passed: false}"),
        ("task-not-run", "  c: {models", "  d: {}\n  c: {models"),
    ],
)
def test_a_round_that_lacks_anything_is_refused_by_name(
    code: str, old: str, new: str, tmp_path: Path
) -> None:
    """Nothing is made up for what is missing, and nothing given is left unused in silence."""
    assert 1 == MANIFEST.count(old)
    with pytest.raises(Faulty) as refused:
        judged(folder(tmp_path, MANIFEST.replace(old, new)))
    assert code in {fault.code for fault in refused.value.faults}


def test_an_unknown_round_and_a_stand_in_are_refused(tmp_path: Path) -> None:
    """Only a round of the policy is judged, and nobody by a public benchmark that stands in."""
    with pytest.raises(Faulty) as refused:
        judged(folder(tmp_path), "other")
    assert ["round-unknown"] == [fault.code for fault in refused.value.faults]
    other = tmp_path / "other"
    other.mkdir()
    header = "item_id,cluster_id,item_date,system,pass1,pass1_cot\n"
    (other / "execution.csv").write_text(header + "i,c,2024-01-01,m,10.0,\n", encoding="utf-8")
    with pytest.raises(Faulty) as refused:
        judged(other)
    assert ["evidence-stands-in"] == [fault.code for fault in refused.value.faults]


def test_a_seed_that_is_none_is_refused(tmp_path: Path) -> None:
    """A seed is a digest that nobody could choose."""
    with pytest.raises(Faulty) as refused:
        judged(folder(tmp_path), seed="my lucky seed")
    assert ["seed-not-hexadecimal"] == [fault.code for fault in refused.value.faults]
