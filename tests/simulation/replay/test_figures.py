"""The figures that people decide by, against sums done by hand."""

import numpy as np

from headgate.simulation.replay import plain
from headgate.simulation.replay.figures import Change, Lane, Waits, changes, figures
from headgate.simulation.replay.pool import Gangs, Pool, Rules, Steps
from tests.simulation.replay.worlds import column, gangs

ENVELOPES = ("north", "south")
DAYS = ("2026-01-01", "2026-02-01")


def lane(work: Gangs, ceiling: int, until: int) -> Lane:
    """8 GPUs in two envelopes of four; two months of which the second begins at 100."""
    quota = np.array([[4, 4]] * 3, np.int64)
    supply = Steps(column(0, 100, until), column(8, 8, 8), quota, quota * 0, quota + ceiling)
    pool = Pool(work, supply, Rules(checkpoint_seconds=0, restart_seconds=10))
    return Lane(pool, plain.replay(pool))


def test_waits_are_told_by_mean_median_and_95th_percentile() -> None:
    """A hundred gangs of one GPU's wall that wait 0, 10, ... 990 seconds: by nearest rank."""
    work = gangs(*[(0, 10, 4, 0) for _ in range(100)])
    told = figures([lane(work, 0, 200)], ENVELOPES, DAYS)
    assert Waits(jobs=100, unserved=0, mean=495, median=490, p95=940) == told.waits
    assert told.waits == told.by_envelope["north"] == told.by_size["2-8"]
    assert Waits(0, 0, 0, 0, 0) == told.by_envelope["south"]


def test_amounts_count_in_the_window_and_by_month() -> None:
    """Two gangs of north behind its wall for 150 seconds, while south's GPUs lie idle."""
    work = gangs((0, 75, 4, 0), (0, 150, 4, 0))
    told = figures([lane(work, 0, 150)], ENVELOPES, DAYS)
    assert (8 * 150, 4 * 150, 4 * 150) == (told.offered, told.held, told.idle)
    assert (4 * 75, 4 * 75) == (told.fillable, told.waited)
    assert [100 * 4, 50 * 4] == [month.held["north"] for month in told.months]
    assert [100 * 4, 50 * 4] == [month.promised["south"] for month in told.months]
    assert list(DAYS) == [month.day for month in told.months]


def test_what_sharing_changed_is_told_against_walls() -> None:
    """North's second gang borrows and ends sooner; it is stopped for south and starts again."""
    work = gangs((0, 50, 4, 0), (0, 50, 4, 0), (20, 50, 4, 1))
    walled, shared = lane(work, 0, 200), lane(work, 99, 200)
    told = figures([shared], ENVELOPES, DAYS)
    assert (1, 20 * 4 + 10 * 4, 20 * 4) == (told.stops, told.lost, told.borrowed)
    found = changes([shared], [walled], ENVELOPES)
    assert Change(jobs=2, sooner=0, later=1, pace=1000 * 160 // 150) == found["north"]
    assert Change(jobs=1, sooner=0, later=0, pace=1000) == found["south"]


def test_pools_are_added_up() -> None:
    """Two pools are one figure, idle to the window's end, and who never starts is unserved."""
    never = gangs((0, 10, 5, 1), (0, 10, 4, 0))
    told = figures([lane(never, 0, 200), lane(gangs((0, 10, 4, 0)), 0, 200)], ENVELOPES, DAYS)
    assert Waits(jobs=1, unserved=1, mean=0, median=0, p95=0) == told.by_envelope["south"]
    assert Waits(jobs=3, unserved=1, mean=0, median=0, p95=0) == told.waits
    assert (2 * 8 * 200, 2 * 4 * 10) == (told.offered, told.held)
    assert told.idle == told.offered - told.held
