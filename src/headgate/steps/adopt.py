"""Step 1: the policy is adopted; supply is counted and divided into envelopes."""

from collections.abc import Mapping
from datetime import date

from headgate.core import canonical
from headgate.core.decision import Decision
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.ledger.post import Books
from headgate.core.ledger.transfer import Transfer
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
    term = Term(document, 0, starts, ends, Books(chart_of(policy)), day=day)
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
    accounts = Accounts(name)
    amounts = {c: support.capacity(c, term.starts, term.ends) for c in support.classes}
    transfers = [
        single(
            f"arrival:{name}:{support_class}:{term.index}",
            accounts.arrival(support_class),
            accounts.capacity(support_class),
            amount,
            support.unit(support_class),
            instant(day),
            f"supports.{name}",
        )
        for support_class, amount in amounts.items()
        if amount
    ]
    return term.move(transfers)


def seats(envelopes: Envelopes, support: Support, starts: date, ends: date) -> Mapping[str, int]:
    """Whole blocks of each class of holders from `starts` up to `ends`, by the policy's method.

    What is divided is what the term's capacity comes to in blocks held throughout, so that a lot
    that serves half the term counts with half its GPUs. A stated base is the most that is divided:
    more than there is is promised to nobody. Where envelopes are kept by the rate table, a class
    counts as many blocks as its rate.
    """
    seconds = (ends - starts).days * DAY_SECONDS
    supplied = sum(support.capacity(c, starts, ends) * support.rate(c) for c in support.classes)
    if envelopes.base is not None:
        stated = support.amount({support.block_units[0]: 1}, envelopes.base, seconds)
        supplied = min(supplied, stated)
    blocks = supplied // support.amount(envelopes.block, 1, seconds)
    return apportion(blocks, envelopes.shares, envelopes.method)


def amounts_of(
    envelopes: Envelopes, support: Support, blocks: Mapping[str, int], starts: date, ends: date
) -> dict[str, int]:
    """What each class of holders may be granted from `starts` up to `ends`, in `measure`."""
    seconds = (ends - starts).days * DAY_SECONDS
    return {holder: support.amount(envelopes.block, n, seconds) for holder, n in blocks.items()}


def _divide(term: Term, name: str, support: Support, envelopes: Envelopes, day: date) -> Term:
    resolved = term.resolved(term.starts)
    path, accounts = f"envelopes.{name}", Accounts(name)
    blocks = seats(envelopes, support, term.starts, term.ends)
    measured = amounts_of(envelopes, support, blocks, term.starts, term.ends)
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
