"""The cycle on what is kept: each event is read, taken by the same function, and written back."""

from collections.abc import Callable

from headgate.core.faults import Fault, Faulty
from headgate.core.policy.document import Document
from headgate.cycle import World, begin, replay, take
from headgate.journal.points import Point, reached
from headgate.readers.facts import read_events
from headgate.site.records.books import stored
from headgate.site.records.database import Database
from headgate.site.records.journal import append, head
from headgate.site.records.kept import events, keep, load
from headgate.steps.agenda import agenda
from headgate.steps.event import Event
from headgate.steps.term import Term


def change(database: Database, action: Callable[[Term | None], Term]) -> Term:
    """Read the term, let an action go on from it, and keep what was added: one transaction."""
    with database.writing():
        at, ledger = head(database), stored(database)
        before = load(database, ledger, at.latest)
        after = action(before)
        reached(Point.JUDGED)
        ends = append(database, at, ledger, after.books.chart, after.entries)
        keep(database, before, after, ends)
        reached(Point.STATE_WRITTEN)
    return after


def begin_programme(database: Database, document: Document) -> Term:
    """Adopt a policy in an empty ledger; raises Faulty where a programme has begun."""

    def action(before: Term | None) -> Term:
        if before is not None:
            what = "a programme has begun in this database"
            raise Faulty([Fault("--database", 0, 0, "programme-begun", what, "Name an empty one.")])
        return begin(document)

    return change(database, action)


def take_event(database: Database, world: World, event: Event) -> Term:
    """Let one event happen; raises Faulty before a programme has begun."""

    def action(before: Term | None) -> Term:
        if before is None:
            what, mend = "no programme has begun in this database", "Begin one with its policy."
            raise Faulty([Fault("--database", 0, 0, "programme-missing", what, mend)])
        return take(before, world, event)

    return change(database, action)


def run(
    database: Database,
    document: Document,
    world: World,
    progress: Callable[[str], None] = lambda _: None,
) -> Term:
    """Take a programme to the end of its term from where it stands, one event after another.

    Raises Faulty where the term has ended.
    """
    done = read_events("events", events(database))
    progress("policy")
    term = begin_programme(database, document) if not head(database).size else None
    due = [event for event in done if not event.at_will]
    for event in agenda(document)[len(due) :]:
        progress(str(event))
        term = take_event(database, world, event)
    if term is None:
        what, mend = "the term has ended in this database", "Name an empty one."
        raise Faulty([Fault("--database", 0, 0, "term-ended", what, mend)])
    return term


def rehearse(
    database: Database,
    document: Document,
    world: World,
    progress: Callable[[str], None] = lambda _: None,
) -> Term:
    """The same with a world that is made as it goes on: one that was stopped is caught up with.

    What happened is taken again in memory, which brings the world to where it was; raises Faulty
    where that is not what stands in the database.
    """
    before = kept_term(database)
    if before is not None:
        done = read_events("events", events(database))
        same = before.document.digest == document.digest
        if not same or replay(document, done, world, progress).root() != before.root():
            what = "another programme or rehearsal has begun in this database"
            raise Faulty([Fault("--database", 0, 0, "programme-begun", what, "Name an empty one.")])
    return run(database, document, world, progress)


def kept_term(database: Database, ahead: str = "") -> Term | None:
    """The term as it stands, to be looked at; None before a programme was begun.

    `ahead` is how the names of those facts begin whose lines will be asked for, all of them.
    """
    return load(database, stored(database), head(database).latest, ahead)
