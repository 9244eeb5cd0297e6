"""The clocks of a policy: how many days somebody has, and which day is the last one.

A clock counts days of the calendar, or working days where the policy says so. The day from which it
counts is not counted. Where the policy says which days are days of rest, a last day that is one of
them moves to the next working day (Civil Act of Korea, articles 157 and 161; Civil Code of Viet Nam
of 2015, articles 147 and 148).
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from headgate.core.policy.primitives import Day
from headgate.core.quantities import add_days, add_months
from headgate.core.supports.kind import Section

_CLOCK: Final = re.compile(r"([1-9]\d{0,2}) working days?")
MOST: Final = 999
"""No clock of a programme runs longer, in days."""
DAYS: Final = 'write whole days from 0 to {most}, or working days: 10, "3 working days"'
"""What is said of days that are none."""


class Weekday(StrEnum):
    """The days of a week, in the order of `date.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class Rest(Section):
    """The days on which nobody has to work: weekdays, and public holidays by their date."""

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=6)]
    holidays: tuple[Day, ...] = ()

    def holds(self, day: date) -> bool:
        """Whether a day is one of rest."""
        return tuple(Weekday)[day.weekday()] in self.weekdays or day in self.holidays

    def working_from(self, day: date) -> date:
        """The first day from this one on that is none of rest."""
        while self.holds(day) and day < date.max:
            day = add_days(day, 1)
        return day


@dataclass(frozen=True, slots=True)
class Days:
    """How long a clock runs: days of the calendar, or working days."""

    count: int
    working: bool = False

    def after(self, day: date, rest: Rest | None) -> date:
        """The last day of a clock that begins to run with the end of `day`."""
        if rest is None:
            return add_days(day, self.count)
        if not self.working:
            return rest.working_from(add_days(day, self.count))
        for _ in range(self.count):
            day = rest.working_from(add_days(day, 1))
        return day


def days_of(value: object) -> Days:
    """Read `10` or `3 working days`."""
    if isinstance(value, Days):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
        return Days(value)
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("days_wrong", DAYS, {"most": MOST})
    return Days(int(found[1]), working=True)


Clock = Annotated[
    Days,
    BeforeValidator(days_of),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MOST},
                {"type": "string", "pattern": r"^[1-9]\d{0,2} working days?$"},
            ]
        }
    ),
]
"""A clock as the policy writes it."""


class Repeat(Section):
    """A call that comes again: so many times in all, each so long after the one before.

    How long is said in `months` or in `days`, and never in both.
    """

    months: Annotated[int, Field(ge=1, le=120)] | None = None
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    times: Annotated[int, Field(ge=2, le=60)]

    @property
    def clear(self) -> bool:
        """Whether it says how long, and only once."""
        return (self.months is None) != (self.days is None)

    def later(self, day: date, times: int) -> date:
        """A day of the first call, so many times later."""
        if self.months is not None:
            return add_months(day, self.months * times)
        return add_days(day, (self.days or 0) * times)
