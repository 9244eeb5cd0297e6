"""A round of a kept programme, from a folder: frozen, decided, its lot drawn, and heard again."""

from datetime import date
from pathlib import Path

from headgate.core.evaluation.decide import TeamDecision
from headgate.core.evaluation.hearings import Hearing
from headgate.core.faults import Fault, Faulty
from headgate.evaluating import facts_told
from headgate.readers.facts import Recorded
from headgate.site.actions.take import take_event
from headgate.site.records.database import Database
from headgate.site.records.kept import kept_term
from headgate.steps.agenda import agenda
from headgate.steps.evaluate import round_of
from headgate.steps.event import Event, What, hearing_name

ROUND = (What.FREEZE_ROUND, What.CLOSE_ROUND, What.DRAW_LOT)


def take_round(
    database: Database, round_id: str, folder: Path
) -> tuple[Event, tuple[TeamDecision, ...]]:
    """Take what is due of a round, as a folder tells it: what was taken, and what holds then.

    Raises Faulty where something else is due, with everything that is missing or wrong.
    """
    term = kept_term(database)
    due = agenda(term.document, term.index)[term.done :][:1] if term is not None else ()
    event = next((e for e in due if e.what in ROUND and e.about == round_id), None)
    if term is None or event is None:
        told = f"{due[0]} on {due[0].day}" if due else "nothing"
        mend = "Take what is due before the round first."
        what = f"Nothing of the round {round_id[:64]!r} is due; due is: {told}."
        raise Faulty([Fault("ROUND", 0, 0, "round-not-due", what, mend)])
    world = Recorded(facts_told(round_of(term, round_id), round_id, folder))
    after = take_event(database, world, event)
    closed = after.closed.get(round_id)
    return event, closed.outcome.decisions if closed is not None else ()


def hear(database: Database, hearing: Hearing, name: str, day: date) -> tuple[TeamDecision, ...]:
    """Decide a round again on a hearing: what holds of each team then.

    Raises Faulty with everything that keeps it from being heard.
    """
    world = Recorded({hearing_name(name): [hearing]})
    term = take_event(database, world, Event(day, What.HEAR, name))
    return term.closed[hearing.round].outcome.decisions
