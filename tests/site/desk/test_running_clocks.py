"""The clocks of awards that run: on home and in calendars, of whoever has to act."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from headgate.core.duties.amendment import Change
from headgate.core.enforcement.receipt import ReadBack
from headgate.core.ledger.transfer import Outcome
from headgate.core.quantities import instant
from headgate.engines.drive import Enforced
from headgate.readers.facts import Recorded
from headgate.readers.usage_csv import COLUMNS
from headgate.site.actions.amend import answer, ask, confirm, hand_over
from headgate.site.actions.people import Registered, register
from headgate.site.actions.post import post
from headgate.site.actions.take import take_event
from headgate.site.actions.usage import import_usage
from headgate.site.agents.projects import Project, _ordered, on_record
from headgate.site.desk.amending import all_runs
from headgate.site.desk.clock import Clock
from headgate.site.desk.clocks import _waiting, clocks_of
from headgate.site.desk.invoices import suspended
from headgate.site.desk.models import Asking, Dossier, Organisation
from headgate.site.desk.office import SITE, moved
from headgate.site.desk.pages.amending import _state
from headgate.site.desk.running import FOLLOWS, Listed, Reports, _rows, rows_for
from headgate.site.notices.dates import calendar_of
from headgate.site.portal import lists, reading
from headgate.site.portal.clock import today
from headgate.site.portal.lists import Kept
from headgate.site.portal.models import Person
from headgate.site.records.journal import head
from headgate.site.records.kept import Stands
from headgate.steps.event import Event, What, receipts_name
from headgate.steps.term import Holding, chart_of, single
from tests.site.desk.cast import Cast, browser
from tests.site.desk.test_amending import NOON, Year, asking, held, year
from tests.site.portal.asking import MOST

__all__ = ("year",)

LATE = date(2099, 1, 1)
"""A day on which every report is late."""


@pytest.fixture
def played(year: Year, tmp_path: Path) -> Iterator[Cast]:
    """The people on the day of the rule's look on idle rights."""
    with year.shown(tmp_path) as cast:
        yield cast


def clocks(person: Person, on: date | None = None) -> dict[str, Clock]:
    """What runs for somebody, by its name in a calendar."""
    stood = reading.programme()
    assert stood is not None
    return {one.uid: one for one in clocks_of(person, stood, on or stood.standing.day)}


def _held() -> Sequence[Holding]:
    stood = reading.programme()
    assert stood is not None
    return stood.holdings


def test_a_report_is_its_holders_clock_until_it_is_handed_in_and_again_if_sent_back(
    played: Cast,
) -> None:
    """By its last day, in the holder's language, in the calendar; the office's once it is late."""
    award = held()
    holder, officer, name = played.applicant_of(award.award), played.officer, "interim"
    uid, where = f"report-{award.award}-{name}", reverse("running-award", args=(award.award,))
    told = clocks(holder)[uid]
    assert where == told.address
    assert uid.encode() in calendar_of(holder, "en")
    with override("ko"):
        assert clocks(holder)[uid].title.endswith("제출 마감일")
    late = date(told.day.year + 1, 1, 1)
    assert told.day >= clocks(officer, late)[f"reports-{award.call}"].day
    Dossier.objects.filter(call=award.call).update(call="elsewhere")
    assert f"reports-{award.call}" not in clocks(officer, late)
    Dossier.objects.filter(call="elsewhere").update(call=award.call)
    due = _late_reports(officer, award, late)
    made = asking(played, award, change=Change.REPORT, report=name)
    assert uid not in clocks(holder)
    assert due - 1 == _late_reports(officer, award, late), (
        "it waits for the office, and not for them"
    )
    answer(officer, made.pk, False, "It lacks the results.", NOON)
    assert told == clocks(holder)[uid]
    assert due == _late_reports(officer, award, late)
    answer(
        officer,
        asking(played, award, change=Change.REPORT, report=name).pk,
        True,
        "Thank you.",
        NOON,
    )
    assert uid not in clocks(holder)


def _late_reports(officer: Person, award: Holding, on: date) -> int:
    """How many reports of an award's call the office is told of as late or soon due."""
    found = clocks(officer, on)[f"reports-{award.call}"].title
    return int(found.removeprefix("The open call: ").split()[0])


def test_what_is_asked_of_an_award_is_the_offices_clock_until_it_is_answered(played: Cast) -> None:
    """One leads to its award, two to the list; nobody else's home has it."""
    award = held()
    uid, where = f"asked-{award.call}", reverse("running-award", args=(award.award,))
    assert uid not in clocks(played.officer)
    made = asking(played, award, change=Change.GIVE_BACK, blocks=1)
    told = clocks(played.officer)[uid]
    assert (where, True) == (told.address, told.day > reading.programme().standing.day)  # type: ignore[union-attr]
    assert where in browser(played.officer).get(reverse("home")).content.decode()
    assert uid not in clocks(played.applicant_of(award.award)) | clocks(played.operator)
    asking(played, award, change=Change.REPORT, report="interim")
    both = clocks(played.officer)[uid]
    assert reverse("running-awards") == both.address
    assert both.title.startswith("The open call: 2 ")
    answer(played.officer, made.pk, False, "It runs well.", NOON)
    assert where == clocks(played.officer)[uid].address


def test_a_hand_over_waits_for_its_holder_and_then_for_the_operator(played: Cast) -> None:
    """The holder is asked whether it can be used; the operator sees when silence says so. Once it
    is used it is to be handed over no more.
    """
    award = held()
    waits = clocks(played.operator)[f"to-hand-over-{award.call}"]
    assert award.starts == waits.day
    left = sum(one.call == award.call for one in _held()) - 1
    made = hand_over(played.operator, award.award, "Log in at north", NOON)
    told = clocks(played.operator).get(f"to-hand-over-{award.call}")
    assert (left > 0) == (told is not None)
    assert told is None or told.title.startswith(f"The open call: {left} award")
    mine = clocks(played.applicant_of(award.award))[f"usable-{award.award}"]
    theirs = clocks(played.operator)[f"handed-{award.call}"]
    assert (mine.day, mine.address) == (theirs.day, theirs.address)
    assert f"handed-{award.call}" not in clocks(played.officer)
    confirm(played.applicant_of(award.award), made.pk, True, "It works", NOON)
    assert told == clocks(played.operator).get(f"to-hand-over-{award.call}")


def test_idleness_may_be_explained_while_the_rule_hears_it(played: Cast) -> None:
    """From its notice to its last day, until an explanation waits for the office."""
    award = held()
    holder, uid = played.applicant_of(award.award), f"explain-{award.award}"
    stood = reading.programme()
    assert stood is not None
    heard = [day for day in range(1, 31) if uid in clocks(holder, date(2026, 6, day))]
    assert heard
    first = date(2026, 6, heard[0])
    assert clocks(holder, first)[uid].day == date(2026, 6, heard[-1])
    parts = {"change": Change.EXPLANATION}
    ask(holder, award.award, parts, ("The data came late", ""), NOON)
    assert uid not in clocks(holder, first)
    assert f"asked-{award.call}" in clocks(played.officer, first)


def test_home_begins_with_what_its_reader_has_to_do(played: Cast) -> None:
    """A holder's own clock; who has none is told so, and the office goes to the calendar."""
    holder = browser(played.applicant_of(held().award)).get(reverse("home")).content.decode()
    assert "Next for you" in holder
    assert "Go to the calendar" not in holder
    office = browser(played.officer).get(reverse("home")).content.decode()
    assert "Go to the calendar" in office
    for person in (played.applicant_of(held().award), played.officer, played.operator):
        reader = browser(person)
        with CaptureQueriesContext(connection) as asked:
            reader.get(reverse("home"))
        assert len(asked) <= MOST


def test_a_late_report_that_was_handed_in_waits_for_the_office_and_is_late_no_more(
    played: Cast,
) -> None:
    """In the list and on the award's page, until it is sent back."""
    award, late, officer = held(), LATE, played.officer

    def states() -> set[str]:
        stood = _stood()
        (row,) = (
            r
            for r in rows_for(officer, stood, late, moved(*FOLLOWS)).rows
            if r.award == award.award
        )
        (one,) = all_runs(stood, Dossier.objects.filter(code=award.award))
        return {row.state, _state(one, late)}

    owed = [one.report.id for one in Reports(_stood()).owed_by(award)]
    assert owed
    assert {"late"} == states()
    made = [asking(played, award, change=Change.REPORT, report=name) for name in owed]
    assert {"asked"} == states()
    answer(officer, made[0].pk, False, "It lacks the results.", NOON)
    assert {"late"} == states()


def test_late_reports_of_the_office_are_those_of_now(played: Cast) -> None:
    """One that was accepted is late no more, in a process that kept those before it."""
    award, uid = held(), f"reports-{held().call}"

    def told() -> Clock:
        found = clocks(played.officer, LATE)
        lists._KEPT.clear()
        assert found == clocks(played.officer, LATE)
        return found[uid]

    before = told()
    _rent()
    assert before == told()
    name = Reports(_stood()).owed_by(award)[0].report.id
    made = asking(played, award, change=Change.REPORT, report=name)
    answer(played.officer, made.pk, True, "So it is.", NOON)
    assert before != told()


def test_the_list_that_is_kept_is_the_list_made_anew_after_each_deed(played: Cast) -> None:
    """It is made again for what it follows from, and stays for entries that it does not."""
    award, before = held(), _kept_list(played)

    def moves() -> bool:
        nonlocal before
        last, before = before, _kept_list(played)
        stood = _stood()
        assert before.rows == _rows(stood, LATE, suspended(stood), Dossier.objects.all(), True)
        return last is not before

    assert not moves()
    name = Reports(_stood()).owed_by(award)[0].report.id
    for granted in (False, True):
        made = asking(played, award, change=Change.REPORT, report=name)
        assert moves()
        answer(played.officer, made.pk, granted, "So it is.", NOON)
        assert moves()
    hand_over(played.operator, held("alliance").award, "Log in at north", NOON)
    assert moves()
    lead = Dossier.objects.get(code=award.award).lead
    register(played.officer, Registered(lead.code, "Another", lead.kind, lead.size), NOON)
    assert moves()
    _rent()
    assert not moves()


def _rent() -> None:
    """An entry of the journal that moves no award."""
    policy, latest = reading.policy_of(_stood()), head(SITE).latest
    move = single("rent", "paid/x", "due/x", 1, policy.programme.money.unit, latest, "test")
    assert {Outcome.CREATED} == set(post(SITE, chart_of(policy), [move]))


def test_what_projects_hold_is_made_anew_for_what_it_follows_from_and_no_other_entry(
    played: Cast, tmp_path: Path
) -> None:
    """Use, use that was told wrongly, and what moves an award do; what others pay does not."""
    first, second = _held()[:2]
    day = _stood().standing.day
    before = _on_record(played)

    def moves() -> bool:
        nonlocal before
        last, before = before, _on_record(played)
        assert before.rows == _ordered(instant(today(_stood())), reading.decisions())
        return last is not before

    def used(award: Holding) -> int:
        return sum(one.standing.used for one in before.rows if one.name == award.award)

    def runs(award: Holding, hours: int) -> None:
        begun, seen = (f"{day - timedelta(days=1)}T{hour:02}:00:00Z" for hour in (0, hours))
        who = award.parts[0].site, f"of-{award.award}", "1", award.award, award.support_class, "8"
        told = tmp_path / f"{award.award}-{hours}.csv"
        told.write_text(f"{','.join(COLUMNS)}\n{','.join((*who, begun, '', seen, ''))}\n")
        assert 1 == import_usage(SITE, told, day, lambda _: None).taken

    assert not moves()
    was = used(first), used(second)
    runs(first, 2)
    assert moves()
    assert (was[0] + 8 * 2 * 3600, was[1]) == (used(first), used(second))
    runs(first, 5)
    assert moves()
    runs(second, 3)
    assert moves()
    assert (was[0] + 8 * 5 * 3600, was[1] + 8 * 3 * 3600) == (used(first), used(second))
    _rent()
    assert not moves()
    name = Reports(_stood()).owed_by(first)[0].report.id
    made = asking(played, first, change=Change.REPORT, report=name)
    answer(played.officer, made.pk, True, "So it is.", NOON)
    assert moves()
    site = first.parts[0].site
    assert any(one.standing.applied for one in before.rows if one.site == site)
    _found_empty(site, day)
    assert moves()
    assert not any(one.standing.applied for one in before.rows if one.site == site)


def _found_empty(site: str, day: date) -> None:
    """A cluster was read, and holds nothing."""
    back = ReadBack(site, instant(day), "0" * 64, 1, Enforced.DRIFTING.value, (), ())
    world = Recorded({receipts_name("empty"): [back]})
    take_event(SITE, world, Event(day, What.ENFORCE, "empty"))


def _on_record(played: Cast) -> Kept[Project]:
    return on_record(played.officer, _stood())


def _kept_list(played: Cast) -> Kept[Listed]:
    """The list as an officer's page has it."""
    at = moved(*FOLLOWS)
    return rows_for(played.officer, _stood(), LATE, at)


def _stood() -> Stands:
    stood = reading.programme()
    assert stood is not None
    return stood


def test_an_award_that_ended_within_its_term_runs_no_more(played: Cast) -> None:
    """Its rights stay with it until the term turns; that it still runs would be untrue."""
    stood = reading.programme()
    assert stood is not None
    award = next(one for one in stood.holdings if one.call == "open")
    report = next(iter(Reports(stood).owed_by(award)), None)
    made = asking(played, award, change=Change.REPORT, report=report.report.id) if report else None
    if made is not None:
        answer(played.officer, made.pk, True, "Thank you.", NOON)
    stood = reading.programme()
    assert stood is not None
    (runs,) = all_runs(stood, Dossier.objects.filter(code=award.award))
    for day, state in ((award.ends - timedelta(days=1), "runs"), (award.ends, "ended")):
        rows = rows_for(played.officer, stood, day, moved(*FOLLOWS)).rows
        assert state == next(one.state for one in rows if one.award == award.award)
        assert state == _state(runs, day)


@pytest.mark.usefixtures("site")
def test_what_waits_is_counted_on_either_database() -> None:
    """Each report is there by its award and name; of all else how many, and the first."""
    lead = Organisation.objects.create(code="ORG-1", name="Body", kind="lab", size="big")
    first, second = (
        Dossier.objects.create(call="open", lead=lead, code=f"open-{n}", at=NOON) for n in (1, 2)
    )
    later = NOON + timedelta(days=1)
    asked = [
        (first, "report", {"report": "interim"}, NOON),
        (first, "report", {"report": "final"}, NOON),
        (second, "report", {"report": "interim"}, later),
        (second, "longer", {"months": 2}, later),
        (first, "longer", {"months": 1}, NOON),
    ]
    for one, change, parts, at in asked:
        Asking.objects.create(dossier=one, change=change, asked=parts, text="why", at=at)
    Asking.objects.update_or_create(dossier=second, change="class", at=NOON, granted=True)
    assert [
        ("open", "longer", 2, NOON, "open-1", None),
        ("open", "report", 1, NOON, "open-1", "final"),
        ("open", "report", 1, NOON, "open-1", "interim"),
        ("open", "report", 1, later, "open-2", "interim"),
    ] == sorted(_waiting(), key=str)
