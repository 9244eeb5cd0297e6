"""The demand of a what-if: a trace as it came, drawn again, brought to a load, dealt and spread."""

from collections import Counter

import numpy as np
import pytest

from headgate.readers.traces import Trace
from headgate.simulation.replay.demand import (
    WEEK_SECONDS,
    Demand,
    Room,
    as_it_came,
    dealt,
    drawn,
    loaded,
    spread,
)
from tests.readers.rows import trace_of

HOUR = 3600


def trace(*rows: tuple[str, int, int, int], limit: tuple[int, ...] = ()) -> Trace:
    """A trace of (tenant, submitted, seconds, GPUs)."""
    limits = limit or (0,) * len(rows)
    numbered = zip(rows, limits, strict=True)
    return trace_of(
        (at, tenant, seconds, gpus, most, False) for (tenant, at, seconds, gpus), most in numbered
    )


def room(at: int, *pools: tuple[int, int]) -> Room:
    """From a moment on, the largest gang of the one tenant and the GPUs of each pool."""
    return Room(at, np.array([[most] for most, _ in pools]), [gpus for _, gpus in pools])


def weeks(count: int) -> Demand:
    """Each week one job of a tenant of its own, two days in."""
    rows = [(f"t{n}", n * WEEK_SECONDS + 2 * 86_400, HOUR, 1) for n in range(count)]
    return as_it_came(trace(*rows))


def test_a_trace_begins_at_nothing_and_a_missing_limit_is_twice_the_run() -> None:
    """What a log does not say is assumed, and never less than what a job ran."""
    demand = as_it_came(trace(("b", 100, 10, 2), ("a", 130, 20, 1), limit=(0, 5)))
    assert ("a", "b") == demand.tenants
    assert [0, 30] == demand.submitted.tolist()
    assert [20, 20] == demand.limit.tolist()
    assert [1, 0] == demand.tenant.tolist()


def test_drawn_weeks_are_weeks_of_the_trace_on_their_own_day() -> None:
    """A history drawn again has the trace's weeks, some twice and some never, and the same seed
    gives the same one.
    """
    demand = weeks(20)
    once, again, other = drawn(demand, "a"), drawn(demand, "a"), drawn(demand, "b")
    assert once.tenant.tolist() == again.tenant.tolist() != other.tenant.tolist()
    assert [n * WEEK_SECONDS for n in range(20)] == once.submitted.tolist()
    assert len(set(once.tenant.tolist())) < 20


@pytest.mark.parametrize("per_mille", [100, 900, 3000])
def test_a_load_is_that_part_of_what_the_gpus_could_do(per_mille: int) -> None:
    """Jobs are repeated or left out until their work is what was asked for, about."""
    rows = [(f"t{n % 7}", n * 600, HOUR, 1 + n % 3) for n in range(2000)]
    demand = as_it_came(trace(*rows))
    span = int(demand.submitted.max()) + 1
    found = loaded(demand, 10, per_mille, "seed")
    assert found.gpu_seconds == pytest.approx(10 * span * per_mille / 1000, rel=0.1)
    assert (np.diff(found.submitted) >= 0).all()
    assert 0 <= found.submitted.min()
    assert span > found.submitted.max()


def test_tenants_go_to_the_envelope_of_their_name_or_where_least_is_done() -> None:
    """The heaviest first, each where the work is the smallest part of the quota; nothing by lot."""
    rows = [("a", 0, 60, 1), ("b", 0, 50, 1), ("c", 0, 40, 1), ("small", 0, 30, 1)]
    found = dealt(as_it_came(trace(*rows)), {"large": 60, "small": 40, "none": 0})
    assert {"a": "large", "b": "small", "c": "large", "small": "small"} == found


def test_jobs_go_where_there_is_room_and_pools_fill_alike() -> None:
    """A gang runs in one pool; one that fits none is counted, not cut in two."""
    demand = as_it_came(trace(*[("a", n, 10, 1) for n in range(30)], ("a", 40, 10, 9)))
    found = spread(demand, [room(0, (4, 100), (8, 200))]).tolist()
    assert Counter({1: 20, 0: 10, -1: 1}) == Counter(found)
    assert [-1] == spread(demand, [room(0, (4, 100), (9, 0))]).tolist()[-1:]


def test_nobody_waits_for_chips_that_are_to_come_while_others_would_do() -> None:
    """Chips that arrive at 100 get no small job before, and their part from then on; a gang that
    only they can hold waits for them. Those that are taken away at 200 get nothing afterwards, and
    who fitted nowhere else has no room at all.
    """
    small = [("a", at, 10, 1) for at in (0, 50, 99, 100, 101, 200, 201)]
    wide = [("a", 60, 10, 8), ("a", 150, 10, 4), ("a", 210, 10, 5)]
    demand = as_it_came(trace(*sorted(small + wide, key=lambda row: row[1])))
    rooms = [room(0, (4, 4), (0, 0)), room(100, (4, 4), (8, 8)), room(200, (0, 0), (4, 8))]
    found = dict(zip(demand.submitted.tolist(), spread(demand, rooms).tolist(), strict=True))
    assert {0: 0, 50: 0, 99: 0, 60: 1, 100: 0, 101: 1, 150: 1, 200: 1, 201: 1, 210: -1} == found


def test_the_spot_part_of_a_tenant_goes_where_the_tenant_goes() -> None:
    """Whether the first policy knows a spot class or not; without the tenant it goes as others."""
    rows = [("a", 0, 10, 9), ("a (spot)", 1, 10, 8), ("b", 2, 10, 4), ("c (spot)", 3, 10, 1)]
    demand, both = as_it_came(trace(*rows)), {"x": 10, "y": 10}
    for last in ((), ("a (spot)", "c (spot)")):
        found = dealt(demand, both, last)
        assert ("x", "x", "y") == (found["a"], found["a (spot)"], found["b"])
        assert "y" == found["c (spot)"]
