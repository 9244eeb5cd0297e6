"""Corrections: new transfers that give back what an earlier one moved, and name it and why.

Nothing in a ledger is edited (TigerBeetle, "Correcting transfers"): a wrong movement is answered by
one the other way between the same accounts. All corrections of one transfer together give back at
most what it moved.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import count

from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.post import Books
from headgate.core.ledger.text import is_name
from headgate.core.ledger.transfer import Phase, Transfer


@dataclass(frozen=True, slots=True)
class Correction:
    """What is taken back of one transfer: its id, an amount of its unit, and the reason.

    The reason stands in the public journal: it names a decision or a finding, never a person.
    """

    transfer: str
    amount: int
    because: str


class CorrectionRefusal(Enum):
    """Why a transfer cannot be corrected so, in order of precedence; the value is what mends it."""

    TRANSFER_UNKNOWN = "Name the id of a transfer that is in the books."
    TRANSFER_MOVED_NOTHING = "A reservation is voided, not corrected; name what was posted."
    AMOUNT_NOT_POSITIVE = "Take back a whole amount above zero, in the transfer's unit."
    EXCEEDS_TRANSFER = "Take back at most what the transfer moved, less earlier corrections."
    REASON_BAD = "Write the reason as one line of plain text that fits beside the transfer's id."


def correct(books: Books, corrections: Sequence[Correction], at: str) -> list[Transfer]:
    """The transfers that carry corrections out, to be posted as one linked group.

    Raises `Faulty` with every correction that cannot be made.
    """
    made: list[Transfer] = []
    faults: list[Fault] = []
    for place, correction in enumerate(corrections, start=1):
        judged = _judge(books, made, correction, at)
        if isinstance(judged, Transfer):
            made.append(judged)
        else:
            what = f"{correction.transfer}: {judged.name.lower().replace('_', ' ')}"
            code = f"correction-{judged.name.lower().replace('_', '-')}"
            faults.append(Fault("corrections", place, 0, code, what, judged.value))
    if faults:
        raise Faulty(faults)
    return made


def _judge(
    books: Books, made: Iterable[Transfer], correction: Correction, at: str
) -> Transfer | CorrectionRefusal:
    wrong = books.transfers.get(correction.transfer)
    if wrong is None:
        return CorrectionRefusal.TRANSFER_UNKNOWN
    if wrong.phase not in (Phase.SINGLE, Phase.POST):
        return CorrectionRefusal.TRANSFER_MOVED_NOTHING
    if type(correction.amount) is not int or correction.amount < 1:
        return CorrectionRefusal.AMOUNT_NOT_POSITIVE
    prefix = f"correct:{wrong.id}:"
    earlier = [*_earlier(books, prefix), *(t for t in made if t.id.startswith(prefix))]
    if sum(t.amount for t in earlier) + correction.amount > wrong.amount:
        return CorrectionRefusal.EXCEEDS_TRANSFER
    name, why = f"{prefix}{len(earlier) + 1}", f"corrects {wrong.id}: {correction.because}"
    if not correction.because or not is_name(why) or not is_name(name):
        return CorrectionRefusal.REASON_BAD
    parts = wrong.credit, wrong.debit, correction.amount, wrong.unit
    return Transfer(name, *parts, Phase.SINGLE, None, at, why)


def _earlier(books: Books, prefix: str) -> Iterator[Transfer]:
    """The corrections in the books; they are numbered from 1 without a gap."""
    for number in count(1):
        transfer = books.transfers.get(f"{prefix}{number}")
        if transfer is None:
            return
        yield transfer
