"""Draws are exact, named by their seed, and spread as the closed form says."""

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from headgate.core.evaluation.ranks import place_probabilities_ppm
from headgate.core.evaluation.resampling import (
    EXACT_MAX,
    ROWS_AT_ONCE,
    Stratum,
    cross_products,
    drawn_deltas,
    spread,
    widened_micro,
)


def stratum(clusters: int, systems: int = 2, label: str = "exam") -> Stratum:
    """Influences of so many clusters that add up to 0 in each column."""
    values = np.random.default_rng(clusters).integers(-(10**8), 10**8, (clusters, systems))
    values[0] -= values.sum(axis=0)
    return Stratum(label, values.astype(np.int64))


def test_draws_of_a_seed_are_pinned() -> None:
    """These numbers may never change, on any machine: published rounds are re-derived from them."""
    drawn = drawn_deltas(Stratum("exam", np.array([[6, 0], [0, 6], [-6, -6]])), 8, "5eed")
    expected = [[9, 9], [9, 9], [0, -9], [-9, 0], [0, -9], [0, 18], [18, 0], [9, 9]]
    assert expected == drawn.tolist()


def test_draws_are_the_published_rule() -> None:
    """A stranger rebuilds a draw in plain Python: PCG64's halves, scaled down to clusters."""
    source = stratum(7)
    stream = np.random.PCG64(int(hashlib.sha256(b"abc\nexam").hexdigest(), 16))
    for row in drawn_deltas(source, 5, "abc").tolist():
        raw = [int(word) for word in stream.random_raw(3)]
        halves = [half for word in raw for half in (word >> 32, word % 2**32)]
        chosen = [half * 7 >> 32 for half in halves]
        moved = [sum(int(source.influence[c, s]) for c in chosen) for s in range(2)]
        assert [round(value * (7 / 6)) for value in moved] == row


def test_replicates_do_not_depend_on_how_many_fit_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine with less memory gives the same bytes."""
    expected = drawn_deltas(stratum(9), 40, "abc")
    monkeypatch.setattr("headgate.core.evaluation.resampling.CELLS_AT_ONCE", 30)
    assert expected.tolist() == drawn_deltas(stratum(9), 40, "abc").tolist()


def test_each_stratum_has_a_stream_of_its_own() -> None:
    """Adding a pillar changes no other pillar's draws, and two never share theirs."""
    first, second = stratum(9, label="exam"), stratum(9, label="panel")
    assert drawn_deltas(first, 20, "abc").tolist() != drawn_deltas(second, 20, "abc").tolist()


@pytest.mark.parametrize("clusters", [2, 3, 10, 60])
def test_the_variance_of_draws_is_the_closed_form(clusters: int) -> None:
    """Also for a panel of two: n/(n-1) times the sum of squared influences, within Monte Carlo."""
    source = stratum(clusters, 1)
    drawn = drawn_deltas(source, 20_000, "abc").astype(float)
    expected = math.sqrt(clusters / (clusters - 1) * (source.influence.astype(float) ** 2).sum())
    assert expected == pytest.approx(drawn.std(), rel=0.02)
    assert 0 == pytest.approx(drawn.mean() / expected, abs=0.03)


def test_the_bound_of_exactness_is_held() -> None:
    """Influences that could leave exact float64 arithmetic are told, before any draw."""
    assert stratum(60).is_exact()
    assert not Stratum("exam", np.full((10, 1), EXACT_MAX // 10 + 1, dtype=np.int64)).is_exact()


@given(
    st.lists(
        st.tuples(st.integers(-(2**43), 2**43), st.integers(-(2**43), 2**43)),
        min_size=1,
        max_size=50,
    )
)
def test_products_add_up_exactly(rows: list[tuple[int, int]]) -> None:
    """No digit is lost where float64 or int64 would lose one."""
    expected = [[sum(row[i] * row[j] for row in rows) for j in range(2)] for i in range(2)]
    assert expected == cross_products(np.array(rows, dtype=np.int64))


@pytest.mark.parametrize("value", [-(2**43), 2**43])
def test_many_large_products_still_fit(value: int) -> None:
    """As many rows as are added up at once, each as large as may be."""
    rows = ROWS_AT_ONCE + 1
    assert [[rows * value * value]] == cross_products(np.full((rows, 1), value, dtype=np.int64))


def test_a_pair_is_what_its_difference_would_be() -> None:
    """Limits of pairs equal those of the columns of differences, to the last unit."""
    source = stratum(30, 3)
    drawn = drawn_deltas(source, 999, "abc")
    pairs = [(0, 1), (0, 2), (1, 2)]
    first, second = np.array(pairs).T
    apart = [source.influence[:, first] - source.influence[:, second]]
    expected = spread(drawn[:, first] - drawn[:, second], apart, Fraction(95, 100))
    assert expected == spread(drawn, [source.influence], Fraction(95, 100), pairs)


@pytest.mark.parametrize("freedom", [2, 4, 9, 48, 1_000])
@pytest.mark.parametrize("confidence", [0.90, 0.95, 0.99])
def test_widening_is_students_t(freedom: int, confidence: float) -> None:
    """The series meets scipy's quantiles: within 1 % from four degrees on, 5 % at two."""
    deviate = round(stats.norm.ppf((1 + confidence) / 2) * 1_000_000)
    expected = stats.t.ppf((1 + confidence) / 2, freedom)
    tolerance = 0.01 if freedom >= 4 else 0.05 if confidence < 0.99 else 0.12
    widened = widened_micro(deviate, freedom * 1_000) / 1_000_000
    assert expected == pytest.approx(widened, rel=tolerance)


def test_the_critical_value_covers_all_columns_together() -> None:
    """Ten independent columns need about 2.80 errors for 95 % jointly, where one needs 1.96."""
    drawn = np.rint(np.random.default_rng(1).normal(0, 10**8, (20_000, 10))).astype(np.int64)
    influence = np.ones((100_000, 10), dtype=np.int64)
    together = spread(drawn, [influence], Fraction(95, 100)).criticals_micro[0]
    alone = spread(drawn[:, :1], [influence[:, :1]], Fraction(95, 100)).criticals_micro[0]
    assert stats.norm.ppf((1 + 0.95 ** (1 / 10)) / 2) == pytest.approx(together / 10**6, abs=0.04)
    assert stats.norm.ppf(0.975) == pytest.approx(alone / 10**6, abs=0.04)


def test_a_column_that_never_moves_reaches_nothing() -> None:
    """Two teams that score alike on every item differ by 0, for certain."""
    still = spread(
        np.zeros((100, 1), dtype=np.int64), [np.zeros((5, 1), dtype=np.int64)], Fraction(9, 10)
    )
    assert 0 == still.standard_errors[0]
    assert 0 == still.reach(0)


@given(
    st.integers(1, 6).flatmap(
        lambda size: st.lists(
            st.lists(st.integers(0, 3), min_size=size, max_size=size), min_size=1, max_size=40
        )
    )
)
def test_probabilities_of_places_add_up(draws: list[list[int]]) -> None:
    """To a million for each team and for each place, whatever ties the draws hold."""
    table = place_probabilities_ppm(np.array(draws, dtype=np.int64))
    assert {1_000_000} == {sum(row) for row in table}
    assert {1_000_000} == {sum(column) for column in zip(*table, strict=True)}
    for team, row in enumerate(table):
        for place, ppm in enumerate(row):
            exact = sum(
                Fraction(draw[team] == sorted(draw, reverse=True)[place], draw.count(draw[team]))
                for draw in draws
            )
            assert abs(ppm - 1_000_000 * exact / len(draws)) < 1


def test_teams_that_tie_share_their_places() -> None:
    """Two equals in every draw have half a chance of either place."""
    draws = np.array([[5, 5, 1]] * 3, dtype=np.int64)
    expected = ((500_000, 500_000, 0), (500_000, 500_000, 0), (0, 0, 1_000_000))
    assert expected == place_probabilities_ppm(draws)
