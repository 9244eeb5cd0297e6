"""Real workloads as columns, and how their tenants are dealt to a programme's awards.

What became of every row is told: a job, a row that honestly has nothing to run (cancelled in the
queue, a part of another row's job, without GPUs, still running), or a row that cannot be read, with
its line. One bad row among millions does not refuse the others; a file that is more bad than good
is another file than it is taken for, and is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from headgate.core.enforcement.job import Job
from headgate.core.faults import Fault, Mended, Sentence
from headgate.core.quantities import DAY_SECONDS, instant_of, seconds_of

Column = np.ndarray[tuple[int], np.dtype[np.int64]]
Marks = np.ndarray[tuple[int], np.dtype[np.int8]]

FAULTS_SHOWN: Final = 20
"""Bad rows that are told with their line; all are counted."""
BYTES_MOST: Final = 16 * 1024 * 1024 * 1024
GPUS_MOST: Final = 1 << 20
SECONDS_MOST: Final = 3660 * DAY_SECONDS
SUBMITTED_MOST: Final = 1 << 33
SPOT_OF: Final = " (spot)"
"""Ends the name under which a tenant's spot jobs are a tenant of their own."""
Named = Mapping[str, Sequence[str]]
"""What kinds, QOS, partitions and queues are called of which jobs are `inference`, or `spot`."""
NOTHING: Final[Named] = {}


class Code(Mended):
    """Every fault a trace can have; the value is its published code."""

    TOO_LARGE = "trace-too-large", "give a part of the trace"
    PACKED_BROKEN = "trace-packed-broken", "fetch the file again: it is not whole"
    COLUMNS_WRONG = (
        "trace-columns-wrong",
        (
            "begin with a header that names submission, run time, GPUs and tenant, in UTF-8;"
            " sacct writes one with -P and without -n"
        ),
    )
    NOT_UTF8 = "trace-not-utf8", "give the trace as UTF-8 text"
    FIELDS_WRONG = (
        "trace-fields-wrong",
        "give every field of the layout and no other, -1 where a number is unknown",
    )
    NOT_A_NUMBER = "trace-not-a-number", "write a plain number, -1 where it is unknown"
    NEGATIVE = (
        "trace-negative",
        "write no time and no number of GPUs below zero but -1, which is unknown",
    )
    OUT_OF_RANGE = (
        "trace-out-of-range",
        Sentence(
            "give jobs of up to {gpus} GPUs and {seconds} s, submitted in seconds since 1970, up to"
            " {at}",
            gpus=GPUS_MOST,
            seconds=SECONDS_MOST,
            at=str(SUBMITTED_MOST),
        ),
    )
    TIME_BAD = "trace-time-bad", "write times as 2017-10-09 07:01:55, or as seconds since 1970"
    ENDS_EARLY = "trace-ends-early", "let no job end before it starts"
    TENANT_MISSING = "trace-tenant-missing", "name the tenant of every job"
    PRODUCT_WRONG = "trace-product-wrong", "make gpu_time the product of duration and GPUs"
    NAME_UNMET = (
        "trace-name-unmet",
        (
            "name a kind, QOS, partition or queue as the trace has it; in the Standard Workload"
            " Format queue-7 or partition-2"
        ),
    )
    NO_JOBS = "trace-no-jobs", "give a trace with at least one job that ran"
    MOSTLY_BAD = (
        "trace-mostly-bad",
        "give a trace in one of the layouts: SWF, CSV or sacct -P with a header",
    )


class Left(StrEnum):
    """Why a row that is well is no job to replay."""

    NEVER_RAN = "never ran"
    PART = "part of a job that has its own row"
    UNFINISHED = "had not ended"
    NO_GPUS = "without GPUs"


@dataclass(frozen=True, slots=True)
class TraceNotes:
    """What became of every row: `rows` is the sum of `jobs`, `left` and `bad`.

    `left` counts rows by why they are no job, `bad` those that cannot be read by the code of their
    fault, of which `faults` are the first. `repeated` of the jobs are equal to an earlier one and
    are kept; `unsorted` of them were submitted before the job above them. `spot` and `inference`
    of them are so marked: by what their rows say, or as `named` by who gave the trace. What is
    named and of which there is no job is `unmet`.
    """

    rows: int
    jobs: int
    left: Mapping[str, int] = field(default_factory=dict)
    bad: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    repeated: int = 0
    unsorted: int = 0
    spot: int = 0
    inference: int = 0
    named: Named = field(default_factory=dict)
    unmet: Named = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Jobs that ran, as columns of equal length sorted by submission.

    `submitted` is in seconds since 1970 (since the start of the log where it does not say),
    `seconds` the run time, `gpus` the size of the gang, `tenant` who ran it, counted into
    `tenants`. `limit` is the run time that was asked for, 0 where a job does not say. `inference`
    marks with 1 what serves or evaluates models, as far as the log says so. What the log says to
    run on idle time alone is its tenant's under a name that ends in SPOT_OF.
    """

    tenants: tuple[str, ...]
    tenant: Column
    submitted: Column
    seconds: Column
    gpus: Column
    limit: Column
    inference: Marks
    notes: TraceNotes

    @property
    def names(self) -> list[str]:
        """The tenant of each job by name."""
        return [self.tenants[place] for place in self.tenant.tolist()]


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


def owner(tenant: str) -> str:
    """Whose jobs a tenant's are: its own, or those of whom it is the spot part."""
    return tenant.removesuffix(SPOT_OF)


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
    shift = seconds_of(starts) - int(trace.submitted.min())
    end = seconds_of(ends)
    jobs: list[Job] = []
    outside = too_large = 0
    numbers = (column.tolist() for column in (trace.submitted, trace.seconds, trace.gpus))
    rows = zip(trace.names, *numbers, strict=True)
    for rank, (tenant, submitted, seconds, gpus) in enumerate(rows, 1):
        award, support_class, most = dealt[owner(tenant)]
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
    used = np.zeros(len(trace.tenants), np.int64)
    np.add.at(used, trace.tenant, trace.seconds * trace.gpus)
    by_use = dict.fromkeys(map(owner, trace.tenants), 0)
    for tenant, amount in zip(trace.tenants, used.tolist(), strict=True):
        by_use[owner(tenant)] += amount
    return sorted(by_use, key=lambda tenant: (-by_use[tenant], tenant))
