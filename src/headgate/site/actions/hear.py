"""Hearing a round after it was decided: received and decided again as one event."""

from datetime import date

from headgate.core.evaluation.decide import TeamDecision
from headgate.core.evaluation.hearings import Hearing
from headgate.readers.facts import Recorded
from headgate.site.actions.take import take_event
from headgate.site.records.database import Database
from headgate.steps.event import Event, What, hearing_name


def hear(database: Database, hearing: Hearing, name: str, day: date) -> tuple[TeamDecision, ...]:
    """Decide a round again on a hearing: what holds of each team then.

    Raises Faulty with everything that keeps it from being heard.
    """
    world = Recorded({hearing_name(name): [hearing]})
    term = take_event(database, world, Event(day, What.HEAR, name))
    return term.closed[hearing.round].outcome.decisions
