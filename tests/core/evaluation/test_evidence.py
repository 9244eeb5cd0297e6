"""Evidence that does not suffice is refused by name; nothing missing is ever taken for 0."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csgraph

from headgate.core.evaluation.composite import Refused
from headgate.core.evaluation.estimate import standings
from headgate.core.evaluation.evidence import (
    Evidence,
    EvidenceFault,
    ItemScore,
    Preferred,
    Rating,
    Vote,
    check_evidence,
)
from headgate.core.evaluation.method import Bar, Method
from headgate.core.evaluation.unbeaten import unbeaten_by_the_rest
from headgate.core.policy.schema import BarOn, Scaling
from tests.core.evaluation.rounds import (
    EXAM,
    METHOD,
    PANEL,
    SEED,
    USERS,
    VOTES,
    items,
    only,
    ratings,
)

TEAMS = ("a", "b")
ROWS = items({"a": [9_000, 5_000, 7_000], "b": [8_000, 4_000, 2_000]})
MARKS = ratings({"a": [80, 70, 90], "b": [60, 50, 70]})
USES = ratings({"a": [4, 5, 3], "b": [2, 5, 3]}, 5, "use")
SOUND = Evidence(items={"exam": ROWS}, ratings={"panel": MARKS, "users": USES})
ADJUSTED = replace(METHOD, pillars=(EXAM, replace(PANEL, adjust_harshness=True), USERS))
BARRED = replace(METHOD, bars=(Bar("w", Fraction(1), BarOn.ESTIMATE, "exam", "world"),))


def exam(*rows: ItemScore) -> Evidence:
    """The sound evidence with other rows in the exam."""
    return replace(SOUND, items={"exam": rows})


def panel(*rows: Rating) -> Evidence:
    """The sound evidence with other marks of the panel."""
    return replace(SOUND, ratings={"panel": rows, "users": USES})


def changed(**changes: object) -> Evidence:
    """The sound evidence with the first row of the exam changed."""
    return exam(replace(ROWS[0], **changes), *ROWS[1:])  # type: ignore[arg-type]


def marked(**changes: object) -> Evidence:
    """The sound evidence with the first mark of the panel changed."""
    return panel(replace(MARKS[0], **changes), *MARKS[1:])  # type: ignore[arg-type]


CHOICES = tuple(
    Vote("chat", f"p{prompt}", f"v{voter}", "a", "b", preferred)
    for voter, preferred in enumerate((Preferred.FIRST, Preferred.TIE, Preferred.SECOND))
    for prompt in range(2)
)
VOTED = only(VOTES)


def vote(*rows: Vote) -> Evidence:
    """Evidence of one pillar of votes."""
    return Evidence(votes={"votes": rows})


def recast(**changes: object) -> tuple[Evidence, tuple[str, ...], Method]:
    """The sound votes with the first changed."""
    return vote(replace(CHOICES[0], **changes), *CHOICES[1:]), TEAMS, VOTED  # type: ignore[arg-type]


APART = ratings({"a": [80, 70, None, None], "b": [None, None, 60, 50]})
ONE_BETWEEN = ratings({"a": [80, 70, None], "b": [None, 60, 50]})
FINE = tuple(
    replace(row, attempt=attempt)
    for row, prime in zip(ROWS, (89, 97, 101, 103, 107, 109), strict=True)
    for attempt in range(prime)
)

FAULTY: dict[EvidenceFault, tuple[Evidence, tuple[str, ...], Method]] = {
    EvidenceFault.NO_TEAM: (SOUND, (), METHOD),
    EvidenceFault.TEAM_TWICE: (SOUND, ("a", "b", "b"), METHOD),
    EvidenceFault.PILLAR_UNKNOWN: (
        replace(SOUND, items={"exam": ROWS, "beauty": ROWS}),
        TEAMS,
        METHOD,
    ),
    EvidenceFault.PILLAR_OF_OTHER_KIND: (
        replace(SOUND, items={"exam": ROWS, "panel": ROWS}),
        TEAMS,
        METHOD,
    ),
    EvidenceFault.PILLAR_WITHOUT_EVIDENCE: (replace(SOUND, items={}), TEAMS, METHOD),
    EvidenceFault.TEAM_UNKNOWN: (SOUND, ("a",), METHOD),
    EvidenceFault.TASK_UNKNOWN: (exam(*ROWS, replace(ROWS[0], task="dance")), TEAMS, METHOD),
    EvidenceFault.NOT_AN_INTEGER: (changed(score=0.9), TEAMS, METHOD),
    EvidenceFault.SCORE_OUT_OF_RANGE: (changed(score=10_001), TEAMS, METHOD),
    EvidenceFault.WEIGHT_NOT_POSITIVE: (changed(weight=0), TEAMS, METHOD),
    EvidenceFault.SCALE_NOT_POSITIVE: (marked(scale_max=0), TEAMS, METHOD),
    EvidenceFault.ROW_TWICE: (exam(*ROWS, ROWS[0]), TEAMS, METHOD),
    EvidenceFault.CLUSTER_DIFFERS: (changed(cluster="c00001"), TEAMS, METHOD),
    EvidenceFault.WEIGHT_DIFFERS: (changed(weight=2), TEAMS, METHOD),
    EvidenceFault.DATE_DIFFERS: (changed(date="2026-01-15"), TEAMS, METHOD),
    EvidenceFault.UNIT_MISSING: (marked(unit="u1"), TEAMS, METHOD),
    EvidenceFault.TOO_FEW_UNITS: (
        panel(*(replace(row, unit="u1") for row in MARKS)),
        TEAMS,
        METHOD,
    ),
    EvidenceFault.UNITS_DIFFER: (
        panel(*(replace(row, unit=f"u{row.team}") for row in MARKS)),
        TEAMS,
        METHOD,
    ),
    EvidenceFault.SCALE_DIFFERS: (marked(scale_max=200), TEAMS, METHOD),
    EvidenceFault.ITEM_NOT_RUN: (exam(*ROWS[1:]), TEAMS, METHOD),
    EvidenceFault.TEAM_NOT_RATED: (panel(*MARKS[:3]), TEAMS, METHOD),
    EvidenceFault.TOO_FEW_CLUSTERS: (
        exam(*(replace(row, cluster="one") for row in ROWS)),
        TEAMS,
        METHOD,
    ),
    EvidenceFault.TOO_FEW_RATERS: (panel(*MARKS[:4]), TEAMS, METHOD),
    EvidenceFault.RATERS_NOT_CONNECTED: (panel(*APART), TEAMS, ADJUSTED),
    EvidenceFault.VOTE_ON_ITSELF: recast(second="a"),
    EvidenceFault.STYLE_DIFFERS: recast(style=(("length", 1, 2),)),
    EvidenceFault.TEAM_NOT_VOTED_ON: (vote(*CHOICES), ("a", "b", "c"), VOTED),
    EvidenceFault.TOO_FEW_VOTERS: (vote(CHOICES[2]), TEAMS, VOTED),
    EvidenceFault.VOTES_NOT_CONNECTED: (vote(*CHOICES[:2]), TEAMS, VOTED),
    EvidenceFault.VOTES_DO_NOT_SETTLE: (
        vote(*CHOICES),
        TEAMS,
        only(replace(VOTES, style=("side",))),
    ),
    EvidenceFault.BEST_IS_ZERO: (
        exam(*(replace(row, score=0) for row in ROWS)),
        TEAMS,
        replace(METHOD, pillars=(replace(EXAM, scaling=Scaling.BEST_IS_FULL), PANEL, USERS)),
    ),
    EvidenceFault.REFERENCE_IS_ZERO: (
        exam(*ROWS, *items({"world": [0, 0, 0]})),
        TEAMS,
        BARRED,
    ),
    EvidenceFault.ARITHMETIC_TOO_FINE: (exam(*FINE), TEAMS, METHOD),
}


def test_sound_evidence_has_no_fault() -> None:
    """Complete rows are judged, in whatever order they come."""
    assert () == check_evidence(SOUND, TEAMS, METHOD)
    assert () == check_evidence(exam(*reversed(ROWS)), TEAMS, METHOD)


@pytest.mark.parametrize("fault", FAULTY, ids=lambda fault: fault.value)
def test_each_fault_is_named(fault: EvidenceFault) -> None:
    """A round on evidence with one fault is refused by that name, not judged and not crashed."""
    evidence, teams, method = FAULTY[fault]
    refused = standings(method, evidence, teams, (), SEED)
    assert isinstance(refused, Refused)
    named = [finding for finding in refused.findings if finding.code is fault]
    assert named, refused
    assert all(finding.place and finding.mend for finding in named)


def test_every_fault_of_evidence_is_provoked() -> None:
    """No name of a fault is only decoration."""
    assert set(EvidenceFault) == FAULTY.keys()


def test_a_missing_run_says_how_many_and_which() -> None:
    """The person who holds the runs learns what to run, in one line for team and task."""
    (finding,) = check_evidence(exam(*ROWS[2:]), TEAMS, METHOD)
    assert EvidenceFault.ITEM_NOT_RUN == finding.code
    assert "exam/mathematics/a" == finding.place
    assert "2 of 3 items of task 'mathematics' not run (first: i00000)." == finding.what


def test_a_reference_is_run_on_every_item_too() -> None:
    """A bar's reference with half the items would be held against another exam."""
    rows = (*ROWS, *items({"world": [9_000, 9_000]}))
    (finding,) = check_evidence(exam(*rows), TEAMS, BARRED)
    assert "exam/mathematics/world" == finding.place


def test_own_items_need_not_be_common() -> None:
    """Where each team brings its own items, having others than a rival is no fault."""
    own = replace(EXAM, common_items=False)
    rows = (*items({"a": [9_000, 5_000]}), *(replace(r, item=f"x{r.item}") for r in ROWS[3:]))
    method = replace(METHOD, pillars=(own, PANEL, USERS))
    assert () == check_evidence(exam(*rows), TEAMS, method)
    (finding,) = check_evidence(exam(*rows[:2]), TEAMS, method)
    assert "Nothing of task 'mathematics' was run." == finding.what


def test_an_item_of_two_teams_own_exams_may_have_two_clusters() -> None:
    """With items of their own, two teams' items of one name are two items."""
    method = replace(METHOD, pillars=(replace(EXAM, common_items=False), PANEL, USERS))
    rows = tuple(replace(row, cluster=f"{row.team}{row.cluster}") for row in ROWS)
    assert () == check_evidence(exam(*rows), TEAMS, method)


def test_a_true_is_no_mark() -> None:
    """A reader that lets a truth value through is caught; True would count as 1."""
    faulty = Evidence(ratings={"panel": (Rating("depth", "r", "a", True, 5), *MARKS[1:])})
    codes = {finding.code for finding in check_evidence(faulty, TEAMS, only(PANEL))}
    assert EvidenceFault.NOT_AN_INTEGER in codes


def test_a_vote_counts_once_whichever_side_a_team_stood_on() -> None:
    """The same voter, prompt and pair the other way round is the same choice twice."""
    again = replace(CHOICES[0], first="b", second="a", preferred=Preferred.SECOND)
    found = check_evidence(vote(*CHOICES, again), TEAMS, VOTED)
    assert [EvidenceFault.ROW_TWICE] == [finding.code for finding in found]


def test_teams_that_never_lost_to_the_rest_are_named() -> None:
    """Whoever reads the refusal knows which teams need further votes; ties connect both ways."""
    assert {"a"} == unbeaten_by_the_rest([("a", "b"), ("b", "c"), ("c", "b")])
    assert {"b", "c"} == unbeaten_by_the_rest([("b", "a"), ("b", "c"), ("c", "b")])
    assert not unbeaten_by_the_rest([("a", "b"), ("b", "c"), ("c", "a")])
    assert not unbeaten_by_the_rest([])
    (finding,) = check_evidence(vote(*CHOICES[:2]), TEAMS, VOTED)[:1]
    assert "votes/chat" == finding.place


@given(st.integers(2, 7), st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))))
def test_connection_is_what_a_walk_finds(teams: int, pairs: set[tuple[int, int]]) -> None:
    """Against scipy: unbeaten teams exist exactly where the graph is not strongly connected."""
    held = {(a % teams, b % teams) for a, b in pairs if a % teams != b % teams}
    named = sorted({team for pair in held for team in pair})
    matrix = np.zeros((len(named), len(named)))
    for winner, loser in held:
        matrix[named.index(winner), named.index(loser)] = 1
    parts = csgraph.connected_components(matrix, connection="strong")[0] if named else 1
    unbeaten = unbeaten_by_the_rest((str(a), str(b)) for a, b in held)
    assert (parts > 1) == bool(unbeaten)
    assert not any(str(loser) in unbeaten and str(winner) not in unbeaten for winner, loser in held)


def test_a_panel_that_one_rater_alone_holds_together_is_refused() -> None:
    """How surely one team leads the other would rest on one person, and be told as certain."""
    (found,) = check_evidence(panel(*ONE_BETWEEN), TEAMS, ADJUSTED)
    assert EvidenceFault.RATERS_NOT_CONNECTED is found.code
    assert "Without" in found.what
