"""One browser that every person of the year sits down at in turn, and what it finds on each page.

Every page is looked at as it is met: no barrier that axe knows, nothing that the policy of the
answers forbids, nothing wider than the screen, no text that stayed English.
"""

import re
from collections.abc import Collection
from html.parser import HTMLParser
from typing import Final
from urllib.request import Request, urlopen

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Locator, Page

from tests.site.chromium import SIZES

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


class Player:
    """The browser, in one language and size; `told` is what people and the policy say themselves.

    `faults` are what was found wrong on any page, `pages` the paths that were looked at.
    """

    def __init__(
        self, browser: Browser, base: str, language: str, size: str, told: Collection[str]
    ) -> None:
        width, height = SIZES[size]
        self._width, self._base, self._language = width, base, language
        self._told = sorted(told, key=len, reverse=True)
        context = browser.new_context(viewport={"width": width, "height": height})
        context.add_cookies([{"name": "django_language", "value": language, "url": base}])
        context.add_init_script(WATCH)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(TIMEOUT_MS)
        self.faults: list[str] = []
        self.pages: set[str] = set()
        self._shapes: set[str] = set()
        self._now = ""
        self.page.on("console", lambda m: self._heard(m.text) if "Content Sec" in m.text else None)
        self.page.on("pageerror", lambda error: self._heard(str(error)))

    def _heard(self, text: str) -> None:
        self.faults.append(f"{self.page.url}: {text}")

    def sit(self, username: str) -> None:
        """Somebody sits down at the browser."""
        if username == self._now:
            return
        self.open("/demo/")
        self.press(self.page.locator(f'form[action="/demo/{username}/"] button'))
        self._now = username

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
        if shape in self._shapes:
            return
        self._shapes.add(shape)
        self.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for broken in Axe().run(self.page).response["violations"]:
            nodes = [str(node["target"]) for node in broken["nodes"]][:3]
            self.faults.append(f"{path}: {broken['id']} {nodes}")
        if self.page.evaluate("document.documentElement.scrollWidth") > self._width:
            self.faults.append(f"{path}: wider than the screen")
        self.faults += [f"{path}: not translated: {text}" for text in self._english()]

    def _english(self) -> list[str]:
        """Texts that are the same in English, though nobody here has said them."""
        if self._language == "en":
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
