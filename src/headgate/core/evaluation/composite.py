"""Shares become points: the composite of all pillars, its draws, and its linear form.

Points are exact fractions of points of 100; draws and influences are integers in POINT_UNIT.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from headgate.core.arrays import FloatArray, IntArray, np
from headgate.core.evaluation.evidence import Evidence, EvidenceFault, check_evidence
from headgate.core.evaluation.method import (
    FULL_MARKS,
    Finding,
    GateFinding,
    Method,
    Pillar,
    check_gates,
    check_method,
    check_seed,
)
from headgate.core.evaluation.pillars import (
    PillarShares,
    item_shares,
    rating_shares,
    vote_shares,
)
from headgate.core.evaluation.resampling import (
    SHARE_UNIT,
    Stratum,
    drawn_deltas,
    freedom_least,
    student_deltas,
)
from headgate.core.faults import Sentence
from headgate.core.policy.schema import PillarKind, Scaling

POINT_UNIT = SHARE_UNIT
"""One point of 100: a share of 1 (SHARE_UNIT) of a pillar of weight 1."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A round that cannot be judged yet, with every reason."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PillarPoints:
    """One pillar's points for each team, and the draws (replicates, systems) of its shares."""

    source: PillarShares
    points: tuple[Fraction, ...]
    share_draws: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Composite:
    """All that the joint draw says: `totals` and `draws` (replicates, teams), teams sorted.

    `influences` holds, for each stratum, (clusters, teams) contributions to the totals, and `few`
    what it says of its degrees of freedom. `draws` tell errors; `place_draws` tell what place a
    team may have: the same, but of Student's t for what few raters or items say.
    """

    method: Method
    teams: tuple[str, ...]
    pillars: tuple[PillarPoints, ...]
    totals: tuple[Fraction, ...]
    draws: IntArray
    place_draws: IntArray
    influences: tuple[IntArray, ...]
    few: tuple[IntArray | None, ...]

    def deviations(self) -> IntArray:
        """Draws less their estimates, (replicates, teams)."""
        return self.draws - np.array([in_units(total) for total in self.totals], dtype=np.int64)


def in_units(value: Fraction) -> int:
    """A share in SHARE_UNIT, or points in POINT_UNIT, rounded half to even."""
    return round(value * SHARE_UNIT)


def composite(
    method: Method,
    evidence: Evidence,
    teams: Sequence[str],
    gates: Sequence[GateFinding],
    seed: str,
) -> Composite | Refused:
    """Check everything, then measure all teams in all pillars and draw them jointly."""
    found = (
        *check_method(method),
        *check_seed(seed),
        *check_gates(method, gates, teams),
        *check_evidence(evidence, teams, method),
    )
    if found:
        return Refused(tuple(sorted(found)))
    order = tuple(sorted(teams))
    measured = [_measure(pillar, evidence, order, method) for pillar in method.pillars]
    findings = [item for item in measured if isinstance(item, Finding)]
    sources = [item for item in measured if isinstance(item, PillarShares)]
    findings += [finding for source in sources for finding in _zeros(source, order, method)]
    if findings:
        return Refused(tuple(sorted(findings)))
    return _drawn(method, order, sources, seed)


def _measure(
    pillar: Pillar, evidence: Evidence, teams: tuple[str, ...], method: Method
) -> PillarShares | Finding:
    systems = teams + tuple(sorted(method.references(pillar.id) - set(teams)))
    source = _source(pillar, evidence, systems)
    if source is None and pillar.kind is PillarKind.VOTES:
        what = "No strengths fit the votes best: a style goes with teams, or with all that won."
        mend = "Take the style out of the method, or cast votes that tell it from the teams."
        return Finding(EvidenceFault.VOTES_DO_NOT_SETTLE, pillar.id, what, mend)
    if source is None and pillar.kind is not PillarKind.ITEMS and pillar.adjust_harshness:
        what = "The marks cannot tell teams from the raters and units that they met."
        mend = "Let raters rate units of several teams, and units be rated by several raters."
        return Finding(EvidenceFault.RATERS_NOT_CONNECTED, pillar.id, what, mend)
    if source is None or not all(stratum.is_exact() for stratum in source.strata):
        what = "The sums of the pillar leave the range of exact arithmetic."
        mend = "Give each item the same number of attempts, weights without large factors."
        return Finding(EvidenceFault.ARITHMETIC_TOO_FINE, pillar.id, what, mend)
    return source


def _source(pillar: Pillar, evidence: Evidence, systems: tuple[str, ...]) -> PillarShares | None:
    match pillar.kind:
        case PillarKind.ITEMS:
            return item_shares(pillar, evidence.items[pillar.id], systems)
        case PillarKind.VOTES:
            return vote_shares(pillar, evidence.votes[pillar.id], systems)
        case PillarKind.EXPERTS | PillarKind.USERS:
            return rating_shares(pillar, evidence.ratings[pillar.id], systems)


def _zeros(source: PillarShares, teams: tuple[str, ...], method: Method) -> list[Finding]:
    pillar, found = source.pillar, []
    if pillar.scaling is Scaling.BEST_IS_FULL and not any(source.shares[: len(teams)]):
        what = "The best team has nothing, so there is nothing to scale to full marks."
        mend = "Examine on tasks that somebody can do, or scale to the maximum."
        found.append(Finding(EvidenceFault.BEST_IS_ZERO, pillar.id, what, mend))
    shares = dict(zip(source.systems, source.shares, strict=True))
    for name in sorted(method.references(pillar.id)):
        if shares[name] == 0:
            what = Sentence(
                "The reference {name!r} reaches nothing, so any team clears the bar.", name=name
            )
            mend = "Name a reference that can do the tasks."
            place = f"{pillar.id}/{name}"
            found.append(Finding(EvidenceFault.REFERENCE_IS_ZERO, place, what, mend))
    return found


def _drawn(
    method: Method, teams: tuple[str, ...], sources: Sequence[PillarShares], seed: str
) -> Composite:
    pillars: list[PillarPoints] = []
    influences: list[IntArray] = []
    draws = np.zeros((method.replicates, len(teams)), dtype=np.int64)
    place_draws = draws.copy()
    for source in sources:
        estimates = np.array([in_units(share) for share in source.shares], dtype=np.int64)
        share_draws = np.tile(estimates, (method.replicates, 1))
        many, few = share_draws.copy(), np.zeros_like(draws)
        for stratum in source.strata:
            deltas = drawn_deltas(stratum, method.replicates, seed)
            share_draws += deltas
            influence = _scaled_influence(source, stratum.influence[:, : len(teams)])
            influences.append(influence)
            freedom = freedom_least(influence, stratum.freedoms_milli)
            if freedom is None:
                many += deltas
            else:
                own = Stratum(stratum.label, influence)
                few += student_deltas(own, freedom, method.replicates, seed)
        points = _scaled(source.pillar, source.shares[: len(teams)])
        draws += _scaled_draws(source.pillar, share_draws[:, : len(teams)])
        place_draws += _scaled_draws(source.pillar, many[:, : len(teams)]) + few
        pillars.append(PillarPoints(source, points, share_draws))
    totals = tuple(sum(column) for column in zip(*(p.points for p in pillars), strict=True))
    few_milli = tuple(stratum.freedoms_milli for source in sources for stratum in source.strata)
    told = draws, place_draws, tuple(influences), few_milli
    return Composite(method, teams, tuple(pillars), totals, *told)


def _scaled(pillar: Pillar, shares: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """Exact points of each team from its share of full marks."""
    match pillar.scaling:
        case Scaling.SHARE_OF_MAXIMUM:
            return tuple(pillar.weight * share for share in shares)
        case Scaling.BEST_IS_FULL:
            return tuple(pillar.weight * share / max(shares) for share in shares)
        case Scaling.ANCHORED:
            anchor = Fraction(pillar.reference_score, FULL_MARKS)
            return tuple(pillar.weight * min(share / anchor, Fraction(1)) for share in shares)


def _scaled_draws(pillar: Pillar, draws: IntArray) -> IntArray:
    """The same step on every replicate, in POINT_UNIT; a replicate's best may be another team."""
    if pillar.scaling is Scaling.SHARE_OF_MAXIMUM:
        return draws * pillar.weight
    if pillar.scaling is Scaling.BEST_IS_FULL:
        reached = draws / np.maximum(draws.max(axis=1, keepdims=True), 1)
    else:
        anchor = pillar.reference_score * (SHARE_UNIT // FULL_MARKS)
        reached = np.minimum(draws / anchor, 1.0)
    return _integers(reached * SHARE_UNIT) * pillar.weight


def _scaled_influence(source: PillarShares, influence: IntArray) -> IntArray:
    """The same step's derivative at the estimate: influences on points, in POINT_UNIT."""
    pillar, shares = source.pillar, source.shares[: influence.shape[1]]
    if pillar.scaling is Scaling.SHARE_OF_MAXIMUM:
        return influence * pillar.weight
    if pillar.scaling is Scaling.BEST_IS_FULL:
        best = shares.index(max(shares))
        ratios = np.array([float(share / shares[best]) for share in shares])
        moved = (influence - ratios * influence[:, [best]]) / float(shares[best])
    else:
        anchor = Fraction(pillar.reference_score, FULL_MARKS)
        below = np.array([share < anchor for share in shares])
        moved = influence * below / float(anchor)
    return _integers(moved * pillar.weight)


def _integers(values: FloatArray) -> IntArray:
    """Round half to even."""
    return np.rint(values).astype(np.int64)
