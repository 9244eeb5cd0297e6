"""The Standard Workload Format, version 2.2, of the Parallel Workloads Archive.

18 fields a line, comments after ";", -1 for unknown. The tenant is the group (field 13), else the
user (12), else `unknown`; a GPU is one allocated processor (5), else one requested (8); the limit
is the requested time (9). Lines of status 2, 3 and 4 are parts of a job that has its own line. What
is spot or inference is named by queue (15) or partition (16): `queue-3`, `partition-1`.

Blocks of lines in which nothing is wrong are read at once; line by line, where something is, gives
the same.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

import numpy as np

from headgate.core.faults import Sentence
from headgate.readers.trace_log import NUMBER, Bad, Log, Row, each, fitting

from headgate.readers.traces import (  # isort: skip
    GPUS_MOST, SECONDS_MOST, SPOT_OF, SUBMITTED_MOST, Code, Column, Left,
)  # fmt: skip

FIELDS: Final = 18
KINDS: Final = ("spot", "inference")
BLOCK_LINES: Final = 20_000
_PLAIN: Final = b"0123456789.- \t\r\n"
_PART_STATUS: Final = (2, 3, 4)
_QUEUES: Final = {"queue": 14, "partition": 15}
_START: Final = re.compile(r";\s*UnixStartTime:\s*([0-9]{1,10})")


def read_swf(log: Log, lines: Iterator[tuple[int, bytes]]) -> int:
    """Read a log's lines by their numbers; the start of its time, in seconds since 1970."""
    start = 0

    def read(text: str) -> Row | Left | None:
        nonlocal start
        if text.startswith(";"):
            found = _START.fullmatch(text)
            start = int(found[1]) if found else start
            return None
        return _row(text.split(), log) if text else None

    while block := list(islice(lines, BLOCK_LINES)):
        if not _at_once(log, [raw for _, raw in block]):
            each(log, ((number, _comment(raw)) for number, raw in block), read)
    return start


def _comment(raw: bytes) -> bytes:
    """Comments name people and places in whatever bytes their archive has."""
    return raw.decode(errors="replace").encode() if raw.startswith(b";") else raw


def _row(values: list[str], log: Log) -> Row | Left:
    if len(values) != FIELDS:
        what = Sentence("{n} fields, not {most}", n=len(values), most=FIELDS)
        raise Bad((Code.FIELDS_WRONG, what))
    for place, value in enumerate(values, 1):
        if not NUMBER.fullmatch(value):
            what = Sentence("field {n} is {value!r}", n=place, value=value[:40])
            raise Bad((Code.NOT_A_NUMBER, what))
    numbers = [float(value) for value in values]
    submitted = round(numbers[1])
    if submitted < 0:
        raise Bad((Code.NEGATIVE, Sentence("submitted at {at}", at=str(submitted))))
    if numbers[10] in _PART_STATUS:
        return Left.PART
    gpus = numbers[4] if numbers[4] > 0 else numbers[7]
    spot, inference = (bool(_called(np.array([numbers]), log, what)[0]) for what in KINDS)
    tenant = _tenant(numbers[11], numbers[12], spot)
    return fitting(submitted, tenant, numbers[3], gpus, numbers[8], inference=inference)


def _tenant(user: float, group: float, spot: float) -> str:
    end = SPOT_OF if spot else ""
    if group >= 0:
        return f"group-{group:.15g}{end}"
    return f"user-{user:.15g}{end}" if user >= 0 else f"unknown{end}"


def _called(rows: np.ndarray, log: Log, what: str) -> np.ndarray:
    """Which rows are in a queue or a partition that is named; the log remembers what was met."""
    found = np.zeros(len(rows), np.bool_)
    for name in log.named.get(what, ()):
        queue, _, number = name.rpartition("-")
        if queue in _QUEUES and number.isdecimal():
            here = rows[:, _QUEUES[queue]] == int(number)
            found |= here
            log.met.update([(what, name)] if here.any() else [])
    return found


def _at_once(log: Log, block: list[bytes]) -> bool:
    """Take a block in which every row is well; False, and nothing taken, where one may not be."""
    if b"".join(block).translate(None, _PLAIN):
        return False
    try:
        rows = np.loadtxt(block, np.float64, comments=None, ndmin=2, encoding="ascii")
    except ValueError:
        return False
    if rows.shape[1] != FIELDS or not len(rows):
        return False
    submitted, seconds, limit = (np.rint(rows[:, place]) for place in (1, 3, 8))
    gpus = np.where(rows[:, 4] > 0, rows[:, 4], rows[:, 7])
    part = np.isin(rows[:, 10], _PART_STATUS)
    well = (0 <= submitted) & (submitted <= SUBMITTED_MOST)
    well &= part | (((rows[:, 3] >= 0) | (rows[:, 3] == -1)) & (rows[:, 3] <= SECONDS_MOST))
    well &= part | (((gpus >= 0) | (gpus == -1)) & (gpus <= GPUS_MOST) & (gpus % 1 == 0))
    if not well.all():
        return False
    ran, has = ~part & (seconds >= 1), gpus >= 1
    kinds = (Left.PART, part), (Left.NEVER_RAN, ~part & ~ran), (Left.NO_GPUS, ran & ~has)
    log.left.update({left.value: int(rest.sum()) for left, rest in kinds if rest.any()})
    jobs = ran & has
    limits = np.clip(limit, 0, SECONDS_MOST)
    numbers = (column[jobs].astype(np.int64) for column in (submitted, seconds, gpus, limits))
    spot, inference = (_called(rows[jobs], log, what) for what in KINDS)
    tenants = _tenants(rows[jobs, 11], rows[jobs, 12], spot)
    log.jobs(*tenants, *numbers, inference.astype(np.int8))
    return True


def _tenants(*parts: np.ndarray) -> tuple[list[str], Column]:
    every = list(zip(*(part.tolist() for part in parts), strict=True))
    places = {each: place for place, each in enumerate(dict.fromkeys(every))}
    return [_tenant(*each) for each in places], np.array([places[e] for e in every], np.int64)
