"""An award that runs, as its holder sees it: the ledger's figures, and the rule's own warning."""

from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client

from headgate.site.actions.usage import import_usage
from headgate.site.portal import reading
from headgate.site.portal.idle import looked, warning
from headgate.site.portal.roles import Role
from headgate.site.records.kept import Stands
from headgate.site.reports.burndown import Day, days, left_at
from headgate.site.reports.statement import summaries
from headgate.steps.term import Holding, term_days
from tests.site.portal.asking import enter, speak, text_of


def _stood() -> Stands:
    stood = reading.programme()
    assert stood is not None
    return stood


def _days(held: Holding) -> list[Day]:
    return days(reading.DATABASE, held.support, held.award, held.support_class)


@pytest.mark.usefixtures("portal")
def test_days_add_up_to_the_statement() -> None:
    """For every award that runs, the days' sums are those of the statement, to the unit."""
    for held in _stood().holdings:
        moved, told = _days(held), summaries(reading.DATABASE, held.award)
        right = next(one for one in told if "/award/" in one.account.path)
        for name in ("granted", "used", "returned", "corrected", "reserved"):
            assert getattr(right, name) == sum(getattr(day, name) for day in moved)
        assert right.left == moved[-1].left
        over = sum(
            one.closing.debits_posted - one.closing.credits_posted
            for one in told
            if "/overuse/" in one.account.path
        )
        assert over == sum(day.over for day in moved)


def test_the_page_shows_what_is_left_and_every_day(portal: Client) -> None:
    """Each award that runs has its page, led to from its statement, with chart and table."""
    stood = _stood()
    say = reading.speaker_of(reading.policy_of(stood), "en")
    for held in stood.holdings:
        where = f"/calls/{held.call}/{held.award}/"
        assert f'href="{where}running/"' in text_of(portal.get(where))
        shown = text_of(portal.get(f"{where}running/"))
        moved = _days(held)
        assert say.amount(moved[-1].left, moved[-1].unit) in shown
        assert f"{(held.ends - stood.standing.day).days:,}</strong><span>day" in shown
        assert len(moved) == shown.split("<tbody>")[1].count("<tr")
        assert "<svg" in shown


HEADER = "cluster,job,attempt,award,support_class,gpus,started,ended,seen,joules"


def test_what_an_awards_jobs_drew_is_on_its_pages_and_in_the_public_figures(
    portal: Client, tmp_path: Path
) -> None:
    """Kilowatt-hours, in the reader's language, and nothing where no cluster tells any."""
    stood = _stood()
    held = stood.holdings[0]
    where = f"/calls/{held.call}/{held.award}/"
    pages = {where: "kilowatt-hours that its jobs drew", f"{where}running/": "", "/": "used so far"}
    assert "kilowatt" not in "".join(text_of(portal.get(page)) for page in pages)
    day = max(stood.standing.day, held.starts) + timedelta(days=2)
    at = (f"{day - timedelta(days=1)}T0{hour}:00:00Z" for hour in (0, 8, 9))
    who = held.parts[0].site, "j", "1", held.award, held.support_class, "8"
    file = tmp_path / "use.csv"
    file.write_text(f"{HEADER}\n{','.join((*who, *at, '200000000'))}\n")
    imported = import_usage(reading.DATABASE, file, day, lambda _: None)
    assert 1 == imported.counts["closed"], imported
    for page, words in pages.items():
        shown = text_of(portal.get(page))
        assert "56" in shown
        assert words in shown
        assert "kilowatt-hours" in shown
    speak(portal, "ko")
    assert "작업이 소비한 킬로와트시" in text_of(portal.get(f"{where}running/"))


def test_what_does_not_run_has_no_page(portal: Client) -> None:
    """An award that was never made, or under another call's name, is not found."""
    held = _stood().holdings[0]
    assert 404 == portal.get(f"/calls/{held.call}/nobody-1/running/").status_code
    assert 404 == portal.get(f"/calls/elsewhere/{held.award}/running/").status_code


def _before(moved: Day, on: date) -> Day:
    """A day as it stood before anything was taken back on it."""
    taken = moved.returned if moved.day == on else 0
    return replace(moved, returned=moved.returned - taken, left=moved.left + taken)


@pytest.mark.usefixtures("portal")
def test_the_warning_is_what_the_rule_decided() -> None:
    """Asked on the day of the rule, it names the pace, use, step and amount of the decision; of an
    award that had used everything by then it would have taken nothing.
    """
    stood = _stood()
    policy, running = reading.policy_of(stood), {held.award: held for held in stood.holdings}
    steps = set()
    for made in reading.decisions():
        if made.step != "reclaim" or made.subject not in running:
            continue
        on, held = date.fromisoformat(made.at[:10]), running[made.subject]
        then = [_before(day, on) for day in _days(held) if day.day <= on]
        held = replace(held, amount=sum(day.granted for day in then))
        rule, term = policy.reclaim[held.support], term_days(policy, 0)
        found, taken = looked(rule, held, then, term, on)
        assert made.result["idle"] == asdict(found)
        assert made.result["taken"] == asdict(taken)
        steps.add(taken.step)
        busy = [*then[:-1], replace(then[-1], used=held.amount)]
        steps.add(looked(rule, held, busy, term, on)[1].step)
    assert {None, "idle"} <= steps


def test_an_idle_award_is_warned_in_every_language(portal: Client) -> None:
    """Before the rule looks, its day stands on the page; an idle award reads what it would lose."""
    stood = _stood()
    held = next(h for h in stood.holdings if h.ends > stood.standing.ends - timedelta(days=1))
    late = replace(stood.standing, day=date(2026, 11, 20))
    warned = warning(stood, held, _days(held), late.day)
    assert warned is not None
    assert date(2026, 12, 1) == warned.looks
    assert date(2026, 11, 17) == warned.notice
    assert "idle" == warned.taken.step
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("headgate.site.portal.pages.running.today", lambda _: late.day)
        for language, words in (("en", "take back"), ("vi", "thu hồi"), ("ko", "회수")):
            speak(portal, language)
            shown = text_of(portal.get(f"/calls/{held.call}/{held.award}/running/"))
            assert words in shown.split('class="govuk-inset-text">')[1]


def test_what_was_left_holds_until_the_next_day_that_moved() -> None:
    """Nothing before the first day; then what the last day closed with."""
    moved = [Day(date(2026, 3, n), "gpu_second.b200", left=left) for n, left in ((2, 9), (5, 4))]
    closes = [date(2026, 3, n) for n in (1, 2, 4, 5, 9)]
    assert [0, 9, 9, 4, 4] == left_at(moved, closes)


def test_staff_are_listed_awards_whose_applications_came_as_facts(portal: Client) -> None:
    """No desk knows who holds them, so each leads to its page in the ledger; others see none."""
    enter(portal, Role.AUDITOR)
    shown = text_of(portal.get("/running/"))
    for held in _stood().holdings:
        where = f"/calls/{held.call}/{held.award}/"
        assert f'href="{where}"' in shown
        assert 200 == portal.get(where).status_code
    assert "Report overdue" not in shown
    assert "Nothing fits this filter" in text_of(portal.get("/running/?q=nobody-has-this-name"))
    portal.logout()
    enter(portal, Role.APPLICANT)
    alone = text_of(portal.get("/running/"))
    assert "There is nothing here yet" in alone
    assert "Nothing fits this filter" not in alone
