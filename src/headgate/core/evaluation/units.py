"""Marks of a panel whose raters see units of work: texts, segments, tasks, each of several teams.

mark = team on a criterion + rater + unit + rest, by least squares over whoever rated what, the
units absorbed (Abowd, Creecy and Kramarz 2002). Where raters see different units, a raw mean
carries the harshness of whoever looked and the ease of what was looked at; here neither counts.
Levels are set so that adjusting moves no criterion's mean.

Raters and units could both have been others, so each has its influences on every level; drawn as
two strata they count what is left of a mark twice, which errs towards "cannot be told apart".
"""

from dataclasses import dataclass

from headgate.core.arrays import FloatArray, IntArray, np
from headgate.core.calls.harshness import is_flat, solve
from headgate.core.evaluation.arithmetic import sums_by, times_in_order


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Marks by index of rater, of unit within its criterion, and of cell (criterion and team).

    Indices count from 0 without gaps; `criterion` is that of each cell.
    """

    rater: IntArray
    unit: IntArray
    cell: IntArray
    values: FloatArray
    criterion: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Each cell's level, and what every rater and every unit adds to it: (raters or units, cells).

    Each column of both adds up to 0.
    """

    levels: FloatArray
    by_rater: FloatArray
    by_unit: FloatArray


def raw_levels(marks: Marks) -> Levels:
    """Plain means, with the influence of raters and units on them."""
    counts = np.bincount(marks.cell)
    levels = sums_by(marks.cell, marks.values, len(counts)) / counts
    rest = marks.values - levels[marks.cell]
    return Levels(
        levels,
        _by(marks.rater, marks.cell, rest, len(counts)) / counts,
        _by(marks.unit, marks.cell, rest, len(counts)) / counts,
    )


def adjusted_levels(marks: Marks) -> Levels | None:
    """Means with raters and units taken out; None where the marks cannot tell them from teams."""
    met, kept, raters = _met(marks), _kept(marks), int(marks.rater.max()) + 1
    seen, cells = np.bincount(marks.unit), len(marks.criterion)
    pairs = np.bincount(marks.rater * cells + marks.cell, minlength=raters * cells)
    whole = np.diag(met.sum(axis=0))
    whole[:raters, raters:] = pairs.reshape(raters, cells)
    whole[raters:, :raters] = whole[:raters, raters:].T
    design = (whole - times_in_order((met / seen[:, None]).T, met))[np.ix_(kept, kept)]
    if is_flat(design):
        return None
    right = _slopes(marks, met, marks.values, np.zeros(len(marks.values), dtype=np.int64))[kept]
    effects = np.zeros(met.shape[1])
    effects[kept] = solve(design, right)[:, 0]
    spread = marks.values - effects[marks.rater] - effects[raters:][marks.cell]
    rest = spread - (sums_by(marks.unit, spread, len(seen)) / seen)[marks.unit]
    return _levelled(marks, met, effects, rest, (design, kept))


def _levelled(
    marks: Marks,
    met: FloatArray,
    effects: FloatArray,
    rest: FloatArray,
    solved: tuple[FloatArray, IntArray],
) -> Levels:
    """Levels with each criterion's own mean, and their influences linearised in the clusters."""
    design, kept = solved
    cells = len(marks.criterion)
    counts = np.bincount(marks.cell, minlength=cells).astype(np.float64)
    same = (marks.criterion[:, None] == marks.criterion[None, :]).astype(np.float64)
    of_criterion = times_in_order(counts[None, :], same)
    share = same * (counts[:, None] / of_criterion)
    totals = sums_by(marks.cell, marks.values, cells)[None, :]
    own = effects[None, -cells:]
    means = times_in_order(totals, same) / of_criterion
    levels = (own - times_in_order(own, share) + means)[0]
    around = marks.values - levels[marks.cell]
    moved = []
    for cluster in (marks.rater, marks.unit):
        slopes = np.zeros((met.shape[1], int(cluster.max()) + 1))
        slopes[kept] = solve(design, _slopes(marks, met, rest, cluster)[kept])
        of_cells = slopes[-cells:].T
        mean = times_in_order(_by(cluster, marks.cell, around, cells), same) / of_criterion
        moved.append(of_cells - times_in_order(of_cells, share) + mean)
    return Levels(levels, moved[0], moved[1])


def _met(marks: Marks) -> FloatArray:
    """How often each unit has each rater and each cell: (units, raters + cells)."""
    units, cells = int(marks.unit.max()) + 1, len(marks.criterion)
    raters = int(marks.rater.max()) + 1
    of_raters = np.bincount(marks.unit * raters + marks.rater, minlength=units * raters)
    of_cells = np.bincount(marks.unit * cells + marks.cell, minlength=units * cells)
    both = [of_raters.reshape(units, raters), of_cells.reshape(units, cells)]
    return np.concatenate(both, axis=1).astype(np.float64)


def _kept(marks: Marks) -> IntArray:
    """The effects that are free: all but the first rater's, and the first cell's of a criterion."""
    raters = int(marks.rater.max()) + 1
    firsts = np.unique(marks.criterion, return_index=True)[1] + raters
    return np.setdiff1d(np.arange(raters + len(marks.criterion)), [0, *firsts.tolist()])


def _slopes(marks: Marks, met: FloatArray, values: FloatArray, cluster: IntArray) -> FloatArray:
    """Sums of values times effects less their unit's mean of them: (effects, clusters)."""
    clusters, raters = int(cluster.max()) + 1, int(marks.rater.max()) + 1
    of_raters = sums_by(marks.rater * clusters + cluster, values, raters * clusters)
    cells = len(marks.criterion)
    of_cells = sums_by(marks.cell * clusters + cluster, values, cells * clusters)
    whole = np.concatenate([of_raters, of_cells]).reshape(-1, clusters)
    units = len(met)
    by_unit = sums_by(marks.unit * clusters + cluster, values, units * clusters)
    mean = (met / np.bincount(marks.unit)[:, None]).T
    return np.asarray(whole - times_in_order(mean, by_unit.reshape(units, clusters)))


def _by(cluster: IntArray, cell: IntArray, values: FloatArray, cells: int) -> FloatArray:
    """Sums of values by (cluster, cell)."""
    clusters = int(cluster.max()) + 1
    return sums_by(cluster * cells + cell, values, clusters * cells).reshape(clusters, cells)
