"""Where a panel's spread comes from: the parts that statsmodels' mixed model finds."""

import csv
import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.evaluation.variance import (
    Variances,
    VarianceShares,
    crossed_variances,
    variance_shares,
)

Row = tuple[str, str, int]


def panel(
    seed: int, deviations: tuple[float, float, float], raters: int = 8, subjects: int = 20
) -> list[Row]:
    """Marks of a panel in which half of the raters see each subject."""
    rng = np.random.default_rng(seed)
    of_subject = rng.normal(0, deviations[0], subjects)
    of_rater = rng.normal(0, deviations[1], raters)
    level = 500 + of_subject[:, None] + of_rater + rng.normal(0, deviations[2], (subjects, raters))
    return [
        (f"r{r}", f"s{s:03}", round(level[s, r]))
        for s in range(subjects)
        for r in rng.choice(raters, raters // 2, replace=False)
    ]


def by_statsmodels(rows: list[Row]) -> tuple[float, float, float]:
    """The variances of subjects, raters and the rest, by restricted maximum likelihood."""
    frame = pytest.importorskip("pandas").DataFrame(rows, columns=["rater", "subject", "mark"])
    smf = pytest.importorskip("statsmodels.formula.api")
    frame["all"] = 1
    parts = {"rater": "0 + C(rater)", "subject": "0 + C(subject)"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = smf.mixedlm("mark ~ 1", frame, groups="all", vc_formula=parts).fit(reml=True)
    rater, subject = found.vcomp
    return float(subject), float(rater), float(found.scale)


def listed(found: Variances | None) -> list[float]:
    """The three variances."""
    assert found is not None
    return [found.subjects, found.raters, found.rest]


@pytest.mark.parametrize("deviations", [(30, 20, 10), (5, 20, 20), (40, 2, 30)])
def test_variances_are_those_of_a_mixed_model(deviations: tuple[float, float, float]) -> None:
    """A panel with gaps: all three parts within 0.1 % of the whole."""
    rows = panel(3, deviations)
    expected = by_statsmodels(rows)
    assert list(expected) == pytest.approx(
        listed(crossed_variances(rows)), abs=0.001 * sum(expected)
    )


def test_a_real_panel_of_translators(shared_data: Path) -> None:
    """WMT23: ten professionals, three on each of 104 segments of one system, as statsmodels."""
    path = shared_data / "data" / "evaluations" / "wmt23-mqm-expert-panel" / "ratings.csv"
    if not path.is_file():
        pytest.skip(f"no panel at {path}")
    with path.open(encoding="utf-8") as file:
        rows = [
            (r["rater"], r["segment"], round(10 * Fraction(r["mqm_penalty"])))
            for r in csv.DictReader(file)
            if r["language_pair"] == "ende" and r["system"] == "Lan-BridgeMT"
        ]
    assert 312 == len(rows)
    expected = by_statsmodels(rows)
    assert list(expected) == pytest.approx(listed(crossed_variances(rows)), rel=0.0005)


def test_a_full_panel_has_the_variances_of_its_mean_squares() -> None:
    """Everybody rates everything: the textbook's two-way table gives the parts by hand."""
    rng = np.random.default_rng(5)
    table = np.rint(
        500 + rng.normal(0, 40, (12, 1)) + rng.normal(0, 20, (1, 6)) + rng.normal(0, 15, (12, 6))
    )
    rows = [(f"r{r}", f"s{s:02}", int(table[s, r])) for s in range(12) for r in range(6)]
    of_subject, of_rater = table.mean(axis=1), table.mean(axis=0)
    rest = table - of_subject[:, None] - of_rater + table.mean()
    error = (rest**2).sum() / (11 * 5)
    expected = [
        (6 * of_subject.var(ddof=1) - error) / 6,
        (12 * of_rater.var(ddof=1) - error) / 12,
        error,
    ]
    assert expected == pytest.approx(listed(crossed_variances(rows)), rel=1e-6)


def test_shares_add_up_and_name_what_decides() -> None:
    """Harsh and mild raters take the largest part where they differ most."""
    shares = variance_shares(panel(6, (5, 60, 5)))
    assert shares is not None
    assert 1_000_000 == shares.subjects_ppm + shares.raters_ppm + shares.rest_ppm
    assert shares.raters_ppm > 900_000


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [("r0", "s0", 1), ("r0", "s1", 2), ("r0", "s2", 4)],
        [("r0", "s0", 1), ("r1", "s0", 2), ("r2", "s0", 4)],
        [("r0", "s0", 1), ("r1", "s1", 2)],
        [(f"r{r}", f"s{s}", 7) for r in range(3) for s in range(3)],
    ],
)
def test_what_cannot_be_told_apart_is_none(rows: list[Row]) -> None:
    """One rater, one subject, no mark to spare, no differences: no answer, and never a 0."""
    assert variance_shares(rows) is None


@given(st.permutations(range(40)))
@settings(max_examples=25)
def test_order_does_not_matter(order: list[int]) -> None:
    """Rows may be shuffled; every bit stays."""
    rows = panel(7, (20, 20, 20), 4, 20)
    assert len(order) == len(rows)
    assert crossed_variances(rows) == crossed_variances([rows[at] for at in order])


def test_a_panels_shares_are_pinned() -> None:
    """These may never change, on any machine: published rounds are re-derived from them."""
    rows = [
        (f"r{at % 5}", f"s{at // 5}", pow(3, at + 1, 65_537) % 100 + 10 * (at % 5) + 7 * (at // 5))
        for at in range(60)
    ]
    assert VarianceShares(414_361, 110_745, 474_894) == variance_shares(rows)
