"""What awards owe for what they are granted: a share of its price, billed, and paid.

A fee follows what is granted: a call that is decided bills its awards, a term that turns bills
those that are granted anew, and what is granted or given back in between is billed or credited.
What an idle award loses, or lets lapse, was granted and stays owed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from headgate.core.calls.application import Application
from headgate.core.calls.case import application_case
from headgate.core.decision import Decision
from headgate.core.duties.payments import Owes, Payment, PaymentFinding, check_payment
from headgate.core.faults import Fault, Faulty
from headgate.core.policy.primitives import share_of
from headgate.core.policy.rules import settle as settle_table
from headgate.core.policy.schema import Call, Table
from headgate.core.quantities import instant
from headgate.steps.calls import call_of
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
    for one in granted:
        call = call_of(term, one.holding.call)
        if call.fee is None:
            continue
        made, fee = _fee(term, one, call, call.fee, day)
        decisions.append(made)
        if fee:
            holding = one.holding
            due = DUE.format(award=holding.award)
            income = INCOME.format(support=holding.support)
            ways = (due, income) if fee > 0 else (income, due)
            money = term.policy(term.starts).programme.currency.lower()
            moves.append(single(f"fee:{one.name}", *ways, abs(fee), money, instant(day), made.rule))
    return term.decide(decisions).move(moves)


def _fee(term: Term, one: Granted, call: Call, rate: Table, day: date) -> tuple[Decision, int]:
    """What is owed for an amount, by the rule that settled it when the call was decided.

    Whole units of money; rounded so that an award owes the same in parts as at once.
    """
    holding = one.holding
    policy, facts = term.policy(call.decides), f"applications/{holding.call}"
    applied = next(
        a for a in term.facts[facts].values if isinstance(a, Application) and a.id == holding.award
    )
    value, rule = settle_table(rate, application_case(applied, call.closes))
    share, support = share_of(value), policy.supports[holding.support]
    totals = (
        support.price(holding.support_class, amount)
        for amount in (holding.amount, holding.amount - one.amount)
    )
    now, before = (None if price is None else int(price * share) for price in totals)
    fee = None if now is None or before is None else now - before
    due = None
    if call.invoice is not None and fee is not None and fee > 0:
        due = call.invoice.due_days.after(day, policy.programme.calendar.rest)
    result = {
        "rule": rule,
        "share": share,
        "amount": fee,
        "class": holding.support_class,
        "granted": one.amount,
        "price": support.price(holding.support_class, one.amount),
        "due": due,
    }
    path = f"calls.{holding.call}.fee"
    assumed = term.resolved(call.decides).assumed((path, f"calls.{holding.call}.invoice"))
    made = Decision(
        "fee", path, holding.award, instant(day), term.document.digest, (facts,), assumed, result
    )
    return made, fee or 0


def pay(term: Term, payments: Sequence[Payment], name: str, day: date) -> Term:
    """Put on record, under a name, what was paid.

    Raises Faulty with all that stands against one of the payments; nothing is done then.
    """
    facts, when = payments_name(name), instant(day)
    term = term.receive(facts, "fees", payments, when)
    for line, paid in enumerate(payments, start=1):
        if found := found_of(term, paid, day):
            file = f"facts/{facts}.jsonl"
            raise Faulty(
                Fault(file, line, 1, f"payment-{one.fault.value}", one.what, one.mend)
                for one in found
            )
        money = term.policy(term.starts).programme.currency.lower()
        into = PAID.format(support=call_of(term, paid.call).support)
        due = DUE.format(award=paid.award)
        ways = (into, due) if paid.amount > 0 else (due, into)
        why = f"calls.{paid.call}.fee"
        move = single(f"paid:{name}:{line}", *ways, abs(paid.amount), money, when, why)
        term = term.move([move])
    return term


def found_of(term: Term, paid: Payment, day: date) -> tuple[PaymentFinding, ...]:
    """Everything that keeps a payment from being put on record on a day."""
    account = term.books.chart.find(DUE.format(award=paid.award))
    balance = term.books.balance(account) if account is not None else None
    applied = term.facts.get(f"applications/{paid.call}")
    known = applied is not None and any(
        isinstance(one, Application) and one.id == paid.award for one in applied.values
    )
    if balance is None or not known:
        return check_payment(None, paid, day)
    return check_payment(Owes(balance.debits_posted, balance.credits_posted), paid, day)
