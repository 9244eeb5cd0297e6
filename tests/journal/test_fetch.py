"""Reading from the web and from folders: what comes back is bytes or a name."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headgate.core.ledger.refused import Refused
from headgate.journal.fetch import Absent, FetchRefusal, folder_reader, reader
from tests.core.ledger.builders import numbered

TILE = bytes(range(256)) * 32


class Hostile(BaseHTTPRequestHandler):
    """A server with one trick for each path."""

    def do_GET(self) -> None:
        """Answer by the last word of the path."""
        trick = getattr(self, f"do_{self.path.rsplit('/', 1)[-1].replace('-', '_')}", None)
        if trick is None:
            self.send_error(404)
        else:
            trick()

    def answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_checkpoint(self) -> None:
        """An honest file."""
        self.answer(200, b"a note\n", Content_Length="7")

    def do_000(self) -> None:
        """An honest tile."""
        self.answer(200, TILE)

    def do_gone(self) -> None:
        """A file that was taken away."""
        self.answer(410)

    def do_wrong(self) -> None:
        """A server at fault."""
        self.answer(500, b"sorry")

    def do_part(self) -> None:
        """A part of a file."""
        self.answer(206, b"a note")

    def do_short(self) -> None:
        """A file cut off on the way."""
        self.answer(200, b"a note", Content_Length="700")

    def do_huge(self) -> None:
        """A file without end, as far as anybody reads."""
        self.answer(200)
        try:
            for _ in range(400):
                self.wfile.write(bytes(1 << 20))
        except OSError:
            return

    def do_slow(self) -> None:
        """A byte now and then."""
        self.answer(200)
        self.dribble(b"x")

    def do_slower(self) -> None:
        """A header now and then."""
        self.wfile.write(b"HTTP/1.0 200 OK\r\n")
        self.dribble(b"X-Y: z\r\n")

    def dribble(self, data: bytes) -> None:
        """Send a little at a time, until the other side has gone."""
        try:
            for _ in range(100):
                self.wfile.write(data)
                self.wfile.flush()
                time.sleep(0.02)
        except OSError:
            return

    def do_garbage(self) -> None:
        """What is not HTTP."""
        self.wfile.write(b"\x00\xff\n\n")

    def do_zipped(self) -> None:
        """A file in an encoding."""
        self.answer(200, b"\x1f\x8b", Content_Encoding="gzip")

    def do_moved(self) -> None:
        """A file that has moved on the same server."""
        self.answer(302, Location="/checkpoint")

    def do_round(self) -> None:
        """A redirect to itself."""
        self.answer(302, Location="/round")

    def do_nowhere(self) -> None:
        """A redirect to no address."""
        self.answer(302)

    def do_tls(self) -> None:
        """A redirect to another scheme of the web."""
        self.answer(302, Location="https://127.0.0.1/checkpoint")

    def do_file(self) -> None:
        """A redirect to the reader's own disk."""
        self.answer(302, Location="file:///etc/hostname")

    def do_ftp(self) -> None:
        """A redirect to another scheme."""
        self.answer(302, Location="ftp://127.0.0.1/checkpoint")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a hostile server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _without_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_files_come_from_the_web_and_from_a_folder(site: str, tmp_path: Path) -> None:
    """The same reader serves a site, a mirror on a disk and a download, by path or by address."""
    (tmp_path / "tile/0").mkdir(parents=True)
    (tmp_path / "tile/0/000").write_bytes(TILE)
    (tmp_path / "checkpoint").write_bytes(b"a note\n")
    for url in (site, f"{site}/", str(tmp_path), tmp_path.as_uri(), f"{site}/below/it"):
        read = reader(url)
        assert (b"a note\n", TILE) == (read("checkpoint"), read("tile/0/000"))
    assert TILE == folder_reader(tmp_path)("tile/0/000")


def test_redirect_within_the_scheme_is_followed(site: str) -> None:
    """A journal may move."""
    assert b"a note\n" == reader(site)("moved")


def test_what_is_not_there_is_a_lookup_error_too(site: str, tmp_path: Path) -> None:
    """A reader of tiles can look elsewhere for a tile that is gone, and for nothing else."""
    for url in (site, str(tmp_path), tmp_path.as_uri(), str(tmp_path / "no/such/folder")):
        with pytest.raises(Absent) as refused:
            reader(url)("tile/0/001")
        assert FetchRefusal.NOT_THERE is refused.value.reason
        assert isinstance(refused.value, LookupError)
    with pytest.raises(Absent):
        reader(site)("gone")


REFUSED = [
    (FetchRefusal.STATUS_BAD, "wrong"),
    (FetchRefusal.STATUS_BAD, "part"),
    (FetchRefusal.UNREACHABLE, "short"),
    (FetchRefusal.UNREACHABLE, "garbage"),
    (FetchRefusal.TOO_LARGE, "huge"),
    (FetchRefusal.TOO_LARGE, "tile/0/huge"),
    (FetchRefusal.TOO_LARGE, "tile/entries/huge"),
    (FetchRefusal.TOO_SLOW, "slow"),
    (FetchRefusal.TOO_SLOW, "slower"),
    (FetchRefusal.ENCODED, "zipped"),
    (FetchRefusal.REDIRECTED, "tls"),
    (FetchRefusal.REDIRECTED, "file"),
    (FetchRefusal.REDIRECTED, "ftp"),
    (FetchRefusal.REDIRECTED, "round"),
    (FetchRefusal.REDIRECTED, "nowhere"),
]


@pytest.mark.parametrize(("refusal", "path"), REFUSED, ids=numbered(REFUSED))
def test_hostile_answer_is_refused_by_name(refusal: FetchRefusal, path: str, site: str) -> None:
    """No answer of a server fills the memory, hangs the reader or sends it elsewhere."""
    with pytest.raises(Refused) as refused:
        reader(site, 0.5 if refusal is FetchRefusal.TOO_SLOW else 20)(path)
    assert refusal is refused.value.reason


ADDRESSES = [
    "",
    "ftp://example.org/log",
    "http://",
    "http:///log",
    "http://[::1/log",
    "http://example.org:port/log",
    "http://example.org/log?x=1",
    "http://example.org/log#top",
    "file://example.org/log",
    "javascript://x",
    "a\0b",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_bad_address_is_refused_before_anything_is_read(address: str) -> None:
    """A mistyped address gets its name, not a traceback."""
    with pytest.raises(Refused) as refused:
        reader(address)
    assert FetchRefusal.ADDRESS_BAD is refused.value.reason


def test_nobody_at_the_address_is_told(tmp_path: Path) -> None:
    """A server that is down, a name that does not exist and a folder in a file's place differ from
    a file that is missing."""
    (tmp_path / "checkpoint").mkdir()
    for url in ("http://127.0.0.1:9", "http://no such host", str(tmp_path)):
        with pytest.raises(Refused) as refused:
            reader(url, 20)("checkpoint")
        assert FetchRefusal.UNREACHABLE is refused.value.reason


def test_file_on_disk_is_limited_too(tmp_path: Path) -> None:
    """A tile of a mirror is not read past its length."""
    (tmp_path / "tile/0").mkdir(parents=True)
    with (tmp_path / "tile/0/000").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Refused) as refused:
        reader(str(tmp_path))("tile/0/000")
    assert FetchRefusal.TOO_LARGE is refused.value.reason


def test_every_refusal_is_provoked() -> None:
    """No refusal of a reader exists that this suite cannot provoke."""
    elsewhere = {FetchRefusal.ADDRESS_BAD, FetchRefusal.NOT_THERE}
    assert set(FetchRefusal) == elsewhere | {refusal for refusal, _ in REFUSED}
