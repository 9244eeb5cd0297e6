"""Usage from a CSV file of any size: all its faults at once, each with its line, or all its rows.

The header names the fields of a usage record; `ended` is empty while an attempt runs, and `joules`
is empty, or no column, where the energy is not known. A file that
an operator sends is held to more than a meter's stream is: it must be whole, sorted by start and
without repeats, because a file that is not has been cut, joined or edited on the way.

A file is read some lines at a time. What must be known of all its rows at once, which attempts it
has told, is kept as digests on the disk and compared at the end, some at a time: memory has a bound
that no file can move.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from hashlib import blake2b
from io import BytesIO
from itertools import islice
from operator import itemgetter
from struct import Struct
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final

import numpy as np

from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.text import is_instant
from headgate.core.metering.usage import Usage
from headgate.core.quick import quick
from headgate.readers.tables import Bad, Found, Layout, Table, Values, table_under

BYTES_MOST: Final = 512 * 1024 * 1024
LINE_BYTES_MOST: Final = 65_536
FAULTS_MOST: Final = 1_000
"""How many faults of a file are told before the rest is left: more helps nobody to mend it."""

GPUS_MOST: Final = 1_000_000
COLUMNS: Final = tuple(field.name for field in fields(Usage))
ENERGY: Final = "joules"
"""The one column that a file may lack."""


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
    ENERGY_BAD = "usage-energy-bad"
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
    Code.ENERGY_BAD: "write whole joules of an attempt that has ended, or leave the energy empty",
    Code.INSTANT_BAD: "write UTC as 2026-03-09T00:00:00Z",
    Code.STARTED_AFTER_SEEN: "look at the meter's clock: it saw the attempt before it started",
    Code.ENDED_AFTER_SEEN: "leave `ended` empty while an attempt runs",
    Code.ENDED_BEFORE_STARTED: "look whether the two instants have changed places",
    Code.NOTHING_USED: "leave out attempts that lasted no second",
    Code.REPEATED: "keep one of the equal rows",
    Code.CONTRADICTED: "keep the row that is true; one attempt has one row",
    Code.UNSORTED: "sort the rows by `started`",
}


_LAYOUT: Final = Layout(Code, _MENDS, COLUMNS[: COLUMNS.index(ENERGY)], (ENERGY,))


def read_usage(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> tuple[Usage, ...]:
    """The rows of a usage file in memory; raises `Faulty` with its faults, each at its line."""
    if len(data) > bytes_most:
        what = f"the file has {len(data)} bytes, more than {bytes_most}"
        raise _LAYOUT.shared(file, 0, "TOO_LARGE", what)
    return tuple(usage_rows(BytesIO(data), file))


def rows_again(source: BinaryIO, file: str) -> Iterator[Usage]:
    """The rows of a file that `usage_rows` has gone through; what it found is not looked for again.

    Each row is judged by itself once more; raises `Faulty` for a file that is another by now.
    """
    for _, judged in _judged(source, file):
        if not isinstance(judged, Usage):
            raise Faulty([judged])
        yield judged


def usage_rows(source: BinaryIO, file: str) -> Iterator[Usage]:
    """The rows of a usage file as it is read; raises `Faulty` after the last, with its faults.

    So nothing may be done with a row before the whole file was read once. The faults are those of
    all lines, or the first `FAULTS_MOST` of them.
    """
    faults: list[Fault] = []
    with _Attempts() as attempts:
        try:
            for number, judged in _judged(source, file):
                if isinstance(judged, Usage):
                    attempts.add(number, judged)
                    yield judged
                else:
                    faults.append(judged)
                    if len(faults) == FAULTS_MOST:
                        break
        except Faulty as end:
            faults += end.faults
        told = islice(attempts.told_again(), FAULTS_MOST - len(faults))
        faults += [_LAYOUT.fault(file, number, code, what) for number, code, what in told]
    if faults:
        raise Faulty(faults)


def _judged(source: BinaryIO, file: str) -> Iterator[tuple[int, Usage | Fault]]:
    """Every row that can be read, and every fault; raises `Faulty` where nothing more can be."""
    table, started = _table(_lines(source, file), file), ""
    sound, number = _Sound(table.columns), table.header
    while block := _block(source):
        records = sound.usages(block)
        judged = enumerate(records, number + 1) if records else _slowly(block, table, number)
        for number, record in judged:
            yield number, record
            if not isinstance(record, Usage):
                continue
            ended = record.seen if record.ended is None else record.ended
            if not started <= record.started < ended <= record.seen:
                for code, what in _against(record, started):
                    yield number, _LAYOUT.fault(file, number, code, what)
            started = record.started


def _block(source: BinaryIO) -> bytes:
    """Some whole lines; the last has no end where the file has been cut, or it is too long."""
    block = source.read(LINE_BYTES_MOST)
    return block if block.endswith(b"\n") else block + source.readline(LINE_BYTES_MOST)


def _slowly(block: bytes, table: Table, before: int) -> Iterator[tuple[int, Usage | Fault]]:
    """The rows of some lines, and every fault that a line has by itself; raises `Faulty`."""
    for number, line in _lines(BytesIO(block), table.file, before):
        try:
            yield number, _usage(table.split(_text(line, number, table.file)))
        except Bad as bad:
            for code, what in bad.found:
                yield number, _LAYOUT.fault(table.file, number, code, what)
        except Faulty as error:
            yield from ((number, fault) for fault in error.faults)


def _lines(source: BinaryIO, file: str, number: int = 0) -> Iterator[tuple[int, bytes]]:
    """Every line with its number, without its end; raises `Faulty` for one that has none."""
    while line := source.readline(LINE_BYTES_MOST):
        number += 1
        if not line.endswith(b"\n"):
            if len(line) == LINE_BYTES_MOST:
                what = f"the line has more than {LINE_BYTES_MOST} bytes"
                raise _LAYOUT.shared(file, number, "TOO_LARGE", what)
            what = "the last line has no line break: the file has been cut"
            raise _LAYOUT.shared(file, number, "CUT", what)
        yield number, line[:-1].removesuffix(b"\r")


def _text(line: bytes, number: int, file: str) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise _LAYOUT.shared(file, number, "NOT_UTF8", "a byte is not UTF-8") from None


def _table(lines: Iterator[tuple[int, bytes]], file: str) -> Table:
    """The table under the header, which is the first line that is no comment."""
    for number, line in lines:
        text = _text(line, number, file)
        if not text.startswith("#"):
            return table_under(text, file, number, _LAYOUT)
    raise _LAYOUT.shared(file, 0, "EMPTY", "the file has no header and no rows")


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
        values.whole(ENERGY, 0) if row.get(ENERGY) else None,
    )
    if usage.joules is not None and (usage.joules < 0 or not row["ended"]):
        values.bad(Code.ENERGY_BAD, ENERGY)
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


_USAGE: Final = quick(Usage)
_NAME: Final = "([ !#-+\\--~]{1,1000})"
_WHOLE: Final = "([0-9]{1,18})"
_INSTANT: Final = "(....-..-..T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)"
_DAY: Final = slice(len("2026-03-09T"))
_MIDNIGHT: Final = "00:00:00Z"
_FORMS: Final = {
    **dict.fromkeys(("cluster", "job", "award", "support_class"), _NAME),
    **dict.fromkeys(("started", "seen"), _INSTANT),
    "ended": f"{_INSTANT}?",
    "attempt": _WHOLE,
    "gpus": "([1-9][0-9]{0,5})",
    ENERGY: f"{_WHOLE}?",
}
"""What the usual value of a column looks like."""


class _Sound:
    """Lines that a glance shows to be sound; `_usage` judges all others, value by value."""

    def __init__(self, columns: Sequence[str]) -> None:
        line = ",".join(_FORMS[column] for column in columns)
        self._pattern = re.compile(f"^{line}\r?\n", re.MULTILINE)
        places = [columns.index(each) for each in COLUMNS if each in columns]
        self._in_order = itemgetter(*places)

    def usages(self, block: bytes) -> list[Usage]:
        """The records of some lines, or none where one of them takes a longer look.

        Its pattern has judged each clock; the days, of which lines have few, are judged once each.
        """
        if not block.isascii():
            return []
        found = self._pattern.findall(block.decode())
        records: list[Usage] = []
        days: set[str] = set()
        if len(found) == block.count(b"\n") and block.endswith(b"\n"):
            for cluster, job, attempt, *rest in map(self._in_order, found):
                award, support_class, gpus, started, ended, seen, *energy = rest
                joules = int(energy[0]) if energy and energy[0] else None
                if joules is not None and not ended:
                    return []
                days |= {started[_DAY], ended[_DAY] or started[_DAY], seen[_DAY]}
                who = cluster, job, int(attempt), award, support_class, int(gpus)
                records.append(_USAGE(*who, started, ended or None, seen, joules))
        return records if all(is_instant(day + _MIDNIGHT) for day in days) else []


def _against(record: Usage, before: str) -> Iterator[Found]:
    """What its own instants and the row that stands before have against a row."""
    yield from _time_faults(record)
    if record.started < before:
        yield Code.UNSORTED, f"{record.started} stands after {before}"


_PACKED: Final = Struct("<16sQQ").pack
_TOLD: Final = np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<u8"), ("line", "<u8")])
_TOLD_AT_ONCE: Final = 500_000
_TOLD_TOGETHER: Final = 65_536
_TOLD_IN_MEMORY: Final = 16 * 1024 * 1024


class _Attempts:
    """Which attempts a file has told: digests of 32 bytes a row, on the disk once they are many."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_TOLD_IN_MEMORY)  # noqa: SIM115
        self._rows = 0
        self._last = bytearray()

    def __enter__(self) -> "_Attempts":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, line: int, record: Usage) -> None:
        """Note the attempt of a row, and what the row says of it."""
        attempt = f"{record.cluster}\t{record.job}\t{record.attempt}".encode()
        told = blake2b(attempt, digest_size=16).digest()
        self._last += _PACKED(told, hash(record) % 2**64, line)
        self._rows += 1
        if len(self._last) >= _TOLD_TOGETHER:
            self._write()

    def _write(self) -> None:
        self._file.write(self._last)
        self._last.clear()

    def told_again(self) -> Iterator[tuple[int, Code, str]]:
        """Every line whose attempt an earlier line has told, and whether it says the same."""
        shares = 1 + self._rows // _TOLD_AT_ONCE
        for share in range(shares):
            mine = np.concatenate([some[some["low"] % shares == share] for some in self._read()])
            mine = mine[np.lexsort((mine["line"], mine["low"], mine["high"]))]
            again = (mine["high"][1:] == mine["high"][:-1]) & (mine["low"][1:] == mine["low"][:-1])
            for place in np.flatnonzero(again):
                first, second = mine[place], mine[place + 1]
                code = Code.REPEATED if first["row"] == second["row"] else Code.CONTRADICTED
                yield int(second["line"]), code, f"line {first['line']} is of the same attempt"

    def _read(self) -> Iterator[np.ndarray[Any, np.dtype[Any]]]:
        self._write()
        self._file.seek(0)
        yield np.empty(0, _TOLD)
        while data := self._file.read(_TOLD.itemsize * _TOLD_AT_ONCE):
            yield np.frombuffer(data, _TOLD)


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
