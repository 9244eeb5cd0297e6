"""Draws are the same for everybody, and no stream shifts another."""

import hashlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from headgate.simulation.draws import Draws


def test_a_draw_can_be_made_again_by_hand() -> None:
    """An auditor needs SHA-256 and nothing else: the first draw is its first eight bytes."""
    block = hashlib.sha256(b'["7", "mark", "APP-0001"]\n0').digest()
    expected = [int.from_bytes(block[at : at + 8], "big") % 1000 for at in (0, 8, 16, 24)]
    draws = Draws("7", "mark", "APP-0001")
    assert expected == [draws.below(1000) for _ in range(4)]


def test_names_do_not_run_into_each_other() -> None:
    """Two streams never share draws because their names happen to join to the same text."""
    assert Draws("a", "bc").below(10**18) != Draws("ab", "c").below(10**18)
    assert Draws("a", 1).below(10**18) != Draws("a", "1").below(10**18)


@given(st.text(max_size=8), st.integers(1, 10**6), st.integers(0, 10**6))
def test_numbers_keep_their_bounds(seed: str, least: int, more: int) -> None:
    """Every draw lies where it was asked for, for any seed."""
    draws, most = Draws(seed), least + more
    assert least <= draws.between(least, most) <= most
    assert least <= draws.octaves(least, most) <= most
    assert -more <= draws.bell(more) <= more


def test_weights_are_kept() -> None:
    """An index comes as often as its weight says, and one of weight 0 never."""
    draws = Draws("weights")
    counts = Counter(draws.weighted([1, 0, 3]) for _ in range(8000))
    assert {0, 2} == counts.keys()
    assert 1800 < counts[0] < 2200


def test_octaves_have_a_heavy_tail() -> None:
    """A tenth of such numbers add up to more than half of the whole."""
    draws = Draws("tail")
    drawn = sorted(draws.octaves(1, 1 << 14) for _ in range(4000))
    assert sum(drawn[-400:]) * 2 > sum(drawn)


@given(st.integers(0, 30))
def test_a_shuffle_keeps_everything(count: int) -> None:
    """Nothing is lost or doubled when an order is drawn."""
    order = list(range(count))
    Draws("order", count).shuffle(order)
    assert list(range(count)) == sorted(order)
