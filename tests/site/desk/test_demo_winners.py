"""In the demo, winners whom nobody plays answer; the office signs their agreements in one go."""

import re
import subprocess
import sys

import pytest
from django.db.models import QuerySet
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import reverse
from django.utils.translation import override

from headgate.core.calls.screening import Finding, Refusal
from headgate.site.actions.objection import answer_objection
from headgate.site.actions.sign import sign
from headgate.site.actions.take_due import take_due
from headgate.site.desk import demo_winners
from headgate.site.desk.agreement import unsigned
from headgate.site.desk.board import preview
from headgate.site.desk.models import Acceptance, AgreementSignature, AwardList, Dossier
from headgate.site.desk.office import call_now
from headgate.site.desk.pages.telling import told_finding
from headgate.site.notices.models import Notice
from headgate.site.notices.working import told_at_once
from headgate.site.portal.models import Person
from headgate.steps.event import What
from tests.commands import environment
from tests.site.desk.cast import Cast, browser, facts_of
from tests.site.desk.test_agreement import agreed, moment
from tests.whole.small import small

BOARD, ANSWERS = "/boards/open/", "/boards/open/answers/"


def scene() -> Cast:
    """The open call's list was signed by one; all who act for its applicants are invented."""
    cast = Cast(agreed(), facts_of(small().term))
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    for code, person in cast.persons.items():
        Person.objects.filter(pk=person.pk).update(username=demo_winners.username_of(code))
    sign(cast.owner, "open", preview("open", moment()).digest, moment())
    return cast


@pytest.fixture
def signed(copied: Cast) -> Cast:
    """The same, for one test."""
    return copied


def second(cast: Cast) -> str:
    """The second person signs at the board: what the page then says."""
    office, where = browser(cast.officer), BOARD
    given = {"deed": "sign", "digest": preview("open", moment()).digest}
    return office.post(where, given, follow=True).content.decode()


def winners() -> list[str]:
    """Who is awarded by the list that was told."""
    return list(AwardList.objects.get(call="open").winners)


def here() -> "QuerySet[Acceptance]":
    """The answers to the open call's awards."""
    return Acceptance.objects.filter(dossier__call="open")


def took() -> str:
    """An award of the open call that was taken."""
    return here().filter(accepted=True).values_list("dossier__code", flat=True)[0] or ""


def played(cast: Cast) -> str:
    """A winner-to-be whose lead the person at the screen acts for: its award."""
    code = str(AwardList.objects.get(call="open").winners[0])
    person = cast.applicant_of(code)
    Person.objects.filter(pk=person.pk).update(last_login=moment())
    return code


def test_winners_whom_nobody_plays_answer_when_they_are_told(
    signed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is drawn by its award; whoever somebody was let in as answers for themselves."""
    mine = played(signed)
    gone = next(code for code in winners() if code != mine)
    monkeypatch.setattr(demo_winners, "_takes", lambda code: code != gone)
    page = second(signed)
    answers = dict(here().values_list("dossier__code", "accepted"))
    assert {code: code != gone for code in winners() if code != mine} == answers
    labels = re.findall('role="region" aria-label="(Message[^"]*)"', page)
    assert ["Message", "Message 2"] == labels, "whoever hears the page can tell them apart"
    many = len(winners()) - 2
    assert f"answered: {many} took it, 1 gave it up." in page
    page = browser(signed.officer).get(ANSWERS).content.decode()
    assert f"Awarded: {many + 2}. Taken: {many}. Given up: 1. Not answered yet: 1." in page
    assert {code for code in answers if code != gone} == set(
        AgreementSignature.objects.filter(side="holder").values_list("dossier__code", flat=True)
    )


def test_whoever_gave_an_award_up_reads_that(signed: Cast) -> None:
    """And nowhere that they were awarded; nobody waits for their signature."""
    second(signed)
    code = took()
    client, dossier = browser(signed.applicant_of(code)), Dossier.objects.get(code=code)
    where = reverse("application", args=(dossier.pk,))
    assert "You were awarded" in client.get(where).content.decode()
    Acceptance.objects.filter(dossier=dossier).update(accepted=False)
    page = client.get(where).content.decode()
    assert "You have given the award up." in page
    assert "You were awarded" not in page
    assert "Given up" in page
    assert "last day to sign" not in client.get(reverse("home")).content.decode()


def test_a_second_objection_is_told_that_the_first_waits(signed: Cast) -> None:
    """It is not told as answered: nobody has answered it."""
    second(signed)
    code = winners()[0]
    client, dossier = browser(signed.applicant_of(code)), Dossier.objects.get(code=code)
    where = reverse("application", args=(dossier.pk,))
    client.post(where, {"deed": "object", "text": "We asked for more."})
    page = client.post(where, {"deed": "object", "text": "And for more than that."}, follow=True)
    assert "The objection is there already" in page.content.decode()
    answer_objection(signed.owner, code, False, "There is no more.", moment())
    page = client.post(where, {"deed": "object", "text": "And yet."}, follow=True)
    assert "It was answered already" in page.content.decode()


def test_who_signed_is_told_by_name_and_by_the_readers_clock(signed: Cast) -> None:
    """On the board and on an agreement, which then says whose signature it waits for."""
    Person.objects.filter(pk=signed.owner.pk).update(first_name="Han", last_name="Ji-won")
    assert "Signed by Han Ji-won on " in second(signed)
    code = took()
    where = reverse("agreement", args=(code,))
    page = browser(signed.applicant_of(code)).get(where).content.decode()
    assert "It waits for the office’s signature." in page
    assert ", 12:00:00 KST" in page


def test_notices_of_a_demo_need_no_worker(signed: Cast) -> None:
    """Each deed is followed by what it leads to; whoever only looks makes no notice."""
    second(signed)
    served, asked = told_at_once(lambda _request: HttpResponse()), RequestFactory()
    served(asked.get(BOARD))
    assert 0 == Notice.objects.count()
    served(asked.post(BOARD))
    person = signed.applicant_of(winners()[0])
    assert Notice.objects.filter(person=person, key__contains="open").exists()
    served(asked.post(BOARD))
    told = Notice.objects.values_list("key", "person")
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("demo", [True, False])
def test_only_a_demo_tells_after_each_deed(demo: bool) -> None:
    """A real site has its worker, and its pages wait for no letter."""
    asked = "from headgate.site import settings; print(*settings.MIDDLEWARE)"
    told = environment(HEADGATE_DEMO=str(demo).lower(), HEADGATE_SECRET_KEY="x" * 50)
    words = [sys.executable, "-c", asked]
    found = subprocess.run(words, env=told, check=True, capture_output=True, text=True).stdout
    assert demo == ("told_at_once" in found)


def test_an_award_to_take_comes_before_the_right_to_object(signed: Cast) -> None:
    """Whoever does nothing loses the award; whoever does not object loses nothing."""
    code = played(signed)
    second(signed)
    page = browser(signed.applicant_of(code)).get(reverse("home")).content.decode()
    (first,) = re.findall('class="hg-next__what"><a [^>]*>([^<]+)<', page)
    assert f"{code}: last day to take the award" == first
    assert f"{code}: last day to object" in page


@pytest.mark.usefixtures("signed")
def test_what_depends_on_an_answer_names_the_question() -> None:
    """In the reader's language, and not by the name that the policy's file has for it."""
    asked = Finding(Refusal.RULE, "youth? missing_fact: youth_led")
    rules = call_now("open")
    told = "It depends on the answer to: Is it led by young founders?"
    assert told == told_finding(rules, asked)
    with override("vi"):
        assert told_finding(rules, asked).startswith("Tuỳ vào câu trả lời cho: ")


def test_the_draw_is_the_awards_own() -> None:
    """Some give up and most do not, whoever else is on the list."""
    codes = [f"open-{number:04d}" for number in range(1, 601)]
    left = [code for code in codes if not demo_winners._takes(code)]
    assert 60 < len(left) < 140
    assert left[:2] == [code for code in reversed(codes) if not demo_winners._takes(code)][:-3:-1]


def test_the_office_signs_what_its_holders_have_signed_in_one_go(signed: Cast) -> None:
    """The board lists it, the officer picks; then more than one award begins."""
    second(signed)
    office, where = browser(signed.officer), ANSWERS
    assert unsigned(call_now("open"), AwardList.objects.get(call="open"))
    picked = re.findall(
        'name="agreement" value="([^"]+)" checked', office.get(where).content.decode()
    )
    assert here().filter(accepted=True).count() == len(picked) > 1
    home = reverse("home")
    waits = f"The open call: {len(picked)} agreements wait for the office’s signature"
    assert waits in office.get(home).content.decode()
    page = office.post(where, {"deed": "agree", "agreement": picked}, follow=True)
    assert f"{len(picked)} agreements are signed for the office." in page.content.decode()
    assert "can be decided at the" in page.content.decode()
    assert "wait for the office’s signature" not in office.get(home).content.decode()
    term = take_due(signed.officer, "decide call open", moment())
    kept = here().filter(accepted=True).values_list("dossier__code", flat=True)
    assert set(kept) <= {holding.award for holding in term.holdings.values()}


def test_the_office_is_asked_for_what_its_holder_has_signed_alone(signed: Cast) -> None:
    """What lacks the holder's side is counted, and waits for them."""
    second(signed)
    code = took()
    AgreementSignature.objects.filter(dossier__code=code).delete()
    page = browser(signed.officer).get(ANSWERS).content.decode()
    assert "1 agreement waits for its holder’s signature." in page
    assert f'value="{code} ' not in page
    assert 'name="agreement" value="' in page


def test_a_text_that_changed_is_not_signed_with_the_others(signed: Cast) -> None:
    """What was on the page is what is signed, or nothing."""
    second(signed)
    office, where = browser(signed.officer), ANSWERS
    code = took()
    given = {"deed": "agree", "agreement": [f"{code} {'ab' * 32}"]}
    assert "The text changed since" in office.post(where, given, follow=True).content.decode()
    assert not AgreementSignature.objects.filter(side="office").exists()


def test_a_list_that_two_have_signed_is_not_offered_for_signature(signed: Cast) -> None:
    """Until it changes: then it is another list."""
    office, where = browser(signed.officer), BOARD
    assert "Sign this list" in office.get(where).content.decode()
    assert "Sign this list" not in second(signed)


def test_outside_the_demo_nobody_answers_for_anybody(signed: Cast) -> None:
    """A real programme's winners answer themselves, whatever their accounts are called."""
    with override_settings(HEADGATE_DEMO=False):
        second(signed)
    assert AwardList.objects.filter(call="open", told__isnull=False).exists()
    assert 0 == here().count()
