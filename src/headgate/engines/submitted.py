"""Shards carried by submitit: a job array where there is a Slurm, processes where there is none.

For who drives sweeps from Python or must name a partition and a time limit (extra `submitit`); the
scripts that a sweep comes with need neither.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from headgate.core.enforcement.engine import Array
from headgate.core.faults import Fault, Faulty, Mended

Shard = Callable[[str, int, int], str]
"""What does shard K of N of a folder, by a name that the jobs can import."""
ERROR_CHARACTERS: Final = 300


class Code(Mended):
    """Every way in which an array cannot be carried."""

    MISSING = (
        "submitit-missing",
        "pip install 'headgate[submitit]', or use the sweep's own slurm.sh",
    )
    REFUSED = (
        "submitit-refused",
        "mend what the scheduler names, and submit again: what is done is kept",
    )
    FAILED = (
        "submitit-shard-failed",
        "read its log in logs/submitit, and submit again: what is done is kept",
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job is given; `cluster` is submitit's word: slurm, local, or what there is (None)."""

    minutes: int = 60
    partition: str | None = None
    cluster: str | None = None


def carried(array: Array, shard: Shard, asked: Asked) -> Iterator[str]:
    """Submit every shard, wait for all, and tell what each says; raises `Faulty` with all faults.

    Whoever stops waiting leaves the jobs to the cluster.
    """
    try:
        import submitit
    except ImportError:
        raise Code.MISSING.alone(array.folder, "submitit is not installed") from None
    folder = f"{array.folder}/logs/submitit"
    executor = submitit.AutoExecutor(folder=folder, cluster=asked.cluster)
    executor.update_parameters(name=array.name, timeout_min=asked.minutes, cpus_per_task=1)
    executor.update_parameters(slurm_use_srun=False)
    if asked.partition is not None:
        executor.update_parameters(slurm_partition=asked.partition)
    numbers, whole = range(1, array.shards + 1), [array.shards] * array.shards
    try:
        jobs = executor.map_array(shard, [array.folder] * array.shards, numbers, whole)
    except (submitit.core.utils.FailedJobError, OSError) as error:
        raise Code.REFUSED.alone(folder, _last(str(error))) from None
    ids = f"{jobs[0].job_id} to {jobs[-1].job_id}"
    yield f"{array.shards} shards submitted to {executor.cluster}: {ids}"
    faults = list[Fault]()
    for number, job in zip(numbers, jobs, strict=True):
        failed = job.exception()
        if failed is None:
            yield job.result()
        else:
            place = f"{array.folder}: shard {number}/{array.shards} ({job.job_id})"
            faults.append(Code.FAILED.of(place, _last(str(failed))))
    if faults:
        raise Faulty(faults)


def _last(text: str) -> str:
    """The last line that says something: that of the error itself."""
    lines = [line.strip(" -|>") for line in text.splitlines() if line.strip(" -|>")]
    return lines[-1][:ERROR_CHARACTERS] if lines else "nothing was said"
