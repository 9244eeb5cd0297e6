"""What a usage row is judged against, and every way in which a row can be absurd.

A meter is software on somebody else's machine: rows arrive twice, late, out of order and sometimes
wrong. A row that cannot be true is refused by name and never billed; the award's holder and the
operator see it, and a mended row in any later window is taken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from headgate.core.ledger.text import is_instant, is_name
from headgate.core.metering.usage import Usage
from headgate.core.quantities import seconds_of
from headgate.core.supports.kind import Accounts

JOB_LENGTH_MAX: Final = 256
"""Characters of a job's id, so that every transfer id made of it is a name to the ledger."""


WATTS_MOST: Final = 100_000
"""What an attempt draws for each of its chips at most. Whole nodes are counted, chips lying idle
and all, and still draw a tenth of it; a counter that ran over draws more."""


class Finding(Enum):
    """What is found in a usage row, in order of precedence; all but the last two refuse it."""

    BAD_NAME = "the job's id is empty, too long or not plain text"
    UNKNOWN_CLUSTER = "no such cluster reports to this programme"
    UNKNOWN_AWARD = "there is no such award"
    UNKNOWN_CLASS = "the award holds nothing of this class, or the cluster has none of it"
    BAD_ATTEMPT = "attempts are counted from zero upwards"
    NO_GPUS = "an attempt holds at least one GPU"
    ABOVE_CLUSTER = "more GPUs than the cluster has of the class"
    BAD_INSTANT = "an instant is not of the form 2026-03-09T00:00:00Z"
    SEEN_IN_FUTURE = "the meter looked after the present"
    STARTED_IN_FUTURE = "the attempt started after the meter looked"
    ENDED_IN_FUTURE = "the attempt ended after the meter looked"
    ENDED_BEFORE_STARTED = "the attempt ended before it started"
    ZERO_DURATION = "nothing was used, so nothing is billed"
    LONGER_THAN_WINDOW = "the attempt lasted longer than the window has been open"
    CONTRADICTS = "an earlier row says something else of the same attempt"
    OVERLAPS_ATTEMPT = "another attempt of the same job ran at that time"
    ENERGY_ABSURD = "more energy than its chips could draw; the use is billed, the energy left out"
    OVERUSE = "the award's balance did not suffice; the rest is booked as overuse"


@dataclass(frozen=True, slots=True)
class Scope:
    """The programme as a meter sees it.

    `accounts` and `unit` are the support's; `awards` gives the classes each award may use,
    `clusters` the GPUs of each class on each cluster. The window `opens` at the start of the first
    award that may be billed, and `now` is the instant of the import.
    """

    accounts: Accounts
    unit: Callable[[str], str]
    awards: Mapping[str, frozenset[str]]
    clusters: Mapping[str, Mapping[str, int]]
    opens: str
    now: str


def until(record: Usage) -> str:
    """The instant up to which an attempt is known to have held its GPUs."""
    return record.seen if record.ended is None else record.ended


def gpu_seconds(record: Usage) -> int:
    """What an attempt has used as far as is known: allocated GPUs times seconds."""
    return record.gpus * _seconds(record.started, until(record))


def has_absurd_energy(record: Usage) -> bool:
    """Whether the energy that is told of an attempt cannot be true."""
    joules = record.joules
    if joules is None:
        return False
    return not 0 <= joules <= WATTS_MOST * gpu_seconds(record)


def refusal(scope: Scope, record: Usage) -> Finding | None:
    """The first finding that refuses a row on its own, without looking at any other row."""
    return _identity(scope, record) or _times(scope, record)


def _identity(scope: Scope, record: Usage) -> Finding | None:
    gpus, support_class = scope.clusters.get(record.cluster, {}), record.support_class
    if len(record.job) > JOB_LENGTH_MAX or not is_name(record.job):
        return Finding.BAD_NAME
    if record.cluster not in scope.clusters:
        return Finding.UNKNOWN_CLUSTER
    if record.award not in scope.awards:
        return Finding.UNKNOWN_AWARD
    if support_class not in scope.awards[record.award] or support_class not in gpus:
        return Finding.UNKNOWN_CLASS
    if record.attempt < 0:
        return Finding.BAD_ATTEMPT
    if record.gpus < 1:
        return Finding.NO_GPUS
    return Finding.ABOVE_CLUSTER if record.gpus > gpus[support_class] else None


def _times(scope: Scope, record: Usage) -> Finding | None:
    """The first finding about time; sound instants are ordered as their texts."""
    started, ended, seen = record.started, until(record), record.seen
    if not (is_instant(started) and is_instant(ended) and is_instant(seen)):
        return Finding.BAD_INSTANT
    if seen > scope.now:
        return Finding.SEEN_IN_FUTURE
    if started > seen:
        return Finding.STARTED_IN_FUTURE
    if ended > seen:
        return Finding.ENDED_IN_FUTURE
    if ended < started:
        return Finding.ENDED_BEFORE_STARTED
    if ended == started:
        return Finding.ZERO_DURATION
    longer = started < scope.opens and _seconds(started, ended) > _seconds(scope.opens, scope.now)
    return Finding.LONGER_THAN_WINDOW if longer else None


def _seconds(starts: str, ends: str) -> int:
    return seconds_of(ends) - seconds_of(starts)
