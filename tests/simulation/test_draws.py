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


def test_a_part_has_a_name_of_its_own() -> None:
    """What is drawn of a part is what its whole name draws, however it was come by."""
    expected = Draws("7", "mark", "APP-0001", ("a", "b"), 3).below(10**18)
    assert expected == Draws("7").of("mark", "APP-0001").of(("a", "b"), 3).below(10**18)


@given(st.text(max_size=8), st.integers(1, 10**6), st.integers(0, 20))
def test_a_bound_that_moves_a_little_moves_a_part_as_little(
    seed: str, whole: int, more: int
) -> None:
    """One seed takes the same part of any whole: a cap of one more is no other draw."""
    one, other = Draws(seed).part(whole), Draws(seed).part(whole + more)
    assert 0 <= one <= other <= one + more
    assert one < whole


@given(st.sets(st.text(max_size=4), min_size=1, max_size=30), st.text(max_size=4))
def test_who_comes_or_goes_leaves_the_others_in_their_order(subjects: set[str], seed: str) -> None:
    """An order is a draw of each subject, so that nobody's place depends on who else is there."""
    order, gone = Draws(seed).ranked(subjects), min(subjects)
    assert subjects == set(order)
    assert len(subjects) == len(order)
    assert [one for one in order if one != gone] == Draws(seed).ranked(subjects - {gone})
