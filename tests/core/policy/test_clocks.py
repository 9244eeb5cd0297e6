"""Clocks: which day is the last one, by the calendar, by working days, and around days of rest."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from headgate.core.policy.clocks import Days, Rest, Weekday, days_of

WEEKEND = (Weekday.SATURDAY, Weekday.SUNDAY)
SEOLLAL = Rest(weekdays=WEEKEND, holidays=tuple(date(2026, 2, day) for day in (16, 17, 18)))
TET = Rest(weekdays=WEEKEND, holidays=tuple(date(2026, 2, day) for day in range(16, 21)))


@pytest.mark.parametrize(
    ("clock", "since", "rest", "last"),
    [
        (10, date(2026, 2, 1), None, date(2026, 2, 11)),
        (10, date(2026, 2, 4), SEOLLAL, date(2026, 2, 19)),
        (10, date(2026, 2, 7), SEOLLAL, date(2026, 2, 19)),
        (30, date(2026, 1, 14), SEOLLAL, date(2026, 2, 13)),
        (0, date(2026, 2, 14), SEOLLAL, date(2026, 2, 19)),
        ("3 working days", date(2026, 2, 10), TET, date(2026, 2, 13)),
        ("3 working days", date(2026, 2, 12), TET, date(2026, 2, 24)),
        ("1 working day", date(2026, 2, 13), TET, date(2026, 2, 23)),
    ],
)
def test_the_last_day_by_hand(clock: object, since: date, rest: Rest | None, last: date) -> None:
    """Counted on a calendar: ten days end after Seollal, three working days after Tết of 2026."""
    assert last == days_of(clock).after(since, rest)


@given(st.integers(0, 60), st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.booleans())
def test_a_last_day_is_a_working_day_and_never_too_early(
    count: int, since: date, working: bool
) -> None:
    """Of ordinary days at least so many pass; of working days exactly so many."""
    last = Days(count, working).after(since, TET)
    passed = [since + timedelta(days=n) for n in range(1, (last - since).days + 1)]
    if working:
        assert count == sum(not TET.holds(day) for day in passed)
    else:
        assert count <= len(passed)
        assert not TET.holds(last)


@pytest.mark.parametrize("text", ["", "3", "3 days", "0 working days", -1, 1000, True, 2.5, None])
def test_what_is_no_clock_is_refused(text: object) -> None:
    """Whole days, or working days in words, and nothing that looks like one of the two."""
    with pytest.raises(PydanticCustomError, match="whole days"):
        days_of(text)
