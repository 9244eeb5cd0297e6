"""What a cluster of any kind says was used, for the agent's spool."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from headgate.core.enforcement.clusters import AnyCluster
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of, seconds_of

OVERLAP_SECONDS: Final = 86_400
"""How long before the last look a cluster is asked again: what came late is seen."""


def read_use(
    section: AnyCluster, slurm_spool: Path, since: str, now: int
) -> tuple[Sequence[Usage], list[str]]:
    """The attempts that touch the time from `since` to now, and what could not be read.

    Raises EngineDown. A Slurm is read into a spool of its own, which keeps what Slurm purges.
    """
    from headgate.engines.drive import collect
    from headgate.engines.opening import opened

    if isinstance(section, SlurmCluster):
        return _slurm(section, slurm_spool, since, now)
    rows = collect(
        opened(section, {}), since, instant_of(now), overlap_seconds=OVERLAP_SECONDS, tries=1
    )
    return rows, []


def _slurm(
    section: SlurmCluster, path: Path, since: str, now: int
) -> tuple[Sequence[Usage], list[str]]:
    from headgate.engines.slurm.command import runner
    from headgate.engines.slurm.spool import opened
    from headgate.engines.slurm.usage import look, owners, streamed

    begin = seconds_of(since)
    with opened(path, section.site) as kept:
        owner_of = owners(section, runner(section.reach, section.environment)).get
        lines = streamed(section.reach, section.environment)
        found = look(section.cluster, kept, lines, owner_of, begin, now)
        gone = [
            f"job {one.job} of {one.award} is in no accounting any more [usage-gone]"
            for one in found.gone
        ]
        rows = list(kept.usage(begin - OVERLAP_SECONDS, now))
    return rows, [*map(str, found.faults), *gone]
