"""The cycle on what is kept: each event is read, taken by the same function, and written back."""

from collections.abc import Callable, Iterable
from itertools import islice

from headgate.core.faults import Fault, Faulty
from headgate.core.policy.document import Document
from headgate.cycle import World, begin, replay, take
from headgate.journal.points import Point, reached
from headgate.readers.facts import read_events
from headgate.site.records.books import stored
from headgate.site.records.database import Database
from headgate.site.records.journal import append, head
from headgate.site.records.keeping import keep
from headgate.site.records.kept import events, kept_term, load
from headgate.steps.agenda import calendar
from headgate.steps.event import Event
from headgate.steps.term import Term


def change(database: Database, action: Callable[[Term | None], Term]) -> Term:
    """Read the term, let an action go on from it, and keep what was added: one transaction."""
    return change_all(database, [action])[0]


def change_all(database: Database, actions: Iterable[Callable[[Term | None], Term]]) -> list[Term]:
    """The same for one action after the other, all of them in one transaction or none."""
    with database.writing():
        return [_changed(database, action) for action in actions]


def _changed(database: Database, action: Callable[[Term | None], Term]) -> Term:
    at, ledger = head(database), stored(database)
    before = load(database, ledger, at.latest)
    after = action(before)
    if before is not None and after is before:  # What was done changes the desk alone.
        return after
    reached(Point.JUDGED)
    ends = append(database, at, ledger, after.books.chart, after.entries)
    keep(database, before, after, ends)
    reached(Point.STATE_WRITTEN)
    return after


def begin_programme(database: Database, document: Document) -> Term:
    """Adopt a policy in an empty ledger; raises Faulty where a programme has begun."""

    def action(before: Term | None) -> Term:
        if before is not None:
            raise _begun("a programme has begun in this database")
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


def rehearse(
    database: Database,
    document: Document,
    world: World,
    progress: Callable[[str], None] = lambda _: None,
    terms: int = 1,
) -> Term:
    """Take a programme to the end of so many terms, each event kept as it is taken; all of it.

    The world is made as it goes on, so one that was stopped is caught up with: what happened is
    taken again in memory. Raises Faulty where that is not what stands in the database, or where the
    last of the terms has ended there.
    """
    done = read_events("events", events(database))
    taken = sum(not event.at_will for event in done)
    due = list(islice(calendar(document, terms), taken, None))
    before = kept_term(database)
    if before is None:
        progress("policy")
        whole = _gained(database, None, begin(document))
    else:
        same = before.document.digest == document.digest
        whole = replay(document, done, world, progress) if same else before
        if not same or whole.root() != before.root():
            raise _begun("another programme or rehearsal has begun in this database")
    if not due:
        what, mend = "its terms have ended in this database", "Name more --terms, or an empty one."
        raise Faulty([Fault("--database", 0, 0, "term-ended", what, mend)])
    for event in due:
        progress(str(event))
        whole = _gained(database, whole, take(whole, world, event))
    return whole


def _gained(database: Database, before: Term | None, after: Term) -> Term:
    """Keep what a term in memory has gained; raises Faulty where somebody else wrote meanwhile."""
    gained = after if before is None else after.since(before)
    with database.writing():
        at = head(database)
        if at.size != (before.tree.size if before else 0):
            raise _begun("something else is written in this database")
        reached(Point.JUDGED)
        ends = append(database, at, stored(database), after.books.chart, gained.entries)
        keep(database, before, gained, ends)
        reached(Point.STATE_WRITTEN)
    return after


def _begun(what: str) -> Faulty:
    return Faulty([Fault("--database", 0, 0, "programme-begun", what, "Name an empty one.")])
