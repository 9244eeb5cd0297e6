"""Why a project's job waits, told from what its quota is and what has been used of it.

Slurm names the limit that a waiting job has met (`squeue`, REASON), Kueue the queue's condition;
neither says what the limit means in the programme. This does, from the same facts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of


class Wait(Enum):
    """Why a job would wait, in order of precedence; the value is what Slurm calls it."""

    NOT_BEGUN = "AssocGrpJobsLimit"
    ENDED = "AssocGrpJobsLimit, dates over"
    SUSPENDED = "AssocGrpJobsLimit, suspended"
    BUDGET_SPENT = "QOSGrpGRESMinutes"
    OUTAGE = "ReqNodeNotAvail"
    NOT_APPLIED = "AssocGrpGRES, old limit"
    AT_MOST = "AssocGrpGRES"
    NOTHING_OURS = "Resources, Priority"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a quota stands: GPU-seconds used in its term, GPUs that run, whether it is applied.

    `away` says that its site has an announced outage now.
    """

    used: int
    running: int
    applied: bool
    away: bool


def wait(quota: Quota, standing: Standing, now: str) -> Wait:
    """The first reason for which a job of the project would not start now."""
    reasons = {
        Wait.NOT_BEGUN: now < quota.starts,
        Wait.ENDED: now >= quota.ends,
        Wait.SUSPENDED: quota.state is not QuotaState.OPEN,
        Wait.BUDGET_SPENT: standing.used >= quota.gpu_seconds_budget,
        Wait.OUTAGE: standing.away,
        Wait.NOT_APPLIED: not standing.applied,
        Wait.AT_MOST: quota.gpus_most is not None and standing.running >= quota.gpus_most,
    }
    return next((reason for reason, holds in reasons.items() if holds), Wait.NOTHING_OURS)


def spent_at(attempts: Iterable[Usage], quota: Quota) -> str | None:
    """The instant at which the attempts of a quota had used its budget up; None if they have not.

    What ran before the quota's start is not of its budget.
    """
    starts, steps = seconds_of(quota.starts), list[tuple[int, int]]()
    for one in attempts:
        begin = max(seconds_of(one.started), starts)
        end = seconds_of(one.ended or one.seen)
        if begin < end:
            steps += [(begin, one.gpus), (end, -one.gpus)]
    left, running, last = quota.gpu_seconds_budget, 0, starts
    for at, change in sorted(steps):
        used = running * (at - last)
        if running and used >= left:
            return instant_of(last + -(-left // running))
        left, running, last = left - used, running + change, at
    return None
