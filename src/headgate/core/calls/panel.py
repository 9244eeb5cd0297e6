"""Who reviews what: an assignment problem, solved and not dealt first come, first served.

Every application gets its number of reviewers, nobody reviews where there is a conflict, and within
that the sum of expertise (‰) less the cost of uneven load is the greatest. A reviewer's n-th
application costs n times `LOAD_COST`, so that the load is balanced unless expertise speaks
strongly against it. It is a flow in a network, whose linear programme has whole solutions
(Hoffman and Kruskal 1956); HiGHS reckons in doubles, and what it says is rounded and checked.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

LOAD_COST: Final = 250
"""What one more application costs a reviewer who has one, in thousandths of full expertise."""

SHORT_COST: Final = 10_000_000
"""What an empty seat costs: more than any load."""

Pair = tuple[str, str]
"""An application and a reviewer."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who reviews what, and how many seats of which applications stay empty."""

    pairs: tuple[Pair, ...]
    short: Mapping[str, int]


def assign(
    seats: Mapping[str, int],
    reviewers: Sequence[str],
    expertise: Mapping[Pair, int],
    conflicts: Collection[Pair],
    given: Collection[Pair] = (),
) -> Assignment:
    """Fill the seats of each application; `given` pairs stand and count towards seats and load.

    Raises ValueError where a pair that stands is in conflict.
    """
    if clash := sorted(set(given) & set(conflicts)):
        raise ValueError(f"in conflict and assigned: {clash[0]}")
    kept = sorted(set(given))
    loads = {name: sum(r == name for _, r in kept) for name in reviewers}
    open_seats = {a: max(0, count - sum(b == a for b, _ in kept)) for a, count in seats.items()}
    free = [
        (application, reviewer)
        for application in sorted(open_seats)
        if open_seats[application]
        for reviewer in reviewers
        if (application, reviewer) not in conflicts and (application, reviewer) not in kept
    ]
    chosen = _solve(open_seats, loads, free, expertise) if free else []
    left = {a: n - sum(b == a for b, _ in chosen) for a, n in open_seats.items()}
    _check(left, chosen, conflicts)
    return Assignment(tuple(sorted([*kept, *chosen])), {a: n for a, n in left.items() if n})


def _solve(
    seats: Mapping[str, int],
    loads: Mapping[str, int],
    free: Sequence[Pair],
    expertise: Mapping[Pair, int],
) -> list[Pair]:
    """The pairs that the best whole flow takes."""
    import highspy

    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.silent()
    rows_of, columns = _network(seats, loads, free, expertise)
    for bounds in rows_of:
        solver.addRow(*bounds, 0, [], [])
    for cost, most, rows, signs in columns:
        solver.addCol(cost, 0, most, len(rows), rows, signs)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise ValueError("the assignment has no solution, which cannot be: seats may stay empty")
    values = solver.getSolution().col_value[: len(free)]
    return [pair for pair, value in zip(free, values, strict=True) if round(value)]


_Column = tuple[int, int, list[int], list[int]]


def _network(
    seats: Mapping[str, int],
    loads: Mapping[str, int],
    free: Sequence[Pair],
    expertise: Mapping[Pair, int],
) -> tuple[list[tuple[int, int]], list[_Column]]:
    """Rows: an application's seats, then what goes into a reviewer and comes out of them.

    Columns: the pairs, each reviewer's 1st, 2nd, ... further application, each empty seat.
    """
    wanted = [name for name, count in sorted(seats.items()) if count]
    row = {name: at for at, name in enumerate(wanted)}
    place = {name: len(wanted) + at for at, name in enumerate(loads)}
    rows = [(seats[name], seats[name]) for name in wanted] + [(0, 0)] * len(loads)
    columns: list[_Column] = [
        (-expertise.get((a, r), 0), 1, [row[a], place[r]], [1, 1]) for a, r in free
    ]
    possible = dict.fromkeys(loads, 0)
    for _, reviewer in free:
        possible[reviewer] += 1
    for name, load in loads.items():
        further = range(load, load + possible[name])
        columns += [(LOAD_COST * number, 1, [place[name]], [-1]) for number in further]
    columns += [(SHORT_COST, seats[name], [row[name]], [1]) for name in wanted]
    return rows, columns


def _check(left: Mapping[str, int], chosen: Sequence[Pair], conflicts: Collection[Pair]) -> None:
    """Hold what a solver said against the rules, in whole numbers."""
    if any(count < 0 for count in left.values()) or set(chosen) & set(conflicts):
        raise ValueError("the solver broke a rule of the assignment")
