"""The browsers of the people of a year, and what is found on each page that they meet.

Every page is looked at as it is met: no barrier that axe knows, nothing that the policy of the
answers forbids, nothing wider than the screen, no text that stayed English.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Locator, Page

from tests.site.chromium import SIZES
from tests.site.portal.asking import LANGUAGES

SHAPE: Final = """
    () => location.pathname.replace(/[0-9]+/g, '#') + ' ' +
        [...new Set([...document.querySelectorAll('main *')].map(e => e.tagName + e.className))]
        .sort().join(' ')
"""
WATCH: Final = """
    addEventListener('securitypolicyviolation',
        e => console.error('Content Security: ' + e.violatedDirective + ' ' + e.blockedURI))
"""
PROSE: Final = re.compile(r"[a-z]{2,} [a-z]{2,}")
BANNER: Final = ".govuk-notification-banner"
TIMEOUT_MS: Final = 60_000


class Texts(HTMLParser):
    """The texts of a page that are meant for its reader: no codes, scripts or other languages."""

    SILENT = ("script", "style", "pre", "textarea")

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember whether what follows is meant for the reader."""
        if tag not in ("input", "meta", "link", "br", "img", "hr"):
            told = dict(attrs)
            silent = tag in self.SILENT or "hg-code" in (told.get("class") or "")
            self._open.append(silent or (tag != "html" and "lang" in told))

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        if self._open and tag not in ("input", "meta", "link", "br", "img", "hr"):
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if not any(self._open):
            self.found.add(" ".join(data.split()))


Cookie = Any
"""What the driver takes for a cookie; it names the type nowhere that can be imported."""


@dataclass(frozen=True)
class Seat:
    """How somebody sits at the portal: in which language, and at a screen of which size."""

    language: str
    size: str


class Player:
    """A browser for each person; `told` is what people and the policy say themselves.

    Everybody signs in once, and keeps their language and screen as `seats` has them. Each page is
    looked at once for each shape that it has, in every language and at every size, beside whoever
    met it. `faults` are what was found wrong, `pages` the paths that were looked at.
    """

    def __init__(
        self, browser: Browser, base: str, seats: Callable[[str], Seat], told: Collection[str]
    ) -> None:
        self._browser, self._base, self._seats = browser, base, seats
        self._told = sorted(told, key=len, reverse=True)
        self.faults: list[str] = []
        self.pages: set[str] = set()
        self._shapes: set[str] = set()
        self._open: dict[str, Page] = {}
        self._beside = self._page(Seat("en", "desk"))
        self.page = self._opened("")

    def _page(self, seat: Seat) -> Page:
        width, height = SIZES[seat.size]
        context = self._browser.new_context(viewport={"width": width, "height": height})
        context.add_cookies([self._speaks(seat.language)])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("console", lambda m: self._heard(m.text) if "Content Sec" in m.text else None)
        page.on("pageerror", lambda error: self._heard(str(error)))
        return page

    def _speaks(self, language: str) -> Cookie:
        return {"name": "django_language", "value": language, "url": self._base}

    def _opened(self, username: str) -> Page:
        if username not in self._open:
            self._open[username] = self._page(self._seats(username))
        return self._open[username]

    def _heard(self, text: str) -> None:
        self.faults.append(f"{self.page.url}: {text}")

    def leave(self) -> None:
        """Everybody goes home."""
        for page in (*self._open.values(), self._beside):
            page.context.close()

    def sit(self, username: str) -> None:
        """Somebody goes on at their own browser, after signing in the first time."""
        known = username in self._open
        self.page = self._opened(username)
        if not known:
            self.open("/demo/")
            self.press(self.page.locator(f'form[action="/demo/{username}/"] button'))

    def open(self, path: str) -> None:
        """Go to a page and look at it."""
        self.page.goto(self._base + path)
        self.look()

    def press(self, button: Locator) -> None:
        """Press something that leads to a page, with or without a whole load, and look at it."""
        self.page.evaluate("""() => {
            window.settled = false
            document.body.addEventListener('htmx:afterSettle', () => { window.settled = true })
        }""")
        button.evaluate("e => { for (let d = e; d; d = d.parentElement) d.open = true }")
        button.click()
        self._settle()
        self.look()

    def _settle(self) -> None:
        """Wait until the next page is there; the site's own policy lets nobody wait by a script."""
        for _ in range(TIMEOUT_MS // 50):
            try:
                if self.page.evaluate("window.settled") is not False:
                    break
            except Error:
                pass
            self.page.wait_for_timeout(50)
        self.page.wait_for_load_state()

    def deed(self, value: str, within: str = "main") -> None:
        """Press the button of a deed."""
        self.press(self.page.locator(f'{within} button[name="deed"][value="{value}"]').first)

    def fill(self, **fields: str) -> None:
        """Type into fields by their names, `__` standing for a dash."""
        for name, value in fields.items():
            self.typed(name.replace("__", "-"), value)

    def typed(self, name: str, value: str) -> None:
        """Type into, or choose in, the field of a name."""
        field = self.page.locator(f'main [name="{name}"]:not([type="hidden"])').first
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)

    def look(self) -> None:
        """Hold the page against what every page promises, once for each shape that it has."""
        path = self.page.url.removeprefix(self._base)
        unhappy = self.page.locator(f"{BANNER}:not({BANNER}--success)")
        self.faults += [f"{path}: {said}" for said in unhappy.all_inner_texts()]
        self.pages.add(re.sub("[0-9]+", "#", path))
        shape = str(self.page.evaluate(SHAPE))
        if shape not in self._shapes:
            self._shapes.add(shape)
            self._look_closely(path)

    def _look_closely(self, path: str) -> None:
        """The same page in every language at every size, seen by the same person."""
        beside, english = self._beside, set[str]()
        beside.context.clear_cookies()
        session = [one for one in self.page.context.cookies() if one.get("name") == "sessionid"]
        for language in ("en", *(one for one in LANGUAGES if one != "en")):
            kept: list[Cookie] = [
                {"name": "sessionid", "value": one.get("value", ""), "url": self._base}
                for one in session
            ]
            beside.context.add_cookies([*kept, self._speaks(language)])
            beside.goto(self.page.url)
            shown = _texts(beside.content())
            english = english or shown
            if language != "en":
                same = sorted(text for text in shown & english if PROSE.search(self._ours(text)))
                self.faults += [f"{path}: {language}: not translated: {text}" for text in same]
            beside.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            for size, (width, height) in SIZES.items():
                beside.set_viewport_size({"width": width, "height": height})
                self._measure(f"{path} ({language}, {size})", width)

    def _measure(self, where: str, width: int) -> None:
        """No barrier that axe knows, and nothing wider than the screen."""
        for broken in Axe().run(self._beside).response["violations"]:
            nodes = [str(node["target"]) for node in broken["nodes"]][:3]
            self.faults.append(f"{where}: {broken['id']} {nodes}")
        if self._beside.evaluate("document.documentElement.scrollWidth") > width:
            self.faults.append(f"{where}: wider than the screen")

    def _ours(self, text: str) -> str:
        """A text without what the policy and people say in it."""
        for said in self._told:
            text = text.replace(said, "")
        return text


def _texts(html: str) -> set[str]:
    reader = Texts()
    reader.feed(html)
    return reader.found
