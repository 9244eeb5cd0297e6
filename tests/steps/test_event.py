"""One rule for the names of what is done at will: nothing can be hidden behind one."""

from collections.abc import Container
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.steps.event import (
    EVENTS,
    Event,
    EventRefusal,
    What,
    brings,
    fault,
    refusal,
)
from tests.core.ledger.builders import numbered

DAY, BEFORE = date(2026, 4, 16), date(2026, 4, 15)

BAD_NAMES = (
    "../x",
    "a/../b",
    "a/b",
    "/etc/passwd",
    "..",
    ".",
    ".hidden",
    "2026-04-16.jsonl",
    "x.jsonl",
    "a\\b",
    "a b",
    " a",
    "a\n",
    "a\nb",
    "a\tb",
    "a\x00",
    "A",
    "Batch",
    "-a",
    "_a",
    "é",
    "e\u0301",
    "\u202ea",
    "a\u200b",
    "\uff41",
    "\u0660",
    "ß",
    "\ud800",
    "\x1b[2J",
    "a:b",
    "a%2fb",
    "x" * 65,
    "x" * 1000,
)
GOOD_NAMES = ("a", "0", "2026-04-16", "north_h200-03", "x" * 64)


def part(name: str, since: date = BEFORE) -> Event:
    """Use that came in under a name."""
    return Event(DAY, What.METER, name, since)


def correction(name: str, since: date = date.min) -> Event:
    """Corrections that came in under a name."""
    return Event(DAY, What.CORRECT, name, since)


def judged(
    event: Event, latest: date = BEFORE, received: Container[str] = ()
) -> EventRefusal | None:
    """The refusal of an event, where nothing else stands against it than the test says."""
    return refusal(event, latest, received)


Case = tuple[Event, date, tuple[str, ...]] | tuple[Event, date, tuple[str, ...], date]

REFUSED: list[tuple[EventRefusal, Case]] = [
    (EventRefusal.NAME_BAD, (correction(""), DAY, ())),
    (EventRefusal.NAME_BAD, (correction("a/b", BEFORE), date.max, ("corrections/a/b",))),
    (EventRefusal.WINDOW_BAD, (correction("a", BEFORE), date.max, ("corrections/a",))),
    (EventRefusal.WINDOW_BAD, (part("a", date(2026, 4, 17)), BEFORE, ())),
    (EventRefusal.NAME_TAKEN, (correction("a"), date.max, ("corrections/a",))),
    (EventRefusal.NAME_TAKEN, (part("a"), BEFORE, ("usage/2026-04-16/a",))),
    (EventRefusal.NAME_TAKEN, (part(""), BEFORE, ("usage/2026-04-16",))),
    (EventRefusal.DAY_PASSED, (correction("a"), date(2026, 4, 17), ())),
    (EventRefusal.DAY_PASSED, (Event(DAY, What.ENFORCE), date(2026, 4, 17), ())),
    (EventRefusal.OVERTAKES, (correction("a"), BEFORE, (), BEFORE)),
    (EventRefusal.OVERTAKES, (part("a"), BEFORE, (), BEFORE)),
]


@pytest.mark.parametrize(("expected", "case"), REFUSED, ids=numbered(REFUSED))
def test_refusal(expected: EventRefusal, case: Case) -> None:
    """Each refusal by name, the first rule first, as a fault that says what mends it."""
    event = case[0]
    assert expected is refusal(*case)
    found = fault(event, expected, BEFORE, 7)
    code = f"event-{expected.name.lower().replace('_', '-')}"
    assert (EVENTS, 7, 1, code, expected.value.format(day="2026-04-15")) == (
        found.file, found.line, found.column, found.code, found.mend,
    )  # fmt: skip
    whole = fault(event, expected, BEFORE)
    assert (0, 0) == (whole.line, whole.column)


def test_every_refusal_is_provoked() -> None:
    """No refusal exists that this suite cannot provoke."""
    assert set(EventRefusal) == {expected for expected, _ in REFUSED}


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_name_that_could_be_another_file_is_refused_and_shown_harmlessly(name: str) -> None:
    """No separator, suffix, case or sign that is not seen: and no terminal obeys the name."""
    for event in (part(name), correction(name)):
        assert EventRefusal.NAME_BAD is judged(event)
        found = fault(event, EventRefusal.NAME_BAD, BEFORE)
        assert found.what.isascii()
        assert found.what.isprintable()
        assert len(found.what) < 800
        assert str(event).isascii()


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_plain_name_is_taken(name: str) -> None:
    """A number, a day, a site and its class: what people call their imports."""
    assert [None, None] == [judged(part(name)), judged(correction(name))]


def test_what_is_due_is_not_named_by_anybody() -> None:
    """The names of calls and rounds are the policy's; a look of the meter has none."""
    call, look = Event(DAY, What.DECIDE_CALL, "call.of.2026"), Event(DAY, What.METER)
    assert [False, False] == [call.at_will, look.at_will]
    assert [None, None] == [judged(call), judged(look)]
    assert ["", "usage/2026-04-16"] == [brings(call), brings(look)]


def test_of_one_day_anything_comes_after_anything() -> None:
    """A day's imports and corrections come when they come; only the day must not go back."""
    assert [None, None] == [judged(part("a"), DAY), judged(correction("a"), DAY)]


days = st.dates(date(2026, 4, 1), date(2026, 4, 4))
names = st.text(st.sampled_from("ab-/._A2"), max_size=6) | st.sampled_from(GOOD_NAMES)
at_will = st.builds(
    Event, days, st.sampled_from([What.METER, What.CORRECT]), names, st.just(date.min)
)


@given(st.lists(at_will, max_size=40))
def test_no_two_events_that_are_taken_bring_one_file(events: list[Event]) -> None:
    """Whatever is tried, each event's facts have a file of their own, also where case is lost."""
    received: list[str] = []
    for event in events:
        if refusal(event, date.min, received) is None:
            received.append(brings(event))
    files = [f"facts/{name}.jsonl".lower() for name in received]
    assert len(files) == len(set(files))
    assert all(2 <= file.count("/") <= 3 and ".." not in file for file in files)
