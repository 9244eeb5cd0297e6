"""What Slurm says of the jobs that wait under an award's account (squeue(1), REASON)."""

from collections import Counter
from collections.abc import Iterable, Iterator

from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Quota
from headgate.core.enforcement.waiting import Waiting
from headgate.engines.slurm.command import Run, asked
from headgate.engines.slurm.names import account_of, standby_of

_ASKED = ("squeue", "-h", "-t", "PENDING", "-o", "%a %r")


def pending(cluster: SlurmCluster, run: Run, quotas: Iterable[Quota]) -> Iterator[Waiting]:
    """How many jobs of each award wait for which reason; raises EngineDown."""
    owners: dict[str, tuple[str, str]] = {}
    for quota in quotas:
        name = account_of(cluster.programme, quota.award, quota.support_class)
        for each in (name, standby_of(name)):
            owners[each] = quota.award, quota.support_class
    lines = (line.partition(" ") for line in asked(run, _ASKED).splitlines())
    # "ReqNodeNotAvail, UnavailableNodes:n[1-4]": the word alone says why.
    counts = Counter(
        (owners[name], why.split(",")[0].strip()) for name, _, why in lines if name in owners
    )
    for (owner, reason), jobs in sorted(counts.items()):
        yield Waiting(*owner, reason, jobs)
