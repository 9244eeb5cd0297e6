"""A journal read from its tiles, and its growth: the same as the whole, and nothing on faith."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tiles import Growth, TileRefusal, Tiles
from headgate.core.ledger.tree import (
    Tree,
    TreeRefusal,
    entry_bundles,
    leaf_hash,
    tiles,
    verify_consistency,
    verify_inclusion,
)
from tests.core.ledger.builders import numbered
from tests.core.ledger.test_tree import CT_ENTRIES, CT_ROOTS

LARGE = 65_537 + 256
EDGES = (0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, LARGE)


def line(index: int) -> bytes:
    """Entry number `index`: distinct, and now and then empty."""
    return b"" if index % 97 == 5 else f"entry {index}".encode()


@cache
def large() -> Tree:
    """A tree with three levels of tiles."""
    return Tree(map(line, range(LARGE)))


@cache
def whole(size: int) -> dict[str, bytes]:
    """Every file of the journal of that size, made from all of it at once."""
    return entry_bundles([line(n) for n in range(size)]) | tiles(large().leaf_hashes()[:size])


def reading(size: int) -> Tiles:
    """The journal of that size, from its files."""
    return Tiles(size, whole(size).__getitem__)


def counted(files: dict[str, bytes]) -> tuple[Callable[[str], bytes], Counter[str]]:
    """A reader of files, and how often each was read."""
    reads: Counter[str] = Counter()

    def read(path: str) -> bytes:
        reads[path] += 1
        return files[path]

    return read, reads


@pytest.mark.parametrize("size", EDGES)
def test_root_from_tiles_is_the_trees(size: int) -> None:
    """Whoever holds the files holds the root, and that of every smaller size."""
    for smaller in {size, *(edge for edge in EDGES if edge <= size)}:
        assert large().root(smaller) == reading(size).root(smaller)


def test_roots_are_the_published_ones() -> None:
    """The vectors of Certificate Transparency hold for tiles too."""
    for size, expected in enumerate(CT_ROOTS):
        files = entry_bundles(CT_ENTRIES[:size]) | tiles(Tree(CT_ENTRIES[:size]).leaf_hashes())
        assert expected == Tiles(size, files.__getitem__).root().hex()


def test_another_implementation_proves_the_same_from_entries() -> None:
    """pymerkle, given the entries, agrees with what is proved from the files alone."""
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for index in range(600):
        other.append_entry(line(index))
    found = reading(600)
    for size in (1, 255, 256, 257, 512, 600):
        assert other.get_root(size) == found.root(size)
        assert tuple(other.prove_inclusion(size, size).path[1:]) == found.inclusion(size - 1, size)
        change = other.prove_consistency(size, 600)
        pymerkle.verify_consistency(found.root(size), found.root(600), change)


@given(st.data())
def test_proofs_from_tiles_are_the_trees(data: st.DataObject) -> None:
    """An award letter can be proved from the published files, by anyone, at any size."""
    sizes = st.one_of(st.sampled_from(EDGES[1:]), st.integers(1, LARGE))
    new = data.draw(sizes)
    old = data.draw(st.one_of(st.sampled_from([e for e in EDGES if e <= new]), st.integers(0, new)))
    index = data.draw(st.integers(0, new - 1))
    found = reading(LARGE)
    inclusion, consistency = found.inclusion(index, new), found.consistency(old, new)
    assert (large().inclusion(index, new), large().consistency(old, new)) == (
        inclusion,
        consistency,
    )
    root = found.root(new)
    assert verify_inclusion(leaf_hash(found.entry(index)), index, new, inclusion, root)
    assert verify_consistency(old, new, consistency, found.root(old), root)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_entries_are_read_back(size: int) -> None:
    """Every line of the journal, and any stretch of it, comes from the bundles."""
    expected = [line(n) for n in range(size)]
    assert expected == list(reading(size).lines(0, size))
    assert expected == [reading(size).entry(n) for n in range(size)]
    for start in (0, 1, 254, 255, 256, 257, 300):
        for stop in (start, start + 1, 256, 257, size):
            if start <= stop <= size:
                assert expected[start:stop] == list(reading(size).lines(start, stop))


def test_only_needed_tiles_are_read_and_each_once() -> None:
    """A proof over sixty-five thousand entries takes a handful of files, none of them twice."""
    read, reads = counted(whole(LARGE))
    found = Tiles(LARGE, read)
    found.root()
    found.inclusion(40_000, LARGE)
    found.consistency(30_000, LARGE)
    assert {1} == set(reads.values())
    assert len(reads) <= 10
    assert not any(path.startswith("tile/entries") for path in reads)


def test_reading_all_lines_reads_each_file_once() -> None:
    """A witness's first visit fetches every file once, though few are remembered."""
    size = 300 * 256
    files = entry_bundles([b""] * size) | tiles([leaf_hash(b"")] * size)
    read, reads = counted(files)
    found = Tiles(size, read)
    found.root()
    assert size == sum(1 for _ in found.lines(0, size))
    assert dict.fromkeys(files, 1) == dict(reads)
    assert len(found._tiles) <= 64


@pytest.mark.parametrize("old", [1, 5, 255, 257, 65_535, 65_537])
def test_older_size_is_read_from_the_full_tiles_that_replaced_its_partial_ones(old: int) -> None:
    """A letter of March can be checked in June, when March's partial tiles are gone."""
    full = {path: data for path, data in whole(LARGE).items() if ".p/" not in path}
    kept = {path: data for path, data in whole(old).items() if path.startswith("tile/2")}
    edge = {path: data for path, data in whole(old).items() if path.startswith("tile/1")}
    files = full | kept | (edge if old > 65_536 or old < 256 else {})
    found = Tiles(old, files.__getitem__)
    assert large().root(old) == found.root()
    assert line(old - 1) == found.entry(old - 1)
    assert large().inclusion(old // 2, old) == found.inclusion(old // 2, old)
    number, last = divmod(old - 1, 256)
    assert [line(n) for n in range(old - last - 1, old)] == list(found.bundle(number))
    assert 32 * (last + 1) == len(found.tile(0, number))


@pytest.mark.parametrize("gone", ["tile/0/001.p/44", "tile/entries/001.p/44"])
def test_one_partial_file_may_be_gone_before_the_other(gone: str) -> None:
    """Whichever file a journal removes first, its reader finds the entries that it had."""
    files = whole(300) | whole(600)
    del files[gone]
    found = Tiles(300, files.__getitem__)
    assert large().root(300) == found.root()
    assert [line(n) for n in range(300)] == list(found.lines(0, 300))


def broken(path: str, data: bytes | None) -> Tiles:
    """The journal of 600 entries with one file changed or gone."""
    files = dict(whole(600))
    assert path in files
    if data is None:
        del files[path]
    else:
        files[path] = data
    return Tiles(600, files.__getitem__)


def flipped(path: str, spot: int) -> bytes:
    """A file of the journal of 600 entries with one bit changed."""
    data = bytearray(whole(600)[path])
    data[spot] ^= 1
    return bytes(data)


LEAVES, EDGE, ENTRIES = "tile/0/001", "tile/0/002.p/88", "tile/entries/001"
REFUSED: list[tuple[TileRefusal | TreeRefusal, Callable[[], object]]] = [
    (TileRefusal.TILE_MISSING, lambda: broken(EDGE, None).root()),
    (TileRefusal.TILE_MISSING, lambda: broken("tile/1/000.p/2", None).root()),
    (TileRefusal.TILE_MISSING, lambda: broken(LEAVES, None).entry(300)),
    (TileRefusal.TILE_MISSING, lambda: broken(ENTRIES, None).entry(300)),
    (TileRefusal.TILE_LENGTH_WRONG, lambda: broken(LEAVES, b"").inclusion(300, 600)),
    (TileRefusal.TILE_LENGTH_WRONG, lambda: broken(EDGE, whole(600)[EDGE][:-1]).root()),
    (TileRefusal.TILE_LENGTH_WRONG, lambda: broken(EDGE, whole(600)[EDGE] + bytes(32)).root()),
    (TileRefusal.TILE_LENGTH_WRONG, lambda: broken(LEAVES, whole(600)[EDGE]).entry(300)),
    (TileRefusal.TILE_WRONG, lambda: broken(LEAVES, flipped(LEAVES, 8191)).inclusion(256, 600)),
    (TileRefusal.TILE_WRONG, lambda: broken(LEAVES, whole(600)["tile/0/000"]).entry(300)),
    (TileRefusal.BUNDLE_WRONG, lambda: broken(ENTRIES, flipped(ENTRIES, 5)).entry(511)),
    (TileRefusal.BUNDLE_WRONG, lambda: broken(ENTRIES, flipped(ENTRIES, 0)).entry(256)),
    (TileRefusal.BUNDLE_WRONG, lambda: broken(ENTRIES, whole(600)[ENTRIES][:-1]).entry(256)),
    (TileRefusal.BUNDLE_WRONG, lambda: broken(ENTRIES, whole(600)[ENTRIES] + bytes(2)).entry(256)),
    (TileRefusal.BUNDLE_WRONG, lambda: broken(ENTRIES, b"").entry(256)),
    (TileRefusal.BUNDLE_WRONG, lambda: list(broken(ENTRIES, b"\0").lines(0, 600))),
    (TreeRefusal.INDEX_OUT_OF_RANGE, lambda: reading(600).entry(600)),
    (TreeRefusal.INDEX_OUT_OF_RANGE, lambda: reading(600).entry(-1)),
    (TreeRefusal.INDEX_OUT_OF_RANGE, lambda: list(reading(600).lines(0, 601))),
    (TreeRefusal.INDEX_OUT_OF_RANGE, lambda: list(reading(600).lines(-1, 5))),
    (TreeRefusal.INDEX_OUT_OF_RANGE, lambda: list(reading(600).lines(6, 5))),
    (TreeRefusal.INDEX_OUT_OF_RANGE, lambda: reading(600).tile(0, 3)),
    (TreeRefusal.INDEX_OUT_OF_RANGE, lambda: reading(600).tile(0, -1)),
    (TreeRefusal.INDEX_OUT_OF_RANGE, lambda: reading(600).tile(2, 0)),
    (TreeRefusal.SIZE_OUT_OF_RANGE, lambda: reading(600).root(601)),
    (TreeRefusal.SIZE_OUT_OF_RANGE, lambda: Tiles(-1, whole(0).__getitem__)),
    (TreeRefusal.SIZE_OUT_OF_RANGE, lambda: Tiles(2**63, whole(0).__getitem__)),
    (TreeRefusal.ENTRY_TOO_LONG, lambda: list(grown(0).files([b"x" * 65_536]))),
]


@pytest.mark.parametrize(("refusal", "ask"), REFUSED, ids=numbered(REFUSED))
def test_tiles_that_do_not_fit_are_refused_by_name(
    refusal: TileRefusal | TreeRefusal, ask: Callable[[], object]
) -> None:
    """A missing, cut, long or altered file gives a name, never another answer."""
    with pytest.raises(Refused) as refused:
        ask()
    assert refusal is refused.value.reason


def test_every_refusal_is_provoked() -> None:
    """No refusal of tiles exists that this suite cannot provoke."""
    assert set(TileRefusal) == {refusal for refusal, _ in REFUSED if refusal in set(TileRefusal)}


@given(st.data())
def test_no_byte_of_a_file_changes_an_answer(data: st.DataObject) -> None:
    """Whatever a server alters, the root is another one or the question is refused."""
    path = data.draw(st.sampled_from(sorted(whole(600))))
    found = broken(path, flipped(path, data.draw(st.integers(0, len(whole(600)[path]) - 1))))
    try:
        told = (found.root(), list(found.lines(0, 600)))
    except Refused:
        return
    assert large().root(600) != told[0]


def test_largest_size_asks_for_tiles_that_are_not_there() -> None:
    """A checkpoint that claims the largest size there is costs a look-up, not a life."""
    with pytest.raises(Refused) as refused:
        Tiles(2**63 - 1, whole(0).__getitem__).root()
    assert TileRefusal.TILE_MISSING is refused.value.reason


def grown(size: int) -> Growth:
    """The growth of the journal of that size."""
    return Growth(size, whole(size).__getitem__)


@pytest.mark.parametrize("old", EDGES)
def test_growth_gives_the_files_of_the_whole(old: int) -> None:
    """A journal published in two steps is, byte for byte, the one published at once."""
    for new in (edge for edge in EDGES if edge >= old):
        growth = grown(old)
        files = dict(growth.files(map(line, range(old, new))))
        both = whole(old) | files
        assert whole(new) == {path: both[path] for path in whole(new)}
        assert files.keys() <= whole(new).keys()
        assert files.keys().isdisjoint(whole(old).keys())
        assert (new, large().root(new)) == (growth.size, growth.root())


@given(st.lists(st.integers(0, 700), max_size=6))
def test_any_steps_of_growth_give_the_whole(steps: list[int]) -> None:
    """However often a journal is published, its files are those of the whole."""
    files: dict[str, bytes] = {}
    size = 0
    for step in steps:
        growth = Growth(size, files.__getitem__)
        for path, data in growth.files(map(line, range(size, size + step))):
            assert path not in files
            files[path] = data
        size += step
        assert (size, large().root(size)) == (growth.size, growth.root())
        assert whole(size) == {path: files[path] for path in whole(size)}


def test_growth_that_stops_anywhere_has_harmed_nothing() -> None:
    """Every prefix of the files leaves the published journal whole, and a second try ends right."""
    added = list(grown(300).files(map(line, range(300, 1100))))
    for stop in range(len(added) + 1):
        files = whole(300) | dict(added[:stop])
        assert large().root(300) == Tiles(300, files.__getitem__).root()
        again = Growth(300, files.__getitem__)
        files |= dict(again.files(map(line, range(300, 1200))))
        assert large().root(1200) == again.root() == Tiles(1200, files.__getitem__).root()


def test_hash_tiles_follow_their_entries_and_higher_tiles_the_lower() -> None:
    """No hash is published before what it is the hash of."""
    paths = [path for path, _ in grown(0).files(map(line, range(257)))]
    assert [
        "tile/entries/000",
        "tile/0/000",
        "tile/entries/001.p/1",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
    ] == paths


def test_growth_takes_lines_as_they_come() -> None:
    """A million lines pass through memory of a few tiles: a full tile is given before more come."""
    taken = 0

    def lines() -> Iterator[bytes]:
        nonlocal taken
        for index in range(10_000):
            taken = index + 1
            yield line(index)

    growth = grown(0)
    for path, _ in growth.files(lines()):
        if path.startswith("tile/entries") and ".p/" not in path:
            assert taken == growth.size == 256 * (int(path[-3:]) + 1)


def test_growth_refuses_an_edge_that_does_not_fit() -> None:
    """Nothing is added to a journal whose last entries are not those of its hashes."""
    files = dict(whole(300))
    files["tile/entries/001.p/44"] = whole(299)["tile/entries/001.p/43"]
    with pytest.raises(Refused) as refused:
        Growth(300, files.__getitem__)
    assert TileRefusal.BUNDLE_WRONG is refused.value.reason
