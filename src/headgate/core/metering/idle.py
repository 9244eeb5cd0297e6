"""What lies idle, and use over time: exact integers all the way."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from headgate.core.metering.judge import until as known_until
from headgate.core.metering.usage import Usage
from headgate.core.quantities import floor_share, instant_of, seconds_of


@dataclass(frozen=True, slots=True)
class Grant:
    """What an award may use of a class from `starts` until `ends`, in GPU-seconds."""

    award: str
    support_class: str
    gpu_seconds: int
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class Idle:
    """How far an award has come: `granted` and `used` so far, and what of it lay idle."""

    award: str
    support_class: str
    gpu_seconds_granted: int
    gpu_seconds_used: int
    gpu_seconds_idle: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """GPU-seconds that a group used in the span of fixed length that begins at `starts`."""

    group: str
    starts: str
    gpu_seconds: int


def idle(grants: Iterable[Grant], usage: Iterable[Usage], until: str) -> tuple[Idle, ...]:
    """Hold what was used before an instant against an even pace through the term.

    Granted so far is the part of the grant that the elapsed part of its term comes to, rounded
    down. An award ahead of the pace has nothing idle. Sorted by award and class.
    """
    end = seconds_of(until)
    used: Counter[tuple[str, str]] = Counter()
    for record in usage:
        seconds = min(seconds_of(known_until(record)), end) - seconds_of(record.started)
        used[record.award, record.support_class] += record.gpus * max(0, seconds)
    return tuple(
        at_pace(grant, used[grant.award, grant.support_class], end)
        for grant in sorted(grants, key=lambda grant: (grant.award, grant.support_class))
    )


def at_pace(grant: Grant, used: int, end: int) -> Idle:
    """Hold a sum of use against an even pace through one grant's term, up to a second."""
    starts, ends = seconds_of(grant.starts), seconds_of(grant.ends)
    within = min(max(end, starts), ends) - starts
    elapsed = Fraction(within, ends - starts) if starts < ends else Fraction(end >= starts)
    granted = floor_share(grant.gpu_seconds, elapsed)
    return Idle(grant.award, grant.support_class, granted, used, max(0, granted - used))


def series(
    usage: Iterable[Usage], by: Callable[[Usage], str], bucket_seconds: int, origin: str
) -> Sequence[Bucket]:
    """GPU-seconds by group over time, each record split exactly over the buckets it touches.

    Buckets have one length and are counted from `origin`, so that days can begin at a country's
    midnight. The sum over all buckets is the sum over all records, to the second. Sorted by group
    and time; a bucket without use is left out.
    """
    start = seconds_of(origin)
    sums: Counter[tuple[str, int]] = Counter()
    for record in usage:
        group, at = by(record), seconds_of(record.started) - start
        end = seconds_of(known_until(record)) - start
        while at < end:
            place = at // bucket_seconds
            stop = min(end, (place + 1) * bucket_seconds)
            sums[group, place] += record.gpus * (stop - at)
            at = stop
    return tuple(
        Bucket(group, instant_of(start + place * bucket_seconds), sums[group, place])
        for group, place in sorted(sums)
    )
