"""The values that sections of a policy are made of: exact shares, names, days, time zones."""

import re
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

_SHARE = re.compile(r"(-?\d{1,18})(?:\.(\d{1,18})|/0*([1-9]\d{0,17}))?( ?%)?")


def share_of(value: object) -> Fraction:
    """Read "1/1000", "0.1", "62.5 %" or a whole number exactly; a float is refused."""
    exact = value if isinstance(value, int | str | Fraction) and not isinstance(value, bool) else ""
    found = _SHARE.fullmatch(str(exact).strip())
    if found is None:
        raise PydanticCustomError("share_wrong", "write an exact share as text")
    whole, decimals, below, percent = found.groups()
    share = Fraction(f"{whole}.{decimals or 0}") / int(below or 1)
    return share / 100 if percent else share


Share = Annotated[
    Fraction,
    BeforeValidator(share_of),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^-?\d+(\.\d+|/\d+)?( ?%)?$"}),
]
"""An exact share or ratio."""

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""A name that travels in account paths, file names and journal lines."""

Expression = Annotated[str, Field(min_length=1)]
"""A CEL expression; checked when the policy is loaded."""

Positive = Annotated[int, Field(gt=0)]
Natural = Annotated[int, Field(ge=0)]

DAY_LEAST, DAY_MOST = date(1970, 1, 1), date(2200, 12, 31)
Day = Annotated[date, Field(ge=DAY_LEAST, le=DAY_MOST)]
"""A day of the programme, near enough that terms and deadlines can be counted from it."""


@cache
def timezones() -> frozenset[str]:
    """The names of the IANA time zone database, as this machine or the package tzdata has it."""
    return frozenset(available_timezones())


def _known_timezone(name: str) -> str:
    if name not in timezones():
        raise PydanticCustomError("timezone_unknown", "there is no such time zone")
    return name


Timezone = Annotated[str, AfterValidator(_known_timezone)]
"""A time zone by its IANA name; a call's days are days there."""
