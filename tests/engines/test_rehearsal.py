"""What is promised of the rehearsal: a cluster that keeps its rules, whoever moves its clock."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.engine import Engine, Order, Plan, Quota, QuotaState
from headgate.core.enforcement.plan import plan
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.rehearsal import Job, Rehearsal, Rejection

START = "2026-03-09T00:00:00Z"
BASE = seconds_of(START)


def at(seconds: int) -> str:
    """The instant some seconds into the term."""
    return instant_of(BASE + seconds)


def quota(
    award: str, gpus: int | None = 8, budget: int = 10_000, ends: int = 1000, starts: int = 0
) -> Quota:
    """An open quota of h200."""
    return Quota(award, "h200", gpus, budget, at(starts), at(ends), QuotaState.OPEN)


def job(name: str, submitted: int, seconds: int, gpus: int = 1, award: str = "a") -> Job:
    """A job on h200."""
    return Job(name, award, "h200", gpus, at(submitted), seconds)


def hold(engine: Rehearsal, *quotas: Quota) -> None:
    """Make a cluster hold exactly some quotas."""
    orders = [Order(engine.cluster, item, "test") for item in quotas]
    answer = plan(engine.cluster, orders, engine.observe(), lambda _: True, mass_removal=True)
    assert isinstance(answer, Plan)
    engine.apply(answer)


def rehearsed(jobs: Iterable[Job], *quotas: Quota, gpus: int = 8) -> Rehearsal:
    """A cluster with some quotas and a workload."""
    engine = Rehearsal("c", {"h200": gpus}, jobs)
    hold(engine, *quotas)
    return engine


def starts(engine: Rehearsal, until: int = 2000) -> dict[str, int]:
    """Job -> second of its start."""
    rows = engine.usage(START, at(until))
    return {row.job: seconds_of(row.started) - BASE for row in rows}


def test_rehearsal_is_an_engine() -> None:
    """The demo's cluster is driven through the same port as a real one."""
    engine: Engine = Rehearsal("c", {}, [])
    assert "c" == engine.cluster


def test_usage_tells_what_an_accounting_tells() -> None:
    """A finished attempt has its end; one that runs at the end of the window has none."""
    engine = rehearsed([job("j", 5, 10, 2), job("k", 6, 100)], quota("a"))
    expected = [
        Usage("c", "j", 1, "a", "h200", 2, at(5), at(15), at(50)),
        Usage("c", "k", 1, "a", "h200", 1, at(6), None, at(50)),
    ]
    assert expected == list(engine.usage(START, at(50)))


def test_windows_show_every_attempt_that_touches_them() -> None:
    """A job across three windows is in all of them; one that ended before is in none."""
    engine = rehearsed([job("j", 0, 25), job("k", 0, 5)], quota("a"))
    seen = [[row.job for row in engine.usage(at(now), at(now + 10))] for now in (0, 10, 20, 30)]
    assert [["j", "k"], ["j"], ["j"], []] == seen
    assert ["j", "k"] == [row.job for row in engine.usage(at(0), at(10))]
    assert ["j"] == [row.job for row in engine.usage(at(25), at(30))]


def test_end_at_the_edge_of_a_window_is_known() -> None:
    """An attempt that ends in the second in which the meter looks is told as ended."""
    engine = rehearsed([job("j", 0, 25)], quota("a"))
    assert [at(25)] == [row.ended for row in engine.usage(START, at(25))]


def test_change_at_an_instant_comes_before_the_jobs_of_that_instant() -> None:
    """A quota suspended at noon starts nothing that is submitted at noon."""
    engine = rehearsed([job("j", 10, 5)], quota("a"))
    engine.advance(at(10))
    hold(engine, replace(quota("a"), state=QuotaState.SUSPENDED))
    assert {} == starts(engine)


def test_jobs_of_a_quota_start_in_turn_and_whole() -> None:
    """A gang of 8 waits for all 8, and the small job behind it does not overtake it."""
    jobs = [job("a", 0, 10, 1), job("b", 1, 10, 8), job("c", 2, 10, 1)]
    assert {"a": 0, "b": 10, "c": 20} == starts(rehearsed(jobs, quota("a")))


def test_quota_is_the_limit_at_every_moment() -> None:
    """Two GPUs of quota run two jobs of one, however empty the cluster is."""
    jobs = [job(name, 0, 10) for name in "abcd"]
    assert {"a": 0, "b": 0, "c": 10, "d": 10} == starts(rehearsed(jobs, quota("a", 2)))


def test_budget_really_ends() -> None:
    """A job starts only if all of it fits the budget; a shorter one behind it still may."""
    engine = rehearsed([job("a", 0, 60), job("b", 1, 60), job("c", 2, 40)], quota("a", 8, 100))
    assert {"a": 0, "c": 2} == starts(engine)
    assert ["b"] == [item.id for item in engine.waiting()]


def test_larger_budget_lets_waiting_jobs_start_in_turn() -> None:
    """What was added by a reallocation is used by those who have waited longest."""
    engine = rehearsed([job("a", 0, 60), job("b", 1, 60), job("c", 2, 60)], quota("a", 1, 50))
    assert {} == starts(engine, 100)
    hold(engine, quota("a", 1, 120))
    assert {"a": 100, "b": 160} == starts(engine)


def test_larger_budget_does_not_turn_the_queue_round() -> None:
    """A job set aside for want of budget comes before later ones once the budget is there."""
    jobs = [job("a", 0, 60), job("b", 1, 60), job("c", 2, 30)]
    engine = rehearsed(jobs, quota("a", 1, 100))
    engine.advance(at(10))
    hold(engine, quota("a", 1, 1000))
    assert {"a": 0, "b": 60, "c": 120} == starts(engine)


def test_cluster_is_shared_first_come_first_served() -> None:
    """A large gang that waits for GPUs is not starved by small jobs of other quotas."""
    jobs = [job("a", 0, 10, 6), job("b", 1, 10, 8, "b"), job("c", 2, 10, 1, "c")]
    engine = rehearsed(jobs, quota("a"), quota("b"), quota("c"))
    assert {"a": 0, "b": 10, "c": 20} == starts(engine)


def test_end_of_a_quota_lets_the_next_one_pass() -> None:
    """A gang whose quota ends while it waits does not hold up the others any longer."""
    jobs = [job("a", 0, 50, 6), job("b", 1, 10, 8, "b"), job("c", 2, 10, 1, "c")]
    engine = rehearsed(jobs, quota("a"), quota("b", ends=20), quota("c"))
    assert {"a": 0, "c": 20} == starts(engine)
    assert ["b"] == [item.id for item in engine.waiting()]


def test_suspended_and_ended_quotas_start_nothing_and_what_runs_runs_out() -> None:
    """Suspension is not confiscation: a running job finishes, a waiting one waits."""
    engine = rehearsed([job("a", 0, 50), job("b", 20, 5), job("z", 990, 50)], quota("a"))
    engine.advance(at(10))
    hold(engine, replace(quota("a"), state=QuotaState.SUSPENDED))
    engine.advance(at(100))
    assert ["b"] == [item.id for item in engine.waiting()]
    hold(engine, quota("a", ends=980))
    rows = engine.usage(START, at(2000))
    expected = [("a", at(0), at(50)), ("b", at(100), at(105))]
    assert expected == [(row.job, row.started, row.ended) for row in rows]
    assert ["z"] == [item.id for item in engine.waiting()]


def test_quota_begins_when_it_says() -> None:
    """A job that was submitted early starts at the first second of its term."""
    assert {"a": 30} == starts(rehearsed([job("a", 5, 10)], quota("a", starts=30)))


def test_new_term_has_a_new_budget() -> None:
    """What was used before a quota's start does not count against its budget; the rest does."""
    engine = rehearsed([job("a", 0, 100), job("b", 100, 60), job("c", 200, 60)], quota("a", 1, 100))
    engine.advance(at(50))
    hold(engine, quota("a", 1, 110, starts=50))
    assert {"a": 0, "b": 100} == starts(engine)


def test_shrunken_quota_lets_running_jobs_run_out() -> None:
    """After a cut nothing starts until the running GPUs are below the new limit."""
    engine = rehearsed([job(name, 0, 30, 2) for name in "abc"] + [job("d", 5, 10)], quota("a", 6))
    engine.advance(at(3))
    hold(engine, quota("a", 2))
    assert {"a": 0, "b": 0, "c": 0, "d": 30} == starts(engine)


def test_job_that_never_can_start_is_rejected_by_name() -> None:
    """Too large for its quota, too large for the cluster, or without a quota: counted, not lost."""
    jobs = [job("a", 0, 1, 5), job("b", 0, 1, 9, "b"), job("c", 0, 1, 1, "c"), job("d", 1, 1)]
    engine = rehearsed(jobs, quota("a", 4), quota("b", None))
    assert {"d": 1} == starts(engine)
    told = {item.job.id: item.reason for item in engine.rejected()}
    expected = {"a": Rejection.TOO_LARGE, "b": Rejection.TOO_LARGE, "c": Rejection.NO_QUOTA}
    assert expected == told
    assert set(Rejection) == set(told.values())


@pytest.mark.parametrize(
    ("jobs", "what"),
    [
        ([job("a", 0, 1), job("a", 1, 1)], "two jobs have the id 'a'"),
        ([job("a", 0, 0)], "no GPUs or no duration"),
        ([job("a", 0, 1, 0)], "no GPUs or no duration"),
    ],
)
def test_impossible_workload_is_refused(jobs: list[Job], what: str) -> None:
    """A workload that would make the accounts ambiguous does not get in."""
    with pytest.raises(ValueError, match=what):
        Rehearsal("c", {"h200": 8}, jobs)


def test_workload_may_be_submitted_in_parts() -> None:
    """Jobs added on the way run as if they had been there from the beginning."""
    jobs = [job(f"{number:02}", 7 * number % 30, 9, 2) for number in range(12)]
    engine = rehearsed([item for item in jobs if item.submitted < at(10)], quota("a", 4))
    engine.advance(at(10))
    engine.submit(item for item in jobs if at(10) <= item.submitted < at(25))
    engine.submit(item for item in jobs if item.submitted >= at(25))
    assert starts(rehearsed(jobs, quota("a", 4))) == starts(engine)


@pytest.mark.parametrize("late", [job("k", 9, 1), job("j", 50, 1)])
def test_workload_of_the_past_or_of_one_id_is_refused_whole(late: Job) -> None:
    """A refused submission changes nothing: neither the past nor a name can be taken twice."""
    engine = rehearsed([job("j", 5, 1)], quota("a"))
    engine.advance(at(10))
    with pytest.raises(ValueError, match=r"past|two jobs"):
        engine.submit([job("new", 20, 1), late])
    assert {"j": 5} == starts(engine)


def test_plan_for_another_cluster_is_refused() -> None:
    """A plan cannot be applied where it was not made for."""
    with pytest.raises(ValueError, match="not one for 'c'"):
        Rehearsal("c", {}, []).apply(Plan("d", ()))


workloads = st.lists(
    st.tuples(
        st.integers(0, 30), st.integers(1, 20), st.integers(1, 6), st.sampled_from(["a", "b", "x"])
    ),
    max_size=14,
).map(lambda rows: [job(f"{number:02}", *row) for number, row in enumerate(rows)])
limits = st.builds(
    quota,
    st.just("a"),
    st.none() | st.integers(0, 6),
    st.integers(0, 150),
    st.integers(31, 60),
    st.integers(0, 30),
)


@given(workloads, limits, limits, st.integers(1, 8))
def test_rehearsal_agrees_with_a_second_by_second_one(
    jobs: list[Job], first: Quota, second: Quota, gpus: int
) -> None:
    """The fast cluster and a naive one that looks at every second start the same jobs."""
    quotas = [first, replace(second, award="b")]
    engine = rehearsed(jobs, *quotas, gpus=gpus)
    assert naive(jobs, quotas, gpus) == starts(engine)
    counted = Counter(item.job.id for item in engine.rejected())
    counted.update(item.id for item in engine.waiting())
    counted.update(starts(engine).keys())
    assert Counter(item.id for item in jobs) == counted


def naive(jobs: Sequence[Job], quotas: Sequence[Quota], gpus: int) -> dict[str, int]:
    """The published rules, written again without events: job -> second of its start."""
    begun: dict[str, int] = {}
    gone: set[str] = set()
    order = sorted(jobs, key=lambda item: (item.submitted, item.id))
    held = {item.award: item for item in quotas}
    for now in range(70):
        running = [item for item in order if _runs(item, begun, now)]
        free = gpus - sum(item.gpus for item in running)
        blocked: set[str] = set()
        for item in order:
            limit = held.get(item.award)
            if limit is None or item.id in begun or item.id in gone or item.award in blocked:
                continue
            if not item.submitted <= at(now) or not limit.starts <= at(now) < limit.ends:
                continue
            most = gpus if limit.gpus_most is None else min(gpus, limit.gpus_most)
            mine = [other for other in order if other.award == item.award and other.id in begun]
            spent = sum(other.gpus * other.seconds for other in mine)
            in_use = sum(other.gpus for other in mine if _runs(other, begun, now))
            if item.gpus > most or spent + item.gpus * item.seconds > limit.gpu_seconds_budget:
                gone.add(item.id)
            elif in_use + item.gpus > most:
                blocked.add(item.award)
            elif item.gpus > free:
                break
            else:
                begun[item.id] = now
                free -= item.gpus
    return begun


def _runs(item: Job, begun: dict[str, int], now: int) -> bool:
    return item.id in begun and begun[item.id] <= now < begun[item.id] + item.seconds


@given(workloads, limits, limits, st.lists(st.integers(0, 70)), st.integers(0, 60))
def test_steps_of_the_clock_make_no_difference(
    jobs: list[Job], first: Quota, second: Quota, steps: list[int], change: int
) -> None:
    """One step or a hundred, with a change of quota on the way: the same usage to the second."""
    answers = []
    for moments in ([], sorted(steps)):
        engine = rehearsed(jobs, first)
        for moment in [now for now in moments if now < change]:
            engine.advance(at(moment))
        engine.advance(at(change))
        hold(engine, second)
        for moment in [now for now in moments if now >= change]:
            engine.usage(at(0), at(moment))
        answers.append((engine.usage(START, at(200)), engine.rejected(), engine.waiting()))
    assert answers[0] == answers[1]


@given(workloads, limits, limits, st.integers(1, 8), st.integers(0, 60))
def test_no_limit_is_ever_passed(
    jobs: list[Job], first: Quota, second: Quota, gpus: int, change: int
) -> None:
    """At every start, the cluster, the quota then in force and its budget bear the new job."""
    engine = rehearsed(jobs, first, gpus=gpus)
    engine.advance(at(change))
    hold(engine, second)
    rows = engine.usage(START, at(500))
    for row in rows:
        now = seconds_of(row.started) - BASE
        limit = second if now >= change else first
        running = [other for other in rows if other.started <= row.started < (other.ended or "")]
        mine = sum(other.gpus for other in running if other.award == row.award)
        assert limit.starts <= row.started < limit.ends
        assert sum(other.gpus for other in running) <= gpus
        assert limit.gpus_most is None or mine <= limit.gpus_most
