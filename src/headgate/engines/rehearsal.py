"""A whole cluster in memory: it holds quotas, runs a workload under them, and fails on demand.

It stands in for a real one in the demo and in most tests, and follows one published set of rules:

1. In each quota jobs start first come, first served; a gang starts whole or not at all.
2. The GPUs running under a quota never pass its limit. The budget really ends: a job starts only if
   GPUs times seconds fits what is left beside what is running (Slurm's `safe`). A job that does not
   fit waits for a larger budget, and the jobs behind it go on.
3. The cluster's GPUs of a class are shared first come, first served: a job that waits for free GPUs
   is not overtaken by another quota's later job, so a large gang cannot starve.
4. A suspended quota, and one before its start or after its end, starts nothing; what runs, runs
   out.
5. A job larger than its quota or its cluster, or without a quota, is rejected and counted.

The clock is the caller's: time moves only by `advance` and `usage`, and how the steps are cut makes
no difference. Everything is an integer, so the same calls give the same answers on every machine.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import heappop, heappush

from headgate.core.enforcement.engine import Plan, Quota, QuotaState
from headgate.core.enforcement.job import Job
from headgate.core.enforcement.plan import applied, key_of
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.failures import Failure, FailurePoint, Failures, stop

__all__ = ["Job", "Rehearsal", "Rejected", "Rejection"]

_Key = tuple[str, str]


class Rejection(Enum):
    """Why a job will never start."""

    NO_QUOTA = "the award holds no quota of the class on this cluster"
    TOO_LARGE = "the gang is larger than its quota or than the cluster"


@dataclass(frozen=True, slots=True)
class Rejected:
    """One rejected job and the reason."""

    job: Job
    reason: Rejection


class Rehearsal:
    """An `Engine` of `capacity` GPUs of each class that is submitted `jobs` as its clock passes.

    `held` are quotas it holds from the beginning, such as other people's. Raises ValueError for a
    workload that no cluster could be given: two jobs of one id, no GPUs, no duration, the past.
    """

    def __init__(
        self,
        cluster: str,
        capacity: Mapping[str, int],
        jobs: Iterable[Job],
        failures: Iterable[Failure] = (),
        held: Collection[Quota] = (),
    ) -> None:
        self._cluster = cluster
        self._capacity = dict(capacity)
        self._jobs: list[Job] = []
        self._submitted: list[int] = []
        self._failures = Failures(failures)
        self._now = 0
        self._arrived = 0
        self._free = dict(capacity)
        self._ready: dict[str, list[tuple[int, _Key]]] = {name: [] for name in capacity}
        self._queues: dict[_Key, _Queue] = {}
        self._started: dict[int, int] = {}
        self._texts: dict[int, tuple[str, str]] = {}
        self._running: list[tuple[int, int]] = []
        self._finished: list[tuple[int, int]] = []
        self._wakes: list[tuple[int, _Key]] = []
        self._rejected: list[Rejected] = []
        self._quotas: tuple[Quota, ...] = ()
        self._others = frozenset(key_of(quota) for quota in held)
        self._hold(applied(held, ()))
        self.submit(jobs)

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self._cluster

    def owned(self, quota: Quota) -> bool:
        """Whether a quota is not one of those held from the beginning."""
        return key_of(quota) not in self._others

    def submit(self, jobs: Iterable[Job]) -> None:
        """Add to the workload; raises ValueError, and adds nothing, if it cannot be given."""
        coming = [*self._jobs[self._arrived :], *jobs]
        coming.sort(key=lambda job: (job.submitted, job.id))
        submitted = [seconds_of(job.submitted) for job in coming]
        if submitted and submitted[0] < self._now:
            raise ValueError("a job cannot be submitted in the past")
        _check([*self._jobs[: self._arrived], *coming])
        self._jobs[self._arrived :] = coming
        self._submitted[self._arrived :] = submitted

    def observe(self) -> tuple[Quota, ...]:
        """The quotas held now, sorted by award and class."""
        stop(self._failures.due("observe"), FailurePoint.OBSERVE)
        return self._quotas

    def remarks(self, wanted: Iterable[Quota]) -> tuple[str, ...]:
        """Nobody else has a hand here."""
        del wanted
        return ()

    def apply(self, plan: Plan) -> None:
        """Make the changes, in order; they take effect at the present instant of the clock."""
        if plan.cluster != self._cluster:
            raise ValueError(f"a plan for {plan.cluster!r} is not one for {self._cluster!r}")
        due = self._failures.due("apply")
        stop(due, FailurePoint.APPLY)
        part = due.get(FailurePoint.APPLY_PART)
        self._hold(applied(self._quotas, plan.changes[: part.changes if part else None]))
        stop(due, FailurePoint.APPLY_PART)
        stop(due, FailurePoint.APPLY_UNACKNOWLEDGED)

    def usage(self, since: str, until: str) -> Sequence[Usage]:
        """Every attempt that touches the window, by start; time moves on to `until` if it must."""
        due = self._failures.due("usage")
        stop(due, FailurePoint.USAGE)
        self.advance(until)
        rows = self._touching(seconds_of(since), until)
        if FailurePoint.USAGE_TWICE in due:
            rows = [row for row in rows for _ in range(2)]
        if FailurePoint.USAGE_UNSORTED in due:
            rows.reverse()
        return rows[: len(rows) // 2] if FailurePoint.USAGE_TRUNCATED in due else rows

    def advance(self, until: str) -> None:
        """Let everything happen that happens before an instant; an earlier one changes nothing."""
        end = seconds_of(until)
        while (at := self._next()) is not None and at < end:
            self._now = at
            touched = [*self._finish(), *self._arrive(), *self._wake()]
            for key in touched:
                self._offer(key)
            for name in dict.fromkeys(key[1] for key in touched):
                self._start(name)
        self._now = max(self._now, end)

    def rejected(self) -> tuple[Rejected, ...]:
        """The jobs that will never start, in the order in which they were rejected."""
        return tuple(self._rejected)

    def waiting(self) -> tuple[Job, ...]:
        """The jobs submitted so far that have neither started nor been rejected."""
        ranks = [rank for queue in self._queues.values() for rank in queue.all_waiting()]
        return tuple(self._jobs[rank] for rank in sorted(ranks))

    def _hold(self, quotas: tuple[Quota, ...]) -> None:
        """Take over what is held from now on, and look again at every quota that changed."""
        before = {(quota.award, quota.support_class): quota for quota in self._quotas}
        after = {(quota.award, quota.support_class): quota for quota in quotas}
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                queue = self._queues.setdefault(key, _Queue())
                queue.hold(after.get(key))
                for at in (queue.starts, queue.ends):
                    heappush(self._wakes, (max(self._now, at), key))
        self._quotas = quotas

    def _next(self) -> int | None:
        """When something happens next: to a running job, a submission or a quota; None: never."""
        times = [self._running[0][0]] if self._running else []
        if self._arrived < len(self._jobs):
            times.append(self._submitted[self._arrived])
        if self._wakes:
            times.append(self._wakes[0][0])
        return min(times, default=None)

    def _finish(self) -> list[_Key]:
        """Free the GPUs of the jobs that have run out."""
        touched = []
        while self._running and self._running[0][0] <= self._now:
            ended = heappop(self._running)
            self._finished.append(ended)
            job = self._jobs[ended[1]]
            key = job.award, job.support_class
            self._free[key[1]] += job.gpus
            self._queues[key].gpus -= job.gpus
            touched.append(key)
        return touched

    def _arrive(self) -> list[_Key]:
        """Queue the jobs that have been submitted."""
        touched = []
        while self._arrived < len(self._jobs) and self._submitted[self._arrived] <= self._now:
            job = self._jobs[self._arrived]
            key = job.award, job.support_class
            queue = self._queues.get(key)
            if queue is None or queue.quota is None:
                self._rejected.append(Rejected(job, Rejection.NO_QUOTA))
            else:
                queue.waiting.append(self._arrived)
                touched.append(key)
            self._arrived += 1
        return touched

    def _wake(self) -> list[_Key]:
        """The quotas that begin or end now, or have been changed."""
        touched = []
        while self._wakes and self._wakes[0][0] <= self._now:
            touched.append(heappop(self._wakes)[1])
        return touched

    def _head(self, queue: "_Queue") -> int | None:
        """The rank of the job that may start under a quota now; what never will is taken out."""
        while (quota := queue.serves(self._now)) and queue.waiting:
            rank = queue.waiting[0]
            job = self._jobs[rank]
            capacity = self._capacity.get(job.support_class, 0)
            most = capacity if quota.gpus_most is None else min(capacity, quota.gpus_most)
            if job.gpus > most:
                self._rejected.append(Rejected(job, Rejection.TOO_LARGE))
                queue.waiting.popleft()
            elif queue.spent + job.gpus * job.seconds > quota.gpu_seconds_budget:
                queue.beyond_budget.append(queue.waiting.popleft())
            else:
                return rank if queue.gpus + job.gpus <= most else None
        return None

    def _offer(self, key: _Key) -> None:
        """Line up a quota's next job for free GPUs, if its quota lets it start."""
        queue = self._queues[key]
        if not queue.offered and (rank := self._head(queue)) is not None:
            queue.offered = True
            heappush(self._ready[key[1]], (rank, key))

    def _start(self, name: str) -> None:
        """Start jobs of a class in the order of their submission until one must wait for GPUs."""
        ready = self._ready.get(name, [])
        while ready:
            rank, key = ready[0]
            queue, job = self._queues[key], self._jobs[rank]
            current = self._head(queue) == rank
            if current and job.gpus > self._free[name]:
                return
            heappop(ready)
            queue.offered = False
            if current:
                self._run(rank, job, queue)
            self._offer(key)

    def _run(self, rank: int, job: Job, queue: "_Queue") -> None:
        queue.waiting.popleft()
        queue.start(job, self._now)
        self._free[job.support_class] -= job.gpus
        self._started[rank] = self._now
        heappush(self._running, (self._now + job.seconds, rank))

    def _touching(self, since: int, until: str) -> list[Usage]:
        """The attempts that started before `until` and had not ended before `since`."""
        at = seconds_of(until)
        later = self._finished[bisect_left(self._finished, (since, -1)) :]
        spans = [
            (self._started[rank], rank, end)
            for end, rank in (*later, *self._running)
            if self._started[rank] < at
        ]
        return [
            self._usage(rank, *self._span(rank, start, end), ended=end <= at, seen=until)
            for start, rank, end in sorted(spans)
        ]

    def _span(self, rank: int, start: int, end: int) -> tuple[str, str]:
        """The instants at which a job started and ends, written once."""
        if rank not in self._texts:
            self._texts[rank] = instant_of(start), instant_of(end)
        return self._texts[rank]

    def _usage(self, rank: int, start: str, end: str, *, ended: bool, seen: str) -> Usage:
        job = self._jobs[rank]
        return Usage(
            self._cluster,
            job.id,
            1,
            job.award,
            job.support_class,
            job.gpus,
            start,
            end if ended else None,
            seen,
        )


class _Queue:
    """The jobs of one award and class, and what its quota has been used for."""

    __slots__ = (
        "beyond_budget", "ends", "gpus", "offered", "quota", "runs", "spent", "starts", "waiting"
    )  # fmt: skip

    def __init__(self) -> None:
        self.quota: Quota | None = None
        self.starts = 0
        self.ends = 0
        self.waiting: deque[int] = deque()
        self.beyond_budget: list[int] = []
        self.runs: list[tuple[int, int, int]] = []
        self.gpus = 0
        self.spent = 0
        self.offered = False

    def hold(self, quota: Quota | None) -> None:
        """Go on under another quota: count again what its budget is charged with."""
        self.quota = quota
        if quota is not None:
            self.starts, self.ends = seconds_of(quota.starts), seconds_of(quota.ends)
        self.spent = sum(
            gpus * max(0, end - max(start, self.starts)) for start, end, gpus in self.runs
        )
        self.waiting = deque(sorted(self.all_waiting()))
        self.beyond_budget = []

    def all_waiting(self) -> list[int]:
        """The ranks of the jobs that wait, for GPUs or for a larger budget."""
        return [*self.waiting, *self.beyond_budget]

    def serves(self, now: int) -> Quota | None:
        """The quota if jobs may start under it now."""
        quota = self.quota
        if quota is None or quota.state is QuotaState.SUSPENDED:
            return None
        return quota if self.starts <= now < self.ends else None

    def start(self, job: Job, now: int) -> None:
        """Charge a job to the quota, to its end."""
        self.gpus += job.gpus
        self.spent += job.gpus * job.seconds
        self.runs.append((now, now + job.seconds, job.gpus))


def _check(jobs: Sequence[Job]) -> None:
    seen: set[str] = set()
    for job in jobs:
        if job.id in seen:
            raise ValueError(f"two jobs have the id {job.id!r}")
        if job.gpus < 1 or job.seconds < 1:
            raise ValueError(f"job {job.id!r} has no GPUs or no duration")
        seen.add(job.id)
