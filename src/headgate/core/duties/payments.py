"""What is owed for awards and paid: bills by the day they fall due, and payments against them.

A payment is of an award, and pays its bills in the order of their days; what was credited counts as
paid. So nobody has to say which bill a payment was meant for, and no bill is paid twice.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from headgate.core.duties.finding import Finding
from headgate.core.faults import Sentence
from headgate.core.supports.price import Currency

_SHA256: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Payment:
    """An amount that was received for an award, in the smallest unit of the programme's currency.

    It is below zero where the programme gave back what it had too much of.
    `reference` is SHA-256 of what the bank says of it; the words stay with whoever wrote them.
    """

    award: str
    call: str
    amount: int
    received: date
    reference: str


@dataclass(frozen=True, slots=True)
class Owes:
    """What an award was billed so far, and what of it was credited or paid."""

    billed: int
    paid: int
    money: Currency


class PaymentFault(StrEnum):
    """Every way in which a payment can be no payment."""

    NOTHING_BILLED = "nothing-billed"
    AMOUNT_WRONG = "amount-wrong"
    DAY_WRONG = "day-wrong"
    REFERENCE_MISSING = "reference-missing"


def check_payment(owes: Owes | None, paid: Payment, day: date) -> tuple[Finding[PaymentFault], ...]:
    """Everything that keeps a payment from being put on record on a day; sorted."""
    return tuple(sorted(_findings(owes, paid, day)))


def _findings(owes: Owes | None, paid: Payment, day: date) -> Iterator[Finding[PaymentFault]]:
    if owes is None or not owes.billed:
        what = Sentence(
            "The award {award!r} of {call!r} was never billed.",
            award=paid.award[:64],
            call=paid.call[:64],
        )
        yield Finding(PaymentFault.NOTHING_BILLED, what, "Name an award that owes a fee.")
    elif not _fits(paid.amount, owes.billed - owes.paid):
        what = Sentence(
            "{amount} were paid; {owed} are owed.",
            amount=owes.money.exact(paid.amount),
            owed=owes.money.exact(owes.billed - owes.paid),
        )
        mend = "Put down what is owed, at most; below zero, what was given back of too much."
        yield Finding(PaymentFault.AMOUNT_WRONG, what, mend)
    if paid.received > day:
        what = Sentence(
            "It is received on {received} and put on record on {day}.",
            received=paid.received,
            day=day,
        )
        yield Finding(PaymentFault.DAY_WRONG, what, "Wait until it was received.")
    if _SHA256.fullmatch(paid.reference) is None:
        what = Sentence("The payment has no reference.")
        mend = "Give SHA-256 of what the bank says of it, in lower-case hex."
        yield Finding(PaymentFault.REFERENCE_MISSING, what, mend)


def _fits(amount: int, owed: int) -> bool:
    """Whether an amount pays a part of what is owed, or gives back a part of what was too much."""
    return 0 < amount <= owed or owed <= amount < 0


@dataclass(frozen=True, slots=True)
class Bill:
    """A fee that was billed on a day (credited: below zero), and the last day to pay it, if any."""

    day: date
    amount: int
    due: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A bill and what of it is still open."""

    bill: Bill
    open: int

    def is_overdue(self, on: date) -> bool:
        """Whether its last day has passed and it is not paid."""
        return self.open > 0 and self.bill.due is not None and self.bill.due < on


def standings(bills: Iterable[Bill], paid: int) -> tuple[Standing, ...]:
    """How each bill of an award stands, in the order of the bills.

    What was paid and credited pays the bill that falls due first, and so on.
    """
    listed = tuple(bills)
    left = paid - sum(one.amount for one in listed if one.amount < 0)
    owed = [place for place, one in enumerate(listed) if one.amount > 0]
    still = dict.fromkeys(range(len(listed)), 0)
    for place in sorted(owed, key=lambda place: (listed[place].due or date.max, place)):
        part = min(left, listed[place].amount)
        left, still[place] = left - part, listed[place].amount - part
    return tuple(Standing(one, still[place]) for place, one in enumerate(listed))
