"""Strengths from votes equal independent implementations, and their errors what refits find."""

import csv
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from headgate.core.evaluation.arithmetic import exponential
from headgate.core.evaluation.evidence import Evidence, Preferred, Vote
from headgate.core.evaluation.pillars import vote_shares
from headgate.core.evaluation.votes import Ballots, Strengths, ballots, fit
from headgate.core.policy.schema import Scaling
from tests.core.evaluation.rounds import VOTES, judged, only

TEAMS = ("a", "b", "c", "d")
OUTCOMES = (Preferred.SECOND, Preferred.TIE, Preferred.FIRST)
WINNERS = {"left": Preferred.FIRST, "right": Preferred.SECOND, "tie": Preferred.TIE}


def drawn(
    seed: int,
    strengths: Sequence[float] = (0.6, 0.2, -0.1, -0.7),
    voters: int = 80,
    each: int = 12,
    taste: float = 0.5,
    pull: float = 0.0,
) -> tuple[Vote, ...]:
    """Votes of voters with tastes of their own; `pull` is what the longer answer gains."""
    rng = np.random.default_rng(seed)
    rows = []
    for voter in range(voters):
        own = np.array(strengths) + rng.normal(0, taste, len(strengths))
        for number in range(each):
            first, second = rng.choice(len(strengths), 2, replace=False).tolist()
            one, two = rng.integers(10, 500, 2).tolist()
            ahead = own[first] - own[second] + pull * (one - two) / (one + two)
            tie = rng.random() < 0.15
            won = int(2 * (rng.random() < 1 / (1 + math.exp(-ahead))))
            preferred = OUTCOMES[1 if tie else won]
            names = (TEAMS[first], TEAMS[second])
            rows.append(
                Vote(
                    "chat", f"p{number}", f"v{voter:03}", *names, preferred, (("length", one, two),)
                )
            )
    return tuple(rows)


def cast(rows: Sequence[Vote], styles: Sequence[str] = ()) -> Ballots:
    """Votes as columns."""
    systems = sorted({name for row in rows for name in (row.first, row.second)})
    return ballots(rows, systems, sorted({row.voter for row in rows}), styles)


def fitted(rows: Sequence[Vote], styles: Sequence[str] = ()) -> Strengths:
    """The strengths of votes that have some."""
    columns = cast(rows, styles)
    found = fit(columns, int(columns.first.max()) + 1)
    assert found is not None
    return found


def errors(influence: np.ndarray) -> np.ndarray:
    """Standard errors by voter."""
    voters = len(influence)
    return np.asarray(np.sqrt((influence**2).sum(axis=0) * voters / (voters - 1)))


def crowd(shared_data: Path) -> tuple[tuple[Vote, ...], dict[str, float]]:
    """The LLMFAO votes, and evalica's log-strengths for them."""
    folder = shared_data / "data" / "evaluations" / "llmfao-crowd-votes"
    if not folder.is_dir():
        pytest.skip(f"no crowd votes at {folder}")
    with (folder / "votes.csv").open(encoding="utf-8") as file:
        rows = tuple(
            Vote(
                "chat", r["prompt_id"], r["voter"], r["system_left"], r["system_right"],
                WINNERS[r["winner"]],
            )
            for r in csv.DictReader(file)
        )  # fmt: skip
    with (folder / "reference_scores_evalica.csv").open(encoding="utf-8") as file:
        reference = {
            r["item"]: math.log(float(r["score"]))
            for r in csv.DictReader(file)
            if r["algorithm"] == "bradley_terry"
        }
    return rows, reference


def test_crowd_votes_give_the_strengths_that_evalica_published(shared_data: Path) -> None:
    """All 59 systems of LLMFAO, to 1e-9 of a log-odd, from 8,931 votes of 124 people."""
    rows, reference = crowd(shared_data)
    found = fitted(rows)
    middle = sum(reference.values()) / len(reference)
    expected = np.array([reference[name] - middle for name in sorted(reference)])
    assert 59 == len(expected)
    assert np.abs(expected - found.strengths).max() < 1e-9


def test_crowd_votes_are_wider_by_voter_than_by_vote(shared_data: Path) -> None:
    """The median error by voter is 1.12 times the naive one, as measured elsewhere on these."""
    rows, _ = crowd(shared_data)
    alone = [replace(row, voter=f"{at:05}") for at, row in enumerate(rows)]
    ratio = errors(fitted(rows).strength_influence) / errors(fitted(alone).strength_influence)
    assert 1.12 == pytest.approx(float(np.median(ratio)), abs=0.01)


def test_strengths_are_the_best_of_the_likelihood() -> None:
    """With styles too: scipy, from the likelihood alone, stops at the same strengths and pulls."""
    columns = cast(drawn(1, pull=0.8), ("length", "side"))

    def loss(free: np.ndarray) -> float:
        strengths = np.array([0.0, *free[:3]])
        ahead = strengths[columns.first] - strengths[columns.second] + columns.style @ free[3:]
        wins = columns.halves / 2
        return float((np.logaddexp(0, -ahead) * wins + np.logaddexp(0, ahead) * (1 - wins)).sum())

    best = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-7}).x
    strengths = np.array([0.0, *best[:3]])
    found = fit(columns, 4)
    assert found is not None
    assert (strengths - strengths.mean()).tolist() == pytest.approx(found.strengths, abs=1e-6)
    assert best[3:].tolist() == pytest.approx(found.effects, abs=1e-6)


def test_errors_by_voter_are_those_of_leaving_voters_out() -> None:
    """The jackknife refits without each voter and knows nothing of influences: within 5 %."""
    rows = drawn(2, pull=0.8)
    voters = sorted({row.voter for row in rows})
    whole = fitted(rows, ("length",))
    without = [fitted([row for row in rows if row.voter != voter], ("length",)) for voter in voters]
    for name, influence in (
        ("strengths", whole.strength_influence),
        ("effects", whole.effect_influence),
        ("shares", whole.share_influence),
    ):
        values = np.array([getattr(one, name) for one in without])
        spread = (values - values.mean(axis=0)) ** 2
        expected = np.sqrt(spread.sum(axis=0) * (len(voters) - 1) / len(voters))
        assert expected.tolist() == pytest.approx(errors(influence), rel=0.05), name


def test_a_voter_who_votes_twice_as_often_is_one_voter() -> None:
    """Every vote copied under the same voters leaves errors as they are; new voters narrow them."""
    rows = drawn(3)
    copies = [replace(row, prompt=f"{row.prompt}-again") for row in rows]
    others = [replace(row, voter=f"{row.voter}-other") for row in rows]
    single = errors(fitted(rows).share_influence)
    assert single.tolist() == pytest.approx(
        errors(fitted([*rows, *copies]).share_influence), rel=1e-6
    )
    assert (single / math.sqrt(2)).tolist() == pytest.approx(
        errors(fitted([*rows, *others]).share_influence), rel=0.01
    )


def test_length_is_taken_out() -> None:
    """A team whose answers are long gains by votes and not once length is taken out."""
    rng = np.random.default_rng(4)
    rows = []
    for row in drawn(4, (0.0, 0.0, 0.0, 0.0), voters=300, taste=0.0):
        had = [900 if name == "a" else 100 for name in (row.first, row.second)]
        had = [int(length * rng.uniform(0.5, 2)) for length in had]
        ahead = 2 * (had[0] - had[1]) / sum(had)
        won = bool(rng.random() < 1 / (1 + math.exp(-ahead)))
        style = (("length", had[0], had[1]),)
        rows.append(replace(row, preferred=OUTCOMES[2 if won else 0], style=style))
    plain, taken = fitted(rows), fitted(rows, ("length",))
    assert plain.shares[0] > 0.7
    assert abs(taken.shares[0] - 0.5) < 3 * errors(taken.share_influence)[0]
    assert abs(taken.effects[0] - 2) < 3 * errors(taken.effect_influence)[0]


@given(st.permutations(range(40)), st.booleans())
def test_neither_order_nor_side_of_votes_matters(order: list[int], turned: bool) -> None:
    """Files may be shuffled and sides exchanged: strengths keep every bit under shuffling."""
    rows = drawn(5, voters=8, each=5)
    moved = [rows[at] for at in order]
    assert fitted(rows).share_influence.tolist() == fitted(moved).share_influence.tolist()
    if turned:
        back = {Preferred.FIRST: Preferred.SECOND, Preferred.SECOND: Preferred.FIRST}
        moved = [
            replace(
                row,
                first=row.second,
                second=row.first,
                preferred=back.get(row.preferred, Preferred.TIE),
            )
            for row in moved
        ]
        assert fitted(rows).strengths.tolist() == pytest.approx(fitted(moved).strengths, abs=1e-12)


@given(st.floats(-700, 700))
def test_the_exponential_is_right_to_the_last_places(value: float) -> None:
    """Within four units of the last place of the library's, which itself may be off by one."""
    expected = math.exp(value)
    assert expected == pytest.approx(float(exponential(np.array([value]))[0]), rel=1e-15)


def by_rule(count: int) -> tuple[Vote, ...]:
    """Votes by arithmetic alone, which no library can change."""
    numbers = [pow(3, at + 1, 65_537) for at in range(count)]
    pairs = [(a, b) for a in TEAMS for b in TEAMS if a != b]
    return tuple(
        Vote(
            "chat",
            f"p{at}",
            f"v{number % 13}",
            *pairs[number % 12],
            OUTCOMES[number // 12 % 3],
            (("length", number % 101, number % 89),),
        )
        for at, number in enumerate(numbers)
    )


def test_bits_of_a_fit_are_pinned() -> None:
    """These numbers may never change, on any machine: published rounds are re-derived from them."""
    found = vote_shares(replace(VOTES, style=("length", "side")), by_rule(400), TEAMS)
    assert found is not None
    expected = [4948618485, 4870874283, 5070667784, 5109839448]
    assert expected == [int(share * 10**10) for share in found.shares]
    assert [63903626, -7920677, -165795249, 109812301] == found.strata[0].influence[5].tolist()


def test_shares_are_wins_against_the_average_opponent() -> None:
    """Two teams: the share is the part of votes won, ties half; shares always have the mean 1/2."""
    rows = [
        Vote("chat", f"p{at}", f"v{at}", "a", "b", preferred)
        for at, preferred in enumerate(
            [Preferred.FIRST] * 5 + [Preferred.TIE] * 2 + [Preferred.SECOND]
        )
    ]
    found = vote_shares(VOTES, rows, ("a", "b"))
    assert found is not None
    assert (Fraction(3, 4), Fraction(1, 4)) == found.shares
    many = fitted(drawn(7))
    assert 0.5 == pytest.approx(float(many.shares.mean()), abs=1e-12)


def test_votes_are_a_pillar_like_any_other() -> None:
    """Standings from votes alone: order, intervals and what the votes were, told by name."""
    pillar = replace(VOTES, scaling=Scaling.BEST_IS_FULL, style=("length", "side"))
    rows = drawn(8, voters=200)
    found = judged(only(pillar), Evidence(votes={"votes": rows}), TEAMS)
    assert list(TEAMS) == [one.team for one in found.standings]
    assert 100_000 == found.standings[0].total_milli
    source = vote_shares(pillar, rows, TEAMS)
    assert source is not None
    (ballot,) = source.ballots
    assert (len(rows), 200) == (ballot.votes, ballot.voters)
    assert sum(row.preferred is Preferred.TIE for row in rows) == ballot.ties
    assert ["length", "side"] == [effect.name for effect in ballot.effects]
    assert list(TEAMS) == [strength.name for strength in ballot.strengths]


def test_a_voter_is_one_cluster_over_all_tasks() -> None:
    """Two tasks with the same votes say no more than one."""
    two = replace(VOTES, tasks=(("chat", 1), ("code", 1)))
    rows = drawn(9)
    both = [*rows, *(replace(row, task="code") for row in rows)]
    one, same = vote_shares(VOTES, rows, TEAMS), vote_shares(two, both, TEAMS)
    assert one is not None
    assert same is not None
    assert one.shares == same.shares
    assert one.strata[0].influence.tolist() == same.strata[0].influence.tolist()


def test_intervals_cover_as_often_as_they_say(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 200 simulated rounds, the joint 95 % intervals of all teams hold the truth in 90 to 99 %.

    The truth is what voters of these tastes prefer on average, found from many of them.
    """
    strengths = (0.5, 0.2, -0.2, -0.5)
    truth = fitted(drawn(10, strengths, voters=10_000, each=6), ("length",)).shares * 100
    method = replace(only(replace(VOTES, style=("length",))), replicates=400)
    held, rounds = 0, 200
    for seed in range(rounds):
        rows = drawn(100 + seed, strengths, voters=60, each=6)
        found = judged(method, Evidence(votes={"votes": rows}), TEAMS)
        held += all(
            found.standing(team).low_milli <= 1000 * value <= found.standing(team).high_milli
            for team, value in zip(TEAMS, truth.tolist(), strict=True)
        )
    with capsys.disabled():
        sys.stdout.write(f"\n95 % jointly, by 60 voters: held in {held} of {rounds} rounds\n")
    assert 0.90 * rounds <= held <= 0.99 * rounds
