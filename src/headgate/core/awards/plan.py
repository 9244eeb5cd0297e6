"""The values of an award decision: what a solver proposes, and the plan that the rules settle."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from headgate.core.awards.certificate import Prices
from headgate.core.awards.reasons import Reason
from headgate.core.faults import Fault


@dataclass(frozen=True, slots=True)
class Proposal:
    """A list by a solver: (application, pool, blocks) of each award.

    `bound` is a value that the solver says no list exceeds, `value` that of this list, both scaled
    (see `Plan.scale`). `prices` let anyone prove a bound without the solver.
    """

    blocks: tuple[tuple[str, str, int], ...]
    bound: int
    value: int
    solver: str
    prices: Prices


class ProposalFault(Enum):
    """Why a proposal is refused."""

    PROBLEM_FAULTY = "problem-faulty"
    PRICES_COUNT = "prices-count"
    UNKNOWN_APPLICATION = "unknown-application"
    AWARDED_TWICE = "awarded-twice"
    POOL_NOT_ASKED = "pool-not-asked"
    BLOCKS_NOT_ASKED = "blocks-not-asked"
    POOL_EXCEEDED = "pool-exceeded"
    LIMIT_EXCEEDED = "limit-exceeded"
    VALUE_MISSTATED = "value-misstated"
    BOUND_FALSE = "bound-false"
    GAP_MISSED = "gap-missed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """No plan: all faults of the proposal, or of the problem itself."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Award:
    """`blocks` of `pool` to an application that asked for `blocks_asked` there; worth is scaled."""

    application: str
    pool: str
    blocks: int
    blocks_asked: int
    worth: int


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Units by which a floor is missed, rounded up to whole units; 0 when it is met."""

    floor: str
    units: int


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The lowest score, in milli-points, that a pool or limit which turned someone away awarded."""

    rule: str
    score: int


@dataclass(frozen=True, slots=True)
class Standby:
    """Who waits for a pool under an envelope ("" when none counts them), first in line first."""

    envelope: str
    pool: str
    applications: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The award list with everything needed to defend it.

    Awards stand in published order, reasons too, one for every candidate. `value`, `bound` and
    `bound_proved` are scaled: divided by `scale` they are milli-point units. `bound` is the least
    of the solver's and the proved one; `gap_reached` relates what is missing to it to the worth of
    the awards, `gap_proved` the same for what anyone can check.
    """

    awards: tuple[Award, ...]
    scale: int
    value: int
    bound: int
    bound_proved: int
    gap_reached: Fraction
    gap_proved: Fraction
    floors: tuple[Shortfall, ...]
    cutoffs: tuple[Cutoff, ...]
    reasons: tuple[Reason, ...]
    standby: tuple[Standby, ...]
    solver: str
