"""What helps to decide: the list under other values, how sure it is, the panel and its minutes."""

import json
import pickle
import re
from collections.abc import Iterable
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from headgate.core.calls import screening
from headgate.core.calls.application import Application
from headgate.core.calls.field import Place as FieldPlace
from headgate.core.calls.field import Standing
from headgate.core.calls.screening import Finding as Found
from headgate.core.calls.screening import Refusal as Against
from headgate.core.canonical import digest
from headgate.core.ledger.entry import encode
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.transfer import Refusal
from headgate.core.policy.schema import Policy
from headgate.cycle import take
from headgate.report.reasons import told as told_why
from headgate.report.summary_calls import Why
from headgate.site.actions.find_gate import find_gate, reply_gate
from headgate.site.desk import board, remembered, world
from headgate.site.desk.board import Board, decision_event, look, preview
from headgate.site.desk.clock import now
from headgate.site.desk.models import AwardList, Finding, Review
from headgate.site.desk.office import DRAFTING, SITE, call_now, doing
from headgate.site.desk.pages import awarding, trying
from headgate.site.desk.pages.trying import levers, overlay
from headgate.site.desk.remembered import read_whole
from headgate.site.desk.sensitivity import sensitivity
from headgate.site.portal.people import make_personas
from headgate.site.portal.reading import speaker_of
from headgate.site.portal.roles import Role
from headgate.site.records import kept as records_kept
from headgate.site.records.kept import kept_term
from headgate.steps import calls
from headgate.steps.awards import ProposalRefused
from headgate.steps.event import What
from headgate.steps.term import LedgerRefused
from tests.site.actions.metered import root_of
from tests.site.desk.cast import Cast, browser, facts_of
from tests.site.desk.watched import Watched, watching
from tests.site.portal.asking import MOST, PUBLIC_MOST, SEEN, speak, told
from tests.whole.small import small


def scene() -> Cast:
    """The open call is judged: every sheet is given, nothing is signed."""
    cast = Cast(small().term.document, facts_of(small().term))
    with watching() as found:
        cast.until(What.DECIDE_CALL, "open")
        cast.judge("open")
    WATCHED.append(found)
    return cast


WATCHED: list[Watched] = []
"""What was written until then."""


@pytest.fixture
def judged(copied: Cast) -> Cast:
    """The same, for one test."""
    return copied


def text(client: Client, name: str, **asked: object) -> str:
    """A page of the open call as it is read."""
    query = f"?{urlencode(asked)}" if asked else ""
    answer = client.get(reverse(name, args=("open",)) + query)
    assert 200 == answer.status_code
    return answer.content.decode()


def test_the_whole_list_is_a_list_like_others(judged: Cast) -> None:
    """Every application with its outcome and reason: awards first, then by score; as a file too."""
    officer, found = browser(judged.officer), preview("open", now())
    rows = json.loads(officer.get("/boards/open/list/?format=json").content)["rows"]
    received = judged.facts["applications/open"]
    assert sorted(one.id for one in received) == sorted(row["application"] for row in rows)
    awarded = {one.application: (one.blocks, one.pool) for one in found.plan["awards"]}
    told = {row["application"]: (row["blocks"], row["class"]) for row in rows if row["blocks"]}
    assert awarded == told
    assert set(awarded) == {row["application"] for row in rows[: len(awarded)]}
    scores = [row["score"] for row in rows[len(awarded) :]]
    assert sorted(scores, reverse=True) == scores
    waiting = sorted((row["standby"], row["application"]) for row in rows if row["standby"])
    assert found.standby == [name for _place, name in waiting]
    reasons = {one.application for one in found.places if one.why.reason}
    for row in rows:
        assert bool(row["reason"]) is (row["application"] in reasons)
        assert row["outcome"] in ("refused", "not-in-field") or row["reason"]
    some = rows[0]["outcome"]
    asked = {"format": "json", "outcome": some, "sort": "-blocks"}
    filed = json.loads(officer.get("/boards/open/list/", asked).content)["rows"]
    assert [some] * len(filed) == [row["outcome"] for row in filed]
    assert sorted((row["blocks"] for row in filed), reverse=True) == [r["blocks"] for r in filed]
    page = text(officer, "ranking")
    assert found.digest in page
    assert all(row["application"] in page for row in rows)


@pytest.mark.usefixtures("judged")
def test_a_list_that_came_from_another_process_is_the_same_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its places say what decided about each, and who is awarded comes first."""
    monkeypatch.setattr(board, "TOGETHER", 2)
    remembered._KEPT.clear()
    found, rules = preview("open", now()), call_now("open")
    say = speaker_of(rules.policy, "en")
    sentences = [told_why(rules.call, why, say) for why in found.whys.value]
    came = pickle.loads(pickle.dumps(found))
    for one in (found, came):
        assert sentences == [told_why(rules.call, place.why, say) for place in one.places]
        assert one.awarded == [place for place in one.places if place.is_awarded]
        assert set(one.winners) == {place.application for place in one.awarded} != set()
        assert one.received == len(one.places)
    assert found == came


@pytest.mark.usefixtures("judged")
def test_applications_of_which_the_same_is_told_share_one_saying() -> None:
    """Whatever their rank is; it has no name in it that is not told."""

    def fell(name: str, needed: int, points: int = 12_000) -> Why:
        return Why((), points, FieldPlace(name, 7, Standing.BELOW_PASS_MARK, "", needed))

    rules, reason = call_now("open"), preview("open", now()).awarded[0].why.reason
    shut, late = ((Found(against, ""),) for against in (Against.GATE, Against.LATE))
    whys = [fell("a", 60_000), fell("b", 60_000), fell("c", 70_000), fell("d", 60_000, 13_000)]
    whys += [Why(shut, 10), Why(shut, 20), Why(late), Why((), 5, None, reason), Why()]
    said, sayings = board._said(whys)
    assert (0, 0, 1, 2, 3, 3, 4, 5, 6) == said
    say = speaker_of(rules.policy, "en")
    told = [told_why(rules.call, why, say) for why in whys]
    assert told == [told_why(rules.call, sayings[number], say) for number in said]
    assert {""} == {why.place.application for why in sayings if why.place is not None}


def test_a_board_shows_the_first_awards_and_leads_to_all(
    judged: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the list is, its board has one page of it, and says how long it is."""
    officer, found = browser(judged.officer), preview("open", now())
    monkeypatch.setattr(awarding, "PAGE_ROWS", 1)
    monkeypatch.setattr("headgate.site.desk.sensitivity.PAGE_ROWS", 1)
    page, awarded = text(officer, "board", sure=1), [p for p in found.places if p.is_awarded]
    assert f"The first 1 of {len(awarded)} awards are shown here." in page
    assert f"The whole list: {len(found.places)} applications" in page
    assert 1 == page.count("is awarded ")
    assert 1 == page.partition('id="sure"')[2].partition("</table>")[0].count('scope="row"')
    assert "/boards/open/list/" in page


def test_a_what_if_changes_the_list_and_nothing_else(judged: Cast) -> None:
    """A lower cap gives other awards on the page; the journal and the board stay as they are."""
    officer = browser(judged.officer)
    before, root = preview("open", now()), root_of(SITE)
    assert "Under these values" not in text(officer, "what_if")
    same = text(
        officer, "what_if", **{"cap-h200": call_now("open").call.classes["h200"].cap_blocks}
    )
    assert "own values: move one of them" in same.replace("&#x27;", "'")
    page = text(officer, "what_if", **{"cap-h200": 1})
    assert "Under these values" in page
    assert "move one of them" not in page + text(officer, "what_if")
    assert "calls.open.classes.h200.cap_blocks: 1" in page
    assert "Cap of one application in NVIDIA H200 (h200), blocks" in page
    assert "NVIDIA H200 (h200): 1 node of 8 GPUs" in page
    tried = preview("open", now(), {"t.yaml": overlay(call_now("open"), {CAP: 1})})
    assert {1} == {award.blocks for award in tried.plan["awards"]}
    assert any(award.blocks > 1 for award in before.plan["awards"])
    assert (before.digest, root) == (preview("open", now()).digest, root_of(SITE))
    assert not AwardList.objects.filter(call="open").exists()


CAP = "calls.open.classes.h200.cap_blocks"
PASS = "calls.open.pass_mark"
SHARE = "envelopes.compute.shares"


def test_envelopes_of_a_what_if_are_divided_as_it_says(judged: Cast) -> None:
    """Less for a class of holders is less on the list; what cannot be is said by name."""
    officer = browser(judged.officer)
    tried = {f"{SHARE}.academia": 0, f"{SHARE}.business": 40}
    other = preview("open", now(), {"t.yaml": overlay(call_now("open"), tried)})
    received = judged.facts["applications/open"]
    academia = {one.id for one in received if one.applicant.kind == "university"}
    assert academia & set(preview("open", now()).winners)
    assert not academia & set(other.winners)
    page = text(officer, "what_if", **{"share-academia": 90})
    assert "There is no list under these values" in page
    assert "There is no list under these values" in text(
        officer, "what_if", **{"share-national": 0, "share-business": 80}
    )


@pytest.mark.parametrize(("language", "said"), [
    ("en", "more would be taken from an account than it holds"),
    ("vi", "số rút khỏi tài khoản sẽ nhiều hơn số hiện có"),
    ("ko", "계정에 있는 것보다 더 많이 꺼내게 됩니다"),
])  # fmt: skip
def test_what_ledger_and_solver_refuse_of_a_what_if_is_told_in_the_readers_language(
    judged: Cast, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    """The transfer and why, in words or by its code; no sentence of the ledger's own English."""
    refusals = {f"grant/{each.name}": each for each in Refusal}
    wrong: list[Exception] = [LedgerRefused("its own words", refusals)]
    wrong.append(ProposalRefused("its own words"))

    def refuse(*_: object) -> None:
        raise wrong.pop(0)

    monkeypatch.setattr(trying, "remembered", refuse)
    officer = browser(judged.officer)
    speak(officer, language)
    page = text(officer, "what_if", **{"cap-h200": 1})
    assert said in page
    assert "grant/EXCEEDS_CREDITS" in page
    assert "why-bad" in page
    assert not [each for each in Refusal if each.value in page]
    page += text(officer, "what_if", **{"cap-h200": 1})
    assert "its own words" not in page
    assert ("The list that was found" in page) == (language == "en")


def test_every_lever_names_a_value_of_the_policy(judged: Cast) -> None:
    """Each field of the form, moved alone, is an overlay that the policy knows."""
    with override("en"):
        known = list(levers(call_now("open")))
    for one in known:
        told = text(browser(judged.officer), "what_if", **{one.field: one.value})
        assert f'value="{one.value}"' in told
        assert one.label in told
    assert len(known) == 1 + 2 + 1 + 3


def test_the_list_tells_how_sure_it_is(judged: Cast) -> None:
    """The same sheets give the same figures; who has one score only is never in doubt."""
    found = sensitivity(call_now("open"), now())
    remembered._KEPT.clear()
    assert found == sensitivity(call_now("open"), now())
    marked = set(
        Review.objects.filter(dossier__call="open").values_list("dossier__code", flat=True)
    )
    assert {one.application for one in found.lines} <= marked
    assert all(0 <= one.awarded_per_mille <= 1000 and one.low <= one.high for one in found.lines)
    winners = set(preview("open", now()).winners)
    often = {one.application: one.awarded_per_mille for one in found.lines}
    assert max(often.values()) == max(often[name] for name in winners)
    page = text(browser(judged.officer), "board", sure=1)
    assert f"seed {found.seed}" in page
    assert "How sure is this list?" in page


@pytest.mark.usefixtures("judged")
def test_whoever_is_in_doubt_comes_first() -> None:
    """Where reviewers disagree: a page shows as many lines as it has, and those above all."""
    for number, sheet in enumerate(Review.objects.filter(dossier__call="open").order_by("id")):
        sheet.points = dict.fromkeys(sheet.points, 9 * (number % 2))
        sheet.save()
    found = sensitivity(call_now("open"), now())
    close = [one.is_close for one in found.lines]
    assert 0 < found.doubtful < len(close)
    assert [True] * found.doubtful == close[: found.doubtful]
    assert sum(close) == found.doubtful


@pytest.mark.usefixtures("judged")
def test_equal_sheets_leave_no_doubt() -> None:
    """Where all reviewers of an application agree, drawing them again changes nothing."""
    Review.objects.filter(dossier__call="open").update(points={"effect": 8, "means": 7})
    found = sensitivity(call_now("open"), now())
    assert {(one.low, one.high) for one in found.lines} == {(76_000, 76_000)}
    assert {one.awarded_per_mille for one in found.lines} <= {0, 1000}


def test_a_search_on_the_board_leaves_its_gates(judged: Cast) -> None:
    """Whoever looks for one application reads the same gates of it as on the whole board."""
    code = Finding.objects.filter(dossier__call="open").values_list("dossier__code", flat=True)[0]
    officer = browser(judged.officer)
    rows = re.findall(r"<tr[^>]*>.*?</tr>", text(officer, "board"), re.DOTALL)
    (row,) = [one for one in rows if f"/doubles/{code}/" in one]
    assert "govuk-tag" in row
    assert row in text(officer, "board", q=code)


@pytest.mark.parametrize(("language", "words"), [("vi", "Được cấp"), ("ko", "배정")])
def test_reasons_are_told_in_the_readers_language(judged: Cast, language: str, words: str) -> None:
    """The sentence of each outcome on the board is not English for a reader who has none."""
    officer = browser(judged.officer)
    officer.cookies["django_language"] = language
    page = text(officer, "board")
    assert "is awarded" not in page
    assert "is not awarded" not in page
    assert words in page


def test_nothing_is_tried_before_the_call_has_closed(cast: Cast) -> None:
    """There is no list yet to be compared with."""
    cast.until(What.CLOSE_CALL, "open")
    with pytest.raises(Refused):
        sensitivity(call_now("open"), now())
    with override_settings(ALLOWED_HOSTS=["*"]):
        page = text(browser(cast.officer), "ranking")
    assert "There is a list once the call has closed" in page


def counted(client: Client, address: str) -> int:
    """How many queries a page asks."""
    with CaptureQueriesContext(connections["default"]) as asked:
        assert 200 == client.get(address).status_code
    return len(asked)


EVERYTHING = "?q=o&sort=-lead&after=open-0002&sure=1&share-business=40"
"""What addresses of several pages ask at once."""


def solved() -> Board:
    """The list made now, whatever was kept."""
    with SITE.reading():
        return look("open", now())


def test_the_first_look_at_a_page_asks_no_more_than_others(judged: Cast) -> None:
    """While a call is under review every page asks at most 12 queries in every role, 3 of the
    public, also of a process that has solved nothing yet.
    """
    make_personas()
    code = preview("open", now()).winners[0]
    person = judged.officer.pk
    parts = {"call": "open", "application": code, "code": code, "person": person}
    found = told(Client(), parts)
    for query in (EVERYTHING, f"{EVERYTHING}&format=csv"):
        dear = told(Client(), parts, query, [Role.AGENCY_OFFICER])
        found |= {(name, f"{role} {query}"): it for (name, role), it in dear.items()}
    most = {page.name: PUBLIC_MOST if page.is_public else MOST for page in SEEN}
    assert [] == [
        (name, role, status, len(asked), asked)
        for (name, role), (status, asked) in found.items()
        if len(asked) > most[name]
    ]
    for name in ("board", "ranking", "what_if", "panel"):
        assert 200 == found[name, "agency_officer 0"][0]


@pytest.mark.usefixtures("judged")
def test_the_whole_read_at_once_is_the_term_as_it_is_kept() -> None:
    """Also where a fact was received again: in the order of the first, with what the last says."""
    entries = "SELECT seq FROM kept WHERE kind = 'fact' ORDER BY seq"
    early, *_between, last = [seq for (seq,) in SITE.rows(entries)]
    (name,) = SITE.rows("SELECT key FROM kept WHERE kind = 'fact' AND seq = %s", [early])[0]
    SITE.insert("kept", ("kind", "key", "seq", "data"), [("fact", name, last, "")])
    with SITE.reading():
        read, term = read_whole("open", now()).term, kept_term(SITE)
    assert term is not None
    kept = [(fact, each.digest, each.data) for fact, each in term.facts.items()]
    assert kept == [(fact, each.digest, each.data) for fact, each in read.facts.items()]
    assert (term.books.balances, term.tree, term.day) == (
        read.books.balances,
        read.tree,
        read.day,
    )


@pytest.mark.parametrize("asked", ["", "?sure=1", "?after=open-0002&sort=-lead&sure=1"])
def test_a_list_is_not_made_anew_at_every_look(judged: Cast, asked: str) -> None:
    """The look after the first asks fewer queries, and shows what a list made now would be."""
    officer, address = browser(judged.officer), f"/boards/open/{asked}"
    first = counted(officer, address)
    assert counted(officer, address) < first <= 12
    made = solved()
    assert made == preview("open", now())
    assert made.digest in officer.get(address).content.decode()


def test_what_is_done_to_drafts_makes_no_list_anew(
    judged: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another call is open its drafts move all day; any other deed makes the list anew."""
    solves, solve = list[str](), board._solved

    def solved_again(*told: Any, **how: Any) -> Board:
        solves.append("again")
        return solve(*told, **how)

    monkeypatch.setattr(board, "_solved", solved_again)
    officer = browser(judged.officer)
    for action, times in (("look", 1), *((each, 1) for each in DRAFTING), ("mark", 2)):
        with doing(judged.officer, action, "another", now()):
            pass
        assert preview("open", now()).digest in officer.get("/boards/open/").content.decode()
        assert times == len(solves), action


def test_whatever_anybody_does_the_list_is_of_now(judged: Cast) -> None:
    """No page shows a list that was kept from before a deed: not one row of the desk is written
    without moving what lists are kept by, and after each deed the page has the list of now.
    """
    officer, seen = browser(judged.officer), list[str]()
    code = preview("open", now()).winners[0]
    gate = call_now("open").call.gates[0].id
    with watching() as found:
        for passed in (False, True):
            find_gate(judged.officer, code, gate, passed, "seen", ["0" * 64], now())
            if not passed:
                reply_gate(judged.applicant_of(code), code, gate, "a reply", now())
            made = solved().digest
            assert made in officer.get("/boards/open/").content.decode()
            seen.append(made)
        judged.settle("open", now())
        assert solved() == preview("open", now())
    assert 2 == len(set(seen))
    assert set() == found.unmoved | WATCHED[0].unmoved
    judged_by = {"desk_dossier", "desk_finding", "desk_review", "desk_awardlist", "desk_acceptance"}
    assert judged_by <= found.wrote | WATCHED[0].wrote


def test_a_list_solved_again_is_the_list_that_a_fresh_process_solves(
    judged: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever sequence of sheets, findings and what-ifs is looked at one after the other.

    What the policy says of each application is asked once for the policy and once for each what-if,
    however many sheets come in between.
    """
    tried = list[str]()

    def counting(policy: Policy, call_id: str, received: Iterable[Application]) -> Any:
        tried.append(call_id)
        return screening.each(policy, call_id, received)

    monkeypatch.setattr(calls, "each", counting)
    random, rules = Random(7), call_now("open")
    variants = [{}, {"t.yaml": overlay(rules, {CAP: 1})}, {"t.yaml": overlay(rules, {PASS: 70})}]
    forget()
    digests = set()
    for _ in range(12):
        with doing(judged.officer, "mark", "any", now()):
            deed(random)
        rules, other = call_now("open"), random.choice(variants)
        seen = [preview("open", now(), asked, rules) for asked in ({}, other)]
        asked_once = len(tried)
        remembered._KEPT.clear()
        assert seen == [preview("open", now(), asked, rules) for asked in ({}, other)]
        assert asked_once == len(tried)
        forget()
        assert seen == [preview("open", now(), asked, rules) for asked in ({}, other)]
        digests |= {one.digest for one in seen}
    assert 12 < len(digests)


def deed(random: Random) -> None:
    """A sheet says something else, is given anew or taken back, or a gate is found otherwise."""
    sheets = Review.objects.filter(dossier__call="open").order_by("id")
    sheet = random.choice(list(sheets))
    finding = random.choice(list(Finding.objects.filter(dossier__call="open").order_by("id")))
    match random.choice(["points", "points", "marked", "gate"]):
        case "points":
            sheet.points = {name: random.randrange(6) for name in sheet.points}
        case "marked":
            sheet.marked = None if sheet.marked else now()
        case "gate":
            finding.passed = not finding.passed
    sheet.save()
    finding.save()


def forget() -> None:
    """Keep nothing of what this process has seen, as one that was just started."""
    remembered._KEPT.clear()
    records_kept._AHEAD.clear()
    for kept in (calls._alone, world.points_of, world._evidence):
        kept.cache_clear()


@pytest.mark.usefixtures("judged")
def test_a_list_on_trial_is_signed_as_the_journal_will_have_it() -> None:
    """What is looked at is entered nowhere; its digest is that of the entry when it is."""
    with SITE.reading():
        read = read_whole("open", now())
        after = take(read.term, read.desk, decision_event(read.term, "open"))
    (entry,) = (one for one in after.entries if one.fields[:2] == ("award-list", "calls.open"))
    assert digest(encode(entry)) == preview("open", now()).digest
