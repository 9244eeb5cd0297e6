"""What a round's numbers rest on is told, and would make the difference that it says it would."""

from dataclasses import replace

import krippendorff
import numpy as np
import pytest

from headgate.core.evaluation.composite import Composite, composite
from headgate.core.evaluation.estimate import standings_of
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.grounds import Grounds, grounds
from headgate.core.evaluation.method import Method
from tests.core.evaluation.rounds import (
    EXAM,
    METHOD,
    PANEL,
    SEED,
    USERS,
    around,
    items,
    only,
    ratings,
    synthetic,
)

LEVELS = (0.70, 0.62, 0.58, 0.50)


def grounds_of(method: Method, evidence: Evidence, teams: tuple[str, ...]) -> Grounds:
    """The grounds of a round that is not refused."""
    measured = composite(method, evidence, teams, (), SEED)
    assert isinstance(measured, Composite), measured
    return grounds(measured, standings_of(measured, evidence, (), SEED), evidence)


def test_influences_add_up_to_all_differences() -> None:
    """What pillars contribute to the spread of totals is all of it; equal marks contribute none."""
    evidence, teams = synthetic(np.random.default_rng(1), LEVELS)
    told = grounds_of(METHOD, evidence, teams)
    assert 1_000_000 == pytest.approx(sum(one.spread_ppm or 0 for one in told.influences), abs=2)
    same = ratings({team: [50, 50, 50] for team in teams})
    flat = replace(evidence, ratings={**evidence.ratings, "panel": same})
    assert [None, 0] != [one.spread_ppm for one in grounds_of(METHOD, flat, teams).influences][:2]
    assert 0 == grounds_of(METHOD, flat, teams).influences[1].spread_ppm


def test_a_pillar_may_decide_more_than_it_weighs() -> None:
    """By hand: with a weight of 25 of 100 the users make 80 % of the difference."""
    pillars = (replace(EXAM, weight=40), replace(PANEL, weight=35), USERS)
    evidence = Evidence(
        {"exam": items({"a": around(5_500, 10, 100), "b": around(5_250, 10, 100)})},
        {
            "panel": ratings({"a": [50, 60, 70], "b": [50, 60, 70]}),
            "users": ratings({"a": [70, 80, 75], "b": [54, 64, 59]}, criterion="use"),
        },
    )
    told = grounds_of(replace(METHOD, pillars=pillars), evidence, ("a", "b"))
    expected = [("exam", 40, 200_000), ("panel", 35, 0), ("users", 25, 800_000)]
    assert expected == [(one.pillar, one.weight, one.spread_ppm) for one in told.influences]


def test_agreement_is_krippendorffs() -> None:
    """Each panel's alpha equals the krippendorff package's on the same marks."""
    evidence, teams = synthetic(np.random.default_rng(2), LEVELS)
    told = {panel.pillar: panel for panel in grounds_of(METHOD, evidence, teams).panels}
    assert {"panel", "users"} == told.keys()
    for pillar, rows in evidence.ratings.items():
        raters = sorted({row.rater for row in rows})
        table = np.full((len(raters), len(teams)), np.nan)
        for row in rows:
            table[raters.index(row.rater), teams.index(row.team)] = row.score
        expected = krippendorff.alpha(table, level_of_measurement="interval")
        assert expected == pytest.approx((told[pillar].alpha_ppm or 0) / 1_000_000, abs=1e-5)
        shares = told[pillar].shares
        assert shares is not None
        assert shares.raters_ppm > 100_000


def test_the_items_asked_for_separate_the_teams() -> None:
    """Two teams too close to call: an exam as long as asked for, of the same kind, tells them."""
    rng = np.random.default_rng(3)
    method = replace(only(EXAM), stay_max=1)

    def exam(size: int) -> Evidence:
        a, b = around(5_400, size, 600), around(5_200, size, 600)
        mixed = rng.permutation(b).tolist()
        return Evidence({"exam": items({"a": a, "b": mixed})})

    evidence = exam(40)
    (needed,) = grounds_of(method, evidence, ("a", "b")).needed
    (enough,) = needed.power.pillars
    assert ("a", "b", "exam", 40) == (needed.first, needed.second, enough.pillar, enough.clusters)
    assert enough.needed is not None
    assert enough.needed > 40
    separated = 0
    for _ in range(40):
        measured = composite(method, exam(2 * (enough.needed // 2)), ("a", "b"), (), SEED)
        assert isinstance(measured, Composite)
        found = standings_of(measured, evidence, (), SEED)
        separated += found.are_separated("a", "b")
    assert separated >= 28


def test_equal_teams_cannot_be_told_apart_by_anything() -> None:
    """No number would do, and it is not called infinite or 0."""
    same = Evidence({"exam": items({"a": [4_000, 6_000], "b": [6_000, 4_000]})})
    (needed,) = grounds_of(replace(only(EXAM), stay_max=1), same, ("a", "b")).needed
    assert needed.power.times_milli is None
    assert [None] == [enough.needed for enough in needed.power.pillars]


def test_where_nobody_stands_below_the_line_nothing_is_needed() -> None:
    """All have a place: there is nothing to tell apart."""
    evidence, teams = synthetic(np.random.default_rng(4), LEVELS)
    assert () == grounds_of(replace(METHOD, stay_max=4), evidence, teams).needed
    assert 2 == len(grounds_of(METHOD, evidence, teams).needed)
