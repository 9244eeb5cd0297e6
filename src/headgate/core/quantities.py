"""Integers that know their unit, and the exact arithmetic between them.

Nothing that is promised, granted, used or paid is ever a float: amounts are integers of the
smallest unit (GPU-seconds, won, dong, seat-days) and ratios are exact fractions.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache

_DAY = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)Z", re.ASCII)

HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS
KILOWATT_HOUR_JOULES = 1000 * HOUR_SECONDS
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """An amount of one unit; adding two units is a TypeError, never a silent sum."""

    amount: int
    unit: str

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.amount + self._same(other), self.unit)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.amount - self._same(other), self.unit)

    def _same(self, other: "Quantity") -> int:
        if self.unit != other.unit:
            raise TypeError(f"{self.unit} and {other.unit} do not add up")
        return other.amount


def floor_share(amount: int, share: Fraction) -> int:
    """The whole part of a share of an amount, rounded towards zero so nothing is given twice."""
    return amount * share.numerator // share.denominator


def half_even(value: Fraction) -> int:
    """Round an exact fraction to the nearest integer, halves to the even one (IEEE 754 style)."""
    return half_even_part(value.numerator, value.denominator)


def half_even_part(amount: int, parts: int) -> int:
    """The same of an amount in so many parts of one, which must be more than none.

    To make a fraction first takes five times as long.
    """
    whole, rest = divmod(amount, parts)
    return whole + (2 * rest > parts or (2 * rest == parts and whole % 2))


# Thousands of awards begin and end on the same few days.
@lru_cache(maxsize=1_024)
def instant(day: date) -> str:
    """Midnight UTC of a day as the journal writes it, `2026-03-01T00:00:00Z`."""
    return f"{day.isoformat()}T00:00:00Z"


# A row's instants are asked for again and again while it is judged and posted.
@lru_cache(maxsize=1_024)
def seconds_of(text: str) -> int:
    """Seconds since 1970-01-01 UTC of a journal instant; ValueError for any other form."""
    try:
        return _midnight(text[:11]) + _of_day(text[11:])
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no instant") from None


def instant_of(seconds: int) -> str:
    """The journal instant of seconds since 1970-01-01 UTC."""
    day, second = divmod(seconds, DAY_SECONDS)
    return _day(day) + _clock(second)


# A million instants are of a few hundred days, and of the 86,400 seconds of one.
@lru_cache(maxsize=4_096)
def _day(days: int) -> str:
    return instant(_EPOCH + timedelta(days=days))[:11]


@lru_cache(maxsize=DAY_SECONDS)
def _clock(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"


@lru_cache(maxsize=4_096)
def _midnight(text: str) -> int:
    if _DAY.fullmatch(text) is None:
        raise ValueError(text)
    return (date.fromisoformat(text[:10]) - _EPOCH).days * DAY_SECONDS


@lru_cache(maxsize=DAY_SECONDS)
def _of_day(text: str) -> int:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hours, minutes, seconds = map(int, found.groups())
    return (hours * 60 + minutes) * 60 + seconds


def add_months(day: date, months: int) -> date:
    """The same day some months on, or that month's last day where it has no such day."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days
    return date(year, month, min(day.day, last))


def add_days(day: date, days: int) -> date:
    """The day so many days on; the calendar's last day where it has no such day."""
    return day + timedelta(days=min(days, (date.max - day).days))
