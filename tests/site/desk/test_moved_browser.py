"""A list under review in a real browser: what was seen last gives way by itself to what there is.

The server has its lists worked out by a process beside it, which is held up here for as long as a
large list would take.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Request, Route, expect

from headgate.site.desk.pages.moving import SHOWN
from headgate.site.records.database import opened
from tests.commands import HEADGATE, environment
from tests.site.chromium import CHROMIUM, SIZES, barriers, chromium, free_port, wait_for
from tests.site.desk.cast import Cast, browser
from tests.site.desk.test_board_pages import scene

__all__ = ("scene",)

BOARD, LIST = "/boards/open/", "/boards/open/list/"
LOOKS, SOON_MS = 100, 60_000

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="tests/site/desk/test_moved_browser.py needs the Debian package chromium",
)


@pytest.fixture(autouse=True)
def connections_end() -> None:
    """No connection is open here: Django would not close one while a browser is driven."""


@dataclass
class Served:
    """A server of a call under review, its database, and a browser in which its officer sits."""

    base: str
    file: Path
    process: int
    session: str
    chromium: Browser

    @contextmanager
    def page(self, *, scripts: bool = True) -> Iterator[Page]:
        """A page on a telephone, on which nothing may be forbidden or go wrong."""
        width, height = SIZES["telephone"]
        context = self.chromium.new_context(
            java_script_enabled=scripts, viewport={"width": width, "height": height}
        )
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": self.session, "url": self.base}])
        page, wrong = context.new_page(), list[str]()
        page.on("console", lambda m: wrong.append(m.text) if "Content Security" in m.text else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        yield page
        context.close()
        assert [] == wrong

    @contextmanager
    def held_up(self) -> Iterator[Callable[[], None]]:
        """The process that works lists out, held up until it is let go."""
        files = Path(f"/proc/{self.process}/task").glob("*/children")
        (child,) = {int(one) for file in files for one in file.read_text().split()}
        os.kill(child, signal.SIGSTOP)
        try:
            yield lambda: os.kill(child, signal.SIGCONT)
        finally:
            os.kill(child, signal.SIGCONT)

    def sheet(self) -> None:
        """Somebody gives one more sheet, by which the list becomes another."""
        with sqlite3.connect(self.file) as site:
            one = "SELECT max(id) FROM desk_review WHERE marked IS NOT NULL AND points LIKE '%8%'"
            zero = "replace(points, '8', '0')"
            site.execute(f"UPDATE desk_review SET points = {zero} WHERE id = ({one})")
            site.execute(
                "INSERT INTO desk_deed (action, about, at) VALUES ('mark', '', '2026-01-01')"
            )
        site.close()


@pytest.fixture(scope="module")
def served(played: tuple[Path, Cast], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The module's scene, served; the browser is started when nothing is asked of the database
    any more.
    """
    path, cast = played
    folder = tmp_path_factory.mktemp("served")
    file = Path(shutil.copy(path, folder / "site.db"))
    database = opened(f"sqlite:///{file}")
    session = browser(cast.officer).cookies[settings.SESSION_COOKIE_NAME].value
    database.connection.close()
    (folder / "site.db.secret").write_text(settings.SECRET_KEY)
    port = free_port()
    command = [*HEADGATE, "serve", "--database", f"sqlite:///{file}", "--port", str(port)]
    with (folder / "said").open("wb") as said:
        server = subprocess.Popen(command, cwd=folder, env=environment(), stdout=said, stderr=said)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz", server, folder / "said")
        with chromium() as running:
            yield Served(f"http://127.0.0.1:{port}", file, server.pid, session, running)
    finally:
        server.terminate()
        server.wait(120)


def new(page: Page, url: str) -> None:
    """Look at a page until what it shows is that of now."""
    for _ in range(LOOKS):
        page.goto(url)
        if not page.locator("#moved").inner_text().strip():
            return
    raise AssertionError(page.content())


def test_what_was_seen_last_gives_way_by_itself(served: Served) -> None:
    """In its place and no other: the page stays, and who moves by keys stays where they were."""
    with served.page() as page:
        new(page, served.base + BOARD)
        before = page.locator("[name=digest]").input_value()
        with served.held_up() as let_go:
            served.sheet()
            page.goto(served.base + BOARD)
            expect(page.locator("#moved")).to_contain_text("This is as of ")
            assert before == page.locator("[name=digest]").input_value()
            assert [] == barriers(page, BOARD)
            page.locator("#whole").focus()
            page.evaluate("window.same = true")
            let_go()
            expect(page.locator("#moved")).to_have_text("This is as of now.", timeout=SOON_MS)
        assert before != page.locator("[name=digest]").input_value()
        assert page.evaluate("window.same")
        assert "whole" == page.evaluate("document.activeElement.id")
        assert [] == barriers(page, BOARD)
        assert 0 == page.locator("[data-looks-again]").count()


def test_nothing_is_taken_from_under_the_hands(served: Served) -> None:
    """Who types into the filter of a list keeps what they type; the list is new at their next."""
    with served.page() as page:
        new(page, served.base + LIST)
        with served.held_up() as let_go:
            served.sheet()
            page.goto(served.base + LIST)
            expect(page.locator("#moved")).to_contain_text("This is as of ")
            page.locator("#filter-q").press_sequentially("open-0")
            let_go()
            for _ in ("it is there", "it was not taken, and is asked for again"):
                with page.expect_response(lambda it: it.status == 200, timeout=SOON_MS):
                    pass
            assert "open-0" == page.locator("#filter-q").input_value()
            page.locator("#filter-q").press("Enter")
            expect(page.locator("#moved")).to_have_text("This is as of now.", timeout=SOON_MS)
        assert "open-0" == page.locator("#filter-q").input_value()
        assert "q=open-0" in page.evaluate("location.search")


def test_a_page_without_scripts_leads_to_what_there_is(served: Served) -> None:
    """By the link beside the sentence."""
    with served.page(scripts=False) as page:
        new(page, served.base + LIST)
        with served.held_up() as let_go:
            served.sheet()
            page.goto(f"{served.base}{LIST}?sort=-score")
            let_go()
        for _ in range(LOOKS):
            if not page.locator("#moved").inner_text().strip():
                break
            page.get_by_role("link", name="Look again").click()
        assert "" == page.locator("#moved").inner_text().strip()
        assert page.url.endswith("?sort=-score")


def test_a_list_that_cannot_be_worked_out_is_said_to_be_so(served: Served) -> None:
    """A page that looks again by itself, and is told an error, asks for the page of that error."""
    with served.page() as page:
        new(page, served.base + BOARD)

        def refused(route: Route, request: Request) -> None:
            if SHOWN.lower() in request.headers:
                route.fulfill(status=409, body="")
            else:
                route.continue_()

        with served.held_up():
            served.sheet()
            page.goto(served.base + BOARD)
            page.route(f"**{BOARD}", refused)
            with page.expect_navigation(timeout=SOON_MS):
                page.evaluate("window.same = true")
            assert page.evaluate("window.same") is None
            page.unroute(f"**{BOARD}")
