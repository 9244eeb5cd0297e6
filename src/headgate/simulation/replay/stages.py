"""From a history of jobs to what became of them in every pool, stage by stage.

Where a policy has inference run on some chips first (NPU-first), those are stages of their own:
whoever has no room there, or went because it waited too long, tries the next, from that moment on.
All pools that are left are the last stage, and where no chips come first the only one. Within it
whoever waits in a pool when its chips are taken away tries those whose chips stand longer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headgate.readers.traces import owner
from headgate.simulation.replay.demand import Demand, Places, spread
from headgate.simulation.replay.figures import Lane
from headgate.simulation.replay.identities import assure
from headgate.simulation.replay.layout import Column
from headgate.simulation.replay.pool import Gangs, Pool, Replayed
from headgate.simulation.replay.supply import Offer

PERCENT = 100
Replay = Callable[[Pool], Replayed]


@dataclass(frozen=True, slots=True)
class History:
    """Jobs, the envelope of each tenant, what is offered them, and how a pool is replayed."""

    demand: Demand
    envelope: Column
    offer: Offer
    replay: Replay


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows of jobs that come to a stage, and when each does."""

    rows: Places
    at: Column


def lanes_of(history: History) -> tuple[list[Lane], int]:
    """A history in all pools, and how many of its jobs have room in none.

    Raises Broken for a replay that cannot be right.
    """
    demand, (*firsts, last) = history.demand, history.offer.stages
    rows = np.arange(len(demand.gpus), dtype=np.int32)
    if not firsts:
        lanes, left = _stage(history, Waiting(rows, demand.submitted), last)
        return lanes, len(left.rows)
    marked = _marked(demand, history.offer)
    waiting, lanes = Waiting(rows[marked], demand.submitted[marked]), list[Lane]()
    for stage in firsts:
        found, waiting = _stage(history, waiting, stage)
        lanes += found
    every = np.concatenate([waiting.rows, rows[~marked]])
    at = np.concatenate([waiting.at, demand.submitted[~marked]])
    found, left = _stage(history, Waiting(every, at), last)
    return [*lanes, *found], len(left.rows)


def _marked(demand: Demand, offer: Offer) -> np.ndarray:
    """Which jobs are inference: by the trace, or by their tenant."""
    tenants = offer.inference.tenants if offer.inference else ()
    named = np.array([owner(tenant) in tenants for tenant in demand.tenants], np.bool_)
    return np.asarray((demand.inference == 1) | named[demand.tenant])


def _stage(history: History, waiting: Waiting, stage: Sequence[int]) -> tuple[list[Lane], Waiting]:
    """The pools of a stage, and who goes on from it.

    From the last stage nobody goes on: who waits in a pool when its chips are taken away goes to
    one of those whose chips stand longer, and where none of them has room is not served.
    """
    offer, lanes = history.offer, dict[int, Lane]()
    came, rows = _came(history, waiting, stage)
    if not len(rows):
        return [], waiting
    pool_of = spread(came, list(offer.rooms(stage, history.envelope)))
    left = [Waiting(rows[pool_of < 0], came.submitted[pool_of < 0])]
    order = sorted(stage, key=offer.closes)
    for n, place in enumerate(order):
        jobs, numbers = _of_pool(came, rows, pool_of == place)
        lane = lanes[place] = _lane(history, jobs, numbers, place)
        gone = np.flatnonzero(lane.replayed.went >= 0)
        if not len(gone):
            continue
        went = Waiting(numbers[gone], np.asarray(lane.replayed.went[gone], np.int64))
        if offer.taken(place) is not None:
            left.append(went)
            continue
        moved, moved_rows = _came(history, went, stage)
        to = spread(moved, list(offer.rooms(order[n + 1 :], history.envelope)))
        lanes[place] = replace(lane, nowhere=np.isin(numbers, moved_rows[to < 0]))
        came, rows, pool_of = _joined(history, (came, rows, pool_of), (moved, moved_rows, to))
    joined = (np.concatenate([getattr(each, name) for each in left]) for name in ("rows", "at"))
    return [lanes[place] for place in stage], Waiting(*joined)


def _joined(
    history: History, *dealt: tuple[Demand, Places, Places]
) -> tuple[Demand, Places, Places]:
    """Jobs that came to pools and those that come to others later, in the order of coming."""
    at, rows, pools = (
        np.concatenate(each)
        for each in zip(*((came.submitted, rows, pool) for came, rows, pool in dealt), strict=True)
    )
    order = np.argsort(at, kind="stable")
    came, rows = _came(history, Waiting(rows[order], at[order]), ())
    return came, rows, pools[order]


def _came(history: History, waiting: Waiting, stage: Sequence[int]) -> tuple[Demand, Places]:
    """The jobs of a stage in the order in which they come, at the speed of its chips."""
    demand, taken = history.demand, history.offer.taken(stage[0]) if stage else None
    if len(waiting.rows) == len(demand.gpus) and waiting.at is demand.submitted:
        return demand, waiting.rows
    rows = waiting.rows[order := np.argsort(waiting.at, kind="stable")]
    came = replace(demand.only(rows[:0]), submitted=waiting.at[order])
    speed = taken.speed_percent if taken else PERCENT
    seconds, limit = (
        -(-column[rows] * PERCENT // speed) for column in (demand.seconds, demand.limit)
    )
    whose = {name: getattr(demand, name)[rows] for name in ("gpus", "tenant", "inference")}
    return replace(came, seconds=seconds, limit=limit, **whose), rows


def _of_pool(came: Demand, rows: Places, mine: np.ndarray) -> tuple[Demand, Places]:
    """The jobs of one pool; no copy where they are all."""
    return (came, rows) if mine.all() else (came.only(np.flatnonzero(mine)), rows[mine])


def _lane(history: History, jobs: Demand, rows: Places, place: int) -> Lane:
    offer = history.offer
    envelope = history.envelope[jobs.tenant]
    gangs = Gangs(jobs.submitted, jobs.seconds, jobs.limit, jobs.gpus, envelope)
    pool = offer.pool(place, gangs, jobs.tenant, jobs.tenants)
    replayed = history.replay(pool)
    assure(pool, replayed)
    lane = Lane(pool, replayed, jobs.tenant, offer.prices[place], rows)
    if offer.inference is None:
        lane = replace(lane, inference=jobs.inference) if jobs.inference.any() else lane
        return lane if offer.stands else replace(lane, asked=history.demand.submitted[rows])
    asked, marks = history.demand.submitted[rows], _marked(jobs, offer).astype(np.int8)
    return replace(lane, asked=asked, inference=marks, taken=offer.taken(place))
