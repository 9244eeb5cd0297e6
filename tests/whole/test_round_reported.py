"""What a round says after more was heard, flagged or referred to, and that it verifies."""

import json
from pathlib import Path

import pytest

from headgate.bundle.verify import read_bundle_files
from headgate.core.evaluation.hearings import Ground
from headgate.evaluating import evaluate_folder, verify_round
from headgate.reporting import reports_again, stage_of, write_reports
from tests.whole import alone
from tests.whole.alone import folder_of, objection
from tests.whole.small import PROGRAMME
from tests.whole.test_evaluating import folder

REFERRING = """overlay: plain
because: {en: A round of items alone}
from: 2026-03-01
onwards: true
set:
  rounds.stage.gates: []
  rounds.stage.pillars:
    - {id: items, name: {en: Benchmarks}, kind: items, weight: 100, scaling: share_of_maximum}
  rounds.stage.bars: [{id: world, points: 60, pillar: items, reference: ref, on: estimate}]
"""


def verified(out: Path) -> list[str]:
    """What a stranger has against a folder."""
    verdict = verify_round(read_bundle_files(out), out, reports_again)
    return [str(fault) for fault in verdict.faults]


def test_a_folder_with_flagged_logs_verifies_and_changed_flags_do_not(tmp_path: Path) -> None:
    """The report shows what was flagged; it comes out again from the flags that were signed."""
    given = folder(tmp_path / "in")
    for path in (given / "a").rglob("results*.json"):
        said = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**said, "lm_eval_version": "0.0.1"}), encoding="utf-8")
    evaluated = evaluate_folder(str(PROGRAMME), "stage", given, (), None)
    assert evaluated.flags
    out = tmp_path / "out"
    list(write_reports(evaluated, out, None, ("en",)))
    assert [] == verified(out)
    (out / "flagged.json").write_bytes(b"[]\n")
    assert any("flagged.json" in fault for fault in verified(out))


def test_what_was_heard_stands_in_the_report(tmp_path: Path) -> None:
    """A finding that an objection overturned is told as it stands now, not as it was."""
    policy, given = folder_of(tmp_path, lambda told: told.update(hearings=[objection()]))
    evaluated = evaluate_folder(str(policy), "stage", given, (), None)
    before = {one.subject: one.passed for one in evaluated.findings}
    after = {one.subject: one.passed for one in stage_of(evaluated).evaluation.gate_findings}
    assert (False, True) == (before["c"], after["c"])


def test_further_items_with_their_days_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a hearing brought keep every column that was told of them, and are counted."""
    monkeypatch.setattr(alone, "MARKS", {"a": 7, "b": 5, "c": 5})
    passed = alone.MANIFEST.replace("c: {passed: false, evidence: ", "c: {passed: true, evidence: ")
    monkeypatch.setattr(alone, "MANIFEST", passed)
    more = {"name": "more", "on": "2026-08-01", "ground": Ground.FURTHER_ITEMS.value}
    remedy = ("remedy: lot", "remedy: more_items")
    policy, given = folder_of(tmp_path, lambda told: told.update(hearings=[more]), remedy)
    rows = ["task,item,cluster,team,attempt,score,date"]
    for n in range(60):
        for team, right in (("a", 7), ("b", 6), ("c", 1)):
            rows.append(f"items,n{n},n{n},{team},1,{10_000 * (n % 10 < right)},2026-07-25")
    heard = given / "hearings" / "more"
    heard.mkdir(parents=True)
    (heard / "items.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    evaluated = evaluate_folder(str(policy), "stage", given, (), None)
    out = tmp_path / "out"
    list(write_reports(evaluated, out, None, ("en",)))
    assert [] == verified(out)
    before, after = evaluated.evidence.items["items"], evaluated.after.evidence.items["items"]
    assert len(before) + 180 == len(after)


def test_the_model_that_a_bar_refers_to_is_no_team(tmp_path: Path) -> None:
    """Its rows are read and it takes no place, without a manifest too; it has no report."""
    overlay = tmp_path / "plain.yaml"
    overlay.write_text(REFERRING, encoding="utf-8")
    given = tmp_path / "in"
    given.mkdir()
    rows = ["task,item,cluster,team,attempt,score"]
    for n in range(40):
        for k, team in enumerate(("ref", "a", "b", "c"), start=2):
            rows.append(f"items,i{n},c{n},{team},1,{10_000 * (n % (k + 1) > 0)}")
    (given / "items.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    evaluated = evaluate_folder(str(PROGRAMME), "stage", given, (overlay,), None)
    assert ("a", "b", "c") == evaluated.teams
    own = tmp_path / "own"
    list(write_reports(evaluated, None, own, ("en",)))
    assert {"01-a", "02-b", "03-c"} == {path.name for path in own.iterdir()}
