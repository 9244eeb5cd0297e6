"""A round of five teams: the whole standing, and the joint draw beside the usual bootstrap.

"Gather" is what most scripts do: draw item numbers, gather the rows, take the mean, again and
again; it is paired, and ignores clusters.
"""

import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from headgate.core.calls.harshness import harshness
from headgate.core.evaluation.composite import Refused
from headgate.core.evaluation.estimate import standings
from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating
from headgate.core.evaluation.method import Method, Pillar
from headgate.core.evaluation.pillars import item_shares
from headgate.core.evaluation.resampling import drawn_deltas
from headgate.core.policy.schema import PillarKind, Remedy, Scaling

TEAMS = ("a", "b", "c", "d", "e")
ITEMS = 5_000
REPLICATES = 2_000
SEED = "5eed"

EXAM = Pillar("exam", 40, PillarKind.ITEMS, Scaling.SHARE_OF_MAXIMUM, (("mathematics", 1),))
PANEL = Pillar("panel", 35, PillarKind.EXPERTS, Scaling.SHARE_OF_MAXIMUM, (("depth", 1),))
USERS = Pillar("users", 25, PillarKind.USERS, Scaling.BEST_IS_FULL, (("use", 1),))
METHOD = Method((EXAM, PANEL, USERS), REPLICATES, Fraction(95, 100), 4, 4, Remedy.ALL_TIED_STAY)


def table(rng: np.random.Generator) -> np.ndarray:
    """Right or wrong by (item, team), with a difficulty that the teams share."""
    hard = rng.normal(0, 1, (ITEMS, 1))
    skill = np.array([0.30, 0.27, 0.25, 0.24, 0.10])
    return np.asarray(skill - hard + rng.normal(0, 1, (ITEMS, len(TEAMS))) > 0)


def exam_rows(outcome: np.ndarray, in_cluster: int) -> tuple[ItemScore, ...]:
    """The table as evidence, so many neighbours to a cluster."""
    return tuple(
        ItemScore("mathematics", f"i{i}", f"c{i // in_cluster}", team, 1, 10_000 * int(right))
        for i, row in enumerate(outcome)
        for team, right in zip(TEAMS, row, strict=True)
    )


def marks(rng: np.random.Generator, raters: int, criterion: str) -> tuple[Rating, ...]:
    """A full panel's marks on a scale of 0 to 100."""
    drawn = rng.integers(40, 100, (raters, len(TEAMS)))
    return tuple(
        Rating(criterion, f"r{r}", team, int(score), 100)
        for r, row in enumerate(drawn)
        for team, score in zip(TEAMS, row, strict=True)
    )


def gathered(outcome: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The usual bootstrap of the five means."""
    scores = outcome.astype(np.float64)
    draws = np.empty((REPLICATES, len(TEAMS)))
    for replicate in range(REPLICATES):
        draws[replicate] = scores[rng.integers(0, ITEMS, ITEMS)].mean(axis=0)
    return draws


def seconds(work: Callable[[], object], repeat: int = 3) -> float:
    """The best of some runs."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def measure(scenario: str, name: str, value: float, unit: str) -> dict[str, object]:
    """One line of the bench."""
    return {"scenario": scenario, "measure": name, "value": round(value, 4), "unit": unit}


def draw_seconds(rows: tuple[ItemScore, ...]) -> float:
    """The joint draw alone, from shares that are already measured."""
    shares = item_shares(EXAM, rows, TEAMS)
    if shares is None:
        raise RuntimeError("the bench's own items leave exact arithmetic")
    (stratum,) = shares.strata
    return seconds(lambda: drawn_deltas(stratum, REPLICATES, SEED))


def round_seconds(rng: np.random.Generator, rows: tuple[ItemScore, ...]) -> float:
    """Checks, shares, draws, chances and limits of a whole round."""
    evidence = Evidence(
        {"exam": rows}, {"panel": marks(rng, 10, "depth"), "users": marks(rng, 49, "use")}
    )

    def judge() -> None:
        if isinstance(standings(METHOD, evidence, TEAMS, (), SEED), Refused):
            raise RuntimeError("the bench's own evidence is refused")

    return seconds(judge)


def review_seconds(rng: np.random.Generator) -> float:
    """Harshness of 500 reviewers over 2,000 applications of three reviews each."""
    rows = [
        (f"r{reviewer}", f"a{application}", int(rng.integers(0, 100_000)))
        for application in range(2_000)
        for reviewer in rng.choice(500, 3, replace=False)
    ]
    return seconds(lambda: harshness(rows), repeat=1)


def run() -> list[dict[str, object]]:
    """All measures of the evaluation."""
    rng = np.random.default_rng(1)
    outcome = table(rng)
    gather = seconds(lambda: gathered(outcome, np.random.default_rng(2)))
    single, grouped = exam_rows(outcome, 1), exam_rows(outcome, 10)
    name = "round of 5 teams, 5,000 items, 2,000 replicates"
    whole = round_seconds(rng, single)
    return [
        measure(name, "gather bootstrap", gather, "s"),
        measure(
            name, "gather / joint draw, 5,000 clusters", gather / draw_seconds(single), "ratio"
        ),
        measure(name, "gather / joint draw, 500 clusters", gather / draw_seconds(grouped), "ratio"),
        measure(name, "whole standing", whole, "s"),
        measure(name, "whole standing / gather", whole / gather, "ratio"),
        measure(
            "2,000 applications x 3 reviews, 500 reviewers", "harshness", review_seconds(rng), "s"
        ),
    ]
