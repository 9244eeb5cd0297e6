"""What a Slurm cluster says was used: read as a stream, from where the last look ended.

Allocation bills, not load. Whose an account is is read from the mark that the account bears, not
from its name; accounts are never used up, so an award that has ended is still found by its own.
"""

import os
import select
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Final

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.faults import Fault, Faulty
from headgate.core.metering.usage import Usage
from headgate.core.quantities import seconds_of
from headgate.engines.slurm import sacct
from headgate.engines.slurm.command import Run, asked, down
from headgate.engines.slurm.names import account_of, marked, organisation_of, safe, standby_of
from headgate.engines.slurm.observed import ACCOUNT_FORMAT, rows
from headgate.engines.slurm.reconcile import total
from headgate.engines.slurm.sacct import Attempt, Owner, OwnerOf, Passed
from headgate.engines.slurm.spool import Open, Spool, opened

Lines = Callable[[Sequence[str]], Generator[str, None, None]]
SILENT_SECONDS_MOST: Final = 900
"""How long a program may print nothing; sacct prints once the database has found the last row."""

PIPE_BYTES: Final = 65_536
FAULTS_MOST: Final = 1_000
"""How many bad rows are told one by one; all are counted."""


@dataclass(slots=True)
class Look:
    """What one look came to: rows by what became of them, and every fault."""

    since: int
    until: int
    rows: int = 0
    kept: int = 0
    passed: Counter[Passed] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    bad: int = 0
    joules: int = 0
    measured: int = 0
    """How many attempts have their energy accounted."""

    gone: tuple[Open, ...] = ()


def look(
    cluster: str,
    spool: Spool,
    lines: Lines,
    owner_of: OwnerOf,
    since: int,
    now: int,
    *,
    steps: bool = False,
) -> Look:
    """Read a cluster from its cursor, or from `since` where that is earlier, to this moment.

    Raises EngineDown, and the spool is then as it was. A bad row does not move: the others are
    kept, and it is told again by every look that reaches it.
    """
    begin = min(since, spool.begin(now))
    found = Look(begin, now)
    with closing(lines(sacct.command(safe(cluster), begin, now, steps=steps))) as told:
        spool.keep(_attempts(sacct.read(told, now, owner_of), found), now)
    found.gone = spool.gone(now)
    return found


def looked(
    cluster: SlurmCluster, spool: Spool, known: Mapping[str, Owner | Passed], since: int, now: int
) -> Look:
    """A look by the cluster's own commands; `known` are its `owners`. Raises EngineDown."""
    lines = streamed(cluster.reach, cluster.environment)
    return look(cluster.cluster, spool, lines, known.get, since, now, steps=cluster.steps)


def fetched(cluster: SlurmCluster, run: Run, since: str, until: str) -> tuple[Usage, ...]:
    """The records of a window, straight from the cluster; raises EngineDown.

    Without a spool there is nobody to tell of bad rows, so one of them refuses the whole window.
    """
    begin, end = seconds_of(since), seconds_of(until)
    with opened(None, cluster.site) as spool:
        now = max(end, int(datetime.now(UTC).timestamp()))
        found = looked(cluster, spool, owners(cluster, run), begin, now)
        if found.faults:
            raise Faulty(found.faults)
        return tuple(spool.usage(begin, end))


def told_now(
    cluster: SlurmCluster, known: Mapping[str, Owner | Passed], account: str, since: int, until: int
) -> tuple[int, int]:
    """GPU-seconds of an account in a window as sacct has them now, and how many rows are bad."""
    lines = streamed(cluster.reach, cluster.environment)
    now = int(datetime.now(UTC).timestamp())
    with closing(lines(sacct.command(safe(cluster.cluster), since, until, safe(account)))) as told:
        rows = list(sacct.read(told, now, known.get))
    sound = [(row, now) for row in rows if isinstance(row, Attempt)]
    bad = sum(isinstance(row, Fault) for row in rows)
    return total(sound, since, until), bad


def _attempts(read: Iterator[Attempt | Passed | Fault], found: Look) -> Iterator[Attempt]:
    for row in read:
        found.rows += 1
        if isinstance(row, Attempt):
            found.kept += 1
            found.joules += row.energy_joules or 0
            found.measured += row.energy_joules is not None
            yield row
        elif isinstance(row, Passed):
            found.passed[row] += 1
        else:
            found.bad += 1
            if len(found.faults) < FAULTS_MOST:
                found.faults.append(row)


def owners(cluster: SlurmCluster, run: Run) -> Mapping[str, Owner | Passed]:
    """Whose every account is, by the marks that stand in the database; raises EngineDown.

    Accounts that were removed are among them: jobs that ran there are read after the removal. What
    is borrowed in the standby class costs nothing, so a standby account's use is nobody's.
    """
    show = ("sacctmgr", "-nP", "show", "account", "withdeleted", f"format={ACCOUNT_FORMAT}")
    known: dict[str, Owner | Passed] = {}
    ours = organisation_of(cluster.programme)
    for row in rows(asked(run, show), ACCOUNT_FORMAT):
        facts = marked(row["description"]) if row["organization"] == ours else None
        chip = cluster.chips.get(str((facts or {}).get("class", "")))
        if facts and chip and "award" in facts:
            award, support_class = str(facts["award"]), str(facts["class"])
            own = account_of(cluster.programme, award, support_class)
            lent = row["account"] == standby_of(own)
            others = frozenset(each.gres for each in cluster.chips.values()) - {chip.gres}
            whose = Owner(award, support_class, chip.gres, others)
            known[row["account"]] = Passed.LENT if lent else whose
    return known


def streamed(reach: Sequence[str], environment: Mapping[str, str]) -> Lines:
    """Lines of a program as it prints them, however many; raises EngineDown if it did not end well.

    What it complains of goes to a file, so that a long complaint cannot stop it. One that falls
    silent is ended: sacct waits for a hung slurmdbd without an end.
    """

    def lines(command: Sequence[str]) -> Generator[str, None, None]:
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(
                    [*reach, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env={**os.environ, "LC_ALL": "C", **environment},
                )
            except OSError as error:
                raise down(command, str(error)) from error
            with process:
                try:
                    if process.stdout is not None:
                        yield from _lines(process.stdout, command)
                except BaseException:
                    process.kill()
                    raise
            if process.returncode:
                errors.seek(0)
                said = " ".join(errors.read(2_000).decode(errors="replace").split())
                raise down(command, said[:300] or f"exit code {process.returncode}")

    return lines


def _lines(source: IO[bytes], command: Sequence[str]) -> Iterator[str]:
    """What comes of a pipe, line by line; the last may lack its end."""
    left = b""
    while True:
        if not select.select([source], [], [], SILENT_SECONDS_MOST)[0]:
            raise down(command, f"silent for {SILENT_SECONDS_MOST} s")
        if not (read := os.read(source.fileno(), PIPE_BYTES)):
            break
        *whole, left = (left + read).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    if left:
        yield left.decode(errors="replace")
