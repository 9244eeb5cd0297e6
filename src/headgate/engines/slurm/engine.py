"""A Slurm cluster as an engine: read from its database, one batch, read back whatever it said.

sacctmgr's exit code says little: 0 may mean accepted and not kept, 1 that nothing was to do. So
after every batch the cluster is read again, and what is missing is the next plan. While this engine
writes it holds a lock, because two writers that add at once lose rows silently.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from headgate.alone import Taken, alone
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import EngineDown, Plan, Quota
from headgate.core.enforcement.plan import applied
from headgate.core.metering.usage import Usage
from headgate.engines.slurm.batch import Call, calls
from headgate.engines.slurm.command import Answer, Run, asked, down, runner
from headgate.engines.slurm.names import safe
from headgate.engines.slurm.observed import (
    ACCOUNT_FORMAT,
    DEFAULT_FORMAT,
    NESTED_FORMAT,
    PARENT_FORMAT,
    QOS_FORMAT,
    Seen,
    minutes,
    nested,
    quotas_of,
    read,
    rows,
)
from headgate.engines.slurm.things import Counted, names_of, things_of
from headgate.engines.slurm.usage import fetched

ENDING_SECONDS_MOST: Final = 60
LIVE: Final = "PENDING,RUNNING,SUSPENDED,COMPLETING,CONFIGURING"
STARTED: Final = "RUNNING,SUSPENDED,CONFIGURING"
"""What a job is that has nodes and would go on: one whose nodes are woken for it has begun too."""

ENDED_TOGETHER: Final = 500
_JOBS: Final = ("squeue", "-h", "-t", LIVE, "-o", "%a %T")


class Slurm:
    """An `Engine` over sacctmgr, scontrol, squeue and scancel.

    `spent` is what the ledger knows to be used in the term, in GPU-seconds by award and class: a
    counter of Slurm that fell back is made up for with it.
    """

    def __init__(
        self,
        cluster: SlurmCluster,
        spent: Mapping[tuple[str, str], int] | None = None,
        run: Run | None = None,
    ) -> None:
        self._cluster = cluster
        self._spent = dict(spent or {})
        self._run = run or runner(cluster.reach, cluster.environment)
        self._seen: Seen | None = None
        self._complaints: tuple[str, ...] = ()

    @property
    def cluster(self) -> str:
        """The site's name, as orders and usage records have it."""
        return self._cluster.site

    def observe(self) -> tuple[Quota, ...]:
        """The quotas that stand in the database, read from their limits; raises EngineDown."""
        self._seen = self._look()
        return quotas_of(self._cluster, self._seen)

    def owned(self, quota: Quota) -> bool:
        """Whether a quota may be touched: nothing that bears one of its names is another's."""
        seen = self._seen or self._look()
        return seen.foreign.isdisjoint(names_of(self._cluster, quota))

    def remarks(self, wanted: Iterable[Quota]) -> tuple[str, ...]:
        """What Slurm said against the last apply, where it has not brought about what is wanted.

        Who set a field is kept nowhere: the plan says all there is.
        """
        stands = quotas_of(self._cluster, self._seen) if self._seen else ()
        return () if set(wanted) <= set(stands) else self._complaints

    def apply(self, plan: Plan) -> None:
        """Make the changes in one batch, removals last, alone on the cluster; raises EngineDown."""
        with self._alone():
            seen = self._look()
            after = applied(quotas_of(self._cluster, seen), plan.changes)
            wanted = things_of(self._cluster, after, seen.counted)
            said = [
                f"{call.what.value}: {failed}"
                for call in calls(self._cluster.cluster, seen, wanted)
                if (failed := self._make(call).failed)
            ]
            self._complaints = tuple(said)
            if self._cluster.ends_running:
                self._end_suspended()

    def usage(self, since: str, until: str) -> Sequence[Usage]:
        """Every attempt that touches the window, also those still running; raises EngineDown."""
        return fetched(self._cluster, self._run, since, until)

    def _look(self) -> Seen:
        name = f"cluster={safe(self._cluster.cluster)}"
        qos, accounts, defaults = (
            self._asked("sacctmgr", "-nP", "show", *show)
            for show in (
                ("qos", f"format={QOS_FORMAT}"),
                ("account", f"format={ACCOUNT_FORMAT}"),
                ("assoc", name, "wopi", "onlydefaults", f"format={DEFAULT_FORMAT}"),
            )
        )
        counted = minutes(self._asked("scontrol", "show", "assoc_mgr", "flags=qos"))
        jobs = [line.split() for line in self._asked(*_JOBS).split("\n") if line]
        return replace(
            read(self._cluster.programme, qos, accounts, self._associations(name), defaults),
            counted=Counted(counted, self._spent),
            busy=frozenset(name for name, _ in jobs),
            running=frozenset(name for name, state in jobs if state in STARTED.split(",")),
        )

    def _associations(self, name: str) -> list[dict[str, str]]:
        """All of the cluster's associations, with the names of the accounts' parents."""
        show = ("sacctmgr", "-nP", "show", "assoc", name)
        answer = self._run((*show, "wopi", f"format={NESTED_FORMAT}"), "")
        if answer.failed.startswith("Unknown field"):
            older = self._asked(*show, f"format={PARENT_FORMAT}")
            return list(rows(older, PARENT_FORMAT))
        if answer.failed:
            raise down(show, answer.failed)
        return nested(answer)

    def _asked(self, *command: str) -> str:
        return asked(self._run, command)

    def _make(self, call: Call) -> Answer:
        self._wait(call.awaits)
        return self._run(call.command, "".join(f"{line}\n" for line in call.lines))

    def _end_suspended(self) -> None:
        """End the jobs that run under accounts that are closed; what waits keeps its place.

        By their ids: scancel knows no state for a job whose nodes are being woken. One task of an
        array has the array's number for its own, so each is named by the array and its place.
        """
        seen = self._look()
        closed = sorted(
            name
            for (_, name, _), fields in seen.ours.items()
            if fields.get("grpjobs") == "0" and name in seen.running
        )
        if closed:
            show = ("squeue", "-h", "-r", "-t", STARTED, "-A", ",".join(closed), "-o", "%i")
            jobs = self._asked(*show).split()
            for start in range(0, len(jobs), ENDED_TOGETHER):
                self._run(("scancel", "--quiet", *jobs[start : start + ENDED_TOGETHER]), "")
            self._wait(tuple(closed), STARTED)

    def _wait(self, accounts: tuple[str, ...], states: str = LIVE) -> None:
        """Until no job of some accounts is left; what takes too long is seen when it is read."""
        until = time.monotonic() + ENDING_SECONDS_MOST
        command = ("squeue", "-h", "-t", states, "-A", ",".join(accounts), "-o", "%i")
        while accounts and self._asked(*command).strip() and time.monotonic() < until:
            time.sleep(0.2)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock, which goes with the process; raises EngineDown while another has it."""
        try:
            lock = Path(self._cluster.lock)
            lock.touch()
            with alone(lock, waits=False):
                yield
        except Taken as error:
            raise EngineDown(f"another Headgate holds {self._cluster.lock}") from error
