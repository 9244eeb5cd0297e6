"""What a round's rule would do, drawn from its plan alone, before anybody signs the method.

The plan says how many teams, passages, raters and voters there will be, how far teams differ from
one another on each of them, and which true differences between neighbours are to be thought of.
Rounds are played with that truth: each draws its evidence afresh, finds its own errors from it, and
is decided by plain rules and by its own. So a programme sees what its cut would cost, what its
remedy of a tie does, and how much evidence would separate neighbours, while all of it can still be
changed. It knows nothing of the teams.

Arithmetic: drawn values are integers, their sums exact; the rest are single IEEE operations.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache, partial
from itertools import combinations
from typing import Final

from headgate.core.arrays import FloatArray, IntArray, np
from headgate.core.evaluation.cut_errors import ErrorRow, Played, error_rows
from headgate.core.evaluation.decide import secured
from headgate.core.evaluation.method import FULL_MARKS, Method, Pillar
from headgate.core.evaluation.power import Power, power_of
from headgate.core.evaluation.ranks import PPM
from headgate.core.evaluation.resampling import MICRO
from headgate.core.policy.schema import Remedy, Scaling

ROUNDS_MOST: Final = 2_000
"""Rounds played for each difference: shares of all of them are then known to about 2 points."""

BUNDLES_MOST: Final = 200
"""More clusters are drawn as so many bundles: their mean is as exact, their error known as well."""

VALUES_AT_ONCE: Final = 2**21
_SHIFT: Final = 12
_DEVIATION: Final = math.sqrt(4 / 12) * 2 ** (32 - _SHIFT)
"""The standard deviation of a drawn value: four even 32-bit numbers, without their low bits."""


@dataclass(frozen=True, slots=True)
class PlannedPillar:
    """How many clusters a pillar will have, and how far one team strays from the others from one
    cluster to the next: a standard deviation, in shares of full marks.
    """

    clusters: int
    spread: Fraction


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of a round, in the order of the method's pillars, and what is assumed of the teams.

    `gaps` are true differences between neighbours in every pillar and `level` is the mean team, in
    shares of full marks.
    """

    teams: int
    level: Fraction
    gaps: tuple[Fraction, ...]
    pillars: tuple[PlannedPillar, ...]


@dataclass(frozen=True, slots=True)
class RemedyRow:
    """What a remedy of ties would do: how often anybody leaves, how often wrongly, who remains.

    `wrong_ppm` is the share of the rounds in which somebody leaves where one of them is not among
    the truly last. `remain_milli` is the mean number of teams that stay or are not decided yet.
    """

    remedy: Remedy
    leave_ppm: int
    wrong_ppm: int | None
    remain_milli: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The cut of a planned round if neighbours truly differ by `gap_milli` thousandths of a point.

    `standard_error_milli` is that of the difference between two teams.
    """

    gap_milli: int
    standard_error_milli: int
    errors: tuple[ErrorRow, ...]
    remedies: tuple[RemedyRow, ...]
    power: Power


def rounds_played(replicates: int) -> int:
    """How many rounds the shares of a table are of, by the replicates that a round has."""
    return min(replicates, ROUNDS_MOST)


@lru_cache(maxsize=8)
def foresee(method: Method, plan: Plan, seed: str) -> tuple[Foreseen, ...]:
    """A table for each assumed difference; none where every team has a place.

    `seed` is a digest, such as the policy's: the table is drawn before there is evidence.
    """
    if plan.teams <= method.stay_max:
        return ()
    rounds = rounds_played(method.replicates)
    return tuple(
        _foreseen(_Rounds.played(method, plan, gap, rounds, seed), method, plan, gap)
        for gap in plan.gaps
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Rounds:
    """Simulated rounds, teams in their true order: totals, the errors of every pair's difference,
    and the pillars' points, all in points of 100; `critical` is what holds for all pairs at once.
    """

    truth: FloatArray
    totals: FloatArray
    errors: FloatArray
    points: tuple[FloatArray, ...]
    critical: float

    @classmethod
    def played(cls, method: Method, plan: Plan, gap: Fraction, rounds: int, seed: str) -> "_Rounds":
        """Rounds with a true difference of `gap` between neighbours."""
        offsets = np.arange(plan.teams) * -1.0
        truth, totals = np.zeros(plan.teams), np.zeros((rounds, plan.teams))
        variances = np.zeros((rounds, plan.teams, plan.teams))
        points = []
        for pillar, planned in zip(method.pillars, plan.pillars, strict=True):
            full = float(_full(pillar, plan, gap))
            sums, squares = _drawn(pillar.id, planned, plan.teams, rounds, seed)
            unit = full * float(planned.spread) / _DEVIATION
            bundles = min(planned.clusters, BUNDLES_MOST)
            unit *= math.sqrt(bundles / planned.clusters)
            own = offsets * (full * float(gap)) + sums * (unit / bundles)
            points.append(own)
            truth = truth + offsets * (full * float(gap))
            totals = totals + own
            variances = variances + squares * (unit * unit / (bundles * bundles * (bundles - 1)))
        errors = np.sqrt(variances)
        critical = _critical(truth, totals, errors, method.confidence)
        return cls(truth, totals, errors, tuple(points), critical)


def _full(pillar: Pillar, plan: Plan, gap: Fraction) -> Fraction:
    """Points that a whole share of full marks is worth, as the pillar's scaling has it."""
    match pillar.scaling:
        case Scaling.SHARE_OF_MAXIMUM:
            return Fraction(pillar.weight)
        case Scaling.BEST_IS_FULL:
            return pillar.weight / (plan.level + gap * (plan.teams - 1) / 2)
        case Scaling.ANCHORED:
            return Fraction(pillar.weight * FULL_MARKS, pillar.reference_score)


def _drawn(
    label: str, planned: PlannedPillar, teams: int, rounds: int, seed: str
) -> tuple[IntArray, FloatArray]:
    """Each round's sums over clusters (rounds, teams), and n times the sum of squares less the
    square of the sum, for every pair's difference (rounds, teams, teams).
    """
    clusters = min(planned.clusters, BUNDLES_MOST)
    name = hashlib.sha256(f"{seed}\nforesight\n{label}".encode()).hexdigest()
    stream = np.random.PCG64(int(name, 16))
    sums = np.zeros((rounds, teams), dtype=np.int64)
    squares = np.zeros((rounds, teams, teams))
    at_once = max(1, VALUES_AT_ONCE // (clusters * teams))
    for start in range(0, rounds, at_once):
        part = slice(start, min(start + at_once, rounds))
        values = _values(stream, part.stop - start, clusters, teams)
        sums[part] = values.sum(axis=1)
        for i, j in combinations(range(teams), 2):
            apart = values[:, :, i] - values[:, :, j]
            spread = clusters * (apart * apart).sum(axis=1) - apart.sum(axis=1) ** 2
            squares[part, i, j] = squares[part, j, i] = spread
    return sums, squares


def _values(stream: "np.random.PCG64", rounds: int, clusters: int, teams: int) -> IntArray:
    """Values around 0 with the deviation _DEVIATION, bell-shaped: sums of four even numbers."""
    raw = stream.random_raw((rounds, clusters, teams, 2))
    halves = (raw >> np.uint64(32)) + (raw & np.uint64(0xFFFF_FFFF))
    whole: IntArray = halves.sum(axis=3).astype(np.int64) - 2 * (2**32 - 1)
    return whole >> _SHIFT


def _critical(
    truth: FloatArray, totals: FloatArray, errors: FloatArray, confidence: Fraction
) -> float:
    """How many errors no pair's difference strays from the truth, in that share of the rounds."""
    furthest = np.zeros(len(totals))
    for i, j in combinations(range(len(truth)), 2):
        strayed = np.abs((totals[:, i] - totals[:, j]) - (truth[i] - truth[j]))
        np.maximum(furthest, strayed / errors[:, i, j], out=furthest)
    place = min(math.ceil(confidence * (len(totals) + 1)), len(totals))
    return float(np.sort(furthest)[place - 1])


def _foreseen(rounds: _Rounds, method: Method, plan: Plan, gap: Fraction) -> Foreseen:
    order = np.argsort(-rounds.totals, axis=1, kind="stable")
    places, at = method.stay_max, np.arange(len(order))
    last, first = order[:, places - 1], order[:, places]
    gaps = rounds.totals[at, last] - rounds.totals[at, first]
    wrong = np.asarray((order[:, places:] < places).any(axis=1))
    errors, asked = rounds.errors[at, last, first], np.full(len(order), rounds.critical)
    parts = [
        (pillar.id, planned.clusters, 2 * _variance(pillar, planned, plan, gap))
        for pillar, planned in zip(method.pillars, plan.pillars, strict=True)
    ]
    difference = sum((_full(pillar, plan, gap) for pillar in method.pillars), Fraction(0)) * gap
    whole = sum((variance for _, _, variance in parts), Fraction(0))
    return Foreseen(
        gap_milli=round(difference * 1_000),
        standard_error_milli=math.isqrt(int(whole * 10**6)),
        errors=error_rows(Played(gaps, errors, asked, wrong)),
        remedies=tuple(_remedies(rounds, method, order)),
        power=power_of(parts, difference, round(rounds.critical * MICRO)),
    )


def _variance(pillar: Pillar, planned: PlannedPillar, plan: Plan, gap: Fraction) -> Fraction:
    return (_full(pillar, plan, gap) * planned.spread) ** 2 / planned.clusters


def _remedies(rounds: _Rounds, method: Method, order: IntArray) -> Iterator[RemedyRow]:
    """What each remedy that the method could name does with the same rounds."""
    named = [Remedy.ALL_TIED_STAY, Remedy.MORE_ITEMS, Remedy.LOT]
    if method.tie_breakers:
        named.append(Remedy.NAMED_TIE_BREAKERS)
    contests = [_contest(rounds, at, row, method.stay_max) for at, row in enumerate(order.tolist())]
    teams = order.shape[1]
    for remedy in named:
        leave, wrong, remain = 0, Fraction(0), 0
        for at, (safe, contested, lower) in enumerate(contests):
            seats, gone = method.stay_max - len(safe), len(lower)
            chance = Fraction(any(team < method.stay_max for team in lower))
            if contested and remedy in (Remedy.LOT, Remedy.NAMED_TIE_BREAKERS):
                gone += len(contested) - seats
                if not chance and remedy is Remedy.LOT:
                    stay = sum(team < method.stay_max for team in contested)
                    chance = 1 - _lucky(stay, len(contested), seats)
                elif not chance:
                    chance = Fraction(_misled(rounds, method, at, contested, seats))
            leave, wrong, remain = leave + (gone > 0), wrong + chance, remain + teams - gone
        yield RemedyRow(
            remedy,
            round(Fraction(PPM * leave, len(order))),
            round(PPM * wrong / leave) if leave else None,
            round(Fraction(remain * 1_000, len(order))),
        )


def _contest(
    rounds: _Rounds, at: int, order: Sequence[int], places: int
) -> tuple[list[int], list[int], list[int]]:
    """Teams of one round that stay for sure, that contest the line, and that leave for sure."""
    above, below = list(order[:places]), list(order[places:])
    tied = [k for k, team in enumerate(below) if not _apart(rounds, at, above[-1], team)]
    if not tied:
        return above, [], below
    challengers = below[: tied[-1] + 1]
    safe = above[: secured(above, challengers, partial(_apart, rounds, at))]
    return safe, above[len(safe) :] + challengers, below[len(challengers) :]


def _apart(rounds: _Rounds, at: int, first: int, second: int) -> bool:
    gap = rounds.totals[at, first] - rounds.totals[at, second]
    return bool(gap > rounds.critical * rounds.errors[at, first, second])


@cache
def _lucky(stay: int, contested: int, seats: int) -> Fraction:
    """The chance that a lot seats teams so that none of so many who truly stay leaves."""
    if stay > seats:
        return Fraction(0)
    return Fraction(math.comb(contested - stay, seats - stay), math.comb(contested, seats))


def _misled(rounds: _Rounds, method: Method, at: int, contested: Sequence[int], seats: int) -> bool:
    """Whether the tie-breakers send home somebody who truly stays."""
    index = {pillar.id: place for place, pillar in enumerate(method.pillars)}
    merit = [rounds.points[index[name]][at] for name in method.tie_breakers]
    ordered = sorted(contested, key=lambda team: [-float(points[team]) for points in merit])
    return any(team < method.stay_max for team in ordered[seats:])
