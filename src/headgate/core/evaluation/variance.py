"""Where the spread of a panel's marks comes from: what was rated, who rated, and the rest.

mark = level + subject + rater + rest, subjects and raters both drawn from many: a mixed model with
crossed effects. Its variances are the restricted maximum likelihood's (Patterson and Thompson 1971,
Biometrika 58), found by the fixed point of Harville (1977, JASA 72) on Henderson's equations, in
which the subjects are absorbed; so a panel of raters costs a matrix of raters. If the raters' part
is large, harshness decides much; if the rest is, so does chance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from headgate.core.arrays import FloatArray, IntArray, np
from headgate.core.calls.harshness import solve
from headgate.core.evaluation.arithmetic import sum_in_order, sums_by, times_in_order
from headgate.core.evaluation.ranks import PPM

STEPS_MOST: Final = 2_000
SETTLED: Final = 1e-10
"""The largest relative change of a variance in the last step."""

SMALLEST: Final = 1e-9
"""A variance under this share of all is none: its fixed point is approached ever more slowly."""


@dataclass(frozen=True, slots=True)
class VarianceShares:
    """Parts of the variance of one mark, in parts per million that add up to 1,000,000."""

    subjects_ppm: int
    raters_ppm: int
    rest_ppm: int


@dataclass(frozen=True, slots=True)
class Variances:
    """The variances themselves, in the square of the marks' unit."""

    subjects: float
    raters: float
    rest: float


def variance_shares(rows: Iterable[tuple[str, str, int]]) -> VarianceShares | None:
    """Shares of (rater, subject, mark) rows; None where the marks cannot tell the parts apart."""
    found = crossed_variances(rows)
    if found is None:
        return None
    subjects, raters = Fraction(found.subjects), Fraction(found.raters)
    whole = subjects + raters + Fraction(found.rest)
    first = round(subjects * PPM / whole)
    second = round((subjects + raters) * PPM / whole) - first
    return VarianceShares(first, second, PPM - first - second)


def crossed_variances(rows: Iterable[tuple[str, str, int]]) -> Variances | None:
    """Variances of subjects, raters and the rest; None without two of each and a mark to spare."""
    listed = sorted(rows)
    raters = {name: at for at, name in enumerate(sorted({rater for rater, _, _ in listed}))}
    subjects = {name: at for at, name in enumerate(sorted({subject for _, subject, _ in listed}))}
    values = np.array([mark for _, _, mark in listed], dtype=np.float64)
    spare = len(listed) - len(raters) - len(subjects) + 1
    if min(len(raters), len(subjects)) < 2 or spare < 1:
        return None
    values -= sum_in_order(values) / len(values)
    spread = sum_in_order(values * values) / len(values)
    if not spread:
        return None
    panel = _Panel(
        np.array([raters[rater] for rater, _, _ in listed], dtype=np.int64),
        np.array([subjects[subject] for _, subject, _ in listed], dtype=np.int64),
        values,
        len(raters),
        len(subjects),
    )
    return _settled(panel, spread)


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """Marks, less their mean, by rater and subject."""

    rater: IntArray
    subject: IntArray
    values: FloatArray
    raters: int
    subjects: int

    def met(self) -> FloatArray:
        """How often each subject has the level and each rater: (subjects, 1 + raters)."""
        cells = np.zeros((self.subjects, 1 + self.raters))
        cells[:, 0] = np.bincount(self.subject, minlength=self.subjects)
        pairs = self.subject * self.raters + self.rater
        counts = np.bincount(pairs, minlength=self.subjects * self.raters)
        cells[:, 1:] = counts.reshape(self.subjects, self.raters)
        return cells


def _settled(panel: _Panel, spread: float) -> Variances | None:
    found, met, floor = Variances(*(spread / 3,) * 3), panel.met(), SMALLEST * spread
    for _ in range(STEPS_MOST):
        step = _step(panel, met, found, floor)
        if step.rest <= floor:
            return None
        moved = max(
            abs(step.subjects - found.subjects) / max(step.subjects, floor),
            abs(step.raters - found.raters) / max(step.raters, floor),
            abs(step.rest - found.rest) / step.rest,
        )
        found = step
        if moved <= SETTLED:
            break
    subjects = found.subjects if found.subjects > 2 * floor else 0.0
    return Variances(subjects, found.raters if found.raters > 2 * floor else 0.0, found.rest)


def _step(panel: _Panel, met: FloatArray, found: Variances, floor: float) -> Variances:
    """One turn of the fixed point: variances from the effects that they give."""
    subject_ratio = found.rest / max(found.subjects, floor)
    rater_ratio = found.rest / max(found.raters, floor)
    below = met[:, 0] + subject_ratio
    sums = sums_by(panel.subject, panel.values, panel.subjects)
    matrix = -times_in_order(met.T / below, met)
    right = -times_in_order(met.T / below, sums[:, None])[:, 0]
    of_raters = sums_by(panel.rater, panel.values, panel.raters)
    counts = np.bincount(panel.rater, minlength=panel.raters)
    right += np.concatenate([[sum_in_order(panel.values)], of_raters])
    matrix[0, 0] += len(panel.values)
    matrix[0, 1:] += counts
    matrix[1:, 0] += counts
    matrix[1:, 1:] += np.diag(counts + rater_ratio)
    inverse = solve(matrix, np.eye(len(matrix)))
    effects = times_in_order(inverse, right[:, None])[:, 0]
    subjects = (sums - times_in_order(met, effects[:, None])[:, 0]) / below
    raters = effects[1:]
    within = times_in_order(met, inverse) * met
    leverage = 1.0 / below + _by_row(within) / (below * below)
    rater_trace = sum_in_order(np.diag(inverse)[1:].copy())
    rest = panel.values - effects[0] - subjects[panel.subject] - raters[panel.rater]
    return Variances(
        sum_in_order(subjects * subjects)
        / (panel.subjects - subject_ratio * sum_in_order(leverage)),
        sum_in_order(raters * raters) / (panel.raters - rater_ratio * rater_trace),
        sum_in_order(panel.values * rest) / (len(panel.values) - 1),
    )


def _by_row(matrix: FloatArray) -> FloatArray:
    return times_in_order(matrix, np.ones((matrix.shape[1], 1)))[:, 0]
