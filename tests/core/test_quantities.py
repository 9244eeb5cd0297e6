"""Amounts keep their unit, shares never give a thing twice, and months end where they end."""

from calendar import monthrange
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.quantities import (
    Quantity,
    add_months,
    floor_share,
    half_even,
    half_even_part,
    instant,
    instant_of,
    seconds_of,
)


def test_two_units_do_not_add_up() -> None:
    """Won and GPU-seconds in one sum are a mistake, and are told as one."""
    assert Quantity(3, "krw") == Quantity(5, "krw") - Quantity(2, "krw")
    assert Quantity(7, "krw") == Quantity(5, "krw") + Quantity(2, "krw")
    with pytest.raises(TypeError, match="krw and gpu_second do not add up"):
        Quantity(1, "krw") + Quantity(1, "gpu_second")


@given(st.integers(0, 10**18), st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_shares_of_a_whole_never_give_more_than_it(amount: int, parts: list[int]) -> None:
    """Whatever the shares, what they come to together is at most the whole."""
    whole = sum(parts)
    given_out = sum(floor_share(amount, Fraction(part, whole)) for part in parts)
    assert amount - len(parts) < given_out <= amount


def test_halves_go_to_the_even_side() -> None:
    """A score exactly between two steps is not always rounded up."""
    halves = (Fraction(n, 2) for n in (1, 3, 5, -1, 7))
    assert [0, 2, 2, 0, 4] == [half_even(half) for half in halves]


@given(st.integers(), st.integers(1, 10**6))
def test_an_amount_in_parts_is_rounded_as_the_fraction_is(amount: int, parts: int) -> None:
    """Whether it was made a fraction first or not."""
    assert round(Fraction(amount, parts)) == half_even_part(amount, parts)


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001
def test_an_instant_and_its_seconds_are_one(moment: datetime) -> None:
    """Seconds of an instant and the instant of those seconds come back to the same text."""
    seconds = int(moment.replace(microsecond=0, tzinfo=UTC).timestamp())
    assert seconds == seconds_of(instant_of(seconds))


def test_a_day_begins_at_midnight_utc() -> None:
    """The journal's midnight is UTC's."""
    assert "2026-03-01T00:00:00Z" == instant(date(2026, 3, 1))


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026-03-01T00:00:00+00:00", "2026-02-30T00:00:00Z", "", "٢٠٢٦-03-01"]
)
def test_any_other_form_is_no_instant(text: str) -> None:
    """One form only: an instant that could be read in two ways is none."""
    with pytest.raises(ValueError, match=r"is no instant|day is out of range|must be in range"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 3, 16), 6, date(2026, 9, 16)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 11, 30), 24, date(2028, 11, 30)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(
    day: date, months: int, expected: date
) -> None:
    """A term that begins on the 31st ends on the last day of a shorter month."""
    assert expected == add_months(day, months)


@given(st.dates(date(1900, 1, 1), date(2900, 1, 1)), st.integers(0, 600))
def test_months_later_lies_in_that_month(day: date, months: int) -> None:
    """No month is skipped or counted twice, and no day is later than the day it began on."""
    later = add_months(day, months)
    assert months == (later.year - day.year) * 12 + later.month - day.month
    assert later.day == min(day.day, monthrange(later.year, later.month)[1])
