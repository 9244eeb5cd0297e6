"""Synthetic jobs under awards: many small short ones, and most GPU time in a few large ones.

Shape, from the jobs of four AI clusters (mean and median run time in seconds; GPUs of a job):

    Seren   1,414 / 122   mean 5.7, median 1      Acme: Hu et al., NSDI 2024
    Kalos   1,260 / 124   mean 26.8, median 1     (both from its cluster_summary.csv)
    Philly  18,006 / 874  mean 1.9, median 1      Jeon et al., USENIX ATC 2019
    Helios  6,652 / 206   mean 3.7, median 1      Hu et al., SC 2021

So the median job takes one GPU for minutes, and the mean run is at least ten times the median. A
whole term of thousands of GPUs would be millions of jobs; here at most `JOBS_MOST` stand for them,
so that the large runs are stretched: their number is fixed, their length follows from the award.

How holders use what they have (assumed; the shares are `HABITS`): over half are busy, some do not
get far beyond half, some need weeks or months from hand-over to the first job, a few hardly use it
or not at all. Habits are dealt among awards of about one size, so that large and small show them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from headgate.core.enforcement.job import Job
from headgate.core.quantities import instant_of, seconds_of
from headgate.simulation.draws import PER_MILLE, Draws

JOBS_MOST = 60_000

_JOBS_EACH_MOST = 3_000
_RUNS_PER_MILLE = 90
_SUBMITTED_PER_MILLE = 985
_SMALL_GPUS = (1, 2, 4, 8)
_SMALL_WEIGHTS = (72, 8, 8, 12)
_SMALL_SECONDS_LEAST, _SMALL_SECONDS_MOST = 8, 4 * 3600
_PARTS_LEAST, _PARTS_MOST = 16, 256
_SWEEP_SECONDS = 900


class Holding(NamedTuple):
    """What a workload must know of an award: its GPUs at any moment, and from when until when.

    For an award in GPU-hours, `gpus` are those that would spend it evenly.
    """

    award: str
    support_class: str
    gpus: int
    starts: str
    ends: str

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return seconds_of(self.ends) - seconds_of(self.starts)


@dataclass(frozen=True, slots=True)
class Habit:
    """How some holders use an award, in thousandths: of holders, of what it allows, of its span."""

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
    """The habit of each award and class, dealt by lot among awards of about one size."""
    dealt = dict[tuple[str, str], Habit]()
    ordered = sorted(holdings, key=lambda h: (h.gpus.bit_length(), h.award, h.support_class))
    for doublings, group in groupby(ordered, key=lambda h: h.gpus.bit_length()):
        hands = Draws(seed, "habits", doublings).ranked((h.award, h.support_class) for h in group)
        for place, (award, support_class) in enumerate(hands):
            dealt[award, support_class] = _habit(place * PER_MILLE // len(hands))
    return dealt


def _habit(per_mille: int) -> Habit:
    for habit in HABITS:
        per_mille -= habit.holders
        if per_mille < 0:
            return habit
    raise AssertionError("the habits' shares add up to a thousand")


def jobs(
    holdings: Iterable[tuple[str, str, int, str, str]], seed: str, most: int = JOBS_MOST
) -> tuple[Job, ...]:
    """The jobs of all holdings, at most `most`, sorted by submission; each fits its award."""
    known = [Holding(*holding) for holding in holdings]
    each = min(most // max(1, len(known)), _JOBS_EACH_MOST)
    dealt = habits(known, seed)
    found = (job for h in known for job in _jobs_of(h, dealt[h.award, h.support_class], each, seed))
    return tuple(sorted(found, key=lambda job: (job.submitted, job.id)))


def _jobs_of(holding: Holding, habit: Habit, each: int, seed: str) -> Iterator[Job]:
    """One award's runs and small jobs, which together come to its share of the budget."""
    draws = Draws(seed, "jobs", holding.award, holding.support_class)
    span, wide = holding.seconds, holding.gpus
    target = wide * span * draws.between(habit.used_least, habit.used_most) // PER_MILLE
    begin = span * draws.between(habit.delay_least, habit.delay_most) // PER_MILLE
    window = (span - begin) * _SUBMITTED_PER_MILLE // PER_MILLE
    target = min(target, wide * window)
    if each < 1 or target < 1:
        return
    small = list(_small(target // 10, wide, each, draws.of("small")))
    left = target - sum(gpus * seconds for gpus, seconds in small)
    campaigns = _campaigns(left, wide, max(1, each * _RUNS_PER_MILLE // PER_MILLE), draws)
    offsets = [*_paced(campaigns, left, window, draws)]
    offsets += [(draws.below(window), gpus, seconds) for gpus, seconds in small]
    for number, (offset, gpus, seconds) in enumerate(sorted(offsets), 1):
        name = f"{holding.award}-{holding.support_class}-{number:05d}"
        at = instant_of(seconds_of(holding.starts) + begin + offset)
        yield Job(name, holding.award, holding.support_class, gpus, at, seconds)


def _small(budget: int, wide: int, each: int, draws: Draws) -> Iterator[tuple[int, int]]:
    """(GPUs, seconds) of small jobs, within a budget of GPU-seconds."""
    count = each * (PER_MILLE - _RUNS_PER_MILLE) * draws.between(400, PER_MILLE) // PER_MILLE**2
    for _ in range(count):
        gpus = min(wide, _SMALL_GPUS[draws.weighted(_SMALL_WEIGHTS)])
        seconds = draws.octaves(_SMALL_SECONDS_LEAST, _SMALL_SECONDS_MOST)
        budget -= gpus * seconds
        if budget < 0:
            return
        yield gpus, seconds


def _campaigns(target: int, wide: int, runs: int, draws: Draws) -> list[tuple[int, int, int]]:
    """(copies, GPUs, seconds) of runs that fill the award's width: one gang, or two, or four.

    Their lengths are heavy-tailed, and all of them together come to the target of GPU-seconds.
    """
    found = []
    while runs > 0:
        copies = (1, 2, 4)[draws.weighted([40, 35, 25])]
        copies = copies if copies <= min(wide, runs) else 1
        found.append((copies, wide // copies, draws.octaves(_PARTS_LEAST, _PARTS_MOST)))
        runs -= copies
    whole = sum(copies * gpus * parts for copies, gpus, parts in found)
    return [(copies, gpus, max(1, target * parts // whole)) for copies, gpus, parts in found]


def _paced(
    campaigns: Sequence[tuple[int, int, int]], target: int, window: int, draws: Draws
) -> Iterator[tuple[int, int, int]]:
    """(offset, GPUs, seconds) of each run, submitted about when it can be served."""
    before = 0
    for copies, gpus, seconds in campaigns:
        for _ in range(copies):
            offset = before * window // target + draws.below(_SWEEP_SECONDS)
            yield min(offset, window - 1), gpus, seconds
        before += copies * gpus * seconds
