"""What Kueue says of Workloads that wait in an award's queues: conditions, and our own check."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headgate.core.enforcement.engine import Quota
from headgate.core.enforcement.waiting import Waiting
from headgate.engines.kueue.admission import Ground
from headgate.engines.kueue.attempts import condition
from headgate.engines.kueue.manifests import Maker
from headgate.engines.kueue.names import plain_name


def pending(
    workloads: Iterable[Mapping[str, Any]], maker: Maker, quotas: Iterable[Quota]
) -> Iterator[Waiting]:
    """How many Workloads of each award wait for which reason."""
    queues = {
        (maker.namespace(one.award), plain_name(one.support_class)): (one.award, one.support_class)
        for one in quotas
    }
    counts: Counter[tuple[tuple[str, str], str]] = Counter()
    for thing in workloads:
        spec = thing.get("spec") or {}
        owner = queues.get((thing["metadata"].get("namespace", ""), spec.get("queueName", "")))
        begun = condition(thing, "Admitted") or condition(thing, "Finished")
        if owner is not None and begun is None:
            counts[owner, _reason(thing, maker.check)] += 1
    for (owner, reason), jobs in sorted(counts.items()):
        yield Waiting(*owner, reason, jobs)


def _reason(thing: Mapping[str, Any], check: str) -> str:
    """Our answer, where the budget is what it waits for; else what Kueue wrote of the quota."""
    status = thing.get("status") or {}
    for one in status.get("admissionChecks", ()):
        for ground in Ground:
            if one["name"] == check and str(one.get("message", "")).startswith(ground.value):
                return f"budget {ground.name.lower()}"
    for one in status.get("conditions", ()):
        if one["type"] == "QuotaReserved" and one["status"] != "True":
            return " ".join(str(one.get("message") or one.get("reason") or "").split())
    return "Pending"
