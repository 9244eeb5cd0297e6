"""Real workloads, read as columns and dealt to a programme's awards.

Two layouts are read: the Standard Workload Format, version 2.2, of the Parallel Workloads Archive
(18 fields, comments after ";", -1 for unknown), and the columns of the Philly extract (timestamp,
duration, num_gpus, gpu_time, cluster), plain or gzipped. Philly's times are local without a zone;
they are taken as UTC, which moves a job by hours and no amount by a second.

Lines that cannot be read are faults, all at once; lines that say honestly that there is nothing to
run (a job cancelled in the queue) are counted in the notes. Nothing is dropped in silence.
"""

import gzip
import io
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from headgate.core.enforcement.job import Job
from headgate.core.faults import Fault, Faulty
from headgate.core.quantities import instant_of, seconds_of

BYTES_MOST: Final = 1024 * 1024 * 1024
PHILLY_COLUMNS: Final = ("timestamp", "duration", "num_gpus", "gpu_time", "cluster")
SWF_FIELDS: Final = 18
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
_CHUNK_STATUS: Final = {"2", "3", "4"}


class Code(StrEnum):
    """Every fault a trace can have; the value is its published code."""

    TOO_LARGE = "trace-too-large"
    NOT_UTF8 = "trace-not-utf8"
    GZIP_BROKEN = "trace-gzip-broken"
    COLUMNS_WRONG = "trace-columns-wrong"
    FIELDS_WRONG = "trace-fields-wrong"
    NOT_A_NUMBER = "trace-not-a-number"
    SUBMIT_NEGATIVE = "trace-submit-negative"
    TIME_BAD = "trace-time-bad"
    TENANT_MISSING = "trace-tenant-missing"
    PRODUCT_WRONG = "trace-product-wrong"
    NO_JOBS = "trace-no-jobs"


_MENDS: Final[Mapping[Code, str]] = {
    Code.TOO_LARGE: "give a part of the trace",
    Code.NOT_UTF8: "give the trace as UTF-8 text",
    Code.GZIP_BROKEN: "fetch the file again: it is not whole",
    Code.COLUMNS_WRONG: f"begin with the header {','.join(PHILLY_COLUMNS)}",
    Code.FIELDS_WRONG: "give every field of the layout, -1 where a number is unknown",
    Code.NOT_A_NUMBER: "write a plain number, -1 where it is unknown",
    Code.SUBMIT_NEGATIVE: "count submissions in seconds from the start of the log",
    Code.TIME_BAD: "write times as 2017-10-09 07:01:55",
    Code.TENANT_MISSING: "name the tenant of every job",
    Code.PRODUCT_WRONG: "make gpu_time the product of duration and num_gpus",
    Code.NO_JOBS: "give a trace with at least one job that ran",
}


@dataclass(frozen=True, slots=True)
class TraceNotes:
    """What became of every line that describes a job: `rows` is the sum of the other counts.

    `jobs` are in the trace, `never_run` had no run time or no GPUs, `chunks` are parts of a job
    whose whole has its own line. `repeated` of the jobs are equal to an earlier one and are kept;
    `unsorted` of them were submitted before the job above them.
    """

    rows: int
    jobs: int
    never_run: int
    chunks: int
    repeated: int
    unsorted: int


@dataclass(frozen=True, slots=True)
class Trace:
    """Jobs that ran, as columns of equal length sorted by submission.

    `submitted` is in seconds since 1970 (since the start of the log where it does not say),
    `seconds` the run time, `gpus` the size of the gang, `tenant` who ran it. `limit` is the run
    time that was asked for, 0 where a job does not say; it is empty where no job of the log does.
    """

    tenant: tuple[str, ...]
    submitted: tuple[int, ...]
    seconds: tuple[int, ...]
    gpus: tuple[int, ...]
    notes: TraceNotes
    limit: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MapNotes:
    """What became of a trace's jobs: `jobs` is the sum of mapped, outside and too large.

    `tenants` says which award and class each tenant was dealt to, in dealing order.
    """

    jobs: int
    mapped: int
    outside: int
    too_large: int
    awards_without_tenant: int
    tenants: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A trace as a programme's workload."""

    jobs: tuple[Job, ...]
    notes: MapNotes


_Row = tuple[int, str, int, int, int]


def read_swf(lines: Iterable[str], file: str) -> Trace:
    """Read a Standard Workload Format log; raises `Faulty` with every fault.

    The tenant is the group (field 13), else the user (12), else `unknown`; a GPU is one allocated
    processor (5), else one requested (8); the limit is the requested time (9). Times may have
    decimals and are rounded to seconds, halves to even. Lines of status 2, 3 and 4 are chunks of a
    job that has a line of its own.
    """
    log = _Log(file)
    start = 0
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith(";"):
            found = re.fullmatch(r";\s*UnixStartTime:\s*([0-9]{1,12})", text)
            start = int(found[1]) if found else start
        elif text:
            log.count(_swf_row(log, number, text.split()))
    return log.trace(start)


def read_philly(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> Trace:
    """Read the Philly columns from CSV or gzipped CSV; raises `Faulty` with every fault."""
    log = _Log(file)
    lines = text_of(data, file, bytes_most).splitlines()
    if not lines or tuple(lines[0].split(",")) != PHILLY_COLUMNS:
        raise Faulty([_fault(file, 1, Code.COLUMNS_WRONG, "the header is another one")])
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            log.count(_philly_row(log, number, line))
    return log.trace(0)


def map_tenants(
    trace: Trace, awards: Iterable[tuple[str, str, int]], starts: str, ends: str
) -> Mapped:
    """Deal a trace's tenants to awards (award, class, GPUs of its quota) and its jobs to a term.

    The rule: tenants in descending order of GPU-time are dealt, one each, to awards in descending
    order of quota, beginning again with the largest award when all have one; ties go by name. Times
    are shifted so that the first submission falls on the term's start. A job submitted at or after
    the term's end is outside, one larger than its award's quota is too large; both are counted.
    Raises ValueError when there is no award.
    """
    order = sorted(awards, key=lambda award: (-award[2], award[0], award[1]))
    if not order:
        raise ValueError("a trace cannot be mapped to no awards")
    tenants = _by_gpu_time(trace)
    dealt = {tenant: order[place % len(order)] for place, tenant in enumerate(tenants)}
    shift = seconds_of(starts) - min(trace.submitted, default=0)
    end = seconds_of(ends)
    jobs: list[Job] = []
    outside = too_large = 0
    columns = zip(trace.tenant, trace.submitted, trace.seconds, trace.gpus, strict=True)
    for rank, (tenant, submitted, seconds, gpus) in enumerate(columns, 1):
        award, support_class, most = dealt[tenant]
        at = submitted + shift
        if at >= end:
            outside += 1
        elif gpus > most:
            too_large += 1
        else:
            jobs.append(Job(f"{rank:08}", award, support_class, gpus, instant_of(at), seconds))
    idle = max(0, len(order) - len(tenants))
    table = tuple((tenant, award, name) for tenant, (award, name, _) in dealt.items())
    notes = MapNotes(len(trace.gpus), len(jobs), outside, too_large, idle, table)
    return Mapped(tuple(jobs), notes)


def _by_gpu_time(trace: Trace) -> Sequence[str]:
    used: Counter[str] = Counter()
    for tenant, seconds, gpus in zip(trace.tenant, trace.seconds, trace.gpus, strict=True):
        used[tenant] += seconds * gpus
    return sorted(used, key=lambda tenant: (-used[tenant], tenant))


class _Log:
    """One reading of a log: its jobs, its faults, and what became of every row."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.rows: list[_Row] = []
        self.faults: list[Fault] = []
        self.kinds: defaultdict[str, int] = defaultdict(int)
        self.unsorted = 0
        self.latest = 0

    def fault(self, number: int, code: Code, what: str) -> None:
        """Note one fault of a line."""
        self.faults.append(_fault(self.file, number, code, what))

    def count(self, row: _Row | str | None) -> None:
        """Take a job, or count a row of another kind; None is a row with a fault."""
        if isinstance(row, str):
            self.kinds[row] += 1
        elif row is not None:
            self.unsorted += row[0] < self.latest
            self.latest = row[0]
            self.rows.append(row)

    def trace(self, start: int) -> Trace:
        """The columns, or `Faulty` with every fault of the file."""
        if not self.rows and not self.faults:
            self.faults.append(_fault(self.file, 0, Code.NO_JOBS, "no job of the trace ran"))
        if self.faults:
            raise Faulty(self.faults)
        rows = sorted(self.rows)
        submitted, tenant, seconds, gpus, limit = zip(*rows, strict=True)
        never, chunks = self.kinds["never_run"], self.kinds["chunk"]
        total = len(rows) + never + chunks
        repeated = len(rows) - len(set(rows))
        notes = TraceNotes(total, len(rows), never, chunks, repeated, self.unsorted)
        known = limit if any(limit) else ()
        return Trace(tenant, tuple(at + start for at in submitted), seconds, gpus, notes, known)


def _swf_row(log: _Log, number: int, values: list[str]) -> _Row | str | None:
    """The job of one line, the kind of a line without one, or None with its faults noted."""
    if len(values) != SWF_FIELDS:
        log.fault(number, Code.FIELDS_WRONG, f"{len(values)} fields, not {SWF_FIELDS}")
        return None
    bad = [place for place, value in enumerate(values, 1) if not _NUMBER.fullmatch(value)]
    if bad:
        what = f"field {bad[0]} is {values[bad[0] - 1][:40]!r}"
        log.fault(number, Code.NOT_A_NUMBER, what)
        return None
    submitted, seconds = (round(Decimal(values[place])) for place in (1, 3))
    if submitted < 0:
        log.fault(number, Code.SUBMIT_NEGATIVE, f"submitted at {submitted}")
        return None
    if values[10] in _CHUNK_STATUS:
        return "chunk"
    gpus = next((int(Decimal(values[at])) for at in (4, 7) if Decimal(values[at]) > 0), 0)
    if seconds < 1 or gpus < 1:
        return "never_run"
    limit = max(0, round(Decimal(values[8])))
    return submitted, _swf_tenant(user=values[11], group=values[12]), seconds, gpus, limit


def _swf_tenant(*, user: str, group: str) -> str:
    if not group.startswith("-"):
        return f"group-{group}"
    return "unknown" if user.startswith("-") else f"user-{user}"


def _philly_row(log: _Log, number: int, line: str) -> _Row | str | None:
    """The job of one line, the kind of a line without one, or None with its faults noted."""
    values = line.split(",")
    if len(values) != len(PHILLY_COLUMNS):
        log.fault(number, Code.FIELDS_WRONG, f"{len(values)} of {len(PHILLY_COLUMNS)} columns")
        return None
    at = _utc(values[0])
    faults = list(_philly_faults(values))
    for code, what in faults:
        log.fault(number, code, what)
    if at is None or faults:
        return None
    seconds, gpus = round(Decimal(values[1])), int(values[2])
    return (at, values[4], seconds, gpus, 0) if seconds > 0 and gpus > 0 else "never_run"


def _philly_faults(values: Sequence[str]) -> Iterator[tuple[Code, str]]:
    timestamp, duration, gpus, gpu_time, tenant = values
    if _utc(timestamp) is None:
        yield Code.TIME_BAD, f"timestamp is {timestamp[:40]!r}"
    numbers = (duration, gpus, gpu_time)
    if not all(map(_NUMBER.fullmatch, numbers)) or "." in gpus or "-" in "".join(numbers):
        yield Code.NOT_A_NUMBER, f"numbers are {duration[:20]!r}, {gpus[:20]!r}, {gpu_time[:20]!r}"
    elif Decimal(duration) * int(gpus) != Decimal(gpu_time):
        yield Code.PRODUCT_WRONG, f"{duration} times {gpus} is not {gpu_time}"
    if not tenant.strip():
        yield Code.TENANT_MISSING, "cluster is empty"


def _utc(text: str) -> int | None:
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp())


def text_of(data: bytes, file: str, bytes_most: int = BYTES_MOST) -> str:
    """The text of a file that may be gzipped, unpacked up to a limit; raises `Faulty`."""
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(bytes_most + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise Faulty([_fault(file, 0, Code.GZIP_BROKEN, str(error))]) from None
    if len(data) > bytes_most:
        what = f"more than {bytes_most} bytes"
        raise Faulty([_fault(file, 0, Code.TOO_LARGE, what)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Faulty([_fault(file, line, Code.NOT_UTF8, "a byte is not UTF-8")]) from None


def _fault(file: str, line: int, code: Code, what: str) -> Fault:
    return Fault(file, line, 1 if line else 0, code.value, what, _MENDS[code])
