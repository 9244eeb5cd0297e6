"""What time it is at the desk: now; in the demo, where its programme stands.

A demo's programme moves on when its officer takes the next event, not when days pass: the moment of
a deed is then noon of the day on which it stands, and that of an event is when it is due; of a
decision once the days of whoever moved up are over.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from django.conf import settings

from headgate.core.policy.dated import at
from headgate.core.quantities import add_days, seconds_of
from headgate.site.desk.models import AwardList
from headgate.site.desk.office import NEWEST_DEED, SITE, CallNow, call_now
from headgate.site.desk.turns import accept_by, turns_of
from headgate.site.portal.reading import zone_of
from headgate.site.records.kept import stages, stands
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What


@dataclass(frozen=True, slots=True)
class Clock:
    """One last day of somebody's; `uid` names it in a calendar. A right may be left unused."""

    uid: str
    title: str
    day: date
    address: str
    is_right: bool = False


def now(rules: CallNow | None = None) -> datetime:
    """The moment at which somebody does something; of a call that was read, without a query."""
    if not settings.HEADGATE_DEMO:
        return datetime.now(UTC)
    if rules is not None:
        return datetime.combine(rules.stands, time(12), zone_of(rules.policy))
    found = stages(SITE, NEWEST_DEED)
    if found is None:
        return datetime.now(UTC)
    policy = at(found.document, found.standing.starts).policy
    return datetime.combine(found.standing.day, time(12), zone_of(policy))


def coming() -> tuple[Event | None, datetime]:
    """The event that comes next, and the moment at which the demo lets it happen."""
    stood = stands(SITE)
    event = None
    if stood is not None:
        event = next(
            iter(agenda(stood.document, stood.standing.index)[stood.standing.done :]), None
        )
    if stood is None or event is None or not settings.HEADGATE_DEMO:
        return event, now()
    if event.what is What.CLOSE_CALL:
        return event, datetime.fromtimestamp(seconds_of(call_now(event.about).instants[1]), UTC)
    policy, day = at(stood.document, stood.standing.starts).policy, event.day
    if event.what is What.DECIDE_CALL and (last := _asked_until(event.about)) is not None:
        day = max(day, add_days(last, 1))
    return event, datetime.combine(day, time(12), zone_of(policy))


def _asked_until(call: str) -> date | None:
    """The last day of whoever moved up on a list: taken then, the event lets their days pass."""
    listed = AwardList.objects.filter(call=call).first()
    return accept_by(call_now(call), turns_of(listed)[-1].told) if listed and listed.turns else None
