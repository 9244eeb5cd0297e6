"""Arrays of Headgate's own work on a Slurm cluster: one sbatch each, known again by name."""

from collections.abc import Mapping
from typing import Final

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Array, ShardState
from headgate.engines.shards import slurm_script
from headgate.engines.slurm.command import Run, asked, runner

_WAITS: Final = frozenset({"PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"})


class SlurmArrays:
    """A `Carrier` over one cluster; an operator's words for sbatch stand in its section."""

    def __init__(self, cluster: SlurmCluster, run: Run | None = None) -> None:
        self._cluster = cluster
        self._run = run or runner(cluster.reach, cluster.environment)

    def submit(self, array: Array) -> None:
        """Submit the array, unless one of its name has not ended; raises EngineDown."""
        if not self.shards(array):
            asked(self._run, ("sbatch", "--parsable"), slurm_script(array, self._cluster.array))

    def shards(self, array: Array) -> Mapping[int, ShardState]:
        """The tasks that squeue still has, each by its number; raises EngineDown."""
        words = ("squeue", "-h", "-r", f"--name={array.name}", "-o", "%K %T")
        live = (line.split() for line in asked(self._run, words).splitlines())
        return {
            int(number): ShardState.WAITING if state in _WAITS else ShardState.RUNNING
            for number, state in (words for words in live if len(words) == 2)
            if number.isdecimal()
        }
