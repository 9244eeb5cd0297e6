"""What is promised of traces: every line is a job, a counted kind of none, or a located fault."""

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.enforcement.job import Job
from headgate.core.faults import Faulty
from headgate.readers.traces import (
    Code,
    MapNotes,
    Trace,
    TraceNotes,
    map_tenants,
    read_philly,
    read_swf,
)

SWF = """\
; Version: 2.2
; UnixStartTime: 1000000
; MaxProcs: 64
1 30 5 100 8 -1 -1 8 120 -1 1 3 1 -1 1 1 -1 -1
2 10 5 60.5 -1 99.5 -1 4 120 -1 0 3 -1 -1 1 1 -1 -1
3 40 -1 -1 -1 -1 -1 4 120 -1 5 3 2 -1 1 1 -1 -1
4 50 0 7 2 -1 -1 2 120 -1 2 3 2 -1 1 1 -1 -1
5 60 0 9 2 -1 -1 2 120 -1 1 -1 -1 -1 1 1 -1 -1
6 60 0 9 2 -1 -1 2 120 -1 1 -1 -1 -1 1 1 -1 -1
"""

PHILLY = """\
timestamp,duration,num_gpus,gpu_time,cluster
2017-10-09 07:01:55,66.0,1,66.0,b
2017-10-09 07:00:00,10.0,4,40.0,a
2017-10-09 07:00:00,10.0,4,40.0,a

"""
SEVEN = 1507532400
"""2017-10-09 07:00:00 UTC, from `date -u -d '2017-10-09 07:00:00' +%s`."""


def test_swf_is_read_as_columns() -> None:
    """Sorted by submission; groups are tenants, then users; halves of seconds go to even."""
    expected = Trace(
        ("user-3", "group-1", "unknown", "unknown"),
        (1_000_010, 1_000_030, 1_000_060, 1_000_060),
        (60, 100, 9, 9),
        (4, 8, 2, 2),
        TraceNotes(rows=6, jobs=4, never_run=1, chunks=1, repeated=1, unsorted=1),
        (120, 120, 120, 120),
    )
    assert expected == read_swf(SWF.splitlines(), "log.swf")


def test_philly_is_read_as_columns() -> None:
    """Times are taken as UTC, equal rows are kept and counted, blank lines are nothing."""
    notes = TraceNotes(rows=3, jobs=3, never_run=0, chunks=0, repeated=1, unsorted=1)
    expected = Trace(("a", "a", "b"), (SEVEN, SEVEN, SEVEN + 115), (10, 10, 66), (4, 4, 1), notes)
    assert expected == read_philly(PHILLY.encode(), "philly.csv")
    assert expected == read_philly(gzip.compress(PHILLY.encode()), "philly.csv.gz")


def swf(line: str) -> list[str]:
    """The faults of one SWF line, as text."""
    with pytest.raises(Faulty) as caught:
        read_swf([line], "log.swf")
    return [f"{fault.line} {fault.code}" for fault in caught.value.faults]


def philly(data: bytes, bytes_most: int = 1000) -> list[str]:
    """The faults of a Philly file, as text."""
    with pytest.raises(Faulty) as caught:
        read_philly(data, "philly.csv", bytes_most=bytes_most)
    return [f"{fault.line} {fault.code}" for fault in caught.value.faults]


HEADER = b"timestamp,duration,num_gpus,gpu_time,cluster\n"
PROVOKED = {
    Code.TOO_LARGE: lambda: philly(gzip.compress(HEADER + b"\n" * 5000)),
    Code.NOT_UTF8: lambda: philly(HEADER + b"\xff"),
    Code.GZIP_BROKEN: lambda: philly(gzip.compress(PHILLY.encode())[:-9]),
    Code.COLUMNS_WRONG: lambda: philly(b"a,b\n"),
    Code.FIELDS_WRONG: lambda: swf("1 2 3"),
    Code.NOT_A_NUMBER: lambda: swf("1 0 0 x 8 -1 -1 8 -1 -1 1 3 1 -1 1 1 -1 -1"),
    Code.SUBMIT_NEGATIVE: lambda: swf("1 -5 0 9 8 -1 -1 8 -1 -1 1 3 1 -1 1 1 -1 -1"),
    Code.TIME_BAD: lambda: philly(HEADER + b"2017-13-09 07:00:00,1.0,1,1.0,a\n"),
    Code.TENANT_MISSING: lambda: philly(HEADER + b"2017-10-09 07:00:00,1.0,1,1.0,\n"),
    Code.PRODUCT_WRONG: lambda: philly(HEADER + b"2017-10-09 07:00:00,2.0,3,5.0,a\n"),
    Code.NO_JOBS: lambda: philly(HEADER),
}
PLACES = {Code.NOT_UTF8: 2, Code.TIME_BAD: 2, Code.TENANT_MISSING: 2, Code.PRODUCT_WRONG: 2}
WHOLE_FILE = {Code.TOO_LARGE, Code.GZIP_BROKEN, Code.NO_JOBS}


@pytest.mark.parametrize("code", list(Code))
def test_every_fault_can_be_provoked_at_its_line(code: Code) -> None:
    """Each code is real, comes alone, and says where; 0 is the file as a whole."""
    line = 0 if code in WHOLE_FILE else PLACES.get(code, 1)
    assert [f"{line} {code.value}"] == PROVOKED[code]()


def test_all_faults_of_a_trace_are_told_at_once() -> None:
    """A file with three bad lines has three faults or more, none hidden by the first."""
    data = HEADER + b"x,1.0,1,1.0,a\n2017-10-09 07:00:00,1.0\n2017-10-09 07:00:00,q,1,1.0,\n"
    expected = [
        "2 trace-time-bad",
        "3 trace-fields-wrong",
        "4 trace-not-a-number",
        "4 trace-tenant-missing",
    ]
    assert expected == philly(data)


@pytest.mark.parametrize("row", ["-5.0,1,-5.0", "5.0,-1,-5.0", "5.0,1.5,7.5", "1e3,1,1e3"])
def test_philly_numbers_are_plain_and_not_negative(row: str) -> None:
    """A duration below zero is a fault of the file, not a job that never ran."""
    data = HEADER + b"2017-10-09 07:00:00," + row.encode() + b",a\n"
    assert ["2 trace-not-a-number"] == philly(data)


def trace(*rows: tuple[str, int, int, int]) -> Trace:
    """A trace from rows of tenant, submission, seconds and GPUs."""
    tenant, submitted, seconds, gpus = zip(*rows, strict=True)
    return Trace(tenant, submitted, seconds, gpus, TraceNotes(len(rows), len(rows), 0, 0, 0, 0))


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


@given(st.binary(max_size=200), st.text(max_size=200))
def test_no_trace_makes_a_traceback(data: bytes, text: str) -> None:
    """Random bytes after a good header or a gzip mark give jobs or faults."""
    for hostile in (data, HEADER + data, b"\x1f\x8b\x08" + data):
        assert jobs_or_faults(partial(read_philly, hostile, "p"))
    assert jobs_or_faults(lambda: read_swf([*SWF.splitlines(), *text.splitlines()], "s"))


def jobs_or_faults(read: Callable[[], Trace]) -> int:
    """How many jobs or faults a reading gave."""
    try:
        return read().notes.jobs
    except Faulty as faulty:
        return len(faulty.faults)


def test_real_philly_trace_is_read_whole(shared_data: Path) -> None:
    """All 82,247 published jobs, 978,078 GPU-hours and 65 repeats of the real trace are there."""
    data = (shared_data / "data" / "traces" / "philly" / "philly_jobs.csv.gz").read_bytes()
    read = read_philly(data, "philly_jobs.csv.gz")
    used = sum(seconds * gpus for seconds, gpus in zip(read.seconds, read.gpus, strict=True))
    assert (82_247, 65, 15) == (read.notes.jobs, read.notes.repeated, len(set(read.tenant)))
    assert 978_078 == round(used / 3600)
