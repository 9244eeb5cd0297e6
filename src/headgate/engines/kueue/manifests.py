"""Orders -> manifests of Kueue (v1beta2), as a pure function of orders, policy and ledger.

    programme                 Cohort that holds what no award holds, for all to borrow
      class of holders        Cohort: its share as the weight of what it borrows, its wall
        award and chip class  ClusterQueue: nominal quota, budget and stop of one quota
    award                     Namespace: a LocalQueue for each chip class, a RoleBinding of members
    budgets                   AdmissionCheck, by which work that may pass its balance waits
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
from headgate.core.enforcement.clusters.kind import Walls
from headgate.core.enforcement.clusters.kueue import KueueCluster
from headgate.core.enforcement.engine import Quota
from headgate.core.faults import Fault, Faulty
from headgate.engines.kueue.budget import Rule, Stop, Why, stop
from headgate.engines.kueue.names import is_marked, mark, name, plain_name

Manifest = dict[str, Any]

VERSION: Final = "kueue.x-k8s.io/v1beta2"
RBAC: Final = "rbac.authorization.k8s.io"
CONTROLLER: Final = "headgate/budget"
"""The name by which an AdmissionCheck says that `headgate admit` answers it."""

MEMBERS: Final = "headgate-members"
QUOTA: Final = "headgate/quota"
"""The annotation that holds whole quotas, budgets and terms included."""

SHARED_KINDS: Final = ("ResourceFlavor", "AdmissionCheck", "Cohort")
KINDS: Final = (*SHARED_KINDS, "Namespace", "RoleBinding", "ClusterQueue", "LocalQueue")
"""Every kind that is written, in the order in which it is."""


class Code(StrEnum):
    """Why no manifests are made of orders."""

    CLASS_UNKNOWN = "kueue-chip-unknown"
    HOLDER_UNKNOWN = "kueue-holder-unknown"
    OVER_CAPACITY = "kueue-over-capacity"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the policy and the ledger say of one cluster beside the orders.

    `gpus` are the cluster's of each chip class, `used` the GPU-seconds that the ledger has booked
    in this term of an award's chip class on the cluster.
    """

    programme: str
    gpus: Mapping[str, int]
    used: Mapping[tuple[str, str], int] = field(default_factory=dict)


_TOLD: Final = TypeAdapter(tuple[Quota, ...])


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the manifests of one cluster at one instant."""

    settings: KueueCluster
    arrangement: Arrangement
    now: str

    def manifests(self, quotas: Iterable[Quota]) -> tuple[Manifest, ...]:
        """All the objects that hold some quotas; raises Faulty where there is no room for them."""
        given = tuple(quotas)
        if faults := list(self._faults(given)):
            raise Faulty(faults)
        own = [thing for quota in given if quota.award for thing in self.own(quota)]
        found = {key(thing): thing for thing in (*self.shared(given), *own)}
        return tuple(sorted(found.values(), key=lambda m: (KINDS.index(m["kind"]), key(m))))

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

    @property
    def check(self) -> str:
        """The name of the AdmissionCheck of the programme's budgets."""
        return name("budget", self.arrangement.programme)

    def shared(self, quotas: Iterable[Quota]) -> Iterator[Manifest]:
        """Flavors, the programme's Cohort with what the awards leave, one for each holder."""
        given = tuple(quotas)
        if self.settings.budget_check:
            yield self._thing("AdmissionCheck", self.check, controllerName=CONTROLLER)
        for support_class, chip in sorted(self.settings.chips.items()):
            if chip.flavor is None:
                labels = dict(chip.node_labels) or {"headgate/chip": plain_name(support_class)}
                yield self._thing("ResourceFlavor", self.flavor(support_class), nodeLabels=labels)
        taken = nominal(given)
        pool = {
            one: {"nominalQuota": str(max(0, self.arrangement.gpus.get(one, 0) - taken[one]))}
            for one in sorted(self.settings.chips)
        }
        yield self._thing("Cohort", self.cohort(""), resourceGroups=list(self._groups(pool)))
        for holder in sorted({quota.holder for quota in given if quota.holder}):
            yield self._envelope(holder, [quota for quota in given if quota.holder == holder])

    def own(self, quota: Quota) -> Iterator[Manifest]:
        """What holds one quota: the award's Namespace and members, a ClusterQueue, a LocalQueue."""
        namespace = self.namespace(quota.award)
        queue = self.queue_name(quota.award, quota.support_class)
        yield self._thing("Namespace", namespace)
        if self.settings.member_role is not None:
            yield self._members(quota, namespace, self.settings.member_role)
        yield self._queue(quota, queue, namespace)
        local = plain_name(quota.support_class)
        yield self._thing("LocalQueue", local, namespace, clusterQueue=queue)

    def flavor(self, support_class: str) -> str:
        """The name of a chip class's ResourceFlavor."""
        named = self.settings.chips[support_class].flavor
        return named or name("flavor", self.arrangement.programme, support_class)

    def _envelope(self, holder: str, quotas: Iterable[Quota]) -> Manifest:
        """A class of holders: its share weighs what it borrows, its wall is what it may borrow."""
        given = tuple(quotas)
        envelopes = sorted((q for q in given if not q.award), key=lambda q: q.support_class)
        weight = max((quota.shares or 0 for quota in envelopes), default=1)
        spec: Manifest = {"fairSharing": {"weight": str(weight)}, "parentName": self.cohort("")}
        walls = {
            quota.support_class: {
                "nominalQuota": "0",
                "borrowingLimit": str(
                    max(0, quota.gpus_most - nominal(given)[quota.support_class])
                ),
            }
            for quota in envelopes
            if quota.gpus_most is not None and quota.support_class in self.settings.chips
        }
        if self.settings.envelopes is Walls.WALLS and walls:
            spec["resourceGroups"] = list(self._groups(walls))
        return _noted(self._thing("Cohort", self.cohort(holder), **spec), envelopes)

    def _members(self, quota: Quota, namespace: str, role: str) -> Manifest:
        """Who may work in an award's namespace: exactly its logins."""
        thing = self._thing("RoleBinding", MEMBERS, namespace)
        users = [{"apiGroup": RBAC, "kind": "User", "name": one} for one in sorted(quota.logins)]
        role_ref = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
        return {**thing, "roleRef": role_ref, "subjects": users}

    def _queue(self, quota: Quota, queue: str, namespace: str) -> Manifest:
        limits = self._limits(quota)
        checks: Manifest = {"admissionChecksStrategy": {"admissionChecks": [{"name": self.check}]}}
        reclaims = "Any" if self.settings.reclaim else "Never"
        thing = self._thing(
            "ClusterQueue",
            queue,
            cohortName=self.cohort(quota.holder),
            namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            queueingStrategy="BestEffortFIFO",
            preemption={"reclaimWithinCohort": reclaims, "withinClusterQueue": "LowerPriority"},
            stopPolicy=self.stopped(quota)[0].value,
            resourceGroups=list(self._groups({quota.support_class: limits})),
            **(checks if self.settings.budget_check else {}),
        )
        return _noted(thing, [quota])

    def stopped(self, quota: Quota) -> tuple[Stop, Why]:
        """Whether a quota's queue is stopped now, by the budget rule."""
        most = self.arrangement.gpus.get(quota.support_class, 0)
        if (borrowed := self._borrowed(quota)) is not None:
            most = min(most, (quota.gpus_most or 0) + borrowed)
        used = self.arrangement.used.get((quota.award, quota.support_class), 0)
        rule = Rule(
            self.settings.ends_running, self.settings.look_seconds, self.settings.budget_check
        )
        return stop(quota, quota.gpu_seconds_budget - used, most, self.now, rule)

    def _borrowed(self, quota: Quota) -> int | None:
        """The most that a quota borrows; None where nothing bounds it."""
        if quota.gpus_most is None or self.settings.borrow_percent is None:
            return None
        return quota.gpus_most * self.settings.borrow_percent // 100

    def _limits(self, quota: Quota) -> dict[str, str]:
        """A quota without a limit at any moment borrows all it needs, and owns nothing."""
        gpus = quota.gpus_most or 0
        lent = gpus * self.settings.lend_percent // 100
        limits = {"nominalQuota": str(gpus), "lendingLimit": str(lent)}
        if (borrowed := self._borrowed(quota)) is not None:
            limits["borrowingLimit"] = str(borrowed)
        return limits

    def _groups(self, limits: Mapping[str, Mapping[str, str]]) -> Iterator[Manifest]:
        """The limits of chip classes, one group for each resource that pods ask for."""
        groups: dict[str, list[Manifest]] = {}
        for support_class, given in sorted(limits.items()):
            resource = self.settings.chips[support_class].resource
            flavor = {
                "name": self.flavor(support_class),
                "resources": [{"name": resource, **given}],
            }
            groups.setdefault(resource, []).append(flavor)
        for resource, flavors in sorted(groups.items()):
            yield {"coveredResources": [resource], "flavors": flavors}

    def _thing(self, kind: str, title: str, namespace: str = "", **spec: Any) -> Manifest:
        metadata: Manifest = {"name": title, "labels": mark(self.arrangement.programme)}
        if namespace:
            metadata["namespace"] = namespace
        thing: Manifest = {"apiVersion": version_of(kind), "kind": kind, "metadata": metadata}
        return {**thing, "spec": spec} if version_of(kind) == VERSION else thing

    def _faults(self, quotas: Iterable[Quota]) -> Iterator[Fault]:
        known: list[Quota] = []
        site, chips = self.settings.site, self.settings.chips
        for quota in quotas:
            if quota.support_class in chips:
                known.append(quota)
            else:
                what = f"{quota.award!a} of {quota.support_class!a}: no such chip class"
                mend = "write the chip class under `chips:` of the cluster"
                yield Fault(site, 0, 0, Code.CLASS_UNKNOWN, what, mend)
            if not quota.holder:
                what = f"{quota.award!a}: the order names no class of holders"
                mend = "give orders that a term of the programme has made"
                yield Fault(site, 0, 0, Code.HOLDER_UNKNOWN, what, mend)
        for support_class, gpus in sorted(nominal(known).items()):
            if gpus > (most := self.arrangement.gpus.get(support_class, 0)):
                what = f"{support_class}: {gpus} GPUs are ordered, and the cluster has {most}"
                mend = "mend the lots of the policy, or place the awards elsewhere"
                yield Fault(site, 0, 0, Code.OVER_CAPACITY, what, mend)


def _noted(thing: Manifest, quotas: Iterable[Quota]) -> Manifest:
    """An object with the whole of what it holds written on it."""
    text = json.dumps(canonical.plain(list(quotas)), separators=(",", ":"))
    thing["metadata"]["annotations"] = {QUOTA: text}
    return thing


def version_of(kind: str) -> str:
    """The API version in which a kind is written."""
    return {"Namespace": "v1", "RoleBinding": f"{RBAC}/v1"}.get(kind, VERSION)


def nominal(quotas: Iterable[Quota]) -> Counter[str]:
    """The GPUs of each chip class that awards hold for themselves."""
    totals: Counter[str] = Counter()
    for quota in quotas:
        if quota.award:
            totals[quota.support_class] += quota.gpus_most or 0
    return totals


def key(thing: Mapping[str, Any]) -> tuple[str, str, str]:
    """What tells one object from all others: kind, namespace and name."""
    metadata = thing["metadata"]
    return thing["kind"], metadata.get("namespace", ""), metadata["name"]


def told(thing: Mapping[str, Any], maker: Maker) -> tuple[Quota, ...] | None:
    """What a queue or Cohort of ours says that it holds; None for any other or an unreadable one.

    One that is being removed holds nothing any longer, though work may still run out under it.
    """
    kind, _, title = key(thing)
    metadata = thing["metadata"]
    if not is_marked(thing, maker.arrangement.programme) or kind not in ("ClusterQueue", "Cohort"):
        return None
    if "deletionTimestamp" in metadata or title == maker.cohort(""):
        return ()
    try:
        quotas = _TOLD.validate_json((metadata.get("annotations") or {}).get(QUOTA, ""))
    except ValidationError:
        return None
    if kind == "Cohort":
        names = {maker.cohort(quota.holder) for quota in quotas} or {title}
    else:
        names = {maker.queue_name(quota.award, quota.support_class) for quota in quotas}
    return quotas if names == {title} else None
