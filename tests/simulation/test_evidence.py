"""Synthetic evidence can be judged: whole, shared difficulties, one near tie, one failed gate."""

import json
from collections import defaultdict
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating, check_evidence
from headgate.core.evaluation.method import Method, Pillar
from headgate.core.policy.schema import PillarKind, Remedy, Round, Scaling
from headgate.simulation.evidence import EXPERTS, USERS, VOTERS, evidence, round_findings, strengths

TEAMS = tuple(f"alliance-{n:04d}" for n in range(1, 6))
ROUND = Round.model_validate_json(
    json.dumps(
        {
            "name": {"en": "Stage"},
            "call": "alliance",
            "on": "2026-09-16",
            "stay": {"least": 4, "most": 4},
            "gates": [
                {"id": gate, "name": {"en": gate}, "evidence": {"en": "Log"}, "reply_days": 5}
                for gate in ("independence", "safety")
            ],
            "pillars": [
                {
                    "id": "benchmark", "name": {"en": "Benchmarks"}, "kind": "items",
                    "weight": 40, "scaling": "share_of_maximum", "tasks": {"common": 2, "own": 1},
                },
                {
                    "id": "expert", "name": {"en": "Experts"}, "kind": "experts", "weight": 35,
                    "scaling": "share_of_maximum", "tasks": {"method": 1, "plan": 1},
                },
                {
                    "id": "user", "name": {"en": "Users"}, "kind": "users", "weight": 25,
                    "scaling": "share_of_maximum",
                },
            ],
            "confidence": "95 %",
            "replicates": 2000,
            "remedy": "all_tied_stay",
            "equal_development_days": 150,
            "reallocation": {
                "of": 1, "survivors": 1, "wildcard": 0, "pool": 0, "divide": "equally",
            },
        }
    )
)  # fmt: skip
TASKS = {"benchmark": ("common", "own"), "expert": ("method", "plan"), "user": ("user",)}


def method() -> Method:
    """The round as the method that judges its evidence."""
    pillars = tuple(
        Pillar(
            pillar.id,
            pillar.weight,
            pillar.kind,
            Scaling.SHARE_OF_MAXIMUM,
            tuple((task, 1) for task in TASKS[pillar.id]),
        )
        for pillar in ROUND.pillars
    )
    return Method(pillars, 2000, Fraction(95, 100), 4, 4, Remedy.ALL_TIED_STAY)


def totals(found: Evidence) -> dict[str, Fraction]:
    """Points of each team, of 100, by plain means."""
    shares: dict[tuple[str, str], list[Fraction]] = defaultdict(list)
    for pillar, items in found.items.items():
        for item in items:
            shares[pillar, item.team].append(Fraction(item.score, 10_000))
    for pillar, ratings in found.ratings.items():
        for rating in ratings:
            shares[pillar, rating.team].append(Fraction(rating.score, rating.scale_max))
    weights = {pillar.id: pillar.weight for pillar in ROUND.pillars}
    points: dict[str, Fraction] = defaultdict(Fraction)
    for (pillar, team), values in shares.items():
        points[team] += weights[pillar] * sum(values, Fraction(0)) / len(values)
    return points


@given(st.text(max_size=4))
@settings(max_examples=8)
def test_the_evidence_has_no_fault(seed: str) -> None:
    """For every seed the evidence is whole: every team on every item, by every rater, in range."""
    found = evidence(ROUND, TEAMS, seed)
    assert () == check_evidence(found, TEAMS, method())


def test_as_many_judge_as_was_published() -> None:
    """Ten experts and 49 users on five steps, as in the stage of January 2026."""
    found = evidence(ROUND, TEAMS, "7")
    assert EXPERTS == len({rating.rater for rating in found.ratings["expert"]}) == 10
    assert USERS == len({rating.rater for rating in found.ratings["user"]}) == 49
    assert {4} == {rating.scale_max for rating in found.ratings["user"]}
    assert {1, 2, 3, 4} <= {rating.score for rating in found.ratings["user"]}


def test_the_last_two_are_close_and_the_first_is_not() -> None:
    """Over many seeds the last two come within two points, the first lies well ahead."""
    close, ahead = [], []
    for seed in map(str, range(12)):
        points = totals(evidence(ROUND, TEAMS, seed))
        order = list(strengths(TEAMS, seed))
        close.append(abs(points[order[3]] - points[order[4]]))
        ahead.append(points[order[0]] - points[order[3]])
    assert sum(close) / 12 < 2
    assert sum(ahead) / 12 > 8


def test_no_name_carries_a_judgement() -> None:
    """Each team leads in some worlds and is last in others."""
    orders = [list(strengths(TEAMS, str(seed))) for seed in range(60)]
    assert set(TEAMS) == {order[0] for order in orders} == {order[-1] for order in orders}


def test_items_of_a_cluster_share_their_difficulty() -> None:
    """Means of clusters differ far more than chance among their items alone would have it."""
    clusters: dict[str, list[int]] = defaultdict(list)
    for item in evidence(ROUND, TEAMS, "7").items["benchmark"]:
        clusters[item.cluster].append(item.score // 10_000)
    means = [Fraction(sum(scores), len(scores)) for scores in clusters.values()]
    size = len(next(iter(clusters.values())))
    middle = sum(means) / len(means)
    between = sum((m - middle) ** 2 for m in means) / len(means)
    assert between > 3 * middle * (1 - middle) / size


@given(st.text(max_size=4), st.integers(0, 9))
def test_one_team_of_three_or_more_fails_the_gate(seed: str, count: int) -> None:
    """The disqualification is shown on evidence and a reply, and never on the last two."""
    teams = [f"team-{n}" for n in range(count)]
    findings = round_findings(ROUND, teams, seed)
    failed = [finding for finding in findings if not finding.passed]
    assert (2 * count, int(count >= 3)) == (len(findings), len(failed))
    for finding in failed:
        assert finding.gate == "independence"
        assert finding.replied
        assert len(set(finding.evidence)) == 3
        assert finding.subject not in list(strengths(teams, seed))[-2:]
        assert finding.remark.startswith("synthetic")


def test_a_field_of_any_size_has_strengths_in_range() -> None:
    """Fifty teams still differ, and one alone is no error."""
    many = strengths([f"team-{n:02d}" for n in range(50)], "7")
    assert 50 == len(set(many.values()))
    assert all(100 < strength < 1000 for strength in many.values())
    assert ["one"] == list(strengths(["one"], "7"))
    assert {} == strengths([], "7")


@given(st.text(max_size=4), st.integers(3, 9))
@settings(max_examples=8)
def test_one_team_more_leaves_what_is_known_of_the_others(seed: str, count: int) -> None:
    """Every row of a team is as it was, if nobody took its rung and it is not last only now."""
    teams = [f"team-{n}" for n in range(count)]
    more = [*teams, "another"]
    few_rows, more_rows = (rows_of(evidence(ROUND, field, seed)) for field in (teams, more))
    had, has = strengths(teams, seed), strengths(more, seed)
    kept = [team for team in teams if had[team] == has[team]]
    assert {team: few_rows[team] for team in kept} == {team: more_rows[team] for team in kept}


def test_most_teams_are_as_strong_in_a_larger_field() -> None:
    """Of five, nine in eleven or more keep their strength when a sixth comes."""
    kept = 0
    for seed in map(str, range(200)):
        had, has = strengths(TEAMS, seed), strengths([*TEAMS, "another"], seed)
        kept += sum(had[team] == has[team] for team in TEAMS)
    assert kept * 11 > 200 * 5 * 9


def rows_of(found: Evidence) -> dict[str, list[ItemScore | Rating]]:
    """Every item and rating of each team."""
    rows: dict[str, list[ItemScore | Rating]] = defaultdict(list)
    given_rows = [row for pillar in (found.items, found.ratings) for row in pillar.values()]
    for row in (one for pillar in given_rows for one in pillar):
        rows[row.team].append(row)
    return rows


VOTED = ROUND.model_copy(
    update={
        "pillars": (
            ROUND.pillars[0].model_copy(
                update={"kind": PillarKind.VOTES, "weight": 100, "style": ("length", "side")}
            ),
        )
    }
)


@given(st.text(max_size=4), st.integers(2, 9))
@settings(max_examples=8)
def test_synthetic_votes_have_no_fault(seed: str, count: int) -> None:
    """Every team is voted on, nobody votes twice on a pair and prompt, and all teams connect."""
    teams = tuple(f"team-{n}" for n in range(count))
    found = evidence(VOTED, teams, seed)
    pillar = Pillar(
        "benchmark",
        100,
        PillarKind.VOTES,
        Scaling.SHARE_OF_MAXIMUM,
        (("common", 1), ("own", 1)),
        style=("length", "side"),
    )
    judge = Method((pillar,), 2000, Fraction(95, 100), 4, 4, Remedy.ALL_TIED_STAY)
    assert () == check_evidence(found, teams, judge)
    assert VOTERS == len({vote.voter for vote in found.votes["benchmark"]})


def test_one_team_more_leaves_the_votes_on_pairs_that_are_still_shown() -> None:
    """A voter has only so many pairs; those that were and are shown are judged as they were."""
    teams = [f"team-{n}" for n in range(5)]
    had, has = strengths(teams, "7"), strengths([*teams, "another"], "7")
    same = {team for team in teams if had[team] == has[team]}
    few, more = (
        {(v.task, v.voter, *sorted((v.first, v.second))): v for v in found.votes["benchmark"]}
        for found in (evidence(VOTED, some, "7") for some in (teams, [*teams, "another"]))
    )
    both = [shown for shown in few if shown in more and {*shown[2:]} <= same]
    assert len(both) > 100
    assert [few[shown] for shown in both] == [more[shown] for shown in both]
