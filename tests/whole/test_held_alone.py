"""What is held alone is held against every other process, on every file system that can."""

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest

from headgate.alone import Taken, alone


def test_a_file_and_a_folder_have_one_holder(tmp_path: Path) -> None:
    """Who does not wait is told that it is taken; once it is free, it can be had."""
    file = tmp_path / "lock"
    file.touch()
    for path in (file, tmp_path):
        with alone(path):
            with pytest.raises(Taken, match=str(path)), alone(path, waits=False):
                raise AssertionError("two hold it")
            assert path.exists()
        with alone(path, waits=False):
            pass


def test_a_file_is_locked_where_the_network_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS gives an exclusive lock to those alone who may write there (flock(2))."""
    lock, really = tmp_path / "lock", fcntl.flock
    lock.touch()

    def flock(handle: int, operation: int) -> None:
        writable = fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        if not (writable or stat.S_ISDIR(os.fstat(handle).st_mode)):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        really(handle, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with alone(lock), pytest.raises(Taken), alone(lock, waits=False):
        raise AssertionError("two hold it")
