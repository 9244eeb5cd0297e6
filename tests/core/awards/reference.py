"""The award rules a second time, slowly and from the definitions, to hold the fast ones against.

Lists are dictionaries application -> (pool, blocks); every number is a fraction; nothing of the
package is used but its input values.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from hypothesis import strategies as st

from headgate.core.awards import Candidate, Floor, Limit, LimitKind, Option, Pool, Problem

List = dict[str, tuple[str, int]]


def weight(problem: Problem, pool: str) -> int:
    """Units of one block."""
    return next(one.weight for one in problem.pools if one.id == pool)


def worth(problem: Problem, candidate: Candidate, pool: str, blocks: int) -> Fraction:
    """The definition in `problem.py`."""
    option = next(one for one in candidate.options if one.pool == pool)
    full = min(blocks, option.blocks_min) + problem.extra_worth * max(0, blocks - option.blocks_min)
    return candidate.score * weight(problem, pool) * option.suitability * full


def given(problem: Problem, awards: List, tag: str) -> int:
    """Units to candidates with a tag."""
    return sum(
        weight(problem, awards[one.application][0]) * awards[one.application][1]
        for one in problem.candidates
        if tag in one.tags and one.application in awards
    )


def total_worth(problem: Problem, awards: List) -> Fraction:
    """Worth of a list."""
    return sum(
        (
            worth(problem, one, *awards[one.application])
            for one in problem.candidates
            if one.application in awards
        ),
        Fraction(0),
    )


def shortfall(problem: Problem, awards: List, floor: Floor) -> Fraction:
    """Units by which a floor is missed."""
    owed = floor.least + floor.share * given(problem, awards, floor.share_of)
    return max(Fraction(0), owed - given(problem, awards, floor.tag))


def value(problem: Problem, awards: List) -> Fraction:
    """Worth less penalties."""
    penalties = (one.penalty * shortfall(problem, awards, one) for one in problem.floors)
    return total_worth(problem, awards) - sum(penalties, Fraction(0))


def amounts(problem: Problem, option: Option) -> range:
    """Blocks that an option accepts."""
    low = option.blocks_min if problem.partial else option.blocks_max
    return range(low, option.blocks_max + 1)


def feasible(problem: Problem, awards: List) -> bool:
    """Whether pools and limits are kept."""
    pools = all(
        sum(blocks for pool, blocks in awards.values() if pool == one.id) <= one.capacity
        for one in problem.pools
    )
    return pools and all(given(problem, awards, one.tag) <= one.most for one in problem.limits)


def offers(problem: Problem, candidate: Candidate) -> Iterator[tuple[str, int]]:
    """Every award that a candidate could be given."""
    for option in candidate.options:
        for blocks in amounts(problem, option):
            yield option.pool, blocks


def lists(problem: Problem) -> Iterator[List]:
    """Every feasible list."""

    def extend(awards: List, rest: tuple[Candidate, ...]) -> Iterator[List]:
        if not rest:
            yield awards
            return
        yield from extend(awards, rest[1:])
        for offer in offers(problem, rest[0]):
            more = {**awards, rest[0].application: offer}
            if feasible(problem, more):
                yield from extend(more, rest[1:])

    return extend({}, problem.candidates)


def order(problem: Problem, candidate: Candidate) -> tuple[int, int, str]:
    """Published order: score, smaller request where the policy asks for it, lot."""
    asked = max(weight(problem, one.pool) * one.blocks_max for one in candidate.options)
    return -candidate.score, asked * problem.smaller_first, candidate.lot


def may_enter(problem: Problem, awards: List, candidate: Candidate) -> bool:
    """Whether a candidate without an award enters, alone or in place of one of the same pool."""
    before = value(problem, awards)
    for pool, blocks in offers(problem, candidate):
        for other in (None, *problem.candidates):
            if other is not None and awards.get(other.application, ("", 0))[0] != pool:
                continue
            after = {**awards, candidate.application: (pool, blocks)}
            if other is not None:
                del after[other.application]
            if not feasible(problem, after):
                continue
            gain = value(problem, after) - before
            first = other is None or order(problem, candidate) < order(problem, other)
            if gain > 0 or (gain == 0 and first):
                return True
    return False


def with_candidate(problem: Problem, changed: Candidate) -> Problem:
    """The problem with one candidate in another form."""
    candidates = tuple(
        changed if one.application == changed.application else one for one in problem.candidates
    )
    return replace(problem, candidates=candidates)


TAGS = ("east", "west", "small")


@st.composite
def problems(draw: st.DrawFn, most: int = 5) -> Problem:
    """Small problems with much that ties, binds or cannot be met."""
    pools = tuple(
        Pool(f"p{at}", draw(st.integers(0, 6)), draw(st.sampled_from((1, 2, 3))))
        for at in range(draw(st.integers(1, 3)))
    )
    limits = tuple(
        Limit(f"l{at}", draw(st.sampled_from(LimitKind)), tag, draw(st.integers(0, 14)))
        for at, tag in enumerate(draw(st.lists(st.sampled_from(TAGS), max_size=3)))
    )
    penalties = st.sampled_from((0, 7, 40, 1_000_000))
    shared = Floor("f0", "small", share=Fraction(1, 3), share_of="east", penalty=draw(penalties))
    least = Floor("f1", "west", least=draw(st.integers(1, 9)), penalty=draw(penalties))
    names = [pool.id for pool in pools]
    lots = draw(st.permutations("abcdef"[:most]))
    candidates = tuple(
        Candidate(
            f"A{at}",
            draw(st.sampled_from((0, 10, 20, 21, 60))),
            draw(_options(names)),
            draw(st.frozensets(st.sampled_from(TAGS))),
            lots[at],
        )
        for at in range(draw(st.integers(0, most)))
    )
    return Problem(
        pools=pools,
        limits=limits,
        floors=tuple(draw(st.sampled_from(((), (shared,), (least,), (shared, least))))),
        candidates=candidates,
        extra_worth=draw(st.sampled_from((Fraction(0), Fraction(7, 10), Fraction(1)))),
        partial=draw(st.booleans()),
        score_most=64,
        smaller_first=draw(st.booleans()),
    )


@st.composite
def _options(draw: st.DrawFn, names: list[str]) -> tuple[Option, ...]:
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    sizes = st.integers(1, 4)
    suitabilities = st.sampled_from((Fraction(1), Fraction(1, 2), Fraction(2, 3)))
    pairs = [(name, sorted((draw(sizes), draw(sizes)))) for name in chosen]
    return tuple(Option(name, low, high, draw(suitabilities)) for name, (low, high) in pairs)
