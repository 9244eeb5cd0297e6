"""Which day it is for a page: today; in the demo, the day on which its programme stands."""

from datetime import UTC, date, datetime

from django.conf import settings

from headgate.site.portal.reading import policy_of, zone_of
from headgate.site.records.kept import Stands


def today(stood: Stands) -> date:
    """The day in the programme's own time zone."""
    if settings.HEADGATE_DEMO:
        return stood.standing.day
    return datetime.now(UTC).astimezone(zone_of(policy_of(stood))).date()
