"""The difference between what the decisions say and what a cluster holds, for a person to sign.

Pure: the same orders and the same observation give the same plan on every machine, whatever the
order they come in. Names are compared whole and never taken apart, so no name can reach another
award's quota. What Headgate did not make is not its to change: a quota that `owned` denies is left
as it is. A plan that would take away more than a set share of what is held needs an explicit word,
because the usual cause of a mass removal is an empty or truncated list of orders.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from fractions import Fraction
from typing import Final

from headgate.core import canonical
from headgate.core.enforcement.engine import Action, Change, Order, Plan, Quota, QuotaState
from headgate.core.ledger.text import is_instant

REMOVALS_MOST: Final = Fraction(1, 10)
"""The share of the quotas held that may go without an explicit word."""

NAMES_MOST: Final = 3
"""How many of the quotas that would go are named; the plan that is made under the word has all."""

_WORD: Final = re.compile("[A-Za-z0-9._:+/-]+")

NO_ORDER: Final = "no order asks for it any longer"

Key = tuple[str, str, str]
"""Award, class, and for an envelope, which has no award, the class of holders."""


class Owner(Enum):
    """Who decides a field of a quota; a cluster's value is never copied back as truth."""

    AWARD = "award"
    LEDGER = "ledger"
    POLICY = "policy"
    SITE = "site"
    DECISION = "decision"


OWNERS: Final[Mapping[str, Owner]] = {
    "gpus_most": Owner.AWARD,
    "gpu_seconds_budget": Owner.LEDGER,
    "starts": Owner.AWARD,
    "ends": Owner.AWARD,
    "state": Owner.DECISION,
    "holder": Owner.AWARD,
    "logins": Owner.SITE,
    "shares": Owner.POLICY,
}
"""Field -> owner, for every field that is not the quota's own name."""


class Refusal(Enum):
    """Why no plan is made, in the order in which they are reported."""

    ANOTHER_CLUSTER = "the order is for another cluster"
    NOT_OURS = "the order names a quota that Headgate may not touch"
    BAD_LIMIT = "a limit or a budget is below zero"
    BAD_TERM = "the quota's start and end are not instants in order"
    TWO_ORDERS = "two different orders for one award and class"
    HELD_TWICE = "the cluster reports one quota of ours twice"
    MASS_REMOVAL = "more of the quotas held would go than may go without an explicit word"
    PLAN_OTHER = "the cluster now needs a change that is not in the plan that was allowed"


@dataclass(frozen=True, slots=True)
class Refused:
    """All the reasons why there is no plan, each with what it is about, sorted."""

    cluster: str
    reasons: tuple[tuple[Refusal, str], ...]


def plan(
    cluster: str,
    orders: Iterable[Order],
    observed: Iterable[Quota],
    owned: Callable[[Quota], bool],
    *,
    removals_most: Fraction = REMOVALS_MOST,
    mass_removal: bool = False,
) -> Plan | Refused:
    """The changes that make the cluster hold exactly the ordered quotas, or why there is no plan.

    `owned` tells Headgate's quotas from other people's. `mass_removal` is the explicit word that
    more than `removals_most` of the quotas held may go.
    """
    given = sorted(set(orders), key=_order)
    ours = [quota for quota in observed if owned(quota)]
    wanted = {key_of(order.quota): order for order in given}
    held = {key_of(quota): quota for quota in ours}
    reasons = [*_order_refusals(cluster, given, owned), *_held_refusals(ours)]
    gone = held.keys() - wanted.keys()
    if not mass_removal and len(gone) > removals_most * len(held):
        reasons.append((Refusal.MASS_REMOVAL, _would_go(gone, len(held), removals_most)))
    if reasons:
        return Refused(cluster, tuple(sorted(reasons, key=_precedence)))
    return Plan(cluster, (*_puts(wanted, held), *_removals(held, gone)))


def within(step: Plan, allowed: Plan, *, begun: bool) -> Plan | Refused:
    """A plan, if all of it is in the one that was allowed; else the changes that are not.

    A change is allowed as it was shown, from what was held then; once the allowed plan has begun to
    be carried out, what is held may lie between the two, and what is wanted stays the same.
    """
    shown = set(allowed.changes) if not begun else {_towards(one) for one in allowed.changes}
    other = [one for one in step.changes if (_towards(one) if begun else one) not in shown]
    if not other:
        return step
    names = {_named((one.award, one.support_class, one.holder)) for one in other}
    return Refused(step.cluster, tuple((Refusal.PLAN_OTHER, name) for name in sorted(names)))


def _towards(change: Change) -> tuple[Key, Quota | None]:
    return (change.award, change.support_class, change.holder), change.wanted


def dated(orders: Iterable[Order], now: str) -> tuple[Order, ...]:
    """The orders as they stand at an instant: before its start and after its end a quota is closed.

    A cluster knows no dates, so that whoever drives it must come again on the day.
    """
    return tuple(
        order
        if order.quota.starts <= now < order.quota.ends
        else replace(
            order,
            quota=replace(order.quota, state=QuotaState.SUSPENDED),
            because=f"{order.because}, outside its dates",
        )
        for order in orders
    )


def admitted(orders: Iterable[Order], logins: Mapping[str, Iterable[str]]) -> tuple[Order, ...]:
    """The orders with those who may run under each award."""
    return tuple(
        replace(order, quota=replace(order.quota, logins=tuple(sorted(set(given)))))
        if (given := logins.get(order.quota.award))
        else order
        for order in orders
    )


def digest(plan: Plan) -> str:
    """SHA-256 of a plan's canonical line: what a person signs and what may then be applied."""
    return canonical.digest(canonical.line(plan))


def applied(observed: Iterable[Quota], changes: Iterable[Change]) -> tuple[Quota, ...]:
    """What a cluster holds after some changes, sorted; applying them again changes nothing."""
    held = {key_of(quota): quota for quota in observed}
    for change in changes:
        key = change.award, change.support_class, change.holder
        if change.wanted is None:
            held.pop(key, None)
        else:
            held[key] = change.wanted
    return tuple(held[key] for key in sorted(held))


def explain(plan: Plan) -> tuple[str, ...]:
    """The plan as lines for the person who signs it: each field, its owner, and the reason.

    Text that is more than one plain word is quoted and escaped, so that no name can pass for
    another line or another name.
    """
    counts = [
        f"{sum(change.action is action for change in plan.changes)} to {action.value}"
        for action in Action
    ]
    head = ", ".join(counts) if plan.changes else "nothing to do"
    return (
        f"{_shown(plan.cluster)}: {head}",
        *(line for change in plan.changes for line in _lines(change)),
    )


def _puts(wanted: Mapping[Key, Order], held: Mapping[Key, Quota]) -> Iterator[Change]:
    for key, order in sorted(wanted.items()):
        before = held.get(key)
        if before != order.quota:
            action = Action.ADD if before is None else Action.CHANGE
            yield Change(action, *key[:2], before, order.quota, order.because, key[2])


def _removals(held: Mapping[Key, Quota], gone: Iterable[Key]) -> Iterator[Change]:
    for key in sorted(gone):
        yield Change(Action.REMOVE, *key[:2], held[key], None, NO_ORDER, key[2])


def _order_refusals(
    cluster: str, orders: Iterable[Order], owned: Callable[[Quota], bool]
) -> Iterator[tuple[Refusal, str]]:
    seen: dict[Key, Quota] = {}
    for order in orders:
        quota = order.quota
        what = _named(key_of(quota))
        if order.cluster != cluster:
            yield Refusal.ANOTHER_CLUSTER, f"{what} for {_shown(order.cluster)}"
        if not owned(quota):
            yield Refusal.NOT_OURS, what
        if (quota.gpus_most or 0) < 0 or quota.gpu_seconds_budget < 0:
            yield Refusal.BAD_LIMIT, what
        instants = is_instant(quota.starts) and is_instant(quota.ends)
        if not instants or quota.ends <= quota.starts:
            yield Refusal.BAD_TERM, what
        if seen.setdefault(key_of(quota), quota) != quota:
            yield Refusal.TWO_ORDERS, what


def _held_refusals(ours: Iterable[Quota]) -> Iterator[tuple[Refusal, str]]:
    seen: set[Key] = set()
    for quota in ours:
        if key_of(quota) in seen:
            yield Refusal.HELD_TWICE, _named(key_of(quota))
        seen.add(key_of(quota))


def _would_go(gone: Iterable[Key], held: int, most: Fraction) -> str:
    """How many quotas would go, how many may, and the first of their names."""
    names = [_named(key) for key in sorted(gone)]
    some = "; ".join(names[:NAMES_MOST])
    rest = f"; {len(names) - NAMES_MOST} more" if len(names) > NAMES_MOST else ""
    return f"{len(names)} of {held} quotas would go, {most * held // 1} may ({some}{rest})"


def _lines(change: Change) -> Iterator[str]:
    name = _named((change.award, change.support_class, change.holder))
    yield f"{change.action.value} {name} because {_shown(change.because)}"
    for differs in differing(change):
        what = f"{differs.field}: {differs.held} -> {differs.wanted}"
        yield f"  {what} (owner: {differs.owner.value})"


@dataclass(frozen=True, slots=True)
class Differing:
    """One field of a quota that is otherwise than ordered, as plain words, and who decides it."""

    field: str
    held: str
    wanted: str
    owner: Owner


def differing(change: Change) -> Iterator[Differing]:
    """The fields in which a change would change something."""
    for field in fields(Quota):
        if field.name in OWNERS:
            before, after = (_value(quota, field.name) for quota in (change.held, change.wanted))
            if before != after:
                yield Differing(field.name, before, after, OWNERS[field.name])


def _value(quota: Quota | None, field: str) -> str:
    if quota is None:
        return "none"
    value = getattr(quota, field)
    if isinstance(value, tuple):
        return ",".join(map(_shown, value)) or "none"
    if value is None:
        return "unlimited" if field == "gpus_most" else "none"
    return _shown(getattr(value, "value", str(value)))


def _named(key: Key) -> str:
    """A quota's name for people; an envelope is called by its class of holders."""
    award, support_class, holder = key
    return f"{_shown(award) if award else f'envelope {_shown(holder)}'} {_shown(support_class)}"


def _shown(text: str) -> str:
    return text if _WORD.fullmatch(text) else ascii(text)


def key_of(quota: Quota) -> Key:
    """What names a quota on its cluster."""
    return quota.award, quota.support_class, "" if quota.award else quota.holder


def _order(order: Order) -> tuple[Key, str, str, str]:
    return key_of(order.quota), order.because, order.cluster, repr(order.quota)


def _precedence(reason: tuple[Refusal, str]) -> tuple[int, str]:
    return list(Refusal).index(reason[0]), reason[1]
