"""Files that are whole or not there, whenever the machine stops, and one writer at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from headgate.journal.points import Point, reached

_DRAFT: Final = ".draft"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder alone, waiting for whoever holds it; killing the holder frees it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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
    """The bytes of a file, or None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
