"""The table of errors before the freeze says what rounds with such teams would really do."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from headgate.core import canonical
from headgate.core.evaluation.cut_errors import told_of
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.foresight import Foreseen, Plan, PlannedPillar, foresee, rounds_played
from headgate.core.evaluation.method import Method
from headgate.core.policy.schema import Remedy, Scaling
from tests.core.evaluation.rounds import EXAM, METHOD, SEED, items, judged, only

PILLARS = (
    PlannedPillar(40, Fraction(1, 5)),
    PlannedPillar(10, Fraction(1, 10)),
    PlannedPillar(49, Fraction(1, 5)),
)
GAPS = (Fraction(1, 200), Fraction(2, 100), Fraction(6, 100))
PLAN = Plan(5, Fraction(1, 2), GAPS, PILLARS)
RULES = replace(METHOD, replicates=2_000, stay_max=4)


def one(gap: Fraction, method: Method = RULES) -> Foreseen:
    """The table for one difference."""
    (found,) = foresee(method, replace(PLAN, gaps=(gap,)), SEED)
    return found


def test_the_error_of_a_difference_is_the_textbooks() -> None:
    """Weights, spreads and sizes give it by hand; the gap is that of all pillars together."""
    found = one(Fraction(2, 100))
    variance = 2 * (8.0**2 / 40 + 3.5**2 / 10 + 5.0**2 / 49)
    assert 2_000 == found.gap_milli
    assert math.sqrt(variance) * 1_000 == pytest.approx(found.standard_error_milli, abs=1)


def test_two_equal_teams_are_cut_by_chance() -> None:
    """Of two teams a hair apart, "always cut" is wrong in half of the rounds, rarely own rule."""
    plan = replace(PLAN, teams=2, gaps=(Fraction(1, 10_000),))
    (found,) = foresee(replace(RULES, stay_max=1), plan, SEED)
    assert 1_000_000 == found.errors[0].cut_ppm
    assert 500_000 == pytest.approx(found.errors[0].wrong_ppm, abs=35_000)
    assert 50_000 == pytest.approx(found.errors[-1].cut_ppm, abs=15_000)


@pytest.mark.parametrize("gap", [Fraction(1, 100), Fraction(3, 100)])
def test_always_cutting_errs_as_often_as_normal_theory_says(gap: Fraction) -> None:
    """Two teams: wrong exactly when the difference comes out below 0, by scipy's normal tail."""
    (found,) = foresee(replace(RULES, stay_max=1), replace(PLAN, teams=2, gaps=(gap,)), SEED)
    expected = stats.norm.cdf(-found.gap_milli / found.standard_error_milli)
    assert expected == pytest.approx((found.errors[0].wrong_ppm or 0) / 1_000_000, abs=0.03)


def test_no_mistake_among_few_cuts_is_not_a_rule_without_mistakes() -> None:
    """Shares are told by the draws behind them: a rule's mistakes by its own cuts, not by all."""
    assert (("", 20_000), ("<", 25_000)) == told_of(20_000, 0, 2_000)
    assert ((">", 999_000), ("<", 1_000)) == told_of(1_000_000, 0, 2_000)
    assert (("<", 1_000), None) == told_of(0, None, 2_000)
    assert (("", 400_000), ("", 125_000)) == told_of(400_000, 125_000, 2_000)
    assert ("", 1_000_000) == one(Fraction(6, 100)).errors[0].told(rounds_played(9_000))[0]


def test_a_careful_rule_cuts_less_and_errs_less() -> None:
    """Along the rules both shares fall; larger differences are cut more and more rightly."""
    tables = foresee(RULES, PLAN, SEED)
    for found in tables:
        cuts = [row.cut_ppm for row in found.errors]
        assert cuts == sorted(cuts, reverse=True)
        assert found.errors[-1].own
        assert found.errors[-1].threshold_milli > 1_960
    for rows in zip(*(found.errors for found in tables), strict=True):
        assert [row.cut_ppm for row in rows] == sorted(row.cut_ppm for row in rows)
        assert (rows[0].wrong_ppm or 0) >= (rows[-1].wrong_ppm or 0)


def test_no_pair_is_told_apart_wrongly_more_often_than_the_confidence_allows() -> None:
    """The own rule's wrong cuts are at most 5 % of all rounds, however close the teams."""
    for found in foresee(RULES, PLAN, SEED):
        own = found.errors[-1]
        assert own.cut_ppm * (own.wrong_ppm or 0) <= 50_000 * 1_000_000


def test_remedies_are_what_they_say() -> None:
    """With ties: all stay, or nobody is decided, or the seats are filled by lot or by a pillar."""
    method = replace(RULES, tie_breakers=("exam",))
    rows = {row.remedy: row for row in one(Fraction(1, 200), method).remedies}
    assert set(Remedy) == rows.keys()
    assert 4_900 < rows[Remedy.ALL_TIED_STAY].remain_milli <= 5_000
    assert rows[Remedy.ALL_TIED_STAY].leave_ppm == rows[Remedy.MORE_ITEMS].leave_ppm
    for remedy in (Remedy.LOT, Remedy.NAMED_TIE_BREAKERS):
        assert (1_000_000, 4_000) == (rows[remedy].leave_ppm, rows[remedy].remain_milli)
    assert 800_000 == pytest.approx(rows[Remedy.LOT].wrong_ppm, abs=20_000)
    assert (rows[Remedy.NAMED_TIE_BREAKERS].wrong_ppm or 0) < (rows[Remedy.LOT].wrong_ppm or 0)
    assert Remedy.NAMED_TIE_BREAKERS not in {row.remedy for row in one(Fraction(1, 200)).remedies}


def test_so_much_evidence_would_do() -> None:
    """A plan with the evidence that the table asks for tells neighbours apart in four of five."""
    method = replace(only(EXAM), replicates=2_000, stay_max=1)
    plan = Plan(2, Fraction(1, 2), (Fraction(4, 100),), PILLARS[:1])
    (found,) = foresee(method, plan, SEED)
    (enough,) = found.power.pillars
    assert enough.needed is not None
    larger = replace(plan, pillars=(PlannedPillar(enough.needed, Fraction(1, 5)),))
    (again,) = foresee(method, larger, SEED)
    assert 800_000 == pytest.approx(again.errors[-1].cut_ppm, abs=40_000)
    assert enough.needed * 1_000 == pytest.approx(40 * (found.power.times_milli or 0), rel=0.01)


def test_where_no_number_of_items_would_do_it_says_so() -> None:
    """Ten experts leave so much to chance that no exam is long enough for half a point."""
    found = one(Fraction(1, 200))
    assert [None] * 3 == [enough.needed for enough in found.power.pillars]
    assert (found.power.times_milli or 0) > 1_000


def test_many_clusters_are_drawn_as_bundles_with_the_same_answer() -> None:
    """A hundred thousand items cost no more than two hundred, and err by their own number."""
    method = replace(only(EXAM), replicates=2_000, stay_max=1)
    plan = Plan(2, Fraction(1, 2), (Fraction(1, 1_000),), (PlannedPillar(20_000, Fraction(1, 5)),))
    (found,) = foresee(method, plan, SEED)
    assert 200 == pytest.approx(found.standard_error_milli, abs=1)
    expected = stats.norm.cdf(-0.5)
    assert expected == pytest.approx((found.errors[0].wrong_ppm or 0) / 1_000_000, abs=0.03)


def test_scaling_to_the_best_stretches_gap_and_error_alike() -> None:
    """A pillar at level 1/2 whose best gets full marks counts for about twice its weight."""
    plain = Plan(5, Fraction(1, 2), (Fraction(1, 100),), PILLARS[:1])
    (raw,) = foresee(replace(only(EXAM), replicates=500), plain, SEED)
    best = only(replace(EXAM, scaling=Scaling.BEST_IS_FULL))
    (full,) = foresee(replace(best, replicates=500), plain, SEED)
    assert 1 / 0.52 == pytest.approx(full.gap_milli / raw.gap_milli, rel=0.01)
    assert 1 / 0.52 == pytest.approx(full.standard_error_milli / raw.standard_error_milli, rel=0.01)


def test_where_all_have_a_place_there_is_no_table() -> None:
    """A round that cuts nobody cannot cut wrongly."""
    assert () == foresee(replace(RULES, stay_max=5), PLAN, SEED)


def test_the_same_plan_gives_the_same_bytes() -> None:
    """Anybody with the policy draws the same table; another policy's digest, another."""
    expected = canonical.line(foresee(RULES, PLAN, SEED))
    foresee.cache_clear()
    assert expected == canonical.line(foresee(RULES, PLAN, SEED))
    assert expected != canonical.line(foresee(RULES, PLAN, "5eee"))
    assert PINNED_DIGEST == canonical.digest(expected)


PINNED_DIGEST = "5fede3afd281d2a58ddd430082f6e21fc29aa8b648c95f6dbc4802b448149e65"


def test_the_foreseen_errors_are_those_of_real_rounds() -> None:
    """Rounds with real evidence, judged whole: "always cut" errs as often as the plan said."""
    rng = np.random.default_rng(12)
    plan = Plan(2, Fraction(1, 2), (Fraction(2, 100),), (PlannedPillar(60, Fraction(1, 10)),))
    method = replace(only(EXAM), replicates=200, stay_max=1)
    (found,) = foresee(replace(method, replicates=2_000), plan, SEED)
    wrong, rounds = 0, 400
    for _ in range(rounds):
        noise = rng.normal(0, 1_000, (2, 60)) + rng.normal(0, 1_500, 60)
        scores = {
            team: np.rint(5_000 + step + row).astype(int).clip(0, 10_000).tolist()
            for team, step, row in zip(("a", "b"), (100, -100), noise, strict=True)
        }
        found_there = judged(method, Evidence({"exam": items(scores)}), ("a", "b"))
        wrong += "a" != found_there.standings[0].team
    assert (found.errors[0].wrong_ppm or 0) / 1_000_000 == pytest.approx(wrong / rounds, abs=0.05)
