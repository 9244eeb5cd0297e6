"""Standings: the published points come out, chance is told honestly, and nothing but evidence and
seed decides.
"""

import csv
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from headgate.core import canonical
from headgate.core.evaluation.composite import Refused, composite
from headgate.core.evaluation.cut_errors import ErrorRow, errors_of
from headgate.core.evaluation.estimate import standings
from headgate.core.evaluation.evidence import Evidence, ItemScore
from headgate.core.evaluation.method import Bar, Gate, GateFault, GateFinding, GateOutcome, Method
from headgate.core.policy.schema import BarOn, Scaling
from tests.core.evaluation.rounds import (
    EXAM,
    METHOD,
    PANEL,
    SEED,
    USERS,
    around,
    items,
    judged,
    only,
    ratings,
    synthetic,
)

LEVELS = (0.70, 0.66, 0.62, 0.60, 0.50)
STAGE_TEAMS = ("leader", "second", "third", "fourth", "fifth")


def stage_one() -> tuple[Method, Evidence]:
    """Evidence with the published points of Korea's first stage: the leader's and the means.

    Users rated with the best scaled to full marks, which a published 25.0 of 25 suggests.
    """
    method = replace(
        METHOD, pillars=(EXAM, PANEL, replace(USERS, scaling=Scaling.BEST_IS_FULL)), stay_max=4
    )
    means = {
        "exam": (8_400, 7_600, 7_500, 7_400, 7_100),
        "panel": (3_160, 2_900, 2_800, 2_700, 2_720),
        "users": (9_000, 7_200, 7_100, 7_000, 7_068),
    }
    scores = {
        pillar: {t: around(m, 20, 40 * (n + 1)) for n, (t, m) in enumerate(zipped)}
        for pillar, listed in means.items()
        for zipped in [list(zip(STAGE_TEAMS, listed, strict=True))]
    }
    evidence = Evidence(
        items={"exam": items(scores["exam"])},
        ratings={
            "panel": ratings(scores["panel"], 3_500),
            "users": ratings(scores["users"], 10_000, "use"),
        },
    )
    return method, evidence


def test_the_published_points_of_stage_one_come_out() -> None:
    """33.6 + 31.6 + 25.0 = 90.2 for the leader, and 30.4, 28.56 and 20.76 for the five's means."""
    method, evidence = stage_one()
    result = judged(method, evidence, STAGE_TEAMS)
    leader = result.standings[0]
    assert "leader" == leader.team
    assert (("exam", 33_600), ("panel", 31_600), ("users", 25_000)) == leader.points_milli
    assert 90_200 == leader.total_milli
    columns = zip(*(standing.points_milli for standing in result.standings), strict=True)
    means = [sum(points for _, points in column) / 5 for column in columns]
    assert [30_400, 28_560, 20_760] == pytest.approx(means, abs=1)


def test_the_smallest_pillar_decided_most() -> None:
    """Of the leader's 10.48 points over the mean, users gave 40 % with a nominal weight of 25."""
    method, evidence = stage_one()
    weights = judged(method, evidence, STAGE_TEAMS).effective_weights
    assert [(40, 31), (35, 29), (25, 40)] == [
        (weight.weight, round((weight.lead_share_ppm or 0) / 10_000)) for weight in weights
    ]


def test_without_a_lead_no_pillar_gave_any() -> None:
    """Equal teams have no lead to divide, and that is said instead of 0."""
    evidence = Evidence(items={"exam": items({"a": [1, 2, 3], "b": [1, 2, 3]})})
    result = judged(only(EXAM), evidence, ("a", "b"))
    assert [None] == [weight.lead_share_ppm for weight in result.effective_weights]
    assert [1, 1] == [standing.place for standing in result.standings]
    assert [(500_000, 500_000)] * 2 == [standing.rank_ppm for standing in result.standings]
    assert not result.are_separated("a", "b")


def test_errors_are_scipys_paired_ones_for_single_items() -> None:
    """With an item to a cluster the closed form is the paired t-test's standard error."""
    rng = np.random.default_rng(7)
    hard = rng.normal(6_000, 1_500, 40)
    a, b = (np.rint(hard + rng.normal(at, 300, 40)).astype(int) for at in (500, 0))
    evidence = Evidence(items={"exam": items({"a": a.tolist(), "b": b.tolist()})})
    (difference,) = judged(only(EXAM), evidence, ("a", "b")).differences
    expected = stats.sem(a - b) / 100
    assert expected * 1_000 == pytest.approx(difference.closed_form_milli, abs=1)
    assert expected * 1_000 == pytest.approx(difference.standard_error_milli, rel=0.08)
    unpaired = np.hypot(stats.sem(a), stats.sem(b)) / 100
    assert difference.standard_error_milli < 300 * unpaired


def test_errors_are_clustered() -> None:
    """Items of one passage are not independent: the error is the naive clustered sandwich one."""
    evidence, teams = synthetic(np.random.default_rng(5), LEVELS, clusters=30, in_cluster=4)
    result = judged(only(EXAM), replace(evidence, ratings={}), teams)
    table = {team: np.zeros(120) for team in teams}
    for row in evidence.items["exam"]:
        table[row.team][int(row.item[1:])] = row.score / 100
    for difference in result.differences:
        rest = table[difference.first] - table[difference.second]
        rest = rest - rest.mean()
        by_cluster = [rest[at : at + 4].sum() for at in range(0, 120, 4)]
        expected = np.sqrt(30 / 29 * np.square(by_cluster).sum()) / 120
        assert 1_000 * expected == pytest.approx(difference.closed_form_milli, abs=1)
        assert expected > 1.2 * rest.std(ddof=1) / np.sqrt(120)


def test_errors_of_tasks_add_up_by_their_weights() -> None:
    """Two tasks with clusters of one and of two items: each task's ratio has its own mean."""
    rng = np.random.default_rng(9)
    pillar = replace(EXAM, tasks=(("x", 1), ("y", 3)))
    rows: list[ItemScore] = []
    variance = 0.0
    for (task, weight), mean in zip(pillar.tasks, (6_000, 3_500), strict=True):
        score = np.rint(rng.normal(mean, 900, 30)).astype(int)
        cluster = np.array([at // 2 if at < 20 else at for at in range(30)])
        rows += [
            ItemScore(task, f"i{at:02}", f"c{cluster[at]:02}", team, 1, int(score[at]) * of)
            for at in range(30)
            for team, of in (("a", 1), ("b", 0))
        ]
        rest = score - score.mean()
        sums = [rest[cluster == name].sum() for name in np.unique(cluster)]
        variance += (weight / 4) ** 2 * 20 / 19 * np.square(sums).sum() / 30**2
    (difference,) = judged(
        only(pillar), Evidence(items={"exam": tuple(rows)}), ("a", "b")
    ).differences
    assert 10 * np.sqrt(variance) == pytest.approx(difference.closed_form_milli, abs=1)


def test_draws_and_closed_form_agree_for_every_scaling() -> None:
    """The check beside the resampling: within 6 %, scaled to the best or to an anchor too."""
    evidence, teams = synthetic(np.random.default_rng(6), LEVELS)
    pillars = (
        replace(EXAM, scaling=Scaling.ANCHORED, reference_score=9_500),
        replace(PANEL, adjust_harshness=True),
        replace(USERS, scaling=Scaling.BEST_IS_FULL),
    )
    result = judged(replace(METHOD, pillars=pillars, replicates=5_000), evidence, teams)
    for standing in result.standings:
        drawn = standing.standard_error_milli
        assert standing.closed_form_milli == pytest.approx(drawn, rel=0.06)
    for difference in result.differences:
        drawn = difference.standard_error_milli
        assert difference.closed_form_milli == pytest.approx(drawn, rel=0.06)


def test_full_marks_are_not_exceeded_above_an_anchor() -> None:
    """Whoever beats the reference has all the points, and no chance of more."""
    anchored = replace(EXAM, scaling=Scaling.ANCHORED, reference_score=5_000)
    evidence = Evidence(
        items={"exam": items({"a": around(9_000, 10, 9), "b": around(4_000, 10, 9)})}
    )
    result = judged(only(anchored), evidence, ("a", "b"))
    assert [100_000, 80_000] == [standing.total_milli for standing in result.standings]
    assert [0, 0] == [
        result.standings[0].standard_error_milli,
        result.standings[0].closed_form_milli,
    ]


def test_attempts_are_averaged_inside_the_item() -> None:
    """Ten tries at one item do not outweigh one try at another, and thirds stay exact."""
    rows = [
        *(ItemScore("mathematics", "i1", "c1", "a", n, 10_000 * (n == 1)) for n in (1, 2, 3)),
        ItemScore("mathematics", "i2", "c2", "a", 1, 10_000),
        *items({"b": [0, 0]}),
    ]
    rows = [
        replace(row, item=row.item.replace("i00000", "i1").replace("i00001", "i2")) for row in rows
    ]
    rows = [replace(row, cluster=row.item.replace("i", "c")) for row in rows]
    result = judged(only(EXAM), Evidence(items={"exam": tuple(rows)}), ("a", "b"))
    assert [66_667, 0] == [standing.total_milli for standing in result.standings]


def test_macro_counts_tasks_and_micro_counts_items() -> None:
    """Two easy items of one task and six hard ones of another: 75 % or 62.5 %, as agreed."""
    two = replace(EXAM, tasks=(("easy", 1), ("hard", 1)))
    rows = (
        *items({"a": [10_000, 10_000], "b": [0, 0]}, "easy"),
        *items({"a": [5_000] * 6, "b": [0] * 6}, "hard"),
    )
    for macro, expected in ((True, 75_000), (False, 62_500)):
        method = only(replace(two, macro=macro))
        result = judged(method, Evidence(items={"exam": rows}), ("a", "b"))
        assert expected == result.standings[0].total_milli


def test_weights_of_items_and_tasks_count() -> None:
    """An item of weight 3 counts three times, a task of weight 3 too."""
    rows = tuple(
        replace(row, weight=3 if row.item == "i00000" else 1)
        for row in items({"a": [8_000, 4_000], "b": [0, 0]})
    )
    result = judged(only(EXAM), Evidence(items={"exam": rows}), ("a", "b"))
    assert 70_000 == result.standings[0].total_milli
    two = replace(EXAM, tasks=(("x", 3), ("y", 1)))
    both = (
        *items({"a": [8_000] * 2, "b": [0] * 2}, "x"),
        *items({"a": [4_000] * 2, "b": [0] * 2}, "y"),
    )
    result = judged(only(two), Evidence(items={"exam": both}), ("a", "b"))
    assert 70_000 == result.standings[0].total_milli


def test_each_team_may_be_examined_on_items_of_its_own() -> None:
    """Own items are not paired: the difference is as uncertain as both scores together."""
    own = only(replace(EXAM, common_items=False))
    a, b = around(8_000, 20, 500), around(6_000, 30, 700)
    rows = (*items({"a": a}), *items({"b": b}))
    (difference,) = judged(own, Evidence(items={"exam": rows}), ("a", "b")).differences
    expected = 1_000 * np.hypot(stats.sem(a), stats.sem(b)) / 100
    assert expected == pytest.approx(difference.closed_form_milli, abs=1)
    assert 20_000 == difference.points_milli


def test_harsh_experts_do_not_sink_the_teams_they_saw() -> None:
    """a and b are equally good; the harsh half of the panel saw b more often."""
    seen: dict[str, list[int | None]] = {
        "a": [80, 80, 80, 60, None, 60],
        "b": [None, None, 80, 60, 60, 60],
        "c": [40, 40, 40, 20, 20, 20],
    }
    evidence = Evidence(ratings={"panel": ratings(seen)})
    raw = judged(only(PANEL), evidence, ("a", "b", "c"))
    assert (72_000, 65_000) == (raw.standing("a").total_milli, raw.standing("b").total_milli)
    fair = judged(only(replace(PANEL, adjust_harshness=True)), evidence, ("a", "b", "c"))
    assert fair.standing("a").total_milli == fair.standing("b").total_milli
    ((name, panel),) = fair.panels
    assert "panel" == name
    assert panel.connected
    assert [o.offset > 0 for o in panel.offsets] == [True, True, True, False, False, False]


def test_same_evidence_same_bytes_in_any_order() -> None:
    """Rows and teams may come in any order; the published line is the same, byte for byte."""
    evidence, teams = synthetic(np.random.default_rng(2), LEVELS)
    shuffled = Evidence(
        items={name: tuple(reversed(rows)) for name, rows in evidence.items.items()},
        ratings={
            name: tuple(reversed(rows)) for name, rows in reversed(list(evidence.ratings.items()))
        },
    )
    expected = canonical.line(judged(METHOD, evidence, teams))
    assert expected == canonical.line(judged(METHOD, evidence, teams))
    assert expected == canonical.line(judged(METHOD, shuffled, tuple(reversed(teams))))
    assert expected != canonical.line(judged(METHOD, evidence, teams, seed="5eee"))


def test_a_published_round_is_pinned() -> None:
    """This digest may change only with the method of computing: old rounds must be re-derived."""
    method, evidence = stage_one()
    line = canonical.line(judged(method, evidence, STAGE_TEAMS))
    assert PINNED_DIGEST == canonical.digest(line)


PINNED_DIGEST = "f20fd23c0146cc75ddef986b145222d9cea736d8530bc5f0ab9e31a34b06f4fc"


@settings(max_examples=15)
@given(st.permutations(range(5)))
def test_renaming_teams_renames_the_answer(order: list[int]) -> None:
    """No team is favoured by its name: points, errors, limits and chances follow the evidence."""
    evidence, teams = synthetic(np.random.default_rng(4), LEVELS, clusters=20, users=12)
    renamed = {team: f"t{at}" for team, at in zip(teams, order, strict=True)}
    other = Evidence(
        items={
            k: tuple(replace(r, team=renamed[r.team]) for r in v) for k, v in evidence.items.items()
        },
        ratings={
            k: tuple(replace(r, team=renamed[r.team]) for r in v)
            for k, v in evidence.ratings.items()
        },
    )
    expected, found = judged(METHOD, evidence, teams), judged(METHOD, other, teams)
    assert (
        tuple(replace(standing, team=renamed[standing.team]) for standing in expected.standings)
        == found.standings
    )


def test_chances_of_places_add_up() -> None:
    """Each team is somewhere, each place is somebody's, and as many stay as there are places."""
    evidence, teams = synthetic(np.random.default_rng(8), LEVELS)
    result = judged(replace(METHOD, replicates=777), evidence, teams)
    ranks = [standing.rank_ppm for standing in result.standings]
    assert {1_000_000} == {sum(row) for row in ranks}
    assert {1_000_000} == {sum(column) for column in zip(*ranks, strict=True)}
    assert 2_000_000 == sum(standing.stays_ppm for standing in result.standings)


def test_a_team_that_failed_a_gate_keeps_its_points_and_takes_no_place() -> None:
    """Among the best on points, out on the gate: the next team stands at the line instead."""
    evidence, teams = synthetic(np.random.default_rng(1), LEVELS)
    method = replace(METHOD, gates=(Gate("own-design"),))
    found = [GateFinding(team, "own-design", GateOutcome.PASSED) for team in teams]
    found[1] = GateFinding("t1", "own-design", GateOutcome.FAILED, ("d1",), replied=True)
    plain, gated = judged(METHOD, evidence, teams), judged(method, evidence, teams, found)
    assert ("t1", "t2") == (plain.last_staying, gated.last_staying)
    assert plain.standing("t1").points_milli == gated.standing("t1").points_milli
    assert 2 == gated.standing("t1").place
    assert (False, 0) == (gated.standing("t1").qualified, gated.standing("t1").stays_ppm)
    assert 2_000_000 == sum(standing.stays_ppm for standing in gated.standings)


def test_a_round_waits_for_its_gates() -> None:
    """Scores are in, and a gate has not said anything of one team: no standing is given out."""
    evidence, teams = synthetic(np.random.default_rng(1), LEVELS)
    method = replace(METHOD, gates=(Gate("own-design"),))
    found = [GateFinding(team, "own-design", GateOutcome.PASSED) for team in teams[1:]]
    refused = standings(method, evidence, teams, found, SEED)
    assert isinstance(refused, Refused)
    assert [GateFault.NOT_FOUND] == [finding.code for finding in refused.findings]


def test_a_bar_may_ask_the_estimate_or_its_lower_limit() -> None:
    """95 % of a reference on the same items: a clears it on the estimate, not beyond doubt."""
    rng = np.random.default_rng(3)
    hard = rng.normal(7_000, 600, 60)
    scores = {
        name: np.rint(hard * factor + rng.normal(0, 250, 60)).astype(int).tolist()
        for name, factor in (("a", 0.96), ("b", 0.80), ("world", 1.0))
    }
    evidence = Evidence(items={"exam": items(scores)})
    bars = [Bar("w", Fraction(19, 20), on, "exam", "world") for on in BarOn]
    results = [judged(replace(only(EXAM), bars=(bar,)), evidence, ("a", "b")) for bar in bars]
    assert [{"a": True, "b": False}, {"a": False, "b": False}] == [
        {finding.team: finding.met for finding in result.bars} for result in results
    ]
    finding = results[0].bars[0]
    expected = np.mean(scores["a"]) - 0.95 * np.mean(scores["world"])
    assert finding.margin_milli == pytest.approx(expected * 10, abs=1)
    assert finding.margin_low_milli < 0 < finding.margin_milli
    assert [False, False] == [s.qualified for s in results[1].standings]


def test_a_bar_may_stand_on_the_total_or_on_a_pillars_full_marks() -> None:
    """60 points of 100 in all, or half of the marks in one pillar."""
    evidence = Evidence(
        items={"exam": items({"a": around(7_000, 20, 90), "b": around(5_500, 20, 90)})}
    )
    total = Bar("total", Fraction(60, 100), BarOn.ESTIMATE)
    pillar = Bar("exam", Fraction(1, 2), BarOn.LOWER_LIMIT, "exam")
    result = judged(replace(only(EXAM), bars=(total, pillar)), evidence, ("a", "b"))
    assert [("total", "a", 10_000, True), ("total", "b", -5_000, False)] == [
        (f.bar, f.team, f.margin_milli, f.met) for f in result.bars[:2]
    ]
    assert [("exam", "a", 20_000, True), ("exam", "b", 5_000, True)] == [
        (f.bar, f.team, f.margin_milli, f.met) for f in result.bars[2:]
    ]


def test_a_round_of_one_team_is_judged() -> None:
    """A wildcard applicant alone has a standing too."""
    evidence = Evidence(items={"exam": items({"a": around(7_000, 20, 90)})})
    (standing,) = judged(only(EXAM), evidence, ("a",)).standings
    assert (1, (1_000_000,), 1_000_000) == (standing.place, standing.rank_ppm, standing.stays_ppm)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Of 400 simulated rounds with ten experts, 95 % limits of all totals, and of all differences,
    hold the truth jointly in 92 to 98 %: the 99.5 % binomial band of 400 trials.
    """
    method = replace(METHOD, replicates=400)
    covered = np.zeros(2, dtype=int)
    for trial in range(400):
        evidence, teams = synthetic(
            np.random.default_rng(trial), LEVELS[:4], clusters=40, in_cluster=2, users=30
        )
        result = judged(method, evidence, teams, seed=f"{trial:x}")
        truth = dict(zip(teams, (100_000 * level for level in LEVELS), strict=False))
        covered += (
            all(s.low_milli <= truth[s.team] <= s.high_milli for s in result.standings),
            all(
                d.low_milli <= truth[d.first] - truth[d.second] <= d.high_milli
                for d in result.differences
            ),
        )
    assert all(368 <= count <= 392 for count in covered), covered


def error_table(method: Method, evidence: Evidence, teams: Sequence[str]) -> tuple[ErrorRow, ...]:
    """What other rules for the line would cost in a round that is not refused."""
    measured = composite(method, evidence, teams, (), SEED)
    assert not isinstance(measured, Refused), measured
    return errors_of(measured, ())


def test_the_price_of_always_cutting_is_shown() -> None:
    """Close teams: cutting always errs often; asking for more errors cuts less and errs less."""
    evidence, teams = synthetic(np.random.default_rng(11), (0.70, 0.60, 0.59, 0.585))
    method = replace(METHOD, stay_max=3, replicates=10_000)
    table = error_table(method, evidence, teams)
    assert [0, 840, 1_280, 1_645, 1_960] == [row.threshold_milli for row in table[:5]]
    assert [False] * 5 + [True] == [row.own for row in table]
    assert 1_960 < table[5].threshold_milli
    assert 1_000_000 == table[0].cut_ppm
    assert (table[0].wrong_ppm or 0) > 100_000
    last = judged(method, evidence, teams).standings[-1]
    assert 1_000_000 - last.rank_ppm[-1] == table[0].wrong_ppm
    assert [row.cut_ppm for row in table] == sorted((row.cut_ppm for row in table), reverse=True)
    *plain, own = [row.wrong_ppm or 0 for row in table]
    assert plain == sorted(plain, reverse=True)
    assert own < plain[0] / 2 + 1_000
    assert () == error_table(replace(METHOD, stay_max=4), evidence, teams)


def test_a_round_needs_evidence_and_a_seed() -> None:
    """Nobody is judged from nothing."""
    assert isinstance(standings(METHOD, Evidence(), ("a",), (), SEED), Refused)
    assert isinstance(standings(METHOD, Evidence(), ("a",), (), "no seed"), Refused)


def test_a_real_round_of_five_systems(shared_data: Path) -> None:
    """LiveCodeBench's code execution: 479 items of 92 problems, five systems, errors by problem."""
    path = shared_data / "data/evaluations/livecodebench-per-item/execution.csv"
    if not path.exists():
        pytest.skip(f"no per-item results at {path}")
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    systems = sorted({row["system"] for row in rows})
    means = {
        s: float(np.mean([float(r["pass1"]) for r in rows if r["system"] == s])) for s in systems
    }
    five = sorted(systems, key=lambda system: -means[system])[5:10]
    scores = tuple(
        ItemScore(
            "mathematics",
            r["item_id"],
            r["cluster_id"],
            r["system"],
            1,
            round(100 * float(r["pass1"])),
        )
        for r in rows
        if r["system"] in five
    )
    method = replace(only(EXAM), replicates=2_000, stay_max=4)
    result = judged(method, Evidence(items={"exam": scores}), five)
    assert five == [standing.team for standing in result.standings]
    for standing in result.standings:
        assert 1_000 * means[standing.team] == pytest.approx(standing.total_milli, abs=1)
    for difference in result.differences:
        sums: dict[str, float] = {}
        for row in rows:
            sign = (row["system"] == difference.first) - (row["system"] == difference.second)
            gap = means[difference.first] - means[difference.second]
            part = sign * float(row["pass1"]) - (gap if row["system"] == difference.first else 0)
            sums[row["cluster_id"]] = sums.get(row["cluster_id"], 0) + part
        error = np.sqrt(92 / 91 * np.square(list(sums.values())).sum()) / 479
        assert 1_000 * error == pytest.approx(difference.closed_form_milli, abs=1)
        assert difference.closed_form_milli == pytest.approx(
            difference.standard_error_milli, rel=0.06
        )
