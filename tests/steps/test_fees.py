"""Fees follow what is granted: billed by the term, credited when given back, paid on record."""

import hashlib
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from headgate.core import canonical
from headgate.core.duties.amendment import AmendmentFault, Change
from headgate.core.duties.payments import Payment, PaymentFault
from headgate.core.enforcement.engine import QuotaState
from headgate.core.faults import Faulty
from headgate.core.ledger.correct import Correction
from headgate.core.quantities import add_months
from headgate.steps.correct import correct
from headgate.steps.enforce import orders_of
from headgate.steps.fees import pay
from headgate.steps.meter import meter, reclaim
from headgate.steps.reallocate import turn
from headgate.steps.term import Term
from tests.steps.builders import applicant, awarded, balances, opened
from tests.steps.test_amend import JUNE, MAY, asks, faults, granted

NODE_DAY = 8 * 24 * 3_000
"""What a node of h200 costs a day at 3,000 won a GPU-hour."""
SAID = hashlib.sha256(b"transfer 17").hexdigest()


def running(months: int = 6) -> Term:
    """A firm that pays 10 % holds two nodes from 1 March."""
    return awarded(opened(), [applicant("a", 2, months=months)], {"a": 9})


def bills(term: Term) -> list[dict[str, Any]]:
    """What the decisions say of fees, oldest first."""
    found = (one.result for one in term.decisions if one.step == "fee")
    return [one for one in found if isinstance(one, dict)]


def owed(term: Term) -> int:
    """What the award owes by the ledger."""
    credited, debited = -balances(term)["due/a"][1], balances(term)["due/a"][0]
    return credited + debited


def test_a_fee_falls_due_ten_working_days_after_the_decision() -> None:
    """Decided on Friday 20 February; 2 March is a holiday, so that the tenth day is 9 March."""
    (one,) = bills(running())
    assert date(2026, 3, 9) == one["due"]
    assert 2 * 184 * NODE_DAY // 10 == one["amount"] == one["price"] // 10
    assert ("base", "h200", 2 * 184 * 8 * 86_400) == (one["rule"], one["class"], one["granted"])


def test_a_fee_is_owed_to_the_cent_where_there_are_cents() -> None:
    """A price of four decimals, a tenth of it: no part of a cent is owed, and every cent is."""
    priced = ("price_per_gpu_hour: 3000}", 'price_per_gpu_hour: "2.4575"}')
    policy = opened(("currency: KRW", "currency: EUR"), priced)
    term = awarded(policy, [applicant("a", 2)], {"a": 9})
    (one,) = bills(term)
    assert Fraction(2 * 184 * 8 * 24 * 24_575, 10_000) == one["price"]
    assert 1_736_371 == one["amount"] == int(one["price"] * 10)
    assert 1_736_371 == owed(term)
    paid = Payment("a", "open", 1_736_371, date(2026, 3, 3), SAID)
    assert 0 == owed(pay(term, [paid], "p-1", date(2026, 3, 3)))


def test_the_next_term_of_an_award_is_billed_when_it_begins() -> None:
    """A year's award owes for each of its terms what is granted in it, and no more."""
    term = turn(running(12))
    first, second = bills(term)
    days = (add_months(date(2026, 3, 1), 12) - date(2026, 9, 1)).days
    assert 2 * days * NODE_DAY // 10 == second["amount"]
    assert date(2026, 9, 15) == second["due"]
    assert first["amount"] + second["amount"] == owed(term)
    assert 1 == len(bills(turn(running(6))))


def test_of_two_applications_with_one_id_the_one_that_stands_is_billed() -> None:
    """The firm came first and pays its 10 %, although a later copy was received before it."""
    one = applicant("a", 2)
    later = applicant("a", 2, kind="university")
    term = awarded(opened(), [replace(later, at="2026-01-21T00:00:00Z"), one], {"a": 9})
    assert bills(awarded(opened(), [one], {"a": 9})) == bills(term)


def test_what_is_given_back_is_credited_and_more_time_is_billed() -> None:
    """One node less for the days that are left, then two months more of the other one."""
    term = granted(running(3), asks(Change.GIVE_BACK, blocks=1))
    days = (date(2026, 6, 1) - MAY).days
    assert -days * NODE_DAY // 10 == bills(term)[-1]["amount"]
    assert bills(term)[-1]["due"] is None
    longer = granted(term, asks(Change.LONGER, months=2), "n-2")
    more = (date(2026, 8, 1) - date(2026, 6, 1)).days
    assert more * NODE_DAY // 10 == bills(longer)[-1]["amount"]
    assert sum(one["amount"] for one in bills(longer)) == owed(longer)


def test_what_lies_idle_was_granted_and_stays_owed() -> None:
    """A reclaim takes a right back and no part of its fee."""
    before = meter(running(), [], JUNE)
    after = reclaim(before, "compute", JUNE)
    assert after.holdings["a"].amount < before.holdings["a"].amount
    assert bills(before) == bills(after)
    assert owed(before) == owed(after)


def paid(term: Term, amount: int, name: str = "p-1", **told: Any) -> Term:
    """A payment for the award, put on record in May."""
    one = replace(Payment("a", "open", amount, MAY, SAID), **told)
    return pay(term, [one], name, MAY)


def test_a_payment_is_a_fact_and_a_movement() -> None:
    """Paid in two parts nothing is owed; what is credited after that can be given back."""
    term = running()
    whole = owed(term)
    part = paid(term, 1_000)
    assert whole - 1_000 == owed(part)
    assert (1_000, 0) == balances(part)["paid/compute"]
    assert "payments/p-1" in part.facts
    done = paid(part, whole - 1_000, "p-2")
    assert 0 == owed(done)
    less = granted(done, asks(Change.GIVE_BACK, blocks=1))
    back = owed(less)
    assert back < 0
    assert 0 == owed(paid(less, back, "p-3"))


def test_a_payment_put_down_wrongly_is_corrected_like_any_movement() -> None:
    """What was taken back of it is owed again."""
    term = running()
    wrong = Correction("paid:p-1:1", 400, "another award was meant")
    after = correct(paid(term, 1_000), [wrong], "c-1", MAY)
    assert owed(term) - 600 == owed(after)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"award": "b"}, {PaymentFault.NOTHING_BILLED}),
        ({"call": "hours"}, {PaymentFault.NOTHING_BILLED}),
        ({"amount": 10**12}, {PaymentFault.AMOUNT_WRONG}),
        (
            {"received": JUNE, "reference": ""},
            {PaymentFault.DAY_WRONG} | {PaymentFault.REFERENCE_MISSING},
        ),
    ],
)
def test_what_is_no_payment_is_refused_whole(
    told: dict[str, Any], expected: set[PaymentFault]
) -> None:
    """Another's award, too much, a day to come: every fault by its name and line, nothing moved."""
    term = running()
    good, root = Payment("a", "open", 5, MAY, SAID), term.root()
    with pytest.raises(Faulty) as caught:
        pay(term, [good, replace(good, **told)], "p-1", MAY)
    assert {f"payment-{one.value}" for one in expected} == {f.code for f in caught.value.faults}
    assert {2} == {fault.line for fault in caught.value.faults}
    assert root == term.root()


SUSPENDS = ("{due_days: 10 working days}", "{due_days: 10 working days, suspend_days: 14}")


def pressed(months: int = 6) -> Term:
    """The same firm, under a policy that suspends 14 days after an invoice's last day."""
    return awarded(opened(SUSPENDS), [applicant("a", 2, months=months)], {"a": 9})


def states(term: Term) -> set[tuple[QuotaState, str]]:
    """What the clusters are told of the award: its state, and by which rule."""
    return {(order.quota.state, order.because) for order in orders_of(term)}


OPEN = {(QuotaState.OPEN, "calls.open")}
SHUT = {(QuotaState.SUSPENDED, "calls.open.invoice")}


def test_a_fee_that_stays_overdue_suspends_the_award_until_it_is_paid() -> None:
    """Due on 9 March, so from 24 March on; a part paid changes nothing, the rest opens it."""
    term = pressed()
    assert OPEN == states(term)
    day = date(2026, 3, 24)
    shut = granted(term, asks(Change.SUSPENSION, day))
    assert SHUT == states(shut)
    assert term.holdings["a"].amount == shut.holdings["a"].amount
    (made,) = (one for one in shut.decisions if one.step == "amendment")
    assert "calls.open.invoice" == made.rule
    assert isinstance(made.result, dict)
    assert [{"due": date(2026, 3, 9), "open": owed(term)}] == made.result["overdue"]
    part = paid(shut, owed(term) - 1)
    assert SHUT == states(part)
    assert OPEN == states(paid(part, 1, "p-2"))


def test_a_payment_that_was_put_down_wrongly_opens_nothing_for_good() -> None:
    """Corrected, it was not paid: the award is suspended as it was before."""
    shut = granted(pressed(), asks(Change.SUSPENSION, date(2026, 3, 24)))
    opened_by = paid(shut, owed(shut))
    wrong = Correction("paid:p-1:1", owed(shut), "another award was meant")
    assert SHUT == states(correct(opened_by, [wrong], "c-1", MAY))


def test_the_bill_of_the_next_term_suspends_anew() -> None:
    """What was paid in the first term is over; the second term's bill has its own last day."""
    shut = granted(pressed(12), asks(Change.SUSPENSION, date(2026, 3, 24)))
    term = turn(paid(shut, owed(shut)))
    assert OPEN == states(term)
    late, early = (asks(Change.SUSPENSION, date(2026, 9, day)) for day in (30, 29))
    assert {AmendmentFault.FEE_NOT_OVERDUE} == faults(term, early)
    assert SHUT == states(granted(term, late, "n-2"))


@pytest.mark.parametrize(
    ("term", "day", "expected"),
    [
        (running(), date(2026, 5, 20), AmendmentFault.NOT_FORESEEN),
        (pressed(), date(2026, 3, 23), AmendmentFault.FEE_NOT_OVERDUE),
        (pressed(), date(2026, 3, 9), AmendmentFault.FEE_NOT_OVERDUE),
        (paid(pressed(), owed(pressed())), date(2026, 5, 20), AmendmentFault.FEE_NOT_OVERDUE),
        (
            granted(pressed(), asks(Change.SUSPENSION, date(2026, 3, 24))),
            date(2026, 5, 20),
            AmendmentFault.SUSPENDED_ALREADY,
        ),
    ],
)
def test_nothing_is_suspended_before_its_day_or_without_a_rule(
    term: Term, day: date, expected: AmendmentFault
) -> None:
    """A policy without the days, the last of them, a fee that is paid, a second time: by name."""
    assert expected in faults(term, asks(Change.SUSPENSION, day))


def test_without_the_rule_nothing_is_remembered_beside_an_award() -> None:
    """What older journals kept of an award keeps its digest: the field is not told where None."""
    assert running().holdings["a"].billed is None
    assert b"billed" not in canonical.line(running().holdings["a"])
    assert b'"billed":[{"day":"2026-02-20"' in canonical.line(pressed().holdings["a"])
