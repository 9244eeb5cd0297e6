"""Notices: everybody is told once, in their language, why and until when; no letter is lost."""

import html
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.translation import override
from icalendar import Calendar

from headgate.report.reasons import told as reason_of
from headgate.report.speaker import speaker_of
from headgate.site.actions.objection import answer_objection, object_to
from headgate.site.actions.people import send_away
from headgate.site.actions.take_due import take_due
from headgate.site.desk.board import preview
from headgate.site.desk.clock import now
from headgate.site.desk.models import Acceptance, AwardList, Dossier
from headgate.site.desk.office import SITE, CallNow, call_now
from headgate.site.desk.turns import accept_by
from headgate.site.notices import post
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice, Reader
from headgate.site.notices.pages import ABOUT
from headgate.site.notices.reading import KINDS, letter
from headgate.site.notices.telling import Told
from headgate.site.notices.wishes import reader_of
from headgate.site.notices.working import work
from headgate.site.portal.lists import PAGE_ROWS
from headgate.site.portal.models import Person
from headgate.site.portal.outcomes import Applicant
from headgate.site.portal.words import day, moment, zone_name
from headgate.steps.agenda import agenda
from headgate.steps.event import What
from tests.site.desk.cast import Cast, browser, facts_of
from tests.site.portal.asking import IN_MEMORY, letters_by
from tests.whole.small import small


def scene() -> Cast:
    """The small programme's open call, taken to where two persons have signed its list."""
    cast = Cast(small().term.document, facts_of(small().term))
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    gather(now())
    cast.settle("open", now())
    return cast


@pytest.fixture
def shown(copied: Cast) -> Iterator[Cast]:
    """The same before a portal with an address and a mail server."""
    with override_settings(
        HEADGATE_ADDRESS="https://gpu.example.org",
        **IN_MEMORY,
    ):
        mail.outbox = []
        yield copied


def told(kind: str) -> list[Notice]:
    """The notices of a kind, oldest first."""
    return list(Notice.objects.filter(kind=kind).order_by("id"))


def handed_in() -> set[str | None]:
    """Every application of the open call, by its id in the journal."""
    found = Dossier.objects.filter(call="open", state="submitted")
    return set(found.values_list("code", flat=True))


def test_nobody_who_writes_waits_for_what_is_read(
    shown: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look over all awards takes a while; deeds and the meters' imports go on meanwhile."""
    Notice.objects.all().delete()

    def written(*_: object) -> Iterator[Told]:
        with closing(sqlite3.connect(SITE.where[2], timeout=0)) as other, other:
            other.execute("BEGIN IMMEDIATE")
        yield Told("one", "late", [shown.officer.pk], {})

    monkeypatch.setattr("headgate.site.notices.gather._seats", written)
    gather(now())
    assert 1 == Notice.objects.filter(key="one").count()


def addressed() -> Person:
    """Somebody who was told something and has an address; nobody else has one."""
    gather(now())
    person = Notice.objects.filter(kind="told").earliest("id").person
    Person.objects.filter(pk=person.pk).update(email="somebody@example.org")
    return person


def page_of(letter_: EmailMessage) -> str:
    """The page that a letter has beside its text."""
    assert isinstance(letter_, EmailMultiAlternatives)
    (found,) = letter_.alternatives
    return str(found[0])


@pytest.mark.usefixtures("shown")
def test_every_applicant_is_told_the_result_with_reason_score_and_days() -> None:
    """One notice for each application that came in; a winner's says until when to answer."""
    listed = AwardList.objects.get(call="open")
    made = gather(now())
    codes = set(
        Dossier.objects.filter(call="open", state="submitted").values_list("code", flat=True)
    )
    notices = told("told")
    assert made >= len(notices)
    assert codes == {one.facts["code"] for one in notices}
    assert 0 == gather(now()), "nothing is told twice"
    rules, places = call_now("open"), preview("open", now()).places
    say = speaker_of(rules.policy, "en")
    reasons = {place.application: reason_of(rules.call, place.why, say) for place in places}
    assert all(reasons.values())
    for one in notices:
        said = letter(one)
        assert one.facts["won"] == (one.facts["code"] in listed.winners)
        assert reasons[one.facts["code"]] in said.lines
        if one.facts["won"]:
            by = accept_by(rules, listed.told)
            assert any("Take the award" in line for line in said.lines) == (by is not None)
            assert any(line.startswith("Score: ") for line in said.lines)


def test_what_the_journal_decides_is_told_when_it_says_something_new(shown: Cast) -> None:
    """After the decision each application's outcome is told, and who moved up hears that; the same
    entry never again.
    """
    listed = AwardList.objects.get(call="open")
    Acceptance.objects.update_or_create(
        dossier=Dossier.objects.get(code=listed.winners[-1]),
        defaults={"accepted": False, "person": shown.officer, "at": now()},
    )
    decides = [one for one in agenda(shown.document) if one.what is What.DECIDE_CALL]
    event = next(one for one in decides if one.about == "open")
    gather(now())
    asked = {one.facts["code"] for one in told("told") if one.facts["moved_up"]}
    take_due(shown.officer, str(event), shown.morning(event))
    gather(now())
    decided = told("decided")
    assert handed_in() == {c for one in decided if (c := one.facts["code"]).startswith("open-")}
    assert all("is decided" in letter(one).subject for one in decided)
    won = {one.facts["code"] for one in decided if one.facts["won"]}
    up = {c.facts["code"] for c in decided if any("moved up" in x for x in letter(c).lines)}
    assert up == won.intersection(listed.standby)
    assert up, "somebody moved up"
    assert up == asked, "and was told before the call was decided"
    past = {c.facts["code"] for c in decided if any("list of this" in x for x in letter(c).lines)}
    waits = {*listed.standby} - up
    assert past & handed_in() == waits, "nobody waits for a place that cannot come"
    assert 0 == gather(now())


@pytest.mark.parametrize(
    ("fell", "reason"),
    [
        ({"findings": [{"refusal": "late", "rule": ""}]}, "Refused before review: "),
        ({"place": {"standing": "below_pass_mark", "milli_points_needed": 60_000}}, "is 41.5; the"),
    ],
)
def test_whoever_fell_out_before_the_list_is_told_why(
    shown: Cast, fell: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the journal decides of an application that no list has is told with its reason."""
    decides = [one for one in agenda(shown.document) if one.what is What.DECIDE_CALL]
    event = next(one for one in decides if one.about == "open")
    take_due(shown.officer, str(event), shown.morning(event))
    code = Dossier.objects.filter(call="open", state="submitted").latest("pk").code or ""
    if "place" in fell:
        fell["place"] |= {"application": code, "rank": 3, "stage": ""}
    one = Applicant(code, "open", "", score=41_500, seq=10**6, **fell)
    monkeypatch.setattr("headgate.site.notices.gather.applicants", lambda *_: {code: one})
    gather(now())
    (said,) = {letter(notice).lines[1] for notice in told("decided") if notice.key.endswith("000")}
    assert reason in said


def test_letters_are_written_in_the_language_in_which_somebody_signed_in(shown: Cast) -> None:
    """Subject and reason in Vietnamese or Korean; the link leads to the site's own address."""
    people = list(shown.persons.values())
    for person, language in zip(people, ("vi", "ko", "en"), strict=False):
        Person.objects.filter(pk=person.pk).update(email=f"{language}@example.org")
        with override(language):
            reader_of(person)
    done = work()
    assert 0 < done.sent == len(mail.outbox)
    for one in mail.outbox:
        (to,) = one.to
        language = to[:2]
        assert f'lang="{language}"' in page_of(one)
        assert "https://gpu.example.org/" in str(one.body)
        notice = Notice.objects.get(pk=int(one.extra_headers["Message-ID"].split("-")[1]))
        with override(language):
            assert letter(notice).subject == one.subject
    assert (0, 0, 0) == (again := work(), (again.made, again.sent, again.refused))[1]


class Broken(EmailBackend):
    """A mail server that takes nothing."""

    def send_messages(self, messages: Any) -> int:
        """Hang up."""
        raise ConnectionRefusedError(f"{len(messages)} letters and no mail server")


@pytest.mark.usefixtures("shown")
def test_a_letter_that_is_not_taken_is_tried_again_and_none_is_doubled() -> None:
    """The server is away, then back: every letter arrives once, with the same Message-ID."""
    waiting = Notice.objects.filter(person=addressed()).count()
    moment = datetime.now(UTC)
    with override_settings(**letters_by(f"{__name__}.Broken")):
        assert (0, waiting) == post.deliver(moment)
        assert (0, 0) == post.deliver(moment + timedelta(minutes=1)), "the claim still holds"
        assert (0, waiting) == post.deliver(moment + timedelta(minutes=11))
    assert (0, 0) == post.deliver(moment + timedelta(minutes=25)), "ever more seldom"
    assert (waiting, 0) == post.deliver(moment + timedelta(minutes=40))
    assert waiting == len({one.extra_headers["Message-ID"] for one in mail.outbox})
    assert (0, 0) == post.deliver(moment + timedelta(days=30))


@pytest.mark.usefixtures("shown")
def test_a_worker_that_dies_with_letters_in_hand_loses_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after the claim: another worker waits for the claim to run out, and sends them."""
    waiting = Notice.objects.filter(person=addressed()).count()
    moment = datetime.now(UTC)

    def dies(_notice: Notice) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(post, "send", dies)
        with pytest.raises(KeyboardInterrupt):
            post.deliver(moment)
    assert (0, 0) == post.deliver(moment + timedelta(minutes=5))
    assert (waiting, 0) == post.deliver(moment + timedelta(minutes=11))


def test_a_name_with_a_line_break_cannot_write_headers(shown: Cast) -> None:
    """What people called themselves is text in a subject, whatever it holds."""
    Person.objects.filter(pk=shown.officer.pk).update(email="officer@example.org")
    facts = {"call": "open", "lead": "A\r\nBcc: all@example.org", "title": "<b>x</b>"}
    Notice.objects.create(
        person=shown.officer, key="hostile", kind="consent", facts=facts, at=now()
    )
    post.deliver(datetime.now(UTC))
    (one,) = mail.outbox
    assert ["officer@example.org"] == one.recipients()
    assert "\n" not in one.subject
    assert "<b>x</b>" not in page_of(one)


def test_an_objection_reaches_those_who_answer_and_its_answer_who_objected(shown: Cast) -> None:
    """With the last day to answer; and back with the answer's own words."""
    listed = AwardList.objects.get(call="open")
    code, person = next(
        (code, person)
        for dossier in Dossier.objects.filter(call="open", state="submitted")
        for code, person in [(dossier.code or "", shown.persons[dossier.lead.code])]
        if code not in listed.winners
    )
    object_to(person, code, "count again", now())
    gather(now())
    assert {shown.owner.pk, shown.officer.pk} == {one.person_id for one in told("objection")}
    assert all(one.facts["by"] in str(one.facts) for one in told("objection"))
    answer_objection(shown.officer, code, False, "It was counted twice.", now())
    gather(now())
    (one,) = [one for one in told("answered") if one.person_id == person.pk]
    assert ("It is not upheld.", "It was counted twice.") == letter(one).lines


@pytest.mark.usefixtures("shown")
def test_the_page_shows_notices_until_they_are_read_and_keeps_a_language() -> None:
    """New ones are marked; a press reads them; the language of letters can be chosen."""
    person = addressed()
    client = browser(person)
    page = client.get(reverse("notices")).content.decode()
    new = Notice.objects.filter(person=person).count()
    assert "govuk-tag--blue" in page
    assert f"New notices: {new}" in client.get(reverse("home")).content.decode()
    client.post(reverse("notices"), {"deed": "read"})
    assert "govuk-tag--blue" not in client.get(reverse("notices")).content.decode()
    assert "New notices" not in client.get(reverse("home")).content.decode()
    client.post(reverse("notices"), {"deed": "language", "language": "ko"})
    assert "ko" == Reader.objects.get(person=person).language
    client.post(reverse("notices"), {"deed": "language", "language": "xx"})
    assert "ko" == Reader.objects.get(person=person).language


@pytest.mark.usefixtures("shown")
def test_every_notice_can_be_found() -> None:
    """However many there are: what is new first, by pages, by what it is about and by its words."""
    person = addressed()
    client, old = browser(person), Notice.objects.filter(person=person).count()
    Notice.objects.filter(person=person).update(read=now())
    for number in range(PAGE_ROWS + 5):
        facts = {"code": f"open-{number:04}", "call": "open", "dossier": 1, "by": "2026-01-20"}
        told_of = {"key": f"objection/{number}", "kind": "objection", "facts": facts, "at": now()}
        Notice.objects.create(person=person, **told_of)
    every = client.get(reverse("notices"), {"format": "json"}).json()["rows"]
    assert PAGE_ROWS + 5 + old == len(every)
    assert ["new"] * (PAGE_ROWS + 5) + ["read"] * old == [row["state"] for row in every]
    first = client.get(reverse("notices")).content.decode()
    (further,) = re.findall(r'href="([^"]+)" rel="next"', first)
    later = client.get(reverse("notices") + html.unescape(further)).content.decode()
    assert "result of open-0004<" in later
    assert "result of open-0004<" not in first
    assert (
        "result of open-0004<"
        in client.get(reverse("notices"), {"q": "objection/4"}).content.decode()
    )
    about = client.get(reverse("notices"), {"about": "objection", "format": "json"}).json()["rows"]
    assert PAGE_ROWS + 5 == len(about)
    assert set(KINDS) == {kind for _word, kinds in ABOUT.values() for kind in kinds}


def test_a_calendar_is_read_by_its_secret_address_until_another_is_made(shown: Cast) -> None:
    """RFC 5545 as another parser reads it; a new address, or leaving, ends the old one."""
    client, program = browser(shown.officer), Client()
    client.post(reverse("notices"), {"deed": "calendar"})
    first = reverse("person_calendar", args=(Reader.objects.get(person=shown.officer).calendar,))
    answer = program.get(first)
    assert "text/calendar; charset=utf-8" == answer["Content-Type"]
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    names = [str(one["SUMMARY"]) for one in events]
    assert any("closes" in name for name in names)
    assert len(names) == len({str(one["UID"]) for one in events})
    client.post(reverse("notices"), {"deed": "calendar"})
    assert 404 == program.get(first).status_code
    second = reverse("person_calendar", args=(Reader.objects.get(person=shown.officer).calendar,))
    assert 200 == program.get(second).status_code
    send_away(shown.owner, shown.officer, now())
    assert 404 == program.get(second).status_code


@pytest.mark.usefixtures("shown")
def test_moments_are_told_where_the_programme_is() -> None:
    """A call that closes with its last day in Seoul has not closed at three in the afternoon.

    UTC would have an applicant believe so; and a moment is told with the zone it is told in.
    """
    rules = call_now("open")
    with override("en"):
        closing = letter(Notice(kind="closing", facts=_closing_of(rules)))
        noon = moment(datetime(2026, 3, 9, 15, 30, tzinfo=UTC))
    assert f"when {day(rules.call.closes)} ends (KST)" in closing.lines[0]
    assert "10\u00a0March\u00a02026, 00:30:00 KST" == noon
    away = datetime(2026, 3, 9, 15, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    assert "UTC+07" == zone_name(away)


def _closing_of(rules: CallNow) -> dict[str, Any]:
    return {"call": rules.id, "dossier": 1, "closes": rules.instants[1]}
