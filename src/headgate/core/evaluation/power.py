"""How much fresh evidence would tell two teams apart: so many items, raters or voters in all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from headgate.core.evaluation.composite import POINT_UNIT, Composite
from headgate.core.evaluation.estimate import Standings, pair_spread
from headgate.core.evaluation.resampling import MICRO, variances

ONE_IN_FIVE_MICRO: Final = 841_621
"""The normal deviate that is not reached in one of five draws: what is promised holds in four."""


@dataclass(frozen=True, slots=True)
class Enough:
    """Clusters that a pillar has (passages, raters, voters), and how many would do, all else left
    as it is; None where no number would: the other pillars alone leave too much to chance.
    """

    pillar: str
    clusters: int
    needed: int | None


@dataclass(frozen=True, slots=True)
class Power:
    """What would separate two teams in four of five rounds, if they truly differ by so much.

    `times_milli` is how many times as many clusters every pillar needs, in thousandths; None where
    the two do not differ.
    """

    times_milli: int | None
    pillars: tuple[Enough, ...]


@dataclass(frozen=True, slots=True)
class Needed:
    """What would separate the last team that stays from one below it, if they truly differ by what
    was found.
    """

    first: str
    second: str
    power: Power


def power_of(
    parts: Sequence[tuple[str, int, Fraction]], difference: Fraction, critical_micro: int
) -> Power:
    """From each pillar's id, clusters and variance of the difference, which is in the same unit."""
    whole = sum((variance for _, _, variance in parts), Fraction(0))
    wanted = (difference * MICRO / (critical_micro + ONE_IN_FIVE_MICRO)) ** 2
    pillars = []
    for pillar, clusters, variance in parts:
        left = wanted - (whole - variance)
        needed = max(2, math.ceil(clusters * variance / left)) if left > 0 else None
        pillars.append(Enough(pillar, clusters, needed))
    return Power(math.ceil(1_000 * whole / wanted) if wanted else None, tuple(pillars))


def needed_at_the_line(measured: Composite, found: Standings) -> tuple[Needed, ...]:
    """For the last team that stays and each qualified team below it: what would tell them apart."""
    last = found.last_staying
    below = [one.team for one in found.standings if one.qualified]
    below = below[below.index(last) + 1 :] if last in below else []
    pairs, error = pair_spread(measured)
    critical = dict(zip(pairs, error.criticals_micro, strict=True))
    at = {team: index for index, team in enumerate(measured.teams)}
    needed = []
    for team in below:
        first, second = at[str(last)], at[team]
        parts = _parts(measured, first, second)
        difference = (measured.totals[first] - measured.totals[second]) * POINT_UNIT
        needed.append(Needed(str(last), team, power_of(parts, difference, critical[first, second])))
    return tuple(needed)


def _parts(measured: Composite, first: int, second: int) -> list[tuple[str, int, Fraction]]:
    influences = iter(measured.influences)
    parts = []
    for pillar in measured.pillars:
        strata = [next(influences) for _ in pillar.source.strata]
        own = [variances(part[:, [first, second]], [(0, 1)])[0] for part in strata]
        clusters = sum(len(part) for part in strata)
        parts.append((pillar.source.pillar.id, clusters, sum(own, Fraction(0))))
    return parts
