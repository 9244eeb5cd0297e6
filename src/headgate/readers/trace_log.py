"""One reading of a trace: rows become columns, and what became of every other row is counted."""

import math
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from headgate.core.faults import Fault, Faulty, Sentence
from headgate.readers.traces import (
    FAULTS_SHOWN,
    GPUS_MOST,
    NOTHING,
    SECONDS_MOST,
    SPOT_OF,
    SUBMITTED_MOST,
    Code,
    Column,
    Left,
    Marks,
    Named,
    Trace,
    TraceNotes,
)

WORK_MOST: Final = 1 << 62
"""GPU-seconds that sums of 64 bits hold."""
NUMBER: Final = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]*)?|-?\.[0-9]+", re.ASCII)

Row = tuple[int, str, int, int, int, bool]
"""Submission, tenant, seconds, GPUs, limit, whether it is inference."""


class Bad(ValueError):
    """A row that cannot be read; every fault of it at once."""

    def __init__(self, *faults: tuple[Code, str]) -> None:
        super().__init__()
        self.faults = faults


class Log:
    """One reading: jobs as columns of numbers, and what became of every other row."""

    def __init__(self, file: str, named: Named = NOTHING) -> None:
        self.file, self.named = file, named
        self.met: set[tuple[str, str]] = set()
        self.columns = [array(kind) for kind in "qqqqqb"]
        self.places: dict[str, int] = {}
        self.left: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.bad_rows = self.unsorted = self.latest = 0

    def job(self, row: Row) -> None:
        """Take a job."""
        submitted, tenant, *others = row
        self.unsorted += submitted < self.latest
        self.latest = submitted
        place = self.places.setdefault(tenant, len(self.places))
        for column, value in zip(self.columns, (submitted, place, *others), strict=True):
            column.append(value)

    def jobs(
        self, names: Sequence[str], tenant: Column, submitted: Column, *others: Column | Marks
    ) -> None:
        """Take many jobs, by column: seconds, GPUs and limit, and the marks of inference.

        `tenant` counts into `names`, of which none is without a job.
        """
        if not len(tenant):
            return
        before = np.append(self.latest, submitted[:-1])
        self.unsorted += int((submitted < before).sum())
        self.latest = int(submitted[-1])
        places = [self.places.setdefault(name, len(self.places)) for name in names]
        found = (submitted, np.array(places, np.int64)[tenant], *others)
        for column, values in zip(self.columns, found, strict=True):
            column.frombytes(values.tobytes())

    def unmet(self) -> Named:
        """What is named and of which there is no job."""
        left = {
            what: [name for name in names if (what, name) not in self.met]
            for what, names in self.named.items()
        }
        return {what: names for what, names in left.items() if names}

    def refuse(self, number: int, bad: Bad) -> None:
        """Count a row that cannot be read."""
        self.bad_rows += 1
        for code, what in bad.faults:
            self.bad[code.value] += 1
            if len(self.faults) < FAULTS_SHOWN:
                self.faults.append(code.of(self.file, what, number))

    def trace(self, start: int = 0, *, strict: bool = False) -> Trace:
        """The columns; raises `Faulty` where there is nothing to stand on, or by a bad row."""
        jobs, well = len(self.columns[0]), sum(self.left.values())
        unmet = self.unmet()
        if (self.bad_rows or unmet) and strict:
            raise Faulty([*self.faults, *unmet_faults(unmet, self.file)])
        if self.bad_rows > jobs + well:
            rows = self.bad_rows + jobs + well
            what = Sentence("{n} of {rows} rows cannot be read", n=self.bad_rows, rows=rows)
            raise Faulty([*self.faults, Code.MOSTLY_BAD.of(self.file, what)])
        if not jobs:
            raise Faulty([*self.faults, Code.NO_JOBS.of(self.file, "no job ran")])
        notes = TraceNotes(
            jobs + well + self.bad_rows,
            jobs,
            dict(sorted(self.left.items())),
            dict(sorted(self.bad.items())),
            tuple(self.faults),
            unsorted=self.unsorted,
            named={what: list(names) for what, names in self.named.items() if names},
            unmet=unmet,
        )
        seconds, gpus = (np.frombuffer(self.columns[place], np.int64) for place in (2, 3))
        if (work := (seconds * gpus).sum(dtype=np.float64)) > WORK_MOST:
            what = Sentence("{work} GPU-seconds in all", work=f"{work:.3g}")
            raise Faulty([Code.OUT_OF_RANGE.of(self.file, what)])
        del seconds, gpus
        kinds = [column.typecode for column in self.columns]
        columns = [np.frombuffer(self.columns.pop(0), kind) for kind in kinds]
        return _ordered(tuple(self.places), columns, start, notes)


def unmet_faults(unmet: Named, file: str) -> list[Fault]:
    """Each name of which a trace has no job, as a fault of who named it."""
    form = "no job is called {name!r}, as --{what} says"
    return [
        Code.NAME_UNMET.of(file, Sentence(form, name=name[:40], what=what))
        for what, names in unmet.items()
        for name in names
    ]


def _ordered(
    found: Sequence[str], columns: list[np.ndarray], start: int, notes: TraceNotes
) -> Trace:
    """The trace in the order of submission, tenant, run time, GPUs, limit and mark.

    Columns are let go of one by one, so that hardly more than one of them is there twice.
    """
    names = sorted(found)
    rank = {name: place for place, name in enumerate(names)}
    columns[1] = np.array([rank[name] for name in found], np.int64)[columns[1]]
    submitted, tenant, seconds, gpus, limit, marks = columns
    order = np.lexsort((marks, limit, gpus, seconds, tenant, submitted))
    del submitted, tenant, seconds, gpus, limit, marks
    same = np.ones(len(order) - 1, np.bool_)
    for place, column in enumerate(columns):
        columns[place] = sorted_ = np.asarray(column[order])
        same &= sorted_[1:] == sorted_[:-1]
    submitted, tenant, seconds, gpus, limit, marks = columns
    submitted += start
    spot = np.array([name.endswith(SPOT_OF) for name in names], np.bool_)[tenant]
    spots, inferring = int(spot.sum()), int((marks == 1).sum())
    told = replace(notes, repeated=int(same.sum()), spot=spots, inference=inferring)
    return Trace(tuple(names), tenant, submitted, seconds, gpus, limit, marks, told)


def each(
    log: Log, lines: Iterable[tuple[int, bytes]], read: Callable[[str], Row | Left | None]
) -> None:
    """Read the rest of a log row by row; whatever comes of a row is counted."""
    for number, raw in lines:
        try:
            row = read(raw.decode().strip("\r\n \ufeff"))
        except UnicodeDecodeError:
            log.refuse(number, Bad((Code.NOT_UTF8, "a byte is not UTF-8")))
        except Bad as bad:
            log.refuse(number, bad)
        else:
            if isinstance(row, Left):
                log.left[row.value] += 1
            elif row is not None:
                log.job(row)


def number(text: str, what: str) -> float:
    """A plain number; raises `Bad` for anything else."""
    if not NUMBER.fullmatch(text):
        named = Sentence("{name} is {value!r}", name=Sentence.of(what), value=text[:40])
        raise Bad((Code.NOT_A_NUMBER, named))
    return float(text)


def fitting(
    submitted: int,
    tenant: str,
    seconds: float,
    gpus: float,
    limit: float,
    *,
    inference: bool = False,
) -> Row | Left:
    """The job of a row whose numbers are read; halves of seconds go to even."""
    if seconds < 0 and seconds != -1:
        raise Bad((Code.NEGATIVE, Sentence("a run of {n} s", n=f"{seconds:g}")))
    if gpus < 0 and gpus != -1:
        raise Bad((Code.NEGATIVE, Sentence("{n} GPUs", n=f"{gpus:g}")))
    if gpus != math.floor(gpus):
        what = Sentence("{n} GPUs, which is no whole number", n=f"{gpus:g}")
        raise Bad((Code.NOT_A_NUMBER, what))
    if gpus > GPUS_MOST or seconds > SECONDS_MOST or not 0 <= submitted <= SUBMITTED_MOST:
        form = "{gpus} GPUs for {seconds} s, submitted at {at}"
        what = Sentence(form, gpus=f"{gpus:g}", seconds=f"{seconds:g}", at=str(submitted))
        raise Bad((Code.OUT_OF_RANGE, what))
    if round(seconds) < 1:
        return Left.NEVER_RAN
    if gpus < 1:
        return Left.NO_GPUS
    most = round(min(max(limit, 0), SECONDS_MOST))
    return submitted, tenant, round(seconds), int(gpus), most, inference
