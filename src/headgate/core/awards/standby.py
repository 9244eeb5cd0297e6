"""Moving up from standby when winners decline."""

from headgate.core.awards.describe import describe
from headgate.core.awards.holdings import Held, Holdings
from headgate.core.awards.plan import Plan
from headgate.core.awards.problem import Problem
from headgate.core.awards.reasons import Outcome
from headgate.core.awards.table import Table


def promote(problem: Problem, plan: Plan, declined: frozenset[str]) -> Plan:
    """The plan after the awards of `declined` applications are given back.

    In published order each waiting candidate receives the best that fits in what is free now.
    Awards that stand are neither taken, moved nor raised, and who declined is not asked again.
    Applications that hold nothing may decline too: they leave the standby list. Raises ValueError
    for an application that the problem does not have.
    """
    holdings = Holdings(Table.of(problem))
    places = {line.application: at for at, line in enumerate(holdings.table.lines)}
    if unknown := sorted(declined - places.keys()):
        raise ValueError(f"no candidate is called {', '.join(unknown)}")
    earlier = {one.application for one in plan.reasons if one.outcome is Outcome.DECLINED}
    gone = declined | earlier
    pools = {pool.id: at for at, pool in enumerate(problem.pools)}
    for award in plan.awards:
        if award.application not in gone:
            choices = holdings.table.lines[places[award.application]].choices
            at = [choice.pool for choice in choices].index(pools[award.pool])
            holdings.give(places[award.application], Held(at, award.blocks))
    _admit(holdings, gone)
    return describe(
        holdings, plan.bound, plan.bound_proved, plan.solver, declined=gone, displacing=False
    )


def _admit(holdings: Holdings, gone: frozenset[str]) -> None:
    """Offer what is free down the list until nobody takes anything."""
    admitted = True
    while admitted:
        admitted = False
        for place, line in enumerate(holdings.table.lines):
            if holdings.held[place] is None and line.application not in gone:
                entry = holdings.free_entry(line)
                if entry is not None:
                    holdings.give(place, entry.held)
                    admitted = True
