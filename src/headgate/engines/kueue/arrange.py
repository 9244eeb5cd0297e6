"""Clusters that no file describes yet, as the policy's lots have them."""

from headgate.core.enforcement.clusters.kueue import KueueChip, KueueCluster
from headgate.steps.term import Term


def unconfigured(term: Term) -> dict[str, KueueCluster]:
    """A section for every site: its GPUs are those of the lots that serve in the term.

    Nothing else is known of them: nodes carry the label `headgate/chip`.
    """
    policy = term.policy(term.starts)
    gpus: dict[str, dict[str, int]] = {}
    for support in policy.supports.values():
        for lot in support.lots.values() if support.enforced else ():
            if lot.days(term.starts, term.ends):
                site = gpus.setdefault(lot.site, {})
                site[lot.of] = site.get(lot.of, 0) + lot.number
    return {
        site: KueueCluster(
            engine="kueue",
            site=site,
            programme=policy.programme.id,
            chips={chip: KueueChip(gpus=count) for chip, count in sorted(chips.items())},
        )
        for site, chips in sorted(gpus.items())
    }
