"""Step 1: the policy is adopted; supply is counted and divided into envelopes."""

from collections.abc import Mapping
from datetime import date

from headgate.core import canonical
from headgate.core.decision import Decision
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.ledger.post import Books
from headgate.core.ledger.transfer import Transfer
from headgate.core.ledger.tree import Tree
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Envelopes
from headgate.core.quantities import DAY_SECONDS, instant
from headgate.core.seats import apportion
from headgate.core.supports.kind import Accounts
from headgate.core.supports.kind import Kind as Support
from headgate.steps.term import Term, chart_of, single, term_days


def adopt(document: Document, day: date, starts: date, adopted_by: str) -> Term:
    """Begin a journal with the adoption of a policy for the term that starts on a day."""
    policy = at(document, starts).policy
    _, ends = term_days(policy, 0)
    term = Term(document, 0, starts, ends, Books(chart_of(policy)), Tree())
    law = canonical.digest(canonical.line(dict(sorted(document.texts.items()))))
    fields = (document.digest, law, instant(starts), adopted_by)
    return term.enter([Entry(Kind.POLICY_ADOPTED, instant(day), policy.programme.id, fields)])


def open_term(term: Term, day: date) -> Term:
    """Credit the term's capacity by class, and divide the supply among the envelopes."""
    policy = term.policy(term.starts)
    for name, support in policy.supports.items():
        term = _arrive(term, name, support, day)
        if name in policy.envelopes:
            term = _divide(term, name, support, policy.envelopes[name], day)
    return term


def _arrive(term: Term, name: str, support: Support, day: date) -> Term:
    accounts, seconds = Accounts(name), _seconds(term)
    unit_name = support.block_units[0]
    transfers = [
        single(
            f"arrival:{name}:{support_class}:{term.index}",
            accounts.arrival(support_class),
            accounts.capacity(support_class),
            support.amount({unit_name: 1}, count, seconds),
            support.unit(support_class),
            instant(day),
            f"supports.{name}",
        )
        for support_class, count in support.supply(term.starts).items()
        if count
    ]
    return term.move(transfers)


def _seconds(term: Term) -> int:
    return (term.ends - term.starts).days * DAY_SECONDS


def seats(envelopes: Envelopes, support: Support, day: date) -> Mapping[str, int]:
    """Whole blocks of each class of holders: the shares of the base, by the policy's method.

    Where envelopes are kept by the rate table, a class counts as many blocks as its rate.
    """
    size = next(iter(envelopes.block.values()))
    supplied = sum(n * support.rate(c) for c, n in support.supply(day).items())
    base = supplied if envelopes.base is None else envelopes.base
    return apportion(base // size, envelopes.shares, envelopes.method)


def _divide(term: Term, name: str, support: Support, envelopes: Envelopes, day: date) -> Term:
    resolved = term.resolved(term.starts)
    path, accounts = f"envelopes.{name}", Accounts(name)
    blocks = seats(envelopes, support, term.starts)
    measured = {h: support.amount(envelopes.block, n, _seconds(term)) for h, n in blocks.items()}
    result = {"term": term.index, "blocks": blocks, "measure": support.measure, "amounts": measured}
    assumed = resolved.assumed((path, f"supports.{name}"))
    decision = Decision(
        "envelopes", path, name, instant(day), term.document.digest, (), assumed, result
    )
    transfers: list[Transfer] = [
        single(
            f"envelope:{name}:{holder}:{term.index}",
            accounts.supply,
            accounts.envelope(holder),
            amount,
            support.measure,
            instant(day),
            path,
        )
        for holder, amount in measured.items()
        if holder and amount
    ]
    return term.decide([decision]).move(transfers)
