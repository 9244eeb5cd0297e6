"""Every fault of a problem and of a proposal is named, and each name is provoked here."""

from dataclasses import replace
from fractions import Fraction

import pytest

from headgate.core.awards import (
    Candidate,
    Floor,
    Limit,
    LimitKind,
    Option,
    Pool,
    Prices,
    Problem,
    ProblemFault,
    Proposal,
    ProposalFault,
    Refusal,
    check,
    propose,
    settle,
)

A = Candidate("A", 80_000, (Option("p", 2, 4),), frozenset({"east"}), "a1")
B = Candidate("B", 70_000, (Option("p", 2, 4),), frozenset({"east"}), "b2")
FLOOR = Floor("f", "east", least=1)
GOOD = Problem(
    (Pool("p", 6, 8), Pool("q", 3, 8)),
    (Limit("l", LimitKind.ENVELOPE, "east", 40),),
    (FLOOR,),
    (A, B),
)


def with_option(**changes: object) -> Problem:
    """The good problem with one option changed."""
    option = replace(A.options[0], **changes)  # type: ignore[arg-type]
    return replace(GOOD, candidates=(replace(A, options=(option,)), B))


def with_first(**changes: object) -> Problem:
    """The good problem with one candidate changed."""
    return replace(GOOD, candidates=(replace(A, **changes), B))  # type: ignore[arg-type]


F = ProblemFault
BAD_PROBLEMS = {
    F.NOT_EXACT: with_first(score=80.5),
    F.DUPLICATE_ID: replace(GOOD, pools=(*GOOD.pools, Pool("l", 1, 1))),
    F.DUPLICATE_APPLICATION: with_first(application="B"),
    F.DUPLICATE_LOT: with_first(lot="b2"),
    F.LOT_NOT_HEXADECIMAL: with_first(lot="0xA1"),
    F.POOL_SIZE: replace(GOOD, pools=(Pool("p", -1, 8),)),
    F.LIMIT_NEGATIVE: replace(GOOD, limits=(Limit("l", LimitKind.CAP, "east", -1),)),
    F.FLOOR_MEASURE: replace(GOOD, floors=(replace(FLOOR, share=Fraction(1, 2)),)),
    F.FLOOR_PENALTY: replace(GOOD, floors=(replace(FLOOR, penalty=-1),)),
    F.SCORE_OUT_OF_RANGE: with_first(score=100_001),
    F.NO_OPTION: with_first(options=()),
    F.UNKNOWN_POOL: with_option(pool="r"),
    F.POOL_TWICE: with_first(options=A.options * 2),
    F.BLOCKS_RANGE: with_option(blocks_min=5),
    F.SUITABILITY: with_option(suitability=Fraction(0)),
    F.WORTH_OR_GAP: replace(GOOD, gap=Fraction(-1, 1000)),
}


def test_sound_problem_has_no_fault() -> None:
    """What is right passes."""
    assert [] == check(GOOD)


@pytest.mark.parametrize("fault", ProblemFault)
def test_each_fault_of_a_problem_is_named(fault: ProblemFault) -> None:
    """One fault, one name, with a mend, and no plan is made of it."""
    assert {(fault.value, fault.mend)} == {(f.code, f.mend) for f in check(BAD_PROBLEMS[fault])}
    prices = Prices((), (), ())
    refusal = settle(BAD_PROBLEMS[fault], Proposal((), 0, 0, "nobody", prices))
    assert isinstance(refusal, Refusal)
    assert ["problem-faulty", fault.value] == [one.code for one in refusal.faults][:2]


def test_all_faults_come_at_once() -> None:
    """Whoever mends a problem sees the whole list."""
    bad = with_first(score=-1, lot="", options=(Option("r", 0, 4),))
    codes = {"score-out-of-range", "lot-not-hexadecimal", "unknown-pool", "blocks-range"}
    assert codes == {fault.code for fault in check(bad)}


def proposed(*blocks: tuple[str, str, int], **changes: object) -> Proposal:
    """A proposal with the value that these awards have when they are sound."""
    value = sum({"A": 80_000, "B": 70_000}.get(name, 0) * 8 * count for name, _, count in blocks)
    proposal = replace(propose(GOOD), blocks=blocks, value=value)
    return replace(proposal, **changes)  # type: ignore[arg-type]


P = ProposalFault
BEST = (("A", "p", 3), ("B", "p", 2))
BAD_PROPOSALS = {
    P.PRICES_COUNT: proposed(*BEST, prices=Prices((0,), (0,), (0,))),
    P.UNKNOWN_APPLICATION: proposed(("C", "p", 2)),
    P.AWARDED_TWICE: proposed(("A", "p", 2), ("A", "p", 2)),
    P.POOL_NOT_ASKED: proposed(("A", "q", 2)),
    P.BLOCKS_NOT_ASKED: proposed(("A", "p", 1)),
    P.POOL_EXCEEDED: proposed(("A", "p", 4), ("B", "p", 4)),
    P.LIMIT_EXCEEDED: proposed(("A", "p", 4), ("B", "p", 2)),
    P.VALUE_MISSTATED: proposed(*BEST, value=1),
    P.BOUND_FALSE: proposed(*BEST, bound=1),
}


@pytest.mark.parametrize("fault", BAD_PROPOSALS)
def test_each_fault_of_a_proposal_is_named(fault: ProposalFault) -> None:
    """A solver's answer that breaks a rule or misstates itself makes no plan."""
    refusal = settle(GOOD, BAD_PROPOSALS[fault])
    assert isinstance(refusal, Refusal)
    assert fault.value in {one.code for one in refusal.faults}


def test_missed_gap_is_named() -> None:
    """A list further from the proven bound than the policy allows is no plan."""
    loose = Prices((10**9, 10**9), (0,), (0,))
    far = replace(proposed(*BEST), bound=10**12, prices=loose)
    refusal = settle(GOOD, far)
    assert isinstance(refusal, Refusal)
    assert ["gap-missed"] == [one.code for one in refusal.faults]


def test_every_fault_of_a_proposal_is_provoked() -> None:
    """The table above and the two special cases are the whole enumeration."""
    assert set(ProposalFault) == {*BAD_PROPOSALS, P.PROBLEM_FAULTY, P.GAP_MISSED}
