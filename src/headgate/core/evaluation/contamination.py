"""A screen for items that a model may have seen: it asks for a hearing and never cuts anybody.

Next to the other teams, a model that saw old items does worse on those that became known after its
training ended. The difference is tested one-sided with errors by cluster, corrected by Holm (1979,
Scand. J. Stat. 6) for all that were screened. Newer items may simply be of another kind, which is
why a flag is a question to the team and no finding against it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from statistics import NormalDist
from typing import Final

from headgate.core.evaluation.evidence import ItemScore
from headgate.core.evaluation.method import FULL_MARKS

ITEMS_LEAST: Final = 60
"""Fewer items on one side of the date say nothing."""

LEVEL: Final = Fraction(1, 20)
"""How likely it may be that any team is asked to a hearing though no item was seen."""

_POINTS_MILLI: Final = Fraction(100_000, FULL_MARKS)
Marks = list[tuple[str, Fraction]]
"""The cluster of each item, and what the team has there beyond the mean of all teams."""


@dataclass(frozen=True, slots=True)
class Screened:
    """One team on one pillar: items known before its training ended and after it.

    `points_milli` is how much better it does on the later ones, next to the others, in thousandths
    of a point of 100, and `z_milli` that in thousandths of its standard error. `hearing` is None
    where there are too few items to say anything.
    """

    pillar: str
    team: str
    known: int
    fresh: int
    points_milli: int | None = None
    z_milli: int | None = None
    hearing: bool | None = None


def screened(
    items: Mapping[str, Iterable[ItemScore]], trained_until: Mapping[str, date]
) -> tuple[Screened, ...]:
    """Screen every team whose training's end is stated on every pillar whose items have dates.

    Rows are checked ones; items of common pillars, so that there is a mean of all teams.
    """
    found = [
        _one(pillar, team, *sides)
        for pillar, rows in sorted(items.items())
        for team, sides in _sides(rows, trained_until)
    ]
    tested = sorted((one for one in found if one.z_milli is not None), key=_z)
    flagged: set[tuple[str, str]] = set()
    for at, one in enumerate(tested):
        if _z(one) >= -_critical_milli(LEVEL / (len(tested) - at)):
            break
        flagged.add((one.pillar, one.team))
    return tuple(
        one if one.z_milli is None else replace(one, hearing=(one.pillar, one.team) in flagged)
        for one in found
    )


def _z(one: Screened) -> int:
    return one.z_milli or 0


def _critical_milli(level: Fraction) -> int:
    """The deviate, in thousandths, that the normal passes with this chance."""
    return round(1_000 * NormalDist().inv_cdf(float(1 - level)))


def _sides(
    rows: Iterable[ItemScore], trained_until: Mapping[str, date]
) -> Iterable[tuple[str, tuple[Marks, Marks]]]:
    """For each team that states a date: its items known by then, and those that are fresh."""
    attempts: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    places: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        if row.date:
            attempts[row.task, row.item][row.team].append(row.score)
            places[row.task, row.item] = (f"{row.task}\n{row.cluster}", row.date)
    teams = sorted({team for by_team in attempts.values() for team in by_team})
    sides: dict[str, tuple[Marks, Marks]] = {t: ([], []) for t in teams if t in trained_until}
    for item, by_team in sorted(attempts.items()):
        means = {team: Fraction(sum(own), len(own)) for team, own in by_team.items()}
        middle = sum(means.values(), Fraction(0)) / len(means)
        cluster, day = places[item]
        for team in (team for team in sides if team in means):
            fresh = date.fromisoformat(day) > trained_until[team]
            sides[team][fresh].append((cluster, means[team] - middle))
    return sides.items()


def _one(pillar: str, team: str, known: Marks, fresh: Marks) -> Screened:
    none = Screened(pillar, team, len(known), len(fresh))
    if min(len(known), len(fresh)) < ITEMS_LEAST:
        return none
    (before, error_before), (after, error_after) = map(_mean_and_variance, (known, fresh))
    variance = error_before + error_after
    if not variance:
        return none
    ahead = after - before
    size = math.isqrt(int(10**6 * ahead * ahead / variance))
    points = round(ahead * _POINTS_MILLI)
    return replace(none, points_milli=points, z_milli=size if ahead > 0 else -size)


def _mean_and_variance(marks: Sequence[tuple[str, Fraction]]) -> tuple[Fraction, Fraction]:
    """The mean of one side, and its variance by cluster."""
    mean = sum((value for _, value in marks), Fraction(0)) / len(marks)
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for cluster, value in marks:
        sums[cluster] += value - mean
    return mean, sum((own * own for own in sums.values()), Fraction(0)) / len(marks) ** 2
