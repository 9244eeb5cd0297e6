"""What somebody may try at the desk's pages: guessing, scripts, formulas, forged forms, floods."""

import asyncio
import csv
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from headgate.core.ledger.refused import Refused
from headgate.site.actions.alliance import enter_alliance, form_alliance
from headgate.site.actions.assign_reviewers import seat
from headgate.site.actions.consent import consent
from headgate.site.actions.find_gate import find_gate
from headgate.site.actions.people import (
    Registered,
    act_for,
    appoint,
    declare_tie,
    make_account,
    register,
)
from headgate.site.actions.save_draft import save_draft
from headgate.site.actions.sign import sign
from headgate.site.actions.submit import submit
from headgate.site.desk.board import preview
from headgate.site.desk.clock import now
from headgate.site.desk.models import AwardList, Deed, Dossier, Organisation, Review
from headgate.site.desk.pages.telling import number
from headgate.site.portal.asgi import application
from headgate.site.portal.models import Person
from headgate.site.portal.pages import PAGES
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role
from headgate.steps.event import What
from tests.site.desk.cast import Cast, at, browser, facts_of, somebody
from tests.site.desk.test_at_once import at_once
from tests.site.portal.asking import LANGUAGES
from tests.whole.small import small

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil.example","x")'
TAKES = [page for page in PAGES if "POST" in page.methods and not page.is_public]


def test_a_reviewer_who_guesses_addresses_finds_nothing(shown: Cast) -> None:
    """Only the sheets of one's own seats are there, and only through their own page."""
    shown.until(What.DECIDE_CALL, "alliance")
    for place, name in enumerate(("one", "two")):
        appoint(shown.officer, somebody(name), f"REV-{place}", "", {}, now())
    seat(shown.officer, "open-0001", "REV-0", now())
    one = browser(Person.objects.get(username="one"))
    two = browser(Person.objects.get(username="two"))
    own = reverse("review", args=("open-0001",))
    assert (200, 404) == (one.get(own).status_code, two.get(own).status_code)
    two.post(own, {"deed": "clear"})
    two.post(own, {"points-effect": "1", "points-means": "1", "version": "0"})
    review = Review.objects.get()
    assert (None, None) == (review.cleared, review.marked)
    dossier = Dossier.objects.get(code="open-0001")
    for page in PAGES:
        if Role.REVIEWER not in page.roles and not page.is_public:
            samples = {"call": "open", "code": "open-0001", "dossier": dossier.pk}
            parts = {name: samples.get(name, value) for name, value in page.sample}
            where = reverse(page.name, kwargs=parts)
            for answer in (one.get(where), one.post(where)):
                assert answer.status_code in (403, 405), page.name


def test_a_script_in_any_field_of_the_desk_is_text(shown: Cast) -> None:
    """Whatever people type at the desk comes back as text, on every page and for every role."""
    shown.until(What.DECIDE_CALL, "alliance")
    given = Registered("ORG-7", SCRIPT, "firm", "small", SCRIPT, None, {"youth_led": True})
    register(shown.officer, given, now())
    person = make_account(shown.owner, "minh", SCRIPT, "", [Role.APPLICANT], now())
    act_for(shown.officer, person, "ORG-7", now())
    alliance = form_alliance(person, "ORG-7", SCRIPT, now())
    member = Dossier.objects.filter(call="open").first()
    assert member is not None
    enter_alliance(person, alliance.pk, member.lead.code, SCRIPT, 1, now())
    Dossier.objects.filter(call="open").update(title=SCRIPT, summary=SCRIPT, answers={"x": SCRIPT})
    expert = somebody("expert", Role.REVIEWER)
    appoint(shown.officer, expert, "REV-X", SCRIPT, {}, now())
    declare_tie(expert, "ORG-7", SCRIPT, now())
    seat(shown.officer, "open-0001", "REV-X", now())
    Review.objects.update(cleared=now(), marked=now(), points={"effect": 1, "means": 1})
    Review.objects.update(comments={"effect": SCRIPT, "means": SCRIPT})
    find_gate(shown.officer, "open-0001", "audit", False, SCRIPT, ["0" * 64], now())
    deciders = (shown.owner, shown.officer, somebody("auditor", Role.AUDITOR))
    clients = [browser(one) for one in (*deciders, person, expert, shown.applicant_of("open-0001"))]
    organisation = Organisation.objects.get(code="ORG-7")
    samples = {"call": "open", "code": "open-0001", "dossier": member.pk, "person": person.pk}
    samples |= {"organisation": organisation.pk}
    looked = set()
    for page in PAGES:
        parts = {name: samples.get(name, value) for name, value in page.sample}
        for client in clients if "GET" in page.methods else ():
            answer = client.get(reverse(page.name, kwargs=parts), {"q": SCRIPT})
            shown_text = answer.content.decode()
            assert "<script>alert" not in shown_text, page.name
            assert "<img src=x" not in shown_text, page.name
            looked |= {page.name} if "&lt;script&gt;" in shown_text else set()
    assert {"organisation", "person", "panel", "review", "application", "ties"} <= looked


def test_a_name_that_is_a_formula_is_computed_by_no_spreadsheet(shown: Cast) -> None:
    """In the lists of organisations and people no cell begins what a spreadsheet computes."""
    given = Registered("ORG-7", FORMULA, "firm", "small", "@SUM(1)", None, {"youth_led": True})
    register(shown.officer, given, now())
    make_account(shown.owner, "minh", "+1+1", "", [], now())
    officer = browser(shown.officer)
    for name in ("organisations", "people"):
        text = officer.get(reverse(name), {"format": "csv"}).content.decode("utf-8-sig")
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r")]
        assert [cell for cell in cells if "HYPERLINK" in cell or "+1+1" in cell]
        book = officer.get(reverse(name), {"format": "xlsx"}).content
        with zipfile.ZipFile(io.BytesIO(book)) as parts:
            sheets = [n for n in parts.namelist() if n.startswith("xl/worksheets/")]
            assert not any(b"<f>" in parts.read(sheet) for sheet in sheets)


@pytest.mark.parametrize("page", TAKES, ids=lambda page: page.name)
@pytest.mark.usefixtures("shown")
def test_a_form_of_another_site_changes_nothing(page: Page) -> None:
    """Every form of the desk carries a token; without it nothing is done, and a page says so."""
    role = next(iter(sorted(page.roles)))
    strict = browser(somebody("anybody", role), strict=True)
    deeds = Deed.objects.count()
    answer = strict.post(reverse(page.name, kwargs=dict(page.sample)), {"deed": "away"})
    assert 403 == answer.status_code
    assert "can no longer be sent" in answer.content.decode()
    assert deeds == Deed.objects.count()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_flood_is_refused_in_the_readers_language(shown: Cast, language: str) -> None:
    """A form of 100 MB at the desk is refused with a page, and nothing is kept of it."""
    officer = browser(shown.officer)
    officer.cookies["django_language"] = language
    answer = officer.post(reverse("new_organisation"), {"name": "x" * (100 * 1024**2)})
    assert 400 == answer.status_code
    assert f'lang="{language}"' in answer.content.decode()
    assert not Organisation.objects.filter(name__startswith="xxx").exists()


@pytest.mark.usefixtures("shown")
@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
def test_a_flood_is_not_even_read(told: bool) -> None:
    """A body that says that it has 100 MB is never asked for, one that does not say is cut off, and
    either sender is told so in their language.
    """
    asked, sent = 0, list[Mapping[str, Any]]()

    async def receive() -> Mapping[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 1024**2, "more_body": True}

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"cookie", b"django_language=ko")]
    headers += [(b"content-length", str(100 * 1024**2).encode())] if told else []
    scope: dict[str, Any] = {"type": "http"}
    scope |= {"method": "POST", "path": "/account/login/", "headers": headers}
    scope |= {"query_string": b"", "http_version": "1.1", "asgi": {"version": "3.0"}}
    asyncio.run(application(scope, receive, send))
    assert (0 if told else 33, 413) == (asked, sent[0]["status"])
    assert "읽을 수 없" in b"".join(part.get("body", b"") for part in sent).decode()


def test_a_long_text_is_refused_without_being_lost_to_others(shown: Cast) -> None:
    """What no form of ours is long enough for is refused by name; the draft stays as it was."""
    shown.until(What.CLOSE_CALL, "alliance")
    application = shown.facts["applications/open"][0]
    person = shown.register(application.applicant)
    dossier = save_draft(person, shown.draft(application), at(application.at))
    own = reverse("application", args=(dossier.pk,))
    text = {"title": "x" * 400, "summary": "y" * 30_000, "version": "1", "deed": "save"}
    page = browser(person).post(own, text).content.decode()
    assert 2 <= page.count("govuk-error-message")
    assert "y" * 30_000 in page
    dossier.refresh_from_db()
    assert (1, "") == (dossier.version, dossier.summary)


def test_two_persons_sign_at_one_moment(site: str) -> None:
    """Both signatures count, the list is told once, and nobody's is lost; on either database."""
    del site
    players = Cast(small().term.document, facts_of(small().term))
    players.until(What.DECIDE_CALL, "alliance")
    players.judge("alliance")
    when = players.closing("alliance")
    digest = preview("alliance", when).digest
    told = at_once(
        [
            lambda: sign(players.owner, "alliance", digest, when),
            lambda: sign(players.officer, "alliance", digest, when),
        ]
    )
    assert all(isinstance(one, AwardList) for one in told)
    listed = AwardList.objects.get()
    assert (2, True) == (listed.signatures.count(), listed.told is not None)
    with pytest.raises(Refused):
        sign(players.owner, "alliance", digest, when)


def test_no_page_shows_an_address_that_leads_elsewhere(shown: Cast) -> None:
    """A `next` to another site is not followed, and is not written into the page as a link."""
    client = Client()
    for target in ("https://evil.example/", "//evil.example/", "\\\\evil.example", "javascript:x"):
        page = client.get("/account/login/", {"next": target}).content.decode()
        assert not re.search(r'(?:href|action)="[^"]*evil', page)
        person = shown.officer
        person.set_password("a long phrase of words")
        person.save()
        login = {"login": person.username, "password": "a long phrase of words", "next": target}
        where = Client().post("/account/login/", login).headers.get("Location", "")
        assert where in ("/home/", "")
    page = client.get("/account/login/", {"next": "/running/"}).content.decode()
    assert 'href="/account/oidc/oidc/login/?process=login&amp;next=%2Frunning%2F"' in page


@pytest.mark.parametrize(("typed", "kept"), [("1.000", None), ("1,000", None), ("１２", 12)])
def test_a_number_that_reads_otherwise_elsewhere_is_not_guessed(
    shown: Cast, typed: str, kept: int | None
) -> None:
    """`1.000` blocks are a thousand to some and one to others: it is asked again, not taken."""
    shown.until(What.CLOSE_CALL, "alliance")
    application = shown.facts["applications/open"][0]
    person = shown.register(application.applicant)
    dossier = save_draft(person, shown.draft(application), at(application.at))
    own = reverse("application", args=(dossier.pk,))
    sent = {"version": "1", "months": typed, "deed": "save"}
    page = browser(person).post(own, sent, follow=True).content.decode()
    dossier.refresh_from_db()
    assert (kept or application.months) == dossier.months
    assert (kept is None) == ("govuk-error-message" in page)
    assert kept or f'value="{typed}"' in page


def test_digits_of_any_script_are_a_number() -> None:
    """A keyboard for Korean or Arabic writes other digits; what is none is nobody's number."""
    assert [12, 34, -1, -1, -1] == [number(text) for text in ("１２", "٣٤", "-5", "1.0", "²")]


def test_no_text_turns_the_direction_of_what_follows(shown: Cast) -> None:
    """A name or a reason cannot make the words after it read backwards: such marks are left out,
    while what is written from right to left stays as it is.
    """
    name = "\u202eعلوم\u2066 الحوسبة\u200f"
    sent = {"code": "ORG-8", "name": name, "kind": "firm", "size": "small", "fact-youth_led": "no"}
    browser(shown.officer).post(reverse("new_organisation"), sent)
    assert "علوم الحوسبة\u200f" == Organisation.objects.get(code="ORG-8").name


def test_a_second_click_of_saving_costs_no_consent(site: str) -> None:
    """What stands there already is no new version, so that an alliance can hand in what its members
    agreed to; on either database.
    """
    del site
    players = Cast(small().term.document, facts_of(small().term))
    players.until(What.CLOSE_CALL, "open")
    first, second = players.facts["applications/open"][:2]
    person, other = players.register(first.applicant), players.register(second.applicant)
    now = at(first.at)
    alliance = players.ally(replace(first, members=(second.applicant,)), person, now)
    draft = players.draft(first, alliance)
    dossier = save_draft(person, draft, now)
    consent(other, dossier.pk, second.applicant.id, dossier.version, now)
    again = save_draft(person, draft, now, dossier.pk, dossier.version)
    assert 1 == again.version
    assert submit(person, dossier.pk, again.version, now, despite=True).digest
