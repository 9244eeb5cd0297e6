"""The demo of a rehearsed term: its awards have people, and everybody finds them at the pages."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import reverse

from headgate.core.duties.amendment import Change
from headgate.core.duties.reports import Owed
from headgate.core.policy.dated import at
from headgate.core.policy.running_rules import Report
from headgate.core.supports.text import Text
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.site.agents import projects
from headgate.site.desk.clock import now
from headgate.site.desk.clocks import clocks_of
from headgate.site.desk.demo import is_unknown, know, received
from headgate.site.desk.demo_holders import ACCEPTED, PAYMENTS, REPORTS, came_of, drawn
from headgate.site.desk.demo_words import Invented, invented
from headgate.site.desk.invoices import OVERDUE, every_invoice
from headgate.site.desk.models import Alliance, Dossier, Member, Organisation, Review, Reviewer
from headgate.site.desk.pages import panelling
from headgate.site.desk.running import Reports, ended_before
from headgate.site.portal import reading
from headgate.site.portal.models import Person
from headgate.site.portal.people import PERSONAS, called
from headgate.site.portal.roles import Role
from headgate.site.records.journal import head
from headgate.site.records.kept import stored_facts
from headgate.steps.agenda import first_day
from headgate.steps.event import amendments_name, payments_name
from tests.site.portal.asking import enter, persona_of

_INTERIM: Final = Text(en="Interim report", vi="Báo cáo giữa kỳ", ko="중간보고서")


def _applied() -> dict[str, str]:
    return {one.id: one.applicant.id for one in received("applications/")}


def test_every_running_award_of_a_rehearsed_term_is_listed(portal: Client) -> None:
    """Whoever follows the menu to the running awards finds each that the journal has, by whom."""
    assert is_unknown()
    know()
    enter(portal, Role.POLICY_OWNER)
    stood = reading.programme()
    assert stood is not None
    rows = portal.get(reverse("running-awards"), {"format": "json"}).json()["rows"]
    assert stood.holdings
    assert {one.award for one in stood.holdings} <= {row["award"] for row in rows}
    applied = _applied()
    assert all(row["lead"].endswith(f" {applied[row['award']]}") for row in rows)
    for page in ("board", "answers"):
        told = portal.get(reverse(page, args=(stood.holdings[0].call,))).content.decode()
        assert "This call is decided" in told
    for one in stood.holdings:
        for page in ("running-award", "award-statement"):
            assert 200 == portal.get(reverse(page, args=(one.award,))).status_code


def test_the_applicant_of_the_demo_holds_an_award(portal: Client) -> None:
    """Who plays the applicant has an award to report on, and sees no other."""
    know()
    enter(portal, Role.APPLICANT)
    rows = portal.get(reverse("running-awards"), {"format": "json"}).json()["rows"]
    assert 1 == len({row["lead"] for row in rows})
    for row in rows:
        page = portal.get(reverse("running-award", args=(row["award"],)))
        assert 'name="deed" value="ask"' in page.content.decode()


def test_a_member_without_a_role_has_no_dash_after_its_name(portal: Client) -> None:
    """Who came into an alliance by a request has no role; the page does not point at nothing."""
    know()
    enter(portal, Role.APPLICANT)
    lead = Organisation.objects.get(acting__person__username="applicant")
    alliance = Alliance.objects.create(name="Three", lead=lead)
    came = Organisation.objects.exclude(pk=lead.pk)[:2]
    for one, role in zip(came, ("", "data"), strict=True):
        entered = datetime(2026, 3, 1, tzinfo=UTC)
        Member.objects.create(alliance=alliance, organisation=one, role=role, entered=entered)
    page = portal.get(reverse("applications")).content.decode()
    assert f"<li>{came[0]} (parts: 1)" in page
    assert f"<li>{came[1]} – data (parts: 1)" in page


@pytest.mark.usefixtures("portal")
def test_the_desk_learns_it_once_and_the_journal_gains_what_holders_did() -> None:
    """A demo that is started again has each application once, with the line that was received."""
    before = set(stored_facts(reading.DATABASE))
    know()
    known = Dossier.objects.count(), Organisation.objects.count(), head(reading.DATABASE).size
    know()
    again = Dossier.objects.count(), Organisation.objects.count(), head(reading.DATABASE).size
    assert known == again
    gained = set(stored_facts(reading.DATABASE)) - before
    assert amendments_name(REPORTS) in gained
    assert gained <= {amendments_name(REPORTS), payments_name(PAYMENTS)}
    assert set(_applied()) == set(Dossier.objects.values_list("code", flat=True))
    assert not is_unknown()


def test_the_office_is_told_of_reports_only_where_it_finds_their_awards(portal: Client) -> None:
    """Reports that are late lead the office to a list that has their awards."""
    enter(portal, Role.AGENCY_OFFICER)
    stood = reading.programme()
    assert stood is not None
    late = max(one.ends for one in stood.holdings)
    officer = Person.objects.get(username=persona_of(Role.AGENCY_OFFICER).username)

    def told() -> set[str]:
        found = clocks_of(officer, stood, late)
        return {one.uid for one in found if one.uid.startswith("reports-")}

    assert set() == told()
    know()
    assert told() <= {f"reports-{one.call}" for one in stood.holdings}
    assert told()


def test_most_awards_of_a_rehearsed_term_have_reported(portal: Client) -> None:
    """The list of running awards is a believable one: not everybody is late with a report."""
    know()
    stood = reading.programme()
    assert stood is not None
    owed = Reports(stood)
    rows = [len(owed.owed_by(one)) for one in stood.holdings]
    asked = sum(len(owed.rules(one.call).reports) for one in stood.holdings)
    assert 0 < sum(rows) < asked
    enter(portal, Role.AGENCY_OFFICER)
    shown = portal.get(reverse("running-awards"), {"format": "json"}).json()["rows"]
    late = [row for row in shown if row["state"] == "late"]
    assert len(late) < len(shown) / 2


def test_what_ran_for_half_a_year_waits_for_no_hand_over(portal: Client) -> None:
    """Jobs ran from each award's first day; whoever looks at it is told of no late days to come."""
    know()
    stood = reading.programme()
    assert stood is not None
    over = next(iter(ended_before(stood)))
    runs = next(h for h in stood.holdings if any(a.change is Change.HAND_OVER for a in h.amended))
    enter(portal, Role.OPERATOR)
    assert "to be handed over" not in portal.get(reverse("home")).content.decode()
    enter(portal, Role.AUDITOR)
    for award, is_told in ((runs.award, True), (over.award, False)):
        page = portal.get(f"/running/{award}/").content.decode()
        assert is_told == ("Its time runs from a confirmed hand-over" in page)
        assert "late days will be added" not in page


@pytest.mark.parametrize(
    ("percent", "state"), [(0, "in time"), (84, "in time"), (85, "late"), (92, "waits"), (96, "")]
)
@pytest.mark.usefixtures("portal")
def test_how_a_rehearsed_report_comes_is_drawn(percent: int, state: str) -> None:
    """Most reports come by their last day, some after it, some wait for the office, a few never."""
    today = now().date()
    named: dict[str, Any] = {"id": "interim", "name": Text(en="Interim")}
    due = Owed(Report.model_construct(**named), today - timedelta(days=60), None)
    codes = (f"open-{number}" for number in range(10_000))
    code = next(one for one in codes if percent == drawn(one, "interim")[0])
    made = came_of(Dossier(code=code), due, today, Invented())
    if made is None:
        assert state == ""
        return
    in_time = made.at.date() <= due.day
    told = "waits" if made.granted is None else "in time" if in_time else "late"
    assert state == told


@pytest.mark.parametrize(
    ("programme", "officer"),
    [
        ("korea-2025", "Park Min-ah"),
        ("vietnam-2027", "Lê Minh Anh"),
        ("us-alcc-2026", "Robin Hughes"),
        ("", "Robin Hughes"),
    ],
)
def test_people_of_the_demo_are_called_as_in_its_country(programme: str, officer: str) -> None:
    """Nobody in a Vietnamese programme has a Korean name; each person has one of their own."""
    names = called(programme)
    assert officer == names[1]
    assert len(PERSONAS) == len({*names})


@pytest.mark.parametrize(
    ("programme", "said"),
    [
        ("korea-2025", ("가상 기업 FIRM-001", "가상 중간보고서 수리 완료.")),
        (
            "vietnam-2027",
            ("Doanh nghiệp giả lập FIRM-001", "Đã chấp nhận Báo cáo giữa kỳ giả lập."),
        ),
        ("us-alcc-2026", ("Synthetic FIRM-001", "Synthetic Interim report")),
    ],
)
def test_invented_people_write_in_the_language_of_their_country(
    programme: str, said: tuple[str, str]
) -> None:
    """A Korean minister's demo has no English sentence in it that a Korean would have written."""
    document = read_programme(find(programme))
    policy = at(document, first_day(document)).policy
    words = invented(policy)
    firm = Organisation(code="FIRM-001", kind="firm")
    made: Any = SimpleNamespace(id=firm.code, kind=firm.kind)
    named: dict[str, Any] = {"id": "interim", "name": _INTERIM}
    report = Report.model_construct(**named)
    assert said == (words.called(policy, made), words.reports(report, "open-1-0001")[1])


def test_the_reviewer_of_the_demo_finds_the_sheets_that_the_journal_has(portal: Client) -> None:
    """Minutes and desk say what was marked, and a sheet of a decided call is to be read."""
    know()
    marks = received("marks/")
    mine = Reviewer.objects.get(person__username="reviewer")
    enter(portal, Role.REVIEWER)
    rows = portal.get(reverse("reviews"), {"format": "json"}).json()["rows"]
    assert {m.application for m in marks if m.reviewer == mine.code} == {r["code"] for r in rows}
    assert {"marked"} == {row["state"] for row in rows}
    one = next(m for m in marks if m.reviewer == mine.code)
    page = portal.get(reverse("review", args=(one.application,))).content.decode()
    assert f": {one.points}/" in page
    assert "Give the sheet" not in page
    enter(portal, Role.AUDITOR)
    call = next(d.call for d in Dossier.objects.filter(code=one.application))
    page = portal.get(reverse("panel", args=(call,)), {"all": ""}).content.decode()
    seated = {m.reviewer for m in marks if m.application.startswith(call)}
    assert all(f'scope="row">{code}</th>' in page for code in seated)
    assert not re.search(r'action="/demo/rev-', portal.get(reverse("personas")).content.decode())


def test_minutes_of_many_sheets_come_in_pages_and_whole(
    portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chair reads some applications at a time and misses none; all of them can be printed."""
    know()
    monkeypatch.setattr(panelling, "SHOWN", 2)
    enter(portal, Role.AGENCY_OFFICER)
    reviews = Review.objects.order_by("dossier__code")
    call = reviews[0].dossier.call
    codes = sorted({one.dossier.code or "" for one in reviews.filter(dossier__call=call)})
    where, seen = reverse("panel", args=(call,)), list[str]()
    page = portal.get(where, {"all": ""}).content.decode()
    assert codes == re.findall(r'govuk-heading-m">([^<]+)</h3>', page)
    address = where
    while address:
        page = portal.get(address).content.decode()
        seen += re.findall(r'govuk-heading-m">([^<]+)</h3>', page)
        more = re.search(r'href="(\?after=[^#]+)#sheets"', page)
        address = where + more[1] if more else ""
    assert len(codes) > 2
    assert codes == seen


def test_minutes_of_a_decided_call_have_the_harshness_that_was_decided(portal: Client) -> None:
    """Whatever a sheet at the desk says since, the minutes and the decision say one thing."""
    know()
    enter(portal, Role.AUDITOR)
    call = Review.objects.values_list("dossier__call", flat=True)[0]
    (made,) = (m for m in reading.decisions() if (m.step, m.subject) == ("panel", call))
    told = {one["rater"]: one["offset"] for one in made.result["harshness"]["offsets"]}
    Review.objects.filter(dossier__call=call, reviewer__code=min(told)).update(points={})
    page = portal.get(reverse("panel", args=(call,))).content.decode()
    offset = rf'row">{min(told)}</th>.*?numeric">[^<]*</td>.*?numeric">([^<]*)</td>'
    found = re.search(offset, page, re.DOTALL)
    assert found is not None
    assert f"{abs(told[min(told)]) / 1000:.1f}" == found[1].strip("+−-")


def test_projects_are_shown_where_nobody_signs_orders(portal: Client) -> None:
    """What the programme orders and its journal knows of it; to holders, of their own."""
    know()
    stood = reading.programme()
    assert stood is not None
    for role in (Role.AUDITOR, Role.APPLICANT):
        enter(portal, role)
        rows = portal.get(reverse("projects"), {"format": "json"}).json()["rows"]
        lead = Organisation.objects.get(acting__person__username="applicant")
        own = set(Dossier.objects.filter(lead=lead).values_list("code", flat=True))
        runs = {h.award for h in stood.holdings if role is Role.AUDITOR or h.award in own}
        assert runs == {row["name"] for row in rows}
        assert all("does not hold the order" not in row["why"] for row in rows)
        assert "No centre follows signed orders here" in portal.get("/projects/").content.decode()
        as_of = portal.get(reverse("projects"), {"format": "json"}).json()["state"]
        assert str(head(reading.DATABASE).size) in as_of
        assert "UTC" not in as_of, "the machine's time is not the programme's"
    enter(portal, Role.REVIEWER)
    assert "You act for no organisation" in portal.get("/projects/").content.decode()


def test_a_project_says_that_it_ended_on_the_day_after(
    portal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any entry of the journal in between: a day passes too."""
    stood = reading.programme()
    assert stood is not None
    enter(portal, Role.AUDITOR)
    for day, has_ended in ((stood.standing.day, False), (stood.standing.ends, True)):
        monkeypatch.setattr(projects, "today", lambda _, day=day: day)
        rows = portal.get(reverse("projects"), {"format": "json"}).json()["rows"]
        assert has_ended == all("It ended on" in row["why"] for row in rows)


def test_an_applicants_home_begins_with_their_own_work(portal: Client) -> None:
    """The steps of the whole programme are folded away for whoever only has a part in it."""
    for role, is_folded in ((Role.APPLICANT, True), (Role.REVIEWER, True), (Role.AUDITOR, False)):
        enter(portal, role)
        page = portal.get(reverse("home")).content.decode()
        assert is_folded == ("What the whole programme has due in this term" in page)
        assert is_folded != (">Due in this term<" in page)


def test_an_application_that_was_decided_says_what_became_of_it(portal: Client) -> None:
    """Who looks at it again goes on to the result and the award; nothing is asked of it."""
    know()
    enter(portal, Role.APPLICANT)
    lead = Organisation.objects.get(acting__person__username="applicant")
    for dossier in Dossier.objects.filter(lead=lead):
        page = portal.get(reverse("application", args=(dossier.pk,))).content.decode()
        assert "What the call says to it now" not in page
        assert "has not agreed" not in page
        assert reverse("award", args=(dossier.call, dossier.code)) in page
        stood = reading.programme()
        assert stood is not None
        runs = dossier.code in {one.award for one in stood.holdings}
        assert runs == (reverse("running-award", args=(dossier.code,)) in page)
    draft = Dossier.objects.create(call=dossier.call, lead=lead, title="Never handed in")
    page = portal.get(reverse("application", args=(draft.pk,))).content.decode()
    assert "this draft was not handed in" in page


@pytest.mark.usefixtures("portal")
def test_most_fees_of_a_rehearsed_term_are_paid() -> None:
    """The fund officer looks after the few who have not paid, not after everybody."""

    def overdue() -> set[str]:
        stood = reading.programme()
        assert stood is not None
        return {o.award for o in every_invoice(stood) if o.state(now().date()) == OVERDUE}

    before = overdue()
    know()
    assert {award for award in before if drawn(award, "fee")[0] >= ACCEPTED} == overdue()
    assert before - overdue(), "somebody has paid"


def test_everybody_is_led_only_to_pages_that_let_them_in(portal: Client) -> None:
    """No link on the page of the rounds ends at a refusal, whoever follows it."""
    know()
    for role in Role:
        enter(portal, role)
        page = portal.get(reverse("rounds")).content.decode()
        for where in re.findall(r'href="(/rounds/[^"]+)"', page):
            assert portal.get(where).status_code != 403, (role, where)
