"""Awards find their sites by one published rule, and no site holds more than it has."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.place import NoRoom, Part, place


def placed(awards: list[tuple[str, int]], sites: dict[str, int]) -> list[tuple[str, str, int]]:
    """Award, site and blocks of each part, all of one class."""
    parts = place([(name, "b200", blocks) for name, blocks in awards], {"b200": sites})
    return [(part.award, part.site, part.blocks) for part in parts]


def test_the_fullest_site_that_still_holds_an_award_takes_it() -> None:
    """A site that is kept free is room for the next large award."""
    assert [("a", "small", 3)] == placed([("a", 3)], {"large": 10, "small": 3})


def test_the_largest_award_is_placed_first() -> None:
    """Whoever is larger chooses first, so that a gang finds one home while there is one."""
    expected = [("a", "south", 4), ("b", "north", 6)]
    assert expected == placed([("a", 4), ("b", 6)], {"north": 6, "south": 4})


def test_ties_go_by_name() -> None:
    """Two equal awards and two equal sites: the names decide, whatever the order they come in."""
    expected = [("a", "north", 2), ("b", "south", 2)]
    assert expected == placed([("b", 2), ("a", 2)], {"south": 2, "north": 2})


def test_an_award_that_fits_nowhere_is_laid_over_the_roomiest_sites() -> None:
    """Seven blocks on sites of five, four and one: as few sites as hold it."""
    assert [("a", "x", 5), ("a", "y", 2)] == placed([("a", 7)], {"w": 1, "x": 5, "y": 4})


def test_more_than_there_is_finds_no_room() -> None:
    """An overfull class is said by name before anything is ordered."""
    with pytest.raises(NoRoom, match="a: 3 blocks of b200, 2 free"):
        placed([("a", 3)], {"x": 2})
    with pytest.raises(NoRoom, match="a: 1 blocks of h200, 0 free"):
        place([("a", "h200", 1)], {"b200": {"x": 2}})


def test_classes_do_not_share_room() -> None:
    """A block of one class never takes the place of another's."""
    parts = place([("a", "b200", 2), ("b", "h200", 2)], {"b200": {"x": 2}, "h200": {"x": 2}})
    assert (Part("a", "b200", "x", 2), Part("b", "h200", "x", 2)) == parts


@given(
    st.lists(st.integers(1, 12), max_size=8),
    st.dictionaries(st.sampled_from(["n", "e", "s", "w"]), st.integers(0, 30)),
)
def test_every_block_is_placed_once_and_no_site_is_overfull(
    sizes: list[int], sites: dict[str, int]
) -> None:
    """Parts add up to the awards, and fit; where not all awards fit, nothing is placed."""
    awards = [(f"a{n}", size) for n, size in enumerate(sizes)]
    if sum(sizes) > sum(sites.values()):
        with pytest.raises(NoRoom):
            placed(awards, sites)
        return
    parts = placed(awards, sites)
    by_award, by_site = Counter[str](), Counter[str]()
    for award, site, blocks in parts:
        by_award[award] += blocks
        by_site[site] += blocks
    assert dict(awards) == dict(by_award)
    assert all(blocks <= sites[site] for site, blocks in by_site.items())
