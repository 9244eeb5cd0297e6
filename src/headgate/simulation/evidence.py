"""Synthetic evidence of a round: items in clusters, experts, users, and findings on the gates.

Teams have latent strengths at least a step apart, but for the last two, who are so close that a
round can seldom tell them from each other. Which team has which strength is drawn, so that names
carry no judgement. Items share the difficulty of their cluster for all teams, and raters their own
severity, so that the evidence is paired and clustered as real evidence is. Voters have tastes of
their own, and lean a little towards the answer that is shown first and the one that is longer. The
one team that fails the first gate is never among the last two: failing a gate is shown apart from
being last. What is drawn of a team is drawn by its name: most do as well in a larger field.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.evidence import Evidence, ItemScore, Preferred, Rating, Vote
from headgate.core.evaluation.method import FULL_MARKS, SIDE
from headgate.core.policy.schema import PillarKind, Round
from headgate.simulation.draws import PER_MILLE, Draws
from headgate.simulation.panel import finding

CLUSTERS, ITEMS_IN_CLUSTER, ATTEMPTS = 40, 5, 2
EXPERTS, EXPERT_SCALE_MAX = 10, 10
"""Ten experts judged the Korean stage of January 2026 (published); their scale is assumed."""

USERS, USER_SCALE_MAX = 49, 4
"""49 users judged it on a five-step scale (published), which counts from 0 to 4."""

VOTERS, PAIRS_A_VOTER, PROMPTS = 120, 6, 40
"""A round with votes has so many voters, each with at most so many pairs for a task."""

_BEST, _WEAKEST, _CLOSE, _RUNGS = 780, 130, 4, 13
_CLUSTER_SPREAD, _ITEM_SPREAD, _OWN_SPREAD = 500, 360, 160
_TASTE_SPREAD, _VOTE_NOISE, _TOO_CLOSE = 120, 420, 40
_FIRST_SHOWN, _STYLE_PULL, _SHORTEST, _LONGEST = 15, 60, 200, 2_000
_SEVERITY_SPREAD, _RATER_NOISE = 220, 420


def strengths(teams: Sequence[str], seed: str) -> dict[str, int]:
    """Each team's latent strength in thousandths, strongest first; the last two are close.

    Each stands on a rung of a ladder by its own draw, or on the next that is free.
    """
    lots, rungs = Draws(seed, "strengths"), max(_RUNGS, len(teams))
    taken = dict[int, str]()
    for team in lots.ranked(teams):
        rung = lots.of("rung", team).below(rungs)
        while rung in taken:
            rung = (rung + 1) % rungs
        taken[rung] = team
    step = (_BEST - _WEAKEST) // rungs
    found = {taken[rung]: _BEST - step * rung for rung in sorted(taken)}
    if len(found) > 1:
        before, last = list(found)[-2:]
        found[last] = found[before] - _CLOSE
    return found


def evidence(evaluation: Round, teams: Sequence[str], seed: str) -> Evidence:
    """The evidence of every pillar of a round, on each of its tasks or criteria."""
    latent = strengths(teams, seed)
    items, ratings, votes = {}, {}, {}
    for pillar in evaluation.pillars:
        named = tuple(pillar.tasks) or (pillar.id,)
        if pillar.kind is PillarKind.ITEMS:
            items[pillar.id] = tuple(_items(named, latent, Draws(seed, "items", pillar.id)))
        elif pillar.kind is PillarKind.VOTES:
            styles = tuple(name for name in pillar.style if name != SIDE)
            votes[pillar.id] = tuple(_votes(named, styles, latent, seed, pillar.id))
        else:
            ratings[pillar.id] = tuple(_ratings(pillar.kind, named, latent, seed, pillar.id))
    return Evidence(items, ratings, votes)


def _items(tasks: Sequence[str], latent: Mapping[str, int], draws: Draws) -> Iterator[ItemScore]:
    for task in tasks:
        shared, own = draws.of(task), {team: draws.of(task, team) for team in sorted(latent)}
        for cluster in range(1, CLUSTERS + 1):
            hard = shared.bell(_CLUSTER_SPREAD)
            for number in range(1, ITEMS_IN_CLUSTER + 1):
                ease = hard + shared.bell(_ITEM_SPREAD)
                item = f"{task}-{cluster:03d}-{number:02d}"
                for team, lots in own.items():
                    for attempt, score in enumerate(_attempts(latent[team] + ease, lots), 1):
                        yield ItemScore(task, item, f"{task}-{cluster:03d}", team, attempt, score)


def _attempts(expected: int, draws: Draws) -> Iterator[int]:
    """A team at one item: right or wrong, in two attempts."""
    right = min(max(expected + draws.bell(_OWN_SPREAD), 0), PER_MILLE)
    return (FULL_MARKS if draws.chance(right) else 0 for _ in range(ATTEMPTS))


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
                noise = draws.of(team, criterion).bell(_RATER_NOISE)
                share = latent[team] + severity + noise
                share = min(max(share, 0), PER_MILLE)
                score = (2 * share * scale + PER_MILLE) // (2 * PER_MILLE)
                yield Rating(criterion, rater, team, score, scale)


def _votes(
    tasks: Sequence[str], styles: Sequence[str], latent: Mapping[str, int], seed: str, pillar: str
) -> Iterator[Vote]:
    """Each voter compares some pairs on prompts of its own choice, by a taste of its own."""
    for number in range(1, VOTERS + 1):
        voter = f"VOTER-{number:03d}"
        draws = Draws(seed, "votes", pillar, voter)
        taste = {team: latent[team] + draws.of(team).bell(_TASTE_SPREAD) for team in sorted(latent)}
        for task in tasks:
            pairs = draws.of("pairs", task).ranked(combinations(sorted(latent), 2))
            for pair in pairs[:PAIRS_A_VOTER]:
                own = draws.of(task, pair)
                first, second = pair if own.chance(PER_MILLE // 2) else pair[::-1]
                prompt = f"{task}-{own.between(1, PROMPTS):03d}"
                had = tuple((name, *_lengths(own)) for name in styles)
                pull = sum(_STYLE_PULL * (one - two) // (one + two) for _, one, two in had)
                ahead = taste[first] - taste[second] + own.bell(_VOTE_NOISE)
                preferred = _preferred(ahead + _FIRST_SHOWN + pull)
                yield Vote(task, prompt, voter, first, second, preferred, had)


def _lengths(draws: Draws) -> tuple[int, int]:
    return draws.between(_SHORTEST, _LONGEST), draws.between(_SHORTEST, _LONGEST)


def _preferred(ahead: int) -> Preferred:
    if abs(ahead) <= _TOO_CLOSE:
        return Preferred.TIE
    return Preferred.FIRST if ahead > 0 else Preferred.SECOND


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
