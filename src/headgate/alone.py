"""One holder at a time: a lock on a file or a folder, which goes with the process that holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Taken(Exception):
    """Another process holds the lock."""


@contextmanager
def alone(path: Path, *, waits: bool = True) -> Iterator[None]:
    """Hold a file or a folder that is there against every other process; raises OSError for none.

    Whoever holds it is waited for; without `waits`, raises Taken instead. A file must be one
    that may be written, because on NFS no other can be held (flock(2)).
    """
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Taken(str(path)) from None
        yield
    finally:
        os.close(handle)
