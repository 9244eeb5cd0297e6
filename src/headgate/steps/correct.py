"""Corrections of what was moved wrongly: facts of their own, each naming the transfer it mends."""

from collections.abc import Iterator, Sequence
from datetime import date
from enum import Enum

from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.correct import Correction
from headgate.core.ledger.correct import correct as correction_transfers
from headgate.core.ledger.transfer import Transfer
from headgate.core.quantities import instant
from headgate.core.supports.kind import Accounts
from headgate.steps.event import corrections_name
from headgate.steps.term import Term


class SetRefusal(Enum):
    """Why a whole set of corrections is not taken; the value is what mends it."""

    NOTHING_CORRECTED = "Name at least one transfer; an empty set would only change the journal."
    AWARD_ENDED = "What an ended award did not use has lapsed; correct within the award's term."


def correct(term: Term, corrections: Sequence[Correction], name: str, day: date) -> Term:
    """Receive corrections under a name of their own and post them, all or none.

    Raises Faulty with every correction that cannot be made, LedgerRefused where an account's limit
    stands against them.
    """
    when, facts = instant(day), corrections_name(name)
    transfers = correction_transfers(term.books, corrections, when, f"facts/{facts}.jsonl")
    if faults := list(_faults(term, transfers, f"facts/{facts}.jsonl")):
        raise Faulty(faults)
    term = term.receive(facts, "ledger", corrections, when)
    return term.move(transfers, linked=True)


def _faults(term: Term, transfers: Sequence[Transfer], file: str) -> Iterator[Fault]:
    if not transfers:
        yield _fault(file, 0, SetRefusal.NOTHING_CORRECTED, "the set of corrections is empty")
    running = {holding.right for holding in term.holdings.values()}
    for line, transfer in enumerate(transfers, start=1):
        if _is_right(transfer.credit) and transfer.credit not in running:
            yield _fault(file, line, SetRefusal.AWARD_ENDED, f"{transfer.credit} has ended")


def _is_right(path: str) -> bool:
    """Whether an account is an award's right to use something."""
    parts = path.split("/")
    return len(parts) == 4 and Accounts(parts[0]).award(parts[2], parts[3]) == path


def _fault(file: str, line: int, refusal: SetRefusal, what: str) -> Fault:
    code = f"corrections-{refusal.name.lower().replace('_', '-')}"
    return Fault(file, line, 0, code, what, refusal.value)
