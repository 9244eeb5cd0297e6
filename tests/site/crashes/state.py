"""What is found when a database and a public folder are opened again after a kill."""

import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from headgate.core.ledger.checkpoint import Checkpoint, open_note
from headgate.core.ledger.post import Balance
from headgate.core.ledger.tiles import Tiles
from headgate.core.ledger.tree import root
from headgate.journal import keys
from headgate.journal.fetch import folder_reader
from headgate.site.records.database import Database, opened
from headgate.site.records.journal import ENTRY_COLUMNS, LEG_COLUMNS, lines
from tests.site.actions.metered import balances
from tests.site.histories.pair import readded

COLUMNS = {
    "entry": (", ".join(ENTRY_COLUMNS), "seq"),
    "leg": (", ".join(LEG_COLUMNS), "half"),
    "kept": ("kind, key, seq, data", "kind, key, seq"),
    "checkpoint": ("size, last_seq, root", "size"),
}
"""Everything that is kept but for the notes, whose signatures are never twice the same."""

OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'
"""
SECONDS_MAX = 60


def fingerprint(database: Database) -> str:
    """A digest of every row."""
    digest = sha256()
    with database.reading():
        for table, (columns, order) in COLUMNS.items():
            for row in database.rows(f"SELECT {columns} FROM {table} ORDER BY {order}"):
                digest.update(repr(row).encode())
    return digest.hexdigest()


def reopened(address: str) -> Database:
    """The database once nobody but us is connected.

    A server may still be doing what a killed client had sent.
    """
    database = opened(address)
    until = time.monotonic() + SECONDS_MAX
    while database.vendor == "postgresql" and database.rows(OTHERS) != [(0,)]:
        assert time.monotonic() < until, "the server does not let go of a killed client"
        time.sleep(0.002)
    return database


def kept_lines(database: Database) -> list[bytes]:
    """The journal; its balances are what a stranger adds up from its lines."""
    with database.reading():
        entries = list(lines(database, 0))
        found = {account: Balance(*totals) for account, totals in balances(database).items()}
    assert readded(entries) == found
    return entries


def public_checkpoint(folder: Path, entries: Sequence[bytes]) -> Checkpoint | None:
    """What stands in the public folder: nothing yet, or a signed head of these very entries."""
    if not (folder / "public/checkpoint").exists():
        return None
    note, held = (folder / "public/checkpoint").read_bytes(), keys.load(folder / "ring").keys
    told = [open_note(note, pair) for pair in held.pairs]
    found = next(checkpoint for checkpoint in told if isinstance(checkpoint, Checkpoint))
    assert root(entries[: found.size]) == found.root
    assert Tiles(found.size, folder_reader(folder / "public")).root() == found.root
    return found


def public_files(folder: Path) -> dict[str, bytes]:
    """The tiles of the public folder, and the names of its other files."""
    paths = (path for path in (folder / "public").rglob("*") if path.is_file())
    found = {path.relative_to(folder / "public").as_posix(): path.read_bytes() for path in paths}
    return {path: data if path.startswith("tile/") else b"" for path, data in found.items()}
