"""What the pages say, and what each costs."""

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from headgate.core.evaluation.conduct import Conducted, SetAside, Why
from headgate.core.ledger.entry import Kind
from headgate.report.stage import Stage
from headgate.site.portal import judged, reading
from headgate.site.portal.context import ROW_MOST
from headgate.site.portal.outcomes import Applicant, applicants
from headgate.site.portal.pages import PAGES, public, rounds
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role
from headgate.site.portal.words import KINDS
from tests.site.portal.asking import LANGUAGES, address, enter, speak, text_of

READ = [page for page in PAGES if page.methods == ("GET", "HEAD")]
PUBLIC_MOST, MOST = 3, 12


@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_a_page_asks_the_database_little(portal: Client, page: Page) -> None:
    """At most 3 queries for the public, 12 for anybody, whatever the size of the programme."""
    where, role = address(page), min(page.roles, default=None)
    if role is not None:
        enter(portal, role)
    absent = page.name in ("person_calendar", "attachment")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert (404 if absent else 200) == portal.get(where).status_code
    assert (PUBLIC_MOST if page.is_public else MOST) >= len(asked), asked.captured_queries


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", READ, ids=lambda page: page.name)
def test_every_page_is_there_before_a_programme_begins(
    empty_portal: Client, page: Page, language: str
) -> None:
    """A new site says what is missing and how it is begun; it does not fail."""
    speak(empty_portal, language)
    if not page.is_public:
        enter(empty_portal, min(page.roles))
    assert empty_portal.get(address(page)).status_code in (200, 404)


def test_no_two_pages_have_one_title(portal: Client) -> None:
    """Tabs, bookmarks and a screen reader tell pages apart by their titles.

    A page that has nothing to show of its own kind shows the list instead.
    """
    absent = {"person_calendar", "attachment", "award-statement", "round-own"}
    titles: dict[str, list[str]] = {}
    for page in (one for one in READ if one.name not in absent):
        if page.roles:
            enter(portal, min(page.roles))
        answer = portal.get(address(page))
        for title in re.findall("<title>(.*) – Headgate</title>", answer.content.decode()):
            titles.setdefault(title, []).append(page.name)
    assert {} == {title: names for title, names in titles.items() if len(names) > 1}


def test_the_first_page_says_what_was_promised_and_attained(portal: Client) -> None:
    """Each class of holders with its share, its part and what it got, as chart and table.

    What it got is told in the measure of what was promised, whatever the blocks of its call are.
    """
    stood = reading.programme()
    assert stood is not None
    policy = reading.policy_of(stood)
    shown = text_of(portal.get("/"))
    for holder in policy.holders:
        assert holder.name.en in shown
    assert f"{stood.size:,}" in shown
    assert "<svg" in shown
    support = policy.supports["compute"]
    for name in policy.envelopes["compute"].shares:
        mine = [held for held in stood.holdings if held.holder == name]
        amount = sum(held.amount * support.rate(held.support_class) for held in mine)
        assert f"{amount // 3600:,}" in shown


def test_a_call_is_called_decided_once_it_is(
    portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day that has passed decides nothing: until there is a list the call is in review."""
    assert "In review" not in text_of(portal.get("/calls/"))
    monkeypatch.setattr(reading, "decisions", list)
    assert "In review" in text_of(portal.get("/calls/"))


def test_a_call_lists_every_application_with_its_outcome(portal: Client) -> None:
    """The awards first, then by score; the numbers are those of the decisions."""
    stood = reading.programme()
    assert stood is not None
    for call in reading.policy_of(stood).calls:
        found = applicants(reading.decisions(), call)
        rows = json.loads(portal.get(f"/calls/{call}/?format=json").content)["rows"]
        assert set(found) == {row["application"] for row in rows}
        awarded = {name for name, one in found.items() if one.is_awarded}
        assert awarded == {row["application"] for row in rows[: len(awarded)]}


@pytest.mark.parametrize(
    ("fell", "outcome", "reason"),
    [
        ({"findings": [{"refusal": "late", "rule": "2026"}]}, "Refused before review", "It came"),
        ({"standing": "not_scored"}, "Not scored", "No reviewer gave it a complete sheet."),
        ({"standing": "below_pass_mark"}, "Below the pass mark", "59.5; the pass mark is 60."),
        ({"standing": "out_at_stage"}, "Out at a stage", "59.5 was not enough for final"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whoever_no_list_has_reads_why(
    portal: Client, fell: dict[str, Any], outcome: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who fell out before the list reads how and why, as a line of the list and at the page."""
    place = {"application": "a", "rank": 9, "stage": "final", "milli_points_needed": 60_000}
    told = {"findings": (), "place": place | fell} if "standing" in fell else fell
    one = Applicant("a", "open", "industry", score=59_500, **told)
    monkeypatch.setattr(public, "applicants", lambda *_: {"a": one})
    (row,) = json.loads(portal.get("/calls/open/?format=json").content)["rows"]
    page = text_of(portal.get("/calls/open/a/"))
    assert reason in row["reason"]
    assert row["reason"] in page
    assert outcome in page


def test_how_far_an_application_came_is_what_the_decisions_say() -> None:
    """Refused by a finding, or where it fell out of the field, with the score of its sheets."""
    place = {"application": "b", "rank": 2, "stage": "final", "standing": "out_at_stage"}
    told = [
        ("screening", "a", {"findings": [{"refusal": "late", "rule": ""}], "holder": "x"}),
        ("screening", "b", {"findings": [], "holder": "x"}),
        ("score", "b", {"score": {"milli_points": 59_500}, "place": place}),
    ]
    made = [
        reading.Made(n, step, "calls.open", who, "", said)
        for n, (step, who, said) in enumerate(told)
    ]
    found = applicants(made, "open")
    assert ["refused", "out-at-stage"] == [one.outcome for one in found.values()]
    assert (59_500, place) == (found["b"].score, found["b"].place)


def test_who_moved_up_from_standby_is_told_so(
    portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An award that somebody else gave up first is said to have come from standby; others not."""
    lost, won, left = (
        {"outcome": outcome, "blocks": blocks, "pool": "h200", "score": 0, "blocks_asked": 1}
        | {"application": "", "rules": [], "cutoff": None, "nearest": []}
        for outcome, blocks in (("pool_spent", 0), ("awarded", 1), ("declined", 0))
    )
    told = [
        *(("screening", who, {"findings": [], "holder": "academia"}) for who in "abc"),
        *(
            ("award", who, {"reason": why})
            for who, why in zip("abc", (won, lost, won), strict=True)
        ),
        ("acceptance", "b", {"reason": won}),
        ("acceptance", "c", {"reason": left}),
    ]
    made = [
        reading.Made(n, step, "calls.open", who, "", said)
        for n, (step, who, said) in enumerate(told)
    ]
    monkeypatch.setattr(reading, "decisions", lambda: made)
    pages = [text_of(portal.get(f"/calls/open/{who}/")) for who in "abc"]
    assert [False, True, False] == ["waited on standby and moved up" in page for page in pages]


def test_a_filter_and_its_download_show_the_same(portal: Client) -> None:
    """What is downloaded is what the filter lets through, in the order shown."""
    enter(portal, Role.AUDITOR)
    query = "?step=score&sort=subject"
    page = text_of(portal.get(f"/decisions/{query}"))
    rows = json.loads(portal.get(f"/decisions/{query}&format=json").content)["rows"]
    assert {"score"} == {row["step"] for row in rows}
    assert sorted(row["subject"] for row in rows) == [row["subject"] for row in rows]
    assert f"{len(rows)} row" in page


def test_pages_of_a_list_show_every_row_once(portal: Client) -> None:
    """Going on from the last row seen leads through all rows, none twice."""
    enter(portal, Role.AUDITOR)
    seen: list[str] = []
    address_next = "/decisions/?sort=rule"
    while address_next:
        shown = text_of(portal.get(address_next))
        seen += re.findall(r'href="/decisions/(\d+)/"', shown)
        found = re.search(r'href="(\?[^"]*)" rel="next"', shown)
        address_next = "/decisions/" + found[1].replace("&amp;", "&") if found else ""
    assert len(reading.decisions()) == len(seen) == len(set(seen))


def test_a_spreadsheet_takes_nothing_for_a_formula(portal: Client) -> None:
    """In a CSV no cell begins with a sign that a spreadsheet computes."""
    enter(portal, Role.AUDITOR)
    text = portal.get("/decisions/?format=csv").content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert cells
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@")]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_a_download_says_to_which_state_it_belongs(portal: Client, kind: str) -> None:
    """A file that is passed on names the journal from which it was made."""
    answer = portal.get(f"{reverse('call', kwargs={'call': _call()})}?format={kind}")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert 200 == answer.status_code
    if kind != "xlsx":
        assert "ournal of" in answer.content.decode()


def _call() -> str:
    stood = reading.programme()
    assert stood is not None
    return next(iter(reading.policy_of(stood).calls))


def test_the_office_sees_what_is_due_next(portal: Client) -> None:
    """The first thing of the term's calendar that is not done, with its day."""
    enter(portal, Role.AGENCY_OFFICER)
    stood = reading.programme()
    assert stood is not None
    first = next(one for one in reading.due(stood, stood.standing.day) if one.state != "done")
    shown = text_of(portal.get("/home/"))
    assert f"{first.event.day.day}\u00a0" in shown
    assert shown.index("hg-next") < shown.index("hg-agenda")


@pytest.mark.usefixtures("portal")
def test_what_is_late_is_said_to_be_late() -> None:
    """Seen on a later day, what is not done is overdue and nothing else is."""
    stood = reading.programme()
    assert stood is not None
    states = [one.state for one in reading.due(stood, stood.standing.ends)]
    assert {"overdue", "today"} >= set(states) - {"done"}
    assert "overdue" in states


def test_only_a_file_says_where_the_journal_stands(portal: Client) -> None:
    """What a file ends with is not asked for by the page of the same list."""
    enter(portal, Role.AUDITOR)
    for query, asks in (("", False), ("?format=csv", True)):
        with CaptureQueriesContext(connection) as asked:
            assert 200 == portal.get(f"/decisions/{query}").status_code
        assert asks is any("checkpoint" in one["sql"] for one in asked.captured_queries)


def test_a_newer_decision_is_seen(portal: Client) -> None:
    """What this process has read before does not hide what was decided since."""
    before = len(reading.decisions())
    seen = reading._SEEN[next(reversed(reading._SEEN))]
    taken = seen.made.pop()
    assert before == len(reading.decisions())
    assert taken == reading.decisions()[-1]
    assert 200 == portal.get("/").status_code


def test_the_menu_has_ones_work_in_its_row_and_folds_the_rest(portal: Client) -> None:
    """What is decided or public is behind one word of whoever has work here, and what belongs
    together is behind another where the row would get long. Nothing is left out or there twice.
    """
    public = {reverse(page.name) for page in PAGES if page.is_public and page.title}
    assert {"": public} == _menu(portal)
    menu: dict[str, set[str]] = {}
    for role in sorted(Role, key=lambda one: one is Role.AUDITOR):
        enter(portal, role)
        menu = _menu(portal)
        led = [where for group in menu.values() for where in group]
        seen = [page for page in PAGES if page.title and (page.is_public or role in page.roles)]
        assert sorted(reverse(page.name) for page in seen) == sorted(led)
        assert ROW_MOST >= len(menu[""])
        assert public <= menu["On record"]
        assert (len(seen) - len(menu["On record"]) > ROW_MOST) == (len(menu) > 2)
    assert {"", "Awards and clusters", "People and organisations", "On record"} == menu.keys()
    people = {reverse("organisations"), reverse("people")}
    assert people == menu["People and organisations"]
    shown = text_of(portal.get(reverse("people")))
    active = shown.partition("service-navigation__item--active")[2].partition("</summary>")[0]
    assert "People and organisations" in active


def _menu(client: Client) -> dict[str, set[str]]:
    """Where the menu leads: from its row, which has no word, and from behind each word."""
    (menu,) = re.findall(r'id="navigation">(.*?)</nav>', text_of(client.get("/")), re.DOTALL)
    row, *folds = menu.split("<details")
    word, links = r"<summary[^>]*>([^<]*)<", r'service-navigation__link" href="([^"]+)"'
    behind = {re.findall(word, fold)[0]: set(re.findall(links, fold)) for fold in folds}
    return {"": set(re.findall(links, row)), **behind}


@pytest.mark.parametrize(
    ("language", "row"),
    [
        ("vi", r"01/09/2026, 00:00:00</td><td[^>]*>Lệnh chuyển"),
        ("ko", r"00:00:00</td><td[^>]*>이체"),
    ],
)
def test_the_journal_is_told_in_the_readers_words(portal: Client, language: str, row: str) -> None:
    """What kind of entry and when, for whoever does not know the journal's own codes."""
    speak(portal, language)
    enter(portal, Role.AUDITOR)
    shown = text_of(portal.get("/entries/"))
    assert re.search(row, shown)
    assert {str(kind.value) for kind in Kind} == KINDS.keys()
    assert "T00:00:00Z" not in shown
    assert "Register an organisation" not in text_of(portal.get("/organisations/"))


def test_a_print_tells_what_the_page_tells(portal: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A print is kept, and made anew once anything that it tells is another: here, who left."""
    first = portal.get("/rounds/stage/?format=pdf").content
    assert first == portal.get("/rounds/stage/?format=pdf").content

    def set_aside(*asked: Any) -> Stage:
        stage = judged.closed_round(*asked)
        assert stage is not None
        left_out = SetAside("experts", "EXP-2", Why.INATTENTIVE, rows=2)
        conducted = Conducted(set_aside=(left_out,))
        return replace(stage, evaluation=replace(stage.evaluation, conducted=conducted))

    monkeypatch.setattr(rounds, "closed_round", set_aside)
    assert "EXP-2" in text_of(portal.get("/rounds/stage/"))
    assert first != portal.get("/rounds/stage/?format=pdf").content


@pytest.mark.parametrize(("language", "mark"), [("en", ","), ("vi", "."), ("ko", ",")])
def test_how_many_rows_there_are_is_grouped_as_the_reader_has_it(
    portal: Client, language: str, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a list and beside what a search found: 2,385 or 2.385."""
    many = [made for made in reading.decisions() for _ in range(100)]
    assert len(many) > 1_000
    monkeypatch.setattr(reading, "decisions", lambda: many)
    enter(portal, Role.AUDITOR)
    speak(portal, language)
    rows = f"{len(many):,}".replace(",", mark)
    shown = re.search(r'hg-list__count"[^>]*>([^<]*)<', text_of(portal.get("/decisions/")))
    assert shown is not None
    assert shown[1].startswith(rows)
    assert rows in text_of(portal.get("/search/?q=2026"))
