"""Correcting what was moved wrongly: new transfers, received and posted as one event."""

from collections.abc import Sequence
from datetime import date

from headgate.core import canonical
from headgate.core.ledger.correct import Correction
from headgate.core.ledger.entry import Kind, as_transfer
from headgate.core.ledger.transfer import Transfer
from headgate.readers.facts import Recorded
from headgate.site.actions.take import take_event
from headgate.site.records.database import Database
from headgate.site.records.kept import stored_facts
from headgate.steps.event import Event, What, corrections_name


def correct(
    database: Database, name: str, corrections: Sequence[Correction], day: date
) -> tuple[Transfer, ...]:
    """Receive corrections under a name of their own and post them all or none: what was posted.

    The same corrections under the same name are in already: nothing is posted. Raises Faulty with
    every one that cannot be made, LedgerRefused where an account's limit stands against them.
    """
    earlier = stored_facts(database).get(corrections_name(name))
    told = canonical.digest(canonical.lines(corrections))
    if earlier is not None and earlier.digest == told:
        return ()
    world = Recorded({corrections_name(name): corrections})
    term = take_event(database, world, Event(day, What.CORRECT, name))
    return tuple(as_transfer(entry) for entry in term.entries if entry.kind is Kind.TRANSFER)
