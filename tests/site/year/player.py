"""The browsers of the people of a year, and what is found on each page that they meet.

Every page is looked at as it is met: no barrier that axe knows, nothing that the policy of the
answers forbids, nothing wider than the screen, no text that stayed English.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Error, Locator, Page

from tests.site.chromium import SIZES, barriers

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


@dataclass(frozen=True)
class Seat:
    """How somebody sits at the portal: in which language, and at a screen of which size."""

    language: str
    size: str


class Player:
    """A browser for each person; `told` is what people and the policy say themselves.

    Everybody signs in once, and keeps their language and screen as `seats` has them. Each page is
    looked at once for each shape that it has, by whoever meets it first, at both sizes. `faults`
    are what was found wrong, `pages` the paths that were looked at.
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
        self._sits = ""
        self.page = self._opened("")

    def _page(self, seat: Seat) -> Page:
        width, height = SIZES[seat.size]
        context = self._browser.new_context(viewport={"width": width, "height": height})
        language = {"name": "django_language", "value": seat.language, "url": self._base}
        context.add_cookies([language])  # type: ignore[list-item]
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.on("console", lambda m: self._heard(m.text) if "Content Sec" in m.text else None)
        page.on("pageerror", lambda error: self._heard(str(error)))
        return page

    def _opened(self, username: str) -> Page:
        if username not in self._open:
            self._open[username] = self._page(self._seats(username))
        return self._open[username]

    def _heard(self, text: str) -> None:
        self.faults.append(f"{self.page.url}: {text}")

    def leave(self) -> None:
        """Everybody goes home."""
        for page in self._open.values():
            page.context.close()

    def sit(self, username: str) -> None:
        """Somebody goes on at their own browser, after signing in the first time."""
        known = username in self._open
        self.page, self._sits = self._opened(username), username
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
        """The page at both sizes, and its texts beside those of the English one."""
        seat = self._seats(self._sits)
        self.faults += [f"{path}: not translated: {text}" for text in self._english(seat)]
        self.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for size in sorted(SIZES, key=lambda size: size == seat.size):
            width, height = SIZES[size]
            self.page.set_viewport_size({"width": width, "height": height})
            where = f"{path} ({seat.language}, {size})"
            self.faults += barriers(self.page, where)

    def _english(self, seat: Seat) -> list[str]:
        """Texts that are the same in English, though nobody here has said them."""
        if seat.language == "en":
            return []
        shown = _texts(self.page.content())
        cookies = {c.get("name", ""): c.get("value", "") for c in self.page.context.cookies()}
        told = "; ".join(f"{k}={v}" for k, v in {**cookies, "django_language": "en"}.items())
        with urlopen(Request(self.page.url, headers={"Cookie": told})) as answer:
            english = _texts(answer.read().decode())
        return sorted(text for text in shown & english if PROSE.search(self._ours(text)))

    def _ours(self, text: str) -> str:
        """A text without what the policy and people say in it."""
        for said in self._told:
            text = text.replace(said, "")
        return text


def _texts(html: str) -> set[str]:
    reader = Texts()
    reader.feed(html)
    return reader.found
