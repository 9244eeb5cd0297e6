"""Korea's awards as orders for a Kubernetes cluster of each of its sites."""

from collections import Counter
from collections.abc import Mapping

from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.engine import Order
from headgate.steps.enforce import envelopes_of, orders_of
from tests.whole.korea import korea


def korean(**more: object) -> Mapping[str, tuple[KueueCluster, list[Order]]]:
    """Each site's cluster, which has the GPUs that were awarded there, with the site's orders."""
    term = korea().term
    orders = (*orders_of(term), *envelopes_of(term))
    held: dict[str, Counter[str]] = {}
    for order in orders:
        quota = order.quota
        most = quota.gpus_most or 0 if quota.award else 0
        held.setdefault(order.cluster, Counter())[quota.support_class] += most
    return {
        site: (
            KueueCluster.model_validate(
                {
                    "engine": "kueue",
                    "site": site,
                    "programme": "korea-2025",
                    "chips": {chip: {"gpus": gpus} for chip, gpus in chips.items()},
                    **more,
                }
            ),
            [order for order in orders if order.cluster == site],
        )
        for site, chips in held.items()
    }
