"""How sure an award list is: the list made again and again from the sheets, drawn anew.

Each application's score is a mean of few sheets, so other reviewers would have given another one.
The sheets, each with its reviewer's harshness taken out where the policy says so, are drawn again
with replacement, one fewer than there are, which gives the mean its unbiased variance (Rao and Wu
1988, Journal of the American Statistical Association 83, 231-241). Every rule of the call is then
applied as it stands. Nothing here decides; the draws come from a seed that the page states.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Final

from headgate.core.arrays import np
from headgate.core.awards.plan import Plan
from headgate.core.awards.settle import settle
from headgate.core.awards.solve import propose
from headgate.core.calls.application import Application, Mark
from headgate.core.calls.harshness import harshness
from headgate.core.calls.scoring import FULL_SCORE, sheets
from headgate.core.policy.schema import Call
from headgate.core.quantities import half_even
from headgate.site.desk.office import CallNow
from headgate.site.desk.remembered import Read, remembered
from headgate.site.portal.lists import PAGE_ROWS
from headgate.steps.called import call_of
from headgate.steps.calls import Screened, field_of, screen_call
from headgate.steps.problem import problem_of
from headgate.steps.term import Term

DRAWS_MOST: Final = 200
WORK_MOST: Final = 8_000
"""Applications times draws: what a page may take; large calls are drawn less often."""


@dataclass(frozen=True, slots=True)
class Sure:
    """How often an application was awarded, and how its drawn scores spread (milli-points)."""

    application: str
    awarded_per_mille: int
    low: int
    high: int

    @property
    def is_close(self) -> bool:
        """Whether it is awarded in some draws and not in others."""
        return 0 < self.awarded_per_mille < 1000


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How sure a list is: each application that has sheets, those in doubt first, how many they
    are, the draws, and the seed they came from.
    """

    lines: tuple[Sure, ...]
    doubtful: int
    draws: int
    seed: int


def sensitivity(rules: CallNow, now: datetime) -> Sensitivity:
    """How sure the list of a call is now; raises `Refused` where there is no list yet.

    It is drawn again only when something has moved since it was.
    """
    (found,) = remembered(rules, now, {"drawn": drawn_now})
    drawn: Sensitivity = found
    return drawn


def first_drawn(read: Read) -> Sensitivity:
    """The same with as many lines as a page has."""
    found = drawn_now(read)
    return replace(found, lines=found.lines[:PAGE_ROWS])


def drawn_now(read: Read) -> Sensitivity:
    """The same drawn from what was read of a call."""
    before, desk, call = read.term, read.desk, read.rules.id
    received = before.facts[f"applications/{call}"].values
    names = [one.id for one in received if isinstance(one, Application)]
    term, screened = screen_call(before, call, desk.gate_findings(call, names))
    return drawn(term, screened, desk.marks(call, screened.eligible))


def drawn(term: Term, screened: Screened, marks: Sequence[Mark]) -> Sensitivity:
    """The lists of a call that is screened, with its sheets drawn again."""
    call = call_of(term, screened.call)
    given = _sheets(call, marks, screened)
    draws = max(1, min(DRAWS_MOST, WORK_MOST // max(1, len(screened.holders))))
    seed = int.from_bytes(term.root()[:4])
    generator = np.random.default_rng(seed)
    scores: dict[str, list[int]] = {name: [] for name in given}
    won = dict.fromkeys(given, 0)
    for _ in range(draws):
        means = dict(_means(given, generator))
        for name in _winners(term, call, screened, means):
            won[name] = won.get(name, 0) + 1
        for name, mean in means.items():
            scores[name].append(mean)
    lines = [Sure(name, won[name] * 1000 // draws, *_spread(scores[name])) for name in given]
    lines.sort(key=lambda one: (not one.is_close, -one.awarded_per_mille, one.application))
    return Sensitivity(tuple(lines), sum(one.is_close for one in lines), draws, seed)


def _sheets(call: Call, marks: Sequence[Mark], screened: Screened) -> dict[str, list[int]]:
    """Totals of the sheets by application, harshness taken out where the policy says so."""
    totals, _refused = sheets(call, marks, screened.holders)
    fitted = harshness([(rater, name, total) for (rater, name), total in totals.items()])
    adjust = call.panel is not None and call.panel.adjust_harshness
    offsets = {one.rater: one.offset if adjust else 0 for one in fitted.offsets}
    found: dict[str, list[int]] = {}
    for (rater, name), total in sorted(totals.items()):
        found.setdefault(name, []).append(total - offsets[rater])
    return found


def _means(
    given: Mapping[str, Sequence[int]], generator: "np.random.Generator"
) -> Iterator[tuple[str, int]]:
    """One score for each application, of one sheet fewer than it has, drawn with replacement."""
    for name, totals in given.items():
        count = max(1, len(totals) - 1)
        picked = [totals[place] for place in generator.integers(len(totals), size=count)]
        mean = half_even(Fraction(sum(picked), count))
        yield name, min(max(mean, 0), FULL_SCORE)


def _winners(term: Term, call: Call, screened: Screened, means: Mapping[str, int]) -> list[str]:
    """Who would be awarded on these scores."""
    scores = {name: means.get(name, 0) for name in screened.holders}
    seen = frozenset(means if call.criteria else screened.holders)
    _places, field = field_of(call, screened, scores, seen)
    problem = problem_of(term, field)
    plan = settle(problem, propose(problem))
    return [award.application for award in plan.awards] if isinstance(plan, Plan) else []


def _spread(scores: Sequence[int]) -> tuple[int, int]:
    """The middle nine tenths of the drawn scores."""
    ordered = sorted(scores)
    cut = len(ordered) // 20
    return ordered[cut], ordered[-1 - cut]
