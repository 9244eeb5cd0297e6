"""What is due when, read from the policy's own dates."""

from datetime import date
from itertools import pairwise

import pytest

from headgate.core.policy.dated import at
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.steps.agenda import agenda, calendar, first_day
from headgate.steps.event import Event, What
from headgate.steps.term import term_days
from tests.steps.builders import document

RECLAIM = """\
reclaim:
  compute:
    elapsed: "1/2"
    notice_days: 14
    explanation: {days: 14, spares_most: 50 %}
    steps:
      - {id: idle, used_below: 10 %, loses: 25 %}
      - {id: low, used_below: 25 %, loses: 15 %}
"""


def days(events: tuple[Event, ...], what: What) -> list[tuple[str, str]]:
    """Days and subjects of one kind of event."""
    return [(e.day.isoformat(), e.about) for e in events if e.what is what]


def reclaims(first: str, second: str) -> list[str]:
    """The days of reclaiming under a rule that changes on 1 May."""
    rule = "{{elapsed: {}, notice_days: 14, steps: [{{id: idle, used_below: 10 %, loses: 25 %}}]}}"
    text = (
        "reclaim:\n  compute:\n"
        f"    - {{value: {rule.format(first)}, from: 2026-01-01, until: 2026-05-01}}\n"
        f"    - {{value: {rule.format(second)}, from: 2026-05-01}}\n"
    )
    return [day for day, _ in days(agenda(document((RECLAIM, text))), What.RECLAIM)]


def test_the_small_programmes_term_in_order() -> None:
    """Calls by their dates; meters every month and before every rule that looks at them."""
    expected = [
        ("2026-01-05", What.OPEN_CALL, "alliance"),
        ("2026-01-05", What.OPEN_CALL, "open"),
        ("2026-01-20", What.CLOSE_CALL, "alliance"),
        ("2026-02-01", What.OPEN_CALL, "hours"),
        ("2026-02-01", What.CLOSE_CALL, "open"),
        ("2026-02-10", What.DECIDE_CALL, "alliance"),
        ("2026-02-20", What.DECIDE_CALL, "open"),
        ("2026-03-01", What.ENFORCE, ""),
        ("2026-04-01", What.CLOSE_CALL, "hours"),
        ("2026-04-01", What.METER, ""),
        ("2026-05-01", What.DECIDE_CALL, "hours"),
        ("2026-05-01", What.METER, ""),
        ("2026-05-10", What.ENFORCE, ""),
        ("2026-06-01", What.METER, ""),
        ("2026-06-01", What.RECLAIM, "compute"),
        ("2026-06-01", What.ENFORCE, ""),
        ("2026-07-01", What.METER, ""),
        ("2026-08-01", What.METER, ""),
        ("2026-09-01", What.METER, ""),
        ("2026-09-01", What.CLOSE_ROUND, "stage"),
        ("2026-09-01", What.DRAW_LOT, "stage"),
        ("2026-09-01", What.TURN, ""),
    ]
    found = agenda(document())
    assert expected == [(event.day.isoformat(), event.what, event.about) for event in found]


def test_the_second_term_repeats_no_call() -> None:
    """A call belongs to the term in which its awards begin; the rules of a term come again."""
    found = agenda(document(), 1)
    assert [] == days(found, What.DECIDE_CALL)
    assert [("2026-12-01", "compute")] == days(found, What.RECLAIM)
    assert [("2026-12-01", "")] == days(found, What.ENFORCE)
    assert [] == days(found, What.CLOSE_ROUND)


def test_a_call_of_a_later_term_opens_on_its_day_and_is_decided_when_its_term_has_begun() -> None:
    """What begins after a term is the next's to decide; its orders come a day after the turn's."""
    later = document(("decides: 2026-05-01", "decides: 2026-08-31"), ("2026-05-10", "2026-09-01"))
    found = agenda(later)
    assert ("2026-02-01", "hours") in days(found, What.OPEN_CALL)
    assert ("2026-04-01", "hours") in days(found, What.CLOSE_CALL)
    assert "hours" not in [about for _, about in days(found, What.DECIDE_CALL)]
    assert [("2026-09-01", "hours")] == days(agenda(later, 1), What.DECIDE_CALL)
    assert ("2026-09-02", "") == days(agenda(later, 1), What.ENFORCE)[0]
    assert [] == days(agenda(later, 1), What.OPEN_CALL)


def test_the_calendar_goes_on_term_after_term() -> None:
    """Its days never go back, so that everything in it can be taken."""
    policy = document(("decides: 2026-05-01", "decides: 2026-08-31"), ("2026-05-10", "2026-09-01"))
    found = list(calendar(policy, 4))
    assert all(before.day <= after.day for before, after in pairwise(found))
    assert 4 == sum(event.what is What.TURN for event in found)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("1/4", "3/4", ["2026-04-16", "2026-07-17"]),
        ("1/2", "3/4", ["2026-07-17"]),
        ("1/4", "1/8", ["2026-04-16"]),
        ("3/4", "1/4", []),
        ("1/2", "1/2", ["2026-06-01"]),
        ("1/3", "1", ["2026-05-02", "2026-09-01"][1:]),
    ],
)
def test_a_reclaim_comes_by_the_version_in_force_on_its_day(
    first: str, second: str, expected: list[str]
) -> None:
    """A rule that was replaced before its day takes nothing; one that came after it is too late."""
    assert expected == reclaims(f'"{first}"', f'"{second}"')


@pytest.mark.parametrize(
    ("on", "index"), [("2026-03-02", 0), ("2026-09-01", 0), ("2026-09-02", 1), ("2027-03-01", 1)]
)
def test_a_round_on_the_day_after_the_terms_last_is_still_its_own(on: str, index: int) -> None:
    """A round closes within (first day, day after the last], after that day's meters."""
    policy = document(("on: 2026-09-01", f"on: {on}"))
    assert [(on, "stage")] == days(agenda(policy, index), What.CLOSE_ROUND)
    assert [] == days(agenda(policy, 1 - index), What.CLOSE_ROUND)
    of_day = [event.what for event in agenda(policy, index) if event.day.isoformat() == on]
    turned = [What.TURN] if on in ("2026-09-01", "2027-03-01") else []
    others = [what for what in of_day if what is not What.ENFORCE]
    assert [What.METER, What.CLOSE_ROUND, What.DRAW_LOT, *turned] == others


@pytest.mark.parametrize(
    ("elapsed", "given"),
    [
        ("1/2", ["2026-03-01", "2026-05-10", "2026-06-01"]),
        ("1", ["2026-03-01", "2026-05-10"]),
    ],
)
def test_orders_of_the_terms_last_day_are_given_as_it_turns(elapsed: str, given: list[str]) -> None:
    """What clusters hold on a day is received once: the turn's orders, where the term ends."""
    events = agenda(document(('elapsed: "1/2"', f'elapsed: "{elapsed}"')))
    assert given == [day for day, _ in days(events, What.ENFORCE)]
    assert (date(2026, 9, 1), What.TURN) == (events[-1].day, events[-1].what)


def test_months_end_with_the_month() -> None:
    """A calendar that begins on the 31st looks at the meters on the last day of shorter months."""
    policy = document(("first: 2026-03-01", "first: 2026-03-31"))
    metered = [day for day, _ in days(agenda(policy), What.METER)]
    assert ["2026-04-30", "2026-05-31"] == metered[:2]
    assert "2026-09-30" == metered[-1]


@pytest.mark.parametrize("name", ["korea-2025", "uk-airr-2026", "us-alcc-2026", "vietnam-2027"])
@pytest.mark.parametrize("index", [0, 1])
def test_every_programmes_meters_look_back_without_a_hole(name: str, index: int) -> None:
    """In every programme events come in order, and the windows of the meters tile the term."""
    policy = read_programme(find(name))
    events = agenda(policy, index)
    assert list(events) == sorted(events, key=lambda e: (e.day, list(What).index(e.what), e.about))
    windows = [(event.since, event.day) for event in events if event.what is What.METER]
    assert all(until == since for (_, until), (since, _) in pairwise(windows))
    starts = term_days(at(policy, first_day(policy)).policy, index)
    assert starts == (windows[0][0], windows[-1][1])


def test_the_first_day_is_the_calendars() -> None:
    """The first term begins when the earliest policy that has a calendar says."""
    assert date(2026, 3, 1) == first_day(document())


def test_a_later_term_that_begins_in_a_short_month_is_metered_to_its_end() -> None:
    """Months are counted from the calendar's first day: after 29 February comes 31 March."""
    policy = document(("first: 2026-03-01", "first: 2027-08-31"))
    metered = [day for day, _ in days(agenda(policy, 1), What.METER)]
    assert ["2028-03-31", "2028-04-30"] == metered[:2]
    assert "2028-08-31" == metered[-1]
    assert (date(2028, 2, 29), date(2028, 8, 31)) == term_days(at(policy, date.max).policy, 1)
