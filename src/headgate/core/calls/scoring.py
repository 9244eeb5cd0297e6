"""Step 2, second half: marks become scores, with the reviewers' harshness in the open.

A score is an exact number of milli-points of 100. Where the policy says so, a reviewer's harshness,
estimated from all they marked, is taken out; it is reported in either case.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import lcm
from operator import attrgetter
from typing import Final

from headgate.core.calls.application import Mark
from headgate.core.calls.harshness import Harshness, harshness
from headgate.core.policy.schema import Call
from headgate.core.quantities import half_even_part
from headgate.core.quick import quick

FULL_SCORE = 100_000
"""Milli-points of a perfect score."""

_ORDER: Final = attrgetter("application", "reviewer", "criterion", "points")


@dataclass(frozen=True, slots=True)
class Score:
    """One application's score in milli-points, raw and as used, and how many reviewers gave it."""

    application: str
    milli_points: int
    milli_points_raw: int
    reviewers: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of a call, the panel's harshness, and the sheets that could not be used."""

    scores: tuple[Score, ...]
    harshness: Harshness
    refused: tuple[str, ...]


def sheets(
    call: Call, marks: Iterable[Mark], applications: Container[str]
) -> tuple[dict[tuple[str, str], int], tuple[str, ...]]:
    """Weighted totals of some applications by (reviewer, application), and why any is refused.

    A sheet counts only when it has one mark on every criterion, each within its full marks; half a
    sheet would move the score towards whatever was left out, and of two marks none can be chosen.
    """
    given: dict[tuple[str, str], dict[str, int]] = {}
    twice: set[tuple[str, str]] = set()
    refused: list[tuple[Mark, str]] = []
    full = {criterion.id: criterion.full for criterion in call.criteria}
    about, by, sheet, counts = None, None, dict[str, int](), False
    for mark in marks:
        # The marks of a sheet mostly stand together, and then it is looked up once.
        if mark.application is not about or mark.reviewer is not by:
            about, by = mark.application, mark.reviewer
            counts = about in applications
            sheet = given.setdefault((by, about), {}) if counts else {}
        if not counts:
            continue
        criterion, points = mark.criterion, mark.points
        if not 0 <= points <= full.get(criterion, -1):
            refused.append((mark, "outside the criteria"))
        elif criterion in sheet:
            refused.append((mark, "marked twice"))
            twice.add((mark.reviewer, mark.application))
        else:
            sheet[criterion] = points
    worth, parts = _worth(call)
    totals = {
        key: half_even_part(sum([worth[name] * points for name, points in sheet.items()]), parts)
        for key, sheet in given.items()
        if len(sheet) == len(full) and key not in twice
    }
    halves = sorted(key for key, sheet in given.items() if len(sheet) < len(full))
    return totals, (*_told(refused), *(f"{a}/{r}: incomplete" for r, a in halves))


def _told(refused: Iterable[tuple[Mark, str]]) -> Iterator[str]:
    """Why marks are refused, in their order, whatever the order in which they came."""
    for mark, why in sorted(refused, key=lambda one: _ORDER(one[0])):
        yield f"{mark.application}/{mark.reviewer}/{mark.criterion}: {why}"


def _worth(call: Call) -> tuple[Mapping[str, int], int]:
    """What a point on each criterion is worth, in parts of a milli-point, and how many those are.

    Sheets are then added up in whole numbers: to add fractions takes several times as long.
    """
    common = lcm(*(criterion.full for criterion in call.criteria))
    parts = common * sum(criterion.weight for criterion in call.criteria)
    return {c.id: c.weight * FULL_SCORE * (common // c.full) for c in call.criteria}, parts


def score(call: Call, marks: Iterable[Mark], applications: Collection[str]) -> Scores:
    """Score the given applications from the panel's marks; one without a whole sheet scores 0."""
    totals, refused = sheets(call, marks, applications)
    fitted = harshness(
        [(reviewer, subject, total) for (reviewer, subject), total in totals.items()]
    )
    adjust = call.panel is not None and call.panel.adjust_harshness
    by_subject: dict[str, list[int]] = defaultdict(list)
    for (_, subject), total in totals.items():
        by_subject[subject].append(total)
    scores = []
    for subject in sorted(applications):
        given = by_subject.get(subject, [])
        raw = half_even_part(sum(given), len(given)) if given else 0
        used = fitted.adjusted.get(subject, raw) if adjust else raw
        used = min(max(used, 0), FULL_SCORE)
        scores.append(_score(subject, used, raw, len(given)))
    return Scores(tuple(scores), fitted, refused)


_score: Final = quick(Score)
