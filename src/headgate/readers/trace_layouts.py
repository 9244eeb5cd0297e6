"""The layouts in which workloads are had, told apart by what the file says and not by its name.

- The Standard Workload Format (`trace_swf`).
- Tables with a header, of commas, tabs, semicolons or (`sacct -P`) bars, by the names of their
  columns: those of Philly (Jeon et al., ATC 2019), Helios (Hu et al., SC 2021) and Acme (Hu et al.,
  NSDI 2024) are known, and those of Slurm's sacct(1).

Each may be packed (`packed`), and comments that begin with "#" may stand above it. Times without a
zone are taken as UTC, which moves a job by hours and no amount by a second. A file is read line by
line: memory is for columns, not for text.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Final

from headgate.core.faults import Faulty, Sentence, quoted
from headgate.core.quantities import DAY_SECONDS, HOUR_SECONDS
from headgate.readers.packed import Broken, opened
from headgate.readers.trace_log import NUMBER, Bad, Log, Row, each, fitting, number
from headgate.readers.trace_swf import read_swf
from headgate.readers.traces import BYTES_MOST, NOTHING, SPOT_OF, Code, Left, Named, Trace

ROLES: Final[Mapping[str, Sequence[str]]] = {
    "submission": ("submit_time", "submit", "submitted", "submission_time", "timestamp"),
    "run time": ("duration", "run_time", "elapsedraw", "elapsed"),
    "GPUs": ("num_gpus", "gpu_num", "gpus", "alloctres", "reqtres"),
    "tenant": ("vc", "account", "organization", "cluster", "user"),
    "job": ("jobid", "jobidraw"),
    "state": ("state",),
    "start": ("start_time", "start"),
    "end": ("end_time", "end"),
    "limit": ("time_limit", "timelimit"),
    "limit in minutes": ("timelimitraw",),
    "product": ("gpu_time",),
    "kind": ("type", "job_type", "workload_type", "task_type"),
    "QOS": ("qos",),
    "partition": ("partition",),
    "queue": ("queue", "queue_name"),
}
"""What a column may be called, in any case; the first that has a value counts."""
NEEDED: Final = ("submission", "run time", "GPUs", "tenant")
NONE: Final = frozenset(
    {"", "none", "unknown", "unlimited", "partition_limit", "nan", "null", "-1"}
)
RUNNING: Final = ("RUNNING", "PENDING", "SUSPENDED", "REQUEUED", "RESIZING")
DEVICES: Final = ("gpu", "npu")
INFERENCE: Final = ("infer", "serv", "eval")
"""How kinds of work begin that run a model and do not train it."""
SPOT: Final = re.compile(
    r"(?<![a-z])(?:spot|standby|scavenger?|preempt(?:ible)?|opportunistic|besteffort)(?![a-z])"
)
"""Words in the names of kinds, QOS, partitions and queues whose jobs run on what lies idle."""
QUEUES: Final = ("kind", "QOS", "partition", "queue")
LINE_MOST: Final = 1 << 16
_CLOCK: Final = re.compile(r"(?:([0-9]{1,6})-)?(?:([0-9]{1,6}):)?([0-9]{1,6}):([0-9]{1,2})(\.\d+)?")


def read_file(
    path: Path, *, strict: bool = False, named: Named = NOTHING, bytes_most: int = BYTES_MOST
) -> Trace:
    """Read a trace in any layout; raises `Faulty` where it is none, or by a bad row if `strict`."""
    try:
        with opened(path) as stream:
            lines = iter(partial(stream.readline, LINE_MOST), b"")
            limited = _limited(lines, path.name, bytes_most)
            return read_lines(limited, path.name, strict=strict, named=named)
    except Broken as broken:
        raise Faulty([Code.PACKED_BROKEN.of(path.name, _quoted(broken))]) from None


def read_lines(
    lines: Iterable[bytes], file: str, *, strict: bool = False, named: Named = NOTHING
) -> Trace:
    """Read a trace line by line."""
    log = Log(file, named)
    numbered = enumerate(lines, 1)
    for line, raw in numbered:
        first = raw.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").strip()
        if first.startswith(";") or NUMBER.fullmatch(first.partition(" ")[0].partition("\t")[0]):
            lines_of_log = chain([(line, first.encode())], numbered)
            return log.trace(read_swf(log, lines_of_log), strict=strict)
        if first and not first.startswith("#"):
            row = _table(log, line, first)
            each(log, numbered, row)
            return log.trace(strict=strict)
    return log.trace(strict=strict)


def _limited(lines: Iterable[bytes], file: str, bytes_most: int) -> Iterator[bytes]:
    """Lines, together not endless; raises `Faulty` for too many bytes."""
    taken = 0
    for line in lines:
        taken += len(line)
        if taken > bytes_most:
            raise Faulty(
                [Code.TOO_LARGE.of(file, Sentence("more than {most} bytes", most=bytes_most))]
            )
        yield line


def _table(log: Log, line: int, header: str) -> Callable[[str], Row | Left | None]:
    """How a row of a table is read; raises `Faulty` with every column that is missing."""
    delimiter = next((mark for mark in "|,\t;" if mark in header), ",")
    names = [name.strip().lower() for name in _split(header, delimiter)]
    places = {
        role: tuple(names.index(name) for name in known if name in names)
        for role, known in ROLES.items()
    }
    timed = bool(places["start"] and places["end"])
    missing = [r for r in NEEDED if not places[r] and not (r == "run time" and timed)]
    if missing:
        form = "no column of {name}, as {names}"
        told = [
            Sentence(form, name=Sentence.of(role), names=", ".join(ROLES[role])) for role in missing
        ]
        raise Faulty([Code.COLUMNS_WRONG.of(log.file, what, line) for what in told])

    def read(text: str) -> Row | Left | None:
        if not text:
            return None
        values = _split(text, delimiter)
        if len(values) != len(names):
            what = Sentence("{n} of {all} columns", n=len(values), all=len(names))
            raise Bad((Code.FIELDS_WRONG, what))
        return _table_row(values, places, log)

    return read


def _split(text: str, delimiter: str) -> list[str]:
    if '"' not in text or delimiter == "|":
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Bad((Code.FIELDS_WRONG, _quoted(error))) from None


def _quoted(error: Exception) -> Sentence:
    """What a reader of others says of a file."""
    return Sentence('it cannot be read on ("{words}")', words=quoted(error))


def _table_row(values: Sequence[str], places: Mapping[str, Sequence[int]], log: Log) -> Row | Left:
    """One row; all its faults at once."""
    given = {
        role: next((v for p in at if (v := values[p].strip()).lower() not in NONE), "")
        for role, at in places.items()
    }
    if left := _unreplayable(given, places):
        return left
    faults: list[tuple[Code, str]] = []

    def tried(read: Callable[[Mapping[str, str]], float]) -> float:
        try:
            return read(given)
        except Bad as bad:
            faults.extend(bad.faults)
            return 0

    submitted, seconds, gpus, limit = map(tried, (_submitted, _seconds, _gpus, _limit))
    if not given["tenant"]:
        faults.append((Code.TENANT_MISSING, "the tenant is empty"))
    product = given["product"]
    if not faults and product and abs(number(product, "gpu_time") - seconds * gpus) > 1e-3:
        faults.append((Code.PRODUCT_WRONG, _product(seconds, gpus, product)))
    if faults:
        raise Bad(*faults)
    said = [given[role].lower() for role in QUEUES if given[role]]
    spot, runs_a_model = (_called(said, log, what) for what in ("spot", "inference"))
    spot |= any(map(_is_spot, said))
    runs_a_model |= given["kind"].lower().startswith(INFERENCE)
    tenant = f"{given['tenant']}{SPOT_OF}" if spot else given["tenant"]
    return fitting(int(submitted), tenant, seconds, gpus, limit, inference=runs_a_model)


def _called(said: Sequence[str], log: Log, what: str) -> bool:
    """Whether a job is called so; the log remembers what has been met."""
    met = [(what, name) for name in log.named.get(what, ()) if name.lower() in said]
    log.met.update(met)
    return bool(met)


@lru_cache(maxsize=4096)
def _is_spot(name: str) -> bool:
    """Whether a name says that its jobs run on idle time; `non-preemptible` says that not."""
    return bool(SPOT.search(name)) and not re.search(r"(?<![a-z])(?:non|not|no)(?![a-z])", name)


def _product(seconds: float, gpus: float, product: str) -> Sentence:
    form = "{seconds} times {gpus} is not {product}"
    return Sentence(form, seconds=f"{seconds:g}", gpus=f"{gpus:g}", product=product[:40])


def _unreplayable(given: Mapping[str, str], places: Mapping[str, Sequence[int]]) -> Left | None:
    """Why a row that may be well says nothing of a whole job."""
    if "." in given["job"]:
        return Left.PART
    if places["start"] and not given["start"]:
        return Left.NEVER_RAN
    open_ended = places["end"] and not given["end"] and not given["state"]
    if open_ended or given["state"].upper().startswith(RUNNING):
        return Left.UNFINISHED
    return None


def _submitted(given: Mapping[str, str]) -> int:
    return _time(given["submission"], "submission")


def _seconds(given: Mapping[str, str]) -> float:
    if given["run time"]:
        return _lasting(given["run time"], "run time")
    if not given["start"]:
        return 0
    started, ended = _time(given["start"], "start"), _time(given["end"], "end")
    if ended < started:
        what = Sentence("ended {n} s before it started", n=started - ended)
        raise Bad((Code.ENDS_EARLY, what))
    return ended - started


def _limit(given: Mapping[str, str]) -> float:
    if given["limit in minutes"]:
        return 60 * number(given["limit in minutes"], "the limit")
    return _lasting(given["limit"], "the limit") if given["limit"] else 0


def _lasting(text: str, what: str) -> float:
    """Seconds, as a number or as Slurm writes them: [days-]hours:minutes:seconds."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return number(text, what)
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:4])
    return days * DAY_SECONDS + hours * HOUR_SECONDS + minutes * 60 + seconds


def _time(text: str, what: str) -> int:
    """Seconds since 1970 of a moment as ISO 8601 has it, or as a number."""
    if NUMBER.fullmatch(text):
        return round(float(text))
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        named = Sentence("{name} is {value!r}", name=Sentence.of(what), value=text[:40])
        raise Bad((Code.TIME_BAD, named)) from None


def _gpus(given: Mapping[str, str]) -> float:
    text = given["GPUs"]
    return _tres(text) if "=" in text else number(text or "0", "the number of GPUs")


@lru_cache(maxsize=4096)
def _tres(text: str) -> float:
    """Chips of Slurm's TRES: by the generic name, else by the sum of types."""
    counts: dict[str, float] = {}
    for item in text.split(","):
        name, _, count = item.partition("=")
        if name.startswith("gres/"):
            counts[name.removeprefix("gres/")] = number(count, name)
    typed = (
        (device, sum(n for name, n in counts.items() if name.startswith(f"{device}:")))
        for device in DEVICES
    )
    return sum(counts.get(device, most) for device, most in typed)
