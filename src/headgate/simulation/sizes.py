"""Sizes of requests: heavy-tailed, within a cap, and adding up to a published total exactly.

Most applicants of GPU calls ask for a node or two and a few for all that is allowed. A size is
drawn from a mixture of two power laws 1/size^k on 1..cap, k from 0 to 3 (Zipf), mixed by exact
fractions so that its mean is the published one; where the mean is above the middle, sizes are even
between 2 x mean - cap and the cap. What the draws miss of the total is dealt out in small steps.

Each size is a draw of its own, found in the mixture by inversion, and who asks for the cap or is
dealt a step is the rank of a draw: another cap moves as few sizes as the total allows.
"""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, cycle

from headgate.simulation.draws import PER_MILLE, Draws

_STEPS_MOST_BITS = 7
"""Sizes are drawn on at most 2^7 steps, so that a cap of a million blocks costs no more."""

_AT_CAP_PER_MILLE = 10
"""How many of a thousand ask for the whole cap, where the mean leaves room for it."""


def sizes(total: int, count: int, cap: int, draws: Draws) -> list[int]:
    """`count` sizes from 1 to `cap` that add up to `total`, the n-th by the draws of n.

    Raises ValueError where there are none: `count` <= `total` <= `count` x `cap` must hold.
    """
    if not count <= total <= count * cap:
        raise ValueError(f"{count} sizes of 1 to {cap} cannot add up to {total}")
    if 2 * total >= count * (cap + 1):
        least = max(1, 2 * total // count - cap)
        found = [least + draws.of(n).part(cap - least + 1) for n in range(count)]
    else:
        found = _heavy_tailed(total, count, cap, draws)
    _deal(total - sum(found), found, cap, draws)
    return found


def _heavy_tailed(total: int, count: int, cap: int, draws: Draws) -> list[int]:
    """Sizes whose expected sum is `total`, a few of them the cap."""
    wanted = -(-count * _AT_CAP_PER_MILLE // PER_MILLE)
    at_cap = min(wanted, count - 1, (total - count) // (2 * cap))
    most = set(draws.of("cap").ranked(range(count))[:at_cap])
    step = 1 << max(0, (cap - 1).bit_length() - _STEPS_MOST_BITS)
    mean = Fraction(total - at_cap * cap, (count - at_cap) * step)
    bounds = list(accumulate(_mixture(mean, cap // step)))
    return [
        cap if n in most else step * (bisect_right(bounds, draws.of(n).part(bounds[-1])) + 1)
        for n in range(count)
    ]


def _mixture(mean: Fraction, steps: int) -> list[int]:
    """Weights of the sizes 1 to `steps` whose mean is as near to `mean` as the laws allow."""
    laws = [[_SCALE // size**power for size in range(1, steps + 1)] for power in (3, 2, 1, 0)]
    means = [_mean(law) for law in laws]
    upper = next((index for index in range(1, 4) if mean <= means[index]), 3)
    low, high = means[upper - 1], means[upper]
    part = Fraction(0) if high == low else (mean - low) / (high - low)
    part = min(max(part, Fraction(0)), Fraction(1))
    first, second = laws[upper - 1], laws[upper]
    parts = ((1 - part) / sum(first), part / sum(second))
    return [int(_SCALE * (parts[0] * a + parts[1] * b)) for a, b in zip(first, second, strict=True)]


_SCALE = 10**15


def _mean(weights: Sequence[int]) -> Fraction:
    return Fraction(sum(size * weight for size, weight in enumerate(weights, 1)), sum(weights))


def _deal(missing: int, found: list[int], cap: int, draws: Draws) -> None:
    """Add what is missing, or take what is too much, in small steps, in an order that is drawn."""
    order = cycle(draws.of("deal").ranked(range(len(found))))
    while missing:
        step, index = max(1, abs(missing) // len(found)), next(order)
        change = min(step, cap - found[index]) if missing > 0 else -min(step, found[index] - 1)
        found[index] += change
        missing -= change
