"""Publish the journal as static files (C2SP tlog-tiles): what any web server can hand out.

    checkpoint       the signed head, replaced last and in one step
    keys             the verifier keys of the log, one a line
    handover/<n>     how the n-th pair of keys named the next
    tile/...         hashes and entries; a file once published never changes

Whenever the process is killed, the folder is what it was or what it was to become, with at most
some tiles that no checkpoint speaks of yet; publishing again goes on from there.
"""

import shutil
from collections.abc import Callable, Iterator
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Final

from headgate.alone import alone
from headgate.core.ledger.checkpoint import Checkpoint, NoteRefusal, open_note
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tiles import Growth, Tiles
from headgate.core.ledger.tree import TILE_WIDTH, tile_path
from headgate.journal.fetch import folder_reader
from headgate.journal.files import found, put, settle
from headgate.journal.keys import Keys
from headgate.journal.points import Point, reached

CHECKPOINT, KEYS, HANDOVER = "checkpoint", "keys", "handover"

_REPLACING: Final = ".replacing"
_LEVELS: Final = ("entries", *map(str, range(8)))


class PublishRefusal(Enum):
    """Why nothing is published, and nothing is signed."""

    FOLDER_FOREIGN = "the checkpoint in the folder is not signed by this log's keys"
    FOLDER_DISAGREES = "the tiles in the folder do not make the root of its checkpoint"
    SHRUNK = "the folder's checkpoint speaks of more entries than there are now"
    LINES_MISSING = "the journal gives fewer lines than it says it has"
    FILE_DIFFERS = "a published file would change: the journal was rewritten, or the folder was"
    SEAL_WRONG = "the seal is not this checkpoint signed by every key that must sign"


def publish(
    folder: Path,
    size: int,
    lines: Callable[[int], Iterator[bytes]],
    seal: Callable[[Checkpoint], bytes],
    keys: Keys,
) -> bytes:
    """Bring the folder to a journal of `size` entries and return the note that stands in it.

    `lines(start)` gives the entries from an index on; `seal(checkpoint)` signs with `keys.signing`
    and keeps the note: it is called once, when every tile is on the disk, and never for a tree that
    does not continue the published one. The same size again returns the same note, unless keys have
    yet to sign it. Raises `Refused`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        note, old = _published(folder, keys)
        start = old.size if old is not None else 0
        if size < start:
            raise Refused(PublishRefusal.SHRUNK, f"{size} entries, published {start}")
        _keep_names(folder, keys)
        if size > start or old is None or open_note(note, keys.signing) != old:
            checkpoint = _grow(folder, keys.origin, start, size, lines)
            note = _sealed(checkpoint, seal, keys)
            put(folder, CHECKPOINT, note)
            settle(folder)
            reached(Point.PUBLISHED)
        _clear(folder, size)
        return note


def _published(folder: Path, keys: Keys) -> tuple[bytes, Checkpoint | None]:
    """The note that stands in the folder and what it says, once its tiles agree with it."""
    note = found(folder / CHECKPOINT)
    if note is None:
        return b"", None
    opened = [open_note(note, pair) for pair in keys.pairs]
    checkpoint = next((told for told in opened if isinstance(told, Checkpoint)), None)
    if checkpoint is None:
        why = ", ".join(sorted({told.name for told in opened if isinstance(told, NoteRefusal)}))
        raise Refused(PublishRefusal.FOLDER_FOREIGN, f"{folder / CHECKPOINT}: {why}")
    if Tiles(checkpoint.size, folder_reader(folder)).root() != checkpoint.root:
        raise Refused(PublishRefusal.FOLDER_DISAGREES, str(folder))
    return note, checkpoint


def _keep_names(folder: Path, keys: Keys) -> None:
    """Publish the handovers, for ever, and the keys that the checkpoint is signed with."""
    for number, data in enumerate(keys.handovers, 1):
        _put_once(folder, f"{HANDOVER}/{number}", data)
    if keys.handovers:
        settle(folder / HANDOVER)
    listed = "".join(f"{key.vkey()}\n" for key in keys.listed).encode()
    if found(folder / KEYS) != listed:
        put(folder, KEYS, listed)
    settle(folder)


def _grow(
    folder: Path, origin: str, start: int, size: int, lines: Callable[[int], Iterator[bytes]]
) -> Checkpoint:
    """Write the tiles from `start` to `size`, and say what is to be signed."""
    if start // TILE_WIDTH < size // TILE_WIDTH and found(folder / _REPLACING) is None:
        put(folder, _REPLACING, f"{start}\n".encode())
    growth = Growth(start, folder_reader(folder))
    touched = {folder}
    for path, data in growth.files(islice(lines(start), size - start)):
        _put_once(folder, path, data)
        parent = (folder / path).parent
        while parent not in touched:
            touched.add(parent)
            parent = parent.parent
    if growth.size != size:
        raise Refused(PublishRefusal.LINES_MISSING, f"{growth.size} of {size}")
    settle(*touched)
    reached(Point.TILES_WRITTEN)
    return Checkpoint(origin, size, growth.root())


def _sealed(checkpoint: Checkpoint, seal: Callable[[Checkpoint], bytes], keys: Keys) -> bytes:
    note = seal(checkpoint)
    if open_note(note, keys.signing) != checkpoint:
        raise Refused(PublishRefusal.SEAL_WRONG, f"size {checkpoint.size}")
    reached(Point.SEALED)
    return note


def _put_once(folder: Path, path: str, data: bytes) -> None:
    """Put a file that never changes: it may stand there already, but not with other bytes."""
    there = found(folder / path)
    if there is None:
        put(folder, path, data)
    elif there != data:
        raise Refused(PublishRefusal.FILE_DIFFERS, path)


def _clear(folder: Path, size: int) -> None:
    """Remove the partial tiles that full ones have replaced since the size that was noted."""
    noted = found(folder / _REPLACING)
    if noted is None:
        return
    start = int(noted) if noted.strip().isdigit() else 0
    for level in _LEVELS:
        height = 8 * (0 if level == "entries" else int(level)) + 8
        for number in range(start >> height, size >> height):
            partial = folder / f"{tile_path(level, number, TILE_WIDTH)}.p"
            if partial.exists():
                shutil.rmtree(partial)
                reached(Point.TILES_CLEARED)
    (folder / _REPLACING).unlink()
