"""Strengths of teams from pairwise votes: Bradley and Terry's model, with errors by voter.

The chance that `first` is preferred to `second` is 1 / (1 + exp(-d)), d being the difference of
their strengths plus what the style of the two answers adds (Bradley and Terry 1952, Biometrika 39).
A tie is half a win for each: the score equations then balance the expected wins against those seen,
which needs no model of ties, and their errors come from the voters themselves and not from the
model: each voter is one cluster of a sandwich (White 1982, Econometrica 50), so that a voter who
votes a hundred times counts as one taste.

A team's share of full marks is the part of votes it would win against the other teams of the round,
each met equally often, at equal style: 1/2 is an average team, and the shares of a round have the
mean 1/2 whatever was voted. Strengths have no zero of their own, but this has.

Arithmetic: single IEEE operations and sums in the order of sorted rows, the exponential included,
so results are the same on every machine and for every order of rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from headgate.core.arrays import FloatArray, IntArray, np
from headgate.core.calls.harshness import is_flat, solve
from headgate.core.evaluation.arithmetic import (
    exponential,
    sum_in_order,
    sums_by,
    times_in_order,
)
from headgate.core.evaluation.evidence import Preferred, Vote
from headgate.core.evaluation.method import SIDE

STEPS_MOST: Final = 100
STEP_LONGEST: Final = 2.0
"""How far a strength may go in one step: Newton's method from equal strengths then settles."""

SETTLED: Final = 1e-9
"""A step under this is the last; as steps shrink quadratically, the next would be below 1e-15."""


@dataclass(frozen=True, slots=True, eq=False)
class Ballots:
    """Votes as columns: systems by index, `halves` is 2, 1 or 0 half wins of the first.

    `style` is (votes, styles): how much more of each style the first answer had.
    """

    first: IntArray
    second: IntArray
    halves: IntArray
    voter: IntArray
    style: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Strengths:
    """Log-strengths (systems,) with mean 0, what each style adds, and each voter's part in both.

    `strength_influence` is (voters, systems), `effect_influence` (voters, styles); `shares` are the
    expected parts of votes won, `share_influence` (voters, systems) what each voter adds to them.
    """

    strengths: FloatArray
    effects: FloatArray
    shares: FloatArray
    strength_influence: FloatArray
    effect_influence: FloatArray
    share_influence: FloatArray


@dataclass(frozen=True, slots=True)
class Measured:
    """A number in thousandths with its standard error, by voter."""

    name: str
    milli: int
    standard_error_milli: int


@dataclass(frozen=True, slots=True)
class Ballot:
    """What the votes on one task of a pillar say: counts, strengths of teams, and styles.

    `strengths` are log-odds against the average team, `effects` log-odds for an answer that has all
    of a style where the other has none, or that stood first.
    """

    pillar: str
    task: str
    votes: int
    ties: int
    first_preferred: int
    voters: int
    strengths: tuple[Measured, ...]
    effects: tuple[Measured, ...]


def counted(
    pillar: str, task: str, cast: Ballots, found: Strengths, names: Sequence[Sequence[str]]
) -> Ballot:
    """The counts and strengths of a fitted ballot; `names` are those of systems and styles."""
    systems, styles = names
    return Ballot(
        pillar,
        task,
        votes=len(cast.halves),
        ties=int((cast.halves == 1).sum()),
        first_preferred=int((cast.halves == 2).sum()),
        voters=len(np.unique(cast.voter)),
        strengths=_measured(systems, found.strengths, found.strength_influence),
        effects=_measured(styles, found.effects, found.effect_influence),
    )


def _measured(
    names: Sequence[str], values: FloatArray, influence: FloatArray
) -> tuple[Measured, ...]:
    voters = int((influence != 0.0).any(axis=1).sum())
    squares = [sum_in_order(column * column) for column in influence.T]
    widened = voters / max(1, voters - 1)
    return tuple(
        Measured(name, round(1_000 * float(value)), round(1_000 * (square * widened) ** 0.5))
        for name, value, square in zip(names, values, squares, strict=True)
    )


def ballots(
    votes: Collection[Vote],
    systems: Sequence[str],
    voters: Sequence[str],
    styles: Sequence[str] = (),
) -> Ballots:
    """Votes as columns, sorted; a style counts as (first - second) / (first + second)."""
    at = {system: index for index, system in enumerate(systems)}
    of = {voter: index for index, voter in enumerate(voters)}
    won = {Preferred.FIRST: 2, Preferred.TIE: 1, Preferred.SECOND: 0}
    size = len(votes)
    first = np.fromiter((at[vote.first] for vote in votes), np.int64, size)
    second = np.fromiter((at[vote.second] for vote in votes), np.int64, size)
    halves = np.fromiter((won[vote.preferred] for vote in votes), np.int64, size)
    voter = np.fromiter((of[vote.voter] for vote in votes), np.int64, size)
    style = np.array([_styles(vote, styles) for vote in votes]) if styles else np.zeros((size, 0))
    order = np.lexsort((*style.T, halves, second, first, voter))
    return Ballots(first[order], second[order], halves[order], voter[order], style[order])


def _styles(vote: Vote, styles: Sequence[str]) -> list[float]:
    had = {name: (first, second) for name, first, second in vote.style}
    pairs = [(1, 0) if name == SIDE else had[name] for name in styles]
    return [(one - two) / (one + two) if one + two else 0.0 for one, two in pairs]


def fit(cast: Ballots, systems: int) -> Strengths | None:
    """Strengths of a checked ballot; None where no strengths or no styles fit it best."""
    counted, seen, times = _tallied(cast, systems)
    styles = cast.style.shape[1]
    found = np.zeros(systems + styles)
    for _ in range(STEPS_MOST):
        expected = _expected(counted, found, systems)
        slope = _slope(counted, (seen - times * expected), systems)
        curve = _curve(counted, times * expected * (1.0 - expected), systems)
        if is_flat(curve):
            return None
        step = solve(curve, slope[1:, None])[:, 0]
        longest = float(np.abs(step).max())
        found[1:] += step * min(1.0, STEP_LONGEST / max(longest, SETTLED))
        if longest < SETTLED:
            return _strengths(cast, found, curve, systems)
    return None


def _tallied(cast: Ballots, systems: int) -> tuple[Ballots, FloatArray, FloatArray]:
    """The ballot as (rows, wins of the first, votes): rows of one pair are one without styles."""
    if cast.style.shape[1]:
        return cast, cast.halves / 2, np.ones(len(cast.halves))
    key = cast.first * systems + cast.second
    times = np.bincount(key, minlength=systems * systems)
    seen = np.bincount(key, weights=cast.halves, minlength=systems * systems) / 2
    met = np.flatnonzero(times)
    none = np.zeros(len(met), dtype=np.int64)
    rows = Ballots(met // systems, met % systems, none, none, np.zeros((len(met), 0)))
    return rows, seen[met], times[met].astype(np.float64)


def _expected(rows: Ballots, found: FloatArray, systems: int) -> FloatArray:
    """The chance that the first is preferred, for each row."""
    ahead = found[rows.first] - found[rows.second]
    for at in range(rows.style.shape[1]):
        ahead = ahead + rows.style[:, at] * found[systems + at]
    return 1.0 / (1.0 + exponential(-ahead))


def _slope(rows: Ballots, rest: FloatArray, systems: int) -> FloatArray:
    """Wins seen less wins expected, for each system and each style."""
    of_systems = sums_by(rows.first, rest, systems) - sums_by(rows.second, rest, systems)
    return np.concatenate([of_systems, [sum_in_order(rest * column) for column in rows.style.T]])


def _curve(rows: Ballots, weight: FloatArray, systems: int) -> FloatArray:
    """Minus the second derivative, the first system's strength held at 0."""
    styles = rows.style.shape[1]
    curve = np.zeros((systems + styles, systems + styles))
    pair = sums_by(rows.first * systems + rows.second, weight, systems * systems)
    met = pair.reshape(systems, systems)
    met = met + met.T
    curve[:systems, :systems] = -met
    for index in range(systems):
        curve[index, index] = sum_in_order(met[index])
    for at, column in enumerate(rows.style.T):
        moved = weight * column
        across = sums_by(rows.first, moved, systems) - sums_by(rows.second, moved, systems)
        curve[systems + at, :systems] = curve[:systems, systems + at] = across
        for other in range(styles):
            curve[systems + at, systems + other] = sum_in_order(moved * rows.style[:, other])
    return curve[1:, 1:]


def _strengths(cast: Ballots, found: FloatArray, curve: FloatArray, systems: int) -> Strengths:
    """The fit with every voter's influence: the voter's slope through the inverse of the curve."""
    styles = cast.style.shape[1]
    strengths = found[:systems] - sum_in_order(found[:systems]) / systems
    met = 1.0 / (1.0 + exponential(strengths[None, :] - strengths[:, None]))
    np.fill_diagonal(met, 0.0)
    shares = np.array([sum_in_order(row) for row in met]) / max(1, systems - 1)
    slopes = _by_voter(cast, cast.halves / 2 - _expected(cast, found, systems), systems)
    wanted = np.concatenate([_centring(systems, styles), _to_shares(met, styles)], axis=1)
    moved = times_in_order(slopes[:, 1:], solve(curve, wanted[1:]))
    ends = np.cumsum([systems, styles, systems])
    return Strengths(
        strengths,
        found[systems:],
        shares,
        moved[:, : ends[0]],
        moved[:, ends[0] : ends[1]],
        moved[:, ends[1] :],
    )


def _by_voter(cast: Ballots, rest: FloatArray, systems: int) -> FloatArray:
    """Each voter's part in the slope, (voters, systems + styles)."""
    voters = int(cast.voter.max()) + 1
    own = sums_by(cast.voter * systems + cast.first, rest, voters * systems)
    own -= sums_by(cast.voter * systems + cast.second, rest, voters * systems)
    of_styles = [sums_by(cast.voter, rest * column, voters) for column in cast.style.T]
    return np.column_stack([own.reshape(voters, systems), *of_styles])


def _centring(systems: int, styles: int) -> FloatArray:
    """How (strengths with mean 0, styles) move with (strengths, styles): as columns."""
    centred = np.eye(systems + styles)
    centred[:systems, :systems] -= 1.0 / systems
    return centred


def _to_shares(met: FloatArray, styles: int) -> FloatArray:
    """How shares move with (strengths, styles), as columns: at equal style, styles move none."""
    systems = len(met)
    slope = -met * (1.0 - met)
    np.fill_diagonal(slope, 0.0)
    for index in range(systems):
        slope[index, index] = -sum_in_order(slope[index])
    return np.concatenate([slope, np.zeros((styles, systems))]) / max(1, systems - 1)
