"""The page of a what-if: every figure that was handed in, in three languages, with its sources."""

import re

import pytest

from headgate.report.locale import LOCALES
from headgate.report.pages import file_of
from headgate.report.trial import trial_pages
from tests.report.builders import trial


def text(language: str) -> str:
    """The words of a page, without its marks."""
    page = trial_pages(trial())[file_of(language)].decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("<main")[2]).split())


@pytest.mark.parametrize("language", LOCALES)
def test_every_source_is_named_by_its_digest(language: str) -> None:
    """A reader can tell from the page alone what it was made from."""
    said = text(language)
    assert all(f"{digest} {name}" in said for name, digest in trial().sources)


def test_a_figure_is_shown_with_the_range_of_its_histories() -> None:
    """The first is as the trace came, then the lowest and highest of all."""
    said = text("en")
    assert "1,000 (500 – 2,000)" in said
    assert "with 5 more histories" in said


def test_the_policy_as_it_stands_and_its_envelopes_speak_the_readers_language() -> None:
    """No English variant or class of holders stands on a translated page."""
    assert "as it stands, behind walls" in text("en")
    assert "현행 정책, 칸막이" in text("ko")
    assert "chính sách hiện hành, dùng chung" in text("vi")
    assert "national" not in text("ko")


def test_who_gained_is_told_for_sharing_alone() -> None:
    """Walls are what is compared with: each variant has one row for each envelope."""
    page = trial_pages(trial())["report.html"].decode()
    table = page.partition("changes-table-caption")[2].partition("</table>")[0]
    assert 2 * 3 == table.count("43.1%")
