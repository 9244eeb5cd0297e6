"""Every figure of an invented programme counted again, second by second, from its jobs alone.

Nothing of the replay's own sums is used, but when each job was submitted, began and ended; what was
promised, what GPUs draw and what they cost is written down here by hand.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest

from headgate.simulation.replay import plain
from headgate.simulation.replay.demand import Demand, as_it_came
from headgate.simulation.replay.figures import Figures, Lane, figures
from headgate.simulation.replay.stages import History, lanes_of
from headgate.simulation.replay.supply import WALLS, Offer, offer
from tests.readers.rows import trace_of
from tests.simulation.replay.test_supply import DAYS, small
from tests.simulation.replay.worlds import column

SPAN = 40
OVERLAY = """
overlay: invented
because: {en: What if one lot came late, idle quota had limits and energy a price?}
from: 2026-01-01
onwards: true
set:
  supports.compute.lots.north-b200.usable: 2026-03-20
  supports.compute.energy: {price_per_mwh: 150000, overhead_percent: 30}
  supports.compute.chips:
    h200: {name: H200, price_per_gpu_hour: 1000, busy_watts: 500, idle_watts: 50}
    b200: {name: B200, price_per_gpu_hour: 3000, busy_watts: 1000, idle_watts: 100}
  envelopes.compute.sharing: {borrow_percent: 50, lend_percent: 50, reclaim: false}
"""
ENVELOPES = ("national", "business", "academia")


@dataclass(frozen=True)
class Chips:
    """A pool as the overlay has it: quotas from a day on, watts with cooling, a price an hour."""

    quota: tuple[int, int, int]
    arrives: int
    busy: int
    idle: int
    hour: int


POOLS = (
    Chips((32, 8, 8), 0, 650, 65, 1000),
    Chips((16, 8, 8), 0, 650, 65, 1000),
    Chips((48, 16, 16), 19, 1300, 130, 3000),
)


def jobs() -> Demand:
    """500 jobs of 1 to 16 GPUs over forty days, of three tenants with the envelopes' names."""
    draws = random.Random("recounted")
    moments = sorted(draws.randrange(SPAN * DAYS) for _ in range(500))
    rows = [
        (at, draws.choice(ENVELOPES), int(600 * 2 ** draws.uniform(0, 9)),
         draws.choice((1, 2, 4, 8, 8, 16)), 0, False)
        for at in moments
    ]  # fmt: skip
    return as_it_came(trace_of(rows))


@pytest.fixture(scope="module", params=[True, False], ids=["walls", "shared"])
def replayed(request: pytest.FixtureRequest) -> tuple[list[Lane], Figures]:
    """The jobs in all pools by the plain rules, and the figures that are told of them."""
    demand = jobs()
    place = {name: n for n, name in enumerate(ENVELOPES)}
    envelope = np.array([place[name] for name in demand.tenants], np.int64)
    offered: Offer = offer(small(OVERLAY), SPAN * DAYS).until(int(demand.submitted[-1]) + 1)
    offered = offered.under(WALLS) if request.param else offered
    lanes, too_large = lanes_of(History(demand, envelope, offered, plain.replay))
    assert 0 == too_large
    days = [day.isoformat() for day in offered.days]
    return lanes, figures(lanes, ENVELOPES, days, column(0, DAYS, 2 * DAYS))


def by_second(lane: Lane, begins: np.ndarray, ends: np.ndarray, until: int) -> np.ndarray:
    """GPUs of each envelope at every second, of what begins and ends then."""
    found = np.zeros((3, until + 1), np.int32)
    for at, sign in ((begins, 1), (ends, -1)):
        places = lane.pool.gangs.envelope, np.clip(at, 0, until)
        np.add.at(found, places, sign * lane.pool.gangs.gpus)
    return found.cumsum(axis=1, dtype=np.int32)[:, :until]


def counted(
    lanes: list[Lane], until: int
) -> Iterator[tuple[Chips, np.ndarray, np.ndarray, np.ndarray]]:
    """Of each pool, by envelope and second: what is promised, held and waited for."""
    for chips, lane in zip(POOLS, lanes, strict=True):
        known = lane.replayed
        began, ended = (np.where(c < 0, until, c) for c in (known.started, known.ended))
        promised = np.array(chips.quota, np.int32)[:, None] * (
            np.arange(until) >= chips.arrives * DAYS
        )
        held = by_second(lane, began, ended, until)
        yield chips, promised, held, by_second(lane, lane.pool.gangs.submitted, began, until)


def test_amounts_and_costs_are_what_every_second_adds_up_to(
    replayed: tuple[list[Lane], Figures],
) -> None:
    """Use, idle time, what waiting jobs would have filled, borrowing, energy and money."""
    lanes, told = replayed
    until, sums = int(lanes[0].pool.steps.at[-1]), np.zeros(6, np.int64)
    energy = paid = worth = fillable_worth = Fraction(0)
    for chips, promised, held, waiting in counted(lanes, until):
        idle = promised.sum(axis=0) - held.sum(axis=0)
        fillable = np.minimum(idle, waiting.sum(axis=0))
        above = np.maximum(held - promised, 0)
        sums += [int(x.sum()) for x in (promised, held, idle, fillable, waiting, above)]
        drawn = Fraction(int(held.sum()) * chips.busy + int(idle.sum()) * chips.idle, 3600)
        energy, paid = energy + drawn, paid + drawn * 150_000 / 10**6
        worth += Fraction(int(held.sum()) * chips.hour, 3600)
        fillable_worth += Fraction(int(fillable.sum()) * chips.hour, 3600)
    amounts = told.offered, told.held, told.idle, told.fillable, told.waited, told.borrowed
    assert sums.tolist() == list(amounts)
    costs = told.costs.energy, told.costs.energy_cost, told.costs.worth, told.costs.fillable_worth
    assert [round(x) for x in (energy, paid, worth, fillable_worth)] == list(costs)
    assert told.held < told.offered
    assert (told.fillable > 0, told.stops, told.lost) == (True, 0, 0)


def test_shares_by_month_are_what_every_second_adds_up_to(
    replayed: tuple[list[Lane], Figures],
) -> None:
    """Promised and held of each envelope, in the two months into which the jobs fall."""
    lanes, told = replayed
    until = int(lanes[0].pool.steps.at[-1])
    first = date(2026, 3, 1)
    april = np.arange(until) >= (date(2026, 4, 1) - first) // timedelta(days=1) * DAYS
    found = np.zeros((2, 2, 3), np.int64)
    for _, promised, held, _ in counted(lanes, until):
        for month, seconds in enumerate((~april, april)):
            found[month] += [x[:, seconds].sum(axis=1) for x in (promised, held)]
    known = [[[by[name] for name in ENVELOPES] for by in (m.promised, m.held)] for m in told.months]
    assert found.tolist() == known


def test_waits_and_first_jobs_are_those_of_the_jobs(replayed: tuple[list[Lane], Figures]) -> None:
    """Mean, median and 95th percentile by nearest rank, of all, by envelope and by size."""
    lanes, told = replayed
    columns = [
        (lane.pool.gangs.envelope, lane.pool.gangs.gpus, lane.pool.gangs.submitted,
         lane.replayed.started)
        for lane in lanes
    ]  # fmt: skip
    rows = [row for each in columns for row in zip(*(c.tolist() for c in each), strict=True)]
    groups = {"all": rows}
    groups |= {name: [r for r in rows if r[0] == n] for n, name in enumerate(ENVELOPES)}
    sizes = (("1", 1, 1), ("2-8", 2, 8), ("9-64", 9, 64))
    groups |= {name: [r for r in rows if low <= r[1] <= high] for name, low, high in sizes}
    for name, group in groups.items():
        waits = sorted(began - came for _, _, came, began in group if began >= 0)
        rank = [waits[-(-len(waits) * part // 100) - 1] for part in (50, 95)]
        wanted = [len(group), len(group) - len(waits), sum(waits) // len(waits), *rank]
        known = {"all": told.waits, **told.by_envelope, **told.by_size}[name]
        assert wanted == [known.jobs, known.unserved, known.mean, known.median, known.p95]
    firsts = [min(r[3] for r in rows if r[0] == n and r[3] >= 0) for n in range(3)]
    signed = sorted(first + n * DAYS for n, first in enumerate(firsts))
    assert (signed[1], signed[2]) == (told.first_median, told.first_most)
    assert (sorted(firsts)[1], max(firsts)) == (told.term_median, told.term_most)
