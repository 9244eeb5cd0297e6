"""Settling: exact checks of a proposal, the published rules, and the plan they lead to.

`settle` is what `headgate verify` runs again. It needs no solver and no floating point: the same
problem and proposal give the same plan on any machine.
"""

from collections.abc import Iterator

from headgate.core.awards.arrange import arrange
from headgate.core.awards.certificate import bound_proved
from headgate.core.awards.check import check
from headgate.core.awards.describe import describe
from headgate.core.awards.holdings import Held, Holdings
from headgate.core.awards.plan import Plan, Proposal, ProposalFault, Refusal
from headgate.core.awards.problem import Problem
from headgate.core.awards.table import Table
from headgate.core.faults import Fault

_MEND = {
    ProposalFault.PROBLEM_FAULTY: "Mend the problem first.",
    ProposalFault.PRICES_COUNT: "Give one price for each pool, limit and floor.",
    ProposalFault.UNKNOWN_APPLICATION: "Award candidates of this problem only.",
    ProposalFault.AWARDED_TWICE: "Give a candidate one award at most.",
    ProposalFault.POOL_NOT_ASKED: "Award a pool that the candidate has an option for.",
    ProposalFault.BLOCKS_NOT_ASKED: "Award blocks between what the option accepts and asks.",
    ProposalFault.POOL_EXCEEDED: "Award no more blocks than the pool has.",
    ProposalFault.LIMIT_EXCEEDED: "Award no more units than the limit allows.",
    ProposalFault.VALUE_MISSTATED: "State the value that the list has.",
    ProposalFault.BOUND_FALSE: "State a bound that no list exceeds.",
    ProposalFault.GAP_MISSED: "Let the solver search further, or state a wider gap.",
}


def settle(problem: Problem, proposal: Proposal) -> Plan | Refusal:
    """Turn a proposal into the plan that the published rules give, or refuse it by name."""
    if faults := check(problem):
        what = f"The problem has {len(faults)} faults."
        return Refusal((_fault(ProposalFault.PROBLEM_FAULTY, "the whole", what), *faults))
    holdings = Holdings(Table.of(problem))
    if found := list(_accept(holdings, proposal)):
        return Refusal(tuple(sorted(found)))
    arrange(holdings)
    proved = bound_proved(holdings.table, proposal.prices)
    plan = describe(holdings, min(proved, proposal.bound), proved, proposal.solver)
    missed = list(_distance(problem, plan))
    return Refusal(tuple(missed)) if missed else plan


def _fault(kind: ProposalFault, place: str, what: str) -> Fault:
    return Fault(f"award proposal, {place}", 0, 0, kind.value, what, _MEND[kind])


def _accept(holdings: Holdings, proposal: Proposal) -> Iterator[Fault]:
    """Enter a proposal into empty holdings, yielding what is wrong with it."""
    if not proposal.prices.fits(holdings.table):
        what = "The prices do not match the rules in number."
        yield _fault(ProposalFault.PRICES_COUNT, "prices", what)
    lines = {line.application: at for at, line in enumerate(holdings.table.lines)}
    sound = True
    for application, pool, blocks in proposal.blocks:
        fault = _give(holdings, lines.get(application), pool, blocks)
        if fault is not None:
            sound = False
            yield _fault(fault, application, f"{blocks} blocks of {pool} are proposed.")
    yield from _exceeded(holdings)
    if sound and holdings.value() != proposal.value:
        what = f"The list is worth {holdings.value()}, not {proposal.value}."
        yield _fault(ProposalFault.VALUE_MISSTATED, "value", what)


def _give(holdings: Holdings, place: int | None, pool: str, blocks: int) -> ProposalFault | None:
    if place is None:
        return ProposalFault.UNKNOWN_APPLICATION
    if holdings.held[place] is not None:
        return ProposalFault.AWARDED_TWICE
    pools = holdings.table.problem.pools
    for at, choice in enumerate(holdings.table.lines[place].choices):
        if pools[choice.pool].id == pool:
            if not choice.low <= blocks <= choice.high:
                return ProposalFault.BLOCKS_NOT_ASKED
            holdings.give(place, Held(at, blocks))
            return None
    return ProposalFault.POOL_NOT_ASKED


def _exceeded(holdings: Holdings) -> Iterator[Fault]:
    problem = holdings.table.problem
    for pool, blocks in zip(problem.pools, holdings.pool_free, strict=True):
        if blocks < 0:
            what = f"{pool.capacity - blocks} blocks are proposed of {pool.capacity}."
            yield _fault(ProposalFault.POOL_EXCEEDED, f"pool {pool.id}", what)
    for limit, units in zip(problem.limits, holdings.limit_free, strict=True):
        if units < 0:
            what = f"{limit.most - units} units are proposed of {limit.most}."
            yield _fault(ProposalFault.LIMIT_EXCEEDED, f"limit {limit.id}", what)


def _distance(problem: Problem, plan: Plan) -> Iterator[Fault]:
    if plan.value > plan.bound:
        what = f"The settled list is worth {plan.value}, above the bound {plan.bound}."
        yield _fault(ProposalFault.BOUND_FALSE, "bound", what)
    if plan.gap_reached > problem.gap:
        what = f"The gap is {plan.gap_reached}, above {problem.gap}."
        yield _fault(ProposalFault.GAP_MISSED, "gap", what)
