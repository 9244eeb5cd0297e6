"""Two accounts of the same use beside each other: the spool's, and Slurm's own by `sreport`.

sreport counts whole hours that slurmdbd has rolled up. Where the two differ, the window is halved
until the hours are found in which they do, and each is given its cause by name. A cause is only
given where it is seen; what is left is unexplained and somebody's work.

Source: Slurm's manual page sreport(1).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from headgate.engines.slurm.command import Run, asked
from headgate.engines.slurm.names import safe
from headgate.engines.slurm.sacct import Attempt
from headgate.engines.slurm.spool import Spool

HOUR: Final = 3_600
HOURS_TOLD_MOST: Final = 48
"""How many hours are told one by one; what lies beyond them is summed as one difference."""

Reported = Callable[[int, int], Mapping[str, int]]
"""GPU-seconds by account between two instants, by Slurm's own reckoning."""

Seen = tuple[Attempt, int]
"""An attempt, and when it was last seen."""

Told = Callable[[str, int, int], tuple[int, int]]
"""GPU-seconds of an account in some hours as sacct has them now, and how many rows are bad."""


class Cause(StrEnum):
    """Why two figures differ, in the order in which they are looked for."""

    NOT_ROLLED_UP = "slurmdbd has not rolled this hour up: report again later"
    RUNAWAY = "a job without an end runs on in the books: sacctmgr show runawayjobs"
    STILL_RUNNING = "an attempt still ran when it was last fetched: fetch and report again later"
    SUSPENDED = "sreport leaves out suspended time, in which the chips stayed allocated"
    RESIZED = "sreport counts what a resized job kept from its start, Headgate from the change on"
    NOT_FETCHED = "sacct has it and the spool does not: headgate usage, with --since before it"
    UNREADABLE = "sacct has rows here that cannot be read: headgate usage tells each"
    PURGED = "sreport counted it, sacct has it no more, and no look has read it: purged too early"
    REMOVED = "it was read, and is in no accounting any more: what was read stands"
    UNEXPLAINED = "no cause is known: compare with sacct"


@dataclass(frozen=True, slots=True)
class Difference:
    """Two figures for one account in some hours, in GPU-seconds."""

    account: str
    since: int
    until: int
    ours: int
    reported: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a window came to: the sums over all awards' accounts, and every difference by hour."""

    accounts: int
    ours: int
    reported: int
    differences: tuple[Difference, ...]


def reconcile(
    spool: Spool,
    since: int,
    until: int,
    reported: Reported,
    rolled: Callable[[int, int], bool],
    runaways: frozenset[str],
    told: Told,
) -> Reconciled:
    """Compare all awards' accounts in a window of whole hours; raises ValueError for another.

    Accounts of which only sreport knows are among them. A sum that differs where none of its hours
    does was told while slurmdbd rolled up.
    """
    if since % HOUR or until % HOUR or since >= until:
        raise ValueError("sreport counts whole hours of UTC: begin and end the window on one")
    used: dict[str, list[Seen]] = defaultdict(list)
    for attempt, seen in spool.attempts(since, until):
        used[attempt.account].append((attempt, seen))
    whole = {account: total(mine, since, until) for account, mine in used.items()}
    theirs = reported(since, until)
    differences = []
    for account in sorted(whole.keys() | theirs.keys()):
        mine = used[account]
        sides = whole.get(account, 0), theirs.get(account, 0)
        hours = list(_hours(mine, account, since, until, reported))
        if sides[0] != sides[1] and not hours:
            moved = Difference(account, since, until, *sides, Cause.NOT_ROLLED_UP)
            differences.append(moved)
        for start, end in hours:
            ours = total(mine, start, end)
            figures = (ours, reported(start, end).get(account, 0))
            cause = _cause(mine, start, end, rolled, runaways)
            cause = cause or _between(*figures, *told(account, start, end))
            differences.append(Difference(account, start, end, *figures, cause))
    accounts = len(whole.keys() | theirs.keys())
    return Reconciled(accounts, sum(whole.values()), sum(theirs.values()), tuple(differences))


def total(attempts: Iterable[Seen], since: int, until: int) -> int:
    """GPU-seconds inside a window; an open attempt counts to when it was last seen, as it bills."""
    return sum(
        a.chips * max(0, min(seen if a.ended is None else a.ended, until) - max(a.started, since))
        for a, seen in attempts
    )


def _hours(
    mine: list[Seen], account: str, since: int, until: int, reported: Reported
) -> Iterator[tuple[int, int]]:
    """The hours in which an account differs, by halving; no part that agrees is looked into."""
    open_parts, told = [(since, until)], 0
    while open_parts:
        start, end = open_parts.pop()
        if total(mine, start, end) == reported(start, end).get(account, 0):
            continue
        if end - start == HOUR or told >= HOURS_TOLD_MOST:
            told += 1
            yield start, end
        else:
            middle = start + (end - start) // HOUR // 2 * HOUR
            open_parts += [(middle, end), (start, middle)]


def _cause(
    mine: list[Seen],
    start: int,
    end: int,
    rolled: Callable[[int, int], bool],
    runaways: frozenset[str],
) -> Cause | None:
    here = [a for a, _ in mine if a.started < end and (a.ended is None or a.ended > start)]
    seen = (
        (not rolled(start, end), Cause.NOT_ROLLED_UP),
        (any(a.job in runaways for a in here), Cause.RUNAWAY),
        (any(a.ended is None for a in here), Cause.STILL_RUNNING),
        (any(a.suspended for a in here), Cause.SUSPENDED),
        (any(a.state == "resizing" for a in here), Cause.RESIZED),
    )
    return next((cause for holds, cause in seen if holds), None)


def _between(ours: int, reported: int, told: int, bad: int) -> Cause:
    """What sacct says now of two figures that differ."""
    seen = (
        (bad > 0, Cause.UNREADABLE),
        (told == reported, Cause.REMOVED if told < ours else Cause.NOT_FETCHED),
        (told < reported and ours < reported, Cause.PURGED),
    )
    return next((cause for holds, cause in seen if holds), Cause.UNEXPLAINED)


class Sreport:
    """sreport and sacctmgr of one cluster, each window asked once."""

    def __init__(self, cluster: str, devices: Mapping[str, str], run: Run) -> None:
        """`devices` is the GRES by account, as the clusters file names it."""
        self._cluster, self._devices, self._run = safe(cluster), devices, run
        self._known: dict[tuple[int, int], Mapping[str, int]] = {}
        self._rolled: dict[tuple[int, int], bool] = {}

    def reported(self, since: int, until: int) -> Mapping[str, int]:
        """GPU-seconds by account; raises EngineDown."""
        if (since, until) not in self._known:
            wanted = ",".join(sorted({f"gres/{gres}" for gres in self._devices.values()}))
            lines = self._asked(
                since, until, "AccountUtilizationByUser", "-T", safe(wanted or "cpu")
            )
            found: dict[str, int] = defaultdict(int)
            for _, account, login, _, device, used in lines:
                if login and device == f"gres/{self._devices.get(account, '')}":
                    found[account] += int(used)
            self._known[since, until] = dict(found)
        return self._known[since, until]

    def rolled(self, since: int, until: int) -> bool:
        """Whether slurmdbd has rolled a window up; raises EngineDown."""
        if (since, until) not in self._rolled:
            lines = self._asked(
                since, until, "Utilization", "format=cluster,allocated,down,idle,reserved,reported"
            )
            self._rolled[since, until] = bool(lines)
        return self._rolled[since, until]

    def runaways(self) -> frozenset[str]:
        """The jobs that run in the books and nowhere else; none where that cannot be asked."""
        answer = self._run(("sacctmgr", "-nP", "show", "runawayjobs", self._cluster), "n\n")
        cells = (line.split("|") for line in answer.splitlines() if "|" in line)
        return frozenset(row[0] for row in cells if row[0].isdecimal())

    def _asked(self, since: int, until: int, report: str, *more: str) -> list[list[str]]:
        window = (f"start={_local(since)}", f"end={_local(until)}")
        kind = ("env", "LC_ALL=C", "TZ=UTC", "sreport", "-nP", "-t", "seconds", "cluster", report)
        answer = asked(self._run, (*kind, f"cluster={self._cluster}", *window, *more))
        return [line.split("|") for line in answer.splitlines() if line.count("|") == 5]


def _local(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
