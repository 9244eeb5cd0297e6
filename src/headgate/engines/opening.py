"""Opening a cluster of a clusters file as the engine of its kind; only that kind is imported."""

from collections.abc import Mapping
from datetime import UTC, datetime

from headgate.core.enforcement.clusters import AnyCluster
from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.clusters.slurm import SlurmCluster
from headgate.core.enforcement.engine import Carrier, Engine
from headgate.core.faults import Fault, Faulty


def opened(cluster: AnyCluster, spent: Mapping[tuple[str, str], int]) -> Engine:
    """The engine; `spent` is what the ledger knows to be used there, by award and class."""
    if isinstance(cluster, SlurmCluster):
        from headgate.engines.slurm.engine import Slurm

        return Slurm(cluster, spent)
    if isinstance(cluster, KueueCluster):
        from headgate.engines.kueue.engine import Kueue

        return Kueue(cluster, spent, lambda: f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    from headgate.engines.rehearsal import Rehearsal

    return Rehearsal(cluster.site, cluster.gpus, ())


def unmapped(cluster: AnyCluster, holder: str, support_class: str) -> str | None:
    """What the clusters file does not say of a quota that is ordered there, if anything."""
    if isinstance(cluster, SlurmCluster):
        if holder not in cluster.sectors:
            return f"sectors has no account for the holder {holder!r}"
        if support_class not in cluster.chips:
            return f"chips has no GRES for the class {support_class!r}"
    elif isinstance(cluster, KueueCluster):
        if support_class not in cluster.chips:
            return f"chips has no section for the class {support_class!r}"
    elif support_class not in cluster.gpus:
        return f"gpus has none of the class {support_class!r}"
    return None


def carrier(cluster: AnyCluster) -> Carrier:
    """What runs arrays on a cluster; raises Faulty for a kind that is given a manifest instead."""
    if isinstance(cluster, SlurmCluster):
        from headgate.engines.slurm.arrays import SlurmArrays

        return SlurmArrays(cluster)
    what = f"A cluster of the kind {cluster.engine} is not submitted to."
    mend = "Name a Slurm cluster, or create the Job of kubernetes.yaml in the work's folder."
    raise Faulty([Fault(cluster.site, 0, 0, "cluster-carries-none", what, mend)])
