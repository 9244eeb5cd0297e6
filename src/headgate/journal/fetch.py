"""Read a published journal from the web or from a folder, on guard against whoever serves it."""

import urllib.request
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from threading import Thread
from typing import IO, Final
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

from headgate.core.ledger.checkpoint import NOTE_BYTES_MAX
from headgate.core.ledger.entry import ENTRY_BYTES_MAX
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import TILE_WIDTH

SECONDS_MAX: Final = 60
"""The longest that one file may take, from the look-up of the name to the last byte."""

_WEB: Final = ("http", "https")
_GONE: Final = (404, 410)


class FetchRefusal(Enum):
    """Why a file was not read."""

    ADDRESS_BAD = "a journal is read from an http, https or file address, or from a folder"
    NOT_THERE = "there is no such file"
    REDIRECTED = "the server redirects to another scheme, or without end"
    STATUS_BAD = "the server answers with another status than 200"
    ENCODED = "the server sends the file in an encoding that was not asked for"
    TOO_LARGE = "the file is larger than any of its kind can be"
    TOO_SLOW = "the file does not come within the time it may take"
    UNREACHABLE = "the server or the file cannot be read"


class Absent(Refused, LookupError):
    """There is nothing at the path: the one refusal that a reader of tiles can get over."""


def reader(url: str, seconds_max: float = SECONDS_MAX) -> Callable[[str], bytes]:
    """What gives the bytes at a path below the address; each call raises `Refused`.

    A missing file is `Absent`, which is a LookupError too.
    """
    read = _reader(url, seconds_max)
    return lambda path: _within(seconds_max, path, lambda: read(path))


def folder_reader(folder: Path) -> Callable[[str], bytes]:
    """The same for a folder of our own, which needs no watch kept on its time."""
    return lambda path: _from_folder(folder, path)


def _reader(url: str, seconds_max: float) -> Callable[[str], bytes]:
    try:
        parts = urlsplit(url)
        bad = bool(parts.query or parts.fragment or parts.port == 0)
    except ValueError:
        raise Refused(FetchRefusal.ADDRESS_BAD, repr(url[:80])) from None
    if parts.scheme in _WEB and parts.hostname and not bad:
        return lambda path: _from_web(f"{url.rstrip('/')}/{path}", _bytes_max(path), seconds_max)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and not bad:
        return folder_reader(Path(unquote(parts.path)))
    if url and "://" not in url and "\0" not in url:
        return folder_reader(Path(url))
    raise Refused(FetchRefusal.ADDRESS_BAD, repr(url[:80]))


def _bytes_max(path: str) -> int:
    """The longest that a file of its kind can be."""
    if path.startswith("tile/entries/"):
        return TILE_WIDTH * (2 + ENTRY_BYTES_MAX)
    return TILE_WIDTH * 32 if path.startswith("tile/") else NOTE_BYTES_MAX


def _within(seconds_max: float, path: str, work: Callable[[], bytes]) -> bytes:
    """What `work` gives, or the name of its failure; a server that dribbles is left behind."""
    answer: Future[bytes] = Future()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # noqa: BLE001  It is raised again by `result`.
            answer.set_exception(error)

    Thread(target=run, daemon=True).start()
    try:
        return answer.result(seconds_max)
    except TimeoutError:
        raise Refused(FetchRefusal.TOO_SLOW, f"{path}: {seconds_max:g} seconds") from None
    except (OSError, HTTPException) as error:
        slow = isinstance(getattr(error, "reason", None), TimeoutError)
        reason = FetchRefusal.TOO_SLOW if slow else FetchRefusal.UNREACHABLE
        raise Refused(reason, f"{path}: {error}") from None


def _from_folder(folder: Path, path: str) -> bytes:
    file = folder / path
    if not file.is_file():
        if not file.exists():
            raise Absent(FetchRefusal.NOT_THERE, str(file))
        raise Refused(FetchRefusal.UNREACHABLE, f"{file} is not a file")
    with file.open("rb") as opened:
        return _at_most(_bytes_max(path), str(file), opened.read)


def _from_web(url: str, bytes_max: int, seconds_max: float) -> bytes:
    try:
        with _OPENER.open(url, timeout=seconds_max) as response:
            if response.status != 200:
                raise Refused(FetchRefusal.STATUS_BAD, f"{url}: {response.status}")
            encoding = response.headers.get("Content-Encoding", "identity")
            if encoding != "identity":
                raise Refused(FetchRefusal.ENCODED, f"{url}: {encoding[:80]}")
            data = _at_most(bytes_max, url, response.read)
            if response.length:
                raise Refused(FetchRefusal.UNREACHABLE, f"{url}: {response.length} bytes missing")
            return data
    except HTTPError as error:
        with error:
            if error.code in _GONE:
                raise Absent(FetchRefusal.NOT_THERE, url) from None
            sent_on = 300 <= error.code < 400
            reason = FetchRefusal.REDIRECTED if sent_on else FetchRefusal.STATUS_BAD
            raise Refused(reason, f"{url}: {error.code}") from None


def _at_most(bytes_max: int, where: str, read: Callable[[int], bytes]) -> bytes:
    data = read(bytes_max + 1)
    if len(data) > bytes_max:
        raise Refused(FetchRefusal.TOO_LARGE, f"{where}: more than {bytes_max:,} bytes")
    return data


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follow a redirect only where it stays with the scheme that was asked."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The request that follows, refused where the scheme changes."""
        if urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            fp.close()
            raise Refused(FetchRefusal.REDIRECTED, f"{req.full_url} to {newurl[:200]}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """An opener that knows the web and its proxies, and no other scheme."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _SameScheme(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER: Final = _opener()
