"""The page of a running award as its people meet it: what is late, refused or not heard is said."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from headgate.core.duties.amendment import Amendment, Change
from headgate.core.ledger.refused import Refused
from headgate.core.policy.dated import at
from headgate.report.speaker import speaker_of
from headgate.site.actions.alliance import enter_alliance, form_alliance
from headgate.site.actions.amend import answer, answer_all, hand_over_all
from headgate.site.desk.models import Asking, Dossier, Organisation
from headgate.site.desk.office import SITE
from headgate.site.desk.pages.amending import _other_classes, _told_parts
from headgate.site.desk.pages.telling import told_refusal
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.desk.running import Reports
from headgate.site.notices.models import Notice
from headgate.site.records.kept import stands
from headgate.site.verifying import verify_database
from headgate.steps.agenda import first_day
from headgate.steps.term import Holding
from tests.commands import HEADGATE, environment
from tests.site.desk.cast import Cast, browser
from tests.site.desk.test_amending import NOON, Year, asking, held, year
from tests.site.portal.asking import text_of
from tests.whole.small import small

__all__ = ("year",)


@pytest.fixture
def played(year: Year, tmp_path: Path) -> Iterator[Cast]:
    """The people on the day of the rule's look on idle rights."""
    with year.shown(tmp_path) as cast:
        yield cast


def page_of(client: Client, award: Holding) -> str:
    """What somebody reads about an award."""
    return text_of(client.get(f"/running/{award.award}/"))


def test_who_waits_longer_than_the_rule_lets_is_told_so(played: Cast) -> None:
    """The last day for an answer is told; once it has passed, so is that."""
    award = held("alliance")
    made = asking(played, award, change=Change.GIVE_BACK, blocks=1)
    last = r"To be answered by [^<]*\.(.*?)</p>"
    assert [""] == re.findall(last, page_of(browser(played.officer), award))
    Asking.objects.filter(pk=made.pk).update(at=NOON - timedelta(days=60))
    (told,) = re.findall(last, page_of(browser(played.officer), award))
    assert "Overdue" in told


@pytest.mark.usefixtures("played")
def test_awards_that_are_alike_but_for_a_report_owe_what_each_owes() -> None:
    """What alike awards owe is worked out once; a report of one is no report of the other."""
    stood, award = stands(SITE), held("alliance")
    assert stood is not None
    bare = replace(award, amended=())
    report, when = Reports(stood).owed_by(bare)[0].report.id, award.starts
    told = Amendment("other", award.call, Change.REPORT, when, when, True, "", "", report=report)
    gave = replace(award, award="other", amended=(told,))
    both = Reports(stood)
    for one in (bare, gave):
        assert (one is bare) == (report in [due.report.id for due in both.owed_by(one)])


def test_the_calendar_tells_what_a_reclaim_would_not_hear(played: Cast) -> None:
    """Whoever takes the rule's look is told of explanations without an answer, until they have."""
    office, unheard = browser(played.officer), "Explanations that wait for an answer: 1."
    assert "Explanations that wait" not in text_of(office.get("/calendar/"))
    made = asking(played, held("alliance"), change=Change.EXPLANATION)
    assert unheard in text_of(office.get("/calendar/"))
    page = page_of(office, held("alliance"))
    assert "To be answered by 1\u00a0June\u00a02026." in page, "later, the rule has looked"
    answer(played.officer, made.pk, False, "It ran on", NOON)
    assert "Explanations that wait" not in text_of(office.get("/calendar/"))


def test_a_worker_beside_a_demo_looks_by_its_clock(played: Cast, tmp_path: Path) -> None:
    """By the machine's it would tell everybody of reports that are overdue for years."""
    asking(played, held("alliance"), change=Change.GIVE_BACK, blocks=1)
    database = ("--database", f"sqlite:///{tmp_path / 'own.db'}")
    words = [*HEADGATE, "worker", "--once", "--demo", *database]
    subprocess.run(words, check=True, cwd=tmp_path, env=environment(), capture_output=True)
    days = {one.at.astimezone(NOON.tzinfo).date() for one in Notice.objects.all()}
    assert {NOON.date()} == days


def test_what_is_done_with_a_hand_over_is_confirmed(played: Cast) -> None:
    """The operator, then the holder who can use it, reads that it was done and what follows."""
    award = held("alliance")
    where = f"/running/{award.award}/"
    operator, holder = browser(played.operator), browser(played.applicant_of(award.award))
    with pytest.raises(Refused):
        hand_over_all(played.operator, [award.award, "alliance-9999"], "Log in at north", NOON)
    assert not Asking.objects.exists(), "of several handed over together, all are or none"
    told = operator.post(where, {"deed": "hand-over", "text": "Log in at north"}, follow=True)
    assert "It is handed over: its holder says whether it can be used." in text_of(told)
    deed = {"asking": str(Asking.objects.get().pk), "text": "The network is missing"}
    told = holder.post(where, {"deed": "not-usable", **deed}, follow=True)
    assert "The centre reads it and hands it over anew." in text_of(told)
    operator.post(where, {"deed": "hand-over", "text": "The network is there"})
    deed = {"asking": str(Asking.objects.latest("pk").pk), "text": "Our first job ran"}
    told = holder.post(where, {"deed": "usable", **deed}, follow=True)
    assert "Its time runs, and that stands in the journal." in text_of(told)


def _open_forms(page: str) -> list[str]:
    """What is asked by the forms of a page that stand open."""
    return re.findall(r'<details [^>]* open>.*?name="change" value="([a-z-]+)"', page, re.DOTALL)


def test_a_refusal_keeps_what_was_typed(played: Cast) -> None:
    """A link that is none, or months that are too many, are told in words; the text is there.

    The form that it was typed into stands open, and no other does.
    """
    award = held("alliance")
    client = browser(played.applicant_of(award.award))
    where = f"/running/{award.award}/"
    told = {"deed": "ask", "change": "longer", "months": "99", "text": "We began late"}
    shown = text_of(client.post(where, told, follow=True))
    assert "Ask for at least one month" in shown
    assert "We began late" in shown
    assert ["longer"] == _open_forms(client.post(where, told, follow=True).content.decode())
    told = {"deed": "ask", "change": "report", "report": "interim", "text": "Read it there"}
    faulty = client.post(where, {**told, "link": "javascript:alert(1)"}, follow=True)
    assert "Mend the answers" in text_of(faulty)
    assert ["report"] == _open_forms(faulty.content.decode())
    filled = re.findall(r"<textarea[^>]*>([^<]+)</textarea>", faulty.content.decode())
    assert ["Read it there"] == filled, "only the form that was refused is filled again"
    assert [] == _open_forms(client.get(where).content.decode())
    assert 0 == Asking.objects.count()


def test_what_waits_for_an_answer_stands_before_what_may_be_asked(played: Cast) -> None:
    """Whoever was led here to answer by a day finds where: not below all that could be asked."""
    award = held("alliance")
    holder, where = browser(played.applicant_of(award.award)), f"/running/{award.award}/"
    given = {"deed": "ask", "change": "give-back", "blocks": "1", "text": "We need fewer"}
    told = holder.post(where, given, follow=True)
    assert "It is asked: the office answers it." in text_of(told)
    office = page_of(browser(played.officer), award)
    assert office.index(">Waits for an answer</h2>") < office.index(">Reports</h2>")
    assert "Asked and answered" not in office
    answer(played.officer, Asking.objects.get().pk, False, "Keep it", NOON)
    later = page_of(browser(played.officer), award)
    assert ">Waits for an answer</h2>" not in later
    assert later.index(">Reports</h2>") < later.index("Asked and answered")
    report = {"deed": "ask", "change": "report", "report": "interim", "text": "Read it"}
    assert "It was handed in." in text_of(holder.post(where, report, follow=True))
    office = page_of(browser(played.officer), award)
    assert "Accept the report" in office
    assert "Grant it" not in office


def test_a_member_is_named_by_its_name_or_its_code(played: Cast) -> None:
    """A holder knows what partners are called; who is not registered is refused by that name."""
    award = held("alliance")
    lead = Dossier.objects.get(code=award.award).lead
    came = Organisation.objects.exclude(pk=lead.pk).last()
    assert came is not None
    person, where = played.applicant_of(award.award), f"/running/{award.award}/"
    holder = browser(person)
    form = {"deed": "ask", "change": "members", "parts": ["2", "1"], "text": "One more"}
    told = text_of(holder.post(where, {**form, "member": [lead.code, "No such"]}, follow=True))
    assert "Name a registered organisation by its code, or by its whole name. (No such)" in told
    assert not Asking.objects.exists()
    holder.post(where, {**form, "member": [lead.code, f" {came.name.upper()} "]})
    assert {lead.code: 2, came.code: 1} == Asking.objects.get().asked["parts"]
    answer(played.officer, Asking.objects.get().pk, False, "Not now", NOON)
    assert f">{lead.name}</label>" in page_of(holder, award), "and each line says whose it is"
    formed = form_alliance(person, lead.code, "Two of us", NOON).pk
    assert came == enter_alliance(person, formed, came.name, "data", 1, NOON).organisation
    with pytest.raises(Refused, match="ORGANISATION_UNKNOWN"):
        enter_alliance(person, formed, "No such", "data", 1, NOON)
    Organisation.objects.filter(code=came.code).update(name=lead.name)
    told = text_of(holder.post(where, {**form, "member": [lead.code, lead.name]}, follow=True))
    assert "Name a registered organisation by its code" in told, "two have that name"


def test_the_office_answers_several_reports_of_a_call_at_once(played: Cast) -> None:
    """Home leads to the list; what is picked is answered in the same words, the rest waits."""
    stood, office = stands(SITE), browser(played.officer)
    assert stood is not None
    awards = [one for one in stood.holdings if one.call == "open"]
    asked = [asking(played, one, change=Change.REPORT, report="interim") for one in awards]
    where = reverse("answering-reports", args=("open",))
    assert len(asked) > 1
    assert f'href="{where}"' in office.get(reverse("home")).content.decode()
    shown = text_of(office.get(where))
    assert all(one.award in shown for one in awards)
    assert "Interim report" in shown
    picked = [str(one.pk) for one in asked[1:]]
    sent = {"deed": "grant", "asking": picked, "text": "Read and accepted"}
    told = text_of(office.post(where, sent, follow=True))
    number = len(picked)
    assert f"{number} report{'s are' if number > 1 else ' is'} answered." in told
    rows = Asking.objects.order_by("pk").values_list("granted", "answer")
    assert [(None, ""), *[(True, "Read and accepted")] * number] == list(rows)
    both: dict[str, object] = {
        **sent,
        "asking": [str(asked[0].pk), picked[0]],
        "text": "A text of more words",
    }
    again = office.post(where, both, follow=True)
    which = f"{DeskRefusal.ANSWERED.value} ({awards[1].award})"
    assert which in text_of(again), "it says which"
    assert [None, *[True] * number] == list(Asking.objects.values_list("granted", flat=True))
    assert f'value="{asked[0].pk}" checked' in again.content.decode(), "the pick is kept"
    assert "A text of more words" in again.content.decode()
    long = asking(played, awards[1], change=Change.LONGER, months=1)
    Asking.objects.filter(pk=long.pk).update(asked={"months": 99})
    numbers = [asked[0].pk, long.pk]
    with pytest.raises(Refused, match="MONTHS_TOO_MANY") as refused:
        answer_all(played.officer, numbers, True, "Both", NOON)
    assert told_refusal(refused.value).startswith(f"{awards[1].award}: Ask for at least one month")
    assert not Asking.objects.filter(pk__in=numbers, granted__isnull=False).exists()
    assert () == verify_database(SITE).faults


def test_another_class_is_offered_and_asked_for_by_its_name() -> None:
    """The code is what is sent; people read what the class is called."""
    document = small().term.document
    policy = at(document, first_day(document)).policy
    held = SimpleNamespace(support="compute", support_class="b200")
    call = SimpleNamespace(classes=dict.fromkeys(("b200", "h200")))
    one: Any = SimpleNamespace(policy=policy, held=held, call=call, reports=())
    say = speaker_of(policy, "en")
    assert [("h200", "NVIDIA H200 (h200)")] == _other_classes(one, say)
    assert ["NVIDIA H200 (h200)"] == list(_told_parts(one, {"support_class": "h200"}, say, {}))
