"""Orders -> manifests of Kueue (v1beta2), as a pure function of orders, policy and ledger.

    programme                 Cohort that holds what no award holds, for all to borrow
      class of holders        Cohort with the policy's share as its weight for what is borrowed
        award and chip class  ClusterQueue: nominal quota, budget and stop of one quota
    award                     Namespace with a LocalQueue for each chip class
    chip class                ResourceFlavor: the labels of its nodes

The nominal quotas of a chip class add up to its GPUs on the cluster and never to more: Kueue does
not know how many there are, so it is checked here.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from headgate.core import canonical
from headgate.core.enforcement.clusters.kueue import KueueChip, KueueCluster
from headgate.core.enforcement.engine import Quota
from headgate.core.faults import Fault, Faulty
from headgate.engines.kueue.budget import Rule, stop
from headgate.engines.kueue.names import is_marked, mark, name, plain_name

Manifest = dict[str, Any]

VERSION: Final = "kueue.x-k8s.io/v1beta2"
QUOTA: Final = "headgate/quota"
"""The annotation that holds the whole quota, budget included, and the class of its holder."""

SHARED_KINDS: Final = ("ResourceFlavor", "Cohort")
KINDS: Final = (*SHARED_KINDS, "Namespace", "ClusterQueue", "LocalQueue")
"""Every kind that is written, in the order in which it is."""


class Code(StrEnum):
    """Why no manifests are made of orders."""

    CLASS_UNKNOWN = "kueue-chip-unknown"
    HOLDER_UNKNOWN = "kueue-holder-unknown"
    OVER_CAPACITY = "kueue-over-capacity"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the policy and the ledger say beside the orders, for one cluster.

    `holders` gives each award's class of holders and `weights` each class's share; `gpus` are the
    cluster's of each chip class, `left` the GPU-seconds that the ledger has left of an award's
    chip class, where that is not the whole budget.
    """

    programme: str
    holders: Mapping[str, str]
    weights: Mapping[str, int]
    gpus: Mapping[str, int]
    left: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A quota as a ClusterQueue's annotation has it, with the class of its holder."""

    quota: Quota
    holder: str


_HELD: Final = TypeAdapter(Held)


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the manifests of one cluster at one instant."""

    settings: KueueCluster
    arrangement: Arrangement
    now: str

    def manifests(self, quotas: Iterable[Quota]) -> tuple[Manifest, ...]:
        """All the objects that hold some quotas; raises Faulty where there is no room for them."""
        held = [self.held(quota) for quota in quotas]
        if faults := list(self._faults(held)):
            raise Faulty(faults)
        own = [thing for one in held for thing in self.own(one)]
        found = {key(thing): thing for thing in (*self.shared(held), *own)}
        return tuple(sorted(found.values(), key=lambda m: (KINDS.index(m["kind"]), key(m))))

    def held(self, quota: Quota) -> Held:
        """A quota with its holder's class; "" for an award that nobody holds."""
        return Held(quota, self.arrangement.holders.get(quota.award, ""))

    def queue_name(self, award: str, support_class: str) -> str:
        """The name of a quota's ClusterQueue."""
        return name(self.arrangement.programme, support_class, award)

    def namespace(self, award: str) -> str:
        """The name of an award's namespace."""
        return name(self.arrangement.programme, award)

    def cohort(self, holder: str) -> str:
        """The name of a class of holders' Cohort; of the whole programme's for ""."""
        programme = self.arrangement.programme
        return name("cohort", programme, holder) if holder else name("cohort", programme)

    def shared(self, held: Iterable[Held]) -> Iterator[Manifest]:
        """Flavors, and Cohorts with what the quotas given leave of the cluster."""
        for support_class, chip in sorted(self.settings.chips.items()):
            if chip.flavor is None:
                labels = dict(chip.node_labels) or {"headgate/chip": plain_name(support_class)}
                yield self._thing("ResourceFlavor", self.flavor(support_class), nodeLabels=labels)
        groups = list(self._pool(nominal(one.quota for one in held)))
        yield self._thing(
            "Cohort", self.cohort(""), **({"resourceGroups": groups} if groups else {})
        )
        for holder, weight in sorted(self.arrangement.weights.items()):
            fair = {"weight": str(weight)}
            parent = self.cohort("")
            title = self.cohort(holder)
            yield self._thing("Cohort", title, parentName=parent, fairSharing=fair)

    def own(self, held: Held) -> Iterator[Manifest]:
        """What holds one quota: the award's Namespace, a ClusterQueue, a LocalQueue."""
        quota = held.quota
        namespace = self.namespace(quota.award)
        queue = self.queue_name(quota.award, quota.support_class)
        yield self._thing("Namespace", namespace)
        yield self._queue(held, queue, namespace)
        local = plain_name(quota.support_class)
        yield self._thing("LocalQueue", local, namespace, clusterQueue=queue)

    def flavor(self, support_class: str) -> str:
        """The name of a chip class's ResourceFlavor."""
        named = self.settings.chips[support_class].flavor
        return named or name("flavor", self.arrangement.programme, support_class)

    def _queue(self, held: Held, queue: str, namespace: str) -> Manifest:
        quota, settings = held.quota, self.settings
        gpus = quota.gpus_most or 0
        most = self.arrangement.gpus.get(quota.support_class, 0)
        borrowed = gpus * settings.borrow_percent // 100
        rule = Rule(settings.ends_running, settings.look_seconds)
        key = quota.award, quota.support_class
        left = min(quota.gpu_seconds_budget, self.arrangement.left.get(key, 10**30))
        running = most if quota.gpus_most is None else min(most, gpus + borrowed)
        limits = {
            "nominalQuota": str(gpus),
            "lendingLimit": str(gpus * settings.lend_percent // 100),
        }
        if quota.gpus_most is not None:
            limits["borrowingLimit"] = str(borrowed)
        thing = self._thing(
            "ClusterQueue",
            queue,
            cohortName=self.cohort(held.holder),
            namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            queueingStrategy="BestEffortFIFO",
            preemption={"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"},
            stopPolicy=stop(quota, left, running, self.now, rule)[0].value,
            resourceGroups=[self._group(self._chip(quota).resource, {quota.support_class: limits})],
        )
        thing["metadata"]["annotations"] = {
            QUOTA: json.dumps(canonical.plain(held), separators=(",", ":"))
        }
        return thing

    def _pool(self, taken: Mapping[str, int]) -> Iterator[Manifest]:
        """What no award holds, one group for each resource that pods ask for."""
        by_resource: dict[str, dict[str, dict[str, str]]] = {}
        for support_class, chip in sorted(self.settings.chips.items()):
            left = self.arrangement.gpus.get(support_class, 0) - taken.get(support_class, 0)
            group = by_resource.setdefault(chip.resource, {})
            group[support_class] = {"nominalQuota": str(max(0, left))}
        for resource, flavors in sorted(by_resource.items()):
            yield self._group(resource, flavors)

    def _group(self, resource: str, flavors: Mapping[str, Mapping[str, str]]) -> Manifest:
        return {
            "coveredResources": [resource],
            "flavors": [
                {"name": self.flavor(one), "resources": [{"name": resource, **limits}]}
                for one, limits in flavors.items()
            ],
        }

    def _thing(self, kind: str, title: str, namespace: str = "", **spec: Any) -> Manifest:
        metadata: Manifest = {"name": title, "labels": mark(self.arrangement.programme)}
        if namespace:
            metadata["namespace"] = namespace
        version = "v1" if kind == "Namespace" else VERSION
        thing = {"apiVersion": version, "kind": kind, "metadata": metadata}
        return {**thing, "spec": spec} if kind != "Namespace" else thing

    def _chip(self, quota: Quota) -> KueueChip:
        return self.settings.chips[quota.support_class]

    def _faults(self, held: Iterable[Held]) -> Iterator[Fault]:
        known: list[Quota] = []
        site, weights = self.settings.site, self.arrangement.weights
        for one in held:
            what = f"{one.quota.award!a} of {one.quota.support_class!a}"
            if one.quota.support_class in self.settings.chips:
                known.append(one.quota)
            else:
                mend = "write the chip class under `chips:` of the cluster"
                yield Fault(site, 0, 0, Code.CLASS_UNKNOWN, f"{what}: no such chip class", mend)
            if one.holder not in weights:
                mend = "give orders and holders of one and the same term"
                yield Fault(site, 0, 0, Code.HOLDER_UNKNOWN, f"{what}: nobody holds it", mend)
        for support_class, gpus in sorted(nominal(known).items()):
            if gpus > (most := self.arrangement.gpus.get(support_class, 0)):
                what = f"{support_class}: {gpus} GPUs are ordered, and the cluster has {most}"
                mend = "mend the lots of the policy, or place the awards elsewhere"
                yield Fault(site, 0, 0, Code.OVER_CAPACITY, what, mend)


def nominal(quotas: Iterable[Quota]) -> Mapping[str, int]:
    """The GPUs of each chip class that some quotas hold for themselves."""
    totals: Counter[str] = Counter()
    for quota in quotas:
        totals[quota.support_class] += quota.gpus_most or 0
    return totals


def key(thing: Mapping[str, Any]) -> tuple[str, str, str]:
    """What tells one object from all others: kind, namespace and name."""
    metadata = thing["metadata"]
    return thing["kind"], metadata.get("namespace", ""), metadata["name"]


def told(thing: Mapping[str, Any], programme: str) -> Held | None:
    """What a ClusterQueue of ours says that it holds; None for any other, or if it cannot be read.

    A queue that is being removed holds nothing any longer, though work may still run out under it.
    """
    metadata = thing["metadata"]
    if not is_marked(thing, programme) or "deletionTimestamp" in metadata:
        return None
    try:
        return _HELD.validate_json((metadata.get("annotations") or {}).get(QUOTA, ""))
    except ValidationError:
        return None
