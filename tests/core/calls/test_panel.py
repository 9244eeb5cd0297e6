"""Reviewers are assigned as well as can be: held against brute force and against scipy."""

from collections import Counter
from collections.abc import Collection, Mapping
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from headgate.core.calls.panel import LOAD_COST, Pair, assign


def names(prefix: str, count: int) -> list[str]:
    """So many names."""
    return [f"{prefix}{number}" for number in range(count)]


def value_of(pairs: Collection[Pair], expertise: Mapping[Pair, int]) -> int:
    """What an assignment is worth: its expertise less what its loads cost."""
    counts = Counter(reviewer for _, reviewer in pairs)
    load = sum(LOAD_COST * n * (n - 1) // 2 for n in counts.values())
    return sum(expertise.get(pair, 0) for pair in pairs) - load


def best_of_all(seats: dict[str, int], known: dict[Pair, int], free: set[Pair]) -> int:
    """The worth of the best assignment that fills every seat, by trying them all."""
    choices = [
        list(combinations([pair for pair in sorted(free) if pair[0] == a], count))
        for a, count in seats.items()
    ]
    tried = ([pair for part in parts for pair in part] for parts in product(*choices))
    return max(value_of(pairs, known) for pairs in tried)


SMALL = st.lists(st.integers(0, 1000), min_size=12, max_size=12)


@given(SMALL, st.integers(1, 2), st.sets(st.integers(0, 11), max_size=3))
def test_no_assignment_is_better(skills: list[int], each: int, barred: set[int]) -> None:
    """Of all ways to seat four reviewers at three applications none is worth more."""
    pairs = list(product(names("a", 3), names("r", 4)))
    known = dict(zip(pairs, skills, strict=True))
    conflicts = {pairs[at] for at in barred}
    seats = dict.fromkeys(names("a", 3), each)
    found = assign(seats, names("r", 4), known, conflicts)
    free = set(pairs) - conflicts
    if any(sum(p[0] == a for p in free) < each for a in seats):
        assert found.short
        return
    assert {} == found.short
    assert not conflicts & set(found.pairs)
    assert best_of_all(seats, known, free) == value_of(found.pairs, known)


@given(st.lists(st.integers(0, 1000), min_size=60, max_size=60))
def test_scipy_finds_nothing_better(skills: list[int]) -> None:
    """With one seat each it is the classical problem, each reviewer's turns as columns."""
    applications, reviewers = names("a", 10), names("r", 6)
    pairs = list(product(applications, reviewers))
    known = dict(zip(pairs, skills, strict=True))
    found = assign(dict.fromkeys(applications, 1), reviewers, known, set())
    turns = list(product(reviewers, range(10)))
    worth = [[known[a, r] - LOAD_COST * turn for r, turn in turns] for a in applications]
    rows, columns = linear_sum_assignment(worth, maximize=True)
    best = sum(worth[row][column] for row, column in zip(rows, columns, strict=True))
    assert best == value_of(found.pairs, known)


def test_load_is_balanced_where_expertise_is_silent() -> None:
    """Twelve seats among four equals are three each."""
    found = assign(dict.fromkeys(names("a", 6), 2), names("r", 4), {}, set())
    loads = [sum(r == name for _, r in found.pairs) for name in names("r", 4)]
    assert [3, 3, 3, 3] == loads


def test_a_seat_that_nobody_may_take_stays_empty() -> None:
    """An application whose only reviewers are in conflict is told, and the others have theirs."""
    conflicts = {("a0", "r0"), ("a0", "r1")}
    found = assign({"a0": 1, "a1": 2}, ["r0", "r1"], {}, conflicts)
    assert {"a0": 1} == found.short
    assert (("a1", "r0"), ("a1", "r1")) == found.pairs


def test_seats_given_by_hand_stand() -> None:
    """What an officer decided is kept, counts as load, and may not be a conflict."""
    kept = {("a0", "r0")}
    found = assign({"a0": 1, "a1": 1}, ["r0", "r1"], {}, set(), kept)
    assert (("a0", "r0"), ("a1", "r1")) == found.pairs
    with pytest.raises(ValueError, match="in conflict"):
        assign({"a0": 1}, ["r0"], {}, kept, kept)
