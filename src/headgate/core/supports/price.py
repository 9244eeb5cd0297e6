"""Prices as a policy writes them: exact, and of parts of a whole unit of money where need be."""

import re
from fractions import Fraction
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

PRICE_DECIMALS: Final = 4
_PRICE = re.compile(rf"\d{{1,9}}(\.\d{{1,{PRICE_DECIMALS}}})?")


def price_of(value: object) -> Fraction:
    """Read 3190 or "2.45" exactly; a float is refused."""
    exact = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if _PRICE.fullmatch(exact) is None:
        message = "write a price of at most nine digits and four decimals, such as 3190 or 2.45"
        raise PydanticCustomError("price_wrong", message)
    return Fraction(exact)


Price = Annotated[
    Fraction,
    BeforeValidator(price_of),
    WithJsonSchema({"type": ["number", "string"], "minimum": 0, "pattern": f"^{_PRICE.pattern}$"}),
]
"""Money for one of something, which may be less than a whole unit of it."""
