"""Admission: which Workloads may begin, because the most they can use fits the balance. Pure.

Kueue reserves quota for a Workload, asks the AdmissionCheck, and begins it when the answer is
Ready. The answer here is that of Slurm's `safe` limits (sacctmgr(1), "Flags"): work begins only if
its GPUs, for as long as it may run at most, still fit what is left of the award's budget beside all
that runs or may begin already. So a budget is not passed, however late the ledger hears of use.

What is left is the budget less what is used (`core.enforcement.balance`), less what running work
may still use. Kueue ends work after its longest time.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from headgate.core.enforcement.balance import Balance, by_owner
from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.core.metering.usage import Usage
from headgate.core.quantities import seconds_of
from headgate.engines.kueue.attempts import Meter, condition, gpus_of
from headgate.engines.kueue.manifests import VERSION

LIMIT_LABEL = "kueue.x-k8s.io/max-exec-time-seconds"


class State(Enum):
    """What Kueue does next: ask, begin the work, try it again later, or give it up."""

    PENDING = "Pending"
    READY = "Ready"
    RETRY = "Retry"
    REJECTED = "Rejected"


class Ground(Enum):
    """Why work may begin or not; the value is what its owner reads."""

    FITS = "it fits the balance"
    NO_LIMIT = f"say how long it runs at most: label the job {LIMIT_LABEL}"
    TOO_LARGE = "it may use more than the whole budget: ask for fewer GPUs or less time"
    NO_ROOM = "it may use more than is left: it is tried again, or ask for fewer GPUs or less time"
    CLOSED = "the award is not open now: it is suspended, has not begun or has ended"

    @property
    def state(self) -> State:
        """The answer that a ground leads to."""
        if self is Ground.FITS:
            return State.READY
        return State.REJECTED if self in (Ground.NO_LIMIT, Ground.TOO_LARGE) else State.RETRY


@dataclass(frozen=True, slots=True)
class Work:
    """A Workload for which Kueue holds GPUs of an award's queue.

    `most` is how many seconds it may run in all, `past` how many of them earlier admissions took;
    `waits` says that it asks, and is not running or sure to begin already. `version` is that of the
    object as seen: an answer to what has changed since would be an answer to another question.
    """

    key: tuple[str, str]
    version: str
    owner: tuple[str, str]
    gpus: int
    most: int | None
    past: int
    reserved: str
    admitted: str | None
    waits: bool

    def may_use(self, quota: Quota, now: str) -> int:
        """The GPU-seconds that it can still use at most, until the quota ends."""
        until_end = max(seconds_of(quota.ends) - seconds_of(now), 0)
        if self.most is None:
            return self.gpus * until_end
        ran = seconds_of(now) - seconds_of(self.admitted) if self.admitted is not None else 0
        return self.gpus * max(min(self.most - self.past - ran, until_end), 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told of one Workload; `needs` and `left` are GPU-seconds."""

    work: Work
    ground: Ground
    needs: int
    left: int

    @property
    def message(self) -> str:
        """What the work's owner reads in its status."""
        figures = f"needs up to {hours(self.needs)} GPU-hours, {hours(self.left)} are left"
        return f"{self.ground.value} ({figures})"


def works(things: Iterable[Mapping[str, Any]], meter: Meter, check: str) -> Iterator[Work]:
    """The Workloads that hold GPUs of our queues, whether they wait for us, run or will begin."""
    for thing in things:
        status, metadata = thing.get("status") or {}, thing["metadata"]
        admission = status.get("admission") or {}
        owner = meter.queues.get(admission.get("clusterQueue", ""))
        reserved = condition(thing, "QuotaReserved")
        if owner is None or reserved is None or condition(thing, "Finished") is not None:
            continue
        checks = status.get("admissionChecks", ())
        ours = next((State(one["state"]) for one in checks if one["name"] == check), None)
        admitted = condition(thing, "Admitted")
        if admitted is None and ours in (State.RETRY, State.REJECTED):
            # It is told already, and holds its GPUs only until Kueue has sent it back.
            continue
        yield Work(
            (metadata["namespace"], metadata["name"]),
            metadata["resourceVersion"],
            owner,
            gpus_of(admission, meter.resources[owner[1]]),
            thing.get("spec", {}).get("maximumExecutionTimeSeconds"),
            status.get("accumulatedPastExecutionTimeSeconds", 0),
            reserved,
            admitted,
            admitted is None and ours is State.PENDING,
        )


def answers(
    held: Iterable[Work],
    quotas: Iterable[Quota],
    attempts: Iterable[Usage],
    balance: Balance,
    now: str,
) -> Iterator[Answer]:
    """The answer to each Workload that waits, those whose quota was reserved first first."""
    open_to = {(quota.award, quota.support_class): quota for quota in quotas if quota.award}
    of_owner: dict[tuple[str, str], list[Work]] = {}
    for work in sorted(held, key=lambda one: (one.reserved, one.key)):
        of_owner.setdefault(work.owner, []).append(work)
    ran = by_owner(attempts)
    for owner, there in sorted(of_owner.items()):
        quota = open_to.get(owner)
        if quota is None:
            yield from (Answer(work, Ground.CLOSED, 0, 0) for work in there if work.waits)
        else:
            left = quota.gpu_seconds_budget - balance.used(quota, ran.get(owner, ()), now)
            yield from _of_award(quota, there, left, now)


def _of_award(quota: Quota, there: list[Work], left: int, now: str) -> Iterator[Answer]:
    """The answers to one award's Workloads, each made with what those before it may use."""
    left -= sum(work.may_use(quota, now) for work in there if not work.waits)
    for work in there:
        if work.waits:
            needs = work.may_use(quota, now)
            ground = _ground(quota, work, needs, left, now)
            yield Answer(work, ground, needs, max(left, 0))
            left -= needs if ground is Ground.FITS else 0


def _ground(quota: Quota, work: Work, needs: int, left: int, now: str) -> Ground:
    if work.gpus < 1:
        return Ground.FITS
    if quota.state is not QuotaState.OPEN or not quota.starts <= now < quota.ends:
        return Ground.CLOSED
    if work.most is None:
        return Ground.NO_LIMIT
    if needs > quota.gpu_seconds_budget:
        return Ground.TOO_LARGE
    return Ground.FITS if needs <= left else Ground.NO_ROOM


def told_of(answer: Answer, check: str, retry_seconds: int, now: str) -> dict[str, Any]:
    """The answer as the part of a Workload's status that is ours (v1beta2, AdmissionCheckState)."""
    namespace, name = answer.work.key
    state = answer.ground.state
    said: dict[str, Any] = {"name": check, "state": state.value, "message": answer.message}
    if state is State.RETRY:
        said["requeueAfterSeconds"] = retry_seconds
    return {
        "apiVersion": VERSION,
        "kind": "Workload",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "resourceVersion": answer.work.version,
        },
        "status": {"admissionChecks": [{**said, "lastTransitionTime": now}]},
    }


def active(check: Mapping[str, Any], now: str) -> dict[str, Any]:
    """That somebody answers a check: Kueue admits nothing by a check that is not active."""
    said = {"type": "Active", "status": "True", "reason": "Answering"}
    told = {**said, "message": "headgate admit answers it", "lastTransitionTime": now}
    return {
        "apiVersion": VERSION,
        "kind": "AdmissionCheck",
        "metadata": {"name": check["metadata"]["name"]},
        "status": {"conditions": [told]},
    }


def hours(gpu_seconds: int) -> str:
    """GPU-seconds as GPU-hours with one digit, rounded up: nobody reads 0.0 for something."""
    tenths = -(-gpu_seconds // 360)
    return f"{tenths // 10:,}.{tenths % 10}"
