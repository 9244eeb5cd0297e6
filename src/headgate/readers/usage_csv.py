"""Usage from a CSV file: all its faults at once, each with its line, or all its rows.

The header names the fields of a usage record; `ended` is empty while an attempt runs. A file that
an operator sends is held to more than a meter's stream is: it must be whole, sorted by start and
without repeats, because a file that is not has been cut, joined or edited on the way. Lines that
begin with "#" before the header are comments. One line is one row; a name cannot hold a line
break.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Final

from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.text import is_instant, is_name
from headgate.core.metering.usage import Usage

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


_MENDS: Final[Mapping[Code, str]] = {
    Code.TOO_LARGE: "send smaller files, for instance one a month",
    Code.NOT_UTF8: "export the file as UTF-8",
    Code.EMPTY: f"begin with the header {','.join(COLUMNS)}",
    Code.COLUMN_MISSING: "add the column to the header and to every row",
    Code.COLUMN_UNKNOWN: f"keep only the columns {', '.join(COLUMNS)}",
    Code.COLUMN_TWICE: "keep one column of each name",
    Code.CUT: "send the whole file: its last line must end with a line break",
    Code.QUOTES: 'close every quote on its own line and write a quote inside as ""',
    Code.TOO_FEW_FIELDS: "send the row again: it has been cut",
    Code.TOO_MANY_FIELDS: "quote a value that holds a comma",
    Code.NAME_BAD: "write a name of at most 1000 plain characters",
    Code.NOT_A_NUMBER: "write a whole number in digits",
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


def read_usage(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> tuple[Usage, ...]:
    """The rows of a usage file; raises `Faulty` with every fault of it, each at its line."""
    if len(data) > bytes_most:
        what = f"the file has {len(data)} bytes, more than {bytes_most}"
        raise Faulty([_fault(file, 0, Code.TOO_LARGE, what)])
    lines = _lines(data, file)
    place, columns = _header(lines, file)
    reader = _Reader(file, columns)
    for number, line in enumerate(lines[place:], place + 1):
        reader.take(number, line)
    if reader.faults:
        raise Faulty(reader.faults)
    return tuple(reader.rows)


def _lines(data: bytes, file: str) -> list[str]:
    """The file's lines without their ends; a file that is no whole text has no rows to judge."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Faulty([_fault(file, line, Code.NOT_UTF8, "a byte is not UTF-8")]) from None
    lines = text.replace("\r\n", "\n").split("\n")
    if lines.pop():
        what = "the last line has no line break: the file has been cut"
        raise Faulty([_fault(file, len(lines) + 1, Code.CUT, what)])
    return lines


def _header(lines: list[str], file: str) -> tuple[int, list[str]]:
    """The number of lines up to the header and its columns; raises `Faulty` for another header."""
    place = next((at for at, line in enumerate(lines, 1) if not line.startswith("#")), 0)
    if not place:
        raise Faulty([_fault(file, 0, Code.EMPTY, "the file has no header and no rows")])
    columns = [name.strip() for name in lines[place - 1].split(",")]
    found = [(Code.COLUMN_MISSING, name) for name in COLUMNS if name not in columns]
    found += [(Code.COLUMN_UNKNOWN, name) for name in columns if name not in COLUMNS]
    found += [(Code.COLUMN_TWICE, name) for name in COLUMNS if columns.count(name) > 1]
    if found:
        raise Faulty(_fault(file, place, code, f"column {name!r}") for code, name in found)
    return place, columns


class _Reader:
    """One reading of a file: the rows and faults so far."""

    def __init__(self, file: str, columns: list[str]) -> None:
        self.file = file
        self.columns = columns
        self.rows: list[Usage] = []
        self.faults: list[Fault] = []
        self.seen: dict[tuple[str, str, int], Usage] = {}

    def take(self, number: int, line: str) -> None:
        """Judge one line; a row with a fault of its own is not held against other rows."""
        values = self.split(number, line)
        if values is None:
            return
        found = list(_value_faults(values))
        record = None if found else _usage(values)
        if record is not None:
            found = [*_time_faults(record), *self.neighbour_faults(record)]
            self.rows.append(record)
        self.faults += [_fault(self.file, number, code, what) for code, what in found]

    def split(self, number: int, line: str) -> dict[str, str] | None:
        """The row's values by column, or None with the fault noted."""
        try:
            values = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            self.faults.append(_fault(self.file, number, Code.QUOTES, f"no CSV row: {error}"))
            return None
        if len(values) == len(self.columns):
            return dict(zip(self.columns, values, strict=True))
        few = len(values) < len(self.columns)
        what = f"{len(values)} values in a row of {len(self.columns)} columns"
        code = Code.TOO_FEW_FIELDS if few else Code.TOO_MANY_FIELDS
        self.faults.append(_fault(self.file, number, code, what))
        return None

    def neighbour_faults(self, record: Usage) -> Iterator[tuple[Code, str]]:
        """What the rows before have against this one."""
        attempt = record.cluster, record.job, record.attempt
        earlier = self.seen.setdefault(attempt, record)
        if earlier is not record:
            code = Code.REPEATED if earlier == record else Code.CONTRADICTED
            yield code, f"attempt {record.attempt} of job {record.job!r} has a row already"
        if self.rows and record.started < self.rows[-1].started:
            yield Code.UNSORTED, f"{record.started} stands after {self.rows[-1].started}"


def _value_faults(values: Mapping[str, str]) -> Iterator[tuple[Code, str]]:
    """What is wrong with single values."""
    for name in ("cluster", "job", "award", "support_class"):
        if not is_name(values[name]):
            yield Code.NAME_BAD, f"{name} is {values[name][:40]!r}"
    for name in ("attempt", "gpus"):
        yield from _number_faults(name, values[name])
    for name in ("started", "ended", "seen"):
        running = name == "ended" and not values[name]
        if not running and not is_instant(values[name]):
            yield Code.INSTANT_BAD, f"{name} is {values[name][:40]!r}"


def _number_faults(name: str, text: str) -> Iterator[tuple[Code, str]]:
    if not re.fullmatch("-?[0-9]{1,18}", text):
        yield Code.NOT_A_NUMBER, f"{name} is {text[:40]!r}"
    elif name == "attempt" and int(text) < 0:
        yield Code.ATTEMPT_NEGATIVE, f"attempt is {text}"
    elif name == "gpus" and int(text) < 1:
        yield Code.GPUS_NOT_POSITIVE, f"gpus is {text}"
    elif name == "gpus" and int(text) > GPUS_MOST:
        yield Code.GPUS_ABSURD, f"gpus is {text}"


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


def _usage(values: Mapping[str, str]) -> Usage:
    return Usage(
        values["cluster"],
        values["job"],
        int(values["attempt"]),
        values["award"],
        values["support_class"],
        int(values["gpus"]),
        values["started"],
        values["ended"] or None,
        values["seen"],
    )


def _fault(file: str, line: int, code: Code, what: str) -> Fault:
    return Fault(file, line, 1 if line else 0, code.value, what, _MENDS[code])
