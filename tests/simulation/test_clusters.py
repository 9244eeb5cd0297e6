"""Made workloads have the published figures of the clusters they are named after."""

import numpy as np
import pytest

from headgate.core.faults import Faulty
from headgate.readers.traces import Trace
from headgate.simulation.clusters import (
    LOAD_PER_CENT,
    PUBLISHED,
    TENANTS,
    WEEK_SECONDS,
    from_word,
    generated,
)

GPUS, WEEKS = 6_000, 13


def within(per_cent: float, expected: float, actual: float) -> bool:
    """Whether a figure is the published one but for so many per cent."""
    return abs(actual / expected - 1) <= per_cent / 100


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_made_workload_has_the_published_figures(name: str) -> None:
    """Mean and median run time and size, the longest, the largest, and GPU time per job: the last
    rests on few jobs, the others on all.
    """
    published, trace = PUBLISHED[name], generated(name, GPUS, WEEKS, "seed")
    assert published.median_seconds == np.median(trace.seconds)
    assert 1 == np.median(trace.gpus)
    assert within(2, published.mean_seconds, float(trace.seconds.mean()))
    assert within(1, published.mean_gpus, float(trace.gpus.mean()))
    assert published.largest_gpus == trace.gpus.max()
    assert 0.6 * published.longest_seconds < trace.seconds.max() <= published.longest_seconds
    work = trace.seconds * trace.gpus
    assert within(8, published.mean_gpu_seconds, float(work.mean()))
    assert within(8, GPUS * WEEKS * WEEK_SECONDS * LOAD_PER_CENT / 100, float(work.sum()))
    assert trace.submitted.max() < WEEKS * WEEK_SECONDS


def test_inference_is_the_part_that_is_published_or_asked_for() -> None:
    """0.8 % of Kalos' GPU time in most of its jobs; 40 % where the word says so; else none."""
    trace = generated("kalos", GPUS, WEEKS, "seed")
    work = trace.seconds * trace.gpus
    part = work[trace.inference == 1].sum() / work.sum()
    assert 0.007 < part <= 0.008
    assert trace.inference.mean() > 0.5
    assert not generated("philly", GPUS, WEEKS, "seed").inference.any()
    asked = from_word("generated:philly:600:4:40", "seed")
    work = asked.seconds * asked.gpus
    assert 0.35 < work[asked.inference == 1].sum() / work.sum() <= 0.4


def test_most_gpu_time_is_in_few_large_jobs() -> None:
    """In Kalos jobs of 256 GPUs and more are under a tenth, and have most of its GPU time."""
    trace = generated("kalos", GPUS, WEEKS, "seed")
    large, work = trace.gpus >= 256, trace.seconds * trace.gpus
    assert large.mean() < 0.1
    assert work[large].sum() > 0.5 * work.sum()


def same(one: Trace, other: Trace) -> bool:
    """Whether two traces have the same jobs."""
    columns = ("tenant", "submitted", "seconds", "gpus", "limit")
    return all(np.array_equal(getattr(one, c), getattr(other, c)) for c in columns)


def test_the_seed_decides_and_jobs_grow_with_the_gpus() -> None:
    """The same words give the same jobs; twice the GPUs have twice the jobs."""
    one = from_word("generated:acme:500:2", "a")
    assert same(one, from_word("generated:acme:500:2", "a"))
    assert not same(one, from_word("generated:acme:500:2", "b"))
    assert TENANTS == len(one.tenants)
    twice = from_word("generated:acme:1000:2", "a")
    assert abs(len(twice.gpus) - 2 * len(one.gpus)) <= 2
    assert 13 * WEEK_SECONDS > from_word("generated:philly:64", "a").submitted.max()


def test_the_numbers_stay_as_they_were_drawn() -> None:
    """Another machine or NumPy gives the same jobs: these were written down once."""
    trace = from_word("generated:helios:64:1", "headgate")
    assert FIRST == list(
        zip(
            *(column[:4].tolist() for column in (trace.submitted, trace.seconds, trace.gpus)),
            strict=True,
        )
    )


FIRST = [(542, 213, 1), (877, 289, 1), (2019, 412, 2), (2482, 57, 8)]


@pytest.mark.parametrize(
    "word",
    ["generated:", "generated:none:100:4", "generated:acme", "generated:acme:0:4",
     "generated:acme:x:4", "generated:acme:100:-1", "generated:acme:100:4:101",
         "generated:acme:100:4:5:6",
     "generated:helios:1000000:500"],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(word: str) -> None:
    """A word that names no workload, or too large a one, is a fault with what to write."""
    with pytest.raises(Faulty, match="trace-not-generated"):
        from_word(word, "a")
