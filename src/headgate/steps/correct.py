"""Corrections of what was moved wrongly: facts of their own, each naming the transfer it mends."""

from collections.abc import Sequence
from datetime import date

from headgate.core.ledger.correct import Correction
from headgate.core.ledger.correct import correct as correction_transfers
from headgate.core.quantities import instant
from headgate.steps.event import corrections_name
from headgate.steps.term import Term


def correct(term: Term, corrections: Sequence[Correction], name: str, day: date) -> Term:
    """Receive corrections under a name of their own and post them, all or none.

    Raises Faulty with every correction that cannot be made, LedgerRefused where an account's limit
    stands against them.
    """
    when, facts = instant(day), corrections_name(name)
    transfers = correction_transfers(term.books, corrections, when, f"facts/{facts}.jsonl")
    term = term.receive(facts, "ledger", corrections, when)
    return term.move(transfers, linked=True)
