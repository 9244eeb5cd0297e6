"""The Merkle tree against the RFC's own definition, published vectors and another program."""

from collections.abc import Callable, Sequence
from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import (
    Tree,
    TreeRefusal,
    entry_bundles,
    leaf_hash,
    node_hash,
    read_bundle,
    root,
    tiles,
    verify_consistency,
    verify_inclusion,
)

SIZE_MAX = 300

# The test data of the Certificate Transparency reference implementation (entries and tree heads).
CT_ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def entries(count: int) -> list[bytes]:
    """Distinct entries."""
    return [f"entry {n}".encode() for n in range(count)]


def mth(data: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not data:
        return sha256().digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    k = cut(len(data))
    return sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def cut(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, data: Sequence[bytes]) -> tuple[bytes, ...]:
    """PATH(m, D[n]) of RFC 6962 section 2.1.1, word for word."""
    if len(data) == 1:
        return ()
    k = cut(len(data))
    if m < k:
        return (*path(m, data[:k]), mth(data[k:]))
    return (*path(m - k, data[k:]), mth(data[:k]))


def subproof(m: int, data: Sequence[bytes], whole: bool) -> tuple[bytes, ...]:
    """SUBPROOF(m, D[n], b) of RFC 6962 section 2.1.2, word for word."""
    if m == len(data):
        return () if whole else (mth(data),)
    k = cut(len(data))
    if m <= k:
        return (*subproof(m, data[:k], whole), mth(data[k:]))
    return (*subproof(m - k, data[k:], False), mth(data[:k]))


@pytest.fixture(scope="module")
def tree() -> Tree:
    """A tree of three hundred entries, which can answer for every smaller size."""
    return Tree(entries(SIZE_MAX))


def test_roots_are_the_published_ones() -> None:
    """Any Certificate Transparency client computes the same root from our entries."""
    assert CT_ROOTS == [root(CT_ENTRIES[:size]).hex() for size in range(len(CT_ROOTS))]


def test_root_is_the_definition_at_every_size(tree: Tree) -> None:
    """Roots of past sizes do not depend on what was appended later."""
    data = entries(SIZE_MAX)
    for size in range(SIZE_MAX + 1):
        assert mth(data[:size]) == tree.root(size)
        assert size == SIZE_MAX or size == Tree(data[:size]).append(data[size])


def test_inclusion_is_the_definition_and_verifies(tree: Tree) -> None:
    """An award letter's proof is the RFC's, for every entry of many sizes."""
    data = entries(SIZE_MAX)
    for size in (1, 2, 3, 7, 8, 9, 31, 64, 65, 100, 255, 256, 257, 300):
        for index in range(0, size, 1 if size < 66 else 13):
            proof = tree.inclusion(index, size)
            assert path(index, data[:size]) == proof
            assert verify_inclusion(leaf_hash(data[index]), index, size, proof, tree.root(size))


def test_consistency_is_the_definition_and_verifies(tree: Tree) -> None:
    """June's journal is shown to be a prefix of December's, whatever their sizes."""
    data = entries(SIZE_MAX)
    for new in (1, 2, 3, 7, 8, 9, 33, 64, 65, 256, 300):
        for old in range(1, new + 1, 1 if new < 66 else 17):
            proof = tree.consistency(old, new)
            assert subproof(old, data[:new], True) == proof
            assert verify_consistency(old, new, proof, tree.root(old), tree.root(new))
        assert () == tree.consistency(0, new)
        assert verify_consistency(0, new, (), tree.root(0), tree.root(new))


def test_another_implementation_computes_the_same(tree: Tree) -> None:
    """pymerkle, written by others, agrees on roots, inclusion and consistency."""
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries(SIZE_MAX):
        other.append_entry(entry)
    for size in (1, 2, 5, 128, 129, 300):
        assert other.get_root(size) == tree.root(size)
        proof = other.prove_inclusion(size, size)
        assert tuple(proof.path[1:]) == tree.inclusion(size - 1, size)
        pymerkle.verify_inclusion(leaf_hash(entries(size)[-1]), tree.root(size), proof)
        change = other.prove_consistency(size, SIZE_MAX)
        pymerkle.verify_consistency(tree.root(size), tree.root(SIZE_MAX), change)


@given(st.data())
def test_proof_with_any_part_changed_shows_nothing(tree: Tree, data: st.DataObject) -> None:
    """A proof holds for one entry, one place, one size and one root, and for nothing else."""
    size = data.draw(st.integers(2, SIZE_MAX))
    index = data.draw(st.integers(0, size - 1))
    leaf, proof, head = (
        leaf_hash(entries(size)[index]),
        tree.inclusion(index, size),
        tree.root(size),
    )
    spot = data.draw(st.integers(0, len(proof) - 1))
    bent = (*proof[:spot], bytes([proof[spot][0] ^ 1]) + proof[spot][1:], *proof[spot + 1 :])
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    assert not verify_inclusion(leaf, index, size, bent, head)
    assert not verify_inclusion(leaf, index, size, proof[:-1], head)
    assert not verify_inclusion(leaf, index, size, (*proof, head), head)
    assert not verify_inclusion(leaf, index, size, (*proof[:-1], proof[-1] + b"\0"), head)
    assert not verify_inclusion(leaf, other, size, proof, head)
    assert not verify_inclusion(node_hash(leaf, leaf), index, size, proof, head)
    assert not verify_inclusion(leaf, index, size, proof, leaf)
    assert not verify_inclusion(leaf, size, size, proof, head)
    assert not verify_inclusion(leaf, -1, size, proof, head)


def test_proof_for_a_smaller_tree_shows_nothing_about_a_larger_one(tree: Tree) -> None:
    """A true proof cannot be passed off under a size that the journal did not have."""
    leaf, eight = leaf_hash(entries(1)[0]), tree.root(8)
    assert not verify_inclusion(leaf, 0, 16, tree.inclusion(0, 8), eight)
    assert not verify_consistency(4, 16, tree.consistency(4, 8), tree.root(4), eight)
    assert not verify_consistency(3, 8, (), tree.root(3), eight)


@given(st.data())
def test_rewritten_history_is_not_consistent(tree: Tree, data: st.DataObject) -> None:
    """Who changes one old entry cannot show the old checkpoint to be a prefix any more."""
    new = data.draw(st.integers(2, SIZE_MAX))
    old = data.draw(st.integers(1, new - 1))
    changed = data.draw(st.integers(0, old - 1))
    rewritten = entries(new)
    rewritten[changed] += b"!"
    forged = Tree(rewritten)
    for proof in (tree.consistency(old, new), forged.consistency(old, new)):
        assert not verify_consistency(old, new, proof, tree.root(old), forged.root(new))
    proof, heads = tree.consistency(old, new), (tree.root(old), tree.root(new))
    assert not verify_consistency(old, new, proof[:-1], *heads)
    assert not verify_consistency(old, new, (*proof, heads[0]), *heads)
    assert not verify_consistency(new, old, proof, *heads)
    assert not verify_consistency(-1, new, proof, *heads)
    assert not verify_consistency(0, new, proof, *heads)
    assert not verify_consistency(0, new, (), *heads)
    assert not verify_consistency(new, new, (), *heads)
    assert not verify_consistency(old, new, (*proof[:-1], b""), *heads)


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (0, []),
        (1, ["tile/0/000.p/1"]),
        (255, ["tile/0/000.p/255"]),
        (256, ["tile/0/000", "tile/1/000.p/1"]),
        (257, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]),
    ],
)
def test_tiles_have_the_names_of_the_specification(size: int, names: list[str]) -> None:
    """A C2SP client finds each tile where tlog-tiles says it is."""
    assert names == list(tiles(Tree(entries(size)).leaf_hashes()))


def test_tiles_of_seventy_thousand_entries_are_those_of_the_specification() -> None:
    """The example of tlog-tiles: 273 full tiles and one of 112, then 1 and one of 17, then 1."""
    hashes = [n.to_bytes(32, "big") for n in range(70_000)]
    files = tiles(hashes)
    assert 273 + 1 + 1 + 1 + 1 == len(files)
    assert 112 * 32 == len(files["tile/0/273.p/112"])
    assert 256 * 32 == len(files["tile/1/000"])
    assert 17 * 32 == len(files["tile/1/001.p/17"])
    assert files["tile/2/000.p/1"] not in files["tile/1/000"]
    assert b"".join(hashes[:256]) == files["tile/0/000"]


def test_hash_in_an_upper_tile_is_the_root_of_the_full_tile_below() -> None:
    """Proofs can be computed from the published files alone."""
    data = entries(2 * 256 + 3)
    upper = tiles(Tree(data).leaf_hashes())["tile/1/000.p/2"]
    assert mth(data[:256]) + mth(data[256:512]) == upper


def test_tile_numbers_are_grouped_by_thousands() -> None:
    """Tile 1,234 is x001/234, so that no folder holds more than a thousand files."""
    names = list(entry_bundles([b""] * (1234 * 256 + 1)))
    assert ["tile/entries/999", "tile/entries/x001/000"] == names[999:1001]
    assert "tile/entries/x001/234.p/1" == names[-1]


@given(st.lists(st.binary(max_size=20), max_size=600))
def test_bundles_give_the_entries_back(data: list[bytes]) -> None:
    """Whoever holds the bundles holds the journal."""
    bundles = entry_bundles(data)
    assert data == [entry for bundle in bundles.values() for entry in read_bundle(bundle)]


def test_bundle_is_length_and_entry() -> None:
    """The specification's bytes: a big-endian uint16 before each entry."""
    assert {"tile/entries/000.p/2": b"\x00\x02ab\x00\x00"} == entry_bundles([b"ab", b""])
    longest = b"x" * 65_535
    assert (longest,) == read_bundle(entry_bundles([longest])["tile/entries/000.p/1"])


def test_every_refusal_is_provoked(tree: Tree) -> None:
    """What cannot be proved, published or read is refused by name."""
    asked: dict[TreeRefusal, list[Callable[[], object]]] = {
        TreeRefusal.SIZE_OUT_OF_RANGE: [
            lambda: tree.root(SIZE_MAX + 1),
            lambda: tree.root(-1),
            lambda: tree.inclusion(0, SIZE_MAX + 1),
            lambda: tree.consistency(1, SIZE_MAX + 1),
            lambda: tree.consistency(3, 2),
            lambda: tree.consistency(-1, 2),
        ],
        TreeRefusal.INDEX_OUT_OF_RANGE: [
            lambda: tree.inclusion(2, 2),
            lambda: tree.inclusion(-1, 2),
            lambda: tree.inclusion(0, 0),
        ],
        TreeRefusal.ENTRY_TOO_LONG: [lambda: entry_bundles([b"x" * 65_536])],
        TreeRefusal.BUNDLE_TRUNCATED: [
            lambda: read_bundle(b"\x00"),
            lambda: read_bundle(b"\x00\x02a"),
            lambda: read_bundle(b"\x00\x01a\x00"),
        ],
    }
    assert set(TreeRefusal) == set(asked)
    for refusal, questions in asked.items():
        for question in questions:
            with pytest.raises(Refused) as refused:
                question()
            assert refusal is refused.value.reason
