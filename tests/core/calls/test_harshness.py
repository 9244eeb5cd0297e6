"""Harshness is fitted as least squares has it, and agreement as Krippendorff's package has it."""

import csv
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.calls import harshness as fitting
from headgate.core.calls.harshness import Offset, fit_panel, groups, harshness

Row = tuple[str, str, int]

rows_of_any_panel = st.dictionaries(
    st.tuples(st.sampled_from("pqrst"), st.sampled_from("abcdef")),
    st.integers(0, 100_000),
    max_size=30,
).map(lambda marks: [(rater, subject, score) for (rater, subject), score in marks.items()])


def solved(rows: list[Row]) -> tuple[dict[str, float], dict[str, float]]:
    """Offsets and adjusted scores by numpy's least squares on the full design, mean offset 0."""
    raters = sorted({rater for rater, _, _ in rows})
    subjects = sorted({subject for _, subject, _ in rows})
    design = np.array(
        [[float(r == x) for x in raters] + [float(s == x) for x in subjects] for r, s, _ in rows]
    )
    effects = np.linalg.lstsq(design, np.array([float(y) for _, _, y in rows]), rcond=None)[0]
    offset = dict(zip(raters, effects[: len(raters)].tolist(), strict=True))
    level = sum(offset[rater] for rater, _, _ in rows) / len(rows)
    fitted = zip(subjects, effects[len(raters) :].tolist(), strict=True)
    return (
        {rater: value - level for rater, value in offset.items()},
        {subject: value + level for subject, value in fitted},
    )


def test_a_harsh_rater_who_saw_only_one_subject_does_not_sink_it() -> None:
    """p gives 10 points less than q everywhere; b, seen by p and q, and c, by p alone, recover."""
    rows = [("q", "a", 80_000), ("p", "a", 70_000), ("q", "b", 60_000), ("p", "b", 50_000)]
    fitted = harshness([*rows, ("p", "c", 50_000), ("p", "d", 90_000)])
    assert (Offset("p", -3_333, 4), Offset("q", 6_667, 2)) == fitted.offsets
    assert {"a": 73_333, "b": 53_333, "c": 53_333, "d": 93_333} == dict(fitted.adjusted)
    assert fitted.connected


repeated_rows = st.lists(
    st.tuples(st.sampled_from("pqrst"), st.sampled_from("abcdef"), st.integers(0, 100_000)),
    max_size=30,
)


@given(repeated_rows)
def test_the_fit_is_the_least_squares_fit(rows: list[Row]) -> None:
    """Whoever rated what how often, the result is that of the full linear model."""
    fitted = harshness(rows)
    if not rows or not fitted.connected:
        return
    offsets, adjusted = solved(rows)
    assert offsets == pytest.approx({o.rater: o.offset for o in fitted.offsets}, abs=0.51)
    assert adjusted == pytest.approx(dict(fitted.adjusted), abs=0.51)


@given(rows_of_any_panel, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Row], random: Random) -> None:
    """The same marks give the same answer, to the last digit."""
    expected = harshness(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert expected == harshness(shuffled)


@given(repeated_rows.filter(bool), st.sampled_from([1, 7, 2**18]))
def test_a_panel_is_joined_to_the_last_bit_as_one_subject_after_the_other(
    rows: list[Row], at_once: int
) -> None:
    """However many are joined at a time, every entry is what adding them up one by one gives."""
    kept, other = (
        np.unique(side, return_inverse=True)[1] for side in list(zip(*rows, strict=True))[:2]
    )
    size = int(kept.max()) + 1
    plain = np.zeros((size, size))
    for one in range(int(other.max()) + 1):
        index, counts = np.unique(kept[other == one], return_counts=True)
        plain[np.ix_(index, index)] -= np.outer(counts, counts) / counts.sum()
        plain[index, index] += counts
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fitting, "_AT_ONCE", at_once)
        assert np.array_equal(plain, fitting._normal_matrix(kept, other))


def test_a_panel_in_two_parts_is_told_and_each_adjusted_by_itself() -> None:
    """Without a common subject nobody can say which half was harsh, so nobody is moved for it."""
    rows = [("p", "a", 10), ("q", "a", 20), ("r", "b", 70), ("s", "b", 90)]
    fitted = harshness(rows)
    assert not fitted.connected
    assert {"a": 15, "b": 80} == dict(fitted.adjusted)
    assert [-5, 5, -10, 10] == [offset.offset for offset in fitted.offsets]
    assert [{"p", "q"}, {"r", "s"}] == [set(g) for g in groups((r, s) for r, s, _ in rows)]


def test_an_empty_panel_and_a_single_mark() -> None:
    """Nothing rated gives nothing; one mark stands as it is, and agreement is unknown."""
    assert ((), {}, None) == (harshness([]).offsets, harshness([]).adjusted, harshness([]).alpha)
    one = harshness([("p", "a", 70_000)])
    assert ({"a": 70_000}, None) == (dict(one.adjusted), one.alpha)


@given(rows_of_any_panel)
def test_alpha_is_krippendorffs(rows: list[Row]) -> None:
    """Agreement equals the krippendorff package's, and is None where it has no meaning."""
    alpha = harshness(rows).alpha
    raters, subjects = "pqrst", "abcdef"
    table = np.full((len(raters), len(subjects)), np.nan)
    for rater, subject, score in rows:
        table[raters.index(rater), subjects.index(subject)] = score
    paired = table[:, (~np.isnan(table)).sum(axis=0) > 1]
    values = paired[~np.isnan(paired)]
    if len(set(values.tolist())) < 2:
        assert alpha is None
    else:
        assert alpha is not None
        expected = krippendorff.alpha(paired, level_of_measurement="interval")
        assert expected == pytest.approx(float(alpha), abs=1e-9)


def test_alpha_of_full_agreement_is_exactly_one() -> None:
    """Exact fractions leave no 0.9999."""
    rows = [(rater, subject, ord(subject)) for rater, subject in product("pqr", "abc")]
    assert Fraction(1) == harshness(rows).alpha


def test_influences_are_what_leaving_a_rater_out_moves() -> None:
    """Dense least squares without each rater in turn: the jackknife of every pair of cells."""
    generator = np.random.default_rng(3)
    pairs = [(r, c) for r in range(6) for c in range(4) if (r + 2 * c) % 3]
    rater, cell = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    values = generator.normal(50, 10, len(pairs))
    influence = fit_panel(rater, cell, values).influence

    def contrasts(keep: np.ndarray) -> np.ndarray:
        design = np.zeros((len(pairs), 10))
        design[np.arange(len(pairs)), rater] = design[np.arange(len(pairs)), 6 + cell] = 1
        effects = np.linalg.lstsq(design[keep], values[keep], rcond=None)[0]
        return np.asarray(effects[7:] - effects[6])

    whole = contrasts(rater >= 0)
    left_out = np.array([whole - contrasts(rater != index) for index in range(6)]) * 5 / 6
    expected = left_out - left_out.mean(axis=0)
    assert expected == pytest.approx(influence[:, 1:] - influence[:, [0]], abs=1e-9)


def test_real_experts_agree_as_published(shared_data: Path) -> None:
    """WMT23's professionals: alpha 0.54 for English-German, 0.46 for Chinese-English."""
    path = shared_data / "data/evaluations/wmt23-mqm-expert-panel/ratings.csv"
    if not path.exists():
        pytest.skip(f"no expert ratings at {path}")
    found: dict[str, list[Row]] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            subject = f"{row['segment']}/{row['system']}"
            penalty = round(float(row["mqm_penalty"]) * 1_000)
            found.setdefault(row["language_pair"], []).append((row["rater"], subject, penalty))
    alphas = {
        pair: round(float(fitted.alpha or 0), 2)
        for pair, rows in found.items()
        if (fitted := harshness(rows)).connected
    }
    assert [0.46, 0.54] == sorted(alphas.values())
