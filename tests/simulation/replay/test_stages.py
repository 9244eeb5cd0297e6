"""Inference on the chips that take it first, and from there to others: NPU-first."""

import numpy as np

from headgate.core.policy.check import check
from headgate.core.policy.document import Document
from headgate.simulation.replay import plain
from headgate.simulation.replay.demand import as_it_came
from headgate.simulation.replay.figures import Inferred, Lane, ends_of, figures
from headgate.simulation.replay.layout import NEVER
from headgate.simulation.replay.pool import Gangs
from headgate.simulation.replay.stages import History, lanes_of
from headgate.simulation.replay.supply import offer
from tests.readers.rows import trace_of
from tests.simulation.replay.test_supply import DAYS, small
from tests.simulation.replay.worlds import column

FIRST = """
overlay: npu-first
because: {en: What if inference ran on these chips first?}
from: 2026-01-01
onwards: true
set:
  envelopes.compute.sharing:
    budgets: {gpu_hours: 100}
    inference:
      first: {%s: {speed_percent: 50, tariff_percent: 25}}
      spill_seconds: 600
      tenants: [clinic]
"""
NPU = FIRST % "b200"
GONE = """
overlay: gone
because: {en: What if chips were taken away?}
from: 2026-01-01
onwards: true
set:
  supports.compute.lots.north-b200.usable: 2040-01-01
  supports.compute.lots.south-h200.until: %s
  supports.compute.lots.north-h200.until: %s
  envelopes.compute.sharing: {idle: kept}
"""
NOBODY = Gangs(*[column()] * 5)
Job = tuple[int, str, int, int, int, bool]


def lanes(document: Document, *jobs: Job) -> list[Lane]:
    """Jobs of national projects as the policy shares 30 days, replayed by the plain rules."""
    demand = as_it_came(trace_of(jobs))
    envelope = np.zeros(len(demand.tenants), np.int64)
    offered = offer(document, 30 * DAYS).until(int(demand.submitted[-1]) + 1)
    return lanes_of(History(demand, envelope, offered, plain.replay))[0]


def places(found: list[Lane]) -> dict[int, str]:
    """Where each job was started, by its row."""
    names = ("b200", *("h200",) * 2)
    rows = [(lane, lane.job) for lane in found if lane.job is not None]
    return {
        int(row): name
        for (lane, jobs), name in zip(rows, names, strict=True)
        for row, started in zip(jobs, lane.replayed.started, strict=True)
        if started >= 0
    }


def test_inference_runs_where_it_is_taken_first_and_nothing_else_does() -> None:
    """By its mark or its tenant; at half the speed it takes twice as long."""
    found = lanes(small(NPU), (0, "a", 100, 8, 0, True), (1, "a", 100, 8, 0, False),
                  (2, "clinic", 100, 8, 0, False))  # fmt: skip
    assert {0: "b200", 1: "h200", 2: "b200"} == places(found)
    assert [200, 101, 202] == ends_of(found).tolist()


def test_who_waits_too_long_there_goes_on_at_full_speed() -> None:
    """64 of 80 chips are held for 2,000 s: the third goes on after 600, and waited as long."""
    jobs = [(n, "a", 1000, 32, 0, True) for n in range(3)]
    found = lanes(small(NPU), *jobs)
    assert {0: "b200", 1: "b200", 2: "h200"} == places(found)
    assert [2000, 2001, 2 + 601 + 1000] == ends_of(found).tolist()
    told = figures(found, ("national", "business", "academia"), ["2026-03-01"], column(0, 0, 0))
    inferred = told.inference
    assert isinstance(inferred, Inferred)
    assert (3, 2, 1) == (inferred.jobs, inferred.first, inferred.spilled)
    assert 2 * 2000 * 32 == inferred.held
    assert 32_000 + inferred.held // 4 == inferred.charged
    assert (inferred.held * 5000 + 32_000 * 3000) // 3600 == inferred.cost
    assert (3, 601) == (told.waits.jobs, told.waits.p95)


def test_a_job_that_these_chips_cannot_hold_goes_on_at_once() -> None:
    """Who is larger than what is taken there does not wait for it."""
    found = lanes(small(FIRST % "h200"), (0, "a", 100, 40, 0, True))
    assert [0] == [int(lane.replayed.started[0]) for lane in found if len(lane.tenant)]
    assert [100] == ends_of(found).tolist()


def test_a_budget_pays_the_tariff_and_not_the_hour() -> None:
    """At a quarter of a GPU-hour the part of the budget pays for four times the time."""
    found = offer(small(NPU), 30 * DAYS)
    plainly = offer(small(NPU.replace("tariff_percent: 25", "tariff_percent: 100")), 30 * DAYS)
    place = found.pools.index("b200 at north")
    amounts = [each.pool(place, NOBODY, column(), ["a"]).budgets for each in (found, plainly)]
    assert amounts[0] is not None
    assert amounts[1] is not None
    assert (4 * amounts[1].amount[0, 0] == amounts[0].amount[0, 0]).all()
    free = offer(small(NPU.replace("tariff_percent: 25", "tariff_percent: 0")), 30 * DAYS)
    budgets = free.pool(place, NOBODY, column(), ["a"]).budgets
    assert budgets is not None
    assert NEVER == budgets.amount[0, 0]


def test_only_chips_that_take_it_first_have_a_patience() -> None:
    """Elsewhere there is nowhere to go to."""
    found = offer(small(NPU), 30 * DAYS)
    patience = {pool: found.rules(n)[0].patience_seconds for n, pool in enumerate(found.pools)}
    assert {"h200 at north": -1, "h200 at south": -1, "b200 at north": 600} == patience


def test_chips_that_the_policy_does_not_have_are_refused() -> None:
    """With the place of the name."""
    faults = [(fault.code, fault.file) for fault in check(small(FIRST % "b20"))]
    assert ("chip-unknown", "overlays/0.yaml") in faults


def test_who_waits_when_chips_are_taken_away_goes_to_those_that_stand() -> None:
    """Behind walls national projects have 32 GPUs at north and 16 at south, whose chips go on
    10 March. Both are held until then; of those that wait at south each starts at north that
    moment, or when the one before has ended, and has waited since it was first submitted.
    """
    day = 9 * DAYS
    jobs = [(0, "a", day, 32, 0, False), (1, "a", day - 1, 16, 0, False)]
    jobs += [(60, "a", 100, 16, 0, False) for _ in range(4)]
    found = lanes(small(GONE % ("2026-03-10", "2040-01-01")), *jobs, (day + 5, "a", 1, 1, 0, False))
    (north, south) = found
    gone = int((south.replayed.went == day).sum())
    assert gone > 1
    told = figures(found, ("national", "business", "academia"), ["2026-03-01"], column(0, 0, 0))
    assert (7, 0) == (told.waits.jobs, told.waits.unserved)
    assert [day, day, *[day + 100] * 2, *[day + 200] * 2, day + 201] == sorted(ends_of(found))
    waits = (north.replayed.started - north.since).tolist()
    assert [0, *[day - 60] * 2, *[day + 40] * 2, 195] == sorted(waits, key=lambda w: (w == 195, w))


def test_who_has_no_chips_left_anywhere_is_told_as_not_served() -> None:
    """All chips go on one day: the job that waits for them is counted once, as one that never
    started; what runs then is stopped, and who comes later has no room in any pool.
    """
    day = 9 * DAYS
    jobs = [(0, "a", 2 * day, 32, 0, False), (1, "a", 2 * day, 16, 0, False)]
    found = lanes(small(GONE % ("2026-03-10", "2026-03-10")), *jobs, (9, "a", 5, 16, 0, False),
                  (day + 5, "a", 1, 1, 0, False))  # fmt: skip
    told = figures(found, ("national", "business", "academia"), ["2026-03-01"], column(0, 0, 0))
    assert (3, 1, 2) == (told.waits.jobs, told.waits.unserved, told.stops)
    assert [-1, -1, -1] == ends_of(found).tolist()
