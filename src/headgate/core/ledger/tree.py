"""The journal as a Merkle tree: roots, proofs, and the tiles that publish them as plain files.

Hashing and proofs are RFC 6962 section 2.1, verification RFC 9162 sections 2.1.3.2 and 2.1.4.2,
files C2SP tlog-tiles. A leaf is an entry's exact bytes; every hash is 32 bytes of SHA-256.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from hashlib import sha256
from typing import Final

from headgate.core.ledger.entry import ENTRY_BYTES_MAX
from headgate.core.ledger.refused import Refused

TILE_WIDTH: Final = 256
"""Hashes in a full tile: a subtree of height 8."""

_HASH_BYTES: Final = 32


class TreeRefusal(Enum):
    """What cannot be proved, published or read."""

    SIZE_OUT_OF_RANGE = "the tree never had that size"
    INDEX_OUT_OF_RANGE = "the tree of that size has no such entry"
    ENTRY_TOO_LONG = "an entry bundle holds entries of at most 65,535 bytes"
    BUNDLE_TRUNCATED = "the entry bundle ends inside an entry"


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry: SHA-256 of a zero byte and the entry (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: SHA-256 of a one byte and both hashes (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Provable(ABC):
    """A tree that can prove anything about any size up to its own, wherever its hashes are kept.

    RFC 6962 cuts every tree into perfect subtrees; who can give the hash of each of those has all
    that roots and proofs are made of.
    """

    @abstractmethod
    def __len__(self) -> int:
        """How many entries the tree holds."""

    @abstractmethod
    def subtree(self, height: int, index: int) -> bytes:
        """The hash of the perfect subtree of 2^height entries that is number `index` from left."""

    def root(self, size: int | None = None) -> bytes:
        """The Merkle tree hash of the first `size` entries (of all, when none is given)."""
        size = len(self) if size is None else size
        self._check_size(size)
        return root_of(size, self.subtree)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The proof that entry `index` stands in the tree of `size`: PATH of RFC 6962 2.1.1."""
        self._check_size(size)
        if not 0 <= index < size:
            raise Refused(TreeRefusal.INDEX_OUT_OF_RANGE, f"{index} of {size}")
        path: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(_range_hash(middle, high, self.subtree))
                high = middle
            else:
                path.append(_range_hash(low, middle, self.subtree))
                low = middle
        return tuple(reversed(path))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the tree of size `old` is a prefix of that of `new`: RFC 6962 2.1.2.

        Empty when there is nothing to show: `old` is 0 or equals `new`.
        """
        self._check_size(new)
        if not 0 <= old <= new:
            raise Refused(TreeRefusal.SIZE_OUT_OF_RANGE, f"{old} of {new}")
        if old == 0:
            return ()
        path: list[bytes] = []
        low, high = 0, new
        while high != old:
            middle = low + _split(high - low)
            if old <= middle:
                path.append(_range_hash(middle, high, self.subtree))
                high = middle
            else:
                path.append(_range_hash(low, middle, self.subtree))
                low = middle
        if low:
            path.append(_range_hash(low, high, self.subtree))
        return tuple(reversed(path))

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= len(self):
            raise Refused(TreeRefusal.SIZE_OUT_OF_RANGE, f"{size} of {len(self)}")


class Tree(Provable):
    """An append-only Merkle tree in memory.

    `_levels[k]` holds the hash of every complete subtree of 2^k leaves, from the left; appending
    completes as many subtrees as the new size has trailing zero bits, one on average.
    """

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for entry in entries:
            self.append(entry)

    def __len__(self) -> int:
        return len(self._levels[0])

    def subtree(self, height: int, index: int) -> bytes:
        """The hash of a complete subtree, which appending has kept."""
        return self._levels[height][index]

    def append(self, entry: bytes) -> int:
        """Add one entry's bytes and return its index, counted from 0."""
        levels = self._levels
        leaves = levels[0]
        index = len(leaves)
        leaves.append(sha256(b"\x00" + entry).digest())
        size, height = index + 1, 0
        while not size & 1:
            below = levels[height]
            height += 1
            if height == len(levels):
                levels.append([])
            levels[height].append(sha256(b"\x01" + below[-2] + below[-1]).digest())
            size >>= 1
        return index

    def leaf_hashes(self) -> tuple[bytes, ...]:
        """The hash of every entry, in order: what `tiles` publishes."""
        return tuple(self._levels[0])


def root(entries: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of entries: MTH of RFC 6962 section 2.1."""
    return Tree(entries).root()


def root_of(size: int, subtree: Callable[[int, int], bytes]) -> bytes:
    """The Merkle tree hash of `size` entries from the hashes of their perfect subtrees.

    `subtree(height, index)` is asked only for the subtrees of the right edge: one for each bit of
    the size, which is all that a journal needs to remember in order to grow.
    """
    return _range_hash(0, size, subtree) if size else sha256().digest()


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], tree_root: bytes
) -> bool:
    """Whether `path` shows the leaf hash at `index` in the tree of that size and root.

    The algorithm of RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size or any(len(node) != _HASH_BYTES for node in path):
        return False
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == tree_root


def verify_consistency(
    old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether `path` shows the tree of size `old` and its root to be a prefix of the other.

    The algorithm of RFC 9162 section 2.1.4.2. The empty tree is a prefix of every tree.
    """
    if not 0 <= old <= new or any(len(node) != _HASH_BYTES for node in path):
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == sha256().digest()
    nodes = list(path) if old & (old - 1) else [old_root, *path]
    if not nodes:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    found_old = found_new = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            found_old, found_new = node_hash(sibling, found_old), node_hash(sibling, found_new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found_new = node_hash(found_new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root


def tiles(hashes: Sequence[bytes]) -> dict[str, bytes]:
    """Every tile of the tree over these leaf hashes: path -> bytes, as C2SP tlog-tiles names them.

    Levels are of height 8: each hash of a level is the root of one full tile of the level below.
    The rightmost tile of a level may be partial, and has its width in its name.
    """
    files: dict[str, bytes] = {}
    level, row = 0, list(hashes)
    while row:
        for start in range(0, len(row), TILE_WIDTH):
            tile = row[start : start + TILE_WIDTH]
            files[tile_path(str(level), start // TILE_WIDTH, len(tile))] = b"".join(tile)
        full = len(row) // TILE_WIDTH
        row = [perfect_root(row[n * TILE_WIDTH : (n + 1) * TILE_WIDTH]) for n in range(full)]
        level += 1
    return files


def entry_bundles(entries: Sequence[bytes]) -> dict[str, bytes]:
    """The entries themselves: path -> up to 256 entries, each after its length as a uint16."""
    files: dict[str, bytes] = {}
    for start in range(0, len(entries), TILE_WIDTH):
        bundle = entries[start : start + TILE_WIDTH]
        for index, entry in enumerate(bundle, start):
            if len(entry) > ENTRY_BYTES_MAX:
                raise Refused(TreeRefusal.ENTRY_TOO_LONG, f"entry {index}: {len(entry)} bytes")
        path = tile_path("entries", start // TILE_WIDTH, len(bundle))
        files[path] = b"".join(len(entry).to_bytes(2, "big") + entry for entry in bundle)
    return files


def read_bundle(bundle: bytes) -> tuple[bytes, ...]:
    """The entries of one bundle, the inverse of `entry_bundles`; raises `Refused` if cut short."""
    entries: list[bytes] = []
    start = 0
    while start < len(bundle):
        end = start + 2 + int.from_bytes(bundle[start : start + 2], "big")
        if start + 2 > len(bundle) or end > len(bundle):
            raise Refused(TreeRefusal.BUNDLE_TRUNCATED, f"entry {len(entries)} of the bundle")
        entries.append(bundle[start + 2 : end])
        start = end
    return tuple(entries)


def _split(size: int) -> int:
    """The largest power of two below `size`, where RFC 6962 cuts a tree of that size."""
    return 1 << (size - 1).bit_length() - 1


def _range_hash(low: int, high: int, subtree: Callable[[int, int], bytes]) -> bytes:
    """MTH(D[low:high]) of a range that begins at a multiple of its rounded-up size."""
    size = high - low
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return subtree(height, low >> height)
    middle = low + _split(size)
    return node_hash(_range_hash(low, middle, subtree), _range_hash(middle, high, subtree))


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The hash over 2^k hashes: a full tile's, or that of an aligned part of a tile."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[n], hashes[n + 1]) for n in range(0, len(hashes), 2)]
    return hashes[0]


def tile_path(level: str, number: int, width: int) -> str:
    """The name of a tile: its number in groups of three digits, all but the last after an "x"."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03d}")
    partial = f".p/{width}" if width < TILE_WIDTH else ""
    return f"tile/{level}/{'/'.join(groups)}{partial}"
