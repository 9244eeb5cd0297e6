"""Rounds for the tests: small evidence written by hand, and larger evidence with a known truth."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from headgate.core.evaluation.estimate import Standings, standings
from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating
from headgate.core.evaluation.method import GateFinding, Method, Pillar
from headgate.core.policy.schema import PillarKind, Remedy, Scaling

SEED = "5eed"

EXAM = Pillar("exam", 40, PillarKind.ITEMS, Scaling.SHARE_OF_MAXIMUM, (("mathematics", 1),))
PANEL = Pillar("panel", 35, PillarKind.EXPERTS, Scaling.SHARE_OF_MAXIMUM, (("depth", 1),))
USERS = Pillar("users", 25, PillarKind.USERS, Scaling.SHARE_OF_MAXIMUM, (("use", 1),))
VOTES = Pillar("votes", 25, PillarKind.VOTES, Scaling.SHARE_OF_MAXIMUM, (("chat", 1),))

METHOD = Method(
    pillars=(EXAM, PANEL, USERS),
    replicates=1_000,
    confidence=Fraction(95, 100),
    stay_min=1,
    stay_max=2,
    tie_remedy=Remedy.ALL_TIED_STAY,
)


def only(pillar: Pillar, method: Method = METHOD) -> Method:
    """The method with this one pillar, which then weighs everything."""
    return replace(method, pillars=(replace(pillar, weight=100),))


def items(
    scores: Mapping[str, Sequence[int]], task: str = "mathematics", in_cluster: int = 1
) -> tuple[ItemScore, ...]:
    """One attempt at each item; `in_cluster` neighbours form a cluster."""
    return tuple(
        ItemScore(task, f"i{at:05}", f"c{at // in_cluster:05}", team, 1, score)
        for team, listed in scores.items()
        for at, score in enumerate(listed)
    )


def ratings(
    scores: Mapping[str, Sequence[int | None]], scale_max: int = 100, criterion: str = "depth"
) -> tuple[Rating, ...]:
    """Marks of raters r000, r001 and so on; None where a rater did not see the team."""
    return tuple(
        Rating(criterion, f"r{at:03}", team, score, scale_max)
        for team, listed in scores.items()
        for at, score in enumerate(listed)
        if score is not None
    )


def judged(
    method: Method,
    evidence: Evidence,
    teams: Sequence[str],
    gates: Sequence[GateFinding] = (),
    seed: str = SEED,
) -> Standings:
    """Standings of a round that is not refused."""
    result = standings(method, evidence, teams, gates, seed)
    assert isinstance(result, Standings), result
    return result


def around(mean: int, size: int, step: int) -> list[int]:
    """Alternating values with exactly this mean, so that totals can be computed by hand."""
    assert size % 2 == 0
    return [mean + step if at % 2 else mean - step for at in range(size)]


def synthetic(
    rng: np.random.Generator,
    levels: Sequence[float],
    clusters: int = 60,
    in_cluster: int = 3,
    raters: int = 10,
    users: int = 49,
) -> tuple[Evidence, tuple[str, ...]]:
    """A crossed round with shared difficulty and rater harshness around true levels of 0 to 1."""
    teams = tuple(f"t{at}" for at in range(len(levels)))
    level = np.array(levels)
    difficulty = rng.normal(0, 0.10, (clusters, 1)) + rng.normal(0, 0.05, (clusters, len(levels)))
    noise = rng.normal(0, 0.05, (clusters * in_cluster, len(levels)))
    exam = level + np.repeat(difficulty, in_cluster, axis=0) + noise
    panel = level + rng.normal(0, 0.08, (raters, 1)) + rng.normal(0, 0.06, (raters, len(levels)))
    use = level + rng.normal(0, 0.10, (users, 1)) + rng.normal(0, 0.12, (users, len(levels)))
    columns = {name: array.clip(0, 1) for name, array in (("e", exam), ("p", panel), ("u", use))}
    scaled = {name: np.rint(array * 10_000).astype(int) for name, array in columns.items()}
    of = {
        name: {team: array[:, at].tolist() for at, team in enumerate(teams)}
        for name, array in scaled.items()
    }
    evidence = Evidence(
        items={"exam": items(of["e"], in_cluster=in_cluster)},
        ratings={
            "panel": ratings(of["p"], 10_000),
            "users": ratings(of["u"], 10_000, "use"),
        },
    )
    return evidence, teams
