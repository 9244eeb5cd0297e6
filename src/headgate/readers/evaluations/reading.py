"""Reading what a stranger sent: bounded in memory, and every refusal by its name.

Nothing is ever unpacked to disk. A zip's entries are decompressed piece by piece up to a limit that
its directory cannot raise; a line or a file above its limit is refused before it is parsed.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final

import zstandard

from headgate.readers.evaluations.findings import Code

FILE_BYTES_MOST: Final = 64 * 1024 * 1024
LINE_BYTES_MOST: Final = 8 * 1024 * 1024
ENTRY_BYTES_MOST: Final = 32 * 1024 * 1024
ENTRIES_MOST: Final = 1_000_000
WINDOW_BYTES_MOST: Final = 32 * 1024 * 1024
_ZSTANDARD: Final = 93
_PIECE: Final = 64 * 1024
_LOCAL_HEADER: Final = 30


class Found(Exception):
    """One finding about one log: its code, what is wrong, and the line."""

    def __init__(self, code: Code, what: str, line: int = 0) -> None:
        super().__init__(what)
        self.code, self.what, self.line = code, what, line


def parsed(data: bytes, where: str, line: int = 0) -> Any:
    """JSON of the strict kind, numbers as decimals; raises `Found`.

    NaN and Infinity, which some tools write beside the scores, become decimals that are not finite:
    where one is a score, it is refused there.
    """

    try:
        return _DECODER.decode(data.decode("utf-8"))
    except KeyError as error:
        raise Found(Code.KEY_TWICE, f"{where}: a key stands twice in one object.", line) from error
    except UnicodeDecodeError as error:
        raise Found(Code.LOG_NOT_UTF8, f"{where}: byte {error.start + 1}.", line) from error
    except RecursionError as error:
        raise Found(Code.LOG_TOO_DEEP, f"{where}: lists in lists without end.", line) from error
    except ValueError as error:
        raise Found(Code.LOG_NOT_JSON, f"{where}: {str(error)[:100]}.", line) from error


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise ValueError("a number beyond all measure") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise KeyError
    return made


_DECODER: Final = json.JSONDecoder(
    parse_float=_number, parse_constant=Decimal, object_pairs_hook=_once
)


def whole(path: Path, where: str) -> bytes:
    """A file's bytes, if it is of a size to be held; raises `Found`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MOST + 1)
    except OSError as error:
        raise Found(Code.LOG_UNREADABLE, f"{where}: {error.strerror}.") from error
    if len(data) > FILE_BYTES_MOST:
        raise Found(Code.LOG_TOO_LARGE, f"{where} has more than {FILE_BYTES_MOST} bytes.")
    return data


def lines(path: Path, where: str) -> Iterator[tuple[int, Any]]:
    """Every line of a JSON Lines file with its number, one at a time; raises `Found`."""
    try:
        with path.open("rb") as stream:
            number = 0
            while line := stream.readline(LINE_BYTES_MOST + 1):
                number += 1
                if len(line) > LINE_BYTES_MOST:
                    what = f"{where}: a line has more than {LINE_BYTES_MOST} bytes."
                    raise Found(Code.LOG_TOO_LARGE, what, number)
                if not line.isspace():
                    yield number, parsed(line, where, number)
    except OSError as error:
        raise Found(Code.LOG_UNREADABLE, f"{where}: {error.strerror}.") from error


class Archive:
    """A zip whose entries are read by name and by limit, deflated or with Zstandard (method 93)."""

    def __init__(self, stream: IO[bytes], where: str) -> None:
        self._stream, self._where = stream, where
        with self._refusing():
            self._zip = zipfile.ZipFile(stream)
            entries = self._zip.infolist()
        self._entries = {entry.filename: entry for entry in entries}
        if len(entries) > ENTRIES_MOST:
            raise Found(Code.LOG_TOO_LARGE, f"{where} has {len(entries)} entries.")
        if len(self._entries) != len(entries):
            raise Found(Code.ZIP_BAD, f"{where}: an entry's name stands twice.")
        for name in self._entries:
            if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name[:2]:
                raise Found(Code.ZIP_NAME, f"{where} holds {name[:80]!r}, outside of itself.")

    def names(self, under: str) -> list[str]:
        """The names of the entries in a folder, sorted."""
        return sorted(name for name in self._entries if name.startswith(under))

    def read(self, name: str) -> Any:
        """One entry as JSON; None where there is none. Raises `Found`."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        with self._refusing():
            data = b"".join(self._limited(self._pieces(entry), name))
            if zlib.crc32(data) != entry.CRC:
                raise Found(Code.ZIP_BAD, f"{self._where}/{name[:80]}: its check sum is wrong.")
        return parsed(data, f"{self._where}/{name[:80]}")

    def _limited(self, pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > ENTRY_BYTES_MOST:
                what = f"{self._where}/{name[:80]} unpacks to more than {ENTRY_BYTES_MOST} bytes."
                raise Found(Code.LOG_TOO_LARGE, what)
            yield piece

    def _pieces(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        if entry.compress_type == _ZSTANDARD:
            yield from self._zstandard(entry)
            return
        with self._zip.open(entry) as stream:
            while piece := stream.read(_PIECE):
                yield piece

    def _zstandard(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """Python reads method 93 by itself only since 3.14."""
        self._stream.seek(entry.header_offset)
        header = self._stream.read(_LOCAL_HEADER)
        if len(header) != _LOCAL_HEADER or header[:4] != b"PK\x03\x04" or entry.flag_bits & 1:
            raise Found(Code.ZIP_BAD, f"{self._where}/{entry.filename[:80]} is cut or locked.")
        names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        self._stream.seek(names, 1)
        if entry.compress_size > ENTRY_BYTES_MOST:
            what = f"{self._where}/{entry.filename[:80]} has more than {ENTRY_BYTES_MOST} bytes."
            raise Found(Code.LOG_TOO_LARGE, what)
        packed = self._stream.read(entry.compress_size)
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MOST)
        with decompressor.stream_reader(packed) as stream:
            while piece := stream.read(_PIECE):
                yield piece

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (zipfile.BadZipFile, zlib.error, zstandard.ZstdError, EOFError) as error:
            raise Found(Code.ZIP_BAD, f"{self._where}: {str(error)[:100]}.") from error
        except (NotImplementedError, RuntimeError, OSError, ValueError) as error:
            what = f"{self._where}: {str(error)[:100]}."
            raise Found(Code.ZIP_BAD, what) from error


def section(value: Any, key: str, where: str) -> Mapping[str, Any]:
    """An object that a log must have under a key; raises `Found`."""
    found = value.get(key) if isinstance(value, Mapping) else None
    if not isinstance(found, Mapping):
        raise Found(Code.SHAPE, f"{where} has no {key!r} as its tool writes it.")
    return found
