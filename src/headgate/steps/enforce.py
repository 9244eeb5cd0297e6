"""Step 4: awards become orders, and what the clusters hold afterwards is put on record."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from headgate.core.decision import Decision
from headgate.core.enforcement.engine import Order, Quota, QuotaState
from headgate.core.enforcement.place import Part
from headgate.core.quantities import instant
from headgate.steps.calls import call_of
from headgate.steps.term import Holding, Term


def orders_of(term: Term) -> tuple[Order, ...]:
    """Every quota the clusters shall hold now: each award's blocks and its amount for the term."""
    orders = [order for holding in term.holdings.values() for order in _orders(term, holding)]
    return tuple(sorted(orders, key=lambda o: (o.cluster, o.quota.award, o.quota.support_class)))


def _orders(term: Term, holding: Holding) -> Iterator[Order]:
    """One order for each site of an award; the budget is its grant, divided by blocks."""
    support = term.policy(term.starts).supports[holding.support]
    block = call_of(term, holding.call).block
    for part, budget in zip(holding.parts, _split(holding.amount, holding.parts), strict=True):
        quota = Quota(
            holding.award,
            holding.support_class,
            support.held_at_once(block, part.blocks),
            budget,
            instant(max(holding.starts, term.starts)),
            instant(min(holding.ends, term.ends)),
            QuotaState.OPEN,
            holding.holder,
        )
        yield Order(part.site, quota, f"calls.{holding.call}")


def _split(amount: int, parts: Sequence[Part]) -> list[int]:
    """An amount divided by blocks in whole units; what is left over goes to the first part."""
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
