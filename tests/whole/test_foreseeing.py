"""Before a method is signed anybody can see what its rule costs; the report shows it again."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate.cli import app
from headgate.core import canonical
from headgate.core.faults import Faulty
from headgate.evaluating import forecast
from headgate.report.pages import pages
from headgate.report.speaker import speaker
from tests.whole.small import PROGRAMME
from tests.whole.voted import voted, voted_programme


def test_the_command_says_what_the_rule_costs() -> None:
    """Korea's own plan: every rule, every remedy, what would do, and the digest that teams sign."""
    words = ["foresee", "stage", "--programme", "korea-2025"]
    result = CliRunner().invoke(app, words)
    assert 0 == result.exit_code, result.output
    for part in (
        "neighbours differ by ",
        "  cut always   cuts 100.0 %, wrong ",
        "(the round's own rule)",
        "  tie all_tied_stay: leaves ",
        "  tie lot: leaves ",
        "  all evidence times ",
        "  expert: 10 clusters; ",
        "method  ",
    ):
        assert part in result.output
    assert "0.0 %" not in result.output.replace("100.0 %", "")
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).output)
    assert 4 == len(told["cut_rule_foreseen"])
    assert f"method  {told['method']}" in result.output


def test_what_was_foreseen_is_what_the_cycle_publishes(tmp_path: Path) -> None:
    """The table that stood before the evidence is the table of the bundle, to the byte."""
    kept = {d.step: d.result for d in voted().term.decisions if d.subject == "stage"}
    told = forecast(str(voted_programme(tmp_path)), "stage", ())
    assert canonical.line(kept["cut-rule-foreseen"]) == canonical.line(told.tables)


def test_any_change_of_the_method_changes_its_digest(tmp_path: Path) -> None:
    """What the teams signed cannot be changed in silence: one weight, another digest."""
    programme = voted_programme(tmp_path)
    before = forecast(str(programme), "stage", ()).method
    text = (programme / "programme.yaml").read_text("utf-8")
    assert 1 == text.count("tasks: {chat: 2, code: 1}")
    changed = text.replace("tasks: {chat: 2, code: 1}", "tasks: {chat: 3, code: 1}")
    (programme / "programme.yaml").write_text(changed, "utf-8")
    assert before != forecast(str(programme), "stage", ()).method


def test_a_round_without_a_plan_is_told_what_it_lacks() -> None:
    """No table is made up from sizes that nobody stated."""
    with pytest.raises(Faulty) as refused:
        forecast(str(PROGRAMME), "stage", ())
    assert ["plan-missing"] == [fault.code for fault in refused.value.faults]
    with pytest.raises(Faulty) as refused:
        forecast(str(PROGRAMME), "other", ())
    assert ["round-unknown"] == [fault.code for fault in refused.value.faults]


@pytest.mark.parametrize(("language", "file"), [("en", ""), ("vi", ".vi"), ("ko", ".ko")])
def test_the_report_shows_votes_panels_and_what_was_foreseen(language: str, file: str) -> None:
    """In each language: the plan's table, agreement, strengths, styles, and what would do."""
    text = pages(voted().term, voted().data)[f"report{file}.html"].decode()
    say = speaker(language, {}, "KRW")
    for key in (
        "foreseen.title",
        "foreseen.rules",
        "foreseen.remedies",
        "foreseen.power",
        "panels.title",
        "votes.side",
        "remedy.lot",
        "col.spread_share",
        "needed.note",
    ):
        assert say.say(key).split("'")[0] in text, key
    assert 2 == text.count('id="votes-stage-votes-')
