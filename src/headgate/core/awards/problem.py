"""What an award decision is asked: pools, limits, floors and candidates, in whole blocks.

A *block* is the least thing a pool hands out (a node of eight GPUs). Pools differ in strength, so
limits and floors count *units*: blocks times the pool's weight. The worth of `x` blocks is

    score * weight * suitability * (min(x, blocks_min) + extra_worth * (x - blocks_min))

in milli-point units; the value of a list is the worth of its awards less the penalties of the
floors that it misses. `check.check` names every fault of a problem before anything is decided.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final

SCORE_MOST: Final = 100_000
"""A full score of 100 points, in milli-points."""


class LimitKind(Enum):
    """Why a limit exists, and so what its refusal is called.

    ENVELOPE a class of holders' share; CONCENTRATION the most that one organisation or group may
    hold; CAP any other ceiling that the policy states.
    """

    ENVELOPE = "envelope"
    CONCENTRATION = "concentration"
    CAP = "cap"


@dataclass(frozen=True, slots=True)
class Pool:
    """Like blocks at one place: `capacity` in blocks, `weight` in units that one block counts."""

    id: str
    capacity: int
    weight: int


@dataclass(frozen=True, slots=True)
class Option:
    """One way to serve a candidate: between `blocks_min` and `blocks_max` blocks of one pool.

    `suitability` is how much of a block's strength the candidate's work can use there; 1 is all.
    """

    pool: str
    blocks_min: int
    blocks_max: int
    suitability: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An application that passed every gate.

    `score` is in milli-points. At most one of the `options` is awarded; they stand in the order of
    the candidate's preference. `tags` say which limits and floors count it. `lot` is a hexadecimal
    draw by a published rule, different for each candidate; in a tie the smaller goes first.
    """

    application: str
    score: int
    options: tuple[Option, ...]
    tags: frozenset[str]
    lot: str


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` units to all candidates that carry `tag`."""

    id: str
    kind: LimitKind
    tag: str
    most: int


@dataclass(frozen=True, slots=True)
class Floor:
    """Units that candidates with `tag` should receive: `least`, or `share` of what `share_of` gets.

    A floor is soft: it can never make a call impossible. Each missing unit costs `penalty`
    milli-points, by default ten times a full score of 100, and the shortfall is reported.
    """

    id: str
    tag: str
    least: int = 0
    share: Fraction = Fraction(0)
    share_of: str = ""
    penalty: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything that an award list depends on.

    `extra_worth` is the worth of a block above a candidate's minimum (1 is the same), `gap` the
    part of the awards' worth by which a list may fall short of the proven bound, `partial` whether
    less than `blocks_max` may be awarded, `score_most` the highest score there is, and
    `smaller_first` whether the smaller request goes first among equals, before the lot.
    """

    pools: tuple[Pool, ...]
    limits: tuple[Limit, ...]
    floors: tuple[Floor, ...]
    candidates: tuple[Candidate, ...]
    extra_worth: Fraction = Fraction(1)
    gap: Fraction = Fraction(1, 1000)
    partial: bool = True
    score_most: int = SCORE_MOST
    smaller_first: bool = True
