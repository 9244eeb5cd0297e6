"""Work whose right judgement was fixed beforehand: it checks who judges and counts for nobody."""

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.evaluation.conduct import (
    Attention,
    Conduct,
    ConductFault,
    Why,
    attention_of,
    check_conduct,
    dropped,
    known_aside,
)
from headgate.core.evaluation.evidence import Evidence, ItemScore, Preferred, Rating, Vote
from headgate.core.evaluation.known import Known, answered, known_digest
from headgate.core.policy.dated import at
from headgate.core.policy.schema import PillarKind, Round
from headgate.steps.agenda import first_day
from tests.steps.builders import document

CONTROL, PROMPT = "control-91c2", "p-known"
KNOWN = (
    Known("experts", CONTROL, low=0, high=30),
    Known("experts", CONTROL, "depth", 0, 50),
    Known("votes", PROMPT, preferred="good"),
)


@cache
def round_with(known: str | None, attention: str = "60 %") -> Round:
    """The small programme's round whose experts are checked by known works of a digest."""
    text = "kind: experts, weight: 40, scaling: share_of_maximum"
    named = f", known: {known}" if known else ""
    rule = f"{text}, raters: {{least: 2, blind: false, attention: {attention}{named}}}"
    policy = document((text, rule))
    return at(policy, first_day(policy)).policy.rounds["stage"]


def mark(rater: str, team: str, score: int, criterion: str = "experts") -> Rating:
    """A mark of ten."""
    return Rating(criterion, rater, team, score, 10)


def vote(voter: str, preferred: Preferred, prompt: str = PROMPT) -> Vote:
    """A vote between an answer that is plainly good and one that is not, the bad one first."""
    return Vote("chat", prompt, voter, "bad", "good", preferred)


EVIDENCE = Evidence(
    {"items": (ItemScore("t", "i", "i", "a", 1, 0),)},
    {
        "experts": (
            mark("right", CONTROL, 3),
            mark("wrong", CONTROL, 4),
            mark("deep", CONTROL, 5, "depth"),
            mark("right", "a", 9),
            mark("wrong", "a", 9),
            mark("deep", "a", 9),
        )
    },
    {
        "votes": (
            vote("v1", Preferred.SECOND),
            vote("v2", Preferred.FIRST),
            vote("v3", Preferred.TIE),
            vote("v3", Preferred.FIRST, "another"),
        )
    },
)


def test_an_answer_is_right_within_its_range_or_for_who_is_better() -> None:
    """The ends of a range are right; a criterion may have its own; a tie on a known vote is not."""
    assert {
        ("experts", "right"): [True],
        ("experts", "wrong"): [False],
        ("experts", "deep"): [False, True],
        ("votes", "v1"): [True],
        ("votes", "v2"): [False],
        ("votes", "v3"): [False],
    } == answered(KNOWN, EVIDENCE)


def test_known_rows_are_taken_out_and_counted() -> None:
    """Nothing of them reaches a team's points, and the report can say how many there were."""
    left, aside = known_aside(EVIDENCE, Conduct(known=KNOWN))
    assert ["a"] * 3 == [row.team for row in left.ratings["experts"]]
    assert ["another"] == [row.prompt for row in left.votes["votes"]]
    assert EVIDENCE.items == left.items
    assert [("experts", CONTROL, Why.KNOWN, 3), ("votes", PROMPT, Why.KNOWN, 3)] == [
        (one.pillar, one.source, one.why, one.rows) for one in aside
    ]


def test_who_misses_too_many_is_left_out_with_what_is_told_of_them_counted_too() -> None:
    """Known answers and checks that a panel's secretary told add up to one share."""
    told = (Attention("experts", "wrong", 2, 2), Attention("experts", "deep", 0, 1))
    conduct = Conduct(known=KNOWN[:2], attention=told)
    evaluation = round_with(known_digest(KNOWN, "experts"))
    attention = attention_of(evaluation, EVIDENCE, conduct)
    assert [("deep", 1, 3), ("right", 1, 1), ("wrong", 2, 3)] == [
        (one.rater, one.passed, one.checks) for one in attention
    ]
    aside, untold = dropped(evaluation, EVIDENCE, (), attention)
    assert [("deep", Why.INATTENTIVE)] == [(one.source, one.why) for one in aside]
    assert () == untold


def test_checks_are_told_where_the_least_share_of_them_is_nothing() -> None:
    """A policy that leaves nobody out still shows who passed, and misses nothing that was told."""
    told = tuple(Attention("experts", name, 0, 1) for name in ("right", "wrong", "deep"))
    evaluation, conduct = round_with(None, "0 %"), Conduct(attention=told)
    attention = attention_of(evaluation, EVIDENCE, conduct)
    assert sorted(told, key=lambda one: one.rater) == [*attention]
    assert ((), ()) == dropped(evaluation, EVIDENCE, (), attention)


def faults(evaluation: Round, *known: Known) -> list[tuple[ConductFault, str]]:
    """What speaks against these known answers."""
    found = check_conduct(evaluation, Conduct(known=known), (), ("a", "b"))
    ours = (ConductFault.KNOWN_WRONG, ConductFault.KNOWN_DIFFERS)
    return [(f.code, f.place) for f in found if isinstance(f.code, ConductFault) and f.code in ours]


def test_only_answers_that_were_fixed_before_count() -> None:
    """None without a digest, none with another, and none left out of what the policy names."""
    digest = known_digest(KNOWN, "experts")
    assert [] == faults(round_with(digest), *KNOWN[:2])
    assert [] == faults(round_with(digest), *reversed(KNOWN[:2]))
    assert [] == faults(round_with(None))
    differs = [(ConductFault.KNOWN_DIFFERS, "known/experts")]
    assert differs == faults(round_with(None), *KNOWN[:2])
    assert differs == faults(round_with(digest), KNOWN[0])
    assert differs == faults(round_with(digest))


def test_an_answer_that_says_nothing_or_is_a_teams_is_refused() -> None:
    """A whole range excludes nobody, both kinds at once contradict, a team's marks are its own."""
    for one in (
        Known("experts", CONTROL),
        Known("experts", CONTROL, low=60, high=40),
        Known("experts", CONTROL, low=-1, high=40),
        Known("experts", CONTROL, high=40, preferred="a"),
        Known("experts", "a", high=40),
        Known("nothing", CONTROL, high=40),
    ):
        found = faults(round_with(known_digest([one], "experts")), one)
        assert ConductFault.KNOWN_WRONG in {code for code, _ in found}, one


def test_an_answer_fits_how_its_pillar_is_judged() -> None:
    """A range says nothing of votes; who is preferred says it there, and nowhere else."""
    by_range, by_side = KNOWN[0], Known("experts", PROMPT, preferred="good")
    for kind, fits, astray in (
        (PillarKind.EXPERTS, by_range, by_side),
        (PillarKind.VOTES, by_side, by_range),
    ):
        wrong = [(ConductFault.KNOWN_WRONG, f"known/experts/{astray.work}")]
        for one, expected in ((fits, []), (astray, wrong)):
            evaluation = round_with(known_digest([one], "experts"))
            pillars = [p.model_copy(update={"kind": kind}) for p in evaluation.pillars]
            assert expected == faults(evaluation.model_copy(update={"pillars": pillars}), one)


@given(st.permutations(range(6)), st.permutations(range(4)))
def test_the_order_of_rows_changes_nothing(marks: list[int], votes: list[int]) -> None:
    """Files come in any order; who is right does not hang on it."""
    ratings = {"experts": tuple(EVIDENCE.ratings["experts"][n] for n in marks)}
    mixed = Evidence({}, ratings, {"votes": tuple(EVIDENCE.votes["votes"][n] for n in votes)})
    told = {k: sorted(v) for k, v in answered(KNOWN, mixed).items()}
    assert {k: sorted(v) for k, v in answered(KNOWN, EVIDENCE).items()} == told
