"""Evidence of a round from a folder: by pillar, or one public benchmark that stands in."""

from pathlib import Path

import pytest

from headgate.core.evaluation.evidence import ItemScore, Rating
from headgate.core.faults import Faulty
from headgate.core.policy.schema import Round
from headgate.readers.evidence_folder import read_folder
from headgate.steps.evaluate import tasks_of
from headgate.steps.notes import NoteCode, note
from tests.readers.evaluations import made
from tests.whole.small import small

ITEMS = "task,item,cluster,team,attempt,score\nitems,i1,c1,{a},1,10000\nitems,i1,c1,{b},1,0\n"
RATINGS = "criterion,rater,team,score,scale_max\nexperts,r1,{a},4,10\nexperts,r1,{b},9,10\n"
BENCHMARK = "item_id,cluster_id,item_date,system,pass1,pass1_cot\n" + "".join(
    f"i{item},c{item},2024-01-01,{system},{score},{score}\n"
    for item in range(3)
    for system, score in (("m1", 10.0), ("m2", 50.0), ("m3", 90.0))
)
TEAMS = ("team-1", "team-2")


def stage(**changes: object) -> Round:
    """The small programme's round."""
    term = small().term
    return term.policy(term.starts).rounds["stage"].model_copy(update=changes)


def folder(path: Path, **files: str) -> Path:
    """A folder with these CSV files."""
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def tasks(evaluation: Round) -> dict[str, tuple[str, ...]]:
    """The tasks of every pillar."""
    return {pillar.id: tuple(tasks_of(pillar)) for pillar in evaluation.pillars}


def test_files_of_pillars_are_read_under_the_teams_own_names(tmp_path: Path) -> None:
    """Rows that name the round's teams are taken as they are, and the pages say what was read."""
    names = {"a": "team-1", "b": "team-2"}
    given = read_folder(
        folder(tmp_path, items=ITEMS.format(**names), experts=RATINGS.format(**names)),
        ["items", "experts"],
    )
    evidence, notes = given.evidence(stage(), TEAMS, tasks(stage()))
    first = ItemScore("items", "i1", "c1", "team-1", 1, 10_000)
    assert first == evidence.items["items"][0]
    assert Rating("experts", "r1", "team-2", 9, 10) == evidence.ratings["experts"][1]
    assert (note(NoteCode.EVIDENCE_FILES, pillars="experts, items"),) == notes


def test_other_names_are_given_to_the_teams_in_order(tmp_path: Path) -> None:
    """Where no name is a team's and there are as many, they are dealt in sorted order."""
    given = read_folder(folder(tmp_path, items=ITEMS.format(a="zeta", b="beta")), ["items"])
    evidence, _ = given.evidence(stage(), TEAMS, tasks(stage()))
    scores = {row.team: row.score for row in evidence.items["items"]}
    assert {"team-1": 0, "team-2": 10_000} == scores


def test_a_stray_name_is_left_for_the_round_to_refuse(tmp_path: Path) -> None:
    """A name beside a team's own is never renamed: it could be a slip that decides a round."""
    given = read_folder(folder(tmp_path, items=ITEMS.format(a="team-1", b="beta")), ["items"])
    evidence, _ = given.evidence(stage(), TEAMS, tasks(stage()))
    assert {"team-1", "beta"} == {row.team for row in evidence.items["items"]}


def test_a_benchmark_stands_in_and_says_so(tmp_path: Path) -> None:
    """Public models stand in for the teams, and whoever reads the results is told."""
    given = read_folder(folder(tmp_path, execution=BENCHMARK), ["items"])
    evidence, notes = given.evidence(stage(), TEAMS, tasks(stage()))
    assert set(TEAMS) == {row.team for row in evidence.items["items"]}
    assert {} == evidence.ratings
    assert [NoteCode.BENCHMARK_ITEMS, NoteCode.BENCHMARK_PLACES] == [one.code for one in notes]


@pytest.mark.parametrize(
    ("pillars", "files", "code"),
    [
        ([], {"execution": BENCHMARK}, "evidence-unused"),
        (["items"], {}, "evidence-missing"),
        (["items"], {"other": "x\n"}, "evidence-missing"),
        (["items"], {"items": "x\n"}, "evidence-column-missing"),
    ],
)
def test_a_folder_that_serves_no_pillar_is_refused(
    pillars: list[str], files: dict[str, str], code: str, tmp_path: Path
) -> None:
    """Nothing that was given is left unused in silence, and nothing missing is made up."""
    path, known = folder(tmp_path, **files), tasks(stage())
    with pytest.raises(Faulty) as refused:
        read_folder(path, pillars).evidence(stage(), TEAMS, known)
    assert code in {fault.code for fault in refused.value.faults}


def test_a_benchmark_needs_a_pillar_of_items(tmp_path: Path) -> None:
    """Items cannot stand in for what experts say."""
    experts = stage(pillars=tuple(p for p in stage().pillars if p.id == "experts"))
    given = read_folder(folder(tmp_path, execution=BENCHMARK), ["experts"])
    with pytest.raises(Faulty) as refused:
        given.evidence(experts, TEAMS, tasks(experts))
    assert ["evidence-unused"] == [fault.code for fault in refused.value.faults]


def test_logs_are_evidence_and_what_was_flagged_is_said(tmp_path: Path) -> None:
    """A manifest's logs stand beside CSV files; whoever reads the results learns of every flag."""
    for team in TEAMS:
        fields = {"model_name": team, "lm_eval_version": team}
        made.lm_eval(tmp_path / team, made.lm_eval_samples(), **fields)
    text = "".join(f"  {team}: {{models: {team}, logs: {team}}}\n" for team in TEAMS)
    tasks_of_logs = "tasks: {items: {items: {log_task: quiz}}}\n"
    (tmp_path / "evidence.yaml").write_text(f"teams:\n{text}{tasks_of_logs}", encoding="utf-8")
    path = folder(tmp_path, experts=RATINGS.format(a="team-1", b="team-2"))
    given = read_folder(path, ["items", "experts"])
    evidence, notes = given.evidence(stage(), TEAMS, tasks(stage()))
    assert 8 == len(evidence.items["items"])
    assert 2 == len(evidence.ratings["experts"])
    flagged = note(NoteCode.EVIDENCE_FLAGGED, count=1, codes="tool-differs")
    assert (note(NoteCode.EVIDENCE_FILES, pillars="experts, items"), flagged) == notes


def test_other_names_are_never_dealt_where_a_manifest_names_the_teams(tmp_path: Path) -> None:
    """In a real round a name that is no team's is a fault, and never a team by alphabet."""
    (tmp_path / "evidence.yaml").write_text("teams: {team-1: {}, team-2: {}}\n", encoding="utf-8")
    path = folder(tmp_path, items=ITEMS.format(a="zeta", b="beta"))
    evidence, _ = read_folder(path, ["items"]).evidence(stage(), TEAMS, tasks(stage()))
    assert {"zeta", "beta"} == {row.team for row in evidence.items["items"]}
