"""What every format is read into: one run of one model on one task, item by item."""

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any, Final

from headgate.core.evaluation.method import FULL_MARKS
from headgate.core.faults import Fault
from headgate.readers.evaluations.findings import Code
from headgate.readers.evaluations.reading import Found


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the manifest asks of one task: how logs name it, and what of them counts."""

    pillar: str
    task: str
    log_task: str
    metric: str | None = None
    filter: str | None = None
    cluster: str | None = None
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One attempt at one item; `score` in ten-thousandths, texts only as their hashes."""

    item: str
    cluster: str
    attempt: int
    score: int
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One model on one task, as a log has it. `settings` decide what the scores mean."""

    file: str
    tool: str
    task: str
    task_hash: str
    model: str
    settings: Mapping[str, str]
    samples: tuple[Sample, ...]


@dataclass(slots=True)
class Report:
    """The findings about one file, gathered: a reader goes on after each that leaves the rest
    clear.
    """

    file: str
    faults: list[Fault] = field(default_factory=list)

    def add(self, code: Code, what: str, line: int = 0) -> None:
        """Note a finding."""
        self.faults.append(code.of(self.file, what, line))

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Note the finding that ends a part of the work, and go on after that part."""
        try:
            yield
        except Found as found:
            self.add(found.code, found.what, found.line)
        except RecursionError:
            self.add(Code.LOG_TOO_DEEP, "Lists in lists without end.")
        except (AttributeError, KeyError, TypeError) as error:
            self.add(Code.SHAPE, f"A part is not of the kind its tool writes: {str(error)[:80]}.")


def content_hash(value: object) -> str:
    """SHA-256 of a value's JSON with sorted keys: one item, one hash, whoever ran it."""
    return hashlib.sha256(_ENCODER.encode(value).encode("utf-8", "surrogatepass")).hexdigest()


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str
)


def marks(value: object, where: str) -> int:
    """A score from 0 to 1 in ten-thousandths; raises `Found` for anything else."""
    number = Decimal(value) if isinstance(value, bool | int | Decimal) else Decimal("NaN")
    scaled = _ten_thousandths(number)
    if scaled is not None:
        return scaled
    raise Found(Code.SCORE_BAD, f"{where} has the score {str(value)[:40]}.")


@lru_cache(maxsize=2**12)
def _ten_thousandths(number: Decimal) -> int | None:
    """A number from 0 to 1 in ten-thousandths; logs have few that differ."""
    if not number.is_finite() or not 0 <= number <= 1:
        return None
    return int((number * FULL_MARKS).to_integral_value(ROUND_HALF_EVEN))


def mean_and_error(samples: Sequence[Sample], *, clustered: bool = False) -> tuple[float, float]:
    """The mean over items (attempts averaged first) and its standard error.

    The error is that of independent items, or, clustered, the sandwich over clusters with the
    factor C/(C-1) (Miller, 2024, arXiv 2411.00640). It shows that a log was read as its tool meant
    it; the round has its own, in `core`.
    """
    attempts: dict[tuple[str, str], list[int]] = defaultdict(list)
    for sample in samples:
        attempts[sample.item, sample.cluster].append(sample.score)
    values = {key: sum(own) / len(own) / FULL_MARKS for key, own in attempts.items()}
    count = len(values)
    mean = sum(values.values()) / count
    sums: dict[str, float] = defaultdict(float)
    for (item, cluster), value in values.items():
        sums[cluster if clustered else item] += value - mean
    groups = len(sums)
    if groups < 2:
        return mean, math.nan
    squares = sum(total * total for total in sums.values())
    return mean, math.sqrt(squares * groups / (groups - 1)) / count


def clusters_in(fields: object, wanted: Iterable[Wanted]) -> Mapping[str, Any]:
    """What of an item's fields may be asked for as its cluster: the rest is text, and forgotten."""
    if not isinstance(fields, Mapping):
        return {}
    return {one.cluster: fields.get(one.cluster) for one in wanted if one.cluster}


def cluster_of(fields: object, wanted: Wanted, item: str, where: str) -> str:
    """The cluster an item stands in, as a hash: the item itself where none is asked for."""
    if wanted.cluster is None:
        return item
    value = fields.get(wanted.cluster) if isinstance(fields, Mapping) else None
    if value is None:
        raise Found(Code.CLUSTER_MISSING, f"{where} has no field {wanted.cluster!r}.")
    return content_hash(value)


def chosen(there: Sequence[str], name: str | None, kind: str) -> str:
    """The one of several metrics or filters that counts; raises `Found` where that is unclear."""
    if name is None and len(there) == 1:
        return there[0]
    if name in there:
        return str(name)
    listed = ", ".join(sorted(there)[:20])
    asked = "none is named" if name is None else f"{name!r} is not there"
    raise Found(Code.METRIC_UNCHOSEN, f"The log has the {kind} {listed or 'none'}; {asked}.")


def unique(samples: Sequence[Sample], report: Report) -> None:
    """Note every item that stands more than once in an attempt."""
    counts = Counter((sample.item, sample.attempt) for sample in samples)
    if twice := [item for (item, _), count in counts.items() if count > 1]:
        what = f"{len(twice)} items stand more than once (first: {min(twice)[:12]})."
        report.add(Code.ITEM_TWICE, what)


def complete(samples: Sequence[Sample], of: object, wanted: Wanted, report: Report) -> None:
    """Note a run on fewer items than the data set has, or than the round fixed."""
    there = len({sample.item for sample in samples})
    expected = of if wanted.items is None else wanted.items
    if not there:
        report.add(Code.UNSCORED, f"No item of {wanted.log_task!r} has a score.")
    elif isinstance(expected, int) and there < expected:
        report.add(Code.PARTIAL, f"{there} of {expected} items of {wanted.log_task!r} were run.")


def checked_total(samples: Sequence[Sample], total: object, where: str) -> None:
    """Refuse a log whose own total is not what its items add up to."""
    if isinstance(total, int | Decimal) and Decimal(total).is_finite():
        mean, _ = mean_and_error(samples)
        if abs(mean - float(total)) > 1 / FULL_MARKS:
            what = f"{where}: the log says {total:.6g}, its items have a mean of {mean:.6g}."
            raise Found(Code.TOTAL_DIFFERS, what)
