"""Driving an engine: bring a cluster to its orders and fetch what it metered, whatever fails.

Nothing here remembers anything between calls. Every try starts from what the cluster holds now, so
a try that stopped half-way, or was carried out and never acknowledged, is simply seen as it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from time import monotonic
from typing import Final

from headgate.core.enforcement.engine import Change, Engine, EngineDown, Order, Plan, Quota
from headgate.core.enforcement.plan import REMOVALS_MOST, Refused, plan, within
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of

TRIES_MOST: Final = 5
QUICK_SECONDS: Final = 10
"""A look that is refused sooner is taken again at once; one that was waited for longer is not."""


class Enforced(Enum):
    """How an enforcement ended."""

    NOTHING_TO_DO = "the cluster held its orders already"
    CONVERGED = "the cluster holds its orders now"
    REFUSED = "there is no plan to apply"
    DRIFTING = "the cluster took the changes and holds something else"
    DOWN = "the cluster did not answer often enough; the orders wait"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was done to a cluster, for the file.

    `changes` are those of the first plan, which a person was shown; `refused` says why there was no
    plan, `drift` what the cluster was last known to hold otherwise, and `told` what it says of that
    itself. `tries` counts the attempts, and `down` says what did not answer at the last of them.
    """

    cluster: str
    outcome: Enforced
    changes: tuple[Change, ...]
    drift: tuple[Change, ...]
    refused: Refused | None
    tries: int
    down: str = ""
    told: tuple[str, ...] = ()


def enforce(
    engine: Engine,
    orders: Iterable[Order],
    owned: Callable[[Quota], bool],
    *,
    removals_most: Fraction = REMOVALS_MOST,
    mass_removal: bool = False,
    allowed: Plan | None = None,
    tries: int = TRIES_MOST,
) -> Receipt:
    """Observe, plan, apply, observe again and compare; begin anew when the engine goes down.

    One that hangs is not waited for once more. With `allowed`, a plan that a person was shown,
    nothing is applied that is not in it.
    """
    given = tuple(orders)

    def difference() -> Plan | Refused:
        return plan(
            engine.cluster,
            given,
            engine.observe(),
            owned,
            removals_most=removals_most,
            mass_removal=mass_removal,
        )

    first: tuple[Change, ...] = ()
    left: tuple[Change, ...] = ()
    outcome, down, told = Enforced.DOWN, "", tuple[str, ...]()
    for count in range(1, tries + 1):
        looked, since = False, monotonic()
        try:
            step, looked = difference(), True
            if isinstance(step, Plan) and allowed is not None:
                step = within(step, allowed, begun=bool(first))
            if isinstance(step, Plan) and step.changes:
                first = first or step.changes
                engine.apply(step)
                step = difference()
            if isinstance(step, Refused):
                return Receipt(engine.cluster, Enforced.REFUSED, first, left, step, count)
            left = step.changes
            if not left:
                done = Enforced.CONVERGED if first else Enforced.NOTHING_TO_DO
                return Receipt(engine.cluster, done, first, (), None, count)
            outcome, down = Enforced.DRIFTING, ""
            told = engine.remarks(order.quota for order in given)
        except EngineDown as error:
            outcome, down = Enforced.DOWN, str(error)
            if not looked and monotonic() - since > QUICK_SECONDS:
                break
    return Receipt(engine.cluster, outcome, first, left or first, None, count, down, told)


def collect(
    engine: Engine, since: str, until: str, *, overlap_seconds: int, tries: int = TRIES_MOST
) -> tuple[Usage, ...]:
    """Fetch usage from some time before `since`, so that rows which came late are seen again.

    The ledger's ids make the overlap harmless. Raises `EngineDown` when every try did.
    """
    start = instant_of(seconds_of(since) - overlap_seconds)
    for _ in range(tries - 1):
        try:
            return tuple(engine.usage(start, until))
        except EngineDown:
            continue
    return tuple(engine.usage(start, until))
