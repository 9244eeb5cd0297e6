"""A panel's harshness and agreement, for reviewers of applications and experts of a round alike.

score = subject + rater + rest, fitted by least squares over whoever rated what (Scheffe 1959, the
two-way layout without interaction). Where raters see different subjects, a raw mean carries the
harshness of whoever happened to look; a z-score for each rater would punish the one who met strong
subjects; the crossed model does neither, as long as raters and subjects hang together.

Arithmetic: sums of integers are exact, every other step is one IEEE operation or `math.fsum`, taken
in sorted order, so results are the same on every machine and for every order of rows.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from headgate.core.arrays import FloatArray, IntArray, np

PANEL_MOST: Final = 100
"""In a panel of more raters than this nobody looks for one who alone holds it together."""

FLATTEST: Final = 10**9
"""Others explain a diagonal entry where no more than one part in so many of it is left."""


@dataclass(frozen=True, slots=True)
class Offset:
    """How far a rater lies above (mild) or below (harsh) the panel, in the unit of the scores."""

    rater: str
    offset: int
    ratings: int


@dataclass(frozen=True, slots=True)
class Harshness:
    """A panel's offsets, every subject's score with them taken out, and the panel's agreement.

    Offsets weighted by ratings add up to nothing, so adjusting moves no panel's mean. `adjusted` is
    sorted by subject. `alpha` is Krippendorff's for interval data, None when nothing was rated
    twice or no two scores differ. When not `connected`, each part of the panel is adjusted by
    itself and scores of different parts cannot be compared.
    """

    offsets: tuple[Offset, ...]
    adjusted: Mapping[str, int]
    alpha: Fraction | None
    connected: bool


def harshness(rows: Iterable[tuple[str, str, int]]) -> Harshness:
    """Fit (rater, subject, score) rows, scores in milli-points; results in the same unit, rounded.

    A rater may rate a subject more than once; each row counts.
    """
    listed = list(rows)
    if not listed:
        return Harshness((), {}, None, connected=True)
    told, about, given = zip(*listed, strict=True)
    (raters, rater), (subjects, subject) = _numbered(told), _numbered(about)
    values = np.array(given, dtype=np.int64)
    order = np.lexsort((values, subject, rater))
    rater, subject, values = rater[order], subject[order], values[order]
    parts = _parts(raters, rater, subject)
    offsets: list[Offset] = []
    adjusted: dict[str, int] = {}
    for part in parts:
        mine = np.isin(rater, [at for at, name in enumerate(raters) if name in part])
        whose, of = np.unique(rater[mine], return_inverse=True)
        which, at = np.unique(subject[mine], return_inverse=True)
        by_rater, by_subject = _least_squares(of, at, values[mine].astype(np.float64))
        fitted = zip(whose.tolist(), _whole(by_rater), np.bincount(of).tolist(), strict=True)
        offsets += [Offset(raters[name], offset, ratings) for name, offset, ratings in fitted]
        names = [subjects[name] for name in which.tolist()]
        adjusted |= zip(names, _whole(by_subject), strict=True)
    return Harshness(
        offsets=tuple(sorted(offsets, key=lambda offset: offset.rater)),
        adjusted=dict(sorted(adjusted.items())),
        alpha=_interval_alpha(subject, values),
        connected=len(parts) < 2,
    )


def _numbered(names: Sequence[str]) -> tuple[list[str], IntArray]:
    """The names that there are in order, and the place among them of each that was given."""
    known = sorted(set(names))
    place = {name: at for at, name in enumerate(known)}
    return known, np.fromiter(map(place.__getitem__, names), np.int64, len(names))


def _parts(raters: Sequence[str], rater: IntArray, subject: IntArray) -> list[frozenset[str]]:
    """The raters of each part of a panel: whoever rated a subject is joined to its first rater."""
    first = np.zeros(int(subject.max()) + 1, dtype=np.int64)
    first[subject[::-1]] = rater[::-1]
    joined = np.unique(first[subject] * len(raters) + rater).tolist()
    pairs = (divmod(both, len(raters)) for both in joined)
    return groups((raters[one], raters[other]) for other, one in pairs)


def groups(edges: Iterable[tuple[str, str]]) -> list[frozenset[str]]:
    """Raters that can be compared, directly or through others: (rater, subject) edges joined.

    Each group is the raters of one connected component; groups are sorted by their first rater.
    """
    parent: dict[str, str] = {}
    first: dict[str, str] = {}

    def root(rater: str) -> str:
        while (above := parent[rater]) != rater:
            parent[rater] = rater = parent[above]
        return rater

    for rater, subject in edges:
        parent.setdefault(rater, rater)
        before = first.setdefault(subject, rater)
        if before != rater:
            parent[root(rater)] = root(before)
    joined: dict[str, set[str]] = defaultdict(set)
    for rater in list(parent):
        joined[root(rater)].add(rater)
    return sorted(map(frozenset, joined.values()), key=min)


def alone_between(edges: Collection[tuple[str, str]]) -> str:
    """A rater without whom a connected panel would fall apart; empty where there is none.

    What two parts have over each other then rests on one person, and nobody else tells how surely.
    """
    raters = sorted({rater for rater, _ in edges})
    if len(raters) > PANEL_MOST:
        return ""
    apart = (r for r in raters if len(groups(one for one in edges if one[0] != r)) > 1)
    return next(apart, "")


def _interval_alpha(subject: IntArray, values: IntArray) -> Fraction | None:
    """Krippendorff's alpha for interval data in closed form (Krippendorff 2011, section E).

    One minus the ratio of the disagreement within subjects to that among all paired scores.
    """
    listed = values[np.argsort(subject, kind="stable")].tolist()
    ends = pairwise([0, *np.cumsum(np.bincount(subject)).tolist()])
    paired = [listed[begin:end] for begin, end in ends if end - begin > 1]
    squares: dict[int, int] = defaultdict(int)
    for scores in paired:
        squares[len(scores) - 1] += _squares(scores)
    within = sum((Fraction(sum_, others) for others, sum_ in squares.items()), Fraction(0))
    everything = [score for scores in paired for score in scores]
    among = _squares(everything)
    if not among:
        return None
    return 1 - within * (len(everything) - 1) / among


def _squares(scores: Sequence[int]) -> int:
    """Half the sum of squared differences over all ordered pairs."""
    return len(scores) * sum([score * score for score in scores]) - sum(scores) ** 2


def _whole(values: FloatArray) -> list[int]:
    return [int(value) for value in np.rint(values).tolist()]


def _least_squares(
    rater: IntArray, subject: IntArray, values: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Offsets (raters,) and adjusted scores (subjects,) of one connected panel."""
    if rater.max() < subject.max():
        by_rater = _grounded_effects(rater, subject, values)
        by_subject = _means(subject, values - by_rater[rater])
    else:
        by_subject = _grounded_effects(subject, rater, values)
        by_rater = _means(rater, values - by_subject[subject])
    level = math.fsum(by_rater[rater]) / len(values)
    return by_rater - level, by_subject + level


@dataclass(frozen=True, slots=True, eq=False)
class PanelFit:
    """Adjusted scores (cells,) and what each rater contributes to each of them (raters, cells)."""

    adjusted: FloatArray
    influence: FloatArray


def fit_panel(rater: IntArray, cell: IntArray, values: FloatArray) -> PanelFit:
    """Fit a connected panel and tell each rater's part in it (the sandwich by rater).

    Indices count from 0 without gaps. Each column of `influence` adds up to 0 over the raters.
    """
    by_rater, by_cell = _least_squares(rater, cell, values)
    raters, cells = int(rater.max()) + 1, int(cell.max()) + 1
    rest = values - by_cell[cell] - by_rater[rater]
    score = _sums(cell * raters + rater, rest, cells * raters)
    moved = np.zeros((cells, raters))
    matrix = _normal_matrix(cell, rater)
    moved[1:] = _left_out(matrix, rater, cell, score.reshape(cells, raters))
    ratings, share = np.bincount(rater, minlength=raters), np.bincount(cell, minlength=cells)
    for index in range(raters):
        column = moved[:, index]
        level = math.fsum(share * column) / len(values)
        moved[:, index] = column - level + ratings[index] * by_rater[index] / len(values)
    return PanelFit(by_cell, np.ascontiguousarray(moved.T))


def _left_out(matrix: FloatArray, rater: IntArray, cell: IntArray, score: FloatArray) -> FloatArray:
    """What leaving each rater out moves all cells but the first by: (cells - 1, raters).

    The jackknife (Tukey 1958), scaled so that n/(n - 1) times the squares is its variance: raters
    who fitted their own offset to few marks would else look surer than they are. Where the panel
    falls apart without a rater, the derivative stands in for the difference.
    """
    raters = score.shape[1]
    moved = np.zeros((len(matrix) - 1, raters))
    for index in range(raters):
        counts = np.bincount(cell[rater == index], minlength=len(matrix))
        left = matrix - np.diag(counts) + np.outer(counts, counts) / counts.sum()
        if is_flat(left[1:, 1:]):
            left = matrix
        moved[:, index] = solve(left[1:, 1:], score[1:, [index]])[:, 0]
    moved *= (raters - 1) / raters
    level = np.array([math.fsum(row) for row in moved]) / raters
    centred: FloatArray = moved - level[:, None]
    return centred


def _sums(index: IntArray, values: FloatArray, size: int = 0) -> FloatArray:
    """Sums by index, added up in the order of the rows."""
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


def _means(index: IntArray, values: FloatArray) -> FloatArray:
    return _sums(index, values) / np.bincount(index)


def _grounded_effects(kept: IntArray, other: IntArray, values: FloatArray) -> FloatArray:
    """Effects of the kept side, its first set to 0, with the other side projected out."""
    centred = values - _means(other, values)[other]
    right = _sums(kept, centred)
    effects = np.zeros(len(right))
    effects[1:] = solve(_normal_matrix(kept, other)[1:, 1:], right[1:, None])[:, 0]
    return effects


def _normal_matrix(kept: IntArray, other: IntArray) -> FloatArray:
    """The Laplacian that joins kept effects whenever one of the other side met both."""
    size = int(kept.max()) + 1
    matrix = np.zeros((size, size))
    met, counts = np.unique(other * size + kept, return_counts=True)
    whose, index = np.divmod(met, size)
    ratings, several = np.bincount(other), np.bincount(whose)
    pairs = np.cumsum(several**2)
    for some in np.split(whose, np.flatnonzero(np.diff(pairs[whose] // _AT_ONCE)) + 1):
        part = slice(*np.searchsorted(whose, (some[0], some[-1] + 1)))
        _join(matrix, index[part], counts[part], some, ratings[some])
    return matrix


_AT_ONCE: Final = 2**14
"""Pairs that are joined at a time, which is some 1 MiB."""


def _join(
    matrix: FloatArray, index: IntArray, counts: IntArray, whose: IntArray, ratings: IntArray
) -> None:
    """Add what some of the other side say, each met by those of `index` so many times.

    Each entry of the matrix is added to in their order, as one after the other would do it, so that
    the last bit is theirs: of a diagonal entry first what is taken, then the count.
    """
    _, first, several = np.unique(whose, return_index=True, return_counts=True)
    each = np.repeat(several, several)
    one = np.repeat(np.arange(len(whose)), each)
    begins = np.repeat(np.cumsum(each) - each, each)
    two = np.repeat(np.repeat(first, several), each) + np.arange(len(one)) - begins
    taken = -(counts[one] * counts[two] / ratings[one])
    step = np.repeat(np.arange(len(one)), 1 + (one == two))
    added = np.diff(step, prepend=-1) == 0
    place = (index[one] * len(matrix) + index[two])[step]
    np.add.at(matrix.reshape(-1), place, np.where(added, counts[one][step], taken[step]))


def solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Gaussian elimination in single IEEE steps; a positive definite matrix needs no pivoting.

    LAPACK would be faster and would give other last bits on other machines.
    """
    size = len(matrix)
    both = np.concatenate([matrix, right], axis=1)
    for row in range(size):
        factors = both[row + 1 :, row] / both[row, row]
        both[row + 1 :, row:] -= factors[:, None] * both[row, row:]
    for row in range(size - 1, -1, -1):
        both[row, size:] /= both[row, row]
        both[:row, size:] -= both[:row, row][:, None] * both[row, size:]
    return both[:, size:]


def is_flat(curve: FloatArray) -> bool:
    """Whether an effect can be made up from others, so that nothing tells them apart.

    What elimination leaves of each diagonal entry is compared with the entry.
    """
    left = curve.copy()
    for row in range(len(left)):
        if not left[row, row] * FLATTEST > curve[row, row]:
            return True
        factors = left[row + 1 :, row] / left[row, row]
        left[row + 1 :, row:] -= factors[:, None] * left[row, row:]
    return False
