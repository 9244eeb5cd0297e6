"""A pillar's evidence becomes shares of full marks, exact, with the influence of every cluster.

Whatever the kind of evidence, the rest of the evaluation sees the same thing: one share for each
system and strata of clusters that could have been others. A new kind of evidence is one more
function here.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from headgate.core.arrays import FloatArray, IntArray, np
from headgate.core.calls.harshness import fit_panel
from headgate.core.evaluation.evidence import ItemScore, Rating, Vote
from headgate.core.evaluation.freedom import SPARE_FEW, freedoms_milli, moved_by_marks, spare
from headgate.core.evaluation.method import FULL_MARKS, Pillar
from headgate.core.evaluation.resampling import EXACT_MAX, SHARE_UNIT, Stratum
from headgate.core.evaluation.units import Marks, adjusted_levels, raw_levels
from headgate.core.evaluation.votes import Ballot, ballots, counted, fit


@dataclass(frozen=True, slots=True, eq=False)
class PillarShares:
    """One pillar of one round: each system's share of full marks, in the order of `systems`.

    The columns of the strata's influences follow `systems` too. `ballots` are those of votes.
    """

    pillar: Pillar
    systems: tuple[str, ...]
    shares: tuple[Fraction, ...]
    strata: tuple[Stratum, ...]
    ballots: tuple[Ballot, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Sums of one task by (cluster, system), in 1/full of full marks, and weights by cluster."""

    name: str
    weight: int
    full: int
    scores: IntArray
    weights: IntArray

    def sums(self) -> list[Fraction]:
        """Each system's weighted sum of shares."""
        return [Fraction(int(total), self.full) for total in self.scores.sum(axis=0)]


def item_shares(
    pillar: Pillar, rows: Iterable[ItemScore], systems: Sequence[str]
) -> PillarShares | None:
    """Shares from checked rows; attempts at an item are averaged inside it first, exactly.

    None when a sum leaves the range of exact arithmetic: numbers of attempts without a reasonable
    common multiple, or absurd weights.
    """
    by_task: dict[str, list[ItemScore]] = defaultdict(list)
    for row in rows:
        by_task[row.task].append(row)
    common = pillar.common_items
    parts = [tuple(systems)] if common else [(system,) for system in systems]
    shares: list[Fraction] = []
    strata: list[Stratum] = []
    for part in parts:
        tasks = []
        for name, weight in pillar.tasks:
            task = _task_sums(name, weight, by_task[name], part)
            if task is None:
                return None
            tasks.append(task)
        part_shares, influences = _combined(pillar, tasks)
        owner = "" if common else f"\n{part[0]}"
        for task, influence in zip(tasks, influences, strict=True):
            columns = np.zeros((len(influence), len(systems)), dtype=np.int64)
            columns[:, len(shares) : len(shares) + len(part)] = influence
            strata.append(Stratum(f"{pillar.id}\n{task.name}{owner}", columns))
        shares += part_shares
    return PillarShares(pillar, tuple(systems), tuple(shares), tuple(strata))


def _task_sums(
    name: str, weight: int, rows: Iterable[ItemScore], systems: Sequence[str]
) -> _Task | None:
    column = {system: at for at, system in enumerate(systems)}
    own = [row for row in rows if row.team in column]
    places = {row.item: (row.cluster, row.weight) for row in own}
    at = {item: index for index, item in enumerate(places)}
    cells = np.array([at[row.item] * len(systems) + column[row.team] for row in own])
    size = len(places) * len(systems)
    attempts = np.bincount(cells, minlength=size).reshape(-1, len(systems))
    unit = math.lcm(*(int(count) for count in np.unique(attempts)))
    full = FULL_MARKS * unit
    if sum(item_weight for _, item_weight in places.values()) * full >= EXACT_MAX:
        return None
    clusters = {c: index for index, c in enumerate(sorted({c for c, _ in places.values()}))}
    of = np.array([clusters[cluster] for cluster, _ in places.values()])
    item_weights = np.array([item_weight for _, item_weight in places.values()], dtype=np.int64)
    scores = np.bincount(cells, weights=[row.score for row in own], minlength=size)
    gained = scores.astype(np.int64).reshape(attempts.shape) * (unit // attempts)
    sums = np.zeros((len(clusters), len(systems)), dtype=np.int64)
    weights = np.zeros(len(clusters), dtype=np.int64)
    np.add.at(sums, of, gained * item_weights[:, None])
    np.add.at(weights, of, item_weights)
    return _Task(name, weight, full, sums, weights)


def _combined(pillar: Pillar, tasks: Sequence[_Task]) -> tuple[list[Fraction], list[IntArray]]:
    """Shares of the tasks together, and each task's influences on them in SHARE_UNIT.

    A task's sums count by `factors`; the influence of a cluster is its sum less what it would be at
    the mean (the task's own, or the pooled one), centred within the task, whose size is fixed.
    """
    totals = [int(task.weights.sum()) for task in tasks]
    if pillar.macro:
        whole = sum(task.weight for task in tasks)
        pairs = zip(tasks, totals, strict=True)
        factors = [Fraction(task.weight, whole * total) for task, total in pairs]
    else:
        pooled = sum(task.weight * total for task, total in zip(tasks, totals, strict=True))
        factors = [Fraction(task.weight, pooled) for task in tasks]
    sums = [task.sums() for task in tasks]
    shares = [
        sum((f * s for f, s in zip(factors, column, strict=True)), Fraction(0))
        for column in zip(*sums, strict=True)
    ]
    influences = []
    for task, total, factor, task_sums in zip(tasks, totals, factors, sums, strict=True):
        means = [value / total for value in task_sums] if pillar.macro else shares
        influences.append(_centred(task, total, factor, task_sums, means))
    return shares, influences


def _centred(
    task: _Task,
    total: int,
    factor: Fraction,
    sums: Sequence[Fraction],
    means: Sequence[Fraction],
) -> IntArray:
    clusters = len(task.weights)
    levels = [(s - m * total) / clusters for s, m in zip(sums, means, strict=True)]
    mean, level = np.array(means, dtype=np.float64), np.array(levels, dtype=np.float64)
    moved = task.scores / task.full - task.weights[:, None] * mean - level
    return np.rint(moved * float(factor * SHARE_UNIT)).astype(np.int64)


def rating_shares(
    pillar: Pillar, rows: Collection[Rating], systems: Sequence[str]
) -> PillarShares | None:
    """Shares from a panel's checked ratings; the raters are what could have been others.

    None when the criteria's scales have no reasonable common multiple, or when raters and units,
    which could have been others too, cannot be told from teams.
    """
    listed = sorted(rows, key=lambda row: (row.criterion, row.team, row.rater, row.unit))
    unit = math.lcm(*{row.scale_max for row in listed})
    if unit * len(listed) >= EXACT_MAX:
        return None
    criteria = {name: at for at, (name, _) in enumerate(pillar.tasks)}
    column = {system: at for at, system in enumerate(systems)}
    raters = {name: at for at, name in enumerate(sorted({row.rater for row in listed}))}
    cell = np.array(
        [criteria[row.criterion] * len(systems) + column[row.team] for row in listed],
        dtype=np.int64,
    )
    rater = np.array([raters[row.rater] for row in listed], dtype=np.int64)
    values = np.array([row.score * unit // row.scale_max for row in listed], dtype=np.float64)
    few = None
    if any(row.unit for row in listed):
        criterion = np.repeat(np.arange(len(pillar.tasks)), len(systems))
        names = {key: at for at, key in enumerate(sorted({(r.criterion, r.unit) for r in listed}))}
        rated = np.array([names[row.criterion, row.unit] for row in listed], dtype=np.int64)
        found = _unit_cells(pillar, Marks(rater, rated, cell, values, criterion), unit)
    else:
        way = _adjusted_cells if pillar.adjust_harshness else _raw_cells
        levels, influence = way(rater, cell, values, unit)
        found = levels, {pillar.id: influence}
        if pillar.adjust_harshness and spare(rater, cell) < SPARE_FEW:
            by_marks = _together(pillar, moved_by_marks(rater, cell), len(systems))
            few = freedoms_milli(by_marks, max(1, spare(rater, cell)))
    return None if found is None else _of_criteria(pillar, systems, found, unit, few)


_Cells = tuple[list[Fraction], dict[str, FloatArray]]
"""Each (criterion, system)'s share, and influences on it in 1/unit by the stratum's label."""


def _of_criteria(
    pillar: Pillar,
    systems: Sequence[str],
    found: _Cells,
    unit: int,
    few_milli: IntArray | None,
) -> PillarShares:
    """The criteria of a panel together, by their weights."""
    levels, influences = found
    whole = sum(weight for _, weight in pillar.tasks)
    shares = [Fraction(0)] * len(systems)
    for at, (_, weight) in enumerate(pillar.tasks):
        span = slice(at * len(systems), (at + 1) * len(systems))
        shares = [s + level * weight / whole for s, level in zip(shares, levels[span], strict=True)]
    strata = [
        Stratum(
            label,
            np.rint(_together(pillar, own, len(systems)) / unit * SHARE_UNIT).astype(np.int64),
            few_milli,
        )
        for label, own in influences.items()
    ]
    return PillarShares(pillar, tuple(systems), tuple(shares), tuple(strata))


def _together(pillar: Pillar, cells: FloatArray, systems: int) -> FloatArray:
    """What is told of each (criterion, system), second axis, of the criteria by their weights."""
    whole = sum(weight for _, weight in pillar.tasks)
    moved = np.zeros((len(cells), systems, *cells.shape[2:]))
    for at, (_, weight) in enumerate(pillar.tasks):
        moved += cells[:, at * systems : (at + 1) * systems] * (weight / whole)
    return moved


def _unit_cells(pillar: Pillar, marks: Marks, unit: int) -> _Cells | None:
    """Raters and units could both have been others; None where teams and they cannot be told."""
    found = adjusted_levels(marks) if pillar.adjust_harshness else raw_levels(marks)
    if found is None:
        return None
    rounded = np.rint(found.levels / unit * SHARE_UNIT)
    shares = [Fraction(int(value), SHARE_UNIT) for value in rounded]
    return shares, {pillar.id: found.by_rater, f"{pillar.id}\nunits": found.by_unit}


def _raw_cells(
    rater: IntArray, cell: IntArray, values: FloatArray, unit: int
) -> tuple[list[Fraction], FloatArray]:
    """Each (criterion, system)'s mean as an exact share, and the raters' influences in 1/unit."""
    counts, sums = np.bincount(cell), np.bincount(cell, weights=values)
    raters, cells = int(rater.max()) + 1, len(counts)
    rest = values - (sums / counts)[cell]
    scattered = np.bincount(rater * cells + cell, weights=rest, minlength=raters * cells)
    means = [Fraction(int(s), int(n) * unit) for s, n in zip(sums, counts, strict=True)]
    return means, scattered.reshape(raters, cells) / counts


def _adjusted_cells(
    rater: IntArray, cell: IntArray, values: FloatArray, unit: int
) -> tuple[list[Fraction], FloatArray]:
    """The same with the raters' harshness taken out; shares are rounded to SHARE_UNIT."""
    fit = fit_panel(rater, cell, values)
    rounded = np.rint(fit.adjusted / unit * SHARE_UNIT)
    return [Fraction(int(value), SHARE_UNIT) for value in rounded], fit.influence


def vote_shares(
    pillar: Pillar, rows: Collection[Vote], systems: Sequence[str]
) -> PillarShares | None:
    """Shares from checked votes, rounded to SHARE_UNIT; the voters are what could have been others.

    A voter is one cluster over all tasks. None when no strengths fit the votes best.
    """
    voters = sorted({row.voter for row in rows})
    whole = sum(weight for _, weight in pillar.tasks)
    shares = [Fraction(0)] * len(systems)
    moved = np.zeros((len(voters), len(systems)))
    told: list[Ballot] = []
    for task, weight in pillar.tasks:
        own = [row for row in rows if row.task == task]
        cast = ballots(own, systems, voters, pillar.style)
        found = fit(cast, len(systems))
        if found is None:
            return None
        levels = np.rint(found.shares * SHARE_UNIT).astype(np.int64).tolist()
        shares = [
            share + Fraction(level * weight, SHARE_UNIT * whole)
            for share, level in zip(shares, levels, strict=True)
        ]
        moved[: len(found.share_influence)] += found.share_influence * (weight / whole)
        told.append(counted(pillar.id, task, cast, found, (systems, pillar.style)))
    stratum = Stratum(pillar.id, np.rint(moved * SHARE_UNIT).astype(np.int64))
    return PillarShares(pillar, tuple(systems), tuple(shares), (stratum,), tuple(told))
