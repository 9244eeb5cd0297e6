"""The budget rule: whether a queue is open, holds new work back, or is drained.

Kueue counts no GPU-hours, so the ledger does, and the queue is stopped by what it says is left.
"""

from dataclasses import dataclass
from enum import Enum

from headgate.core.enforcement.engine import Quota, QuotaState


class Stop(Enum):
    """A queue's stopPolicy: all may start, nothing new may start, and what runs is evicted too."""

    NONE = "None"
    HOLD = "Hold"
    DRAIN = "HoldAndDrain"


class Why(Enum):
    """Why a queue is or is not stopped, in order of precedence."""

    SUSPENDED = "the quota is suspended"
    NOT_STARTED = "the quota has not begun"
    ENDED = "the quota has ended"
    SPENT = "the ledger has nothing left of the budget"
    NEARLY_SPENT = "what may run until the next look would spend the budget"
    OPEN = "the budget and the term are open"


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether what runs is ended when a quota closes, and how far apart the looks at use are.

    `checked` work begins only where all that it may use fits, so nothing need be held back early.
    """

    ends_running: bool
    look_seconds: int
    checked: bool = False


def stop(quota: Quota, left: int, gpus: int, now: str, rule: Rule) -> tuple[Stop, Why]:
    """Decide from what is `left` in GPU-seconds, and the most `gpus` that may run at a time.

    A queue is held one look before its budget can be spent, so that nothing new begins that would
    only be evicted, and no more than what ran at that time can go beyond it.
    """
    closed = Stop.DRAIN if rule.ends_running else Stop.HOLD
    if quota.state is QuotaState.SUSPENDED:
        return closed, Why.SUSPENDED
    if now < quota.starts:
        return Stop.HOLD, Why.NOT_STARTED
    if now >= quota.ends:
        return closed, Why.ENDED
    if left <= 0:
        return closed, Why.SPENT
    if not rule.checked and left <= gpus * rule.look_seconds:
        return Stop.HOLD, Why.NEARLY_SPENT
    return Stop.NONE, Why.OPEN
