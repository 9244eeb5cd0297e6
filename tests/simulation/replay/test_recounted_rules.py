"""Budgets that end, spot, credits and a tariff for inference, counted again from jobs alone.

Nothing of the replay's own sums is used, but in which pool each job was, and when it came, began,
ended or went on; what the overlay says of quotas, chips and prices is written down here by hand.
Nobody takes back what was lent, so that each job runs once; who is stopped is done by hand below.
"""

import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from headgate.core.quantities import half_even
from headgate.simulation.replay import plain
from headgate.simulation.replay.demand import Demand, as_it_came
from headgate.simulation.replay.figures import Figures, Inferred, Lane, Spotted, figures
from headgate.simulation.replay.stages import History, lanes_of
from headgate.simulation.replay.supply import Offer, offer
from tests.readers.rows import trace_of
from tests.simulation.replay.test_supply import DAYS, small

SPAN, HOUR, PATIENCE = 40, 3600, 7200
APRIL = 31 * DAYS
OVERLAY = """
overlay: invented
because: {en: What if lending earned, budgets ended, inference had its chips and nights a price?}
from: 2026-01-01
onwards: true
set:
  envelopes.compute.sharing:
    reclaim: false
    turns: credits
    budgets: {gpu_hours: 4800, named: {academia: 9600}, when_spent: end}
    inference:
      first: {b200: {speed_percent: 50, tariff_percent: 25}}
      spill_seconds: 7200
      tenants: [clinic]
    spot:
      tenants: [night]
      tariff_percent:
        - {value: 40, from: 2026-01-01, until: 2026-04-01}
        - {value: 60, from: 2026-04-01}
"""
NAMES = ("national", "business", "academia", "spot")
TENANTS = {"national": 0, "business": 1, "academia": 2, "clinic": 0, "night": 3}
HOURS_PAID = {"national": 4800, "business": 4800, "academia": 9600, "clinic": 4800, "night": 4800}
QUOTAS = {"b200": (48, 16, 16, 0), "north": (32, 8, 8, 0), "south": (16, 8, 8, 0)}
PRICES = {"b200": 5000, "north": 3000, "south": 3000}
Recounted = tuple[dict[str, Lane], Figures, Demand]


def jobs() -> Demand:
    """700 jobs of 1 to 8 GPUs over forty days; a third of them are the clinic's, at night less."""
    draws = random.Random("recounted by rules")
    moments = sorted(draws.randrange(SPAN * DAYS) for _ in range(700))
    weights = {"national": 3, "business": 4, "academia": 3, "clinic": 8, "night": 5}
    names = list(weights)
    rows = [
        (at, draws.choices(names, list(weights.values()))[0], int(900 * 2 ** draws.uniform(0, 9)),
         draws.choice((1, 2, 4, 8, 8)), 0, draws.randrange(20) == 0)
        for at in moments
    ]  # fmt: skip
    return as_it_came(trace_of(rows))


@pytest.fixture(scope="module")
def replayed() -> Recounted:
    """The jobs in all pools by the plain rules, and the figures that are told of them."""
    demand = jobs()
    envelope = np.array([TENANTS[name] for name in demand.tenants], np.int64)
    offered: Offer = offer(small(OVERLAY), SPAN * DAYS).until(int(demand.submitted[-1]) + 1)
    assert NAMES == offered.envelopes
    lanes, too_large = lanes_of(History(demand, envelope, offered, plain.replay))
    assert 0 == too_large
    told = figures(lanes, NAMES, [day.isoformat() for day in offered.days], offered.signed)
    return dict(zip(QUOTAS, lanes, strict=True)), told, demand


def spans(lane: Lane, until: int | None = None) -> np.ndarray:
    """Begin and end of every job that ran, cut off at a moment; the same twice where it did not."""
    known = lane.replayed
    both = np.stack([known.started, known.ended])
    both[:, known.started < 0] = 0
    return both if until is None else np.minimum(both, until)


def window(lanes: dict[str, Lane]) -> int:
    """The end of the time in which jobs are submitted."""
    return int(lanes["north"].pool.steps.at[-1])


def test_spot_pays_its_tariff_of_what_it_held_on_each_day(replayed: Recounted) -> None:
    """40 per cent of each class's price until April, 60 from then on, within the window."""
    lanes, told, _ = replayed
    held, income = 0, Fraction(0)
    for name, lane in lanes.items():
        gangs, until = lane.pool.gangs, window(lanes)
        mine = gangs.envelope == 3
        for begins, ends, percent in ((0, APRIL, 40), (APRIL, until, 60)):
            clipped = np.clip(spans(lane), begins, ends)
            seconds = int(((clipped[1] - clipped[0]) * gangs.gpus)[mine].sum())
            held += seconds
            income += Fraction(seconds * percent * PRICES[name], 100 * HOUR)
    assert Spotted(held, 0, half_even(income)) == told.spot
    assert held > 0


def test_inference_is_charged_by_tariff_where_it_runs_first(replayed: Recounted) -> None:
    """A quarter of an hour on its chips, where it takes twice its time; all of it elsewhere."""
    lanes, told, demand = replayed
    clinic = demand.tenants.index("clinic")
    inference = (demand.inference == 1) | (demand.tenant == clinic)
    held, cost = {}, Fraction(0)
    for name, lane in lanes.items():
        assert lane.job is not None
        mine = inference[lane.job]
        begun, ended = spans(lane)
        held[name] = int(((ended - begun) * lane.pool.gangs.gpus)[mine].sum())
        cost += Fraction(held[name] * PRICES[name], HOUR)
    first = lanes["b200"]
    assert first.job is not None
    assert inference[first.job].all()
    ran = first.replayed.started >= 0
    gone = first.replayed.went >= 0
    late = (first.replayed.went - demand.submitted[first.job])[gone]
    assert {PATIENCE + 1} == set(late.tolist())
    charged = Fraction(held["b200"], 4) + held["north"] + held["south"]
    wanted = Inferred(
        int(inference.sum()), int(ran.sum()), int(gone.sum()), held["b200"],
        half_even(charged), half_even(cost),
    )  # fmt: skip
    assert wanted == told.inference
    assert min(ran.sum(), gone.sum()) > 0
    whole = first.replayed.ended - first.replayed.started
    assert (whole <= 2 * demand.seconds[first.job])[ran].all()
    assert (whole == 2 * demand.seconds[first.job])[ran].any()


def test_what_an_award_used_ends_in_the_second_in_which_its_part_is_spent(
    replayed: Recounted,
) -> None:
    """Each pool has of 4,800 hours the part that it has of 160 GPUs, at a quarter of the price four
    times that; who ended before its work was done did so when that was passed, and is told.
    """
    lanes, told, demand = replayed
    cut = short = 0
    for name, lane in lanes.items():
        assert lane.job is not None
        begun, ended = spans(lane)
        gpus, speed = lane.pool.gangs.gpus, 2 if name == "b200" else 1
        left = np.where(ended > begun, demand.seconds[lane.job] * speed - (ended - begun), 0)
        cut += int((left * gpus).sum())
        for number, tenant in enumerate(demand.tenants):
            mine = demand.tenant[lane.job] == number
            part = Fraction(HOURS_PAID[tenant] * HOUR * sum(QUOTAS[name]), 160)
            part *= 4 if name == "b200" else 1
            part *= Fraction(100, 40) if tenant == "night" else 1
            if tenant == "night" and (ended[mine] > APRIL).any():
                continue
            used = int(((ended - begun) * gpus)[mine].sum())
            assert used < part + gpus[mine].sum()
            if left[mine].any():
                ends = set(ended[mine & (left > 0)].tolist())
                before = np.minimum(np.stack([begun, ended]), min(ends) - 1)
                assert int(((before[1] - before[0]) * gpus)[mine].sum()) < int(part) <= used
                assert 1 == len(ends)
                short += 1
    assert cut == told.cut
    assert short > 0


def test_who_waits_and_who_is_not_paid_are_together_all_that_have_not_begun(
    replayed: Recounted,
) -> None:
    """From submission to the first start, to going on, or to the window's end."""
    lanes, told, _ = replayed
    asked, until = 0, window(lanes)
    for lane in lanes.values():
        known, gangs = lane.replayed, lane.pool.gangs
        last = np.where(known.started >= 0, known.started, known.went)
        waits = np.where(last < 0, until, np.minimum(last, until)) - gangs.submitted
        asked += int((waits * gangs.gpus).sum())
    assert asked == told.waited + told.unpaid
    assert min(told.waited, told.unpaid) > 0


def owed(name: str, lane: Lane, until: int) -> np.ndarray:
    """What each envelope lent and borrowed in a pool, in GPU-seconds: Karma's rule, moment by
    moment, with the depth of debts in whole GPU-hours over quotas as of the last moment.
    """
    known, gangs, quota = lane.replayed, lane.pool.gangs, QUOTAS[name]
    begun, ended = spans(lane)
    began = known.started >= 0
    patient = gangs.submitted + PATIENCE + 1
    waits = (known.started < 0) | (known.started >= patient)
    asks = patient[waits] if name == "b200" else patient[:0]
    columns = (gangs.submitted, begun[began], ended[began], lane.pool.steps.at, asks)
    moments = sorted({m for column in columns for m in column.tolist() if m <= until} | {until})
    lent, debt = np.zeros((2, 4), np.int64), [0, 0, 0, 0]
    for at, then in pairwise(moments):
        runs = began & (begun <= at) & (ended > at)
        used = [int(gangs.gpus[runs & (gangs.envelope == k)].sum()) for k in range(4)]
        above = [max(0, used[k] - quota[k]) for k in range(4)]
        lenders = [k for k in range(4) if used[k] < quota[k]]
        lenders.sort(key=lambda k: (-Fraction(debt[k] // HOUR, quota[k]), k))
        left = sum(above)
        for k in range(4):
            debt[k] += above[k] * (then - at)
            lent[1, k] += above[k] * (then - at)
        for k in lenders:
            part = min(quota[k] - used[k], left)
            left -= part
            debt[k] -= part * (then - at)
            lent[0, k] += part * (then - at)
    return lent


def test_credits_are_what_lending_earned_less_what_borrowing_cost(replayed: Recounted) -> None:
    """Envelope by envelope, in all pools, and what the ledger's accounts come to."""
    lanes, told, _ = replayed
    owes = [owed(name, lane, window(lanes)) for name, lane in lanes.items()]
    lent, borrowed = np.sum(owes, axis=0)
    assert dict(zip(NAMES, lent.tolist(), strict=True)) == told.lent
    assert borrowed.sum() == told.borrowed == lent.sum()
    balances = {f"credit/of/{n}": x for n, x in zip(NAMES, (lent - borrowed).tolist(), strict=True)}
    assert {name: x for name, x in balances.items() if x} == told.credit_balances
    assert 3 == np.count_nonzero(lent)


HAND = """
overlay: hand
because: {en: What if nights ran on idle time alone?}
from: 2026-01-01
onwards: true
set:
  supports.compute.lots.north-b200.usable: 2040-01-01
  supports.compute.lots.south-h200.usable: 2040-01-01
  supports.compute.energy: {price_per_mwh: 100000, overhead_percent: 20}
  supports.compute.chips:
    h200: {name: H200, price_per_gpu_hour: 3000, busy_watts: 500, idle_watts: 50}
    b200: {name: B200, price_per_gpu_hour: 5000}
  envelopes.compute.sharing:
    checkpoint_seconds: 600
    restart_seconds: 100
    spot: {tenants: [night], tariff_percent: 40}
"""


def test_a_night_that_is_stopped_by_a_right_is_what_a_pencil_gives() -> None:
    """48 GPUs. Night takes all at 0 for 2,000 s. At 1,000 national wants its 32 for 500 s: night
    keeps 600 s at its checkpoint and loses 400. From 1,500 it restarts for 100 s and works 899 more
    when business wants one GPU for a second, the window's last: it keeps 1,200 and loses 299,
    restarts for 100 s and ends at 2,500 + 100 + 800, which the window does not count.
    """
    rows = [
        (0, "night", 2000, 48, 0, False),
        (1000, "national", 500, 32, 0, False),
        (2499, "business", 1, 1, 0, False),
    ]
    demand = as_it_came(trace_of(rows))
    envelope = np.array([TENANTS[name] for name in demand.tenants], np.int64)
    offered = offer(small(HAND), DAYS).until(2500)
    lanes, _ = lanes_of(History(demand, envelope, offered, plain.replay))
    told = figures(lanes, NAMES, ["2026-03-01"], offered.signed)
    assert [3400, 1500, 2500] == [int(at) for lane in lanes for at in lane.replayed.ended]
    night = 48 * (1000 + 999)
    assert Spotted(night, 2, half_even(Fraction(night * 3000 * 40, 100 * HOUR))) == told.spot
    held = night + 32 * 500 + 1
    idle = 48 * 2500 - held
    assert (held, idle, 48 * (400 + 299 + 200)) == (told.held, told.idle, told.lost)
    assert (48 * 501, 16 * 500 + 47) == (told.waited, told.fillable)
    energy = Fraction(held * 600 + idle * 60, HOUR)
    drawn, paid = told.costs.energy, told.costs.energy_cost
    assert (half_even(energy), half_even(energy / 10)) == (drawn, paid)
