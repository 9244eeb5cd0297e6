"""Synthetic jobs have the shape of published clusters and the habits that a programme meets."""

from collections import Counter, defaultdict
from statistics import mean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.enforcement.job import Job
from headgate.core.quantities import DAY_SECONDS, instant_of, seconds_of
from headgate.simulation.workload import HABITS, JOBS_MOST, Habit, Holding, habits, jobs

STARTS, ENDS = "2026-03-16T00:00:00Z", "2026-09-16T00:00:00Z"
SPAN = 184 * DAY_SECONDS


def holding(award: str, gpus: int, support_class: str = "h200") -> Holding:
    """An award of some GPUs for the term."""
    return Holding(award, support_class, gpus, STARTS, ENDS)


NODES = [1] * 90 + [2] * 30 + [4] * 20 + [8] * 10 + [16] * 5 + [32] * 4
TERM = [holding(f"open-{n:04d}", 8 * nodes) for n, nodes in enumerate(NODES)]
TERM += [holding(f"alliance-{n}", 512, "b200") for n in range(5)]


@pytest.fixture(scope="module")
def workload() -> tuple[Job, ...]:
    """The jobs of 164 awards, as large as a national term."""
    return jobs(TERM, "7")


def served(queue: list[Job], gpus: int) -> int:
    """GPU-seconds that a first-come-first-served cluster of the award's own runs in the term.

    A plain reference: a job starts when those before it have started and enough of them ended.
    """
    running: list[tuple[int, int]] = []
    clock = used = 0
    for job in queue:
        clock = max(clock, seconds_of(job.submitted) - seconds_of(STARTS))
        running = sorted((end, n) for end, n in running if end > clock)
        while sum(n for _, n in running) + job.gpus > gpus:
            clock = running.pop(0)[0]
        running.append((clock + job.seconds, job.gpus))
        used += job.gpus * max(0, min(clock + job.seconds, SPAN) - min(clock, SPAN))
    return used


def test_most_jobs_are_small_and_short(workload: tuple[Job, ...]) -> None:
    """The median job takes one GPU for two to fifteen minutes, as in Philly, Helios and Acme."""
    seconds = [job.seconds for job in workload]
    assert 1 == median(job.gpus for job in workload)
    assert 122 <= median(seconds) <= 874
    assert mean(seconds) >= 10 * median(seconds)
    assert 1.9 <= mean(job.gpus for job in workload) <= 26.8


def test_few_jobs_use_most_of_the_gpu_time(workload: tuple[Job, ...]) -> None:
    """A tenth of the jobs holds more than 90 % of the GPU time, and every job lasts."""
    work = sorted((job.gpus * job.seconds for job in workload), reverse=True)
    assert sum(work[: len(work) // 10]) > sum(work) * 9 // 10
    assert work[-1] > 0


def test_alliances_run_gangs_of_all_they_have(workload: tuple[Job, ...]) -> None:
    """The largest awards train on all their GPUs at once, or on halves and quarters of them."""
    gangs = {job.gpus for job in workload if job.award.startswith("alliance")}
    assert {128, 256, 512} == {gpus for gpus in gangs if gpus > 8}


def test_no_more_jobs_than_stated_and_each_fits(workload: tuple[Job, ...]) -> None:
    """A term is at most 60,000 jobs; none is larger than its award or outside its span."""
    gpus = {h.award: h.gpus for h in TERM}
    assert 20_000 < len(workload) <= JOBS_MOST
    assert len({job.id for job in workload}) == len(workload)
    for job in workload:
        assert 1 <= job.gpus <= gpus[job.award]
        assert STARTS <= job.submitted < ENDS


def test_habits_come_about(workload: tuple[Job, ...]) -> None:
    """Busy awards are used to 80 % and more, others little, late or never, as their habit says."""
    dealt = habits(TERM, "7")
    queues: dict[str, list[Job]] = defaultdict(list)
    for job in workload:
        queues[job.award].append(job)
    for h in TERM:
        habit, queue = dealt[h.award, h.support_class], queues[h.award]
        share = served(queue, h.gpus) * 1000 // (h.gpus * SPAN)
        assert habit.used_least - 25 <= share <= habit.used_most + 1, (h, habit.name)
        if queue:
            first = seconds_of(queue[0].submitted) - seconds_of(STARTS)
            assert first * 1000 >= SPAN * habit.delay_least
    counts = Counter(habit.name for habit in dealt.values())
    assert {habit.name for habit in HABITS} == counts.keys()
    assert counts["busy"] > len(TERM) // 2


def test_every_habit_shows_within_a_size() -> None:
    """Of a hundred awards of one size, each habit has its share to the award."""
    counts = Counter(
        habit.name for habit in habits([holding(f"a{n}", 8) for n in range(100)], "7").values()
    )
    assert {habit.name: habit.holders // 10 for habit in HABITS} == counts
    assert 1000 == sum(habit.holders for habit in HABITS)


@given(st.integers(1, 60), st.text(max_size=3))
@settings(max_examples=40)
def test_one_more_award_changes_few_habits(count: int, seed: str) -> None:
    """Shares are kept to the award, so that one may pass from each habit to the next, no more."""
    few = [holding(f"a{n}", 8) for n in range(count)]
    others = [holding(f"b{n}", 64) for n in range(20)]
    before, after = habits([*few, *others], seed), habits([*few, holding("c", 8), *others], seed)
    changed = {award for award, habit in before.items() if habit != after[award]}
    assert len(changed) < len(HABITS)
    assert not [award for award, _ in changed if award.startswith("b")]


@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 10**7)), max_size=6),
    st.integers(0, 400),
    st.text(max_size=3),
)
@settings(max_examples=40)
def test_any_award_has_a_workload(sizes: list[tuple[int, int]], most: int, seed: str) -> None:
    """No size of award, span or limit on jobs is too odd: empty spans and awards are idle."""
    start = seconds_of(STARTS)
    known = [
        Holding(f"a{n}", "x", gpus, STARTS, instant_of(start + span))
        for n, (gpus, span) in enumerate(sizes)
    ]
    found = jobs(known, seed, most)
    room = {h.award: h for h in known}
    assert len(found) <= most
    for job in found:
        assert 1 <= job.gpus <= room[job.award].gpus
        assert job.seconds >= 1
        assert job.submitted < room[job.award].ends


def test_the_same_seed_gives_the_same_jobs() -> None:
    """Jobs of one award do not change with the order of the others, nor with the machine."""
    some = TERM[:20]
    assert jobs(some, "7") == jobs(some[::-1], "7")
    assert jobs(some, "7") != jobs(some, "8")
    assert Habit("idle", 30, 0, 0, 0, 0) in HABITS
