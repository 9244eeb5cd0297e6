"""Synthetic reviewers: who marks what, how harshly, what they find on gates, and who declines.

Every application has a latent quality, every reviewer a latent leniency; a mark is their sum and
some noise, so that a fair method has something to find. Reviewers work for organisations that
apply, as in a small country they do, and never mark an application in which theirs has a part.

An application's marks are drawn by its id and its reviewers', so that they stay as they are whoever
else applies, but where a reviewer of its panel is no longer there or works for somebody else.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from headgate.core import canonical
from headgate.core.calls.application import Application, GateFinding, Mark
from headgate.core.policy.schema import Call
from headgate.simulation.draws import PER_MILLE, Draws

_LEAST, _MOST = 3, 7
_APPLICATIONS_EACH = 12
_QUALITY, _QUALITY_SPREAD = 660, 330
_HARSHNESS_SPREAD = 130
_CRITERION_SPREAD = 120
_NOISE_SPREAD = 110
_FAILED_ONE_IN = 50
_REMARK_PER_MILLE = 100
_DECLINED_ONE_IN = 40


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One reviewer, the organisation they work for, and how far their marks lie above the others'.

    `leniency` is in thousandths of full marks; it is the world's secret and no method sees it.
    """

    id: str
    organisation: str
    leniency: int


def reviewers(call: Call, applications: Sequence[Application], seed: str) -> tuple[Reviewer, ...]:
    """The pool of a call's reviewers, one or two dozen applications for each, but three panels.

    Pools are powers of two, so that a few applications more seldom bring anybody new to a panel.
    Each stands somewhere on a ring of organisations and works for the next on it (consistent
    hashing, Karger et al., STOC 1997): one that does not apply gives its reviewers to one other.
    """
    employers = {employer for application in applications for employer in _involved(application)}
    ring = sorted((Draws(seed, "employer", each).word(), each) for each in employers)
    _, most = _range(call)
    doublings = (len(applications) * most // _APPLICATIONS_EACH).bit_length() - 1
    wanted = max(3 * most, 1 << max(doublings, 0))
    found = []
    for number in range(1, wanted + 1 if ring else 1):
        draws = Draws(seed, "reviewer", number)
        _, employer = ring[bisect(ring, (draws.word(), "")) % len(ring)]
        found.append(Reviewer(f"REV-{number:03d}", employer, draws.bell(2 * _HARSHNESS_SPREAD)))
    return tuple(found)


def _involved(application: Application) -> set[str]:
    """The organisations that have a part in an application."""
    return {one.id for one in (application.applicant, *application.members)}


def marks(call: Call, applications: Sequence[Application], seed: str) -> tuple[Mark, ...]:
    """Every reviewer's marks on every criterion, sorted; none where the call has no criteria."""
    pool = reviewers(call, applications, seed)
    given = (
        mark for application in applications for mark in _sheets(call, application, pool, seed)
    )
    return tuple(sorted(given, key=lambda m: (m.application, m.reviewer, m.criterion)))


def _range(call: Call) -> tuple[int, int]:
    """How many review one application."""
    return (call.panel.least, call.panel.most) if call.panel else (_LEAST, _MOST)


def _sheets(
    call: Call, application: Application, pool: Sequence[Reviewer], seed: str
) -> Iterator[Mark]:
    draws = Draws(seed, "quality", application.id)
    quality = _QUALITY + draws.bell(_QUALITY_SPREAD * 2)
    strengths = [quality + draws.of(each.id).bell(_CRITERION_SPREAD) for each in call.criteria]
    for reviewer in _assigned(call, application, pool, seed):
        noise = Draws(seed, "mark", application.id, reviewer.id)
        for criterion, strength in zip(call.criteria, strengths, strict=True):
            share = strength + reviewer.leniency + noise.of(criterion.id).bell(_NOISE_SPREAD * 2)
            share = min(max(share, 0), PER_MILLE)
            points = (2 * share * criterion.full + PER_MILLE) // (2 * PER_MILLE)
            yield Mark(application.id, criterion.id, reviewer.id, points)


def _assigned(
    call: Call, application: Application, pool: Sequence[Reviewer], seed: str
) -> list[Reviewer]:
    """Those who review an application, by lot; who has a part in it is passed over."""
    draws, involved = Draws(seed, "panel", application.id), _involved(application)
    free = sum(reviewer.organisation not in involved for reviewer in pool)
    wanted, chosen = min(draws.between(*_range(call)), free), dict[str, Reviewer]()
    lots = (draws.of(place) for place in count(1))
    while len(chosen) < wanted:
        reviewer = next(lots).pick(pool)
        if reviewer.organisation not in involved:
            chosen[reviewer.id] = reviewer
    return list(chosen.values())


def gate_findings(call: Call, subjects: Sequence[str], seed: str) -> tuple[GateFinding, ...]:
    """What was found on each gate of a call: one subject in 50 fails the first, after a reply."""
    order = Draws(seed, "gates").ranked(subjects)
    failing = set(order[: len(order) // _FAILED_ONE_IN])
    return tuple(
        finding(gate.id, subject, seed, passed=place > 0 or subject not in failing)
        for subject in sorted(subjects)
        for place, gate in enumerate(call.gates)
    )


def finding(gate: str, subject: str, seed: str, *, passed: bool) -> GateFinding:
    """One synthetic finding, with digests of synthetic documents; one pass in ten has a remark."""
    names = ("synthetic evidence", "synthetic finding") if passed else (
        "synthetic evidence", "synthetic reply", "synthetic finding"
    )  # fmt: skip
    evidence = tuple(
        canonical.digest(canonical.line([name, gate, subject, seed])) for name in names
    )
    if not passed:
        return GateFinding(subject, gate, False, "synthetic: does not hold", evidence, True)
    remarked = Draws(seed, "remark", gate, subject).chance(_REMARK_PER_MILLE)
    remark = "synthetic: holds, with a remark" if remarked else ""
    return GateFinding(subject, gate, True, remark, evidence, False)


def declines(awarded: Sequence[str], seed: str) -> tuple[str, ...]:
    """Who gives the award up: one winner in 40, as winners of such calls were reported to do."""
    order = Draws(seed, "declines").ranked(awarded)
    return tuple(sorted(order[: len(order) // _DECLINED_ONE_IN]))
