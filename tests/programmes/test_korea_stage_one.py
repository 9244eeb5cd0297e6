"""Korea's first stage (January 2026), as it was published, under its own programme file.

Published are one team's points, the means of five, and what was argued over; totals of four teams
were withheld. What is not known is filled in with figures that match every published one, and each
test says what it rests on. Sources stand with the shared data.
"""

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.conduct import Conduct
from headgate.core.evaluation.decide import Decision, Reason, WildcardVote, decide_wildcards
from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating
from headgate.core.evaluation.freeze import check_frozen, unsigned
from headgate.core.policy.dated import at
from headgate.core.policy.round_rules import Raters
from headgate.core.policy.schema import Remedy, Round
from headgate.core.reallocation.formula import Destination, reallocate
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.steps.agenda import first_day
from headgate.steps.evaluate import Given, Judged, RoundRefused, judge

LG, NAVER, NC = "lg", "naver", "nc"
TEAMS = (LG, NAVER, NC, "skt", "upstage")
TASKS = {"nia": 10, "global": 20, "individual": 10}
ASSUMED: Mapping[str, Mapping[str, str]] = {
    "benchmark": {NAVER: "30.2", "skt": "31.0", "upstage": "29.2", NC: "28.0"},
    "expert": {NAVER: "28.4", "skt": "29.0", "upstage": "27.4", NC: "26.4"},
    "user": {NAVER: "20.4", "skt": "21.0", "upstage": "19.2", NC: "18.2"},
}
"""Points of the four others: withheld, and assumed so that the published means come out."""

CLOSE: Mapping[str, Mapping[str, str]] = {
    **ASSUMED,
    "expert": {**ASSUMED["expert"], "upstage": "25.9", NC: "27.9"},
}
"""Other points of two teams under which every published figure is the same."""

SEED, DOCUMENT = "5eed", "0" * 64


def published(shared: Path) -> dict[str, dict[str, str]]:
    """The published table, by item."""
    path = shared / "data/evaluations/korea-stage1-published/scores.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["item"]: row for row in csv.DictReader(stream)}


def points(
    shared: Path, pillar: str, assumed: Mapping[str, Mapping[str, str]] = ASSUMED
) -> dict[str, Fraction]:
    """Each team's points of a pillar: published for one, assumed for the others."""
    told = published(shared)[f"{pillar}_total"]
    others = {team: Fraction(text) for team, text in assumed[pillar].items()}
    return {LG: Fraction(told["lg_ai_research"]), **others}


@cache
def stage() -> Round:
    """The round of the programme's file, with the published tasks of its benchmark pillar."""
    document = read_programme(find("korea-2025"))
    evaluation = at(document, first_day(document)).policy.rounds["stage"]
    benchmark, *others = evaluation.pillars
    pillars = (benchmark.model_copy(update={"tasks": TASKS}), *others)
    return evaluation.model_copy(update={"pillars": pillars})


def spread(mean: Fraction, size: int, shift: int) -> list[int]:
    """Ten-thousandths around a mean that they have exactly, another order for each team."""
    base = [(n * 7) % 5 - 2 for n in range(size - size % 5)]
    steps = [base[(n + shift) % len(base)] for n in range(len(base))] + [0] * (size % 5)
    return [int(mean * 10_000) + 300 * step for step in steps]


def rows(shared: Path, assumed: Mapping[str, Mapping[str, str]] = ASSUMED) -> Evidence:
    """Fifty items a task, ten experts and 49 users (both published), the points exactly as told."""
    items, own = [], published(shared)
    nia = Fraction(own["nia_benchmark"]["lg_ai_research"])
    for shift, team in enumerate(TEAMS):
        whole = points(shared, "benchmark", assumed)[team]
        share = dict.fromkeys(TASKS, whole / 40)
        if team == LG:
            global_ = Fraction(own["global_common_benchmark"]["lg_ai_research"])
            share = {"nia": nia / 10, "global": global_ / 20, "individual": Fraction(1)}
        for task, mean in share.items():
            scores = [10_000] * 50 if mean == 1 else spread(mean, 50, shift)
            items += [ItemScore(task, f"{n}", f"{n}", team, 1, s) for n, s in enumerate(scores)]
    best = Fraction(4, 5)
    user = {team: best * p / 25 for team, p in points(shared, "user", assumed).items()}
    expert = {team: p / 35 for team, p in points(shared, "expert", assumed).items()}
    return Evidence(
        {"benchmark": tuple(items)},
        {"expert": ratings("expert", expert, 10), "user": ratings("user", user, 49)},
    )


def ratings(criterion: str, shares: Mapping[str, Fraction], raters: int) -> tuple[Rating, ...]:
    """Every rater on every team, in ten-thousandths."""
    return tuple(
        Rating(criterion, f"{criterion}-{n}", team, score, 10_000)
        for shift, (team, share) in enumerate(sorted(shares.items()))
        for n, score in enumerate(rounded(share, raters, shift))
    )


def rounded(share: Fraction, size: int, shift: int) -> list[int]:
    """As `spread`, with what rounding lost put back on the first."""
    scores = spread(share, size, shift)
    scores[0] += int(share * 10_000 * size) - sum(scores)
    return scores


def gates(*failed: str, replied: bool = True) -> tuple[GateFinding, ...]:
    """What was found on independence."""
    return tuple(
        GateFinding(team, "independence", team not in failed, "", (DOCUMENT,), replied)
        for team in TEAMS
    )


def judged(
    shared: Path, findings: Sequence[GateFinding], evaluation: Round | None = None
) -> Judged:
    """The stage by the programme's own round."""
    given = Given(rows(shared), tuple(findings))
    return judge(evaluation or stage(), TEAMS, given, SEED)


def verdicts(told: Judged) -> dict[str, tuple[Decision, Reason]]:
    """What was decided of each team, and why."""
    return {each.team: (each.decision, each.reason) for each in told.outcome.decisions}


def test_the_published_points_come_out_of_the_composite(shared_data: Path) -> None:
    """33.6 + 31.6 + 25.0 = 90.2, and the five teams' means of each pillar and of the whole."""
    told, table = judged(shared_data, gates()).standings, published(shared_data)
    assert Fraction(table["grand_total"]["lg_ai_research"]) * 1000 == told.standing(LG).total_milli
    for pillar in ASSUMED:
        own = [dict(one.points_milli)[pillar] for one in told.standings]
        milli = Fraction(table[f"{pillar}_total"]["five_team_mean"]) * 1000
        assert milli == pytest.approx(Fraction(sum(own), 5), abs=1)
    mean = Fraction(sum(one.total_milli for one in told.standings), 5)
    assert round(mean / 100) == Fraction(table["grand_total"]["five_team_mean"]) * 10


def test_the_users_quarter_brought_two_fifths_of_the_lead(shared_data: Path) -> None:
    """Nominal weights 40, 35, 25; of the leader's lead they brought 30, 29 and 40 percent."""
    weights = judged(shared_data, gates()).standings.effective_weights
    shares = [round((one.lead_share_ppm or 0) / 10_000) for one in weights]
    assert [(40, 31), (35, 29), (25, 40)] == [
        (one.weight, share) for one, share in zip(weights, shares, strict=True)
    ]


def test_from_what_was_published_alone_nobody_can_be_judged(shared_data: Path) -> None:
    """One team's points and a mean are no evidence on four others: the round waits, by name."""
    whole = rows(shared_data)
    alone = Evidence(
        {n: tuple(r for r in of if r.team == LG) for n, of in whole.items.items()},
        {n: tuple(r for r in of if r.team == LG) for n, of in whole.ratings.items()},
    )
    with pytest.raises(RoundRefused) as refused:
        judge(stage(), TEAMS, Given(alone, gates()), SEED)
    codes = {finding.code.value for finding in refused.value.findings}
    assert {"item-not-run", "team-not-rated"} & codes


def test_nobody_is_disqualified_before_it_was_heard(shared_data: Path) -> None:
    """Naver's explanation was "not yet taken into account": the round does not close on that."""
    with pytest.raises(RoundRefused, match="before its reply was heard"):
        judged(shared_data, gates(NAVER, replied=False))


def test_with_one_out_by_the_gate_four_are_left_for_four_places(shared_data: Path) -> None:
    """The plan was to keep four. One fails the gate, four remain, and nobody leaves on points."""
    found = verdicts(judged(shared_data, gates(NAVER)))
    assert (Decision.DISQUALIFIED, Reason.GATE_FAILED) == found.pop(NAVER)
    assert {(Decision.ADVANCE, Reason.PLACES_SUFFICE)} == set(found.values())
    assert 4 == len(found)


def test_the_published_figures_fit_a_cut_and_a_tie_alike(shared_data: Path) -> None:
    """Two sets of withheld totals with the same means: one cuts the last of five, one ties it.

    Whoever withholds totals and intervals has published nothing from which a cut follows.
    """
    apart = judged(shared_data, gates())
    close = judge(stage(), TEAMS, Given(rows(shared_data, CLOSE), gates()), SEED)
    means = [
        {
            pillar: sum(dict(one.points_milli)[pillar] for one in told.standings.standings)
            for pillar in ASSUMED
        }
        for told in (apart, close)
    ]
    assert means[0] == pytest.approx(means[1], abs=2)
    assert apart.standings.standing(LG).points_milli == close.standings.standing(LG).points_milli
    assert Reason.BELOW_THE_LINE is verdicts(apart)[NC][1]
    assert Reason.TIED_AND_STAYS is verdicts(close)[NC][1]
    assert close.errors


def test_a_benchmark_added_during_the_stage_is_named(shared_data: Path) -> None:
    """Team-chosen benchmarks came on 13 January, the stage having begun on the 5th."""
    before = stage()
    benchmark, *others = before.pillars
    tasks = {"nia": 10, "global": 20}
    without = benchmark.model_copy(update={"tasks": tasks})
    signed = unsigned(
        "korea-2025", "stage", before.model_copy(update={"pillars": (without, *others)})
    )
    found = list(check_frozen(signed, unsigned("korea-2025", "stage", before), ()))
    assert ["rounds.stage.pillars"] == [finding.place for finding in found]
    assert published(shared_data)["global_individual_benchmark"]["max_points"] == "10"


def test_users_who_saw_the_names_do_not_count_where_the_rule_is_blind(shared_data: Path) -> None:
    """Names of the firms stood on the 49 users' sheets; under a rule of blind rating they wait."""
    *first, user = stage().pillars
    blind = user.model_copy(update={"raters": Raters(least=30, blind=True)})
    evaluation = stage().model_copy(update={"pillars": (*first, blind)})
    with pytest.raises(RoundRefused) as refused:
        judged(shared_data, gates(), evaluation)
    assert {"not-blind"} == {finding.code.value for finding in refused.value.findings}
    given = Given(rows(shared_data), gates(), conduct=Conduct(blind=("user",)))
    assert judge(evaluation, TEAMS, given, SEED).outcome.decisions


def test_the_second_call_adds_by_a_majority_or_nobody() -> None:
    """Two applied and one was taken; the place may stay empty, and the window is 20 days."""
    rule = stage().wildcard
    assert rule is not None
    assert (date(2026, 2, 12) - date(2026, 1, 23)).days == rule.open_days
    votes = [WildcardVote("motif", 6, 10), WildcardVote("trillion", 5, 10)]
    decided = {each.team: each.decision for each in decide_wildcards(1, votes, rule)}
    assert {"motif": Decision.WILDCARD, "trillion": Decision.CUT} == decided
    nobody = decide_wildcards(1, [WildcardVote("motif", 5, 10)], rule)
    assert {Decision.CUT} == {each.decision for each in nobody}


def test_what_a_leaver_held_is_divided_whole(shared_data: Path) -> None:
    """Two leave with 64 nodes each: survivors, the added team and the pool have all of them."""
    del shared_data
    rule = stage().reallocation
    staying = {LG: 128, "skt": 128, "upstage": 128}
    moved = reallocate(rule, {"b200": 128}, staying, 1, ("motif",))
    assert 128 == sum(movement.blocks for movement in moved)
    added = [m.blocks for m in moved if m.destination is Destination.WILDCARD and m.award]
    assert [51] == added


def test_the_real_round_was_one_of_all_tied_stay_or_it_was_not_fixed() -> None:
    """The file's remedy is assumed and says so: no published rule says what a tie means."""
    document = read_programme(find("korea-2025"))
    assumed = at(document, first_day(document)).assumed(["rounds.stage"])
    assert Remedy.ALL_TIED_STAY is stage().remedy
    assert "rounds.stage.remedy" in assumed
