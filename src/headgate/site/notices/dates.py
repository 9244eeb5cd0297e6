"""Calendars: the days that concern somebody, for the calendar program that they use anyway.

Source: RFC 5545 (iCalendar), written by the icalendar library.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from headgate.core.quantities import seconds_of
from headgate.site.desk.clocks import clocks_of
from headgate.site.desk.office import calls_now
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.models import Person
from headgate.site.portal.roles import is_staff
from headgate.site.portal.words import EVENTS
from headgate.site.records.kept import Stands

if TYPE_CHECKING:
    from icalendar import Event


def calendar_of(person: Person, language: str) -> bytes:
    """The calendar of somebody's deadlines, in the language that is active."""
    from icalendar import Calendar

    found = Calendar()
    found.add("prodid", "-//Headgate//EN")
    found.add("version", "2.0")
    found.add("x-wr-calname", "Headgate")
    stood = reading.programme()
    if stood is not None:
        for uid, title, start, days in _days(person, stood, language):
            found.add_component(_event(uid, title, start, days))
    return bytes(found.to_ical())


def _event(uid: str, title: str, start: Any, days: bool) -> "Event":
    """One day, or one moment of half an hour before its end."""
    from icalendar import Event

    event = Event()
    host = settings.HEADGATE_ADDRESS.partition("://")[2].partition("/")[0] or "localhost"
    event.add("uid", f"{uid}@{host}")
    event.add("summary", title)
    event.add("dtstamp", datetime(2000, 1, 1, tzinfo=UTC))
    event.add("dtstart", start if days else start - timedelta(minutes=30))
    event.add("dtend", start + timedelta(days=1) if days else start)
    return event


def _days(person: Person, stood: Stands, language: str) -> Iterator[tuple[str, str, Any, bool]]:
    """Each deadline: its id, its words, when, and whether it is a whole day."""
    policy = reading.policy_of(stood)
    say = reading.speaker_of(policy, language)
    calls = {rules.id: rules for rules in calls_now()}
    for rules in calls.values():
        closes = datetime.fromtimestamp(seconds_of(rules.instants[1]), UTC)
        title = _("%(call)s closes") % {"call": say.text(rules.call.name)}
        yield f"closes-{rules.id}", title, closes, False
    for clock in clocks_of(person, stood, today(stood)):
        yield clock.uid, clock.title, clock.day, True
    if is_staff(person):
        for one in reading.due(stood, stood.standing.day):
            about = one.event.about
            named = policy.calls.get(about) or policy.rounds.get(about)
            told = say.text(named.name) if named is not None else about
            title = _("%(what)s: %(about)s") % {"what": EVENTS[one.event.what.value], "about": told}
            uid = f"event-{one.event.day}-{one.event.what.value}-{one.event.about}"
            yield uid.replace(" ", "-"), title, one.event.day, True
