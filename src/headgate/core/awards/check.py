"""Every fault of an award problem, named at once, before anything is decided on it."""

from collections.abc import Iterable, Iterator
from enum import Enum
from fractions import Fraction

from headgate.core.awards.problem import Candidate, Floor, Limit, Pool, Problem
from headgate.core.faults import Fault


class ProblemFault(Enum):
    """What can be wrong with a problem, with what would mend it as a sentence."""

    NOT_EXACT = "not-exact"
    DUPLICATE_ID = "duplicate-id"
    DUPLICATE_APPLICATION = "duplicate-application"
    DUPLICATE_LOT = "duplicate-lot"
    LOT_NOT_HEXADECIMAL = "lot-not-hexadecimal"
    POOL_SIZE = "pool-size"
    LIMIT_NEGATIVE = "limit-negative"
    FLOOR_MEASURE = "floor-measure"
    FLOOR_PENALTY = "floor-penalty"
    SCORE_OUT_OF_RANGE = "score-out-of-range"
    NO_OPTION = "no-option"
    UNKNOWN_POOL = "unknown-pool"
    POOL_TWICE = "pool-twice"
    BLOCKS_RANGE = "blocks-range"
    SUITABILITY = "suitability"
    WORTH_OR_GAP = "worth-or-gap"

    @property
    def mend(self) -> str:
        """What to write instead."""
        return _MEND[self]


_MEND = {
    ProblemFault.NOT_EXACT: "Write integers, and fractions for shares; floats decide nothing here.",
    ProblemFault.DUPLICATE_ID: "Give every pool, limit and floor an id of its own.",
    ProblemFault.DUPLICATE_APPLICATION: "List each application once, with all its options.",
    ProblemFault.DUPLICATE_LOT: "Draw the lots again, one for each candidate.",
    ProblemFault.LOT_NOT_HEXADECIMAL: "Write the lot in lower-case hexadecimal.",
    ProblemFault.POOL_SIZE: "Capacity is 0 blocks or more, weight 1 unit or more.",
    ProblemFault.LIMIT_NEGATIVE: "A limit is 0 units or more.",
    ProblemFault.FLOOR_MEASURE: "State `least` above 0, or `share` in (0, 1] with `share_of`.",
    ProblemFault.FLOOR_PENALTY: "A missed unit costs 0 milli-points or more.",
    ProblemFault.SCORE_OUT_OF_RANGE: "A score lies between 0 and the problem's highest score.",
    ProblemFault.NO_OPTION: "Give an option, or refuse the application at a gate.",
    ProblemFault.UNKNOWN_POOL: "Name one of the problem's pools.",
    ProblemFault.POOL_TWICE: "Merge the options of one pool into one.",
    ProblemFault.BLOCKS_RANGE: "Ask for 1 <= blocks_min <= blocks_max.",
    ProblemFault.SUITABILITY: "Suitability is above 0; leave the option out if nothing is usable.",
    ProblemFault.WORTH_OR_GAP: "extra_worth, gap and score_most are 0 or more.",
}

_Found = tuple[ProblemFault, str, str]


def check(problem: Problem) -> list[Fault]:
    """All faults of a problem, sorted; an empty list means that it may be decided.

    Inexact numbers are reported alone, since nothing else can be judged on them.
    """
    found = list(_inexact(problem)) or [*_rules(problem), *_candidates(problem)]
    return sorted(
        Fault(f"award problem, {place}", 0, 0, fault.value, what, fault.mend)
        for fault, place, what in found
    )


def _inexact(problem: Problem) -> Iterator[_Found]:
    for place, name, value, exact in _numbers(problem):
        if not isinstance(value, exact) or isinstance(value, bool):
            yield ProblemFault.NOT_EXACT, place, f"{name} is the {type(value).__name__} {value!r}."


def _numbers(problem: Problem) -> Iterator[tuple[str, str, object, type | tuple[type, ...]]]:
    """Every number of a problem: its place, its name, its value and the types it may have."""
    ratio = (int, Fraction)
    yield "the whole", "extra_worth", problem.extra_worth, ratio
    yield "the whole", "gap", problem.gap, ratio
    yield "the whole", "score_most", problem.score_most, int
    for pool in problem.pools:
        yield f"pool {pool.id}", "capacity", pool.capacity, int
        yield f"pool {pool.id}", "weight", pool.weight, int
    for limit in problem.limits:
        yield f"limit {limit.id}", "most", limit.most, int
    for floor in problem.floors:
        yield f"floor {floor.id}", "least", floor.least, int
        yield f"floor {floor.id}", "penalty", floor.penalty, int
        yield f"floor {floor.id}", "share", floor.share, ratio
    for candidate in problem.candidates:
        place = f"candidate {candidate.application}"
        yield place, "score", candidate.score, int
        for option in candidate.options:
            yield place, "blocks_min", option.blocks_min, int
            yield place, "blocks_max", option.blocks_max, int
            yield place, "suitability", option.suitability, ratio


def _rules(problem: Problem) -> Iterator[_Found]:
    rules: tuple[Pool | Limit | Floor, ...] = (*problem.pools, *problem.limits, *problem.floors)
    for name in _repeated(rule.id for rule in rules):
        yield ProblemFault.DUPLICATE_ID, f"rule {name}", f"The id {name} is used more than once."
    for pool in problem.pools:
        if pool.capacity < 0 or pool.weight < 1:
            size = f"{pool.capacity} blocks of weight {pool.weight}"
            yield ProblemFault.POOL_SIZE, f"pool {pool.id}", f"The pool has {size}."
    for limit in problem.limits:
        if limit.most < 0:
            what = f"The limit is {limit.most} units."
            yield ProblemFault.LIMIT_NEGATIVE, f"limit {limit.id}", what
    for floor in problem.floors:
        yield from _floor(floor)
    if problem.extra_worth < 0 or problem.gap < 0 or problem.score_most < 0:
        what = f"{problem.extra_worth}, {problem.gap} or {problem.score_most} is negative."
        yield ProblemFault.WORTH_OR_GAP, "the whole", what


def _floor(floor: Floor) -> Iterator[_Found]:
    absolute = floor.least > 0 and not floor.share and not floor.share_of
    relative = not floor.least and 0 < floor.share <= 1 and floor.share_of not in ("", floor.tag)
    if not (absolute or relative):
        what = f"least is {floor.least}, share is {floor.share} of {floor.share_of!r}."
        yield ProblemFault.FLOOR_MEASURE, f"floor {floor.id}", what
    if floor.penalty < 0:
        what = f"The penalty is {floor.penalty} milli-points."
        yield ProblemFault.FLOOR_PENALTY, f"floor {floor.id}", what


def _candidates(problem: Problem) -> Iterator[_Found]:
    for name in _repeated(candidate.application for candidate in problem.candidates):
        what = f"The application {name} is listed more than once."
        yield ProblemFault.DUPLICATE_APPLICATION, f"candidate {name}", what
    for lot in _repeated(candidate.lot for candidate in problem.candidates):
        holders = [one.application for one in problem.candidates if one.lot == lot]
        what = f"{' and '.join(holders)} drew the same lot {lot}."
        yield ProblemFault.DUPLICATE_LOT, f"candidate {holders[0]}", what
    pools = {pool.id for pool in problem.pools}
    for candidate in problem.candidates:
        place = f"candidate {candidate.application}"
        for fault, what in _candidate(candidate, pools, problem.score_most):
            yield fault, place, what


def _candidate(
    candidate: Candidate, pools: set[str], score_most: int
) -> Iterator[tuple[ProblemFault, str]]:
    if not candidate.lot or set(candidate.lot) - set("0123456789abcdef"):
        yield ProblemFault.LOT_NOT_HEXADECIMAL, f"The lot is {candidate.lot!r}."
    if not 0 <= candidate.score <= score_most:
        yield ProblemFault.SCORE_OUT_OF_RANGE, f"{candidate.score} of {score_most} milli-points."
    if not candidate.options:
        yield ProblemFault.NO_OPTION, "The candidate can be served by no pool."
    for pool in _repeated(option.pool for option in candidate.options):
        yield ProblemFault.POOL_TWICE, f"The pool {pool} stands in two options."
    for option in candidate.options:
        if option.pool not in pools:
            yield ProblemFault.UNKNOWN_POOL, f"There is no pool {option.pool!r}."
        if not 1 <= option.blocks_min <= option.blocks_max:
            asked = f"{option.blocks_min} to {option.blocks_max} blocks"
            yield ProblemFault.BLOCKS_RANGE, f"It asks for {asked} of {option.pool}."
        if option.suitability <= 0:
            what = f"The suitability of {option.pool} is {option.suitability}."
            yield ProblemFault.SUITABILITY, what


def _repeated(names: Iterable[str]) -> list[str]:
    """The names that occur more than once, each once, in order of appearance."""
    count: dict[str, int] = {}
    for name in names:
        count[name] = count.get(name, 0) + 1
    return [name for name, times in count.items() if times > 1]
