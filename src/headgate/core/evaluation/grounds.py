"""What the numbers of a round rest on: its votes, its panels, and what would tell teams apart."""

from dataclasses import dataclass
from fractions import Fraction

from headgate.core.evaluation.composite import Composite
from headgate.core.evaluation.estimate import Standings
from headgate.core.evaluation.evidence import Evidence, Rating
from headgate.core.evaluation.power import Needed, needed_at_the_line
from headgate.core.evaluation.ranks import PPM
from headgate.core.evaluation.variance import VarianceShares, variance_shares
from headgate.core.evaluation.votes import Ballot
from headgate.core.policy.schema import PillarKind

_FULL = 10**6
"""Marks are compared in millionths of their scale."""


@dataclass(frozen=True, slots=True)
class PanelGrounds:
    """How far a panel agrees, and where the spread of its marks comes from.

    `alpha_ppm` is Krippendorff's for interval data, `shares` the parts of teams' work, of raters'
    harshness and of the rest; None where the marks cannot tell.
    """

    pillar: str
    raters: int
    marks: int
    alpha_ppm: int | None
    shares: VarianceShares | None


@dataclass(frozen=True, slots=True)
class Influence:
    """How much of the differences between teams a pillar makes, beside what its weight promises.

    `spread_ppm` is the pillar's share of the variance of the totals among the teams (its covariance
    with the total); a pillar on which all teams are alike has none, whatever it weighs.
    """

    pillar: str
    weight: int
    spread_ppm: int | None


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that is told of a round beside its standings."""

    influences: tuple[Influence, ...]
    ballots: tuple[Ballot, ...]
    panels: tuple[PanelGrounds, ...]
    needed: tuple[Needed, ...]


def grounds(measured: Composite, found: Standings, evidence: Evidence) -> Grounds:
    """The grounds of a round that is measured and has its standings."""
    panels = dict(found.panels)
    return Grounds(
        influences=_influences(measured),
        ballots=tuple(ballot for pillar in measured.pillars for ballot in pillar.source.ballots),
        panels=tuple(
            _panel(pillar.id, evidence.ratings[pillar.id], panels[pillar.id].alpha)
            for pillar in measured.method.pillars
            if pillar.kind in (PillarKind.EXPERTS, PillarKind.USERS)
        ),
        needed=needed_at_the_line(measured, found),
    )


def _panel(pillar: str, rows: tuple[Rating, ...], alpha: Fraction | None) -> PanelGrounds:
    marks = [
        (
            row.rater,
            row.subject(),
            round(Fraction(row.score * _FULL, row.scale_max)),
        )
        for row in rows
    ]
    return PanelGrounds(
        pillar,
        raters=len({row.rater for row in rows}),
        marks=len(rows),
        alpha_ppm=None if alpha is None else round(alpha * PPM),
        shares=variance_shares(marks),
    )


def _influences(measured: Composite) -> tuple[Influence, ...]:
    """The parts of the totals' variance, which add up to all of it."""
    teams = len(measured.teams)
    mean = sum(measured.totals, Fraction(0)) / teams
    whole = sum(((total - mean) ** 2 for total in measured.totals), Fraction(0))
    told = []
    for pillar in measured.pillars:
        pairs = zip(pillar.points, measured.totals, strict=True)
        part = sum((points * (total - mean) for points, total in pairs), Fraction(0))
        share = round(part / whole * PPM) if whole else None
        told.append(Influence(pillar.source.pillar.id, pillar.source.pillar.weight, share))
    return tuple(told)
