"""Probabilities of places from joint draws, in parts per million that add up exactly."""

import math
from collections.abc import Iterator, Sequence

from headgate.core.arrays import IntArray, np

PPM = 1_000_000


def place_probabilities_ppm(draws: IntArray) -> tuple[tuple[int, ...], ...]:
    """For each column of (replicates, teams) draws: how likely it is first, second, and so on.

    Teams that tie in a replicate share the places they take equally. Rows (teams) and columns
    (places) of the result add up to 1,000,000 each.
    """
    replicates, teams = draws.shape
    found = [np.unique(own, return_counts=True) for own in _above_and_level(draws).T]
    shared = math.lcm(*(p % (teams + 1) for patterns, _ in found for p in patterns.tolist()))
    table = [[0] * teams for _ in range(teams)]
    for team, (patterns, counts) in enumerate(found):
        for pattern, count in zip(patterns.tolist(), counts.tolist(), strict=True):
            first, sharers = divmod(pattern, teams + 1)
            for place in range(first, first + sharers):
                table[team][place] += count * PPM * (shared // sharers)
    return _rounded(table, replicates * shared)


def _above_and_level(draws: IntArray) -> IntArray:
    """How many teams stand above each in each replicate, times (teams + 1), plus how many level."""
    replicates, teams = draws.shape
    order = np.argsort(draws, axis=1, kind="stable")
    ranked = np.take_along_axis(draws, order, axis=1)
    places = np.arange(teams)
    new = np.ones((replicates, teams), dtype=np.bool_)
    new[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    first = np.maximum.accumulate(np.where(new, places, 0), axis=1)
    ends = np.roll(new, -1, axis=1)
    last = np.minimum.accumulate(np.where(ends, places, teams)[:, ::-1], axis=1)[:, ::-1]
    found = np.empty((replicates, teams), dtype=np.int64)
    told = (teams - 1 - last) * (teams + 1) + last - first + 1
    np.put_along_axis(found, order, told, axis=1)
    return found


def _rounded(cells: list[list[int]], unit: int) -> tuple[tuple[int, ...], ...]:
    """Round a table in parts of a unit, each cell to a neighbour, keeping all sums; it is changed.

    Rows and columns add up to whole units. Controlled rounding by cycles (Causey, Cox and Ernst
    1985, JASA 80): fractional entries form cycles through rows and columns; moving along one makes
    at least one entry whole.
    """
    while cycle := _fractional_cycle(cells, unit):
        up, down = cycle[0::2], cycle[1::2]
        room = [unit - cells[i][j] % unit for i, j in up] + [cells[i][j] % unit for i, j in down]
        step = min(room)
        for i, j in up:
            cells[i][j] += step
        for i, j in down:
            cells[i][j] -= step
    return tuple(tuple(value // unit for value in row) for row in cells)


def _fractional_cycle(cells: Sequence[Sequence[int]], unit: int) -> list[tuple[int, int]]:
    """Fractional cells that close, by turns in one row and one column; empty if none is left."""
    path = list(_first_fraction(cells, unit))
    seen = {cell: at for at, cell in enumerate(path)}
    while path:
        row, column = path[-1]
        if len(path) % 2:
            following = next((row, j) for j, v in enumerate(cells[row]) if j != column and v % unit)
        else:
            following = next(
                (i, column) for i, r in enumerate(cells) if i != row and r[column] % unit
            )
        if following in seen:
            cycle = path[seen[following] :]
            return cycle[len(cycle) % 2 :]
        seen[following] = len(path)
        path.append(following)
    return path


def _first_fraction(cells: Sequence[Sequence[int]], unit: int) -> Iterator[tuple[int, int]]:
    for i, row in enumerate(cells):
        for j, value in enumerate(row):
            if value % unit:
                yield i, j
                return
