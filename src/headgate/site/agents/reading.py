"""What is read of what agents brought."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet
from pydantic import TypeAdapter, ValidationError

from headgate.core.enforcement.engine import Order
from headgate.core.enforcement.orders import OrderList
from headgate.core.enforcement.receipt import ReadBack, Report
from headgate.core.metering.usage import Usage
from headgate.core.quantities import seconds_of
from headgate.site.agents.models import Agent, Attempt, Outage, Returned, SignedList

REPORT: Final = TypeAdapter(Report)
BACK: Final = TypeAdapter(ReadBack)
LIST: Final = TypeAdapter(OrderList)


def report_of(agent: Agent) -> Report | None:
    """The newest report of an agent; None before its first."""
    try:
        return REPORT.validate_json(agent.report) if agent.report else None
    except ValidationError:
        # An older version of the portal kept it; the next report replaces it.
        return None


def list_of(signed: SignedList) -> OrderList:
    """What a site's list says, as it was signed."""
    return LIST.validate_json(signed.data.partition("\n\n")[0])


def signed_lists() -> list[OrderList]:
    """What every site's list says."""
    return [list_of(one) for one in SignedList.objects.all()]


def usage_of(one: Attempt) -> Usage:
    """An attempt as a row of use."""
    who = one.site, one.job, one.attempt, one.award, one.support_class
    return Usage(*who, one.gpus, one.started, one.ended, one.seen, one.joules)


def enrolled() -> QuerySet[Agent]:
    """The agents whose credentials are in force."""
    return Agent.objects.filter(revoked__isnull=True)


def newest_back(site: str) -> ReadBack | None:
    """What was read back of a site last; None before that."""
    found = Returned.objects.filter(site=site).last()
    return BACK.validate_json(found.line) if found is not None else None


@dataclass(frozen=True, slots=True)
class Announced:
    """What was announced of a site, and the GPU-days that its projects cannot have meanwhile."""

    outage: Outage
    gpu_days: int


def announced(now: datetime, lists: Iterable[OrderList]) -> list[Announced]:
    """All that is in force or to come; without an end, what it has cost until now."""
    orders = {one.site: one.orders for one in lists}
    return [Announced(one, _lost(one, orders.get(one.site, ()), now)) for one in outages(now)]


def _lost(outage: Outage, orders: Iterable[Order], now: datetime) -> int:
    begins, ends = (int(at.timestamp()) for at in (outage.begins, outage.ends or now))
    seconds = 0
    for quota in (order.quota for order in orders):
        held = max(begins, seconds_of(quota.starts)), min(ends, seconds_of(quota.ends))
        seconds += (quota.gpus_most or 0) * max(held[1] - held[0], 0)
    return seconds // 86_400


def outages(now: datetime, sites: Iterable[str] | None = None) -> QuerySet[Outage]:
    """What was announced and is not over, of some sites or of all."""
    found = Outage.objects.filter(Q(ends__isnull=True) | Q(ends__gt=now))
    return found if sites is None else found.filter(site__in=list(sites))
