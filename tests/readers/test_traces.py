"""Workloads as columns: tenants are dealt by a rule, and every job is accounted for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.job import Job
from headgate.readers.traces import MapNotes, Trace, map_tenants
from tests.readers.rows import trace_of


def trace(*rows: tuple[str, int, int, int]) -> Trace:
    """A trace from rows of tenant, submission, seconds and GPUs."""
    return trace_of((at, tenant, seconds, gpus, 0, False) for tenant, at, seconds, gpus in rows)


def test_tenants_are_dealt_by_the_documented_rule() -> None:
    """The busiest tenant gets the largest quota; after the last award dealing begins again."""
    rows = [("t1", 500, 10, 1), ("t2", 510, 10, 8), ("t3", 520, 10, 4), ("t4", 590, 1, 1)]
    mapped = map_tenants(
        trace(*rows, ("t3", 600, 1, 1)),
        [("small", "b200", 4), ("large", "h200", 16)],
        "2026-03-09T00:00:00Z",
        "2026-03-09T00:01:40Z",
    )
    expected = (
        Job("00000001", "large", "h200", 1, "2026-03-09T00:00:00Z", 10),
        Job("00000002", "large", "h200", 8, "2026-03-09T00:00:10Z", 10),
        Job("00000003", "small", "b200", 4, "2026-03-09T00:00:20Z", 10),
        Job("00000004", "small", "b200", 1, "2026-03-09T00:01:30Z", 1),
    )
    table = (
        ("t2", "large", "h200"),
        ("t3", "small", "b200"),
        ("t1", "large", "h200"),
        ("t4", "small", "b200"),
    )
    assert expected == mapped.jobs
    assert MapNotes(5, 4, 1, 0, 0, table) == mapped.notes


def test_jobs_above_the_quota_are_counted_and_not_cut() -> None:
    """A gang that its award could never run is named in the notes instead of being made to fit."""
    mapped = map_tenants(
        trace(("t", 0, 5, 9)),
        [("a", "h200", 8), ("b", "h200", 8)],
        "2026-03-09T00:00:00Z",
        "2026-09-09T00:00:00Z",
    )
    assert ((), MapNotes(1, 0, 0, 1, 1, (("t", "a", "h200"),))) == (mapped.jobs, mapped.notes)


def test_trace_needs_an_award() -> None:
    """With nobody to run it, a workload is not silently nothing."""
    with pytest.raises(ValueError, match="no awards"):
        map_tenants(trace(("t", 0, 5, 9)), [], "2026-03-09T00:00:00Z", "2026-09-09T00:00:00Z")


tenants = st.tuples(
    st.sampled_from("abcde"), st.integers(0, 900), st.integers(1, 99), st.integers(1, 12)
)


@given(st.lists(tenants, min_size=1).map(sorted), st.integers(1, 4))
def test_every_job_of_a_trace_is_accounted_for(
    rows: list[tuple[str, int, int, int]], awards: int
) -> None:
    """Mapped, outside the term or too large: the three counts add up to the trace."""
    held = [(f"a{number}", "h200", 4 * number + 1) for number in range(awards)]
    mapped = map_tenants(trace(*rows), held, "2026-03-09T00:00:00Z", "2026-03-09T00:10:00Z")
    notes = mapped.notes
    assert len(rows) == notes.jobs == notes.mapped + notes.outside + notes.too_large
    assert notes.mapped == len(mapped.jobs) == len({job.id for job in mapped.jobs})
    limits = {award: gpus for award, _, gpus in held}
    assert all(job.gpus <= limits[job.award] for job in mapped.jobs)


@given(st.lists(tenants, min_size=1))
def test_columns_are_the_rows_in_the_order_of_submission(
    rows: list[tuple[str, int, int, int]],
) -> None:
    """Nothing is lost or changed; equal jobs are kept and counted."""
    read = trace(*rows)
    columns = (read.submitted.tolist(), read.names, read.seconds.tolist(), read.gpus.tolist())
    expected = sorted((at, tenant, seconds, gpus) for tenant, at, seconds, gpus in rows)
    assert expected == list(zip(*columns, strict=True))
    assert len(rows) - len(set(rows)) == read.notes.repeated
    assert sum(b[1] < a[1] for a, b in pairwise(rows)) == read.notes.unsorted
    assert all(c.dtype == np.int64 for c in (read.tenant, read.submitted, read.limit))
