"""Step 4: awards become orders, and what the clusters hold afterwards is put on record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from headgate.core.decision import Decision
from headgate.core.enforcement.clusters.kind import Said
from headgate.core.enforcement.engine import Order, Quota, QuotaState
from headgate.core.enforcement.place import Part
from headgate.core.enforcement.plan import dated
from headgate.core.enforcement.receipt import ReadBack
from headgate.core.quantities import instant, seconds_of
from headgate.core.quick import quick
from headgate.core.seats import apportion
from headgate.core.supports import AnySupport
from headgate.steps.called import call_of
from headgate.steps.event import receipts_name
from headgate.steps.fees import is_suspended
from headgate.steps.term import Holding, Term


def orders_of(term: Term) -> tuple[Order, ...]:
    """Every quota the clusters shall hold now: each award's blocks and its amount for the term."""
    supports, held = term.policy(term.starts).supports, term.holdings.values()
    blocks = {call: call_of(term, call).block for call in {one.call for one in held}}
    orders = [o for h in held for o in _orders(term, h, supports[h.support], blocks[h.call])]
    return tuple(sorted(orders, key=lambda o: (o.cluster, o.quota.award, o.quota.support_class)))


def _orders(
    term: Term, holding: Holding, support: AnySupport, block: Mapping[str, int]
) -> Iterator[Order]:
    """One order for each site of an award; the budget is its grant, divided by blocks.

    An award that is suspended keeps its budget and starts nothing.
    """
    state, because = QuotaState.OPEN, f"calls.{holding.call}"
    if is_suspended(term, holding):
        state, because = QuotaState.SUSPENDED, f"{because}.invoice"
    for part, budget in zip(holding.parts, _split(holding.amount, holding.parts), strict=True):
        quota = _quota(
            holding.award,
            holding.support_class,
            support.held_at_once(block, part.blocks),
            budget,
            instant(max(holding.starts, term.starts)),
            instant(min(holding.ends, term.ends)),
            state,
            holding.holder,
        )
        yield _order(part.site, quota, because)


_quota: Final = quick(Quota)
_order: Final = quick(Order)


def envelopes_of(term: Term) -> tuple[Order, ...]:
    """What each class of holders runs at most on each site, and its shares of idle time there.

    A site's GPUs of a class are divided like the whole, in the envelope's blocks; an envelope is
    never less than what its awards hold at once, because awards are placed where there is room.
    """
    policy = term.policy(term.starts)
    held: dict[tuple[str, str, str], int] = {}
    for order in orders_of(term):
        key = order.cluster, order.quota.support_class, order.quota.holder
        held[key] = held.get(key, 0) + (order.quota.gpus_most or 0)
    orders: list[Order] = []
    for name, envelopes in policy.envelopes.items():
        support = policy.supports[name]
        for support_class, sites in support.sites(term.starts).items():
            for site, gpus in sites.items():
                size = envelopes.block.get(support.block_units[0], 1)
                blocks = apportion(gpus // size, envelopes.shares, envelopes.method)
                for holder, shares in envelopes.shares.items():
                    most = max(blocks[holder] * size, held.get((site, support_class, holder), 0))
                    term_of = (instant(term.starts), instant(term.ends), QuotaState.OPEN)
                    quota = Quota("", support_class, most, 0, *term_of, holder, (), shares)
                    orders.append(Order(site, quota, f"envelopes.{name}"))
    return tuple(orders)


def sharing_of(term: Term, site: str, now: str) -> tuple[Said, ...]:
    """How the supports that a site serves share there at an instant, by the policy; each once."""
    day = min(max(date.fromisoformat(now[:10]), term.starts), term.ends - timedelta(days=1))
    policy = term.policy(day)
    found = (
        Said.by(envelopes.sharing)
        for support, envelopes in policy.envelopes.items()
        if envelopes.sharing is not None
        and any(site in sites for sites in policy.supports[support].sites(day).values())
    )
    return tuple(dict.fromkeys(found))


Spent = Mapping[tuple[str, str], int]
"""GPU-seconds by award and class."""

Booked = Mapping[tuple[str, int], int]
"""GPU-seconds by job and attempt."""


def metered_of(term: Term) -> Mapping[str, tuple[Spent, Booked]]:
    """GPU-seconds that the ledger knows to be used in this term, by cluster.

    By award and class, and the same by job and attempt, so that what runs is not counted twice. A
    run that began before the term counts from the term's first day; one that still runs counts as
    far as it has been seen.
    """
    begun = instant(term.starts)
    starts = seconds_of(begun)
    found: dict[str, tuple[dict[tuple[str, str], int], dict[tuple[str, int], int]]] = {}
    # What was told before the term began has seen nothing of it.
    for of_job in term.known.after(begun):
        for record in (held.record for held in of_job):
            spent, booked = found.setdefault(record.cluster, ({}, {}))
            end = seconds_of(record.ended or record.seen)
            used = max(end - max(seconds_of(record.started), starts), 0) * record.gpus
            owner = record.award, record.support_class
            spent[owner] = spent.get(owner, 0) + used
            booked[record.job, record.attempt] = used
    return found


def _split(amount: int, parts: Sequence[Part]) -> list[int]:
    """An amount divided by blocks in whole units; what is left over goes to the first part."""
    if len(parts) == 1:
        return [amount]
    blocks = sum(part.blocks for part in parts)
    shares = [amount * part.blocks // blocks if blocks else 0 for part in parts]
    return [shares[0] + amount - sum(shares), *shares[1:]] if shares else []


def enforce(term: Term, held: Iterable[tuple[str, Quota]], day: date) -> Term:
    """Receive what the clusters hold now, and decide of each order whether it stands."""
    orders, when = orders_of(term), instant(day)
    name = f"held/{day.isoformat()}"
    observed = sorted(held, key=lambda h: (h[0], h[1].award, h[1].support_class))
    term = term.receive(
        name, "enforcement", [{"cluster": c, "quota": q} for c, q in observed], when
    )
    found = {(c, q.award, q.support_class): q for c, q in observed}
    decisions = []
    for order in orders:
        key = (order.cluster, order.quota.award, order.quota.support_class)
        result = {"order": order, "stands": found.get(key) == order.quota}
        subject = f"{order.quota.award}@{order.cluster}"
        decisions.append(
            Decision(
                "order", order.because, subject, when, term.document.digest, (name,), (), result
            )
        )
    return term.decide(decisions)


def read_back(term: Term, backs: Sequence[ReadBack], name: str, day: date) -> Term:
    """Receive what agents applied and read back, and decide of each order that it is about.

    Those are the orders that a try changed, and those that do not stand after it; an order is held
    against what its cluster shall hold at the moment at which the cluster was read.
    """
    when, facts = instant(day), receipts_name(name)
    term = term.receive(facts, "enforcement", backs, when)
    policy, decisions = term.document.digest, []
    orders = orders_of(term)
    for back in backs:
        changed = {(change.award, change.support_class) for change in back.changes}
        held = {(q.award, q.support_class): q for q in back.held}
        for order in (order for order in orders if order.cluster == back.cluster):
            key = order.quota.award, order.quota.support_class
            (due,) = dated([order], back.at)
            stands = held.get(key) == due.quota
            if key in changed or not stands:
                result = {"order": due, "stands": stands, "outcome": back.outcome}
                subject = f"{order.quota.award}@{order.cluster}"
                decisions.append(
                    Decision("order", order.because, subject, when, policy, (facts,), (), result)
                )
    return term.decide(decisions)
