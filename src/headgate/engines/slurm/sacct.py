"""Rows of `sacct -D`: one for each attempt of a job, with what it was allocated.

Pure. A requeued or preempted job has a row for each attempt, told apart by DBIndex; array tasks are
jobs of their own, steps are part of their job. A resized job has a row for each size: the later
one has the moment of the change as its submission, and the start of the whole job, from which
sreport counts it once more. Only fields that Slurm itself writes are asked for, so that no name of
a job can break a row. A row that cannot be read is a fault at its line, with what mends it, and the
others are read on.

Source: Slurm's manual page sacct(1).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from headgate.core.faults import Fault
from headgate.core.quick import quick

FIELDS: Final = (
    *("dbindex", "jobidraw", "submit", "start", "end", "suspended", "state", "account"),
    *("alloctres", "consumedenergyraw"),
)
PROGRAM: Final = ("env", "LC_ALL=C", "TZ=UTC", "SLURM_TIME_FORMAT=%s", "sacct")
"""The variables go with the command, so that they arrive wherever it is run."""

AHEAD_SECONDS: Final = 86_400
"""How far beyond this moment is asked: a cluster whose clock is ahead is told, not overlooked."""

STATES: Final = "PD,R,S,CD,CA,F,TO,NF,PR,BF,DL,OOM,RQ,RS,RV"
"""Every state. Asked for none, sacct goes by when a job could begin, and lists no job whose
controller was ended before it told that: not yet, or never, though its start and its end are there.
"""

SKEW_SECONDS_MOST: Final = 60
"""Two clocks that are this near count as one: what is ahead by less is seen later."""

_SUSPENDED: Final = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)(?:\.\d+)?")
_GPUS_MOST: Final = 1_000_000
_JOULES_MOST: Final = 10**18
_NO_VALUE: Final = (2**32 - 1, 2**32 - 2)


class Code(StrEnum):
    """What can be wrong with a row; the value is its published code."""

    CUT = "sacct-cut"
    NUMBER_BAD = "sacct-number-bad"
    STARTED_LATER = "sacct-started-later"
    ENDED_LATER = "sacct-ended-later"
    ENDED_BEFORE_STARTED = "sacct-ended-before-started"
    CHIPS_BAD = "sacct-chips-bad"
    CHIPS_OTHER = "sacct-chips-other"


MENDS: Final = {
    Code.CUT: "look with sacct at the job; fetch the window again",
    Code.NUMBER_BAD: "look with sacct at the job; fetch the window again",
    Code.STARTED_LATER: "set the clocks of the cluster and of this machine, then fetch again",
    Code.ENDED_LATER: "set the clocks of the cluster and of this machine, then fetch again",
    Code.ENDED_BEFORE_STARTED: "the controller's clock was set back; decide by hand what counts",
    Code.CHIPS_BAD: "look with sacct at the job's AllocTRES",
    Code.CHIPS_OTHER: "the job took chips of another class than its award; see job_submit.lua",
}


class Passed(StrEnum):
    """Why a row that is well is no use of an award."""

    FOREIGN = "under accounts that are no award's"
    LENT = "in the standby class, lent free of charge"
    NOT_STARTED = "waiting, or ended before they started"
    NO_CHIPS = "without chips"
    NO_TIME = "lasted no second"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an account is: the award, its class, the GRES that the class is, and the others'."""

    award: str
    support_class: str
    gres: str
    others: frozenset[str] = frozenset()


OwnerOf = Callable[[str], Owner | Passed | None]
"""Whose an account is, or why it is no award's use; None where nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a job as the cluster accounts for it; instants in seconds of UTC."""

    index: int
    job: str
    account: str
    owner: Owner
    chips: int
    started: int
    ended: int | None
    suspended: int
    state: str
    energy_joules: int | None


_ATTEMPT: Final = quick(Attempt)


class _Bad(ValueError):
    def __init__(self, code: Code, what: str) -> None:
        super().__init__(what)
        self.code = code


def command(
    cluster: str, since: int, until: int, account: str = "", *, steps: bool = False
) -> tuple[str, ...]:
    """What asks for every attempt that touches a window, also those that still run.

    Of one account nothing beyond the window is asked. With `steps` they are told after their jobs.
    """
    window = ("-S", _local(since), "-E", _local(until if account else until + AHEAD_SECONDS))
    whose = ("-A", account) if account else ()
    only = () if steps else ("-X",)
    ask = (*PROGRAM, "-M", cluster, "-a", "-D", *only, "-n", "-P", "-s", STATES, *window, *whose)
    return (*ask, "-o", ",".join(FIELDS))


def read(lines: Iterable[str], seen: int, owner_of: OwnerOf) -> Iterator[Attempt | Passed | Fault]:
    """Each line as an attempt, as a row that is no award's use, or as a fault.

    `seen` is the instant of the look, by the clock of this machine. A step is no row of its own:
    what the batch step drew is its job's where Slurm adds nothing up, which it does of srun's only.
    """
    last: Attempt | Passed | Fault | None = None
    for number, line in enumerate(lines, start=1):
        values = line.rstrip("\n").split("|")
        if len(values) == len(FIELDS) and "." in values[1]:
            if isinstance(last, Attempt) and values[1] == f"{last.job}.batch":
                drawn = _joules(values[-1]) if last.energy_joules is None else last.energy_joules
                last = replace(last, energy_joules=drawn)
            continue
        if last is not None:
            yield last
        try:
            last = _row(values, line, seen, owner_of)
        except _Bad as bad:
            last = Fault("sacct", number, 1, bad.code, str(bad), MENDS[bad.code])
    if last is not None:
        yield last


def _row(values: Sequence[str], line: str, seen: int, owner_of: OwnerOf) -> Attempt | Passed:
    if len(values) != len(FIELDS):
        raise _Bad(
            Code.CUT, f"{len(values)} fields where {len(FIELDS)} were asked for: {line.rstrip()!a}"
        )
    index, job, submit, start, end, suspended, state, account, tres, energy = values
    owner = owner_of(account)
    if not isinstance(owner, Owner):
        return owner or Passed.FOREIGN
    if start in {"Unknown", "None", "0"}:
        return Passed.NOT_STARTED
    started = _whole(start, job, "start")
    ended = None if end in {"Unknown", "None"} else _whole(end, job, "end")
    if seen < (started if ended is None else ended) <= seen + SKEW_SECONDS_MOST:
        ended = None
        if started >= seen:
            return Passed.NOT_STARTED
    submitted = _whole(submit, job, "submit")
    _ordered(job, submitted, started, ended, seen)
    if submitted <= (seen if ended is None else ended):
        started = max(started, submitted)
    chips = _chips(tres, owner, job)
    if chips == 0:
        return Passed.NO_CHIPS if tres else Passed.NOT_STARTED
    if started == (seen if ended is None else ended):
        return Passed.NO_TIME
    joules = _joules(energy)
    paused = _seconds(suspended, job)
    word = state.partition(" ")[0].lower()
    number = _whole(index, job, "dbindex")
    return _ATTEMPT(number, job, account, owner, chips, started, ended, paused, word, joules)


def _ordered(job: str, submitted: int, started: int, ended: int | None, seen: int) -> None:
    """Sound instants. A start after the end is printed as the end, and so before the submission."""
    if started > seen:
        raise _Bad(Code.STARTED_LATER, f"job {job} started {started - seen} s after this look")
    if ended is not None and ended < started:
        raise _Bad(Code.ENDED_BEFORE_STARTED, f"job {job} ended {started - ended} s too early")
    if ended == started < submitted:
        raise _Bad(Code.ENDED_BEFORE_STARTED, f"job {job} ended {submitted - ended} s too early")
    if ended is not None and ended > seen:
        raise _Bad(Code.ENDED_LATER, f"job {job} ended {ended - seen} s after this look")


def _chips(tres: str, owner: Owner, job: str) -> int:
    """How many chips of an award's class were allocated."""
    found = _counted(tres, owner.gres, owner.others)
    if isinstance(found, int):
        return found
    code, what = found
    raise _Bad(code, f"job {job} was allocated {what}")


@lru_cache(maxsize=1_024)
def _counted(tres: str, gres: str, others: frozenset[str]) -> int | tuple[Code, str]:
    """The chips of a class among what was allocated, or what is wrong with it.

    What a class is called has a name and a type. A million jobs are allocated a few hundred things.
    """
    counts: dict[str, int] = {}
    for item in filter(None, tres.split(",")):
        name, _, count = item.partition("=")
        if name.startswith("gres/"):
            if not count.isdecimal() or int(count) > _GPUS_MOST:
                return Code.CHIPS_BAD, f"{item[:40]!a}"
            counts[name.removeprefix("gres/")] = int(count)
    generic = gres.partition(":")[0]
    typed = any(name.startswith(f"{generic}:") for name in counts)
    mine = counts.get(gres, 0) if typed else counts.get(generic, 0)
    if mine != counts.get(generic, mine) or any(map(counts.get, others)):
        return Code.CHIPS_OTHER, f"{tres[:120]!a}, not only {gres}"
    return mine


def _whole(text: str, job: str, field: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise _Bad(Code.NUMBER_BAD, f"{field} of job {job[:40]!a} is {text[:40]!a}")
    return int(text)


def _joules(text: str) -> int | None:
    """The energy of an attempt; None where it is not accounted, whichever way that is written.

    Slurm has no sensor (0), no value (the two numbers below the top of 32 or 64 bits), or a counter
    that fell back and went below zero (what no counter reaches). A row is not refused for it.
    """
    joules = int(text) if text.isascii() and text.isdecimal() else 0
    return joules if 0 < joules < _JOULES_MOST and joules not in _NO_VALUE else None


def _seconds(text: str, job: str) -> int:
    if text in {"", "00:00:00"}:
        return 0
    found = _SUSPENDED.fullmatch(text)
    if found is None:
        raise _Bad(Code.NUMBER_BAD, f"suspended of job {job[:40]!a} is {text[:40]!a}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _local(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
