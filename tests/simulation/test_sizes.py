"""Sizes of requests add up to what was published, whatever the seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.simulation.draws import Draws
from headgate.simulation.sizes import sizes


@given(st.data(), st.integers(1, 300), st.integers(1, 2000), st.integers(0, 10**6))
def test_totals_are_exact(data: st.DataObject, count: int, cap: int, seed: int) -> None:
    """A published total is met to the block, each size from one block to the cap."""
    total = data.draw(st.integers(count, count * cap))
    found = sizes(total, count, cap, Draws(seed))
    assert (count, total) == (len(found), sum(found))
    assert all(1 <= size <= cap for size in found)


@pytest.mark.parametrize("total", [4, 51])
def test_what_cannot_be_is_refused(total: int) -> None:
    """Five requests of 1 to 10 blocks can ask for no less than 5 and no more than 50."""
    with pytest.raises(ValueError, match="5 sizes of 1 to 10 cannot add up"):
        sizes(total, 5, 10, Draws("7"))


def test_most_are_small_and_some_ask_for_all() -> None:
    """As in published calls: most ask for one or two nodes, and somebody for the cap."""
    counts = Counter(sizes(1714, 514, 32, Draws("7")))
    assert counts[1] + counts[2] > 514 * 6 // 10
    assert 3 <= counts[32] <= 30


def test_large_means_are_spread_around_the_mean() -> None:
    """Where all ask for much, nobody asks for next to nothing."""
    found = sizes(960, 15, 96, Draws("7"))
    assert min(found) >= 30
    assert max(found) > 80


@pytest.mark.parametrize("seed", ["7", "8", "headgate"])
def test_another_cap_moves_few_sizes(seed: str) -> None:
    """Nine in ten ask for what they asked for, as far as the cap and the total let them."""
    caps = {cap: sizes(1714, 514, cap, Draws(seed)) for cap in (31, 32, 33)}
    for cap in (31, 33):
        changes = [b - a for a, b in zip(caps[32], caps[cap], strict=True)]
        assert sum(change != 0 for change in changes) < 514 // 10
        assert all(abs(change) <= 2 for change in changes)
    few, more = (sizes(960, 15, cap, Draws(seed)) for cap in (96, 97))
    assert all(abs(b - a) <= 2 for a, b in zip(few, more, strict=True))
