"""What a cluster of any kind says was used, for the agent's spool, and what that leaves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from headgate.core.enforcement.balance import balance_of, by_owner
from headgate.core.enforcement.clusters import AnyCluster
from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Engine, Quota
from headgate.core.enforcement.orders import OrderList
from headgate.core.enforcement.waiting import Waiting
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of
from headgate.operating import Job

WAITING_MOST: Final = 5_000
REASON_LETTERS_MOST: Final = 200
"""How much of why jobs wait is told at a look."""

OVERLAP_SECONDS: Final = 86_400
"""How long before the last look a cluster is asked again: what came late is seen."""


def read_use(
    section: AnyCluster, engine: Engine, slurm_spool: Path, since: str, now: int
) -> tuple[Sequence[Usage], list[str]]:
    """The attempts that touch the time from `since` to now, and what could not be read.

    Raises EngineDown. A Slurm is read into a spool of its own, which keeps what Slurm purges. A
    Kueue forgets what ended before that day: the agent has kept it.
    """
    from headgate.engines.drive import collect

    if isinstance(section, SlurmCluster):
        return _slurm(section, slurm_spool, since, now)
    until = instant_of(now)
    if isinstance(section, KueueCluster):
        from headgate.engines.kueue.engine import Kueue

        if isinstance(engine, Kueue):
            engine.forget(instant_of(seconds_of(since) - OVERLAP_SECONDS))
    return collect(engine, since, until, overlap_seconds=OVERLAP_SECONDS, tries=1), []


def read_waiting(
    section: AnyCluster, engine: Engine, quotas: Iterable[Quota]
) -> tuple[Waiting, ...]:
    """How many jobs of each award wait for which reason, as the cluster says; raises EngineDown.

    Of whose jobs they are nothing is told.
    """
    found: Iterable[Waiting] = ()
    if isinstance(section, SlurmCluster):
        from headgate.engines.slurm.command import runner
        from headgate.engines.slurm.pending import pending

        found = pending(section, runner(section.reach, section.environment), quotas)
    elif isinstance(section, KueueCluster):
        from headgate.engines.kueue.engine import Kueue

        found = engine.waiting(quotas) if isinstance(engine, Kueue) else ()
    most = sorted(found, key=lambda one: (-one.jobs, one.award, one.reason))[:WAITING_MOST]
    return tuple(replace(one, reason=one.reason[:REASON_LETTERS_MOST]) for one in most)


def spent_now(
    section: AnyCluster,
    job: Job,
    listed: OrderList,
    attempts: Callable[[str], Iterable[Usage]],
    now: str,
) -> Mapping[tuple[str, str], int]:
    """What is used of each award, by what the list says and what ran here since.

    `attempts` gives those that ran on after an instant, and is asked only where they are counted.
    Slurm counts what runs by itself, and its counter is only held against the list's figures.
    """
    if not isinstance(section, KueueCluster):
        return job.spent
    ran, balance = by_owner(attempts(listed.until)), balance_of(listed)
    quotas = {(o.quota.award, o.quota.support_class): o.quota for o in job.orders if o.quota.award}
    used = {owner: balance.used(q, ran.get(owner, ()), now) for owner, q in quotas.items()}
    return {**job.spent, **used}


def _slurm(
    section: SlurmCluster, path: Path, since: str, now: int
) -> tuple[Sequence[Usage], list[str]]:
    from headgate.engines.slurm.command import runner
    from headgate.engines.slurm.spool import opened
    from headgate.engines.slurm.usage import looked, owners

    begin = seconds_of(since)
    with opened(path, section.site) as kept:
        known = owners(section, runner(section.reach, section.environment))
        found = looked(section, kept, known, begin, now)
        gone = [
            f"job {one.job} of {one.award} is in no accounting any more [usage-gone]"
            for one in found.gone
        ]
        rows = list(kept.usage(begin - OVERLAP_SECONDS, now))
    return rows, [*map(str, found.faults), *gone]
