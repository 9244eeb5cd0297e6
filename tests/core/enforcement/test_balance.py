"""What is used of a budget is each GPU-second once, whoever has counted it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.balance import Balance, balance_of, told_of
from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.core.enforcement.orders import OrderList
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of

STARTS, ENDS = "2026-03-01T00:00:00Z", "2026-09-01T00:00:00Z"
QUOTA = Quota("a", "h200", 8, 10**9, STARTS, ENDS, QuotaState.OPEN, "national")
BEGIN = seconds_of(STARTS)


def at(second: int) -> str:
    """A second of the term."""
    return instant_of(BEGIN + second)


def attempt(number: int, begun: int, ended: int | None, seen: int, gpus: int) -> Usage:
    """An attempt of the award."""
    last = at(ended) if ended is not None else None
    return Usage("c", f"j{number}", 1, "a", "h200", gpus, at(begun), last, at(seen))


Run = tuple[int, int, int]
"""Start, end and GPUs of a job."""

RUNS = st.lists(
    st.tuples(st.integers(-50, 300), st.integers(1, 200), st.integers(1, 9)), max_size=9
)


def seen_at(runs: list[Run], now: int) -> list[Usage]:
    """The attempts as a look at a moment sees them."""
    return [
        attempt(n, begun, begun + ran if begun + ran <= now else None, now, gpus)
        for n, (begun, ran, gpus) in enumerate(runs)
        if begun < now
    ]


def ran(runs: list[Run], until: int) -> int:
    """GPU-seconds in the term, counted second by second."""
    return sum(
        gpus
        for begun, length, gpus in runs
        for second in range(max(begun, 0), min(begun + length, until))
    )


@given(RUNS, st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_booked_told_and_seen_are_the_whole_and_each_once(
    runs: list[Run], metered: int, told: int, now: int
) -> None:
    """The ledger at one moment, the agent's tale at a later, its own look at a third."""
    metered, told, now = sorted((metered, told, now))
    booked = {
        (one.job, one.attempt): one.gpus
        * max(seconds_of(one.ended or one.seen) - max(seconds_of(one.started), BEGIN), 0)
        for one in seen_at(runs, metered)
    }
    beyond = told_of(seen_at(runs, told), booked, STARTS, at(told))
    rows = tuple((*owner, seconds) for owner, seconds in beyond.items())
    spent = (("a", "h200", sum(booked.values())),)
    listed = OrderList(1, "p", "c", at(told), "", (), (), spent, (), rows, at(told))
    seen = seen_at(runs, now)
    assert ran(runs, now) == balance_of(listed).used(QUOTA, seen, at(now))
    by_attempt = Balance({("a", "h200"): sum(booked.values())}, booked)
    assert ran(runs, now) == by_attempt.used(QUOTA, seen, at(now))


def test_what_is_another_awards_or_was_before_the_quota_is_not_of_it() -> None:
    """Use counts from the quota's start, and for its award and class alone."""
    one = attempt(1, 0, 100, 100, 2)
    others = [replace(one, award="b"), replace(one, support_class="b200")]
    assert 200 == Balance().used(QUOTA, [one, *others], at(500))
    late = replace(QUOTA, starts=at(60))
    assert 80 == Balance().used(late, [one], at(500))
    assert {} == told_of([attempt(1, -50, -10, 0, 2)], {}, STARTS, at(500))


def test_what_is_not_known_to_have_ended_runs_until_now() -> None:
    """Nobody gives out again what may be running still."""
    assert 2 * 300 == Balance().used(QUOTA, [attempt(1, 100, None, 150, 2)], at(400))
