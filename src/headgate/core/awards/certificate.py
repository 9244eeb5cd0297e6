"""A bound that a stranger can check: weak duality in integers, without a solver.

For any prices of pools, limits and floors, no list can be worth more than the rules' whole capacity
at those prices plus what each candidate's best award is worth above its price. Good prices come
from a solver; the sum below is valid for all of them.
Source: M. L. Fisher, "The Lagrangian Relaxation Method", Management Science 27(1), 1981.
"""

from dataclasses import dataclass

from headgate.core.awards.table import Line, Table


@dataclass(frozen=True, slots=True)
class Prices:
    """Scaled value of one more block of each pool, unit of each limit and part of each floor."""

    pools: tuple[int, ...]
    limits: tuple[int, ...]
    floors: tuple[int, ...]

    def fits(self, table: Table) -> bool:
        """Whether there is one price for each rule."""
        problem = table.problem
        return (len(self.pools), len(self.limits), len(self.floors)) == (
            len(problem.pools),
            len(problem.limits),
            len(problem.floors),
        )


def bound_proved(table: Table, prices: Prices) -> int:
    """A scaled value that no list can exceed.

    Prices are first moved into their valid range: not negative, and for a floor not above its
    penalty.
    """
    pools = [max(0, price) for price in prices.pools]
    limits = [max(0, price) for price in prices.limits]
    floors = [
        min(max(0, price), penalty)
        for price, penalty in zip(prices.floors, table.floor_penalties, strict=True)
    ]
    clean = Prices(tuple(pools), tuple(limits), tuple(floors))
    problem = table.problem
    whole = sum(p * pool.capacity for p, pool in zip(pools, problem.pools, strict=True))
    whole += sum(p * limit.most for p, limit in zip(limits, problem.limits, strict=True))
    whole -= sum(p * start for p, start in zip(floors, table.floor_starts, strict=True))
    return whole + sum(_surplus(line, clean) for line in table.lines)


def _surplus(line: Line, prices: Prices) -> int:
    """The most that one award of a line can be worth above its price; 0 is no award.

    Worth is linear between the least and the most blocks, so one of the two is best.
    """
    unit = sum(prices.limits[limit] for limit in line.limits)
    unit += sum(pull * prices.floors[floor] for floor, pull in line.pulls)
    best = 0
    for choice in line.choices:
        if choice.low <= choice.high:
            block = prices.pools[choice.pool] + choice.weight * unit
            for blocks in (choice.low, choice.high):
                best = max(best, line.worth(choice, blocks) - blocks * block)
    return best
