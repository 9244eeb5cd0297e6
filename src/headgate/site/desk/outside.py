"""Who answers for what no person here can say: clusters, meters and evaluators.

A demo brings its rehearsal along (`answers`). Elsewhere the sites' agents answer for what they
brought; an event that asks for more says by name which facts it misses.
"""

from collections.abc import Callable, Collection, Sequence

from headgate.core.awards.plan import Proposal
from headgate.core.awards.problem import Problem
from headgate.core.calls.application import Application, GateFinding, Mark
from headgate.core.duties.amendment import Amendment
from headgate.core.duties.payments import Payment
from headgate.core.policy.document import Document
from headgate.cycle import World, replay
from headgate.readers.facts import Recorded, read_events
from headgate.site.agents.world import Sites
from headgate.site.desk.office import SITE, programme
from headgate.site.desk.world import Desk
from headgate.site.records.kept import events, stored_facts

_ANSWERING: list[World] = []


class _Happened(Desk):
    """What people did as it was received, before a world that was not there then."""

    def __init__(self, recorded: Recorded, rest: World) -> None:
        self._recorded = recorded
        self._rest = rest

    def applications(self, call: str) -> Sequence[Application]:
        return self._recorded.applications(call)

    def gate_findings(self, call: str, applications: Sequence[str]) -> Sequence[GateFinding]:
        return self._recorded.gate_findings(call, applications)

    def marks(self, call: str, eligible: Sequence[Application]) -> Sequence[Mark]:
        return self._recorded.marks(call, eligible)

    def proposal(self, call: str, problem: Problem) -> Proposal:
        return self._recorded.proposal(call, problem)

    def declined(self, call: str, awarded: Sequence[str]) -> Collection[str]:
        return self._recorded.declined(call, awarded)

    def amendments(self, name: str) -> Sequence[Amendment]:
        return self._recorded.amendments(name)

    def payments(self, name: str) -> Sequence[Payment]:
        return self._recorded.payments(name)


def answers(world: World) -> None:
    """Let a world answer from now on."""
    _ANSWERING[:] = [world]


def outside() -> World:
    """The world that answers now."""
    return _ANSWERING[0] if _ANSWERING else Sites()


def catch_up(world: World, progress: Callable[[str], None]) -> None:
    """Bring a world that is made as it goes on to where the kept programme stands."""
    adopted: Document = programme()
    facts = {name: fact.values for name, fact in stored_facts(SITE).items()}
    done = read_events("events", events(SITE))
    replay(adopted, done, _Happened(Recorded(facts), world), progress)
