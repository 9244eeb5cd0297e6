"""A call played through the pages, by persons who have nothing but their browser."""

import re

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from headgate.core.calls.screening import Finding as Found
from headgate.core.calls.screening import Refusal
from headgate.site.actions.assign_reviewers import assign_reviewers
from headgate.site.actions.people import act_for, appoint
from headgate.site.actions.sign import sign
from headgate.site.desk.board import preview
from headgate.site.desk.clock import now
from headgate.site.desk.models import (
    Acceptance,
    AwardList,
    Dossier,
    Finding,
    Objection,
    Organisation,
    Receipt,
    Review,
    State,
)
from headgate.site.desk.office import call_now
from headgate.site.desk.pages.telling import told_finding
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.portal.roles import Role
from headgate.steps.agenda import agenda
from headgate.steps.event import What
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.whole.small import small


def text(client: Client, name: str, *args: object) -> str:
    """A page as it is read."""
    answer = client.get(reverse(name, args=args))
    assert 200 == answer.status_code
    return answer.content.decode()


def typed(version: int, deed: str) -> dict[str, str]:
    """What an applicant types into the open call's form."""
    return {
        "version": str(version),
        "title": "Mô hình tiếng Việt",
        "summary": "<script>alert(1)</script>",
        "months": "6",
        "class-h200-least": "1",
        "class-h200-most": "2",
        "deed": deed,
    }


def test_an_applicant_goes_from_invitation_to_receipt(shown: Cast) -> None:
    """Begin, save, lose nothing to a bad number, hand in, withdraw, hand in again."""
    shown.until(What.CLOSE_CALL, "alliance")
    shown.register(shown.facts["applications/open"][1].applicant)
    code, person = next(iter(shown.persons.items()))
    client = browser(person)
    page = text(client, "applications")
    assert "The open call" in page
    client.post(reverse("begin_application", args=("open", code)))
    dossier = Dossier.objects.get()
    own = reverse("application", args=(dossier.pk,))
    assert "NVIDIA H200 (h200): blocks at least" in text(client, "application", dossier.pk)
    bad = client.post(own, {**typed(1, "save"), "months": "many"}).content.decode()
    assert "Mô hình tiếng Việt" in bad
    client.post(own, typed(1, "save"))
    page = text(client, "application", dossier.pk)
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    stale = client.post(own, {**typed(1, "save"), "title": "Another tab"}).content.decode()
    assert "Somebody saved in the meantime" in stale
    assert "Another tab" in stale
    many = client.post(own, {**typed(2, "submit"), "months": "99"}, follow=True).content.decode()
    assert "Mend what the rules name" in many
    assert "More months are asked for than the call gives." in many
    assert "term_too_long" not in many, "a code of the journal is no word for an applicant"
    dossier.refresh_from_db()
    client.post(own, typed(dossier.version, "submit"))
    handed = text(client, "application", dossier.pk)
    assert "open-0001" in handed
    assert "&lt;script&gt;" in handed, "who has handed in reads what was handed in"
    assert Receipt.objects.get().digest in text(client, "application", dossier.pk)
    client.post(own, {"deed": "withdraw"})
    dossier.refresh_from_db()
    client.post(own, typed(dossier.version, "submit"))
    assert [("open-0001", State.SUBMITTED)] == list(Dossier.objects.values_list("code", "state"))


def test_a_guessed_address_shows_nothing(shown: Cast) -> None:
    """Another's application, and another reviewer's sheet, are not there."""
    shown.until(What.CLOSE_CALL, "alliance")
    shown.hand_in(shown.facts["applications/open"][0])
    stranger = browser(somebody("stranger", Role.APPLICANT, Role.REVIEWER))
    own = reverse("application", args=(Dossier.objects.get().pk,))
    assert 404 == stranger.get(own).status_code
    assert 404 == stranger.get(reverse("review", args=("open-0001",))).status_code
    stranger.post(own, {"deed": "withdraw"})
    assert State.SUBMITTED == Dossier.objects.get().state


def test_a_call_is_reviewed_signed_and_decided_at_its_board(shown: Cast) -> None:
    """Gate, seats, sheets, two signatures, acceptance and objection, decision: all by pages."""
    shown.until(What.DECIDE_CALL, "open")
    for finding in shown.facts["gates/open"][1:]:
        shown.find(finding, now())
    officer, owner = browser(shown.officer), browser(shown.owner)
    board = reverse("board", args=("open",))
    first = shown.facts["gates/open"][0]
    gate = {"deed": "gate", "code": first.subject, "gate": "audit", "passed": "yes"}
    officer.post(board, {**gate, "remark": "", "evidence": "0" * 64})
    assert Finding.objects.get(dossier__code=first.subject).passed
    for number in range(3):
        appoint(shown.officer, somebody(f"r{number}"), f"REV-{number}", "", {}, now())
    officer.post(board, {"deed": "assign"})
    seats = Review.objects.filter(dossier__call="open")
    for review in seats.select_related("dossier", "reviewer__person"):
        marked(browser(review.reviewer.person), review.dossier.code or "")
    page = text(officer, "board", "open")
    (digest,) = re.findall('name="digest" value="([0-9a-f]{64})"', page)
    for client in (officer, owner):
        client.post(board, {"deed": "sign", "digest": digest})
    listed = AwardList.objects.get(call="open")
    assert listed.told is not None
    winner = listed.winners[0]
    answered(shown, winner, officer, board)
    assert "decide call open" in text(officer, "calendar")
    officer.post(reverse("calendar"), {"event": "decide call open"})
    assert call_now("open").decided
    assert "This call is decided" in text(officer, "board", "open")


def marked(client: Client, code: str) -> None:
    """A reviewer declares, then marks; the text is not shown before."""
    own = reverse("review", args=(code,))
    assert "Work of" not in text(client, "review", code)
    client.post(own, {"deed": "clear"})
    assert "Work of" in text(client, "review", code)
    sheet = {"points-effect": "8", "points-means": "7", "comment-effect": "a", "version": "0"}
    refused = client.post(own, sheet).content.decode()
    assert "govuk-error" in refused
    client.post(own, {**sheet, "comment-means": "b"})
    assert code in text(client, "reviews")


def answered(shown: Cast, winner: str, officer: Client, board: str) -> None:
    """A winner takes the award and objects to its size; the officer answers."""
    listed = AwardList.objects.get(call="open")
    told = dict.fromkeys(listed.standby, "On standby") | dict.fromkeys(listed.winners, "Awarded")
    for dossier in Dossier.objects.filter(call="open", code__isnull=False):
        code = dossier.code or ""
        where = reverse("application", args=(dossier.pk,))
        page = browser(shown.applicant_of(code)).get(where).content.decode()
        assert f">{told.get(code, 'No award')}</strong>" in page
    client = browser(shown.applicant_of(winner))
    own = reverse("application", args=(Dossier.objects.get(code=winner).pk,))
    client.post(own, {"deed": "accept"})
    assert Acceptance.objects.get(dossier__code=winner).accepted
    assert "says nothing keeps the award" in text(officer, "answers", "open")
    client.post(own, {"deed": "object", "text": "We asked for more."})
    officer.post(board, {"deed": "answer", "code": winner, "upheld": "no", "text": "Spent."})
    assert "Spent." == Objection.objects.get().answer
    assert "Spent." in client.get(own).content.decode()


def test_the_boards_say_how_far_each_call_has_come(shown: Cast) -> None:
    """Every call with its days, those that are over marked, and its stage in a word."""
    shown.until(What.DECIDE_CALL, "alliance")
    auditor = browser(somebody("auditor", Role.AUDITOR))
    listed = auditor.get(reverse("boards")).content.decode()
    first, *others = listed.split('<li class="hg-card">')[1:]
    assert "Under review" in first
    assert ["Opens", "Closes"] == re.findall("__passed.><span>(.*?)</span>", first)
    assert all("<span>Awards begin</span>" in one for one in others)


def test_an_auditor_reads_the_board_and_changes_nothing(shown: Cast) -> None:
    """Every button asks for its role, whoever may see it."""
    shown.until(What.DECIDE_CALL, "alliance")
    auditor = browser(somebody("auditor", Role.AUDITOR))
    assert "alliance-0001" in text(auditor, "board", "alliance")
    auditor.post(reverse("board", args=("alliance",)), {"deed": "assign"})
    assert not Review.objects.exists()


def test_members_agree_at_the_page(shown: Cast) -> None:
    """An alliance is formed, a member let in, and the member finds what waits for its yes."""
    shown.until(What.CLOSE_CALL, "alliance")
    one, two = shown.facts["applications/open"][:2]
    lead, member = shown.register(one.applicant), shown.register(two.applicant)
    first, second = browser(lead), browser(member)
    page = reverse("applications")
    first.post(page, {"deed": "form", "lead": one.applicant.id, "name": "Together"})
    first.post(page, {"deed": "enter", "alliance": "1", "member": two.applicant.id, "parts": "2"})
    begin = reverse("begin_application", args=("open", one.applicant.id))
    first.post(begin, {"alliance": "1"})
    dossier = Dossier.objects.get()
    assert 1 == dossier.alliance_id, "it was begun for the alliance"
    own = reverse("application", args=(dossier.pk,))
    first.post(own, {**typed(1, "save"), "alliance": "1"})
    joins = Organisation.objects.get(code=two.applicant.id)
    assert f"{joins} has not agreed to this version." in first.get(own).content.decode()
    assert "One application may have 4 nodes of 8 GPUs at most." in first.get(own).content.decode()
    gather(now())
    (called,) = Notice.objects.filter(kind="consent")
    assert f"It is asked of {joins}." in letter(called).lines
    asked = text(second, "applications")
    for said in ("Together", f"{dossier.lead}: 1, {joins}: 2", "1 node of 8 GPUs"):
        assert said in asked, "a member reads what it agrees to"
    yes = {"deed": "consent", "dossier": str(dossier.pk), "version": "2"}
    second.post(page, {**yes, "organisation": two.applicant.id})
    assert 1 == dossier.consents.count()
    act_for(shown.officer, lead, two.applicant.id, now())
    first.post(page, {"deed": "leave", "alliance": "1", "member": two.applicant.id})
    dossier.refresh_from_db()
    assert 3 == dossier.version


def test_seats_are_kept_when_asked_twice(shown: Cast) -> None:
    """Assigning again changes nothing that stands."""
    shown.until(What.DECIDE_CALL, "alliance")
    for number in range(4):
        appoint(shown.officer, somebody(f"r{number}"), f"REV-{number}", "", {}, now())
    once = assign_reviewers(shown.officer, "alliance", now())
    assert once == assign_reviewers(shown.officer, "alliance", now())


def test_who_assigns_before_the_gates_are_open_is_told_why_nobody_has_a_seat(shown: Cast) -> None:
    """No application passed its gate yet, so that there is nothing to review."""
    shown.until(What.DECIDE_CALL, "open")
    board = reverse("board", args=("open",))
    page = browser(shown.officer).post(board, {"deed": "assign"}, follow=True).content.decode()
    assert "an application gets its seats once its gates are open" in page


def test_a_call_whose_applications_were_received_invites_nobody(shown: Cast) -> None:
    """From the moment it is closed no page says that it is open, though a demo stands on that day.

    Before that the applicant is invited by both.
    """
    shown.until(What.CLOSE_CALL, "open")
    shown.register(shown.facts["applications/open"][1].applicant)
    applicant = browser(next(iter(shown.persons.values())))
    assert "Open now" in text(applicant, "call", "open")
    assert "/applications/open/" in text(applicant, "applications")
    close = (What.CLOSE_CALL, "open")
    shown.live(next(one for one in agenda(shown.document) if (one.what, one.about) == close))
    assert "In review" in text(applicant, "call", "open")
    assert "/applications/open/" not in text(applicant, "applications")


def test_a_board_offers_everybody_what_is_theirs_to_do(shown: Cast) -> None:
    """Sheets come before signatures; nobody signs twice; an auditor is offered no deed."""
    shown.until(What.DECIDE_CALL, "alliance")
    officer, owner = browser(shown.officer), browser(shown.owner)
    auditor = browser(somebody("auditor", Role.AUDITOR))
    first = text(officer, "board", "alliance")
    assert 'class="govuk-button" name="deed" value="assign"' in first
    assert 'class="govuk-button govuk-button--secondary" name="deed" value="sign"' in first
    shown.judge("alliance")
    assert 'class="govuk-button" name="deed" value="sign"' in text(officer, "board", "alliance")
    digest = preview("alliance", now()).digest
    sign(shown.officer, "alliance", digest, now())
    offered = [SIGN in text(one, "board", "alliance") for one in (officer, owner, auditor)]
    assert [False, True, False] == offered
    assert 'name="deed"' not in text(auditor, "board", "alliance")
    sign(shown.owner, "alliance", digest, now())
    assert not any(SIGN in text(one, "board", "alliance") for one in (officer, owner))


SIGN = 'name="deed" value="sign"'


def test_who_is_not_invited_is_named_in_words(shown: Cast) -> None:
    """The class of holders by its name in the policy, and a class of chips by its own."""
    shown.until(What.CLOSE_CALL, "alliance")
    rules = call_now("hours")
    told = [
        told_finding(rules, Found(Refusal.HOLDER_NOT_INVITED, "business")),
        told_finding(rules, Found(Refusal.ABOVE_CAP, "h200")),
    ]
    assert ["(Businesses)", "(NVIDIA H200 (h200))"] == [one.partition(". ")[2] for one in told]


@pytest.mark.usefixtures("lone_site")
@override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"])
def test_a_demo_stands_on_the_day_of_its_adoption_until_something_happens() -> None:
    """Whoever has just adopted the policy reads a day and how long the first event is away."""
    cast = Cast(small().term.document, facts_of(small().term))
    page = text(browser(cast.officer), "home")
    assert "4\xa0January\xa02026" in page
    assert "in 1 day" in page
