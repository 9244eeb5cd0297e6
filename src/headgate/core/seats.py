"""Dividing whole blocks among envelopes: the four classical methods, in exact integers.

Source: M. L. Balinski and H. P. Young, "Fair Representation" (2nd ed., 2001), chapters 3, 4, 9.
"""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from heapq import heapify, heapreplace


class Method(StrEnum):
    """How fractions of a block are settled; the values are the policy file's words.

    LARGEST_REMAINDER keeps quota: nobody is a whole block from the exact share. The three divisor
    methods never take a block away because the total grew; SAINTE_LAGUE leans to neither side,
    DHONDT leans to large shares and ADAMS to small ones.
    """

    LARGEST_REMAINDER = "largest_remainder"
    SAINTE_LAGUE = "sainte_lague"
    DHONDT = "dhondt"
    ADAMS = "adams"


def apportion(total: int, weights: Mapping[str, int | Fraction], method: Method) -> dict[str, int]:
    """Divide `total` whole blocks in proportion to `weights`; the parts always add up to `total`.

    Equal claims to a block are settled by the order of `weights`, earlier first. A weight of zero
    receives nothing. Raises ValueError for a negative total or weight, and for a positive total
    when every weight is zero, because then no division is proportional.
    """
    if total < 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("a total and its weights cannot be negative")
    entitled = {name: Fraction(weight) for name, weight in weights.items() if weight}
    if total and not entitled:
        raise ValueError("a positive total needs at least one positive weight")
    if method is Method.LARGEST_REMAINDER:
        seats = _largest_remainder(total, entitled)
    else:
        seats = _highest_averages(total, entitled, method)
    return {name: seats.get(name, 0) for name in weights}


def _largest_remainder(total: int, weights: Mapping[str, Fraction]) -> dict[str, int]:
    """Hamilton's method: whole quotas first, then one block each by the largest remainder."""
    whole = sum(weights.values())
    quotas = {name: total * weight / whole for name, weight in weights.items()}
    seats = {name: int(quota) for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: seats[name] - quotas[name])
    for name in by_remainder[: total - sum(seats.values())]:
        seats[name] += 1
    return seats


def _highest_averages(
    total: int, weights: Mapping[str, Fraction], method: Method
) -> dict[str, int]:
    """Give the blocks one by one to the highest weight / divisor(blocks held)."""
    seats = dict.fromkeys(weights, 0)
    heap = [
        (_claim(weight, 0, method), place, name)
        for place, (name, weight) in enumerate(weights.items())
    ]
    heapify(heap)
    for _ in range(total):
        _, place, name = heap[0]
        seats[name] += 1
        heapreplace(heap, (_claim(weights[name], seats[name], method), place, name))
    return seats


def _claim(weight: Fraction, held: int, method: Method) -> tuple[int, Fraction]:
    """Sort key of the next block, smallest first.

    Adams' divisor of the first block is zero: that claim is infinite and stands before all others,
    in the order of the weights themselves when there are fewer blocks than parties.
    """
    match method:
        case Method.ADAMS:
            return (1, -weight / held) if held else (0, -weight)
        case Method.DHONDT:
            return (0, -weight / (held + 1))
        case _:
            return (0, -weight / (2 * held + 1))
