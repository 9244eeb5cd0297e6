"""What people are told of awards that run: once, in their language, to whoever it concerns."""

import gc
from datetime import date
from weakref import ref

import pytest
from django.urls import reverse
from django.utils.translation import override

from headgate.core.duties.amendment import Change
from headgate.site.actions.amend import answer, ask, hand_over
from headgate.site.desk.amending import all_runs
from headgate.site.desk.clock import now
from headgate.site.desk.models import Dossier
from headgate.site.desk.office import SITE
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.records.kept import kept_term, stands
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from tests.site.desk.cast import Cast, browser, facts_of
from tests.site.desk.test_amending import held
from tests.steps.builders import document
from tests.whole.small import small

IN_LANGUAGES = ("en", "vi", "ko")


def scene() -> Cast:
    """The people on the day of the look on idle rights, under which some awards fall."""
    cast = Cast(document(("used_below: 25 %", "used_below: 70 %")), facts_of(small().term))
    cast.until(What.RECLAIM, "compute")
    return cast


@pytest.fixture
def june(copied: Cast) -> Cast:
    """The same, for one test."""
    return copied


def coming(cast: Cast) -> list[Event]:
    """What the calendar still holds."""
    term = kept_term(SITE)
    assert term is not None
    return list(agenda(cast.document)[term.done :])


def told(kind: str) -> list[Notice]:
    """The notices of a kind, oldest first."""
    return list(Notice.objects.filter(kind=kind).order_by("id"))


def subjects(notice: Notice) -> list[str]:
    """A notice's subject in each language."""
    found = []
    for language in IN_LANGUAGES:
        with override(language):
            found.append(letter(notice).subject)
    return found


def test_what_is_asked_reaches_the_office_and_its_answer_the_holder(june: Cast) -> None:
    """One notice to each of the two who may answer, then one to whoever asked, with the reason."""
    award = held("alliance")
    person = june.applicant_of(award.award)
    wanted = {"change": Change.REPORT, "report": "interim"}
    made = ask(person, award.award, wanted, ("We trained", ""), now())
    gather(now())
    assert {june.officer.pk, june.owner.pk} == {one.person_id for one in told("asked")}
    assert "2026-06-15" == told("asked")[0].facts["by"]
    answer(june.officer, made.pk, True, "Well done", now())
    assert 0 < gather(now())
    (said,) = (one for one in told("amended") if one.person_id == person.pk)
    assert ("It is accepted.", "Well done") == letter(said).lines
    assert 3 == len(set(subjects(said)))
    assert 0 == gather(now()), "nothing is told twice"


def test_a_hand_over_reaches_the_holder_and_its_answer_the_operators(june: Cast) -> None:
    """The holder has something to try; nobody of the office is asked."""
    award = held("alliance")
    hand_over(june.operator, award.award, "It is ready", now())
    gather(now())
    mine = [one for one in told("asked") if one.facts["change"] == Change.HAND_OVER]
    assert {june.applicant_of(award.award).pk} == {one.person_id for one in mine}


def test_a_report_is_told_before_its_day_and_again_when_it_is_late(june: Cast) -> None:
    """Due on 1 June, its holder was told of it; on a later day the office hears of all at once."""
    gather(now())
    due = told("report")
    assert {False} == {one.facts["late"] for one in due}
    assert {date(2026, 6, 1).isoformat()} == {one.facts["day"] for one in due}
    for event in coming(june)[:3]:
        june.live(event)
    gather(now())
    late = [one for one in told("report") if one.facts["late"]]
    assert {june.officer.pk, june.owner.pk}.isdisjoint(one.person_id for one in late)
    assert all("Interim report" in subject for subject in subjects(late[0]))
    days = {one.facts["day"] for one in late}
    office = told("reports-late")
    assert len(days) * 2 == len(office), "one for each officer and day"
    assert {june.officer.pk, june.owner.pk} == {one.person_id for one in office}
    assert {one.facts["code"] for one in late} <= {c for one in office for c in one.facts["codes"]}
    assert 3 == len(set(subjects(office[0])))
    with override("en"):
        (line,) = letter(office[0]).lines
    assert f"Interim report: {', '.join(office[0].facts['codes'])}" == line
    assert 0 == gather(now()), "nothing is told twice"


def test_a_report_that_was_refused_after_its_day_was_told_is_late_anew(june: Cast) -> None:
    """It came after the office had heard of that day's reports: its refusal is told as well."""
    for event in coming(june)[:3]:
        june.live(event)
    gather(now())
    late = next(one for one in told("report") if one.facts["late"])
    code, heard = late.facts["code"], len(told("reports-late"))
    wanted = {"change": Change.REPORT, "report": late.facts["report"]}
    made = ask(june.applicant_of(code), code, wanted, ("We trained", ""), now())
    gather(now())
    assert heard == len(told("reports-late")), "what waits for the office is not late"
    answer(june.officer, made.pk, False, "Nothing was measured", now())
    gather(now())
    anew = told("reports-late")[heard:]
    assert {june.officer.pk, june.owner.pk} == {one.person_id for one in anew}
    assert [[code]] * 2 == [one.facts["codes"] for one in anew]
    assert 0 == gather(now()), "and once"


def test_an_idle_award_is_told_what_it_would_lose_and_until_when(june: Cast) -> None:
    """Whoever acts for an award that the rule would take from hears it before the rule looks."""
    gather(now())
    idle = told("idle")
    assert idle
    for one in idle:
        assert june.applicant_of(one.facts["code"]).pk == one.person_id
        first, last = letter(one).lines
        assert "would take back" in first
        assert "explain until" in last
    term = june.live(coming(june)[0])
    taken = {d.subject: d.result for d in term.decisions if d.step == "reclaim"}
    idle_ones = {one.facts["code"]: one.facts["taken"] for one in idle}
    found = {name: result["taken"].gpu_seconds for name, result in taken.items()}  # type: ignore[index]
    lost = {name: amount for name, amount in found.items() if amount}
    assert idle_ones == lost
    gather(now())
    assert lost == {one.facts["code"]: one.facts["taken"] for one in told("taken")}
    for one in told("taken"):
        assert june.applicant_of(one.facts["code"]).pk == one.person_id
        assert "took back" in letter(one).lines[0]
        assert not any("spared" in line for line in letter(one).lines)
    assert 0 == gather(now()), "and once"


def test_what_an_explanation_spared_is_told_with_what_was_taken(june: Cast) -> None:
    """Both figures are those of the decision, and the office has read before what is at stake."""
    gather(now())
    warned = told("idle")[0].facts
    code, holder = warned["code"], june.applicant_of(warned["code"])
    made = ask(holder, code, {"change": Change.EXPLANATION}, ("Our corpus came late", ""), now())
    page = browser(june.officer).get(reverse("running-award", args=(code,))).content.decode()
    assert "up to 50 % of it may be spared." in page
    answer(june.officer, made.pk, True, "The licence lies before us", now(), 40)
    term = june.live(coming(june)[0])
    gather(now())
    (one,) = (each for each in told("taken") if each.facts["code"] == code)
    (result,) = (d.result for d in term.decisions if (d.step, d.subject) == ("reclaim", code))
    spared = result["spared"]  # type: ignore[index]
    assert (warned["taken"] - spared, spared) == (one.facts["taken"], one.facts["spared"])
    assert spared == warned["taken"] * 40 // 100
    assert "Your explanation spared " in letter(one).lines[1]


@pytest.mark.usefixtures("june")
def test_whoever_tells_of_all_awards_holds_a_few_at_a_time() -> None:
    """What came with an application of which nothing is asked does not point back at it, so that
    it goes as soon as it was told of, and not when Python next looks for rings.
    """
    stood = stands(SITE)
    assert stood is not None
    gc.disable()
    try:
        seen = [ref(one.dossier) for one in all_runs(stood, Dossier.objects.all())]
        assert [None] * len(stood.holdings) == [one() for one in seen]
    finally:
        gc.enable()
