"""Rates that are written as fractions: the whole numbers that stand in the same proportion.

A rate is only ever used beside the other rates of its support, so that 0.25, 1 and 1.6 are 5, 20
and 32; whole numbers are what lets the ledger multiply without ever rounding.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import gcd, lcm

from pydantic_core import PydanticCustomError

from headgate.core.faults import Sentence
from headgate.core.policy.primitives import share_of
from headgate.core.policy.values import Loc, Value

_RATE_MOST = 10**9


def whole_rates(root: Value, loc: Loc) -> Sentence | None:
    """What to write instead of the fractions of a rate table; None where a path is none of one's.

    None too where a rate is no number, or the whole numbers would be too large.
    """
    match loc:
        case ("supports", support, "rates", _):
            rates = _rates(root, support)
        case _:
            return None
    if not rates or min(rates.values()) <= 0:
        return None
    scale = lcm(*(rate.denominator for rate in rates.values()))
    whole = {chip: int(rate * scale) for chip, rate in rates.items()}
    common = gcd(*whole.values())
    if max(whole.values()) // common > _RATE_MOST:
        return None
    told = ", ".join(f"{chip}: {rate // common}" for chip, rate in whole.items())
    return Sentence("write rates in whole numbers of the same proportion: {rates}", rates=told)


def _rates(root: Value, support: str) -> Mapping[str, Fraction]:
    """The rates of a support as they are written, exactly; none where one is no number."""
    value: Value | None = root
    for step in ("supports", support, "rates"):
        value = value.part(step) if value is not None else None
    try:
        return {chip: share_of(rate.data) for chip, rate in value.parts()} if value else {}
    except PydanticCustomError:
        return {}
