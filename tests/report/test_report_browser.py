"""The pages as a browser shows them: no barrier that axe knows, nothing wider than a telephone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from headgate.report.locale import LOCALES
from headgate.report.pages import pages
from headgate.report.stage import stage_files
from headgate.report.trial import trial_pages
from tests.report.builders import SHIPPED, SMALL, rehearsal, trial
from tests.report.test_stage import told as stage

CHROMIUM = shutil.which("chromium")
NAMES = ("report.html", "report.vi.html", "report.ko.html")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="tests/report/test_report_browser.py needs the Debian package chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests, without a network."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the small programme, of Korea's, and of a what-if, as files."""
    made = tmp_path_factory.mktemp("report")
    for programme, name in ((SMALL, "small"), (SHIPPED[0], "korea")):
        (made / name).mkdir()
        for file, data in pages(*rehearsal(programme)).items():
            (made / name / file).write_bytes(data)
    (made / "trial").mkdir()
    for file, data in trial_pages(trial()).items():
        (made / "trial" / file).write_bytes(data)
    (made / "stage").mkdir()
    for file, data in stage_files(stage(), list(LOCALES), prints=False).items():
        (made / "stage" / file).write_bytes(data)
    return made


@pytest.mark.parametrize(
    ("name", "scheme"), [*((name, "light") for name in NAMES), ("report.html", "dark")]
)
def test_axe_finds_no_barrier(browser: Browser, folder: Path, name: str, scheme: str) -> None:
    """Somebody who cannot see, or sees no colours, can read the page, by day and by night."""
    for kind in ("small", "trial", "stage"):
        page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
        page.goto((folder / kind / name).as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        results = Axe().run(page)
        page.close()
        assert 0 == results.violations_count, results.generate_report()


@pytest.mark.parametrize("kind", ["korea", "trial", "stage"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_screen(
    browser: Browser, folder: Path, name: str, kind: str
) -> None:
    """No reader has to push the page sideways, on a telephone or on a desk."""
    page = browser.new_page()
    page.goto((folder / kind / name).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for width in (360, 800, 1200):
        page.set_viewport_size({"width": width, "height": 800})
        assert width >= page.evaluate("document.documentElement.scrollWidth")
    page.close()


@pytest.mark.parametrize("kind", ["korea", "trial", "stage"])
@pytest.mark.parametrize("name", NAMES)
def test_every_label_of_a_chart_lies_inside_it(
    browser: Browser, folder: Path, name: str, kind: str
) -> None:
    """No word of a chart is cut off at its edge, in any language."""
    script = """() => [...document.querySelectorAll('svg.chart')].flatMap(svg => {
        const edge = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => {
            const box = text.getBoundingClientRect();
            return box.width && (box.left < edge.left - 1 || box.right > edge.right + 1);
        }).map(text => svg.querySelector('title').textContent + ': ' + text.textContent);
    })"""
    for width in (360, 1200):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto((folder / kind / name).as_uri())
        outside = page.evaluate(script)
        page.close()
        assert [] == outside
