"""Debian's Chromium before the portal, served by the command that a person types."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

from tests.commands import HEADGATE, environment

CHROMIUM = shutil.which("chromium")
SIZES = {"telephone": (360, 780), "desk": (1280, 900)}


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser, which is closed at the end."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        running.close()


@contextmanager
def served(folder: Path, words: Sequence[str]) -> Iterator[str]:
    """The address of `headgate serve` with these words, started in a folder and ended by its id."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    told = environment(HEADGATE_WHAT_IF_TRACE="generated:philly:64:1")
    command = [*HEADGATE, "serve", *words, "--port", str(port)]
    with (folder / "said").open("wb") as said:
        server = subprocess.Popen(command, cwd=folder, env=told, stdout=said, stderr=said)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz", server, folder / "said")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def wait_for(url: str, server: "subprocess.Popen[bytes]", said: Path) -> None:
    """Until an address answers; fails with what the server said where it ends instead."""
    for _ in range(1200):
        assert server.poll() is None, said.read_text()
        try:
            with urlopen(url) as answer:
                assert 200 == answer.status
                return
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(said.read_text())
