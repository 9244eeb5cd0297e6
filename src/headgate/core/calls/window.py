"""When a call is open: its days are those of the programme's own time zone.

The days of a policy are calendar days of the country that wrote it, and the journal knows UTC only:
this is the one place where the first become the second. Rules: the IANA time zone database, as
`zoneinfo` reads it (PEP 615).
"""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from headgate.core.policy.schema import Call
from headgate.core.quantities import instant_of


def window(call: Call, timezone: str) -> tuple[str, str]:
    """The journal instants from which a call is open and from which it is closed again.

    It opens with the first moment of `opens` and closes with the last one of `closes`; where clocks
    skip midnight, the day begins when they do.
    """
    after = date.fromordinal(call.closes.toordinal() + 1)
    return _begins(call.opens, timezone), _begins(after, timezone)


@lru_cache(maxsize=256)
def _begins(day: date, timezone: str) -> str:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return instant_of(int(midnight.timestamp()))
