"""Floats that come out the same on every machine: sums in one order, an exponential of our own.

Libraries sum in whatever order is quick and round the last bit of e**x as they like; an auditor's
machine must find the bits that were published.
"""

from typing import Final

from headgate.core.arrays import FloatArray, IntArray, np

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_TERMS: Final = 14
_EXPONENT_MOST: Final = 700.0


def exponential(values: FloatArray) -> FloatArray:
    """e to the power of each value, within two units of the last place, from IEEE operations only.

    Libraries round the last bit differently; here 2**k times a Taylor sum is the same everywhere.
    """
    bounded = np.minimum(np.maximum(values, -_EXPONENT_MOST), _EXPONENT_MOST)
    whole = np.rint(bounded / (_LN2_HIGH + _LN2_LOW))
    rest = (bounded - whole * _LN2_HIGH) - whole * _LN2_LOW
    total = np.ones_like(rest)
    for term in range(_TERMS, 0, -1):
        total = 1.0 + total * rest / term
    scaled: FloatArray = np.ldexp(total, whole.astype(np.int64))
    return scaled


def times_in_order(left: FloatArray, right: FloatArray) -> FloatArray:
    """A matrix product, each entry summed from the first term to the last."""
    total = np.zeros((len(left), right.shape[1]))
    for at in range(len(right)):
        total += left[:, at, None] * right[at]
    return total


def sums_by(index: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sums of the values of each index, in the order of the rows."""
    return np.bincount(index, weights=values, minlength=size).astype(np.float64)


def sum_in_order(values: FloatArray) -> float:
    """The sum from the first value to the last."""
    return float(sums_by(np.zeros(len(values), dtype=np.int64), values, 1)[0])
