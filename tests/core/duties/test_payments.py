"""What is owed and paid: no payment is more than what is owed, and none pays a bill twice."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.duties.payments import (
    Bill,
    Owes,
    Payment,
    PaymentFault,
    check_payment,
    standings,
)
from headgate.core.supports.price import Currency

DAY = date(2026, 4, 1)
WON = Currency("KRW")
PAID = Payment("open-1", "open", 40, DAY, "ab" * 32)


def faults(owes: Owes | None, paid: Payment) -> set[PaymentFault]:
    """What stands against a payment on the day."""
    return {one.fault for one in check_payment(owes, paid, DAY)}


def test_every_fault_of_a_payment_occurs_by_its_name() -> None:
    """Nothing owed, too much, nought, the wrong way, not received yet, no reference: all told."""
    owes = Owes(100, 60, WON)
    assert set() == faults(owes, PAID)
    assert set() == faults(Owes(100, 130, WON), replace(PAID, amount=-30))
    told = {
        PaymentFault.NOTHING_BILLED: faults(None, PAID) & faults(Owes(0, 0, WON), PAID),
        PaymentFault.AMOUNT_WRONG: faults(owes, replace(PAID, amount=41))
        & faults(owes, replace(PAID, amount=0))
        & faults(owes, replace(PAID, amount=-1))
        & faults(Owes(100, 130, WON), replace(PAID, amount=-31)),
        PaymentFault.DAY_WRONG: faults(owes, replace(PAID, received=DAY + timedelta(days=1))),
        PaymentFault.REFERENCE_MISSING: faults(owes, replace(PAID, reference="the bank")),
    }
    assert {*PaymentFault} == told.keys()
    assert {name: {name} for name in PaymentFault} == told
    both = faults(None, replace(PAID, received=date.max, reference=""))
    assert {*PaymentFault} - {PaymentFault.AMOUNT_WRONG} == both


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 60)), max_size=6), st.data())
def test_what_is_paid_pays_bills_in_the_order_of_their_days(
    made: list[tuple[int, int]], data: st.DataObject
) -> None:
    """All that is open is what was billed and not paid; no later bill is paid before an earlier."""
    bills = [Bill(DAY, amount, DAY + timedelta(days=days)) for amount, days in made]
    billed = sum(one.amount for one in bills)
    paid = data.draw(st.integers(0, billed))
    found = standings(bills, paid)
    assert billed - paid == sum(one.open for one in found)
    assert bills == [one.bill for one in found]
    by_day = sorted(found, key=lambda one: one.bill.due or date.max)
    touched = [one.open < one.bill.amount for one in by_day]
    assert sorted(touched, reverse=True) == touched


def test_a_credit_note_pays_the_bill_that_falls_due_first() -> None:
    """100 billed, 30 credited, 50 paid: 20 are open until their day, and overdue after it."""
    due = DAY + timedelta(days=30)
    first, credit = standings([Bill(DAY, 100, due), Bill(DAY, -30, None)], 50)
    assert (20, 0) == (first.open, credit.open)
    assert not first.is_overdue(due)
    assert first.is_overdue(due + timedelta(days=1))
    assert not credit.is_overdue(date.max)


def test_what_is_owed_is_told_as_money_is_written() -> None:
    """Twelve euros and thirty cents are no 1230."""
    paid = replace(PAID, amount=1231)
    (found,) = check_payment(Owes(1230, 0, Currency("EUR")), paid, DAY)
    assert "12.31 were paid; 12.30 are owed." == found.what
