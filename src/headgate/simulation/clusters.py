"""Workloads that were never run, with the published figures of clusters that were.

What is published of a cluster are means, medians and largest values, not its jobs; `PUBLISHED` has
them with their source. A workload is made so that it has them all: sizes are powers of two whose
share falls by one factor, run times are lognormal about a median that grows with the size by one
exponent, cut at the longest. Factor, median, spread and exponent follow from the mean size and the
median, mean and GPU-weighted mean of run times (large jobs run longer than small ones, and most
GPU time is theirs). Run times are drawn in strata, so that even few jobs have the figures.

Assumed, as it is not in that table: the share of jobs on one GPU, how jobs come by hour and
day, who they belong to: `TENANTS` names, each with its rank's part (Zipf), and that the smallest
jobs are the inference.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Final

import numpy as np

from headgate.core import canonical
from headgate.core.faults import Fault, Faulty, Sentence
from headgate.core.quantities import DAY_SECONDS
from headgate.readers.trace_kept import Kept, read_trace
from headgate.readers.trace_log import Log, unmet_faults
from headgate.readers.traces import NOTHING, Column, Marks, Named, Trace

WORD: Final = "generated"
TENANTS: Final = 24
JOBS_MOST: Final = 20_000_000
WEEK_SECONDS: Final = 7 * DAY_SECONDS
LOAD_PER_CENT: Final = 80
STRATA: Final = 1 << 16
_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Published:
    """Figures of one cluster's GPU jobs: seconds, GPUs, and GPU-seconds of all jobs together."""

    jobs: int
    mean_seconds: float
    median_seconds: float
    longest_seconds: int
    mean_gpus: float
    largest_gpus: int
    gpu_seconds: int
    single: float
    """The share of jobs on one GPU: at least half, by the published median; the rest assumed."""
    inference: float = 0
    """The part of the GPU time that runs models and trains none, where it is published."""

    @property
    def mean_gpu_seconds(self) -> float:
        """Of a job."""
        return self.gpu_seconds / self.jobs


PUBLISHED: Final = {
    "seren": Published(663_813, 1414.335, 122, 1_209_604, 5.68, 1024, 21_510_624_677, 0.6),
    "kalos": Published(19_907, 1259.689, 124, 625_740, 26.77, 1024, 5_333_180_061, 0.6, 0.008),
    "philly": Published(112_956, 18006.055, 874, 4_240_676, 1.928, 128, 6_894_661_539, 0.8),
    "helios": Published(1_580_464, 6651.681, 206, 4_320_009, 3.716, 2048, 77_997_740_148, 0.6),
}
"""Of GPU jobs, from the AcmeTrace repository's data/cluster_summary.csv (commit 6d6ac9c, CC BY 4.0;
GPU-seconds are its completed, cancelled and failed ones together), which tells of its own clusters
Seren and Kalos (Hu et al., NSDI 2024), of Philly (Jeon et al., USENIX ATC 2019) and of Helios (Hu
et al., SC 2021). Of Kalos' GPU time 0.8 % were evaluations, which were most of its jobs (Hu et al.,
NSDI 2024, section 3.2)."""
TOGETHER: Final = {"acme": ("seren", "kalos")}


@dataclass(frozen=True, slots=True)
class Fitted:
    """Sizes with their shares, and for each the middle and spread of the logarithm of run times."""

    gpus: tuple[int, ...]
    shares: tuple[float, ...]
    middles: tuple[float, ...]
    spread: float


def fit(published: Published) -> Fitted:
    """The parameters that give a cluster's figures."""
    gpus = tuple(1 << power for power in range(published.largest_gpus.bit_length()))
    shares = _shares(published, gpus)

    def with_exponent(exponent: float) -> Fitted:
        def with_spread(spread: float) -> Fitted:
            def share_below_median(middle: float) -> float:
                z = (math.log(published.median_seconds) - middle) / spread
                parts = (s * _NORMAL.cdf(z - exponent * n / spread) for n, s in enumerate(shares))
                return -sum(parts)

            middle = _solved(share_below_median, -0.5, -30, 30)
            middles = tuple(middle + exponent * place for place in range(len(gpus)))
            return Fitted(gpus, shares, middles, spread)

        def mean(spread: float) -> float:
            return _mean(with_spread(spread), published, weighted=False)

        return with_spread(_solved(mean, published.mean_seconds, 0.05, 5))

    def weighted(exponent: float) -> float:
        return _mean(with_exponent(exponent), published, weighted=True)

    return with_exponent(_solved(weighted, published.mean_gpu_seconds, 0, 3))


def _shares(published: Published, gpus: tuple[int, ...]) -> tuple[float, ...]:
    """The share of each size: one GPU as said, the others falling by the factor of the mean."""

    def shares(factor: float) -> tuple[float, ...]:
        others = [factor**place for place in range(len(gpus) - 1)]
        whole = sum(others)
        return (published.single, *((1 - published.single) * each / whole for each in others))

    def mean(factor: float) -> float:
        return sum(size * share for size, share in zip(gpus, shares(factor), strict=True))

    return shares(_solved(mean, published.mean_gpus, 0.01, 2))


def _mean(fitted: Fitted, published: Published, *, weighted: bool) -> float:
    """The mean run time, or GPU time, of lognormal run times cut at the longest."""
    most, spread, found = math.log(published.longest_seconds), fitted.spread, 0.0
    for gpus, share, middle in zip(fitted.gpus, fitted.shares, fitted.middles, strict=True):
        z = (most - middle) / spread
        below = math.exp(middle + spread**2 / 2) * _NORMAL.cdf(z - spread)
        above = published.longest_seconds * (1 - _NORMAL.cdf(z))
        found += share * (below + above) * (gpus if weighted else 1)
    return found


def _solved(rising: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Where a function that rises reaches a target, by halving."""
    for _ in range(48):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def generated(name: str, gpus: int, weeks: int, seed: str, inference: float | None = None) -> Trace:
    """So many weeks of a cluster's jobs for so many GPUs, at `LOAD_PER_CENT` of what they can do.

    `inference` is its part of the GPU time, where it is not what is published of the cluster.
    Raises KeyError for a cluster that nothing is published of, ValueError for too many jobs.
    """
    parts = TOGETHER.get(name, (name,))
    published = [PUBLISHED[part] for part in parts]
    work = sum(each.gpu_seconds for each in published) / sum(each.jobs for each in published)
    span = weeks * WEEK_SECONDS
    jobs = max(1, round(gpus * span * LOAD_PER_CENT / 100 / work))
    if jobs > JOBS_MOST:
        raise ValueError(Sentence("{n} jobs, more than {most}", n=jobs, most=JOBS_MOST))
    log, whole = Log(name), sum(each.jobs for each in published)
    for part, each in zip(parts, published, strict=True):
        words = f"{WORD}/{part}/{gpus}/{weeks}/{seed}".encode()
        bits = np.random.PCG64(list(hashlib.sha256(words).digest()))
        told = each if inference is None else replace(each, inference=inference)
        _part(log, told, max(1, round(jobs * each.jobs / whole)), span, bits)
    return log.trace()


def _part(log: Log, published: Published, jobs: int, span: int, bits: np.random.PCG64) -> None:
    """One cluster's jobs."""
    fitted = fit(published)
    bounds = np.rint(np.cumsum(fitted.shares) * jobs).astype(np.int64)
    counts = np.diff(bounds, prepend=0)
    gpus, seconds = [], []
    for size, middle, count in zip(fitted.gpus, fitted.middles, counts.tolist(), strict=True):
        gpus.append(np.full(count, size, np.int64))
        seconds.append(_run_times(middle, fitted.spread, count, bits))
    order = np.argsort(_uniform(jobs, bits), kind="stable")
    run = np.clip(np.concatenate(seconds)[order], 1, published.longest_seconds)
    ranks = 1 / np.arange(1, TENANTS + 1)
    tenant = np.searchsorted(np.cumsum(ranks) / ranks.sum(), _uniform(jobs, bits))
    present, tenant = _present(np.minimum(tenant, TENANTS - 1))
    named = [f"tenant-{place + 1:02}" for place in present]
    asked = np.concatenate(gpus)[order]
    marks = _marked(run * asked, published.inference)
    log.jobs(named, tenant, _arrivals(jobs, span, bits), run, asked, run * 0, marks)


def _present(tenant: Column) -> tuple[list[int], Column]:
    """Which tenants have jobs, and the column counted into those."""
    counts = np.bincount(tenant, minlength=TENANTS)
    return np.flatnonzero(counts).tolist(), (np.cumsum(counts > 0) - 1)[tenant]


def _marked(work: Column, part: float) -> Marks:
    """Which jobs are inference: those with the least work that have that part of it together."""
    order = np.argsort(work, kind="stable")
    marks = np.zeros(len(work), np.int8)
    marks[order[np.cumsum(work[order]) <= part * work.sum()]] = 1
    return marks


def _run_times(middle: float, spread: float, count: int, bits: np.random.PCG64) -> Column:
    """One run time from each of `count` strata of equal weight."""
    places = (np.arange(count) + _uniform(count, bits)) / max(count, 1) * STRATA - 0.5
    z = np.interp(places, np.arange(STRATA), _points())
    return np.asarray(np.rint(np.exp(middle + spread * z)), np.int64)


@cache
def _points() -> np.ndarray:
    """The middles of strata of the normal distribution."""
    return np.array([_NORMAL.inv_cdf((n + 0.5) / STRATA) for n in range(STRATA)])


def _uniform(count: int, bits: np.random.PCG64) -> np.ndarray:
    """Draws from 0 to 1, by the raw stream, which NumPy promises to keep (NEP 19)."""
    return np.asarray((bits.random_raw(count) >> np.uint64(11)) * 2.0**-53)


def _arrivals(jobs: int, span: int, bits: np.random.PCG64) -> Column:
    """Moments over a span: half as many again by day as at the mean, less at the end of weeks."""
    hours = np.arange(span // 3600)
    rate = 1 + 0.5 * np.sin(2 * np.pi * (hours / 24 - 0.375))
    rate *= np.where(hours // 24 % 7 >= 5, 0.7, 1.0)
    known = np.append(0, np.cumsum(rate) / rate.sum())
    places = np.interp(_uniform(jobs, bits), known, np.arange(len(known)) * 3600.0)
    return np.sort(places.astype(np.int64))


def from_word(word: str, seed: str) -> Trace:
    """The workload of `generated:NAME:GPUS:WEEKS:INFERENCE`; raises Faulty.

    Without WEEKS there are 13; INFERENCE is a percentage of GPU time, without it as published.
    """
    _, *given = word.split(":")
    name, *numbers = [*given, "13"] if len(given) == 2 else given
    known = (*TOGETHER, *PUBLISHED)
    whole = len(numbers) in (2, 3) and all(n.isdecimal() and len(n) < 8 for n in numbers)
    whole = whole and all(0 < int(n) <= 1 << 20 for n in numbers[:2])
    whole = whole and all(int(n) <= 100 for n in numbers[2:])
    if name not in known or not whole:
        what = Sentence("{value!r} names no workload that can be made", value=word[:60])
        mend: str = Sentence(
            "write `{word}:NAME:GPUS:WEEKS`, with a NAME of `{names}`, and `:INFERENCE` after it"
            " for another percentage of inference",
            word=WORD,
            names=", ".join(known),
        )
        raise Faulty([Fault("--trace", 0, 0, "trace-not-generated", what, mend)])
    gpus, weeks, *percent = map(int, numbers)
    try:
        return generated(name, gpus, weeks, seed, percent[0] / 100 if percent else None)
    except ValueError as error:
        mend = "ask for fewer GPUs or weeks"
        what = error.args[0]
        raise Faulty([Fault("--trace", 0, 0, "trace-not-generated", what, mend)]) from None


def workload(word: str, seed: str, *, strict: bool = False, named: Named = NOTHING) -> Kept:
    """The trace of that name, or one made with a cluster's published figures; raises Faulty."""
    if not word.startswith(f"{WORD}:"):
        return read_trace(Path(word), strict=strict, named=named)
    trace = _without(from_word(word, seed), word, named, strict=strict)
    columns = (trace.submitted, trace.tenant, trace.seconds, trace.gpus, trace.inference)
    return Kept(trace, word, canonical.digest(b"".join(column.tobytes() for column in columns)))


def _without(trace: Trace, word: str, named: Named, *, strict: bool) -> Trace:
    """A made workload, which has none of the names that are given; raises Faulty if `strict`."""
    unmet = {what: list(names) for what, names in named.items() if names}
    if unmet and strict:
        raise Faulty(unmet_faults(unmet, word))
    return replace(trace, notes=replace(trace.notes, named=unmet, unmet=unmet))
