"""From a term to what Kueue is told of it: the orders of one cluster, and the cluster's room."""

from headgate.core.enforcement.clusters.kueue import KueueChip, KueueCluster
from headgate.core.enforcement.engine import Quota
from headgate.engines.kueue.manifests import Arrangement
from headgate.steps.enforce import envelopes_of, orders_of, spent_of
from headgate.steps.term import Term


def arrangement_of(term: Term, site: str) -> Arrangement:
    """What policy and ledger say of a site; its GPUs are those of every lot that serves in it."""
    policy = term.policy(term.starts)
    gpus: dict[str, int] = {}
    for support in policy.supports.values():
        for lot in support.lots.values():
            if lot.site == site and lot.days(term.starts, term.ends):
                gpus[lot.chip] = gpus.get(lot.chip, 0) + lot.state_gpus
    return Arrangement(policy.programme.id, gpus, spent_of(term, site))


def quotas_of(term: Term, site: str) -> tuple[Quota, ...]:
    """What a site shall hold: the envelopes and the awards on it."""
    orders = (*envelopes_of(term), *orders_of(term))
    return tuple(order.quota for order in orders if order.cluster == site)


def sites_of(term: Term) -> tuple[str, ...]:
    """Every site on which an award is held."""
    return tuple(sorted({order.cluster for order in orders_of(term)}))


def unconfigured(term: Term, site: str) -> KueueCluster:
    """A cluster of which nothing is known but its chip classes; nodes carry `headgate/chip`."""
    chips = {chip: KueueChip() for chip in arrangement_of(term, site).gpus}
    return KueueCluster(engine="kueue", site=site, chips=chips)
