"""Prices as a policy writes them, exact; and money as it is owed, in a currency's smallest unit."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

PRICE_DECIMALS: Final = 4
_WHOLE: Final = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XOF", "XPF", "XXX",
)  # fmt: skip
_DIGITS: Final = {
    **dict.fromkeys(_WHOLE, 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Digits after the point (ISO 4217, list one, "minor unit") of each currency that has not two."""
_SIGNS: Final = re.compile("[\u20a0-\u20cf$¥£]")
_GROUPED: Final = r"([0-9]{1,3}([.,\s])[0-9]{3}(?:\3[0-9]{3}){0,3})(?!\3)"
"""Three digits a group, after one and the same mark, which is no other's."""
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


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency by its ISO 4217 code. What is owed and paid is whole numbers of its smallest unit:
    won of Korea, cents of the euro.
    """

    code: str

    @property
    def digits(self) -> int:
        """How many digits an amount has after the point."""
        return _DIGITS.get(self.code, 2)

    @property
    def parts(self) -> int:
        """How many of its smallest unit a whole one has."""
        return int(10**self.digits)

    @property
    def unit(self) -> str:
        """What the ledger counts: "krw", or "eur/100"."""
        name = self.code.lower()
        return f"{name}/{self.parts}" if self.digits else name

    def owed(self, price: Fraction) -> int:
        """What is owed of an exact price in whole units, in smallest ones: no part of one is."""
        return int(price * self.parts)

    def exact(self, amount: int) -> str:
        """An amount as a table has it: 1234, or 12.34."""
        head, rest = divmod(abs(amount), self.parts)
        sign, tail = "-" if amount < 0 else "", f".{rest:0{self.digits}}" if self.digits else ""
        return f"{sign}{head}{tail}"

    def read(self, text: str) -> int:
        """An amount as a person types it or a page writes it; raises ValueError.

        With a point or a comma before its last digits, and with or without the currency's sign.
        Groups of three are read where nothing else can be meant: ₩90,157,056 or 1.234,56 €, and not
        1.234 €.
        """
        tail = rf"[.,]([0-9]{{1,{self.digits}}})" if self.digits else "()"
        said = _SIGNS.sub("", text.replace("−", "-")).strip()
        found = re.fullmatch(rf"(-?)([0-9]{{1,15}})(?:{tail})?", said)
        found = found or re.fullmatch(rf"(-?){_GROUPED}{tail}", said)
        if found is None:
            raise ValueError(text)
        sign, head, rest = found.group(1, 2, found.re.groups)
        whole = re.sub("[^0-9]", "", head)
        return int(f"{sign}{whole}{(rest or '').ljust(self.digits, '0')}")
