"""Raters who see units of work: teams are told from raters and units, by least squares."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

import krippendorff
import numpy as np
import pytest

from headgate.core.evaluation.composite import Refused, composite
from headgate.core.evaluation.estimate import standings
from headgate.core.evaluation.evidence import Evidence, EvidenceFault, Rating, check_evidence
from headgate.core.evaluation.grounds import grounds
from headgate.core.evaluation.method import Pillar
from headgate.core.evaluation.pillars import rating_shares
from headgate.core.evaluation.units import Marks, adjusted_levels, raw_levels
from tests.core.evaluation.rounds import PANEL, SEED, judged, only

Floats = np.ndarray[tuple[Any, ...], np.dtype[np.floating[Any]]]
ADJUSTED = replace(PANEL, adjust_harshness=True)


def panel(rows: int = 400) -> Marks:
    """Six raters, sixty units of two criteria, five teams, drawn with gaps."""
    rng = np.random.default_rng(0)
    rater, unit = rng.integers(0, 6, rows), rng.integers(0, 30, rows)
    team, criterion = rng.integers(0, 5, rows), rng.integers(0, 2, rows)
    units = np.unique(criterion * 30 + unit, return_inverse=True)[1]
    offset, ease = 40 * rng.normal(size=6), 60 * rng.normal(size=60)
    noise = 20 * rng.normal(size=rows)
    values = np.rint(500 + 30 * team + offset[rater] + ease[units] + noise)
    return Marks(rater, units, criterion * 5 + team, values, np.repeat([0, 1], 5))


def by_dense_least_squares(marks: Marks, weights: Floats) -> Floats:
    """The cells' levels with a column for every rater, cell and unit, by LAPACK."""
    raters, cells = int(marks.rater.max()) + 1, len(marks.criterion)
    rows, width = np.arange(len(marks.values)), raters + cells + int(marks.unit.max()) + 1
    design = np.zeros((len(rows), width))
    design[rows, marks.rater] = design[rows, raters + marks.cell] = 1
    design[rows, raters + cells + marks.unit] = 1
    root = np.sqrt(weights)
    effects = np.linalg.lstsq(design * root[:, None], marks.values * root, rcond=None)[0]
    levels: Floats = effects[raters : raters + cells].copy()
    for criterion in np.unique(marks.criterion):
        here, own = marks.criterion == criterion, marks.criterion[marks.cell] == criterion
        level = np.average(marks.values[own], weights=weights[own])
        levels[here] += level - np.average(levels[marks.cell[own]], weights=weights[own])
    return levels


def test_levels_are_those_of_dense_least_squares() -> None:
    """Raters and units taken out, each criterion at its own mean."""
    marks = panel()
    found = adjusted_levels(marks)
    assert found is not None
    expected = by_dense_least_squares(marks, np.ones(len(marks.values)))
    assert expected == pytest.approx(found.levels, abs=1e-9)


@pytest.mark.parametrize("side", ["rater", "unit"])
def test_influences_are_derivatives(side: str) -> None:
    """What one rater or unit adds is what the levels move by as its marks count for more."""
    marks, step = panel(), 1e-6
    found = adjusted_levels(marks)
    assert found is not None
    cluster, influence = {
        "rater": (marks.rater, found.by_rater),
        "unit": (marks.unit, found.by_unit),
    }[side]
    for which in (0, 3):
        moved = [
            by_dense_least_squares(marks, np.where(cluster == which, 1 + sign * step, 1.0))
            for sign in (1, -1)
        ]
        slope = (moved[0] - moved[1]) / (2 * step)
        assert slope == pytest.approx(influence[which], abs=1e-4)
    assert np.zeros(10) == pytest.approx(influence.sum(axis=0), abs=1e-9)


def test_without_gaps_adjusting_changes_nothing() -> None:
    """Everybody rates every unit of every team: levels are the plain means."""
    rng = np.random.default_rng(1)
    rater, unit, cell = (part.ravel() for part in np.indices((4, 10, 3)))
    values = rng.integers(0, 100, len(rater)).astype(np.float64)
    marks = Marks(rater, unit, cell, values, np.zeros(3, dtype=np.int64))
    found = adjusted_levels(marks)
    assert found is not None
    assert raw_levels(marks).levels == pytest.approx(found.levels)


def test_what_cannot_be_told_from_raters_is_no_level() -> None:
    """Each rater sees one team alone, on units of its own: nothing tells them apart."""
    rater = np.repeat([0, 1], 6)
    unit = np.tile(np.arange(3), 4) + 3 * rater
    marks = Marks(rater, unit, rater, np.arange(12.0), np.zeros(2, dtype=np.int64))
    assert adjusted_levels(marks) is None


def marks_of(units: Mapping[str, str]) -> tuple[Rating, ...]:
    """Three raters' marks for two teams on the units given to each."""
    return tuple(
        Rating("depth", f"r{rater}", team, 50 + 7 * rater + 3 * at, 100, unit)
        for team, named in units.items()
        for rater in range(3)
        for at, unit in enumerate(named.split())
    )


def codes(pillar: Pillar, rows: tuple[Rating, ...]) -> set[object]:
    """The faults of a panel's rows."""
    evidence = Evidence(ratings={"panel": rows})
    return {found.code for found in check_evidence(evidence, ("a", "b"), only(pillar))}


def test_units_that_do_not_compare_are_refused() -> None:
    """Teams rated on other units, one unit alone, units named by halves: each by its name."""
    assert set() == codes(PANEL, marks_of({"a": "u1 u2", "b": "u1 u2"}))
    apart = marks_of({"a": "u1 u2", "b": "u2 u3"})
    assert {EvidenceFault.UNITS_DIFFER} == codes(PANEL, apart)
    assert set() == codes(ADJUSTED, apart)
    assert {EvidenceFault.TOO_FEW_UNITS} == codes(PANEL, marks_of({"a": "u1", "b": "u1"}))
    halves = (*marks_of({"a": "u1 u2"}), *(replace(r, unit="") for r in marks_of({"b": "u1"})))
    assert EvidenceFault.UNIT_MISSING in codes(PANEL, halves)
    twice = marks_of({"a": "u1 u2", "b": "u1 u2"})
    assert {EvidenceFault.ROW_TWICE} == codes(PANEL, (*twice, twice[0]))


def test_a_panel_that_does_not_hang_together_is_refused_by_name() -> None:
    """Two raters with teams of their own, joined by nobody who saw both on one unit."""
    rows = tuple(
        Rating("depth", rater, team, 40 + at, 100, f"{rater}{unit}")
        for at, (rater, team, unit) in enumerate(
            [("r1", "a", 1), ("r1", "a", 2), ("r2", "b", 1), ("r2", "b", 2), ("r3", "a", 3),
             ("r3", "b", 4)]
        )
    )  # fmt: skip
    found = composite(only(ADJUSTED), Evidence(ratings={"panel": rows}), ("a", "b"), (), SEED)
    assert isinstance(found, Refused)
    assert EvidenceFault.RATERS_NOT_CONNECTED in {one.code for one in found.findings}


def translations(shared_data: Path, pair: str) -> list[tuple[str, str, str, int]]:
    """WMT23's (rater, segment, system, penalty in tenths) of a language pair."""
    path = shared_data / "data" / "evaluations" / "wmt23-mqm-expert-panel" / "ratings.csv"
    if not path.is_file():
        pytest.skip(f"no panel at {path}")
    with path.open(encoding="utf-8") as file:
        return [
            (r["rater"], r["segment"], r["system"], round(10 * Fraction(r["mqm_penalty"])))
            for r in csv.DictReader(file)
            if r["language_pair"] == pair
        ]


def as_ratings(rows: list[tuple[str, str, str, int]]) -> tuple[Rating, ...]:
    """Penalties as steps of a scale, the best at its end."""
    worst = max(penalty for *_, penalty in rows)
    return tuple(Rating("depth", r, system, worst - p, worst, seg) for r, seg, system, p in rows)


def wrong_order(levels: Mapping[str, float], truth: Mapping[str, float]) -> int:
    """Pairs of systems that come out in another order than in truth."""
    pairs = combinations(sorted(truth), 2)
    return sum((levels[a] - levels[b]) * (truth[a] - truth[b]) < 0 for a, b in pairs)


@pytest.mark.parametrize("pair", ["ende", "zhen"])
def test_translators_who_see_a_part_are_set_right(shared_data: Path, pair: str) -> None:
    """WMT23, each system seen by three of the panel: adjusting mends most of the wrong order."""
    rows = translations(shared_data, pair)
    systems, raters = sorted({row[2] for row in rows}), sorted({row[0] for row in rows})
    whole: dict[str, list[int]] = defaultdict(list)
    for _, _, system, penalty in rows:
        whole[system].append(-penalty)
    truth = {system: mean(own) for system, own in whole.items()}
    rng = np.random.default_rng(2)
    wrong = {False: 0, True: 0}
    for _ in range(6):
        seen = {system: set(rng.choice(raters, 3, replace=False)) for system in systems}
        part = as_ratings([row for row in rows if row[0] in seen[row[2]]])
        for adjust in wrong:
            shares = rating_shares(replace(PANEL, adjust_harshness=adjust), part, systems)
            assert shares is not None
            levels = dict(zip(systems, map(float, shares.shares), strict=True))
            wrong[adjust] += wrong_order(levels, truth)
    assert wrong[True] < 0.7 * wrong[False]


def test_agreement_of_translators_is_krippendorffs(shared_data: Path) -> None:
    """A whole round of WMT23's panel: alpha by segment and system, as the package has it."""
    rows = translations(shared_data, "ende")
    ratings = as_ratings(rows)
    systems = tuple(sorted({row[2] for row in rows}))
    evidence = Evidence(ratings={"panel": ratings})
    measured = composite(only(ADJUSTED), evidence, systems, (), SEED)
    assert not isinstance(measured, Refused), measured.findings
    found = standings(only(ADJUSTED), evidence, systems, (), SEED)
    assert not isinstance(found, Refused)
    (told,) = grounds(measured, found, evidence).panels
    raters = sorted({row.rater for row in ratings})
    subjects = sorted({row.subject() for row in ratings})
    at = {subject: place for place, subject in enumerate(subjects)}
    table = np.full((len(raters), len(subjects)), np.nan)
    for row in ratings:
        table[raters.index(row.rater), at[row.subject()]] = row.score
    expected = krippendorff.alpha(table, level_of_measurement="interval")
    assert expected == pytest.approx((told.alpha_ppm or 0) / 1_000_000, abs=1e-5)
    assert 0.54 == pytest.approx(expected, abs=0.005)


def test_units_are_drawn_beside_raters() -> None:
    """More units of the same kind make the standing surer, though the raters stay the same."""
    rng = np.random.default_rng(3)

    def error(units: int) -> int:
        rows = tuple(
            Rating("depth", f"r{r}", team, int(500 + rng.normal(0, 60)), 1_000, f"u{u}")
            for u in range(units)
            for team in ("a", "b")
            for r in range(6)
        )
        found = judged(only(PANEL), Evidence(ratings={"panel": rows}), ("a", "b"))
        return found.differences[0].standard_error_milli

    assert error(80) < 0.6 * error(10)
