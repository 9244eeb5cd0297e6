"""The portal in a real browser, served by the command that a person types.

Each page in three languages, on a telephone and on a desk: no barrier that axe knows, nothing that
the policy of the answers forbids, nothing wider than the screen.
"""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page

from headgate.site.portal.models import Person
from headgate.site.portal.pages import PAGES, service
from headgate.site.portal.roles import Role
from headgate.site.records.database import opened
from tests.site.chromium import CHROMIUM, SIZES, barriers, chromium, served
from tests.site.portal.asking import LANGUAGES, address, persona_of

A4_BETWEEN_MARGINS = 702
"""Pixels, at 96 to the inch, of a sheet that is 210 mm wide with 12 mm on each side."""
PASSWORD = "a long phrase of words"
ACCOUNT = ("/account/login/", "/account/password/reset/", "/account/signup/", "/nothing/")
MOVED = "/what-if/?share-national=30&borrow=50&later-h200=2"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="tests/site/portal/test_browser.py needs the Debian package chromium"
)


@pytest.fixture(autouse=True)
def connections_end() -> None:
    """No connection is open here: Django would not close one while a browser is driven."""


@pytest.fixture(scope="module")
def browser(addresses: list[tuple[str, Role | None]], base: str) -> Iterator[Browser]:
    """One browser for all tests, started when nothing is to be asked of the database any more."""
    assert addresses
    assert base
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def base(begun_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of the demo on a copy of the programme, started for these tests."""
    folder = tmp_path_factory.mktemp("serve")
    file = shutil.copy(begun_template, folder / "headgate.db")
    database = opened(f"sqlite:///{file}")
    Person.objects.create_user("minh", password=PASSWORD)
    database.connection.close()
    with served(folder, ["--demo", "--database", f"sqlite:///{file}"]) as address_of_it:
        _got_ready(f"{address_of_it}/what-if/")
        yield address_of_it


def _got_ready(url: str) -> None:
    """Ask until the first answer of the what-if page is there."""
    for _ in range(600):
        with urlopen(url) as answer:
            if b"hg-figures" in answer.read():
                return
        time.sleep(0.2)
    raise AssertionError("the what-if page was not got ready")


@pytest.fixture(scope="module")
def addresses(begun_template: Path) -> list[tuple[str, Role | None]]:
    """Every page that can be looked at, with a role that may."""
    database = opened(f"sqlite:///{begun_template}")
    listed = [
        (address(page), next(iter(sorted(page.roles)), None))
        for page in PAGES
        if page.methods == ("GET", "HEAD") and page not in service.PAGES
    ]
    database.connection.close()
    return [*listed, *((where, None) for where in (*ACCOUNT, MOVED))]


def _opened(browser: Browser, base: str, language: str, size: str, scheme: str) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.add_cookies([{"name": "django_language", "value": language, "url": base}])
    return context.new_page()


def _enter(page: Page, base: str, role: Role) -> None:
    page.goto(f"{base}/demo/")
    page.locator(f'form[action="/demo/{persona_of(role).username}/"] button').click()
    page.wait_for_url(f"{base}/home/")


@pytest.mark.parametrize(
    ("language", "scheme", "sizes"),
    [*((tongue, "light", tuple(SIZES)) for tongue in LANGUAGES), ("en", "dark", ("desk",))],
)
def test_every_page_can_be_used_by_everybody(
    browser: Browser,
    base: str,
    addresses: list[tuple[str, Role | None]],
    language: str,
    scheme: str,
    sizes: tuple[str, ...],
) -> None:
    """No barrier, nothing forbidden, nothing wider than the screen, on any page at any size."""
    page = _opened(browser, base, language, sizes[0], scheme)
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "Content Security" in m.text else None)
    page.on("pageerror", lambda error: refused.append(str(error)))
    found: list[str] = []
    role_now: Role | None = None
    for where, role in sorted(addresses, key=lambda told: (told[1] or "", told[0])):
        if role is not None and role != role_now:
            _enter(page, base, role)
            role_now = role
        for number, size in enumerate(sizes):
            width, height = SIZES[size]
            page.set_viewport_size({"width": width, "height": height})
            if number == 0:
                page.goto(base + where)
                page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            found += barriers(page, f"{where} ({size})")
    page.context.close()
    assert [] == found + refused, "\n".join(found + refused)


def test_every_page_fits_a_printed_sheet(
    browser: Browser, base: str, addresses: list[tuple[str, Role | None]]
) -> None:
    """No table runs out of a sheet of A4 between its margins, in the language of long words."""
    page = _opened(browser, base, "vi", "desk", "light")
    page.set_viewport_size({"width": A4_BETWEEN_MARGINS, "height": 1000})
    role_now: Role | None = None
    wide: dict[str, int] = {}
    for where, role in sorted(addresses, key=lambda told: (told[1] or "", told[0])):
        if role is not None and role != role_now:
            page.emulate_media(media="screen")
            _enter(page, base, role)
            role_now = role
        page.emulate_media(media="print")
        page.goto(base + where)
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        wide |= {where: wider} if wider > 0 else {}
    page.context.close()
    assert {} == wide


def test_a_page_that_takes_anothers_place_takes_the_focus(browser: Browser, base: str) -> None:
    """Who listens, or moves by keys, is in the new page and not nowhere."""
    page = browser.new_page()
    page.goto(f"{base}/")
    page.click("nav a[href='/calls/']")
    page.wait_for_url("**/calls/")
    page.wait_for_function("document.activeElement.id === 'main'")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    assert "Calls and awards" in page.title()
    page.close()


def test_a_filter_works_with_and_without_scripts(browser: Browser, base: str) -> None:
    """Scripts make a list quick; without them the same buttons lead to the same rows."""
    counts = []
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        _enter(page, base, Role.AUDITOR)
        page.goto(f"{base}/decisions/")
        page.get_by_label("Step").select_option("score")
        page.get_by_role("button", name="Filter").click()
        page.wait_for_url("**step=score**")
        counts.append(page.locator(".hg-list__count").inner_text())
        assert {"Score"} == set(page.locator("tbody td:nth-child(3)").all_inner_texts())
        context.close()
    assert counts[0] == counts[1]


def test_a_wide_table_folds_on_a_telephone(browser: Browser, base: str) -> None:
    """Each cell is beside its column's name and on the screen; it stays a table, as lists go on."""
    page = _opened(browser, base, "en", "telephone", "light")
    _enter(page, base, Role.AUDITOR)
    page.goto(f"{base}/calls/open/")
    right = "e => e.getBoundingClientRect().right > innerWidth"
    wide = f"[...document.querySelectorAll('main td')].filter({right}).length"
    for _look in ("as it comes", "after a filter"):
        rows = page.get_by_role("row").filter(has=page.get_by_role("cell"))
        assert rows.count() == page.locator("tbody tr").count() > 0
        assert "Reason" == page.locator("tbody td:last-child").first.get_attribute("data-head")
        assert 0 == page.evaluate(wide)
        page.get_by_label("Outcome").select_option("awarded")
        page.get_by_role("button", name="Filter").click()
        page.wait_for_url("**outcome=awarded**")
        page.wait_for_selector(".hg-stack")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_selector(".hg-scroll:not(.hg-stack)")
    page.context.close()


def test_a_passkey_signs_in_without_a_password(browser: Browser, base: str) -> None:
    """Somebody adds a passkey to their account, signs out, and comes in by it alone."""
    context, there = browser.new_context(locale="en"), base.replace("127.0.0.1", "localhost")
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "Content Security" in m.text else None)
    keys = context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    verified = {"hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": kind | verified})
    page.goto(f"{there}/account/login/")
    page.locator("[name=login]").fill("minh")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{there}/home/")
    page.goto(f"{there}/profile/")
    page.get_by_role("link", name="Two-step sign-in").click()
    page.locator('a[href$="/webauthn/add/"]').click()
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes/**")
    page.goto(f"{there}/account/2fa/webauthn/")
    assert "Passkey" in page.locator("main table").inner_text()
    page.goto(f"{there}/profile/")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{there}/home/")
    assert [] == refused
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_is_of_the_one_face(browser: Browser, base: str, language: str) -> None:
    """No letter of any language is borrowed from a face of the reader's machine."""
    page = _opened(browser, base, language, "desk", "light")
    page.goto(f"{base}/calls/")
    page.evaluate("document.fonts.ready.then(() => null)")
    asked = page.context.new_cdp_session(page)
    asked.send("DOM.enable")
    asked.send("CSS.enable")
    root = asked.send("DOM.getDocument")["root"]["nodeId"]
    where = {"nodeId": root, "selector": "h1, h2, h3, p, nav a, header a"}
    borrowed = set()
    for node in asked.send("DOM.querySelectorAll", where)["nodeIds"]:
        shown = asked.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        borrowed |= {one["familyName"] for one in shown if not one["isCustomFont"]}
    page.context.close()
    assert set() == borrowed


def test_the_language_is_switched_where_one_is(browser: Browser, base: str) -> None:
    """A reader who switches stays on the page."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{base}/calls/")
    page.get_by_role("button", name="한국어").click()
    page.wait_for_load_state()
    assert f"{base}/calls/" == page.url
    assert "ko" == page.evaluate("document.documentElement.lang")
    context.close()


def test_an_answer_comes_while_the_hand_is_on_the_slider(browser: Browser, base: str) -> None:
    """A moved slider is answered without a reload: the others give way, the address is lasting."""
    page = _opened(browser, base, "en", "desk", "light")
    page.goto(f"{base}/what-if/")
    page.evaluate("window.same = true")
    slider = page.locator("#share-national")
    slider.focus()
    slider.press("ArrowLeft")
    page.locator(".hg-moved").first.wait_for()
    assert page.evaluate("window.same")
    shares = [
        page.locator(f"#share-{h}").input_value() for h in ("national", "business", "academia")
    ]
    assert 100 == sum(map(int, shares))
    assert "59" == shares[0]
    assert "59 %" == page.locator('output[for="share-national"]').inner_text()
    assert "share-national=59" in page.url
    page.reload()
    assert "59" == page.locator("#share-national").input_value()
    page.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_stay_in_sight_of_every_slider_on_a_telephone(
    browser: Browser, base: str, language: str
) -> None:
    """Whichever slider has the focus, the figures are on the screen and do not lie over it."""
    page = _opened(browser, base, language, "telephone", "light")
    page.goto(f"{base}{MOVED}")
    foot = SIZES["telephone"][1]
    sliders = page.locator(".hg-lever input").all()
    assert sliders
    for slider in sliders:
        slider.focus()
        figures, own = page.locator(".hg-figures").bounding_box(), slider.bounding_box()
        assert figures is not None
        assert own is not None
        assert own["y"] + own["height"] <= figures["y"]
        assert figures["y"] + figures["height"] <= foot
    page.context.close()


MOVING = """
    const slider = document.getElementById('lend')
    window.moving = setInterval(() => {
      slider.value = slider.value > 5 ? slider.value - 5 : 100
      slider.dispatchEvent(new Event('input', {bubbles: true}))
    }, 30)
"""


def test_a_hand_that_never_rests_is_answered(browser: Browser, base: str) -> None:
    """A slider that keeps moving is answered again and again; nothing is asked for in vain."""
    page = _opened(browser, base, "en", "desk", "light")
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(f"{base}/what-if/")
    page.evaluate(MOVING)
    page.locator(".hg-moved").first.wait_for()
    first = page.url
    page.wait_for_function("first => location.href !== first", arg=first)
    page.evaluate("clearInterval(window.moving)")
    assert not failed
    page.context.close()


@pytest.mark.parametrize("where", ["/calls/", "/what-if/"])
def test_paper_has_the_page_and_not_its_controls(browser: Browser, base: str, where: str) -> None:
    """A print is in the one face, without fields that nobody can fill in and paths of links."""
    page = _opened(browser, base, "vi", "desk", "light")
    page.goto(base + where)
    page.emulate_media(media="print")
    controls = page.locator("form, header input, nav, .hg-pages")
    assert [] == [one for one in controls.all() if one.is_visible()]
    face = "getComputedStyle(document.querySelector('h1')).fontFamily"
    assert page.evaluate(face).startswith('"Pretendard')
    paths = "[...document.querySelectorAll('.govuk-link')].map(one =>"
    paths += " getComputedStyle(one, '::after').content).filter(one => one.includes('/'))"
    assert [] == page.evaluate(paths)
    page.context.close()
