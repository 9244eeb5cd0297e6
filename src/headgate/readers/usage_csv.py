"""Usage from a CSV file: all its faults at once, each with its line, or all its rows.

The header names the fields of a usage record; `ended` is empty while an attempt runs. A file that
an operator sends is held to more than a meter's stream is: it must be whole, sorted by start and
without repeats, because a file that is not has been cut, joined or edited on the way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Final

from headgate.core.ledger.text import is_instant
from headgate.core.metering.usage import Usage
from headgate.readers.tables import Found, Layout, Values, read_table

BYTES_MOST: Final = 512 * 1024 * 1024
GPUS_MOST: Final = 1_000_000
COLUMNS: Final = tuple(field.name for field in fields(Usage))


class Code(StrEnum):
    """Every fault a usage file can have; the value is its published code."""

    TOO_LARGE = "usage-too-large"
    NOT_UTF8 = "usage-not-utf8"
    EMPTY = "usage-empty"
    COLUMN_MISSING = "usage-column-missing"
    COLUMN_UNKNOWN = "usage-column-unknown"
    COLUMN_TWICE = "usage-column-twice"
    CUT = "usage-cut"
    QUOTES = "usage-quotes"
    TOO_FEW_FIELDS = "usage-too-few-fields"
    TOO_MANY_FIELDS = "usage-too-many-fields"
    NAME_BAD = "usage-name-bad"
    NOT_A_NUMBER = "usage-not-a-number"
    ATTEMPT_NEGATIVE = "usage-attempt-negative"
    GPUS_NOT_POSITIVE = "usage-gpus-not-positive"
    GPUS_ABSURD = "usage-gpus-absurd"
    INSTANT_BAD = "usage-instant-bad"
    STARTED_AFTER_SEEN = "usage-started-after-seen"
    ENDED_AFTER_SEEN = "usage-ended-after-seen"
    ENDED_BEFORE_STARTED = "usage-ended-before-started"
    NOTHING_USED = "usage-nothing-used"
    REPEATED = "usage-repeated"
    CONTRADICTED = "usage-contradicted"
    UNSORTED = "usage-unsorted"


_MENDS: Final[Mapping[StrEnum, str]] = {
    Code.TOO_LARGE: "send smaller files, for instance one a month",
    Code.EMPTY: f"begin with the header {','.join(COLUMNS)}",
    Code.COLUMN_UNKNOWN: f"keep only the columns {', '.join(COLUMNS)}",
    Code.ATTEMPT_NEGATIVE: "count attempts from zero upwards",
    Code.GPUS_NOT_POSITIVE: "leave out rows without GPUs, or write how many were allocated",
    Code.GPUS_ABSURD: f"write GPUs, at most {GPUS_MOST} of them, not bytes or seconds",
    Code.INSTANT_BAD: "write UTC as 2026-03-09T00:00:00Z",
    Code.STARTED_AFTER_SEEN: "look at the meter's clock: it saw the attempt before it started",
    Code.ENDED_AFTER_SEEN: "leave `ended` empty while an attempt runs",
    Code.ENDED_BEFORE_STARTED: "look whether the two instants have changed places",
    Code.NOTHING_USED: "leave out attempts that lasted no second",
    Code.REPEATED: "keep one of the equal rows",
    Code.CONTRADICTED: "keep the row that is true; one attempt has one row",
    Code.UNSORTED: "sort the rows by `started`",
}


_LAYOUT: Final = Layout(Code, _MENDS, COLUMNS)


def read_usage(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> tuple[Usage, ...]:
    """The rows of a usage file; raises `Faulty` with every fault of it, each at its line."""
    return read_table(data, file, _LAYOUT, bytes_most).rows(_usage, _Earlier().against)


def _usage(row: Mapping[str, str]) -> Usage:
    """The record of a row; raises `Bad` with what is wrong with single values."""
    values = Values(Code, row)
    attempt, gpus = values.whole("attempt", 0), values.whole("gpus", 1)
    usage = Usage(
        values.name("cluster"),
        values.name("job"),
        attempt,
        values.name("award"),
        values.name("support_class"),
        gpus,
        row["started"],
        row["ended"] or None,
        row["seen"],
    )
    if attempt < 0:
        values.found.append((Code.ATTEMPT_NEGATIVE, f"attempt is {row['attempt']}"))
    if not 1 <= gpus <= GPUS_MOST:
        code = Code.GPUS_NOT_POSITIVE if gpus < 1 else Code.GPUS_ABSURD
        values.found.append((code, f"gpus is {row['gpus']}"))
    for column in ("started", "ended", "seen"):
        running = column == "ended" and not row[column]
        if not running and not is_instant(row[column]):
            values.bad(Code.INSTANT_BAD, column)
    values.done()
    return usage


class _Earlier:
    """The rows of a file so far, against which the next one is held."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str, int], Usage] = {}
        self.started = ""

    def against(self, record: Usage) -> Iterator[Found]:
        """What its own instants and the rows before have against a row."""
        yield from _time_faults(record)
        attempt = record.cluster, record.job, record.attempt
        earlier = self.seen.setdefault(attempt, record)
        if earlier is not record:
            code = Code.REPEATED if earlier == record else Code.CONTRADICTED
            yield code, f"attempt {record.attempt} of job {record.job!r} has a row already"
        if record.started < self.started:
            yield Code.UNSORTED, f"{record.started} stands after {self.started}"
        self.started = record.started


def _time_faults(record: Usage) -> Iterator[tuple[Code, str]]:
    """What is wrong between instants; the one form is ordered as its text is."""
    ended = record.ended or record.seen
    if record.started > record.seen:
        yield Code.STARTED_AFTER_SEEN, f"started {record.started}, seen {record.seen}"
    elif ended > record.seen:
        yield Code.ENDED_AFTER_SEEN, f"ended {ended}, seen {record.seen}"
    elif ended < record.started:
        yield Code.ENDED_BEFORE_STARTED, f"started {record.started}, ended {ended}"
    elif ended == record.started:
        yield Code.NOTHING_USED, f"started and ended at {ended}"
