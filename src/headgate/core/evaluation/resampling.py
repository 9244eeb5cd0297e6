"""The joint draw: one draw of item clusters, experts and users in each replicate, for all teams.

A stratum holds clusters that could have been others (the problems of a task, a panel's raters) and
the influence each has on every system's share of full marks. A replicate draws n - 1 of the n
clusters with replacement and moves each system by n/(n-1) times the drawn influences: the rescaled
bootstrap of Rao and Wu (1988, JASA 83) on the linearised statistic. Its variance is the clustered
sandwich one, for small panels too, and nothing is ever divided by an empty draw. All systems
meet the same draw, so their differences are paired.

Exactness: influences and counts are integers, and their float64 matrix product is exact below 2**53
whatever the order of summation; the other float steps are single IEEE operations. Draws come from
PCG64's raw 64-bit stream, which numpy guarantees, and not from its distributions, which it may
change.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from statistics import NormalDist

from headgate.core.arrays import FloatArray, IntArray, np
from headgate.core.evaluation.arithmetic import times_in_order

MICRO = 1_000_000

SHARE_UNIT = 10**10
"""One share of full marks in the unit of influences; times a pillar's weight, one point."""

EXACT_MAX = 2**53
"""Integers of at most this size are exact in float64 (IEEE 754)."""

CELLS_AT_ONCE = 2**15
"""Drawn counts held at once: 256 KiB, so that counting stays in a processor's cache."""

LIMB_BITS = 22
"""Integers are multiplied in two limbs of this size: below 2**44 each, that is 1,700 points."""

ROWS_AT_ONCE = 2**16
"""So many products of two limbs add up within an int64, with three bits to spare."""


CLUSTERS_MANY = 100
"""Of more clusters than this, Student's t differs from the normal by less than a round's noise."""

FREEDOM_FEW_MILLI = 20_000
"""Below so many thousandths of degrees of freedom, correlations are not counted on: drawn panels of
6, 10 and 20 raters held in 90.5, 93.1 and 94.8 % with them, in 94.6, 95.1 and 96.1 % without."""

CLUSTERS_FEW = 20
"""Of so many clusters or fewer, places are drawn from Student's t and not from the normal."""

DEVIATES = 2**16
"""Equally likely normal deviates: a draw is one of them, told by 16 bits of the raw stream."""


@dataclass(frozen=True, slots=True, eq=False)
class Stratum:
    """Clusters drawn together; `influence` is (clusters, systems) in SHARE_UNIT.

    `freedoms_milli`, where few marks tell of them, are the most thousandths of degrees of freedom
    that there are for what each system has over each (systems, systems), and for its own.
    """

    label: str
    influence: IntArray
    freedoms_milli: IntArray | None = None

    def is_exact(self) -> bool:
        """Whether any draw of its clusters stays below the bound of exact float64."""
        return len(self.influence) * int(np.abs(self.influence).max()) < EXACT_MAX


def drawn_deltas(stratum: Stratum, replicates: int, seed: str) -> IntArray:
    """What each replicate's draw moves each system by: (replicates, systems) in SHARE_UNIT.

    `seed` is a hexadecimal digest; each stratum has a stream of its own, named by its label, so
    that adding a pillar does not change another's draws.
    """
    clusters, systems = stratum.influence.shape
    stream = _stream(f"{seed}\n{stratum.label}")
    influence = stratum.influence.astype(np.float64)
    scale = clusters / (clusters - 1)
    deltas = np.empty((replicates, systems), dtype=np.int64)
    at_once = max(1, CELLS_AT_ONCE // clusters)
    for start in range(0, replicates, at_once):
        count = min(at_once, replicates - start)
        moved = _counts(stream, count, clusters) @ influence
        deltas[start : start + count] = np.rint(moved * scale).astype(np.int64)
    return deltas


def freedom_least(influence: IntArray, few_milli: IntArray | None) -> int | None:
    """Whole degrees of freedom of the pair of systems that has fewest; None where they are many.

    `influence` is a stratum's, `few_milli` its `freedoms_milli` for the same systems.
    """
    clusters, systems = influence.shape
    if clusters > CLUSTERS_FEW:
        return None
    pairs = [pair for pair in combinations(range(systems), 2) if _differ(influence, pair)]
    return int(min(freedoms(influence, few_milli, pairs), default=clusters - 1))


def _differ(influence: IntArray, pair: tuple[int, int]) -> bool:
    return bool((influence[:, pair[0]] != influence[:, pair[1]]).any())


def student_deltas(stratum: Stratum, freedom: int, replicates: int, seed: str) -> IntArray:
    """Like `drawn_deltas` where clusters are few: (replicates, systems), of Student's t.

    Three raters drawn anew stray no further than their own marks, and say "certain" where they
    cannot know. What a panel of normal marks leaves open is Student's t (Gosset 1908, Biometrika
    6): each cluster's influence times a normal deviate, and the whole over the root of a chi-square
    of `freedom` per degree, one for all systems, so that their differences stay paired.
    """
    clusters = len(stratum.influence)
    stream = _stream(f"{seed}\n{stratum.label}\nplaces")
    drawn = _deviates(stream, replicates, clusters + freedom)
    squares = (drawn[:, clusters:] ** 2).sum(axis=1)
    scale = np.sqrt(squares * (clusters - 1) / (freedom * clusters))
    influence = stratum.influence.astype(np.float64)
    moved = times_in_order(drawn[:, :clusters].astype(np.float64), influence) / scale[:, None]
    deltas: IntArray = np.rint(moved).astype(np.int64)
    return deltas


# numpy loads its draws when somebody first names them, 2 MiB that most processes never need: what
# takes a stream says so as text.
def _deviates(stream: "np.random.PCG64", replicates: int, each: int) -> IntArray:
    """Normal deviates in millionths, (replicates, each), four from each raw 64-bit number."""
    raw = stream.random_raw((replicates, (each + 3) // 4))
    parts = [(raw >> np.uint64(16 * at)) & np.uint64(DEVIATES - 1) for at in range(4)]
    table: IntArray = _deviates_told()
    return table[np.stack(parts, axis=2).reshape(replicates, -1)[:, :each]]


@lru_cache(maxsize=1)
def _deviates_told() -> IntArray:
    """The normal deviate in the middle of each of DEVIATES equally likely parts, in millionths."""
    normal, half = NormalDist(), range(DEVIATES // 2)
    below = [round(MICRO * normal.inv_cdf((2 * at + 1) / (2 * DEVIATES))) for at in half]
    return np.array([*below, *(-value for value in reversed(below))], dtype=np.int64)


def _stream(name: str) -> "np.random.PCG64":
    return np.random.PCG64(int(hashlib.sha256(name.encode()).hexdigest(), 16))


def _counts(stream: "np.random.PCG64", replicates: int, clusters: int) -> FloatArray:
    """How often each cluster is drawn: (replicates, clusters), each row adding up to n - 1.

    Each raw 64-bit number gives two draws, by its high and its low half; a half h means cluster
    h * n >> 32, which favours no cluster by more than n / 2**32. When n - 1 is odd, a replicate
    leaves its last low half unused.
    """
    draws = clusters - 1
    raw = stream.random_raw((replicates, (draws + 1) // 2))
    first = np.arange(replicates, dtype=np.uint64)[:, None] * np.uint64(clusters)
    counts = np.zeros((replicates, clusters))
    for halves in (raw >> np.uint64(32), (raw & np.uint64(0xFFFF_FFFF))[:, : draws // 2]):
        cells = ((halves * np.uint64(clusters)) >> np.uint64(32)) + first
        found = np.bincount(cells.view(np.int64).ravel(), minlength=counts.size)
        counts += found.reshape(counts.shape)
    return counts


@dataclass(frozen=True, slots=True)
class Spread:
    """What chance does to each of several columns, in the unit of the draws.

    `standard_errors` come from the draws and `closed_forms` from the influences, as a check.
    `criticals_micro` are the millionths of a standard error that an interval reaches to each side
    so that all columns' intervals hold at once.
    """

    standard_errors: tuple[int, ...]
    closed_forms: tuple[int, ...]
    criticals_micro: tuple[int, ...]

    def reach(self, column: int) -> Fraction:
        """Half the width of a column's interval."""
        return Fraction(self.criticals_micro[column] * self.standard_errors[column], MICRO)


Contrast = tuple[int, int | None]
"""A column, or what a column has over another: (column, other)."""


def spread(
    deviations: IntArray,
    influences: Sequence[IntArray],
    confidence: Fraction,
    contrasts: Sequence[Contrast] = (),
    few: Sequence[IntArray | None] = (),
) -> Spread:
    """Simultaneous intervals of columns, from draws (replicates, columns) less their estimates.

    With `contrasts` the intervals are theirs, otherwise those of the columns themselves. The shared
    critical value is of the max type: in the share `confidence` of the replicates no contrast
    strays further (Romano and Wolf 2005, JASA 100), which pays for picking a pair after seeing the
    data. Each one's own is then widened from the normal to Student's t, because a panel of ten does
    not know its error exactly: `influences` (clusters, columns), one for each stratum, tell how
    many degrees of freedom it has. Where those are few, each contrast's error is mistaken in a way
    of its own, so that contrasts fail more apart than their moves are: no correlation is counted on
    there (Sidak 1967, JASA 62). What never moves reaches 0. `few` has each stratum's
    `freedoms_milli`.
    """
    replicates = len(deviations)
    contrasts = contrasts or [(column, None) for column in range(deviations.shape[1])]
    products = cross_products(deviations)
    errors = tuple(math.isqrt(_square(products, each) // replicates) for each in contrasts)
    shared = _shared_micro(deviations, contrasts, errors, confidence)
    strata = [variances(influence, contrasts) for influence in influences]
    most = few or [None] * len(influences)
    free = [freedoms(*one, contrasts) for one in zip(influences, most, strict=True)]
    pairs = zip(zip(*strata, strict=True), zip(*free, strict=True), strict=True)
    few_milli = [_freedom_milli(column, own) for column, own in pairs]
    apart = max(shared, _apart_micro(confidence, len(contrasts))) if shared else 0
    return Spread(
        errors,
        tuple(math.isqrt(int(sum(column))) for column in zip(*strata, strict=True)),
        tuple(
            widened_micro(apart if few is not None and few < FREEDOM_FEW_MILLI else shared, few)
            for few in few_milli
        ),
    )


def _shared_micro(
    deviations: IntArray,
    contrasts: Sequence[Contrast],
    errors: Sequence[int],
    confidence: Fraction,
) -> int:
    """How many millionths of its error the furthest contrast strays, in the share of replicates."""
    columns = np.ascontiguousarray(deviations.T)
    replicates = len(deviations)
    furthest = np.zeros(replicates)
    for (column, other), error in zip(contrasts, errors, strict=True):
        if error:
            moved = columns[column] if other is None else columns[column] - columns[other]
            np.maximum(furthest, np.abs(moved) / float(error), out=furthest)
    place = min(math.ceil(confidence * (replicates + 1)), replicates)
    return int(np.rint(np.sort(furthest)[place - 1] * MICRO))


def _apart_micro(confidence: Fraction, contrasts: int) -> int:
    """The normal deviate at which so many contrasts hold together without any correlation."""
    each = float(confidence) ** (1 / contrasts)
    return round(MICRO * NormalDist().inv_cdf((1 + each) / 2))


def cross_products(columns: IntArray) -> list[list[int]]:
    """Exact sums of products of each column with each, as integers of any size."""
    width = columns.shape[1]
    sums = [[0] * width for _ in range(width)]
    for start in range(0, len(columns), ROWS_AT_ONCE):
        part = np.ascontiguousarray(columns[start : start + ROWS_AT_ONCE].T)
        high, low = part >> LIMB_BITS, part & (2**LIMB_BITS - 1)
        for row in range(width):
            limbs = (
                (high[row:] @ high[row]).tolist(),
                (high[row:] @ low[row] + low[row:] @ high[row]).tolist(),
                (low[row:] @ low[row]).tolist(),
            )
            for at, (top, middle, bottom) in enumerate(zip(*limbs, strict=True), row):
                sums[row][at] += (((top << LIMB_BITS) + middle) << LIMB_BITS) + bottom
                sums[at][row] = sums[row][at]
    return sums


def _square(products: Sequence[Sequence[int]], contrast: Contrast) -> int:
    """A contrast's sum of squares, from the columns' sums of products."""
    column, other = contrast
    if other is None:
        return products[column][column]
    own = products[column][column] + products[other][other]
    return own - 2 * products[column][other]


def variances(influence: IntArray, contrasts: Sequence[Contrast]) -> list[Fraction]:
    """Each contrast's clustered sandwich variance, with its n/(n-1): exactly that of a draw."""
    clusters, products = len(influence), cross_products(influence)
    return [Fraction(clusters * _square(products, each), clusters - 1) for each in contrasts]


def freedoms(
    influence: IntArray, few_milli: IntArray | None, contrasts: Sequence[Contrast]
) -> list[Fraction]:
    """How many degrees of freedom the clusters of a stratum leave each contrast; n - 1 at most.

    Where some clusters bear more of a contrast than others (six of twelve raters saw a team), fewer
    of them say how far it strays. Their fourth moment tells how many: of n normal influences alike
    it is 3/(n + 2) of the squared second one (Lipsitz, Ibrahim and Parzen 1999, JRSS D 48). Drawn
    panels of twelve, six to a team, held in 91.8 % of all pairs without and in 94.5 % with it.
    Where few marks tell of the clusters, `few_milli` says how many there are by their design.
    """
    clusters = len(influence)
    most = Fraction(clusters - 1)
    if clusters > CLUSTERS_MANY:
        return [most] * len(contrasts)
    rows: list[list[int]] = influence.tolist()
    found = []
    for column, other in contrasts:
        moved = [row[column] - (row[other] if other is not None else 0) for row in rows]
        second, fourth = sum(x * x for x in moved), sum(x**4 for x in moved)
        alike = Fraction(3 * second * second, fourth) - 2 if fourth else most
        if few_milli is not None:
            by_design = few_milli[column, column if other is None else other]
            alike = min(alike, Fraction(int(by_design), 1_000))
        found.append(max(Fraction(1), min(most, alike)))
    return found


def _freedom_milli(variances: Sequence[Fraction], free: Sequence[Fraction]) -> int | None:
    """Thousandths of degrees of freedom of a sum of strata (Satterthwaite 1946, Biometrics 2)."""
    total = sum(variances)
    if not total:
        return None
    parts = (v * v / own for v, own in zip(variances, free, strict=True))
    return int(1_000 * total * total / sum(parts))


def widened_micro(critical_micro: int, freedom_milli: int | None) -> int:
    """Student's t in place of the normal deviate (Abramowitz and Stegun 1964, 26.7.5)."""
    if freedom_milli is None:
        return critical_micro
    per, widened = Fraction(1_000, freedom_milli), Fraction(0)
    for term in reversed(_student_terms(critical_micro)):
        widened = term + per * widened
    return round(widened * MICRO)


@lru_cache(maxsize=64)
def _student_terms(critical_micro: int) -> tuple[Fraction, ...]:
    """The deviate and what stands beside each power of one over the degrees of freedom."""
    z = Fraction(critical_micro, MICRO)
    return (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
