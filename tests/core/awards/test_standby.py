"""What moving up promises, turn after turn, on small problems of every kind."""

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.awards import Outcome, Plan, Problem, promote, propose
from tests.core.awards import reference as ref
from tests.core.awards.test_reasons import candidate, problem
from tests.core.awards.test_settle import listed, settled


@st.composite
def turns(draw: st.DrawFn) -> tuple[Problem, list[Plan], list[frozenset[str]]]:
    """A problem with its list, and turns in which somebody or nobody declines; last of all nobody.

    Each plan follows from the one before it and from who declined in that turn.
    """
    one = draw(ref.problems(most=6))
    plans, gone = [settled(one, propose(one))], []
    for _ in range(draw(st.integers(1, 3))):
        names = sorted(award.application for award in plans[-1].awards)
        waiting = {name for each in plans[-1].standby for name in each.applications}
        some = [st.sampled_from(codes) for codes in (names, sorted(waiting)) if codes]
        gone.append(frozenset(draw(st.sets(st.one_of(some), max_size=3)) if some else ()))
        plans.append(promote(one, plans[-1], gone[-1]))
    return one, plans, gone


@given(turns())
@settings(max_examples=150)
def test_in_every_turn_what_stands_stands_and_who_declined_stays_out(
    told: tuple[Problem, list[Plan], list[frozenset[str]]],
) -> None:
    """Pools and limits are kept; nobody who stays is moved or changed; who declined has no award
    and no place; nobody is awarded who was neither on the list nor on standby.
    """
    one, plans, gone = told
    out: set[str] = set()
    for before, after, left in zip(plans, plans[1:], gone, strict=False):
        out |= left
        had, has = listed(before), listed(after)
        assert ref.feasible(one, has)
        assert {name: had[name] for name in had.keys() - left} == {
            name: has[name] for name in had.keys() & has.keys()
        }
        waited = {name for each in before.standby for name in each.applications}
        assert has.keys() - had.keys() <= waited - out
        assert not out & {name for each in after.standby for name in each.applications}
        declined = {r.application for r in after.reasons if r.outcome is Outcome.DECLINED}
        assert out == declined


@given(turns())
@settings(max_examples=150)
def test_nobody_who_fits_is_passed_over_for_one_behind(
    told: tuple[Problem, list[Plan], list[frozenset[str]]],
) -> None:
    """Down the published order, whoever still waits fits in nothing that was free at their turn."""
    one, plans, gone = told
    out: set[str] = set()
    for before, after, left in zip(plans, plans[1:], gone, strict=False):
        out |= left
        given_up = {name: got for name, got in listed(before).items() if name not in left}
        came = {n: got for n, got in listed(after).items() if n not in given_up}
        standing = dict(given_up)
        for each in sorted(one.candidates, key=lambda each: ref.order(one, each)):
            name = each.application
            if name in came:
                standing[name] = came[name]
            elif name not in standing and name not in out:
                fits = [o for o in ref.offers(one, each) if _gains(one, standing, name, o)]
                assert [] == fits, f"{name} waits"


def _gains(one: Problem, standing: ref.List, name: str, offer: tuple[str, int]) -> bool:
    """Whether an offer fits beside what stands, and is worth giving."""
    after = {**standing, name: offer}
    return ref.feasible(one, after) and ref.value(one, after) > ref.value(one, standing)


def test_what_was_told_in_a_turn_does_not_change_when_another_declines_in_it() -> None:
    """Were all who declined taken out at once, whoever took the rest would lose it: turns count.

    Ten blocks fall free; B takes eight, D the two that are left, and C, before D, fits nowhere.
    When B declines, C is asked; D, who was told and has signed, keeps its two.
    """
    sizes = {"A": (10, 10), "B": (8, 8), "C": (7, 9), "D": (2, 2)}
    field = (candidate(n, 90_000 - at, *sizes[n]) for at, n in enumerate(sizes))
    one = problem(10, *field)
    first = settled(one, propose(one))
    assert {"A": ("h200", 10)} == listed(first)
    second = promote(one, first, frozenset({"A"}))
    assert {"B": ("h200", 8), "D": ("h200", 2)} == listed(second)
    third = promote(one, second, frozenset({"B"}))
    assert {"C": ("h200", 8), "D": ("h200", 2)} == listed(third)
    assert {"C": ("h200", 9)} == listed(promote(one, first, frozenset({"A", "B"})))
