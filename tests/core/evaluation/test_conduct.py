"""Whose rows count, and until when a team may work: laws that hold whatever was told."""

from datetime import date, timedelta
from fractions import Fraction
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.evaluation.conduct import (
    Conduct,
    Conflict,
    HandOver,
    SetAside,
    Why,
    dropped,
    last_days,
    without,
)
from headgate.core.evaluation.evidence import Evidence, ItemScore, Preferred, Rating, Vote
from headgate.core.policy.dated import at
from headgate.core.policy.round_rules import Late, Submissions
from headgate.core.policy.schema import Round
from headgate.steps.agenda import first_day
from tests.steps.builders import document

TEAMS = ("a", "b", "c")
BY = date(2026, 7, 1)
RATERS = st.sampled_from(["r1", "r2", "r3"])
ASIDE = st.builds(
    SetAside,
    st.sampled_from(["items", "experts", "votes"]),
    st.sampled_from(["r1", "r2", "i1", "i2"]),
    st.sampled_from(Why),
    st.sampled_from(["", "a"]),
)
EVIDENCE = Evidence(
    {"items": tuple(ItemScore("t", i, i, team, 1, 0) for i in ("i1", "i2") for team in TEAMS)},
    {"experts": tuple(Rating("c", r, team, 1, 4) for r in ("r1", "r2", "r3") for team in TEAMS)},
    {"votes": tuple(Vote("t", "p", r, "a", "b", Preferred.TIE) for r in ("r1", "r2", "r3"))},
)


@cache
def round_with(late: Late, days: int = 0) -> Round:
    """The small programme's round with a last day for models."""
    policy = document()
    evaluation = at(policy, first_day(policy)).policy.rounds["stage"]
    changed = {"submissions": Submissions(by=BY, late=late), "equal_development_days": days}
    return evaluation.model_copy(update=changed)


def size(evidence: Evidence) -> int:
    """How many rows there are of every kind."""
    kinds = (evidence.items, evidence.ratings, evidence.votes)
    return sum(len(rows) for kind in kinds for rows in kind.values())


@given(st.lists(ASIDE, unique=True, max_size=6))
def test_every_row_counts_or_is_set_aside_once(aside: list[SetAside]) -> None:
    """Nothing is lost: what counts and what was set aside, by its first ground, is what came in."""
    counted, told = without(EVIDENCE, aside)
    assert size(EVIDENCE) == size(counted) + sum(each.rows for each in told)
    assert [(one.pillar, one.source, one.why) for one in aside] == [
        (one.pillar, one.source, one.why) for one in told
    ]


def test_a_conflict_takes_a_raters_marks_of_one_team_only() -> None:
    """The rater still counts for others; a vote between that team and another does not."""
    conduct = Conduct(conflicts=(Conflict("experts", "r1", "a"), Conflict("votes", "r2", "b")))
    aside, untold = dropped(round_with(Late.ALL), EVIDENCE, conduct.conflicts, conduct.attention)
    counted, _ = without(EVIDENCE, aside)
    assert () == untold
    assert {"b", "c"} == {row.team for row in counted.ratings["experts"] if row.rater == "r1"}
    assert {"r1", "r3"} == {row.voter for row in counted.votes["votes"]}
    assert EVIDENCE.items == counted.items


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 5000)), min_size=3, max_size=3),
    st.integers(1, 600),
    st.integers(0, 150),
    st.sampled_from(Late),
)
def test_nobody_has_fewer_days_than_promised(
    late: list[tuple[int, int]], gpus: int, days: int, rule: Late
) -> None:
    """From usable hand-over every team has the promised days and what came late, exactly counted;
    where all have the time of the latest, all have the same last day.
    """
    begins = date(2026, 3, 1)
    given_over = tuple(
        HandOver(team, begins + timedelta(days=usable), gpus, gpu_days)
        for team, (usable, gpu_days) in zip(TEAMS, late, strict=True)
    )
    found = last_days(round_with(rule, days), Conduct(hand_overs=given_over), TEAMS)
    for each in given_over:
        had = (found[each.team] - each.usable).days
        assert had >= days + Fraction(each.late_gpu_days, gpus)
        assert found[each.team] >= BY
    if rule is Late.ALL:
        assert 1 == len(set(found.values()))
