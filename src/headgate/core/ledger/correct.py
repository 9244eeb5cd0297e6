"""Corrections: new transfers that give back what an earlier one moved, and name it and why.

Nothing in a ledger is edited (TigerBeetle, "Correcting transfers"): a wrong movement is answered by
one the other way between the same accounts. All corrections of one transfer together give back at
most what it moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

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


@dataclass(frozen=True, slots=True)
class _Given:
    """How many corrections a transfer has, and how much they give back together."""

    number: int = 0
    amount: int = 0


def correct(
    books: Books, corrections: Sequence[Correction], at: str, file: str = "corrections"
) -> list[Transfer]:
    """The transfers that carry corrections out, to be posted as one linked group.

    Raises `Faulty` with every correction that cannot be made, by its line in `file`.
    """
    made: list[Transfer] = []
    faults: list[Fault] = []
    given: dict[str, _Given] = {}
    for place, correction in enumerate(corrections, start=1):
        judged = _judge(books, given, correction, at)
        if isinstance(judged, Transfer):
            made.append(judged)
        else:
            words = judged.name.lower().replace("_", " ")
            what, code = f"{correction.transfer[:80]!a}: {words}", f"correction-{words}"
            faults.append(Fault(file, place, 1, code.replace(" ", "-"), what, judged.value))
    if faults:
        raise Faulty(faults)
    return made


def _judge(
    books: Books, given: dict[str, _Given], correction: Correction, at: str
) -> Transfer | CorrectionRefusal:
    wrong = books.transfers.get(correction.transfer)
    if wrong is None:
        return CorrectionRefusal.TRANSFER_UNKNOWN
    if wrong.phase not in (Phase.SINGLE, Phase.POST):
        return CorrectionRefusal.TRANSFER_MOVED_NOTHING
    if type(correction.amount) is not int or correction.amount < 1:
        return CorrectionRefusal.AMOUNT_NOT_POSITIVE
    prefix = f"correct:{wrong.id}:"
    earlier = given.get(wrong.id) or _earlier(books, prefix)
    now = _Given(earlier.number + 1, earlier.amount + correction.amount)
    if now.amount > wrong.amount:
        return CorrectionRefusal.EXCEEDS_TRANSFER
    name, why = f"{prefix}{now.number}", f"corrects {wrong.id}: {correction.because}"
    if not correction.because.strip() or not is_name(why) or not is_name(name):
        return CorrectionRefusal.REASON_BAD
    given[wrong.id] = now
    parts = wrong.credit, wrong.debit, correction.amount, wrong.unit
    return Transfer(name, *parts, Phase.SINGLE, None, at, why)


def _earlier(books: Books, prefix: str) -> _Given:
    """What the corrections in the books gave back; they are numbered from 1 without a gap."""
    given = _Given()
    while transfer := books.transfers.get(f"{prefix}{given.number + 1}"):
        given = _Given(given.number + 1, given.amount + transfer.amount)
    return given
