"""A journal read from its tiles, whatever serves them, and the tiles that its growth adds.

The files are those of C2SP tlog-tiles. A reader takes nothing on faith: every full tile must hash
to its place in the tile above, and every bundle of entries to its tile of leaf hashes, so that all
it gives out stands under `root()`; compare that with a signed checkpoint before using the rest.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Final

from headgate.core.ledger.entry import ENTRY_BYTES_MAX
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import (
    TILE_WIDTH,
    Provable,
    TreeRefusal,
    leaf_hash,
    perfect_root,
    read_bundle,
    root_of,
    tile_path,
)

Read = Callable[[str], bytes]
"""Gives the bytes at a path; raises LookupError for a path where there is nothing."""

_HASH_BYTES: Final = 32
_TILE_HEIGHT: Final = 8
_TILES_KEPT: Final = 64
_SIZE_MAX: Final = 2**63 - 1


class TileRefusal(Enum):
    """Why published tiles are not believed."""

    TILE_MISSING = "a tile that a journal of this size must have is not there"
    TILE_LENGTH_WRONG = "a tile is longer or shorter than its place in the journal says"
    TILE_WRONG = "the tile does not hash to its place in the tile above"
    BUNDLE_WRONG = "the entries are not those of the tile of leaf hashes"


class Tiles(Provable):
    """The journal of `size` entries whose tiles `read` gives: proofs and entries, all checked.

    It reads only the tiles it needs and keeps the last few; a partial tile that is gone is looked
    for in the full one, by which alone tlog-tiles lets a journal replace it.
    """

    def __init__(self, size: int, read: Read) -> None:
        if not 0 <= size <= _SIZE_MAX:
            raise Refused(TreeRefusal.SIZE_OUT_OF_RANGE, str(size))
        self._size = size
        self._read = read
        self._tiles: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._bundle: tuple[int, tuple[bytes, ...]] = (-1, ())

    def __len__(self) -> int:
        return self._size

    def subtree(self, height: int, index: int) -> bytes:
        """The hash of a perfect subtree, from the one tile in which its parts stand."""
        level, above = divmod(height, _TILE_HEIGHT)
        number, place = divmod(index << above, TILE_WIDTH)
        return perfect_root(_hashes(self.tile(level, number))[place : place + (1 << above)])

    def tile(self, level: int, number: int) -> bytes:
        """The hashes of one tile, as many as a journal of this size has in it."""
        key = (level, number)
        if key not in self._tiles:
            hashes = self._checked(level, number)
            if len(self._tiles) >= _TILES_KEPT:
                # Tiles of leaf hashes go first: whoever reads on needs the higher ones again.
                low = next((kept for kept in self._tiles if kept[0] == 0), next(iter(self._tiles)))
                del self._tiles[low]
            self._tiles[key] = hashes
        self._tiles.move_to_end(key)
        return self._tiles[key]

    def entry(self, index: int) -> bytes:
        """The exact bytes of one entry."""
        if not 0 <= index < self._size:
            raise Refused(TreeRefusal.INDEX_OUT_OF_RANGE, f"{index} of {self._size}")
        number, place = divmod(index, TILE_WIDTH)
        return self.bundle(number)[place]

    def lines(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries from `start` up to and without `stop`, in order."""
        if not 0 <= start <= stop <= self._size:
            raise Refused(TreeRefusal.INDEX_OUT_OF_RANGE, f"{start} to {stop} of {self._size}")
        for number in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH) if start < stop else 0):
            first = number * TILE_WIDTH
            yield from self.bundle(number)[max(start - first, 0) : stop - first]

    def bundle(self, number: int) -> tuple[bytes, ...]:
        """The entries of one bundle, each of them hashed to its leaf."""
        if self._bundle[0] != number:
            self._bundle = (number, self._entries(number))
        return self._bundle[1]

    def _entries(self, number: int) -> tuple[bytes, ...]:
        path, data, _ = self._fetched("entries", number, self._width(0, number))
        leaves = _hashes(self.tile(0, number))
        try:
            entries = read_bundle(data)
        except Refused as error:
            raise Refused(TileRefusal.BUNDLE_WRONG, f"{path}: {error.about}") from None
        # The bundle may be the full one in place of a partial one that is gone.
        if len(entries) not in (len(leaves), TILE_WIDTH):
            raise Refused(TileRefusal.BUNDLE_WRONG, f"{path}: {len(entries)} entries")
        for place, leaf in enumerate(leaves):
            if leaf_hash(entries[place]) != leaf:
                index = number * TILE_WIDTH + place
                raise Refused(TileRefusal.BUNDLE_WRONG, f"{path}: entry {index}")
        return entries[: len(leaves)]

    def _checked(self, level: int, number: int) -> bytes:
        width = self._width(level, number)
        path, data, found = self._fetched(str(level), number, width)
        if len(data) != found * _HASH_BYTES:
            raise Refused(TileRefusal.TILE_LENGTH_WRONG, f"{path}: {len(data)} bytes")
        if width == TILE_WIDTH:
            parent, place = divmod(number, TILE_WIDTH)
            if perfect_root(_hashes(data)) != _hashes(self.tile(level + 1, parent))[place]:
                raise Refused(TileRefusal.TILE_WRONG, path)
        return data[: width * _HASH_BYTES]

    def _fetched(self, level: str, number: int, width: int) -> tuple[str, bytes, int]:
        """Where a tile was found, its bytes, and the width that it has there."""
        for found in dict.fromkeys((width, TILE_WIDTH)):
            path = tile_path(level, number, found)
            try:
                return path, self._read(path), found
            except LookupError:
                continue
        raise Refused(TileRefusal.TILE_MISSING, tile_path(level, number, width))

    def _width(self, level: int, number: int) -> int:
        width = min(TILE_WIDTH, (self._size >> _TILE_HEIGHT * level) - number * TILE_WIDTH)
        if number < 0 or width <= 0:
            raise Refused(TreeRefusal.INDEX_OUT_OF_RANGE, f"tile {number} of level {level}")
        return width


class Growth:
    """A published journal that more lines are added to, in memory of a few tiles.

    It begins from the partial tiles of the right edge, which `read` must still give. After every
    file is taken from `files`, `size` and `root()` are those of the grown journal.
    """

    def __init__(self, size: int, read: Read) -> None:
        tiles = Tiles(size, read)
        self.size = size
        self._rows: list[list[bytes]] = []
        while count := size >> _TILE_HEIGHT * len(self._rows):
            number, width = divmod(count, TILE_WIDTH)
            level = len(self._rows)
            self._rows.append(_hashes(tiles.tile(level, number)) if width else [])
        partial = size % TILE_WIDTH
        self._bundle = list(tiles.lines(size - partial, size))

    def root(self) -> bytes:
        """The Merkle tree hash of all entries so far."""
        return root_of(self.size, self._subtree)

    def files(self, lines: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
        """The files that these lines add or widen, as path and bytes, as soon as they are full.

        Entries come before their hashes and lower tiles before higher ones, and no file that was
        published before is ever given again: whoever stops half-way has only added files that no
        signed checkpoint speaks of yet.
        """
        before = self.size
        for line in lines:
            if len(line) > ENTRY_BYTES_MAX:
                raise Refused(TreeRefusal.ENTRY_TOO_LONG, f"entry {self.size}: {len(line)} bytes")
            self._bundle.append(line)
            self.size += 1
            if len(self._bundle) == TILE_WIDTH:
                yield tile_path("entries", self.size // TILE_WIDTH - 1, TILE_WIDTH), self._packed()
                self._bundle = []
            yield from self._completed(leaf_hash(line))
        yield from self._partial(before)

    def _completed(self, node: bytes) -> Iterator[tuple[str, bytes]]:
        """Add a hash to the lowest row, and the root of every row that it fills to the next."""
        for level in range(len(self._rows) + 1):
            if level == len(self._rows):
                self._rows.append([])
            row = self._rows[level]
            row.append(node)
            if len(row) < TILE_WIDTH:
                return
            number = (self.size >> _TILE_HEIGHT * (level + 1)) - 1
            yield tile_path(str(level), number, TILE_WIDTH), b"".join(row)
            node = perfect_root(row)
            self._rows[level] = []

    def _partial(self, before: int) -> Iterator[tuple[str, bytes]]:
        """The partial tiles of the right edge, where they are wider than they were."""
        if self._bundle and self.size > before:
            number, width = divmod(self.size, TILE_WIDTH)
            yield tile_path("entries", number, width), self._packed()
        for level, row in enumerate(self._rows):
            count = self.size >> _TILE_HEIGHT * level
            if row and count > before >> _TILE_HEIGHT * level:
                yield tile_path(str(level), count // TILE_WIDTH, len(row)), b"".join(row)

    def _packed(self) -> bytes:
        return b"".join(len(entry).to_bytes(2, "big") + entry for entry in self._bundle)

    def _subtree(self, height: int, index: int) -> bytes:
        level, above = divmod(height, _TILE_HEIGHT)
        place = (index << above) % TILE_WIDTH
        return perfect_root(self._rows[level][place : place + (1 << above)])


def _hashes(tile: bytes) -> list[bytes]:
    return [tile[start : start + _HASH_BYTES] for start in range(0, len(tile), _HASH_BYTES)]
