"""The same words make other rounds: absolute only, a reference to come near to, one in Vietnam."""

import re
from pathlib import Path

import pytest

from headgate.core.evaluation.decide import Decision, Reason
from headgate.evaluating import Evaluated, evaluate_folder
from tests.whole.alone import DECLARED, Told, evidence, folder_of, programme, run, told, write

WILDCARD = "    wildcard: {open_days: 20, majority: 1/2, may_choose_none: true}\n"
ABSOLUTE = (
    ("stay: {least: 2, most: 2}", "stay: {least: 0, most: 2}"),
    (WILDCARD, ""),
)
"""Two teams, two places: nobody is measured against another, each against what it declared."""

VIETNAM = (
    ("{en: A small programme}", "{en: National AI, vi: Chương trình AI quốc gia}"),
    ("country: KR", "country: VN"),
    ("currency: KRW", "currency: VND"),
    ("timezone: Asia/Seoul", "timezone: Asia/Ho_Chi_Minh"),
    ("{en: The stage evaluation}", "{en: The stage evaluation, vi: Đánh giá giai đoạn}"),
    ("{en: Own work}", "{en: Own work, vi: Tự phát triển}"),
    ("remedy: lot", "remedy: all_tied_stay"),
)
UNFROZEN = ("    freeze: {on: 2026-03-10}\n", "")
REFERENCE = (
    (DECLARED, "    bars: [{id: near, points: 95, pillar: items, reference: best, on: BAR}]\n"),
)


def round_of(base: Path, teams: str, *changes: tuple[str, str], more: str = "") -> Evaluated:
    """A round of some teams under a changed policy, with rows added to its items."""
    policy, folder = programme(base, *changes), base / "evidence"
    folder.mkdir()
    evidence(folder)
    for name in ("items.csv", "experts.csv"):
        lines = (folder / name).read_text("utf-8").splitlines(keepends=True)
        column = 3 if name == "items.csv" else 2
        kept = [line for line in lines[1:] if line.split(",")[column] in teams]
        extra = more if name == "items.csv" else ""
        (folder / name).write_text("".join([lines[0], *kept]) + extra, "utf-8")
    passed = "".join(f"    {team}: {{passed: true}}\n" for team in teams)
    named = ", ".join(f"{team}: {{}}" for team in teams)
    (folder / "evidence.yaml").write_text(f"teams: {{{named}}}\ngates:\n  own:\n{passed}", "utf-8")
    sections = told(*changes)
    for name in ("hand_overs", "submissions"):
        sections[name] = [one for one in sections[name] if one["team"] in teams]
    signed = sections["freeze"]["signed"]
    sections["freeze"]["signed"] = [one for one in signed if one["team"] in teams]
    for name in ("notices", *(["freeze"] if UNFROZEN in changes else [])):
        del sections[name]
    write(folder, sections)
    return evaluate_folder(str(policy), "stage", folder, (), None)


def reasons(evaluated: Evaluated) -> dict[str, Reason]:
    """Why, by team."""
    return {one.team: one.reason for one in evaluated.judged.outcome.decisions}


def test_two_teams_are_held_against_what_each_declared_and_not_each_other(tmp_path: Path) -> None:
    """Who reaches its own target goes on, who misses it stops; nobody is cut by a place."""
    found = round_of(tmp_path, "ac", *ABSOLUTE)
    assert {"a": Reason.PLACES_SUFFICE, "c": Reason.BAR_NOT_MET} == reasons(found)
    stopped = next(one for one in found.judged.outcome.decisions if one.team == "c")
    assert (Decision.STOP, ("own",)) == (stopped.decision, stopped.names)
    margins = {bar.team: bar.margin_milli for bar in found.judged.standings.bars}
    totals = {one.team: one.total_milli for one in found.judged.standings.standings}
    assert {team: totals[team] - 40_000 for team in "ac"} == margins
    assert 0 == found.judged.outcome.places_left


@pytest.mark.parametrize(
    ("on", "stops"), [("estimate", {"b", "c"}), ("lower_limit", {"a", "b", "c"})]
)
def test_a_bar_says_whether_the_estimate_or_its_lower_limit_must_pass(
    on: str, stops: set[str], tmp_path: Path
) -> None:
    """95 percent of a reference on the same items: met by the estimate, not by the lower limit."""
    best = "".join(f"items,i{n},i{n},best,1,{10_000 * ((n + 3) % 10 < 7)}\n" for n in range(40))
    changed = [(old, new.replace("BAR", on)) for old, new in REFERENCE]
    found = round_of(tmp_path, "abc", *changed, UNFROZEN, more=best)
    missed = {t for t, why in reasons(found).items() if why is Reason.BAR_NOT_MET}
    assert stops == missed


def test_a_vietnamese_programme_is_told_in_its_own_words(tmp_path: Path) -> None:
    """Another country needs another folder; names of round and gate travel in its language."""
    found = round_of(tmp_path, "abc", *VIETNAM)
    section = found.term.policy(found.term.starts).rounds["stage"]
    assert ("Đánh giá giai đoạn", "Tự phát triển") == (section.name.vi, section.gates[0].name.vi)
    assert {"a", "b", "c"} == set(reasons(found))
    policy = str(tmp_path / "programme")
    words = ("--programme", policy, "--evidence", str(tmp_path / "evidence"))
    output = run("evaluate", "stage", *words)
    assert "model  a: " in output
    assert "last day  a: 2026-07-01" in output


def test_a_team_that_handed_in_nothing_is_decided_by_its_gate_and_holds_nobody_up(
    tmp_path: Path,
) -> None:
    """No figure is made up for it; the others are judged, and all reports come out and verify."""
    policy, folder = folder_of(tmp_path, without_c)
    for name in ("items.csv", "experts.csv"):
        rows = (folder / name).read_text("utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(r for r in rows if ",c," not in r), "utf-8")
    found = evaluate_folder(str(policy), "stage", folder, (), None)
    assert {"a", "b"} == {one.team for one in found.judged.standings.standings}
    assert Reason.GATE_FAILED is reasons(found)["c"]
    words = ["--programme", str(policy), "--evidence", str(folder), "--language", "en"]
    words += ["--out", str(tmp_path / "out"), "--private", str(tmp_path / "own")]
    assert "decided  c: disqualified" in run("evaluate", "stage", *words)
    assert "NOT" not in run("verify", str(tmp_path / "out"))
    manifest = folder / "evidence.yaml"
    passed = manifest.read_text("utf-8").replace("c: {passed: false", "c: {passed: true")
    manifest.write_text(passed, "utf-8")
    assert "submission-missing" in run("evaluate", "stage", *words[:4])


def without_c(sections: Told) -> None:
    """The third team handed in no model."""
    sections["submissions"] = [one for one in sections["submissions"] if one["team"] != "c"]


def test_the_round_of_the_guide_is_a_round(tmp_path: Path) -> None:
    """What `docs/using/round.md` shows can be copied: it contradicts itself nowhere."""
    guide = (Path(__file__).parents[2] / "docs" / "using" / "round.md").read_text("utf-8")
    shown = re.findall(r"(?ms)^```yaml\n(rounds:.*?)^```", guide)
    assert 1 == len(shown)
    policy = programme(tmp_path)
    text = (policy / "programme.yaml").read_text("utf-8")
    text = text[: text.index("rounds:\n")] + shown[0]
    (policy / "programme.yaml").write_text(text, "utf-8")
    assert "no faults" in run("check", str(policy))
