"""The journal handed out: tiles and signed checkpoints as static files, and proofs of one entry."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from headgate.alone import alone
from headgate.core.ledger.checkpoint import (
    Checkpoint,
    claimed,
    open_note,
    sign,
    tlog_proof,
    verify_tlog_proof,
)
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.text import is_name
from headgate.core.ledger.tiles import Tiles
from headgate.journal.fetch import folder_reader
from headgate.journal.files import found
from headgate.journal.folder import CHECKPOINT, PublishRefusal
from headgate.journal.folder import publish as publish_folder
from headgate.journal.keys import Keys, Ring, keep_signed, last_signed, load, retire
from headgate.site.records.database import Database, Row
from headgate.site.records.journal import head

LINES_MOST = 5_000
"""Entries that are read at once."""


class PublicationRefusal(Enum):
    """Why nothing is signed, or nothing can be proved."""

    ROOT_DIFFERS = "another root was signed for a journal of this size: never sign both"
    SIGNED_OTHERWISE = "the keys have signed other entries than this journal has: never sign both"
    SIGNED_MORE = "the keys have signed a longer journal than this one: never sign both"
    JOURNAL_DIFFERS = "the folder speaks of other entries than this journal has: never sign both"
    JOURNAL_EMPTY = "the journal has no entry yet"
    NOT_PUBLISHED = "the folder has no checkpoint of this log's keys; publish first"
    ENTRY_UNKNOWN = "the journal has no such entry; name a transfer, a decision or a number"
    ENTRY_NOT_PUBLISHED = "the entry is younger than the published checkpoint; publish first"
    ENTRY_DIFFERS = "the folder has another entry of this number, or was damaged: verify both"


def publish(database: Database, folder: Path, ring_folder: Path, *, retires: bool = True) -> bytes:
    """Bring the public folder to where the journal stands; the signed note that stands in it.

    The note is kept in the database before it leaves the house. What two generations of keys have
    signed ends their rotation. Raises `Refused`.
    """
    ring, size = load(ring_folder), head(database).size
    if size == 0:
        raise Refused(PublicationRefusal.JOURNAL_EMPTY, "0 entries")
    try:
        note = publish_folder(
            folder,
            size,
            lambda start: _continued(database, folder, start, size),
            lambda checkpoint: _seal(database, ring_folder, ring, checkpoint),
            ring.keys,
        )
    except Refused as refused:
        # Somebody else published what was added since the size was read; that is no backup.
        overtaken = refused.reason in (PublishRefusal.SHRUNK, PublicationRefusal.SIGNED_MORE)
        if overtaken and head(database).size > size:
            return publish(database, folder, ring_folder, retires=retires)
        raise
    _check_ours(database, note)
    if retires and ring.keys.retiring:
        retire(ring_folder)
    return note


def _continued(database: Database, folder: Path, start: int, stop: int) -> Iterator[bytes]:
    """The entries from `start` on, once those before it are known to be what was published.

    A database that was restored from a backup and then grew would else put its new entries on top
    of the published ones that it no longer has.
    """
    if start:
        _check_ours(database, found(folder / CHECKPOINT) or b"")
    return _lines(database, start, stop)


def _check_ours(database: Database, note: bytes) -> None:
    """Raise `Refused` unless a note of this log speaks of the first entries of this journal."""
    told = claimed(note)
    if not isinstance(told, Checkpoint):
        raise Refused(PublicationRefusal.JOURNAL_DIFFERS, told.value)
    if _root(database, told.size) != told.root.hex():
        about = f"published {told.size} entries of root {told.root.hex()}"
        raise Refused(PublicationRefusal.JOURNAL_DIFFERS, about)


def _root(database: Database, size: int) -> str:
    """The root of the first entries, as it was signed here; made again where it never was."""
    rows = database.rows("SELECT root FROM checkpoint WHERE size = %s", [size])
    return rows[0][0] if rows else Frontier().grown(_lines(database, 0, size)).root().hex()


def _lines(database: Database, start: int, stop: int) -> Iterator[bytes]:
    """The exact bytes of entries; they never change, so they need not be read at one moment."""
    sql = "SELECT line FROM entry WHERE seq >= %s AND seq < %s ORDER BY seq"
    for low in range(start, stop, LINES_MOST):
        rows = database.rows(sql, [low, min(low + LINES_MOST, stop)])
        yield from (line.encode() for (line,) in rows)


def _seal(database: Database, ring_folder: Path, ring: Ring, checkpoint: Checkpoint) -> bytes:
    """Sign a checkpoint, once for each size, and keep it: the only place where one is signed.

    The database remembers every size; the ring the greatest, for whichever database comes to it.
    """
    root = checkpoint.root.hex()
    with database.writing(), alone(ring_folder):
        rows = database.rows("SELECT root FROM checkpoint WHERE size = %s", [checkpoint.size])
        if rows and rows[0][0] != root:
            raise Refused(PublicationRefusal.ROOT_DIFFERS, f"size {checkpoint.size}")
        signed = last_signed(ring_folder)
        _check_signed(database, signed, checkpoint)
        note = sign(checkpoint, ring.signers)
        if signed is None or checkpoint.size > signed.size:
            keep_signed(ring_folder, note)
        if not rows:
            row = (checkpoint.size, checkpoint.size - 1, root, note.decode())
            database.insert("checkpoint", ("size", "last_seq", "root", "note"), [row])
    return note


def _check_signed(database: Database, signed: Checkpoint | None, checkpoint: Checkpoint) -> None:
    """Raise `Refused` unless a checkpoint continues what the same keys have signed."""
    if signed is None:
        return
    about = f"signed {signed.size} entries of root {signed.root.hex()}"
    if signed.size > checkpoint.size:
        raise Refused(PublicationRefusal.SIGNED_MORE, f"{about}, now {checkpoint.size}")
    same = signed.size == checkpoint.size
    root = checkpoint.root.hex() if same else _root(database, signed.size)
    if root != signed.root.hex():
        raise Refused(PublicationRefusal.SIGNED_OTHERWISE, about)


def prove(database: Database, folder: Path, keys: Keys, name: str) -> bytes:
    """The proof that an entry stands under the published checkpoint, with the entry in it.

    `name` is a transfer's id, the subject of a decision or of other entries (the newest is meant),
    or an entry's number. Raises `Refused`.
    """
    seq, line = _entry(database, name)
    read = folder_reader(folder)
    try:
        note = read(CHECKPOINT)
    except LookupError:
        raise Refused(PublicationRefusal.NOT_PUBLISHED, str(folder)) from None
    checkpoint = open_note(note, keys.listed)
    if not isinstance(checkpoint, Checkpoint):
        raise Refused(PublicationRefusal.NOT_PUBLISHED, f"{folder}: {checkpoint.value}")
    if seq >= checkpoint.size:
        raise Refused(PublicationRefusal.ENTRY_NOT_PUBLISHED, f"{seq} of {checkpoint.size}")
    path = Tiles(checkpoint.size, read).inclusion(seq, checkpoint.size)
    proof = tlog_proof(seq, path, note, line)
    if not isinstance(verify_tlog_proof(proof, line, keys.listed), Checkpoint):
        raise Refused(PublicationRefusal.ENTRY_DIFFERS, f"entry {seq}")
    return proof


def _entry(database: Database, name: str) -> tuple[int, bytes]:
    by_subject = "SELECT seq, line FROM entry WHERE subject = %s ORDER BY seq DESC LIMIT 1"
    transfer = "SELECT seq, line FROM entry WHERE kind = 'transfer' AND subject = %s"
    rows: list[Row] = []
    if is_name(name):
        rows = database.rows(transfer, [name]) or database.rows(by_subject, [name])
    if not rows and name.isascii() and name.isdigit() and len(name) < 19:
        rows = database.rows("SELECT seq, line FROM entry WHERE seq = %s", [int(name)])
    if not rows:
        raise Refused(PublicationRefusal.ENTRY_UNKNOWN, name)
    return rows[0][0], rows[0][1].encode()
