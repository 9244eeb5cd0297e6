"""What a settled award list promises, tried on every feasible list of small problems."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.awards import (
    Candidate,
    Change,
    ChangeKind,
    Option,
    Plan,
    Pool,
    Prices,
    Problem,
    Proposal,
    bound_proved,
    propose,
    propose_fast,
    settle,
)
from headgate.core.awards.table import Table
from tests.core.awards import reference as ref


def settled(problem: Problem, proposal: Proposal) -> Plan:
    """The plan of a proposal that must be accepted."""
    plan = settle(problem, proposal)
    assert isinstance(plan, Plan), plan
    return plan


def listed(plan: Plan) -> ref.List:
    """A plan's awards as the reference writes them."""
    return {award.application: (award.pool, award.blocks) for award in plan.awards}


def proposing(problem: Problem, awards: ref.List) -> Proposal:
    """A proposal of any list, with the truth about its value and prices of nothing."""
    table = Table.of(problem)
    free = Prices((0,) * len(problem.pools), (0,) * len(problem.limits), (0,) * len(problem.floors))
    value = ref.value(problem, awards) * table.scale
    assert 1 == value.denominator
    blocks = tuple((name, *award) for name, award in awards.items())
    return Proposal(blocks, bound_proved(table, free), int(value), "by hand", free)


@given(ref.problems())
@settings(max_examples=80)
def test_value_is_within_the_gap_of_the_best_of_all_lists(problem: Problem) -> None:
    """No list that anyone could have written is better than the plan by more than the gap."""
    best = max(ref.value(problem, awards) for awards in ref.lists(problem))
    plan = settled(problem, propose(problem))
    assert Fraction(plan.value, plan.scale) == ref.value(problem, listed(plan))
    worth = max(Fraction(1), ref.total_worth(problem, listed(plan)))
    assert best - Fraction(plan.value, plan.scale) <= problem.gap * worth
    assert best <= Fraction(plan.bound, plan.scale) <= Fraction(plan.bound_proved, plan.scale)


@given(ref.problems())
@settings(max_examples=80)
def test_bound_of_the_fast_path_is_proved(problem: Problem) -> None:
    """A what-if's bound holds for every list, whatever the solver's rounding did."""
    best = max(ref.value(problem, awards) for awards in ref.lists(problem))
    proposal = propose_fast(problem)
    assert best <= Fraction(proposal.bound, Table.of(problem).scale)


@given(ref.problems(), st.lists(st.integers(-50, 5000), min_size=8, max_size=8))
@settings(max_examples=80)
def test_any_prices_prove_a_bound(problem: Problem, numbers: list[int]) -> None:
    """Weak duality: an auditor need not ask where the prices came from."""
    pools, limits = len(problem.pools), len(problem.pools) + len(problem.limits)
    prices = Prices(
        tuple(numbers[:pools]),
        tuple(numbers[pools:limits]),
        tuple(numbers[limits : limits + len(problem.floors)]),
    )
    table = Table.of(problem)
    best = max(ref.value(problem, awards) for awards in ref.lists(problem))
    assert best * table.scale <= bound_proved(table, prices)


@given(ref.problems(most=4), st.data())
@settings(max_examples=80)
def test_settled_list_keeps_every_rule(problem: Problem, data: st.DataObject) -> None:
    """From any feasible list: pools, limits and requests are kept and nobody has cause to envy."""
    start = data.draw(st.sampled_from(list(ref.lists(problem))))
    plan = settled(replace(problem, gap=Fraction(10**9)), proposing(problem, start))
    awards = listed(plan)
    assert ref.feasible(problem, awards)
    assert ref.value(problem, awards) >= ref.value(problem, start)
    offers = {one.application: set(ref.offers(problem, one)) for one in problem.candidates}
    assert all(award in offers[name] for name, award in awards.items())
    losers = [one for one in problem.candidates if one.application not in awards]
    assert [] == [one for one in losers if ref.may_enter(problem, awards, one)]
    assert sorted(offers) == sorted(reason.application for reason in plan.reasons)


@given(ref.problems(most=4), st.data())
@settings(max_examples=80)
def test_no_award_could_be_better_in_what_is_free(problem: Problem, data: st.DataObject) -> None:
    """No winner could have more value, or more units at the same value, without hurting anyone."""
    start = data.draw(st.sampled_from(list(ref.lists(problem))))
    awards = listed(settled(replace(problem, gap=Fraction(10**9)), proposing(problem, start)))
    for one in problem.candidates:
        if one.application in awards:
            pool, blocks = awards[one.application]
            mine = ref.value(problem, awards), blocks * ref.weight(problem, pool)
            for offer in ref.offers(problem, one):
                other = {**awards, one.application: offer}
                if ref.feasible(problem, other):
                    units = offer[1] * ref.weight(problem, offer[0])
                    assert (ref.value(problem, other), units) <= mine


@given(ref.problems(), st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_names_and_places_decide_nothing(problem: Problem, chance: st.DrawFn) -> None:
    """Candidates in another order under other names receive the same, and so do the plan's rest."""
    names = {one.application: f"B{99 - at}" for at, one in enumerate(problem.candidates)}
    renamed = [replace(one, application=names[one.application]) for one in problem.candidates]
    chance.shuffle(renamed)  # type: ignore[attr-defined]
    other = replace(problem, candidates=tuple(renamed))
    first, second = settled(problem, propose(problem)), settled(other, propose(other))
    expected = [replace(award, application=names[award.application]) for award in first.awards]
    assert expected == list(second.awards)
    assert (first.value, first.bound, first.floors) == (second.value, second.bound, second.floors)


@given(ref.problems(), st.data())
@settings(max_examples=80)
def test_twins_are_decided_by_lot(problem: Problem, data: st.DataObject) -> None:
    """However a solver spreads awards among equal candidates, the plan is the same."""
    if problem.candidates:
        model = problem.candidates[0]
        twins = tuple(
            replace(one, score=model.score, options=model.options, tags=model.tags)
            for one in problem.candidates
        )
        problem = replace(problem, candidates=twins)
    proposal = propose(problem)
    names = data.draw(st.permutations([one.application for one in problem.candidates]))
    other = {one.application: name for one, name in zip(problem.candidates, names, strict=True)}
    blocks = tuple((other[name], pool, count) for name, pool, count in proposal.blocks)
    assert settle(problem, proposal) == settle(problem, replace(proposal, blocks=blocks))


@given(ref.problems())
@settings(max_examples=80)
def test_settling_twice_changes_nothing(problem: Problem) -> None:
    """A plan proposed again is the plan: `headgate verify` may start from either."""
    proposal = propose(problem)
    plan = settled(problem, proposal)
    blocks = tuple((award.application, award.pool, award.blocks) for award in plan.awards)
    again = replace(proposal, blocks=blocks, value=plan.value)
    assert plan == settle(problem, again)


@given(ref.problems())
@settings(max_examples=150)
def test_without_scores_the_list_is_a_queue(problem: Problem) -> None:
    """Where nobody has points, each in published order is given the most that still fits."""
    queue = tuple(replace(one, score=0) for one in problem.candidates)
    problem = replace(problem, candidates=queue, floors=())
    expected: ref.List = {}
    for one in sorted(queue, key=lambda one: ref.order(problem, one)):
        offers = [
            (ref.weight(problem, pool) * blocks, -place, pool, blocks)
            for place, (pool, blocks) in enumerate(ref.offers(problem, one))
            if ref.feasible(problem, {**expected, one.application: (pool, blocks)})
        ]
        if offers:
            *_, pool, blocks = max(offers)
            expected[one.application] = pool, blocks
    assert expected == listed(settled(problem, propose(problem)))


def applying(candidate: Candidate, change: Change) -> Candidate:
    """The candidate as it would have been with a change."""
    if change.kind is ChangeKind.HIGHER_SCORE:
        return replace(candidate, score=change.value)
    if change.kind is ChangeKind.FEWER_BLOCKS:
        return requesting(candidate, change.pool, change.value)
    moved = replace(candidate.options[0], pool=change.pool)
    return replace(candidate, options=(*candidate.options, moved))


def requesting(candidate: Candidate, pool: str, blocks: int) -> Candidate:
    """The candidate as if it had asked for exactly this."""
    option = next(one for one in candidate.options if one.pool == pool)
    least = min(option.blocks_min, blocks)
    exact = replace(option, blocks_min=least, blocks_max=blocks)
    return replace(candidate, options=(exact,))


@given(ref.problems())
@settings(max_examples=40)
def test_every_stated_change_is_true(problem: Problem) -> None:
    """With the change, and all other awards as they are, the list rule lets the candidate in."""
    plan = settled(problem, propose(problem))
    candidates = {one.application: one for one in problem.candidates}
    for reason in plan.reasons:
        for change in reason.nearest:
            changed = applying(candidates[reason.application], change)
            other = replace(ref.with_candidate(problem, changed), gap=Fraction(10**9))
            assert ref.may_enter(other, listed(plan), changed)
            again = listed(settled(other, proposing(other, listed(plan))))
            assert reason.application in again


@given(ref.problems())
@settings(max_examples=40)
def test_every_stated_change_is_the_least(problem: Problem) -> None:
    """One block more, one milli-point less or an earlier pool would not have done; and where no
    change is stated, none of that kind would have."""
    plan = settled(problem, propose(problem))
    candidates = {one.application: one for one in problem.candidates}
    for reason in plan.reasons:
        if reason.blocks:
            continue
        candidate = candidates[reason.application]
        stated = {change.kind: change for change in reason.nearest}
        fewer = stated.get(ChangeKind.FEWER_BLOCKS)
        assert (fewer and fewer.instead - fewer.value) == least_cut(problem, plan, candidate)
        higher = stated.get(ChangeKind.HIGHER_SCORE)
        assert (higher and higher.value) == least_score(problem, plan, candidate)
        pool = stated.get(ChangeKind.OTHER_POOL)
        assert (pool and pool.pool) == first_pool(problem, plan, candidate)


def least_cut(problem: Problem, plan: Plan, candidate: Candidate) -> int | None:
    """The fewest blocks by which a minimum must come down, by trying all."""
    cuts = [
        ref.amounts(problem, option)[0] - blocks
        for option in candidate.options
        for blocks in range(1, ref.amounts(problem, option)[0])
        if enters(problem, plan, requesting(candidate, option.pool, blocks))
    ]
    return min(cuts, default=None)


def least_score(problem: Problem, plan: Plan, candidate: Candidate) -> int | None:
    """The least score that enters, by trying all."""
    scores = range(candidate.score, problem.score_most + 1)
    tried = (score for score in scores if enters(problem, plan, replace(candidate, score=score)))
    return next(tried, None)


def first_pool(problem: Problem, plan: Plan, candidate: Candidate) -> str | None:
    """The first further pool that lets the candidate in, by trying all."""
    named = {option.pool for option in candidate.options}
    for pool in problem.pools:
        moved = replace(candidate.options[0], pool=pool.id)
        other = replace(candidate, options=(*candidate.options, moved))
        if pool.id not in named and enters(problem, plan, other):
            return pool.id
    return None


def enters(problem: Problem, plan: Plan, changed: Candidate) -> bool:
    """Whether a changed candidate enters beside a plan's awards, by the reference."""
    return ref.may_enter(ref.with_candidate(problem, changed), listed(plan), changed)


def test_larger_award_goes_to_the_smaller_lot_among_twins() -> None:
    """Whichever twin the solver gave more, the plan gives more to the one whose lot is smaller."""
    twins = tuple(
        Candidate(name, 50_000, (Option("p", 2, 3),), frozenset(), lot)
        for name, lot in (("A", "b"), ("B", "a"))
    )
    problem = Problem((Pool("p", 5, 8),), (), (), twins, gap=Fraction(10**9))
    for awards in ({"A": ("p", 3), "B": ("p", 2)}, {"A": ("p", 2), "B": ("p", 3)}):
        plan = settled(problem, proposing(problem, awards))
        assert {"A": ("p", 2), "B": ("p", 3)} == listed(plan)
