"""What leavers held is divided by the policy's parts: nothing lost, nothing made, all by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.policy.schema import Reallocation
from headgate.core.reallocation.formula import Destination, Movement, reallocate


def rule(survivors: int, wildcard: int, pool: int, divide: str = "equally") -> Reallocation:
    """A formula in parts of their sum."""
    of = survivors + wildcard + pool
    return Reallocation(of=of, survivors=survivors, wildcard=wildcard, pool=pool, divide=divide)


def told(movements: tuple[Movement, ...]) -> list[tuple[str, int]]:
    """Receivers and blocks: an award's name, `wildcard` or `pool`."""
    return [(m.award or m.destination.value, m.blocks) for m in movements]


def test_two_parts_to_survivors_two_to_a_wildcard_one_to_the_pool() -> None:
    """Of 96 blocks, 2/5 are 38.4, 38.4 and 19.2: by largest remainder 39, 38 and 19."""
    moved = reallocate(rule(2, 2, 1), {"b200": 96}, {"a": 96, "b": 96, "c": 96, "d": 96}, 1)
    expected = [("a", 10), ("b", 10), ("c", 10), ("d", 9), ("wildcard", 38), ("pool", 19)]
    assert expected == told(moved)


def test_by_holding_larger_survivors_receive_more() -> None:
    """Ten blocks among holders of 3 and 1 are 7.5 and 2.5; equal remainders go by name."""
    moved = reallocate(rule(1, 0, 0, "by_holding"), {"b200": 10}, {"a": 3, "b": 1}, 0)
    assert [("a", 8), ("b", 2)] == told(moved)


def test_by_holding_of_nothing_is_equally() -> None:
    """Survivors that hold no blocks are weighed alike instead of dividing by nought."""
    moved = reallocate(rule(1, 0, 0, "by_holding"), {"b200": 4}, {"a": 0, "b": 0}, 0)
    assert [("a", 2), ("b", 2)] == told(moved)


def test_without_survivors_their_part_falls_to_the_pool() -> None:
    """Where nobody of the class goes on, nothing is kept for them."""
    assert [("wildcard", 2), ("pool", 3)] == told(reallocate(rule(2, 2, 1), {"b200": 5}, {}, 1))


def test_without_an_open_place_the_wildcards_part_falls_to_the_pool() -> None:
    """A wildcard call is fed only when there is a place to fill."""
    assert [("a", 2), ("pool", 3)] == told(reallocate(rule(2, 2, 1), {"b200": 5}, {"a": 5}, 0))


def test_nothing_freed_moves_nothing() -> None:
    """A round that nobody leaves moves no block, and says so by an empty list."""
    assert () == reallocate(rule(2, 2, 1), {"b200": 0}, {"a": 5}, 1)


@given(
    freed=st.dictionaries(st.sampled_from(["a100", "b200", "h200"]), st.integers(0, 5000)),
    held=st.dictionaries(st.text("abcd", min_size=1, max_size=2), st.integers(0, 300)),
    parts=st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)).filter(any),
    places=st.integers(0, 2),
    divide=st.sampled_from(["equally", "by_holding"]),
)
def test_every_freed_block_moves_exactly_once(
    freed: dict[str, int],
    held: dict[str, int],
    parts: tuple[int, int, int],
    places: int,
    divide: str,
) -> None:
    """Class by class, what is received is what was freed."""
    moved = reallocate(rule(*parts, divide), freed, held, places)
    received = {name: sum(m.blocks for m in moved if m.support_class == name) for name in freed}
    assert freed == received
    assert all(m.blocks > 0 for m in moved)
    assert {m.award for m in moved if m.destination is Destination.SURVIVOR} <= held.keys()


@pytest.mark.parametrize("order", [["a", "b", "c"], ["c", "a", "b"]])
def test_the_order_in_which_survivors_are_named_changes_nothing(order: list[str]) -> None:
    """Seven blocks among three: the odd one goes by name, not by who was listed first."""
    moved = reallocate(rule(1, 0, 0), {"b200": 7}, dict.fromkeys(order, 2), 0)
    assert [("a", 3), ("b", 2), ("c", 2)] == told(moved)
