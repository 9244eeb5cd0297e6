"""Where a ledger stands, in a few lines: for whoever runs it, and for a look before an audit."""

from collections.abc import Iterator

from headgate.core.ledger.frontier import Frontier
from headgate.readers.facts import read_events
from headgate.site.records.database import Database
from headgate.site.records.journal import head, lines
from headgate.site.records.kept import events, kept_term
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from headgate.steps.term import Term


def status_lines(database: Database) -> Iterator[str]:
    """Size and root of the journal, its newest checkpoint, the term, and what is due next."""
    with database.reading():
        at, term = head(database), kept_term(database)
        tree = Frontier().grown(lines(database, 0))
        checkpoints = database.rows("SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1")
        done = read_events("events", events(database))
    yield f"journal      {at.size:,} entries, root {tree.root().hex()}"
    yield f"transfers    the latest of {at.latest}" if at.latest else "transfers    none yet"
    for size, root in checkpoints:
        yield f"checkpoint   {size:,} entries, root {root}"
    if not checkpoints:
        yield "checkpoint   none was signed yet"
    if term is None:
        yield "programme    none has begun"
        return
    yield f"programme    {term.policy(term.starts).programme.id}, policy {term.document.digest}"
    yield f"term         {term.index + 1}, from {term.starts} to {term.ends}"
    yield f"events       {len(done):,} done"
    yield from _next(term, done)


def _next(term: Term, done: tuple[Event, ...]) -> Iterator[str]:
    """What the calendar holds next; a term's first event follows the turn of the one before."""
    turns = [place for place, event in enumerate(done, start=1) if event.what is What.TURN]
    of_term = [event for event in done[max(turns, default=0) :] if not event.at_will]
    for event in agenda(term.document, term.index)[len(of_term) :][:1]:
        yield f"next         {event} on {event.day}"


def state(database: Database) -> str:
    """To which state of the journal something belongs: what a statement says at its end."""
    size = head(database).size
    newest = "SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1"
    for signed, root in database.rows(newest):
        return f"Journal of {size} entries; newest checkpoint: {signed} entries, root {root}"
    return f"Journal of {size} entries; no checkpoint was signed yet"
