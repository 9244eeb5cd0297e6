"""Why a job waits is told from what was ordered and used, and the day on which a budget ended."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.engine import Quota, QuotaState
from headgate.core.enforcement.waiting import Standing, Wait, spent_at, told, wait
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of

STARTS, NOW, ENDS = "2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z", "2026-09-01T00:00:00Z"
QUOTA = Quota("a", "h200", 8, 1_000, STARTS, ENDS, QuotaState.OPEN, "national")
STANDING = Standing(used=0, running=0, applied=True, away=False)

CASES = {
    Wait.NOT_BEGUN: (replace(QUOTA, starts=ENDS), STANDING),
    Wait.ENDED: (replace(QUOTA, ends=NOW), STANDING),
    Wait.SUSPENDED: (replace(QUOTA, state=QuotaState.SUSPENDED), STANDING),
    Wait.BUDGET_SPENT: (QUOTA, replace(STANDING, used=1_000, running=8)),
    Wait.OUTAGE: (QUOTA, replace(STANDING, away=True, applied=False)),
    Wait.NOT_APPLIED: (QUOTA, replace(STANDING, applied=False, running=8)),
    Wait.AT_MOST: (QUOTA, replace(STANDING, running=8)),
    Wait.NOTHING_OURS: (QUOTA, replace(STANDING, used=999, running=7)),
}


@pytest.mark.parametrize("why", CASES)
def test_every_reason_is_found(why: Wait) -> None:
    """The first that holds is told, because it is the one to be done something about."""
    assert why is wait(*CASES[why], NOW)


def test_without_a_limit_at_once_none_is_met() -> None:
    """A quota of GPU-seconds alone is never at its most."""
    unlimited = replace(QUOTA, gpus_most=None)
    assert Wait.NOTHING_OURS is wait(unlimited, replace(STANDING, running=10**6), NOW)


def used(begin: int, seconds: int, gpus: int) -> Usage:
    """An attempt that began some seconds after the quota's start."""
    starts = seconds_of(STARTS)
    at = instant_of(starts + begin), instant_of(starts + begin + seconds)
    return Usage("c", str(begin), 1, "a", "h200", gpus, at[0], at[1], at[1])


RUNS = st.lists(
    st.builds(used, st.integers(-50, 300), st.integers(1, 200), st.integers(1, 9)), max_size=12
)


@given(RUNS, st.integers(1, 2_000))
def test_a_budget_ends_in_the_second_in_which_counting_one_by_one_ends_it(
    runs: list[Usage], budget: int
) -> None:
    """The sweep agrees with counting every second of every run."""
    starts, left, expected = seconds_of(STARTS), budget, None
    for second in range(starts, starts + 600):
        left -= sum(
            one.gpus
            for one in runs
            if seconds_of(one.started) <= second < seconds_of(one.ended or one.seen)
        )
        if left <= 0:
            expected = instant_of(second + 1)
            break
    assert expected == spent_at(runs, replace(QUOTA, gpu_seconds_budget=budget))


FULL = replace(STANDING, used=1_000, running=8)
TOLD = {
    "AssocGrpJobsLimit": (Wait.SUSPENDED, replace(QUOTA, state=QuotaState.SUSPENDED), STANDING),
    "AssocGrpSubmitJobsLimit": (Wait.ENDED, replace(QUOTA, ends=NOW), STANDING),
    "ClusterQueue x is stopped": (Wait.BUDGET_SPENT, QUOTA, FULL),
    "LocalQueue x is inactive": (Wait.NOT_APPLIED, QUOTA, STANDING),
    "budget closed": (Wait.NOT_BEGUN, replace(QUOTA, starts=ENDS), STANDING),
    "QOSGrpGRESMinutes": (Wait.BUDGET_SPENT, QUOTA, FULL),
    "AssocGrpGRESMinutes": (Wait.BUDGET_KEPT, QUOTA, STANDING),
    "budget no_room": (Wait.BUDGET_KEPT, QUOTA, STANDING),
    "AssocGrpGRES": (Wait.AT_MOST, QUOTA, FULL),
    "couldn't assign flavors to pod set main: insufficient unused quota for gpu": (
        *(Wait.NO_ROOM, QUOTA),
        STANDING,
    ),
    "couldn't assign flavors: insufficient quota for gpu, request > maximum capacity": (
        *(Wait.TOO_LARGE, QUOTA),
        STANDING,
    ),
    "budget no_limit": (Wait.NO_LIMIT, QUOTA, STANDING),
    "InvalidAccount": (Wait.LOGIN_GONE, QUOTA, STANDING),
    "InvalidQOS": (Wait.OLD_TERM, QUOTA, STANDING),
    "QOSMaxGRESPerUser": (Wait.SITES_LIMIT, QUOTA, STANDING),
    "Priority": (Wait.NOTHING_OURS, QUOTA, STANDING),
    "ReqNodeNotAvail": (Wait.SITE_HOLDS, QUOTA, STANDING),
    "JobHeldUser": (Wait.OWN_WORD, QUOTA, STANDING),
    "<script>": (Wait.OTHER, QUOTA, STANDING),
}


@pytest.mark.parametrize("reason", TOLD)
def test_a_clusters_word_is_told_in_the_programmes(reason: str) -> None:
    """What Slurm and Kueue write for the limits that our objects set, and for what is not ours."""
    meant, quota, standing = TOLD[reason]
    assert meant is told(reason, quota, standing, NOW)


def test_every_meaning_is_told_by_a_word_or_derived() -> None:
    """None is there that nothing gives."""
    assert set(Wait) == CASES.keys() | {meant for meant, _, _ in TOLD.values()}
