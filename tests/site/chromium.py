"""Debian's Chromium before the portal, served by the command that a person types."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

from tests.commands import HEADGATE, environment

CHROMIUM = shutil.which("chromium")
DESK, LINE, MENU = 1280, 80, "document.querySelector('.hg-navigation')?.offsetHeight"
SIZES = {"telephone": (360, 780), "desk": (1280, 900)}
AXE = """
    axe.run({resultTypes: ['violations'], reporter: 'no-passes'}).then(found => found.violations)
"""
LETTERS = "document.body.offsetHeight && document.fonts.ready.then(() => null)"
"""Lines are as wide as their letters: what is laid out is measured once its own face is there."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser, which is closed at the end."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        running.close()


def barriers(page: Page, where: str) -> list[str]:
    """What is wrong with a page as it stands: whatever axe knows, and text beyond the screen.

    A page can be asked again at another size: axe is brought into it once.
    """
    page.evaluate(LETTERS)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = [
        f"{where}: {one['id']} {[str(node['target']) for node in one['nodes']][:3]}"
        for one in page.evaluate(AXE)
    ]
    size = page.viewport_size
    if size is None or page.evaluate("document.documentElement.scrollWidth") > size["width"]:
        found.append(f"{where}: wider than the screen")
    elif size["width"] >= DESK and (page.evaluate(MENU) or 0) > LINE:
        found.append(f"{where}: its menu has several lines")
    return found


def free_port() -> int:
    """A port at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def served(folder: Path, words: Sequence[str]) -> Iterator[str]:
    """The address of `headgate serve` with these words, started in a folder and ended by its id."""
    port = free_port()
    told = environment(HEADGATE_WHAT_IF_TRACE="generated:philly:64:1")
    command = [*HEADGATE, "serve", *words, "--port", str(port)]
    with (folder / "said").open("wb") as said:
        server = subprocess.Popen(command, cwd=folder, env=told, stdout=said, stderr=said)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz", server, folder / "said")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(120)


def wait_for(url: str, server: "subprocess.Popen[bytes]", said: Path) -> None:
    """Until an address answers; fails with what the server said where it ends instead."""
    for _ in range(6000):
        assert server.poll() is None, said.read_text()
        try:
            with urlopen(url) as answer:
                assert 200 == answer.status
                return
        except HTTPError as error:
            error.close()
        except (URLError, ConnectionError):
            pass
        time.sleep(0.1)
    raise AssertionError(said.read_text())
