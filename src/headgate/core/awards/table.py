"""The problem in plain integers, candidates in published order.

Fractions of a problem share one scale, so that worths and penalties add up as integers; a list's
value divided by `scale` is in milli-point units. Everything that compares or adds works on this.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from headgate.core.awards.problem import Candidate, Floor, Option, Problem


class Order(NamedTuple):
    """The published order of candidates: higher score, then smaller request, then smaller lot.

    Where a request's size breaks no tie, `units_asked` is 0 for all.
    """

    score_below: int
    units_asked: int
    lot: str

    def asking(self, units: int) -> "Order":
        """The order with another request."""
        return self._replace(units_asked=units) if self.units_asked else self


@dataclass(frozen=True, slots=True)
class Choice:
    """One option: `low` to `high` blocks may be awarded, nothing when `low` exceeds `high`.

    `asked` is the whole request. `rate` is the scaled worth of a block for each milli-point of
    score up to `full` blocks, and `rate_extra` beyond.
    """

    pool: int
    weight: int
    asked: int
    low: int
    high: int
    full: int
    rate: int
    rate_extra: int

    def worth_a_point(self, blocks: int) -> int:
        """Scaled worth of `blocks` for each milli-point of score."""
        full = min(blocks, self.full)
        return self.rate * full + self.rate_extra * (blocks - full)


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate, with the limits that count it.

    `pulls` are pairs of a floor and the change of its shortfall for each unit awarded here.
    """

    application: str
    score: int
    order: Order
    limits: frozenset[int]
    pulls: tuple[tuple[int, int], ...]
    choices: tuple[Choice, ...]

    def worth(self, choice: Choice, blocks: int) -> int:
        """Scaled worth of an award."""
        return self.score * choice.worth_a_point(blocks)

    @property
    def kind(self) -> tuple[object, ...]:
        """What decides about a candidate apart from its lot: equal kinds are twins."""
        return self.score, self.limits, self.pulls, self.choices


@dataclass(frozen=True, slots=True)
class Table:
    """A problem with indices for names; `lines` are in published order.

    `floor_starts` are the shortfalls of an empty list and `floor_parts` how many of them make one
    unit; `floor_penalties` are scaled, for one part.
    """

    problem: Problem
    scale: int
    lines: tuple[Line, ...]
    floor_starts: tuple[int, ...]
    floor_parts: tuple[int, ...]
    floor_penalties: tuple[int, ...]

    @classmethod
    def of(cls, problem: Problem) -> "Table":
        """Build the table of a problem that `check` accepts."""
        suitabilities = {o.suitability for one in problem.candidates for o in one.options}
        worths = lcm(*(Fraction(s).denominator for s in suitabilities))
        parts = tuple(Fraction(floor.share).denominator for floor in problem.floors)
        scale = lcm(worths * Fraction(problem.extra_worth).denominator, *parts)
        lines = [line_of(problem, scale, candidate) for candidate in problem.candidates]
        return cls(
            problem=problem,
            scale=scale,
            lines=tuple(sorted(lines, key=lambda line: line.order)),
            floor_starts=tuple(floor.least for floor in problem.floors),
            floor_parts=parts,
            floor_penalties=tuple(
                floor.penalty * scale // part
                for floor, part in zip(problem.floors, parts, strict=True)
            ),
        )


def line_of(problem: Problem, scale: int, candidate: Candidate) -> Line:
    """One candidate's line under a problem's rules."""
    weights = {pool.id: pool.weight for pool in problem.pools}
    sizes = (option.blocks_max * weights[option.pool] for option in candidate.options)
    asked = max(sizes) if problem.smaller_first else 0
    limits = enumerate(problem.limits)
    pulls = ((at, _pull(floor, candidate.tags)) for at, floor in enumerate(problem.floors))
    return Line(
        application=candidate.application,
        score=candidate.score,
        order=Order(-candidate.score, asked, candidate.lot),
        limits=frozenset(at for at, limit in limits if limit.tag in candidate.tags),
        pulls=tuple((at, pull) for at, pull in pulls if pull),
        choices=tuple(_choice(problem, scale, option) for option in candidate.options),
    )


def _choice(problem: Problem, scale: int, option: Option) -> Choice:
    place, pool = next(
        (at, pool) for at, pool in enumerate(problem.pools) if pool.id == option.pool
    )
    rate = pool.weight * option.suitability * scale
    high = min(option.blocks_max, pool.capacity) if problem.partial else option.blocks_max
    return Choice(
        pool=place,
        weight=pool.weight,
        asked=option.blocks_max,
        low=option.blocks_min if problem.partial else option.blocks_max,
        high=high if high <= pool.capacity else 0,
        full=option.blocks_min,
        rate=int(rate),
        rate_extra=int(rate * problem.extra_worth),
    )


def _pull(floor: Floor, tags: frozenset[str]) -> int:
    """Change of the floor's shortfall, in its parts of a unit, for each unit given to `tags`."""
    share = Fraction(floor.share)
    met = share.denominator if floor.tag in tags else 0
    owed = share.numerator if floor.share_of in tags else 0
    return owed - met
