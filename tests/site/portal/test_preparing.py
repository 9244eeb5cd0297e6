"""While the demo is made its portal answers already: with how far it is, in each language."""

import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from typer.testing import CliRunner

from headgate.cli import app
from headgate.core.ledger.frontier import Frontier
from headgate.site.desk.demo import is_unknown
from headgate.site.portal.preparing import PREPARING
from headgate.site.records.database import opened
from headgate.site.records.journal import lines
from tests.commands import HEADGATE, environment
from tests.site.chromium import wait_for
from tests.whole.small import PROGRAMME, small, trace_text

TOLD = {
    "en": ("The demo is being prepared", "7 steps so far"),
    "vi": ("Bản trình diễn đang được chuẩn bị", "7 bước đã thực hiện"),
    "ko": ("데모를 준비하고 있습니다", "지금까지 7단계"),
}


@pytest.fixture
def under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo of which seven steps were begun."""
    monkeypatch.setattr(PREPARING, "under_way", True)
    monkeypatch.setattr(PREPARING, "steps", 7)


@pytest.mark.usefixtures("under_way")
@pytest.mark.parametrize("language", TOLD)
@pytest.mark.parametrize("path", ["/", "/home/", "/nowhere/", "/readyz"])
def test_every_page_says_that_the_demo_is_being_prepared(
    portal: Client, language: str, path: str
) -> None:
    """Nobody meets a half of it, or an error; no database is asked, which may have no tables."""
    with CaptureQueriesContext(connection) as asked:
        answer = portal.get(path, headers={"accept-language": language})
    page = answer.content.decode()
    assert (503, "2", 0) == (answer.status_code, answer.headers["Retry-After"], len(asked))
    assert [True, True] == [told in page for told in TOLD[language]]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert 200 == portal.get("/healthz").status_code, "who watches it must not end it"


@pytest.mark.usefixtures("under_way")
def test_nothing_sent_is_taken_meanwhile(portal: Client) -> None:
    """Who clicks early is not signed in to something that is still made."""
    assert 503 == portal.post("/demo/applicant/").status_code
    PREPARING.under_way = False
    assert 200 == portal.get("/").status_code


@pytest.fixture
def port() -> int:
    """A port at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_the_first_page_comes_before_the_demo_and_then_the_demo(tmp_path: Path, port: int) -> None:
    """Whoever starts it on an empty folder sees at once what is done, and then all of it."""
    command = [*HEADGATE, "serve", "--demo", "--programme", str(PROGRAMME), "--port", str(port)]
    said, url = tmp_path / "said", f"http://127.0.0.1:{port}"
    with said.open("wb") as out:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=out, stderr=out)
    try:
        first = 0
        while not first:
            assert server.poll() is None, said.read_text()
            try:
                with urlopen(url) as answer:
                    first = answer.status
            except HTTPError as error:
                with error:
                    first = error.code
            except OSError:
                continue
        assert 503 == first
        wait_for(f"{url}/readyz", server, said)
        with urlopen(url) as answer:
            assert b"being prepared" not in answer.read()
    finally:
        server.send_signal(signal.SIGINT)
        assert 0 == server.wait(120), said.read_text()
    with closing(sqlite3.connect(tmp_path / "build" / "portal" / "headgate.db")) as kept:
        assert (0,) < kept.execute("SELECT count(*) FROM desk_dossier").fetchone()
    assert ["being prepared", "answers at", "is ready"] == [
        told
        for line in said.read_text().splitlines()
        for told in ("being prepared", "answers at", "is ready")
        if told in line
    ]


def test_a_port_that_is_taken_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """Who has another portal running is told which word to add, and no demo is made in vain."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [*HEADGATE, "serve", "--demo", "--port", str(port)]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
        )
    assert 2 == ended.returncode
    assert "address-not-free" in ended.stderr
    assert f"--port {port % 65_535 + 1}" in ended.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.fixture
def demo_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the demo's portal is kept, for this test alone."""
    address = f"sqlite:///{tmp_path / 'portal.db'}"
    for name in ("PROGRAMME", "DEMO", "HTTPS", "SECRET_KEY"):
        monkeypatch.setenv(f"HEADGATE_{name}", os.environ.get(f"HEADGATE_{name}", "false"))
    monkeypatch.setenv("HEADGATE_DATABASE", address)
    with override_settings(HEADGATE_DEMO=True):
        yield address


def test_what_is_published_of_the_demo_is_what_its_portal_begins_with(
    tmp_path: Path, demo_address: str
) -> None:
    """One term, two homes; in the portal its holders then report and pay, once.

    Taken once more it is published anew, and what is kept stays.
    """
    trace = tmp_path / "workload.swf"
    trace.write_text(trace_text(), encoding="utf-8")
    words = ["demo", "--portal", "--programme", str(PROGRAMME), "--trace", str(trace), "--out"]
    published, sizes = small().term.entries, set[int]()
    for out in ("first", "second"):
        made = CliRunner().invoke(app, [*words, str(tmp_path / out)])
        assert 0 == made.exit_code, made.output
        told = CliRunner().invoke(app, ["verify", str(tmp_path / out)]).output
        (size,) = (line.split()[0] for line in told.splitlines() if "journal entries" in line)
        assert f" {size} journal entries" in made.output, "as many as a stranger finds"
        with opened(demo_address).reading():
            kept = list(lines(opened(demo_address), 0))
        sizes.add(len(kept))
        assert small().term.root() == Frontier().grown(kept[: len(published)]).root()
    assert [True] == [len(published) < size for size in sizes]
    assert not is_unknown()
    checked = CliRunner().invoke(app, ["verify", demo_address])
    assert 0 == checked.exit_code, checked.output
