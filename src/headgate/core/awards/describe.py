"""A finished list as a plan: awards, distance to the bound, floors, cut-offs, reasons, standby."""

from collections.abc import Iterator
from fractions import Fraction

from headgate.core.awards.holdings import Holdings
from headgate.core.awards.plan import Award, Cutoff, Plan, Shortfall, Standby
from headgate.core.awards.problem import LimitKind
from headgate.core.awards.reasons import Reason, cutoffs_of, reasons_of
from headgate.core.awards.table import Line


def describe(
    holdings: Holdings,
    bound: int,
    proved: int,
    solver: str,
    *,
    declined: frozenset[str] = frozenset(),
    displacing: bool = True,
) -> Plan:
    """Describe holdings that no rule changes any more.

    `bound` and `proved` are scaled; `declined` and `displacing` as in `reasons_of`.
    """
    value = holdings.value()
    worth = max(1, holdings.worth())
    reasons = reasons_of(holdings, declined, displacing)
    return Plan(
        awards=tuple(_awards(holdings)),
        scale=holdings.table.scale,
        value=value,
        bound=bound,
        bound_proved=proved,
        gap_reached=Fraction(bound - value, worth),
        gap_proved=Fraction(proved - value, worth),
        floors=tuple(_shortfalls(holdings)),
        cutoffs=tuple(_cutoffs(holdings, reasons)),
        reasons=reasons,
        standby=tuple(_standby(holdings, declined)),
        solver=solver,
    )


def _awards(holdings: Holdings) -> Iterator[Award]:
    for _, line, held in holdings.awards():
        choice = line.choices[held.choice]
        yield Award(
            application=line.application,
            pool=holdings.table.problem.pools[choice.pool].id,
            blocks=held.blocks,
            blocks_asked=choice.asked,
            worth=line.worth(choice, held.blocks),
        )


def _shortfalls(holdings: Holdings) -> Iterator[Shortfall]:
    floors = zip(
        holdings.table.problem.floors,
        holdings.floor_short,
        holdings.table.floor_parts,
        strict=True,
    )
    for floor, short, parts in floors:
        yield Shortfall(floor.id, -(-max(0, short) // parts))


def _cutoffs(holdings: Holdings, reasons: tuple[Reason, ...]) -> Iterator[Cutoff]:
    barring = {rule for reason in reasons if not reason.blocks for rule in reason.rules}
    for rule, score in sorted(cutoffs_of(holdings).items()):
        if rule in barring:
            yield Cutoff(rule, score)


def _standby(holdings: Holdings, declined: frozenset[str]) -> Iterator[Standby]:
    """Queues in the order of envelopes and pools in the problem, nobody's envelope last."""
    problem = holdings.table.problem
    queues: dict[tuple[int, int], list[str]] = {}
    for line, held in zip(holdings.table.lines, holdings.held, strict=True):
        if held is None and line.application not in declined:
            for envelope in _envelopes(holdings, line):
                for choice in line.choices:
                    queues.setdefault((envelope, choice.pool), []).append(line.application)
    for (envelope, pool), waiting in sorted(queues.items()):
        counted = envelope < len(problem.limits)
        name = problem.limits[envelope].id if counted else ""
        yield Standby(name, problem.pools[pool].id, tuple(waiting))


def _envelopes(holdings: Holdings, line: Line) -> list[int]:
    limits = holdings.table.problem.limits
    own = [at for at in sorted(line.limits) if limits[at].kind is LimitKind.ENVELOPE]
    return own or [len(limits)]
