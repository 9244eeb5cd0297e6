"""Why a project's job waits: what the cluster says of it, in the programme's own words.

Slurm names the limit that a waiting job has met (squeue(1), REASON), Kueue the quota's condition;
neither says what the limit means in the programme. This does, from what was ordered and used, for
the jobs that wait as an agent has told, or for the next one where none does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of


class Wait(Enum):
    """Why a job waits, or would wait, in order of precedence; the value is what Slurm calls it.

    From NOTHING_OURS on only a cluster can tell, of a job that waits.
    """

    NOT_BEGUN = "AssocGrpJobsLimit"
    ENDED = "AssocGrpJobsLimit, dates over"
    SUSPENDED = "AssocGrpJobsLimit, suspended"
    BUDGET_SPENT = "QOSGrpGRESMinutes"
    OUTAGE = "ReqNodeNotAvail"
    NOT_APPLIED = "AssocGrpGRES, old limit"
    AT_MOST = "AssocGrpGRES"
    NOTHING_OURS = "Resources, Priority"
    BUDGET_KEPT = "QOSGrpGRESMinutes, kept"
    NO_ROOM = "AssocGrpGRES, too many"
    TOO_LARGE = "budget too_large"
    NO_LIMIT = "budget no_limit"
    LOGIN_GONE = "InvalidAccount"
    OLD_TERM = "InvalidQOS"
    SITES_LIMIT = "QOSMax, of the site"
    SITE_HOLDS = "Reservation"
    OWN_WORD = "Dependency"
    OTHER = "Pending"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a quota stands: GPU-seconds used in its term, GPUs that run, whether it is applied.

    `away` says that its site has an announced outage now.
    """

    used: int
    running: int
    applied: bool
    away: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many jobs of an award's class that wait for one reason, in the cluster's own words."""

    award: str
    support_class: str
    reason: str
    jobs: int


_CLOSED = re.compile(r"AssocGrp(Submit)?JobsLimit|budget closed|.*\b(stopped|inactive)\b.*")
_BUDGET = re.compile(r"(Assoc|QOS)Grp(GRES|TRES|Billing)(Run)?Minutes|budget no_room")
_AT_ONCE = re.compile(r"(Assoc|QOS)GrpGRES|.*insufficient unused quota.*")
_NAMED = {
    Wait.NO_LIMIT: re.compile(r"budget no_limit"),
    Wait.TOO_LARGE: re.compile(r"budget too_large|.*(insufficient quota|maximum capacity).*"),
    Wait.LOGIN_GONE: re.compile(r"InvalidAccount|AccountNotAllowed|AssocNotFound"),
    Wait.OLD_TERM: re.compile(r"InvalidQOS|QOSNotAllowed"),
    Wait.NOTHING_OURS: re.compile(r"Resources|Priority|None|budget fits"),
    Wait.SITE_HOLDS: re.compile(
        r"ReqNodeNotAvail|Reservation|Partition(Down|Inactive|NodeLimit|TimeLimit|Config)|NodeDown"
        r"|Nodes_required_for_job.*|FrontEndDown|Licenses|Prolog|Cleaning|BurstBuffer.*|Power\w*"
    ),
    Wait.OWN_WORD: re.compile(
        r"Dependency(NeverSatisfied)?|BeginTime|JobHeld(User|Admin)|JobArrayTaskLimit"
        r"|BadConstraints|TimeLimit|launch_failed_requeued_held"
    ),
    Wait.SITES_LIMIT: re.compile(r"(Assoc|QOS)(Grp|Max|Min|Time|Resource|Usage)\w*"),
}
"""Reasons of squeue(1) and conditions of Kueue, each by what it means; the first that fits."""


def told(reason: str, quota: Quota, standing: Standing, now: str) -> Wait:
    """What a cluster's word for why jobs wait means for a quota that stands so."""
    derived = wait(quota, standing, now)
    if _CLOSED.fullmatch(reason):
        closing = (Wait.NOT_BEGUN, Wait.ENDED, Wait.SUSPENDED, Wait.BUDGET_SPENT)
        return derived if derived in closing else Wait.NOT_APPLIED
    if _BUDGET.fullmatch(reason):
        spent = standing.used >= quota.gpu_seconds_budget
        return Wait.BUDGET_SPENT if spent else Wait.BUDGET_KEPT
    if _AT_ONCE.fullmatch(reason):
        full = quota.gpus_most is not None and standing.running >= quota.gpus_most
        return Wait.AT_MOST if full else Wait.NO_ROOM
    found = (one for one, words in _NAMED.items() if words.fullmatch(reason))
    return next(found, Wait.OTHER)


def wait(quota: Quota, standing: Standing, now: str) -> Wait:
    """The first reason for which a job of the project would not start now."""
    reasons = (
        (Wait.NOT_BEGUN, now < quota.starts),
        (Wait.ENDED, now >= quota.ends),
        (Wait.SUSPENDED, quota.state is not QuotaState.OPEN),
        (Wait.BUDGET_SPENT, standing.used >= quota.gpu_seconds_budget),
        (Wait.OUTAGE, standing.away),
        (Wait.NOT_APPLIED, not standing.applied),
        (Wait.AT_MOST, quota.gpus_most is not None and standing.running >= quota.gpus_most),
    )
    return next((reason for reason, holds in reasons if holds), Wait.NOTHING_OURS)


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
