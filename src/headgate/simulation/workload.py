"""Synthetic jobs under awards: many small short ones, and most GPU time in a few large ones.

Shape, from the jobs of four AI clusters (mean and median run time in seconds; GPUs of a job):

    Seren   1,414 / 122   mean 5.7, median 1      Acme: Hu et al., NSDI 2024
    Kalos   1,260 / 124   mean 26.8, median 1     (both from its cluster_summary.csv)
    Philly  18,006 / 874  mean 1.9, median 1      Jeon et al., USENIX ATC 2019
    Helios  6,652 / 206   mean 3.7, median 1      Hu et al., SC 2021

So the median job takes one GPU for minutes, and the mean run is at least ten times the median. A
whole term of thousands of GPUs would be millions of jobs; here at most `JOBS_MOST` stand for them, so
that the large runs are stretched: their number is fixed and their length follows from the award.

How holders use what they have (assumed; the shares are `HABITS`): over half are busy, some never get
beyond half, some need weeks or months from hand-over to the first job, a few hardly use it or not at
all. Habits are dealt within each class of holders, so that every class shows them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from headgate.core.enforcement.job import Job
from headgate.core.quantities import DAY_SECONDS, instant_of, seconds_of
from headgate.simulation.draws import PER_MILLE, Draws

JOBS_MOST = 60_000

_JOBS_EACH_MOST = 3_000
_RUNS_PER_MILLE = 120
_PACE = 4
_SUBMITTED_PER_MILLE = 930
_SMALL_GPUS = (1, 2, 4, 8)
_SMALL_WEIGHTS = (72, 8, 8, 12)
_SMALL_SECONDS_LEAST, _SMALL_SECONDS_MOST = 8, 6 * 3600
_RUN_SECONDS_LEAST = 1800


@dataclass(frozen=True, slots=True)
class Holding:
    """What a workload needs to know of an award: `gpus` at most at a moment, a budget, and a span."""

    award: str
    holder: str
    support_class: str
    gpus: int
    gpu_seconds: int
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class Habit:
    """How some holders use an award, in thousandths: of holders, of the budget, of its span."""

    name: str
    holders: int
    used_least: int
    used_most: int
    delay_least: int
    delay_most: int


HABITS = (
    Habit("busy", 550, 800, 900, 0, 40),
    Habit("steady", 210, 450, 700, 0, 80),
    Habit("slow-to-start", 130, 250, 450, 150, 400),
    Habit("hardly-used", 80, 10, 80, 0, 300),
    Habit("idle", 30, 0, 0, 0, 0),
)


def habits(holdings: Iterable[Holding], seed: str) -> dict[tuple[str, str], Habit]:
    """The habit of each award and class, dealt by lot within each class of holders."""
    dealt = {}
    ordered = sorted(holdings, key=lambda h: (h.holder, h.award, h.support_class))
    for holder, group in groupby(ordered, key=lambda h: h.holder):
        hands = list(group)
        Draws(seed, "habits", holder).shuffle(hands)
        for place, holding in enumerate(hands):
            dealt[holding.award, holding.support_class] = _habit(place * PER_MILLE // len(hands))
    return dealt


def _habit(per_mille: int) -> Habit:
    for habit in HABITS:
        per_mille -= habit.holders
        if per_mille < 0:
            return habit
    raise AssertionError("the habits' shares add up to a thousand")


def jobs(holdings: Sequence[Holding], seed: str, most: int = JOBS_MOST) -> tuple[Job, ...]:
    """The jobs of all awards, at most `most`, sorted by submission; each fits its award."""
    if not holdings:
        return ()
    each = min(most // len(holdings), _JOBS_EACH_MOST)
    dealt = habits(holdings, seed)
    found = (
        job for h in holdings for job in _jobs_of(h, dealt[h.award, h.support_class], each, seed)
    )
    return tuple(sorted(found, key=lambda job: (job.submitted, job.id)))


def _jobs_of(holding: Holding, habit: Habit, each: int, seed: str) -> Iterator[Job]:
    """One award's runs and small jobs, which together come to its share of the budget."""
    draws = Draws(seed, "jobs", holding.award, holding.support_class)
    starts, ends = seconds_of(holding.starts), seconds_of(holding.ends)
    span, wide = ends - starts, _width(holding, ends - starts)
    target = holding.gpu_seconds * draws.between(habit.used_least, habit.used_most) // PER_MILLE
    begin = span * draws.between(habit.delay_least, habit.delay_most) // PER_MILLE
    if each < 1 or span < 1 or wide < 1 or target < 1:
        return
    target = min(target, wide * (span - begin) * _SUBMITTED_PER_MILLE // PER_MILLE)
    small = list(_small(target // 10, wide, each, draws))
    left = target - sum(gpus * seconds for gpus, seconds in small)
    campaigns = _campaigns(left, wide, max(1, each * _RUNS_PER_MILLE // PER_MILLE), draws)
    window = (span - begin) * _SUBMITTED_PER_MILLE // PER_MILLE
    offsets = [*_paced(campaigns, left, window), *(_spread(small, window, draws))]
    for number, (offset, gpus, seconds) in enumerate(sorted(offsets), 1):
        name = f"{holding.award}-{holding.support_class}-{number:05d}"
        at = instant_of(starts + begin + offset)
        yield Job(name, holding.award, holding.support_class, gpus, at, seconds)
