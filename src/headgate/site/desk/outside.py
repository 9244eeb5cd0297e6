"""Who answers for what no person here can say: clusters, meters and evaluators.

A demo brings its rehearsal along (`answers`). Elsewhere the sites' agents answer for what they
brought; an event that asks for more says by name which facts it misses.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from headgate.core.enforcement.engine import Order, Quota
from headgate.core.metering.usage import Usage
from headgate.core.policy.document import Document
from headgate.cycle import World, replay
from headgate.readers.facts import Recorded, read_events
from headgate.site.agents.world import Sites
from headgate.site.desk.office import SITE, programme
from headgate.site.records.kept import events, stored_facts

_ANSWERING: list[World] = []
_INVENTED: list[int] = []


class _Happened(Recorded):
    """What happened as it was received, before a world that was not there then.

    Its clusters and meters live through it again, so that they stand where the programme does.
    """

    def __init__(self, facts: Mapping[str, Sequence[Any]], rest: World) -> None:
        super().__init__(facts)
        self._rest = rest

    def enforce(self, orders: Sequence[Order], day: date) -> Sequence[tuple[str, Quota]]:
        return self._rest.enforce(orders, day)

    def usage(self, since: date, until: date, part: str) -> Sequence[Usage]:
        return self._rest.usage(since, until, part)


def answers(world: World, invented: int) -> None:
    """Let a world answer from now on, from which so many at most apply to a call that opens."""
    _ANSWERING[:] = [world]
    _INVENTED[:] = [invented]


def invented_most() -> int:
    """How many invented people apply to a call that opens now; none but in a demo."""
    return sum(_INVENTED)


def outside() -> World:
    """The world that answers now."""
    return _ANSWERING[0] if _ANSWERING else Sites()


def catch_up(world: World, progress: Callable[[str], None]) -> None:
    """Bring a world that is made as it goes on to where the kept programme stands."""
    adopted: Document = programme()
    facts = {name: fact.values for name, fact in stored_facts(SITE).items()}
    done = read_events("events", events(SITE))
    replay(adopted, done, _Happened(facts, world), progress)
