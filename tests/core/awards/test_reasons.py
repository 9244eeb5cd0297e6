"""Each outcome, its rules and its sentence, on lists that a person can check by hand."""

from dataclasses import replace
from fractions import Fraction

from headgate.core.awards import (
    Award,
    Candidate,
    Floor,
    Limit,
    LimitKind,
    Option,
    Outcome,
    Plan,
    Pool,
    Problem,
    Shortfall,
    Standby,
    points,
    promote,
    propose,
    sentence,
    settle,
)


def candidate(name: str, score: int, low: int, high: int, *tags: str) -> Candidate:
    """A candidate for the pool h200 whose lot is its name."""
    lot = name.encode().hex()
    return Candidate(name, score, (Option("h200", low, high),), frozenset(tags), lot)


def problem(capacity: int, *candidates: Candidate, **rules: object) -> Problem:
    """One pool of `capacity` blocks of eight GPUs."""
    one = Problem((Pool("h200", capacity, 8),), (), (), candidates)
    return replace(one, **rules)  # type: ignore[arg-type]


def settled(one: Problem) -> Plan:
    """The plan of a problem."""
    plan = settle(one, propose(one))
    assert isinstance(plan, Plan)
    return plan


def told(one: Problem) -> list[tuple[str, Outcome, tuple[str, ...]]]:
    """Application, outcome and rules of every reason."""
    return [(r.application, r.outcome, r.rules) for r in settled(one).reasons]


FIRST = candidate("A", 90_000, 30, 32)
SECOND = candidate("B", 80_000, 32, 32)


def test_fewer_blocks_would_have_been_awarded() -> None:
    """The promise of the programme: told with how many nodes the answer would have been yes."""
    plan = settled(problem(56, FIRST, SECOND))
    expected = (
        "B is not awarded: what is left under h200 is less than its minimum request (lowest score "
        "awarded there 90, its score is 80). With 24 blocks of h200 instead of 32 it would have "
        "been awarded. It was 10.001 points short of 90.001, which would have won an award of "
        "h200, in place of A."
    )
    assert expected == sentence(plan.reasons[1])
    assert "A is awarded 32 blocks of h200, as asked." == sentence(plan.reasons[0])


def test_where_size_breaks_no_tie_fewer_blocks_are_told_by_lot_alone() -> None:
    """Equal scores, an earlier lot, one block too many: with two it would have been before B."""
    one = problem(2, candidate("B", 80_000, 2, 2), candidate("A", 80_000, 3, 3))
    for asked in (True, False):
        reasons = settled(replace(one, smaller_first=asked)).reasons
        (told_why,) = (sentence(r) for r in reasons if r.application == "A")
        assert told_why.endswith(
            "With 2 blocks of h200 instead of 3 it would have been awarded, in place of B."
        )


def test_score_short_of_an_envelope() -> None:
    """In a spent envelope the missing score is exact to a thousandth of a point."""
    limit = Limit("industry", LimitKind.ENVELOPE, "firm", 32)
    one = problem(
        9,
        candidate("A", 81_300, 4, 4, "firm"),
        candidate("B", 80_500, 4, 4, "firm"),
        limits=(limit,),
    )
    reason = settled(one).reasons[1]
    assert (Outcome.ENVELOPE_SPENT, ("industry",), 81_300) == (
        reason.outcome,
        reason.rules,
        reason.cutoff,
    )
    assert "It was 0.801 points short of 81.301, which" in sentence(reason)
    assert [81_301] == [change.value for change in reason.nearest]


def test_a_lower_score_that_was_awarded_is_explained() -> None:
    """Nobody reads that an award went to a lower score without reading why theirs could not."""
    large, small = candidate("A", 83_333, 8, 8), candidate("B", 73_667, 5, 5)
    plan = settled(problem(9, candidate("C", 90_000, 4, 4), large, small))
    expected = (
        "A is not awarded: the pool h200 is spent (its score is "
        "83.333; scores down to 73.667 were awarded there, but only for requests that it could not "
        "replace without a loss of worth, or in another class)."
    )
    assert sentence(plan.reasons[1]).startswith(expected)


def test_an_equal_score_that_was_awarded_is_explained() -> None:
    """Equal scores are told apart by the published order, and the sentence does not hide it."""
    plan = settled(problem(4, candidate("A", 80_000, 4, 4), candidate("B", 80_000, 4, 4)))
    expected = (
        "B is not awarded: the pool h200 is spent (its score is 80, and so is the lowest awarded "
        "there: for requests before it in the published order, or that it could not replace "
        "without a loss of worth, or in another class)."
    )
    assert sentence(plan.reasons[1]).startswith(expected)


def test_nothing_to_give_is_said_as_such() -> None:
    """No request is too large for an envelope or a pool that is empty: it has nothing to give."""
    told_why = sentence(settled(problem(0, FIRST)).reasons[0])
    assert told_why.startswith("A is not awarded: h200 has nothing to give, not one block.")


def test_partial_award_names_what_stopped_it() -> None:
    """Who gets less than the whole request learns which rule left no room."""
    plan = settled(problem(31, FIRST))
    expected = "A is awarded 31 blocks of h200 of the 32 asked; h200 leaves no room for more."
    assert expected == sentence(plan.reasons[0])


def test_every_outcome_has_its_case() -> None:
    """Each member of the enumeration happens, with the rules that stood in the way."""
    a, b = candidate("A", 90_000, 4, 4, "org"), candidate("B", 80_000, 4, 4, "org")
    cap = Limit("cap", LimitKind.CAP, "org", 32)
    group = Limit("group", LimitKind.CONCENTRATION, "org", 32)
    envelope = Limit("envelope", LimitKind.ENVELOPE, "org", 32)
    floor = Floor("small", "small", share=Fraction(1, 2), share_of="org")
    won = ("A", Outcome.AWARDED, ())
    assert [won, ("B", Outcome.CAP_REACHED, ("cap",))] == told(problem(9, a, b, limits=(cap,)))
    limits = (envelope, group)
    both = ("B", Outcome.CONCENTRATION_LIMIT, ("group", "envelope"))
    assert [won, both] == told(problem(9, a, b, limits=limits))
    assert [won, ("B", Outcome.ENVELOPE_SPENT, ("envelope",))] == told(
        problem(9, a, b, limits=(envelope,))
    )
    assert [won, ("B", Outcome.POOL_SPENT, ("h200",))] == told(problem(4, a, b))
    assert [won, ("B", Outcome.BELOW_MINIMUM_FIT, ("h200",))] == told(problem(7, a, b))
    assert [("A", Outcome.TOO_LARGE, ("h200",))] == told(problem(3, a))
    spent = Limit("envelope", LimitKind.ENVELOPE, "org", 0)
    nothing = ("A", Outcome.NOTHING_TO_GIVE, ("envelope", "h200"))
    assert [nothing] == told(problem(3, a, limits=(spent,)))
    assert [("A", Outcome.FLOOR_RESERVED, ("small",))] == told(problem(4, a, floors=(floor,)))
    assert [("A", Outcome.AWARDED_IN_PART, ("h200",))] == told(problem(31, FIRST))
    one = problem(4, a)
    assert [Outcome.DECLINED] == [
        reason.outcome for reason in promote(one, settled(one), frozenset({"A"})).reasons
    ]


def test_floor_that_cannot_be_met_is_reported() -> None:
    """A floor never makes a call impossible; what is missing is said in units."""
    floors = (Floor("east", "east", least=100), Floor("small", "small", least=5))
    plan = settled(problem(4, candidate("A", 50_000, 2, 4, "east"), floors=floors))
    assert (Shortfall("east", 68), Shortfall("small", 5)) == plan.floors
    assert [4] == [award.blocks for award in plan.awards]


def test_standby_moves_up_when_a_winner_declines() -> None:
    """The freed blocks go down the queue; who stands keeps the award, who declined is out."""
    names = ("A", "B", "C", "D")
    one = problem(4, *(candidate(n, 90_000 - at, 2, 2) for at, n in enumerate(names)))
    plan = settled(one)
    assert (Standby("", "h200", ("C", "D")),) == plan.standby
    after = promote(one, plan, frozenset({"A"}))
    assert ["B", "C"] == [award.application for award in after.awards]
    assert (Standby("", "h200", ("D",)),) == after.standby
    last = promote(one, after, frozenset({"C"}))
    assert ["B", "D"] == [award.application for award in last.awards]
    assert () == last.standby


def test_two_thousand_equal_candidates_are_decided_by_lot() -> None:
    """Equal scores and requests: the smallest lots win, and the search does not suffer."""
    many = [candidate(f"{at:04}", 70_000, 2, 2) for at in reversed(range(2000))]
    plan = settled(problem(300, *many))
    expected = [Award(f"{at:04}", "h200", 2, 2, 1_120_000) for at in range(150)]
    assert expected == list(plan.awards)
    assert Fraction(0) == plan.gap_reached


def test_nobody_and_nothing() -> None:
    """No candidates, or no blocks, is an empty list and no error."""
    assert () == settled(problem(5)).awards
    assert [("A", Outcome.NOTHING_TO_GIVE, ("h200",))] == told(problem(0, FIRST))
    assert () == settled(Problem((), (), (), ())).awards


def test_points_are_written_without_needless_zeros() -> None:
    """Milli-points read as a person writes points."""
    assert ["80", "80.5", "0.001", "100"] == [points(n) for n in (80_000, 80_500, 1, 100_000)]
