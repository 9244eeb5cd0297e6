"""Files that are whole or not there, whenever the machine stops."""

import os
import stat
from enum import Enum
from pathlib import Path
from typing import Final

from headgate.core.ledger.entry import ENTRY_BYTES_MAX
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import TILE_WIDTH
from headgate.journal.points import Point, reached

BYTES_MAX: Final = TILE_WIDTH * (2 + ENTRY_BYTES_MAX)
"""The longest that a file of ours can be: a full tile of the longest entries."""

_DRAFT: Final = ".draft"


class FileRefusal(Enum):
    """Why a file that stands where one of ours should is not read."""

    NOT_REGULAR = "a pipe, a device or a folder stands where a file should: take it away"
    TOO_LARGE = "the file is larger than any of ours can be: take it away"


def put(folder: Path, path: str, data: bytes, mode: int = 0o644) -> None:
    """Put a file at `path` under `folder`, replacing another; the caller holds the folder.

    It is written under a draft's name, brought to the disk and renamed, so a reader finds the old
    file or the new one. `settle` brings the name itself to the disk.
    """
    draft, target = folder / _DRAFT, folder / path
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(data)
        file.flush()
        os.fsync(handle)
    reached(Point.DRAFT_WRITTEN)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft.rename(target)
    reached(Point.FILE_WRITTEN)


def settle(*folders: Path) -> None:
    """Bring the names in these folders to the disk."""
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def found(path: Path) -> bytes | None:
    """The bytes of a file, or None where there is none; what could hold us for ever is refused."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Refused(FileRefusal.NOT_REGULAR, str(path))
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    if len(data) > BYTES_MAX:
        raise Refused(FileRefusal.TOO_LARGE, f"{path}: more than {BYTES_MAX:,} bytes")
    return data
