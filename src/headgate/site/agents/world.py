"""The clusters of a site's agents as a world: what they told answers the cycle's questions.

Where no agent is enrolled, it answers as a world without engines does.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Q

from headgate.core.enforcement.engine import Order, Quota
from headgate.core.ledger.refused import Refused
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant
from headgate.readers.facts import Recorded
from headgate.site.agents.models import Agent, Attempt
from headgate.site.agents.reading import enrolled, newest_back, outages, usage_of
from headgate.site.agents.refusals import AgentRefusal


class Sites(Recorded):
    """What agents brought; `facts` answer what agents are not asked."""

    def __init__(self, facts: Mapping[str, Sequence[Any]] | None = None) -> None:
        super().__init__(facts or {})

    def enforce(self, orders: Sequence[Order], day: date) -> Sequence[tuple[str, Quota]]:
        """What each site held when it was last read back."""
        agents = list(enrolled())
        if not agents:
            return super().enforce(orders, day)
        backs = [back for agent in agents if (back := newest_back(agent.site)) is not None]
        return [(back.cluster, quota) for back in backs for quota in back.held]

    def usage(self, since: date, until: date, part: str) -> Sequence[Usage]:
        """Every attempt that touches the window or was told since it began, as of its end.

        What came late for an earlier window is among them; the ledger knows what it has. Raises
        `Refused` while an agent has yet to tell the window's use, unless its outage is announced.
        """
        agents = list(enrolled())
        if part or not agents:
            return super().usage(since, until, part)
        begin, end = instant(since), instant(until)
        if missing := sorted(_lagging(agents, end)):
            raise Refused(AgentRefusal.USE_LAGS, ", ".join(missing))
        touching = Q(ended__isnull=True) | Q(ended__gt=begin) | Q(arrived__gte=begin)
        rows = Attempt.objects.filter(touching, started__lt=end)
        return [_as_of(one, end) for one in rows.order_by("site", "started", "job", "attempt")]


def _lagging(agents: Iterable[Agent], end: str) -> Iterator[str]:
    away = set(outages(datetime.now(UTC)).filter(planned=False).values_list("site", flat=True))
    for agent in agents:
        if agent.looked < end and agent.site not in away:
            yield agent.site


def _as_of(one: Attempt, end: str) -> Usage:
    """An attempt as a look at the window's end told it, or would have."""
    ended = one.ended if one.ended is not None and one.ended <= end else None
    joules = one.joules if ended is not None else None
    return replace(usage_of(one), ended=ended, seen=min(one.seen, end), joules=joules)
