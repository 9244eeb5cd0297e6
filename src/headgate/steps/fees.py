"""What awards owe for what they are granted: a share of its price, billed, and paid.

A fee follows what is granted: a call that is decided bills its awards, a term that turns bills
those that are granted anew, and what is granted or given back in between is billed or credited.
What an idle award loses, or lets lapse, was granted and stays owed. Where the policy says so, an
award whose fee is overdue can be suspended, and runs again as soon as that is paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from headgate.core.calls.application import Application
from headgate.core.calls.case import application_case
from headgate.core.decision import Decision
from headgate.core.duties.amendment import Change
from headgate.core.duties.finding import Finding
from headgate.core.duties.payments import (
    Bill,
    Owes,
    Payment,
    PaymentFault,
    Standing,
    check_payment,
    standings,
)
from headgate.core.faults import Faulty
from headgate.core.ledger.transfer import Transfer
from headgate.core.policy.primitives import share_of
from headgate.core.policy.rules import settle as settle_table
from headgate.core.quantities import instant
from headgate.steps.called import applied, call_of, has_applied
from headgate.steps.event import payments_name
from headgate.steps.term import DUE, INCOME, PAID, Holding, Term, single


@dataclass(frozen=True, slots=True)
class Granted:
    """An amount that an award was granted (given back: below zero), under a movement's name."""

    holding: Holding
    amount: int
    name: str


def bill(term: Term, granted: Sequence[Granted], day: date) -> Term:
    """Owe the fees of what was granted on a day; each is a decision, and a movement of money."""
    decisions, moves = [], []
    applications: dict[str, Mapping[str, Application]] = {}
    for one in granted:
        holding, name = one.holding, one.holding.call
        call = call_of(term, name)
        if call.fee is None:
            continue
        if name not in applications:
            applications[name] = applied(term, name)
        case = application_case(applications[name][holding.award], call.closes)
        value, rule = settle_table(call.fee, case)
        made, fee, due_day = _fee(term, one, rule, share_of(value), day)
        decisions.append(made)
        if fee and call.invoice is not None and call.invoice.suspend_days is not None:
            term = _remembered(term, holding.award, Bill(day, fee, due_day))
        if fee:
            due = DUE.format(award=holding.award)
            income = INCOME.format(support=holding.support)
            moves.append(_moved(term, f"fee:{one.name}", (due, income), fee, day, made.rule))
    return term.decide(decisions).move(moves)


def _remembered(term: Term, award: str, made: Bill) -> Term:
    """The term with a bill kept beside the award that it may suspend."""
    holding = term.holdings.get(award)
    if holding is None:
        return term
    return term.holding(replace(holding, billed=(*(holding.billed or ()), made)))


def _moved(
    term: Term, name: str, ways: tuple[str, str], amount: int, day: date, why: str
) -> Transfer:
    """Money from one account to another; where it is below zero, it comes back."""
    debit, credit = ways if amount > 0 else reversed(ways)
    money = term.policy(term.starts).programme.money.unit
    return single(name, debit, credit, abs(amount), money, instant(day), why)


def _fee(
    term: Term, one: Granted, rule: str, share: Fraction, day: date
) -> tuple[Decision, int, date | None]:
    """What is owed for an amount and by when, by the rule that settled it when it was decided.

    Whole numbers of the currency's smallest unit; an award owes the same in parts as at once.
    """
    holding, call = one.holding, call_of(term, one.holding.call)
    policy = term.policy(call.decides)
    programme = policy.programme
    support = policy.supports[holding.support]
    totals = (
        support.price(holding.support_class, amount)
        for amount in (holding.amount, holding.amount - one.amount)
    )
    now, before = (
        None if price is None else programme.money.owed(price * share) for price in totals
    )
    fee = None if now is None or before is None else now - before
    due = None
    if call.invoice is not None and fee is not None and fee > 0:
        due = call.invoice.due_days.after(day, programme.calendar.rest)
    result = {
        "rule": rule,
        "share": share,
        "amount": fee,
        "class": holding.support_class,
        "granted": one.amount,
        "price": support.price(holding.support_class, one.amount),
        "due": due,
    }
    path, facts = f"calls.{holding.call}.fee", f"applications/{holding.call}"
    assumed = term.resolved(call.decides).assumed((path, f"calls.{holding.call}.invoice"))
    made = Decision(
        "fee", path, holding.award, instant(day), term.document.digest, (facts,), assumed, result
    )
    return made, fee or 0, due


def pay(term: Term, payments: Sequence[Payment], name: str, day: date) -> Term:
    """Put on record, under a name, what was paid.

    Raises Faulty with all that stands against one of the payments; nothing is done then.
    """
    facts, when = payments_name(name), instant(day)
    term = term.receive(facts, "fees", payments, when)
    for line, paid in enumerate(payments, start=1):
        if found := found_of(term, paid, day):
            raise Faulty(one.at(facts, line, "payment") for one in found)
        into = PAID.format(support=call_of(term, paid.call).support)
        ways = into, DUE.format(award=paid.award)
        why = f"calls.{paid.call}.fee"
        term = term.move([_moved(term, f"paid:{name}:{line}", ways, paid.amount, day, why)])
    return term


def found_of(term: Term, paid: Payment, day: date) -> tuple[Finding[PaymentFault], ...]:
    """Everything that keeps a payment from being put on record on a day."""
    account = term.books.chart.find(DUE.format(award=paid.award))
    balance = term.books.balance(account) if account is not None else None
    if balance is None or not has_applied(term, paid.call, paid.award):
        return check_payment(None, paid, day)
    money = term.policy(term.starts).programme.money
    owes = Owes(balance.debits_posted, balance.credits_posted, money)
    return check_payment(owes, paid, day)


def overdue(term: Term, holding: Holding, day: date) -> tuple[Standing, ...]:
    """The bills of an award that are overdue on a day, by all that was paid until now."""
    account = term.books.chart.find(DUE.format(award=holding.award))
    if not holding.billed or account is None:
        return ()
    balance = term.books.balance(account)
    owed = balance.debits_posted - balance.credits_posted
    paid = sum(one.amount for one in holding.billed) - owed
    return tuple(one for one in standings(holding.billed, paid) if one.is_overdue(day))


def suspends_from(term: Term, holding: Holding, day: date) -> date | None:
    """The first day on which a bill that is overdue on a day lets an award be suspended, if one."""
    call = call_of(term, holding.call)
    dues = [one.bill.due for one in overdue(term, holding, day) if one.bill.due is not None]
    if not dues or call.invoice is None:
        return None
    rest = term.policy(call.decides).programme.calendar.rest
    return call.invoice.suspends_from(min(dues), rest)


def is_suspended(term: Term, holding: Holding) -> bool:
    """Whether an award starts no work: it was suspended, and what was overdue then is not paid."""
    days = [one.day for one in holding.amended if one.change is Change.SUSPENSION]
    return bool(days) and bool(overdue(term, holding, days[-1]))
