"""The tree that is kept with every action has the root of the tree that can prove anything."""

from itertools import pairwise
from random import Random

import pytest

from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.tree import Tree, verify_consistency

SIZE_MOST = 600
ENTRIES = [b"entry %d" % n for n in range(SIZE_MOST)]


def test_the_root_of_every_size_is_the_trees() -> None:
    """Grown one entry at a time, it says at every size up to 600 what the whole tree says."""
    frontier, tree = Frontier(), Tree()
    assert tree.root() == frontier.root()
    for size, entry in enumerate(ENTRIES, start=1):
        frontier = frontier.grown([entry])
        tree.append(entry)
        assert (size, tree.root()) == (frontier.size, frontier.root())


def test_however_it_is_cut_into_actions_the_tree_is_the_same() -> None:
    """Two hundred ways to divide 600 entries over actions, empty ones too, end with one value."""
    whole, draws = Frontier().grown(ENTRIES), Random(3)
    for _ in range(200):
        cuts = sorted(draws.choices(range(SIZE_MOST + 1), k=draws.randrange(1, 12)))
        frontier = Frontier()
        for low, high in pairwise([0, *cuts, SIZE_MOST]):
            frontier = frontier.grown(ENTRIES[low:high])
        assert whole == frontier


def test_an_earlier_tree_stays_what_it_was() -> None:
    """A tree is a value: two continuations are consistent with it, and neither changes it."""
    tree = Tree(ENTRIES[:37])
    earlier = Frontier().grown(ENTRIES[:37])
    for more in (ENTRIES[37:99], ENTRIES[200:241]):
        later, whole = earlier.grown(more), Tree([*ENTRIES[:37], *more])
        path = whole.consistency(37, len(whole))
        assert verify_consistency(37, later.size, path, earlier.root(), later.root())
        assert tree.root() == earlier.root()


def test_it_is_as_small_as_its_size_has_bits() -> None:
    """One hash for each bit that is set: what is kept with an action does not grow with time."""
    sizes = range(SIZE_MOST)
    assert [size.bit_count() for size in sizes] == [
        len(Frontier().grown(ENTRIES[:size]).roots) for size in sizes
    ]


@pytest.mark.parametrize(
    ("size", "roots"),
    [
        (-1, ()),
        (-1, (bytes(32),)),
        (0, (bytes(32),)),
        (1, ()),
        (2, (bytes(32), bytes(32))),
        (3, (bytes(32),)),
        (1, (bytes(31),)),
        (3, (bytes(32), bytes(33))),
    ],
)
def test_roots_that_fit_no_tree_of_that_size_are_refused(
    size: int, roots: tuple[bytes, ...]
) -> None:
    """What was kept wrongly is said when it is read, not when a root is compared in vain."""
    with pytest.raises(ValueError, match=f"not those of a tree of {size}"):
        Frontier(size, roots)
