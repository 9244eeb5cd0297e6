"""What is asked of a programme: a trace as it came, or drawn again week by week.

One trace is one history. Whole weeks of it, drawn with replacement (a block bootstrap: Kuensch,
Annals of Statistics 1989), give histories that might as well have been, so that a figure can be
shown with how much it owes to chance. A load repeats or leaves out jobs until their work is that
part of what the programme's GPUs could do in the same time.
"""

from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from headgate.core.quantities import DAY_SECONDS
from headgate.readers.traces import Marks, Trace, owner
from headgate.simulation.draws import PER_MILLE, Draws
from headgate.simulation.replay.layout import Column, Table

WEEK_SECONDS = 7 * DAY_SECONDS
Places = np.ndarray[tuple[int], np.dtype[np.int32]]
BLOCK = 1 << 16
"""Jobs that are looked at in Python's own numbers at once."""
LIMIT_TIMES = 2
"""How many times its run time a job asks for where its trace does not say; assumed."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Jobs as columns, by submission from 0 on; `tenant` counts into `tenants`."""

    submitted: Column
    seconds: Column
    limit: Column
    gpus: Column
    tenant: Column
    inference: Marks
    tenants: tuple[str, ...]

    @property
    def gpu_seconds(self) -> int:
        """The work of all jobs."""
        return int((self.seconds * self.gpus).sum())

    def between(self, start: int, end: int) -> "Demand":
        """The jobs from one row to before another, without a copy."""
        columns = ("submitted", "seconds", "limit", "gpus", "tenant", "inference")
        return replace(self, **{name: getattr(self, name)[start:end] for name in columns})

    def only(self, chosen: np.ndarray) -> "Demand":
        """Some of the jobs, in the order in which they are submitted."""
        submitted = self.submitted[chosen]
        sorted_ = bool((np.diff(submitted) >= 0).all())
        order = chosen if sorted_ else chosen[np.argsort(submitted, kind="stable")]
        return Demand(
            self.submitted[order],
            self.seconds[order],
            self.limit[order],
            self.gpus[order],
            self.tenant[order],
            self.inference[order],
            self.tenants,
        )


def as_it_came(trace: Trace) -> Demand:
    """A trace's jobs, the first submitted at 0."""
    asked, seconds = trace.limit, trace.seconds
    limit = np.where(asked > 0, np.maximum(asked, seconds), seconds * LIMIT_TIMES)
    submitted = trace.submitted - trace.submitted.min()
    whose = (trace.tenant, trace.inference, trace.tenants)
    return Demand(submitted, seconds, limit, trace.gpus, *whose)


def largest(demand: Demand, count: int) -> Demand:
    """So many of the jobs, those with the most GPU time; of equal ones, those that came first."""
    return demand.only(np.argsort(-demand.seconds * demand.gpus, kind="stable")[:count])


def drawn(demand: Demand, seed: str) -> Demand:
    """As many weeks as the demand has, each of them any of its weeks."""
    week = demand.submitted // WEEK_SECONDS
    count = int(week.max()) + 1
    draws, starts = Draws(seed, "weeks"), np.searchsorted(week, np.arange(count + 1))
    chosen, shifts = [np.array([], np.int64)], [np.array([], np.int64)]
    for place in range(count):
        source = draws.below(count)
        rows = np.arange(starts[source], starts[source + 1])
        chosen.append(rows)
        shifts.append(np.full(len(rows), (place - source) * WEEK_SECONDS))
    return _moved(demand, np.concatenate(chosen), np.concatenate(shifts))


def loaded(demand: Demand, gpus: int, per_mille: int, seed: str) -> Demand:
    """The demand repeated or thinned to a load of so many GPUs.

    A job that is repeated comes again on some day within a week of its own.
    """
    span = int(demand.submitted.max()) + 1
    times = Fraction(gpus * span * per_mille, PER_MILLE * max(demand.gpu_seconds, 1))
    chosen: list[int] = []
    shifts: list[int] = []
    draws = Draws(seed, "load")
    for job, at in enumerate(demand.submitted.tolist()):
        for copy in range(_copies(times, draws)):
            moved = (at + draws.below(WEEK_SECONDS) * (copy > 0)) % span
            chosen.append(job)
            shifts.append(moved - at)
    return _moved(demand, np.array(chosen, np.int64), np.array(shifts, np.int64))


def _copies(times: Fraction, draws: Draws) -> int:
    whole, rest = divmod(times.numerator, times.denominator)
    return whole + (draws.below(times.denominator) < rest)


def _moved(demand: Demand, chosen: Column, shifts: Column) -> Demand:
    """Jobs, each any number of times, moved in time."""
    moved = Demand(
        demand.submitted[chosen] + shifts,
        demand.seconds[chosen],
        demand.limit[chosen],
        demand.gpus[chosen],
        demand.tenant[chosen],
        demand.inference[chosen],
        demand.tenants,
    )
    return moved.only(np.arange(len(chosen)))


def payer(tenants: Collection[str], tenant: str) -> str:
    """Whose award a tenant's jobs are of where spot is no class of its own."""
    return owner(tenant) if owner(tenant) in tenants else tenant


def dealt(
    demand: Demand, envelopes: Mapping[str, int], last: Collection[str] = ()
) -> dict[str, str]:
    """Whose envelope each tenant's jobs come under, by the envelopes' quotas.

    A tenant with an envelope's own name is that envelope's. The others, in descending order of
    GPU-time, go each to the envelope whose work so far is the smallest part of its quota; ties go
    by name. An envelope without a quota gets none. Tenants that are to be `last` make no other's
    envelope another. The spot part of a tenant goes where the tenant goes.
    """
    own = {name: owner(name) for name in demand.tenants if envelopes.get(owner(name))}
    used = np.zeros(len(demand.tenants), np.int64)
    np.add.at(used, demand.tenant, demand.seconds * demand.gpus)
    by_use = dict.fromkeys(demand.tenants, 0)
    for name, amount in zip(demand.tenants, used.tolist(), strict=True):
        by_use[name if name in last else payer(by_use, name)] += amount
    work = {name: 0 for name in sorted(envelopes) if envelopes[name]}
    found = dict[str, str]()
    parts = {name: payer(by_use, name) != name for name in demand.tenants}
    ranks = {name: (name in last, parts[name], -by_use[name], name) for name in demand.tenants}
    for tenant in sorted(demand.tenants, key=lambda name: ranks[name]):
        to = own.get(tenant) or found.get(owner(tenant))
        to = to or min(work, key=lambda name: Fraction(work[name], envelopes[name]))
        found[tenant] = to
        work[to] = work.get(to, 0) + by_use[tenant]
    return found


@dataclass(frozen=True, slots=True)
class Room:
    """From a moment on: the largest gang of each tenant in each pool, and each pool's GPUs."""

    at: int
    most: Table
    gpus: Sequence[int]


def spread(demand: Demand, rooms: Sequence[Room]) -> Places:
    """The pool of each job; -1 where none has room for it in its tenant's envelope from then on.

    A job goes to a pool that has room for it on the day on which it is submitted, and only where
    none has, to one that will have it soonest: nobody waits for chips that are still to come while
    others would do. Of several, it goes where the work dealt since the supply last changed is the
    smallest part of what the pool can do, so that pools fill alike.
    """
    if len(rooms) == 1:
        return _spread(demand, rooms[0])
    edges = np.searchsorted(demand.submitted, [room.at for room in rooms[1:]]).tolist()
    found = np.full(len(demand.gpus), -1, np.int32)
    for n, (start, end) in enumerate(pairwise([0, *edges, len(found)])):
        found[start:end] = _spread(demand.between(start, end), rooms[n])
        for room in rooms[n + 1 :]:
            left = start + np.flatnonzero(found[start:end] < 0)
            if len(left):
                found[left] = _spread(demand.only(left), room)
    return found


def _spread(demand: Demand, room: Room) -> Places:
    """The pool of each job while the supply is one; -1 where none has room."""
    open_ = [pool for pool, gpus in enumerate(room.gpus) if gpus]
    if len(open_) == 1:
        fits = demand.gpus <= room.most[open_[0]][demand.tenant]
        return np.where(fits, np.int32(open_[0]), np.int32(-1))
    given = [0] * len(room.gpus)
    found = array("i")
    limits = [(pool, room.most[pool].tolist()) for pool in open_]
    for start in range(0, len(demand.gpus), BLOCK):
        block = slice(start, start + BLOCK)
        columns = (demand.tenant[block], demand.gpus[block], demand.seconds[block])
        for tenant, gpus, seconds in zip(*(column.tolist() for column in columns), strict=True):
            best = -1
            for pool, largest in limits:
                if gpus > largest[tenant]:
                    continue
                if best < 0 or given[pool] * room.gpus[best] < given[best] * room.gpus[pool]:
                    best = pool
            found.append(best)
            if best >= 0:
                given[best] += gpus * seconds
    return np.frombuffer(found, np.int32) if found else np.zeros(0, np.int32)
