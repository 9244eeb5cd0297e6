"""The figures that people decide by, against sums done by hand."""

from dataclasses import replace

import numpy as np

from headgate.simulation.replay import plain
from headgate.simulation.replay.figures import Change, Lane, Waits, changes, ends_of, figures
from headgate.simulation.replay.layout import NEVER
from headgate.simulation.replay.pool import Budgets, Gangs, Pool, Rules, Steps
from headgate.simulation.replay.supply import HOUR_PRICE_PARTS, Prices
from tests.simulation.replay.worlds import column, gangs

ENVELOPES = ("north", "south")
DAYS = ("2026-01-01", "2026-02-01")
SIGNED = column(1000, 2000)


def lane(work: Gangs, ceiling: int, until: int) -> Lane:
    """8 GPUs in two envelopes of four; two months of which the second begins at 100."""
    quota = np.array([[4, 4]] * 3, np.int64)
    supply = Steps(column(0, 100, until), column(8, 8, 8), quota, quota * 0, quota + ceiling)
    pool = Pool(work, supply, Rules(checkpoint_seconds=0, restart_seconds=10))
    watts, prices = column(1000, 500, 500), column(3, 3, 3)
    costs = Prices(watts, watts // 5, watts * 0 + 2_000_000, prices * HOUR_PRICE_PARTS, watts)
    return Lane(pool, plain.replay(pool), work.envelope, costs)


def test_waits_are_told_by_mean_median_and_95th_percentile() -> None:
    """A hundred gangs of one GPU's wall that wait 0, 10, ... 990 seconds: by nearest rank."""
    work = gangs(*[(0, 10, 4, 0) for _ in range(100)])
    told = figures([lane(work, 0, 200)], ENVELOPES, DAYS, SIGNED)
    assert Waits(jobs=100, unserved=0, mean=495, median=490, p95=940) == told.waits
    assert told.waits == told.by_envelope["north"] == told.by_size["2-8"]
    assert Waits(0, 0, 0, 0, 0) == told.by_envelope["south"]


def test_amounts_count_in_the_window_and_by_month() -> None:
    """Two gangs of north behind its wall for 150 seconds, while south's GPUs lie idle."""
    work = gangs((0, 75, 4, 0), (0, 150, 4, 0))
    told = figures([lane(work, 0, 150)], ENVELOPES, DAYS, SIGNED)
    assert (8 * 150, 4 * 150, 4 * 150) == (told.offered, told.held, told.idle)
    assert (4 * 75, 4 * 75) == (told.fillable, told.waited)
    assert [100 * 4, 50 * 4] == [month.held["north"] for month in told.months]
    assert [100 * 4, 50 * 4] == [month.promised["south"] for month in told.months]
    assert list(DAYS) == [month.day for month in told.months]


def test_what_sharing_changed_is_told_against_walls() -> None:
    """North's second gang borrows and ends sooner; it is stopped for south and starts again."""
    work = gangs((0, 50, 4, 0), (0, 50, 4, 0), (20, 50, 4, 1))
    walled, shared = lane(work, 0, 200), lane(work, 99, 200)
    told = figures([shared], ENVELOPES, DAYS, SIGNED)
    assert (1, 20 * 4 + 10 * 4, 20 * 4) == (told.stops, told.lost, told.borrowed)
    found = changes([shared], ends_of([walled]), ENVELOPES)
    assert Change(jobs=2, sooner=0, later=1, pace=1000 * 160 // 150) == found["north"]
    assert Change(jobs=1, sooner=0, later=0, pace=1000) == found["south"]


def test_pools_are_added_up() -> None:
    """Two pools are one figure, idle to the window's end, and who never starts is unserved."""
    never = gangs((0, 10, 5, 1), (0, 10, 4, 0))
    told = figures(
        [lane(never, 0, 200), lane(gangs((0, 10, 4, 0)), 0, 200)], ENVELOPES, DAYS, SIGNED
    )
    assert Waits(jobs=1, unserved=1, mean=0, median=0, p95=0) == told.by_envelope["south"]
    assert Waits(jobs=3, unserved=1, mean=0, median=0, p95=0) == told.waits
    assert (2 * 8 * 200, 2 * 4 * 10) == (told.offered, told.held)
    assert told.idle == told.offered - told.held


def test_energy_and_worth_are_by_what_was_held_and_what_lay_idle() -> None:
    """4 GPUs held and 4 idle for 3,600 seconds: 100 of them at the dearer watts of the first step;
    2 a watt-hour; 3 a GPU-hour. The days to the first job count from the signature.
    """
    work = gangs((0, 3600, 4, 0), (0, 9, 4, 1), (3599, 9, 4, 0))
    told = figures([lane(work, 0, 3600)], ENVELOPES, DAYS, SIGNED)
    held, idle = 4 * 3600 + 4 * 9, 4 * 3600 - 4 * 9
    first = (400 + 36) * 1000 + (400 - 36) * 200
    later = (held - 436) * 500 + (idle - 364) * 100
    watt_hours = round((first + later) / 3600)
    assert (watt_hours, 12) == (told.costs.energy, told.costs.worth)
    assert round(2 * (first + later) / 3600) == told.costs.energy_cost
    assert 0 == told.costs.fillable_worth
    assert (1000, 2000) == (told.first_median, told.first_most)
    assert (0, 0) == (told.term_median, told.term_most)


def test_what_the_policy_does_not_say_is_not_told() -> None:
    """Without watts or prices no energy and no worth is shown, rather than nothing of it."""
    known = lane(gangs((0, 3600, 4, 0)), 0, 3600)
    none = known.prices.busy * 0 - 1
    lanes = [replace(known, prices=Prices(none, none, none, none, none))]
    assert {} == figures(lanes, ENVELOPES, DAYS, SIGNED).costs.known


def test_what_was_lent_and_what_a_budget_left_undone_is_told() -> None:
    """Credits by envelope, and GPU-seconds of work that ended with their award's budget."""
    quota = np.array([[4, 4]] * 2, np.int64)
    supply = Steps(column(0, 100), column(8, 8), quota, quota * 0, quota + NEVER)
    budgets = Budgets(column(0), np.array([[80], [80]]), column(1, 0))
    pool = Pool(gangs((0, 30, 8, 0)), supply, Rules(credits=True, ends_spent=True), budgets=budgets)
    made = replace(lane(pool.gangs, 0, 200), pool=pool, replayed=plain.replay(pool))
    told = figures([made], ENVELOPES, DAYS, SIGNED)
    assert ({"north": 0, "south": 40}, 8 * 20) == (told.lent, told.cut)
