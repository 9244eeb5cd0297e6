"""What tenants with quotas of their own ran and waited for: a table of changes, minute by minute.

The columns are those of the Helios demand table (Hu et al., SC 2021): `time`, `vc` and the GPUs
the tenant owns, runs and waits for; others may follow. A row holds until its tenant's next one, the
last until midnight after the last row of the table. From it follows what walls left idle while
others waited, without knowing a single job. Fragments of nodes are not seen.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from headgate.core.faults import Fault, Faulty, Mended
from headgate.core.quantities import DAY_SECONDS
from headgate.readers.packed import Broken, unpacked
from headgate.readers.traces import FAULTS_SHOWN

COLUMNS: Final = ("time", "vc", "total_gpu_num", "running_gpu_num", "pending_gpu_num")
GPUS_MOST: Final = 10**7
BYTES_MOST: Final = 1024 * 1024 * 1024


class Code(Mended):
    """Every fault a table of demand can have; the value is its published code."""

    COLUMNS_WRONG = "demand-columns-wrong", f"begin with the header {','.join(COLUMNS)}"
    FIELDS_WRONG = "demand-fields-wrong", "give every column of the header"
    TIME_BAD = "demand-time-bad", "write times as 2020-05-01 00:00:00"
    UNSORTED = "demand-unsorted", "put rows in the order of time, one a tenant and time"
    TENANT_MISSING = "demand-tenant-missing", "name the tenant of every row"
    NOT_A_COUNT = "demand-not-a-count", f"write whole numbers of GPUs from 0 to {GPUS_MOST}"
    OVER_OWNED = "demand-over-owned", "give tenants who run no more than they own"
    NOT_UTF8 = "demand-not-utf8", "give the table as UTF-8 text"
    BROKEN = "demand-broken", "fetch the file again: it is not whole"
    TOO_LARGE = "demand-too-large", "give a part of the table"
    EMPTY = "demand-empty", "give a table with at least one row"


@dataclass(frozen=True, slots=True)
class Left:
    """What walls left: GPU-seconds owned, run, idle, waited for, and idle that would have served.

    `waited_seconds` is the time in which anybody waited, `covered_seconds` that part of it in which
    the idle GPUs were as many as were waited for. `bad` rows changed nothing, for which
    `faults` are the first reasons.
    """

    tenants: int
    rows: int
    seconds: int
    owned: int
    run: int
    idle: int
    waited: int
    fillable: int
    waited_seconds: int
    covered_seconds: int
    bad: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """One change."""

    at: int
    tenant: str
    owned: int
    running: int
    waiting: int


def read_demand(data: bytes, file: str, *, bytes_most: int = BYTES_MOST) -> Left:
    """Read a table, plain or packed, and say what its walls left.

    Raises `Faulty` for what is no such table, with the first faults of its rows.
    """
    lines = _text(data, file, bytes_most).splitlines()
    if not lines or tuple(lines[0].split(",")[: len(COLUMNS)]) != COLUMNS:
        raise Faulty([Code.COLUMNS_WRONG.of(file, "the header is another one", 1)])
    faults: list[Fault] = []
    rows: list[_Row] = []
    seen: set[tuple[int, str]] = set()
    wide, bad = len(lines[0].split(",")), 0
    for number, line in enumerate(lines[1:], 2):
        values = next(csv.reader([line]), [])
        found = [code.of(file, what, number) for code, what in _faults(values, wide)]
        if values and not found:
            row = _row(values)
            if not ((rows and row.at < rows[-1].at) or (row.at, row.tenant) in seen):
                seen.add((row.at, row.tenant))
                rows.append(row)
                continue
            what = f"{values[0]} of {row.tenant} comes late or twice"
            found = [Code.UNSORTED.of(file, what, number)]
        bad += bool(found)
        faults += found
    if not rows and not faults:
        faults.append(Code.EMPTY.of(file, "there is no row"))
    if bad > len(rows) or not rows:
        raise Faulty(faults)
    return replace(_left(rows), bad=bad, faults=tuple(faults[:FAULTS_SHOWN]))


def _text(data: bytes, file: str, bytes_most: int) -> str:
    """The text of a file that may be packed, unpacked up to a limit; raises `Faulty`.

    A byte that is not UTF-8 costs its row and no other: it is in no number and no time.
    """
    try:
        with unpacked(io.BytesIO(data)) as whole:
            data = whole.read(bytes_most + 1)
    except Broken as error:
        raise Faulty([Code.BROKEN.of(file, str(error))]) from None
    if len(data) > bytes_most:
        raise Faulty([Code.TOO_LARGE.of(file, f"more than {bytes_most} bytes")])
    return data.decode("utf-8-sig", errors="surrogateescape")


def _faults(values: Sequence[str], wide: int) -> Iterator[tuple[Code, str]]:
    if not values:
        return
    if not _encodes("".join(values)):
        yield Code.NOT_UTF8, "a byte is not UTF-8"
        return
    if len(values) != wide:
        yield Code.FIELDS_WRONG, f"{len(values)} of {wide} columns"
        return
    if _moment(values[0]) is None:
        yield Code.TIME_BAD, f"time is {values[0][:40]!r}"
    if not values[1].strip():
        yield Code.TENANT_MISSING, "vc is empty"
    counts = values[2 : len(COLUMNS)]
    if not all(value.isascii() and value.isdigit() and len(value) < 9 for value in counts):
        yield Code.NOT_A_COUNT, f"GPUs are {', '.join(value[:20] for value in counts)}"
    elif max(map(int, counts)) > GPUS_MOST:
        yield Code.NOT_A_COUNT, f"GPUs are {', '.join(counts)}"
    elif int(counts[1]) > int(counts[0]):
        yield Code.OVER_OWNED, f"{counts[1]} run of {counts[0]}"


def _encodes(text: str) -> bool:
    """Whether a text was UTF-8: other bytes stand in it as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _row(values: Sequence[str]) -> _Row:
    owned, running, waiting = map(int, values[2 : len(COLUMNS)])
    return _Row(_moment(values[0]) or 0, values[1], owned, running, waiting)


def _moment(text: str) -> int | None:
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp())


def _left(rows: Sequence[_Row]) -> Left:
    """Add up from change to change."""
    ends = (rows[-1].at // DAY_SECONDS + 1) * DAY_SECONDS
    held: dict[str, _Row] = {}
    owned = run = waited = fillable = waited_seconds = covered_seconds = 0
    for row, until in zip(rows, [*(row.at for row in rows[1:]), ends], strict=True):
        held[row.tenant] = row
        lasts = until - row.at
        if not lasts:
            continue
        has, runs, waits = _sums(held)
        owned, run, waited = owned + has * lasts, run + runs * lasts, waited + waits * lasts
        fillable += min(has - runs, waits) * lasts
        waited_seconds += lasts if waits else 0
        covered_seconds += lasts if 0 < waits <= has - runs else 0
    return Left(
        len(held),
        len(rows),
        ends - rows[0].at,
        owned,
        run,
        owned - run,
        waited,
        fillable,
        waited_seconds,
        covered_seconds,
    )


def _sums(held: Mapping[str, _Row]) -> tuple[int, int, int]:
    rows = held.values()
    return sum(r.owned for r in rows), sum(r.running for r in rows), sum(r.waiting for r in rows)
