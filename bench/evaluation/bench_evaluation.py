"""A round of five teams: the whole standing, and the joint draw beside the usual bootstrap.

"Gather" is what most scripts do: draw item numbers, gather the rows, take the mean, again and
again; it is paired, and ignores clusters. "Choices" is what lm-evaluation-harness does for a metric
without a closed form (lm_eval/api/metrics.py, `_bootstrap_internal`): `random.choices` of one
team's scores and their mean, again and again; few are timed and scaled up, as it takes an hour.
"""

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
from evalica import Winner, bradley_terry

from headgate.core.calls.harshness import harshness
from headgate.core.evaluation.composite import Refused
from headgate.core.evaluation.estimate import standings
from headgate.core.evaluation.evidence import Evidence, ItemScore, Preferred, Rating, Vote
from headgate.core.evaluation.method import Method, Pillar
from headgate.core.evaluation.pillars import item_shares, vote_shares
from headgate.core.evaluation.resampling import Stratum, drawn_deltas, spread
from headgate.core.evaluation.votes import Ballots, fit
from headgate.core.policy.schema import PillarKind, Remedy, Scaling

TEAMS = ("a", "b", "c", "d", "e")
ITEMS = 5_000
REPLICATES = 2_000
SEED = "5eed"
LARGE_ITEMS, LARGE_CLUSTERS, LARGE_REPLICATES, TIMED = 100_000, 2_000, 10_000, 10
VOTES, VOTERS, SYSTEMS = 1_000_000, 20_000, 50

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
    """The best of some runs, in a core's time: the machine's other work should not count."""
    best = float("inf")
    for _ in range(repeat):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
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


def chosen_seconds() -> float:
    """The harness's bootstrap of five teams on 100,000 items, from a few of its resamples."""
    scores = [float(value < 6) for value in np.random.default_rng(3).integers(0, 10, LARGE_ITEMS)]
    draw = random.Random(1)

    def resample() -> None:
        for _ in range(TIMED):
            picked = draw.choices(scores, k=len(scores))
            sum(picked) / len(picked)

    return seconds(resample) / TIMED * LARGE_REPLICATES * len(TEAMS)


OWN = """
import json, sys, time
from lm_eval.api.metrics import bootstrap_stderr, mean
scores, resamples = json.load(sys.stdin)
start = time.process_time()
bootstrap_stderr(mean, scores, resamples)
print(time.process_time() - start)
"""
"""lm-evaluation-harness's own function on scores, in one process: the seconds of a core."""


def harness_seconds() -> float | None:
    """The same by the harness itself; None where HEADGATE_EVALUATION_TOOLS and PATH have none."""
    named = (os.environ.get("HEADGATE_EVALUATION_TOOLS", ""), os.environ.get("PATH", os.defpath))
    found = shutil.which("lm_eval", path=os.pathsep.join(named))
    if found is None:
        return None
    scores = [float(value < 6) for value in np.random.default_rng(3).integers(0, 10, LARGE_ITEMS)]
    done = subprocess.run(
        [str(Path(found).with_name("python")), "-c", OWN],
        input=json.dumps([scores, TIMED]),
        env={**os.environ, "DISABLE_MULTIPROC": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1]) / TIMED * LARGE_REPLICATES * len(TEAMS)


def bootstrap_measures() -> list[dict[str, object]]:
    """The joint draw with all limits beside the harness's bootstrap: written out, and its own."""
    name, own = "100,000 items in 2,000 clusters, 5 teams, 10,000 resamples", cluster_seconds()
    measures = [measure(name, "choices / joint draw with limits", chosen_seconds() / own, "ratio")]
    if (theirs := harness_seconds()) is not None:
        told = "lm-eval's own function / joint draw with limits"
        measures.append(measure(name, told, theirs / own, "ratio"))
    return measures


def cluster_seconds() -> float:
    """The same five teams, items and resamples by clusters, with joint limits of all teams."""
    values = np.random.default_rng(4).integers(-(10**6), 10**6, (LARGE_CLUSTERS, len(TEAMS)))
    values[0] -= values.sum(axis=0)
    stratum = Stratum("exam", values.astype(np.int64))

    def draw() -> None:
        deltas = drawn_deltas(stratum, LARGE_REPLICATES, SEED)
        spread(deltas, [stratum.influence], METHOD.confidence)

    return seconds(draw)


def ballot() -> Ballots:
    """A million votes of 20,000 voters over 50 systems, a tenth of them ties."""
    rng = np.random.default_rng(5)
    strengths = np.sort(rng.normal(0, 0.5, SYSTEMS))
    first = rng.integers(0, SYSTEMS, VOTES)
    second = (first + rng.integers(1, SYSTEMS, VOTES)) % SYSTEMS
    won = rng.random(VOTES) < 1 / (1 + np.exp(strengths[second] - strengths[first]))
    halves = np.where(rng.random(VOTES) < 0.1, 1, won * 2)
    style = np.stack([rng.random(VOTES) - 0.5, np.ones(VOTES)], axis=1)
    return Ballots(first, second, halves, rng.integers(0, VOTERS, VOTES), style)


def vote_measures() -> list[dict[str, object]]:
    """Strengths with errors by voter: from columns, with two styles, and from rows of evidence."""
    cast = ballot()
    plain = Ballots(cast.first, cast.second, cast.halves, cast.voter, cast.style[:, :0])
    name = "1,000,000 votes of 20,000 voters, 50 systems"
    names = [f"s{at:02}" for at in range(SYSTEMS)]
    preferred = (Preferred.SECOND, Preferred.TIE, Preferred.FIRST)
    columns = (cast.first, cast.second, cast.halves, cast.voter)
    rows = [
        Vote("chat", str(at), f"v{voter:05}", names[a], names[b], preferred[won])
        for at, (a, b, won, voter) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    ]
    pillar = Pillar("votes", 25, PillarKind.VOTES, Scaling.SHARE_OF_MAXIMUM, (("chat", 1),))
    left, right = ([names[at] for at in column.tolist()] for column in (cast.first, cast.second))
    winners = [(Winner.Y, Winner.Draw, Winner.X)[won] for won in cast.halves.tolist()]
    own = seconds(lambda: fit(plain, SYSTEMS))
    theirs = seconds(lambda: bradley_terry(left, right, winners))
    return [
        measure(name, "strengths and errors", own, "s"),
        measure(name, "evalica's strengths / strengths and errors", theirs / own, "ratio"),
        measure(name, "with two styles", seconds(lambda: fit(cast, SYSTEMS)), "s"),
        measure(
            name, "from rows", seconds(lambda: vote_shares(pillar, rows, names), repeat=1), "s"
        ),
    ]


def growth() -> float:
    """How much longer a whole standing takes for 50 teams than for 5, on the same 5,000 items."""
    return standing_seconds(50) / standing_seconds(5)


def standing_seconds(teams: int) -> float:
    """A whole standing of so many teams."""
    rng = np.random.default_rng(6)
    names = tuple(f"t{at:02}" for at in range(teams))
    rows = tuple(
        ItemScore("mathematics", f"i{item}", f"c{item // 5}", team, 1, 10_000 * int(right))
        for item, row in enumerate(rng.random((ITEMS, teams)) < np.linspace(0.4, 0.6, teams))
        for team, right in zip(names, row, strict=True)
    )
    exam = Pillar("exam", 100, PillarKind.ITEMS, Scaling.SHARE_OF_MAXIMUM, (("mathematics", 1),))
    method = Method((exam,), LARGE_REPLICATES, Fraction(95, 100), 4, 4, Remedy.ALL_TIED_STAY)

    def judge() -> None:
        if isinstance(standings(method, Evidence({"exam": rows}), names, (), SEED), Refused):
            raise RuntimeError("the bench's own evidence is refused")

    return seconds(judge, repeat=2)


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
        *bootstrap_measures(),
        *vote_measures(),
        measure(
            "2,000 applications x 3 reviews, 500 reviewers", "harshness", review_seconds(rng), "s"
        ),
    ]
