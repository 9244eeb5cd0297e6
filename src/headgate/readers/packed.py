"""Files as they are had: plain, or packed by gzip, bzip2, xz or Zstandard, told by first bytes."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import zstandard

PIECE: Final = 1 << 10
"""Bytes of Zstandard that are unpacked at once, which gives at most 32 MiB."""
_FIRST_BYTES: Final = 6


class Broken(ValueError):
    """What is packed has no end, or is not what its first bytes say."""


class _Zstandard(io.RawIOBase):
    """Frames one after another; the library's own reader ends in silence where one is cut."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed, self._rest, self._ready = packed, b"", memoryview(b"")
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def readable(self) -> bool:
        """Nothing else can be done with it."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes; raises EOFError where a frame has no end."""
        while not self._ready and (piece := self._rest or self._packed.read(PIECE)):
            self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._ready, self._rest = memoryview(self._frame.decompress(piece)), b""
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        if not self._ready and self._frame is not None:
            raise EOFError("a frame of Zstandard ends before its end")
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count


def _unpacked(plain: IO[bytes]) -> IO[bytes] | io.BufferedIOBase:
    first = plain.read(_FIRST_BYTES)
    plain.seek(0)
    if first.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=plain)
    if first.startswith(b"BZh"):
        return bz2.BZ2File(plain)
    if first.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMAFile(plain)
    if first.startswith(b"\x28\xb5\x2f\xfd"):
        return io.BufferedReader(_Zstandard(plain), 1 << 16)
    return plain


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes] | io.BufferedIOBase]:
    """A file's bytes, unpacked; raises `Broken` while they are read, where they are not whole."""
    with path.open("rb") as plain, unpacked(plain) as whole:
        yield whole


@contextmanager
def unpacked(plain: IO[bytes]) -> Iterator[IO[bytes] | io.BufferedIOBase]:
    """What an open file holds, unpacked; raises `Broken` as `opened` does."""
    try:
        yield _unpacked(plain)
    except (EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
        raise Broken(str(error)) from None
    except OSError as error:
        # What the system refuses has a number; what gzip and bzip2 cannot read has none.
        if error.errno is not None:
            raise
        raise Broken(str(error)) from None
