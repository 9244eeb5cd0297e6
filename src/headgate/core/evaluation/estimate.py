"""Standings: each team's points and place, and how sure both are.

Order and points come from the evidence alone, exactly; draws only say how far chance could have
moved them. A team that failed a gate keeps its points and place in the open, but takes no place
among those that may stay.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from headgate.core.arrays import IntArray, np
from headgate.core.calls.harshness import Harshness, harshness
from headgate.core.evaluation.composite import POINT_UNIT, Composite, Refused, composite, in_units
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.method import WEIGHT_TOTAL, Bar, GateFinding, Method, failed_teams
from headgate.core.evaluation.ranks import PPM, place_probabilities_ppm
from headgate.core.evaluation.resampling import Spread, spread
from headgate.core.policy.schema import BarOn, PillarKind

MILLI = 1_000
PPM_LEAST = 500
"""Half a tenth of a percent: no more than that is told as 0.0 %."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One team's standing; points in thousandths, probabilities in parts per million.

    `rank_ppm[k]` is the probability of place k + 1 among all teams, `stays_ppm` that of a place
    that stays among those that qualify. `low` and `high` hold for all teams at once. The last team
    that stays counts as tied with itself. Points are rounded singly and may miss their total by 1.
    """

    team: str
    place: int
    points_milli: tuple[tuple[str, int], ...]
    total_milli: int
    standard_error_milli: int
    closed_form_milli: int
    low_milli: int
    high_milli: int
    rank_ppm: tuple[int, ...]
    stays_ppm: int
    qualified: bool
    tied_with_last_staying: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What `first`, the higher placed, leads `second` by, on the same items, experts and users.

    `standard_error_milli` comes from the joint draws; `closed_form_milli` is the clustered sandwich
    error computed without them, as a check. `low` and `high` lie `critical_micro` millionths of a
    standard error off and hold for all pairs at once; the two are `separated` when 0 lies outside.
    """

    first: str
    second: str
    points_milli: int
    standard_error_milli: int
    closed_form_milli: int
    critical_micro: int
    low_milli: int
    high_milli: int
    separated: bool


@dataclass(frozen=True, slots=True)
class BarFinding:
    """How far a team clears a bar, in thousandths of a point of 100; negative is short of it."""

    bar: str
    team: str
    margin_milli: int
    margin_low_milli: int
    met: bool


@dataclass(frozen=True, slots=True)
class EffectiveWeight:
    """A pillar's nominal weight, and its share of the leader's lead over the mean of all teams.

    None where the leader has no lead. A share may be negative: the leader is behind there.
    """

    pillar: str
    weight: int
    lead_share_ppm: int | None


@dataclass(frozen=True, slots=True)
class Standings:
    """The whole standing of a round, teams in the order of their places, then by name."""

    standings: tuple[Standing, ...]
    differences: tuple[Difference, ...]
    last_staying: str | None
    bars: tuple[BarFinding, ...]
    effective_weights: tuple[EffectiveWeight, ...]
    panels: tuple[tuple[str, Harshness], ...]
    seed: str

    def standing(self, team: str) -> Standing:
        """The standing of a team that has one."""
        return next(standing for standing in self.standings if standing.team == team)

    def chance(self, standing: Standing, replicates: int) -> tuple[str, int]:
        """The chance to stay as so many draws may tell it, see `told`; without a line all stay."""
        certain = all(one.stays_ppm == PPM for one in self.standings if one.qualified)
        if certain or not standing.qualified:
            return "", standing.stays_ppm
        return told(standing.stays_ppm, replicates)

    def places(self, standing: Standing, replicates: int) -> list[tuple[str, int]]:
        """The chance of each place, told in the same way; the only team has the only place."""
        alone = len(standing.rank_ppm) == 1
        return [("", ppm) if alone else told(ppm, replicates) for ppm in standing.rank_ppm]

    def are_separated(self, first: str, second: str) -> bool:
        """Whether two teams differ by more than chance explains, all pairs taken together."""
        return any(
            difference.separated
            for difference in self.differences
            if {difference.first, difference.second} == {first, second}
        )


def told(ppm: int, replicates: int) -> tuple[str, int]:
    """A chance as draws may tell it to a tenth of a percent: a sign, and parts a million.

    Draws that all agree are not certain: n of them leave a chance of 1 in n + 1 (Phipson and Smyth
    2010, SAGMB 9), told as less than the next tenth of a percent, and never as all or nothing.
    """
    least = PPM // (replicates + 1)
    tenths = 2 * PPM_LEAST * (1 + least // (2 * PPM_LEAST))
    if max(PPM_LEAST, least) < min(ppm, PPM - ppm):
        return "", ppm
    return (">", PPM - tenths) if 2 * ppm > PPM else ("<", tenths)


def standings(
    method: Method,
    evidence: Evidence,
    teams: Sequence[str],
    gates: Sequence[GateFinding],
    seed: str,
) -> Standings | Refused:
    """Judge a round. Same arguments, same answer, byte for byte, on every machine.

    `teams` are those to be measured; `seed` is a hexadecimal digest fixed before the evidence was
    known or drawn in public. Refused with all findings where the evidence does not suffice.
    """
    measured = composite(method, evidence, teams, gates, seed)
    if isinstance(measured, Refused):
        return measured
    return standings_of(measured, evidence, gates, seed)


def standings_of(
    measured: Composite, evidence: Evidence, gates: Sequence[GateFinding], seed: str
) -> Standings:
    """The same from a round that is measured already, with the seed of its draws."""
    bars = tuple(finding for bar in measured.method.bars for finding in _bar(measured, bar))
    out = failed_teams(gates) | {finding.team for finding in bars if not finding.met}
    return _standings(measured, bars, out, evidence, seed)


def placed(measured: Composite) -> list[int]:
    """Columns of the teams by total, the highest first; equal totals by name, for listing only."""
    return sorted(range(len(measured.teams)), key=lambda at: (-measured.totals[at], at))


def pair_spread(measured: Composite) -> tuple[list[tuple[int, int]], Spread]:
    """Every pair of teams, the higher placed first, and the joint spread of their differences."""
    pairs = list(combinations(placed(measured), 2))
    deviations, confidence = measured.deviations(), measured.method.confidence
    return pairs, spread(deviations, measured.influences, confidence, pairs, measured.few)


def _standings(
    measured: Composite,
    bars: tuple[BarFinding, ...],
    out: frozenset[str],
    evidence: Evidence,
    seed: str,
) -> Standings:
    order = placed(measured)
    staying = [at for at in order if measured.teams[at] not in out]
    last = measured.teams[staying[: measured.method.stay_max][-1]] if staying else None
    differences = _differences(measured)
    apart = {
        team
        for difference in differences
        if difference.separated and last in (difference.first, difference.second)
        for team in (difference.first, difference.second)
    }
    tied = {measured.teams[at] for at in staying} - (apart - {last})
    return Standings(
        standings=tuple(_each(measured, staying, tied)),
        differences=differences,
        last_staying=last,
        bars=bars,
        effective_weights=_effective_weights(measured, order[0]),
        panels=_panels(measured.method, evidence),
        seed=seed,
    )


def _each(measured: Composite, staying: Sequence[int], tied: set[str]) -> Iterator[Standing]:
    confidence, few = measured.method.confidence, measured.few
    error = spread(measured.deviations(), measured.influences, confidence, few=few)
    ranks = place_probabilities_ppm(measured.place_draws)
    stays = _stays_ppm(measured, staying, ranks)
    for at in placed(measured):
        team, total = measured.teams[at], measured.totals[at]
        reach = error.reach(at) / POINT_UNIT
        yield Standing(
            team=team,
            place=1 + sum(other > total for other in measured.totals),
            points_milli=tuple(
                (pillar.source.pillar.id, round(pillar.points[at] * MILLI))
                for pillar in measured.pillars
            ),
            total_milli=round(total * MILLI),
            standard_error_milli=_milli(error.standard_errors[at]),
            closed_form_milli=_milli(error.closed_forms[at]),
            low_milli=max(0, round((total - reach) * MILLI)),
            high_milli=min(WEIGHT_TOTAL * MILLI, round((total + reach) * MILLI)),
            rank_ppm=ranks[at],
            stays_ppm=stays.get(at, 0),
            qualified=at in stays,
            tied_with_last_staying=team in tied,
        )


def _stays_ppm(
    measured: Composite, staying: Sequence[int], among_all: Sequence[Sequence[int]]
) -> dict[int, int]:
    """The probability of a place that stays, for the columns of the teams that qualify."""
    if not staying:
        return {}
    columns = sorted(staying)
    everybody = len(columns) == len(measured.teams)
    ranks = among_all if everybody else place_probabilities_ppm(measured.place_draws[:, columns])
    places = measured.method.stay_max
    return {at: sum(row[:places]) for at, row in zip(columns, ranks, strict=True)}


def _differences(measured: Composite) -> tuple[Difference, ...]:
    """All paired differences, with limits that hold for all of them together."""
    pairs, error = pair_spread(measured)
    differences = []
    for at, (first, second) in enumerate(pairs):
        points = measured.totals[first] - measured.totals[second]
        reach = error.reach(at) / POINT_UNIT
        differences.append(
            Difference(
                first=measured.teams[first],
                second=measured.teams[second],
                points_milli=round(points * MILLI),
                standard_error_milli=_milli(error.standard_errors[at]),
                closed_form_milli=_milli(error.closed_forms[at]),
                critical_micro=error.criticals_micro[at],
                low_milli=round((points - reach) * MILLI),
                high_milli=round((points + reach) * MILLI),
                separated=points > reach,
            )
        )
    return tuple(differences)


def _milli(units: int) -> int:
    return round(Fraction(units * MILLI, POINT_UNIT))


def _bar(measured: Composite, bar: Bar) -> list[BarFinding]:
    """Hold every team against one bar, by the margin: what it has less what the bar demands.

    A margin is linear in the draws, so a weak reference cannot blow it up as a ratio would.
    """
    margins, deviations, influences, few = _margins(measured, bar)
    error = spread(deviations, influences, measured.method.confidence, few=few)
    findings = []
    for at, team in enumerate(measured.teams):
        low = margins[at] - error.reach(at) / POINT_UNIT
        met = (margins[at] if bar.on is BarOn.ESTIMATE else low) >= 0
        findings.append(
            BarFinding(bar.id, team, round(margins[at] * MILLI), round(low * MILLI), met)
        )
    return findings


_Margins = tuple[list[Fraction], IntArray, Sequence[IntArray], Sequence[IntArray | None]]


def _margins(measured: Composite, bar: Bar) -> _Margins:
    """Margins in points of 100, their draws less themselves, clusters' influences and freedom."""
    if bar.pillar is None:
        margins = [
            total - bar.share_of(team) * WEIGHT_TOTAL
            for team, total in zip(measured.teams, measured.totals, strict=True)
        ]
        return margins, measured.deviations(), measured.influences, measured.few
    pillar = next(item for item in measured.pillars if item.source.pillar.id == bar.pillar)
    shares, teams = pillar.source.shares, len(measured.teams)
    if bar.reference is None:
        demands, reference = [bar.share_of(team) for team in measured.teams], None
    else:
        reference = pillar.source.systems.index(bar.reference)
        demands = [bar.share * shares[reference]] * teams

    def beyond(columns: IntArray) -> IntArray:
        own: IntArray = columns[:, :teams] * WEIGHT_TOTAL
        if reference is None:
            return own
        demanded = np.rint(columns[:, [reference]] * float(bar.share * WEIGHT_TOTAL))
        own -= demanded.astype(np.int64)
        return own

    estimates = np.array([in_units(share) for share in shares], dtype=np.int64)
    return (
        [(s - asked) * WEIGHT_TOTAL for s, asked in zip(shares[:teams], demands, strict=True)],
        beyond(pillar.share_draws - estimates),
        [beyond(stratum.influence) for stratum in pillar.source.strata],
        [stratum.freedoms_milli for stratum in pillar.source.strata],
    )


def _effective_weights(measured: Composite, leader: int) -> tuple[EffectiveWeight, ...]:
    teams = len(measured.teams)
    lead = measured.totals[leader] - sum(measured.totals) / teams
    weights = []
    for pillar in measured.pillars:
        part = pillar.points[leader] - sum(pillar.points) / teams
        share = round(part / lead * PPM) if lead else None
        weights.append(EffectiveWeight(pillar.source.pillar.id, pillar.source.pillar.weight, share))
    return tuple(weights)


def _panels(method: Method, evidence: Evidence) -> tuple[tuple[str, Harshness], ...]:
    """The harshness of each pillar's raters, on marks in thousandths of a point of 100."""
    panels = []
    for pillar in method.pillars:
        if pillar.kind in (PillarKind.EXPERTS, PillarKind.USERS):
            rows = [
                (
                    row.rater,
                    row.subject(),
                    round(Fraction(row.score * WEIGHT_TOTAL * MILLI, row.scale_max)),
                )
                for row in evidence.ratings[pillar.id]
            ]
            panels.append((pillar.id, harshness(rows)))
    return tuple(panels)
