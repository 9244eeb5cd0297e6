"""A log, a witness that knows it, and a web server that hands it out."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headgate.journal.witness import visit
from tests.journal.builders import NOW, Log


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of three hundred entries."""
    made = Log(tmp_path / "log")
    made.publish(300)
    return made


@pytest.fixture
def state(tmp_path: Path, log: Log) -> Path:
    """The state of a witness that has accepted the log's three hundred entries."""
    visit(str(log.folder), tmp_path / "state", NOW, log.pins())
    return tmp_path / "state"


@pytest.fixture
def site(log: Log, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an ordinary web server that hands the log's folder out."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = partial(Quiet, directory=str(log.folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
