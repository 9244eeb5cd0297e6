"""Synthetic evidence of a round: items in clusters, experts, users, and findings on the gates.

Teams have latent strengths a step apart, but for the last two, who are so close that a round can
seldom tell them from each other. Which team has which strength is drawn, so that names carry no
judgement. Items share the difficulty of their cluster for all teams, and raters their own severity,
so that the evidence is paired and clustered as real evidence is. The one team that fails the first
gate is never among the last two: failing a gate is shown apart from being last.
"""

from collections.abc import Iterator, Mapping, Sequence

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating
from headgate.core.evaluation.method import FULL_MARKS
from headgate.core.policy.schema import PillarKind, Round
from headgate.simulation.draws import PER_MILLE, Draws
from headgate.simulation.panel import finding

CLUSTERS, ITEMS_IN_CLUSTER, ATTEMPTS = 40, 5, 2
EXPERTS, EXPERT_SCALE_MAX = 10, 10
"""Ten experts judged the Korean stage of January 2026 (published); their scale is assumed."""

USERS, USER_SCALE_MAX = 49, 4
"""49 users judged it on a five-step scale (published), which counts from 0 to 4."""

_BEST, _STEP, _CLOSE = 780, 55, 4
_WEAKEST = 150
_CLUSTER_SPREAD, _ITEM_SPREAD, _OWN_SPREAD = 500, 360, 160
_SEVERITY_SPREAD, _RATER_NOISE = 220, 420


def strengths(teams: Sequence[str], seed: str) -> dict[str, int]:
    """Each team's latent strength in thousandths, strongest first; the last two are close."""
    order = sorted(teams)
    Draws(seed, "strengths").shuffle(order)
    step = min(_STEP, (_BEST - _WEAKEST) // max(1, len(order)))
    found = {team: _BEST - step * place for place, team in enumerate(order)}
    if len(order) > 1:
        found[order[-1]] = found[order[-2]] - _CLOSE
    return found


def evidence(evaluation: Round, teams: Sequence[str], seed: str) -> Evidence:
    """The evidence of every pillar of a round, on each of its tasks or criteria."""
    latent = strengths(teams, seed)
    items, ratings = {}, {}
    for pillar in evaluation.pillars:
        named = tuple(pillar.tasks) or (pillar.id,)
        if pillar.kind is PillarKind.ITEMS:
            items[pillar.id] = tuple(_items(named, latent, Draws(seed, "items", pillar.id)))
        else:
            ratings[pillar.id] = tuple(_ratings(pillar.kind, named, latent, seed, pillar.id))
    return Evidence(items, ratings)


def _items(tasks: Sequence[str], latent: Mapping[str, int], draws: Draws) -> Iterator[ItemScore]:
    for task in tasks:
        for cluster in range(1, CLUSTERS + 1):
            shared = draws.bell(_CLUSTER_SPREAD)
            for number in range(1, ITEMS_IN_CLUSTER + 1):
                ease = shared + draws.bell(_ITEM_SPREAD)
                item = f"{task}-{cluster:03d}-{number:02d}"
                yield from _attempts(task, item, f"{task}-{cluster:03d}", ease, latent, draws)


def _attempts(
    task: str, item: str, cluster: str, ease: int, latent: Mapping[str, int], draws: Draws
) -> Iterator[ItemScore]:
    """Every team at one item: right or wrong, in two attempts."""
    for team in sorted(latent):
        right = min(max(latent[team] + ease + draws.bell(_OWN_SPREAD), 0), PER_MILLE)
        for attempt in range(1, ATTEMPTS + 1):
            score = FULL_MARKS if draws.chance(right) else 0
            yield ItemScore(task, item, cluster, team, attempt, score)


def _ratings(
    kind: PillarKind, criteria: Sequence[str], latent: Mapping[str, int], seed: str, pillar: str
) -> Iterator[Rating]:
    experts = kind is PillarKind.EXPERTS
    count, scale = (EXPERTS, EXPERT_SCALE_MAX) if experts else (USERS, USER_SCALE_MAX)
    for number in range(1, count + 1):
        rater = f"{'EXP' if experts else 'USER'}-{number:03d}"
        draws = Draws(seed, "ratings", pillar, rater)
        severity = draws.bell(_SEVERITY_SPREAD)
        for team in sorted(latent):
            for criterion in criteria:
                share = latent[team] + severity + draws.bell(_RATER_NOISE)
                share = min(max(share, 0), PER_MILLE)
                score = (2 * share * scale + PER_MILLE) // (2 * PER_MILLE)
                yield Rating(criterion, rater, team, score, scale)


def round_findings(evaluation: Round, teams: Sequence[str], seed: str) -> tuple[GateFinding, ...]:
    """What was found on a round's gates: one team of three or more fails the first gate.

    It is the second by latent strength, the first of three; its reply is on file.
    """
    order = list(strengths(teams, seed))
    failing = order[1] if len(order) > 3 else order[0] if len(order) == 3 else None
    return tuple(
        finding(gate.id, team, seed, passed=place > 0 or team != failing)
        for team in sorted(teams)
        for place, gate in enumerate(evaluation.gates)
    )
