"""A panel that falls apart is joined where it can be, and nobody has another load by it."""

from collections import Counter
from collections.abc import Collection

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.calls.harshness import groups
from headgate.core.calls.joining import join
from headgate.core.calls.panel import Assignment, Pair, assign
from tests.core.calls.test_panel import names


def parts(pairs: Collection[Pair]) -> int:
    """Into how many parts a panel falls, as those who fit its harshness count them."""
    return len(groups((reviewer, application) for application, reviewer in pairs))


def loads(pairs: Collection[Pair]) -> tuple[Counter[str], Counter[str]]:
    """How many seats each application and each reviewer has."""
    return Counter(a for a, _ in pairs), Counter(r for _, r in pairs)


PAIRS = st.sets(st.tuples(st.sampled_from(names("a", 7)), st.sampled_from(names("r", 7))))


@given(PAIRS, PAIRS, st.data())
def test_seats_are_exchanged_and_nothing_else(
    pairs: set[Pair], conflicts: set[Pair], data: st.DataObject
) -> None:
    """Loads stay, seats given stay, no conflict comes in, and there are never more parts."""
    fixed = data.draw(st.sets(st.sampled_from(sorted(pairs)))) if pairs else set()
    before = Assignment(tuple(sorted(pairs)), {})
    after = join(before, {}, conflicts - pairs, fixed)
    assert loads(before.pairs) == loads(after.pairs)
    assert len(after.pairs) == len(set(after.pairs)) == len(pairs)
    assert fixed <= set(after.pairs)
    assert not set(after.pairs) & (conflicts - pairs)
    assert parts(after.pairs) <= parts(before.pairs)


@given(PAIRS)
def test_parts_are_joined_as_far_as_there_are_seats(pairs: set[Pair]) -> None:
    """Without conflicts a panel is one wherever it has a seat for each that it has, less one."""
    after = join(Assignment(tuple(sorted(pairs)), {}), {}, ())
    people = sum(map(len, loads(after.pairs)))
    assert parts(after.pairs) == (max(1, people - len(pairs)) if pairs else 0)


def test_a_solved_assignment_of_two_seats_each_hangs_together() -> None:
    """Forty reviewers of forty applications: the solver leaves pairs of them by themselves."""
    seats = dict.fromkeys(names("a", 40), 2)
    found = assign(seats, names("r", 40), {}, ())
    assert parts(found.pairs) > 1
    assert 1 == parts(join(found, {}, ()).pairs)


def test_the_exchange_that_costs_least_expertise_is_taken() -> None:
    """Two parts of two: the seats of the two who know most of what they read stay."""
    pairs = {("a0", "r0"), ("a0", "r1"), ("a1", "r0"), ("a1", "r1")}
    pairs |= {("b0", "s0"), ("b0", "s1"), ("b1", "s0"), ("b1", "s1")}
    known = dict.fromkeys(pairs, 500) | {("a1", "r1"): 100, ("b0", "s0"): 50, ("a1", "s0"): 20}
    after = set(join(Assignment(tuple(sorted(pairs)), {}), known, ()).pairs)
    assert pairs - after == {("a1", "r1"), ("b0", "s0")}
    assert after - pairs == {("a1", "s0"), ("b0", "r1")}
    barred = set(join(Assignment(tuple(sorted(pairs)), {}), known, {("a1", "s0")}).pairs)
    assert ("a1", "s0") not in barred
    assert 1 == parts(barred)
