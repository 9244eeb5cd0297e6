"""One cycle, two homes: in memory at once, and event by event in a database; the same journal.

This is what keeps the programme honest (docs/decisions/0001): what the rehearsal computes and what
the service does months apart are the same steps, so they must end with the same checkpoint, byte
for byte.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from headgate.bundle.verify import read_bundle_files, verify
from headgate.core.ledger.checkpoint import Checkpoint
from headgate.core.ledger.tree import root
from headgate.demo import Rehearsed
from headgate.journal import keys
from headgate.readers.facts import Recorded, read_facts
from headgate.site.actions.take import begin_programme, take_event
from headgate.site.publication import publish_bundle
from headgate.site.records.database import create, opened
from headgate.site.records.journal import head, lines
from headgate.site.records.kept import events
from headgate.site.verifying import verify_database
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from headgate.steps.term import Term
from tests.servers.postgres import Cluster
from tests.whole.heard import heard_term
from tests.whole.korea import korea
from tests.whole.mended import mended
from tests.whole.several import several
from tests.whole.small import pages, small

ORIGIN = "test.headgate/kept"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty ledger on each database, as the service's role has it."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path / 'kept.db'}"
        _create(address)
        yield address
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    cluster.create("kept")
    _create(cluster.url("kept"))
    yield cluster.url("kept", "site")
    opened("sqlite:///nothing", "kept")
    cluster.drop("kept")


def _create(address: str) -> None:
    database = opened(address, "kept")
    create(database)
    database.connection.close()


def recorded(term: Term) -> Recorded:
    """The world of what a term received."""
    named = {name: fact.data for name, fact in term.facts.items()}
    return Recorded(
        {name: read_facts(name, name.split("/")[0], data) for name, data in named.items()}
    )


def kept(address: str, honest: Term, happened: Sequence[Event]) -> bytes:
    """The checkpoint's body after all events, each in a connection of its own."""
    world = recorded(honest)
    database = opened(address, "kept")
    begin_programme(database, honest.document)
    for event in happened:
        database.connection.close()
        database = opened(address, "kept")
        take_event(database, world, event)
    with database.reading():
        size, found = head(database).size, root(lines(database, 0))
    database.connection.close()
    return Checkpoint(ORIGIN, size, found).body()


def in_memory(term: Term) -> bytes:
    """The checkpoint's body of a term that was never kept."""
    return Checkpoint(ORIGIN, len(term.entries), term.root()).body()


@pytest.mark.parametrize("programme", [small, korea], ids=["small", "korea-2025"])
def test_a_kept_term_ends_with_the_same_checkpoint(
    programme: Callable[[], Rehearsed], address: str
) -> None:
    """Nothing is lost or added between two events that do not know of each other."""
    honest = programme().term
    assert in_memory(honest) == kept(address, honest, agenda(honest.document))


def test_what_is_done_at_will_ends_with_the_same_checkpoint(address: str) -> None:
    """Parts of use and corrections between the dates of the calendar are events like any other."""
    honest = mended()
    assert in_memory(honest) == kept(address, honest, honest.taken)
    assert () == verify_database(opened(address, "kept")).faults


def test_a_round_that_was_heard_again_ends_with_the_same_checkpoint(address: str) -> None:
    """Freeze, conduct, lot and objection: what is kept between them is what memory has."""
    honest = heard_term()
    assert {What.FREEZE_ROUND, What.DRAW_LOT, What.HEAR} <= {event.what for event in honest.taken}
    assert in_memory(honest) == kept(address, honest, honest.taken)
    assert () == verify_database(opened(address, "kept")).faults


def test_several_terms_end_with_the_same_checkpoint_and_are_published(
    address: str, tmp_path: Path
) -> None:
    """Each term begins from what was kept of the last one; a stranger derives all from a bundle."""
    honest = several()
    assert in_memory(honest) == kept(address, honest, honest.taken)
    database = opened(address, "kept")
    verdict = verify_database(database)
    assert ((), len(honest.taken)) == (verdict.faults, verdict.events)
    assert len(honest.taken) == events(database).count(b"\n")
    keys.create(tmp_path / "ring", "example.org/kept")
    publish_bundle(database, tmp_path / "ring", tmp_path / "out", {}, pages)
    shown = verify(read_bundle_files(tmp_path / "out"), pages)
    assert ((), honest.root()) == (shown.faults, shown.term.root() if shown.term else b"")
    assert () == verify_database(database).faults
