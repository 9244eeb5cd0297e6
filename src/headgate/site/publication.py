"""The public bundle of a database: what a stranger needs to derive every decision again.

The bundle's journal is the database's own, to the last byte. That a file was published is an entry
of that one log, appended before it is signed, so a letter's proof and the bundle speak of one tree.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from typing import Final

from headgate.bundle.layout import publication, published
from headgate.bundle.write import check_target, write_bundle
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.checkpoint import claimed
from headgate.core.ledger.entry import Entry, encode
from headgate.core.quantities import instant
from headgate.cycle import replay
from headgate.journal.folder import HANDOVER
from headgate.readers.facts import Recorded, read_events
from headgate.site.actions.publish import publish
from headgate.site.records.books import stored
from headgate.site.records.database import Database
from headgate.site.records.journal import append, head, lines
from headgate.site.records.kept import document, events
from headgate.site.verifying.derived import Values, about_the_journal
from headgate.steps.agenda import agenda
from headgate.steps.event import Event
from headgate.steps.term import Term

_PUBLISHED: Final = """
    SELECT subject, line FROM entry WHERE kind = 'file-published' ORDER BY seq
"""

Pages = Callable[[Term, Mapping[str, bytes]], Mapping[str, bytes]]
Progress = Callable[[str], None]


class BundleRefusal(Enum):
    """Why a database has no bundle to publish; the value is what mends it."""

    NO_PROGRAMME = "Begin a programme; a ledger without one publishes its journal alone."
    TERM_UNFINISHED = "Publish when the first term has turned: a bundle tells of whole terms."
    JOURNAL_DIFFERS = "Find out what is wrong before more is published: headgate verify ADDRESS."
    JOURNAL_GREW = "Something was entered meanwhile: publish again."


def publish_bundle(
    database: Database,
    ring: Path,
    out: Path,
    data: Mapping[str, bytes],
    pages: Pages,
    progress: Progress = lambda _: None,
) -> bytes:
    """Write a database's bundle to a folder, signed by a ring of keys; the note that is in it.

    Raises Faulty where there is nothing that could be derived again, and as `write_bundle` does.
    """
    check_target(out)
    # 1. The term is derived again from what is kept, and must give the journal that is kept.
    with database.reading():
        size = head(database).size
        term = _derived(database, progress)
        known = _published_before(database)
    # 2. What is published of it is entered in the journal, but for what stands there already.
    progress("publishing")
    files = published(term, data) | dict(pages(term, data))
    entries = [
        entry
        for entry in publication(files, instant(term.starts))
        if known.get(entry.subject) != encode(entry)
    ]
    size = _enter(database, term, size, entries)
    # 3. The journal up to there is signed and put beside the files.
    with tempfile.TemporaryDirectory() as scratch:
        note = publish(database, Path(scratch), ring, retires=False)
        told = claimed(note)
        if isinstance(told, Enum) or told.size != size:
            raise _faulty(BundleRefusal.JOURNAL_GREW, f"the journal is longer than {size} entries")
        write_bundle(files | _journal(Path(scratch)), out)
    return note


def _derived(database: Database, progress: Progress) -> Term:
    adopted = document(database)
    if adopted is None:
        raise _faulty(BundleRefusal.NO_PROGRAMME, "no policy was adopted in it")
    happened = read_events("events", events(database))
    _check_whole([event for event in happened if not event.at_will], agenda(adopted))
    term = replay(adopted, happened, Recorded(Values(database)), progress)
    kept = (line for line in lines(database, 0) if not about_the_journal(line))
    for number, (entry, line) in enumerate(zip_longest(term.entries, kept)):
        if entry is None or encode(entry) != line:
            what = f"entry {number} of the programme is not what policy and facts give"
            raise _faulty(BundleRefusal.JOURNAL_DIFFERS, what)
    return term


def _check_whole(due: Sequence[Event], calendar: Sequence[Event]) -> None:
    if len(due) < len(calendar):
        what = f"{calendar[len(due)]} is still to come on {calendar[len(due)].day}"
        raise _faulty(BundleRefusal.TERM_UNFINISHED, what)


def _published_before(database: Database) -> dict[str, bytes]:
    """The newest line that says of a file that it was published, by path."""
    return {path: line.encode() for path, line in database.rows(_PUBLISHED)}


def _enter(database: Database, term: Term, size: int, entries: Sequence[Entry]) -> int:
    """Append that files are published, if nothing came between; the size of the journal then."""
    with database.writing():
        at = head(database)
        if at.size != size:
            what = f"the journal grew from {size} to {at.size} entries"
            raise _faulty(BundleRefusal.JOURNAL_GREW, what)
        return append(database, at, stored(database), term.books.chart, entries).size


def _journal(folder: Path) -> dict[str, bytes]:
    """The published journal as a bundle has it: the tree, its keys and its head."""
    found = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {
        f"journal/{path}": file.read_bytes()
        for path, file in found.items()
        if not path.startswith(f"{HANDOVER}/")
    }


def _faulty(refusal: BundleRefusal, what: str) -> Faulty:
    code = f"bundle-{refusal.name.lower().replace('_', '-')}"
    return Faulty([Fault("--database", 0, 0, code, what, refusal.value)])
