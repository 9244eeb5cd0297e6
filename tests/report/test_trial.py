"""The page of a what-if: every figure that was handed in, in three languages, with its sources."""

import re
from dataclasses import replace
from typing import Any

import pytest

from headgate.core.evaluation.cut_errors import ErrorRow
from headgate.core.evaluation.foresight import Foreseen
from headgate.core.evaluation.power import Power
from headgate.report.locale import LOCALES
from headgate.report.pages import file_of
from headgate.report.trial import trial_pages
from headgate.report.trial_awards import Listed, Lists
from tests.report.builders import trial


def lists() -> Lists:
    """Award lists of one call under two variants: one applicant gains what another loses."""
    rules = (ErrorRow(0, 1_000_000, 250_000), ErrorRow(1960, 400_000, None, own=True))
    wide = Foreseen(2000, 900, rules, (), Power(None, ()))
    stands = Listed("", {"alliance": {"national": 8}}, {"alliance": {"a-1": 6, "a-2": 2}}, {},
                    {"alliance": 0})  # fmt: skip
    caps = Listed("caps", {"alliance": {"national": 4, "academia": 4}},
                  {"alliance": {"a-1": 4, "a-2": 2, "a-3": 2}}, {"stage": (wide,)},
                  {"alliance": 78_261}, {"stage": 2_000})  # fmt: skip
    sources = (("caps.yaml", "c" * 64),)
    return Lists(trial().policy, (stands, caps), sources, ("idle-overlay",))


def text(language: str, *parts: Any) -> str:
    """The words of a page, without its marks."""
    page = trial_pages(*(parts or (trial(),)))[file_of(language)].decode()
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


@pytest.mark.parametrize("language", LOCALES)
def test_a_reader_in_a_hurry_is_told_what_was_asked_and_six_figures(language: str) -> None:
    """Each overlay by its own words, in the reader's language where it has them; then use, waste
    and waits of every column, before anything else.
    """
    page = trial_pages(trial())[file_of(language)].decode()
    brief = page.partition('id="brief"')[2].partition('id="use"')[0]
    asked = "forty: 40/36/24라면?" if language == "ko" else "forty: What if it were 40/36/24?"
    assert asked in brief
    rows = brief.partition("<tbody>")[2].partition("</tbody>")[0].strip().splitlines()
    told = [re.findall(r'<td class="n">([^<]*)', row) for row in rows]
    assert {4} == {len(cells) for cells in told}
    digits = [[re.sub(r"\D", "", cell) for cell in cells[:2]] for cells in told]
    waits = ["10240", "5120"], ["10260", "5130"]
    others = ["1008", "504"], ["3650400", "1825200"]
    assert [["1001", "1001"], ["1003", "502"], *waits, *others] == digits


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


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("alone", [True, False])
def test_a_page_says_who_gains_and_who_loses_blocks(language: str, *, alone: bool) -> None:
    """Award lists stand on the page of a what-if, with jobs or without, in every language."""
    said = text(language, None if alone else trial(), lists())
    assert "a-1 6 4 (\u22122)" in said
    assert "a-3 0 2 (+2)" in said
    assert "a-2" not in said
    assert re.search("caps 7[.,]83", said)
    assert "idle-overlay" in said
    assert 1 == said.count("a-1 ")
    assert ("c" * 64 in said) == alone


def test_a_page_says_how_often_a_cut_is_wrong() -> None:
    """Each rule of a planned round, for each assumed difference, under its variant."""
    said = text("en", None, lists())
    assert "caps: how often each rule cuts" in said
    assert "25.0%" in said
    assert "40.0%" in said


@pytest.mark.parametrize("language", LOCALES)
def test_a_cut_that_was_never_wrong_in_the_draws_is_not_told_as_never_wrong(language: str) -> None:
    """100 cuts without a mistake leave 1 in 101: less than the next tenth of a percent, no 0.0."""
    (wide,) = lists().variants[1].cut_rules["stage"]
    rules = (replace(wide.errors[0], cut_ppm=50_000, wrong_ppm=0, threshold_milli=840),)
    cut = replace(wide, errors=rules)
    caps = replace(lists().variants[1], cut_rules={"stage": (cut,)})
    said = text(language, None, replace(lists(), variants=(caps,)))
    assert re.search("&lt;\\s*1[.,]0", said)
    assert not re.search("\\b0[.,]0\\s*%", said)


def test_a_list_without_any_award_is_told_so() -> None:
    """A call that awards nothing under any variant has no chart, and a sentence."""
    empty = Listed("", {"alliance": {}}, {}, {})
    said = text("en", None, Lists(trial().policy, (empty,), ()))
    assert "No application has another award" in said


def test_a_rule_that_stays_the_same_has_one_table_for_all_variants() -> None:
    """Variants with the same cut rule share a table that names them all; others have their own."""
    found = lists()
    stands, caps = found.variants
    twin = replace(stands, variant="twin", cut_rules=caps.cut_rules)
    said = text("en", None, replace(found, variants=(stands, caps, twin)))
    assert 1 == said.count("how often each rule cuts, and how many")
    assert "caps, twin: how often each rule cuts" in said
