"""Numbers, money and days as each language writes them, by exact arithmetic alone.

The pages are compared byte for byte, so nothing here asks the machine for its locale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from headgate.core.quantities import half_even
from headgate.core.supports.price import Currency

NO_BREAK: Final = "\u00a0"
MINUS: Final = "\u2212"

_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True, slots=True)
class Locale:
    """How one language writes figures; `money` is by ISO 4217 code, `{0}` being the amount."""

    language: str
    group: str
    point: str
    percent_sign: str
    money: Mapping[str, str]

    def whole(self, number: int) -> str:
        """An integer in groups of three: 1,234 or 1.234."""
        sign = MINUS if number < 0 else ""
        return sign + f"{abs(number):,}".replace(",", self.group)

    def fixed(self, number: Fraction | int, places: int) -> str:
        """An exact number to so many places, halves to the even digit."""
        units = half_even(Fraction(number) * 10**places)
        head, rest = divmod(abs(units), 10**places)
        sign = MINUS if units < 0 else ""
        tail = f"{self.point}{rest:0{places}}" if places else ""
        return sign + self.whole(head) + tail

    def percent(self, part: Fraction | int, places: int = 1) -> str:
        """A part of a whole in percent."""
        return self.fixed(Fraction(part) * 100, places) + self.percent_sign

    def points(self, milli_points: int, places: int = 1) -> str:
        """Thousandths of a point as points."""
        return self.fixed(Fraction(milli_points, 1000), places)

    def currency(self, amount: int, code: str) -> str:
        """An amount in the smallest unit of a currency."""
        pattern, known = self.money.get(code, "{0}" + NO_BREAK + code), Currency(code)
        return pattern.format(self.fixed(Fraction(amount, known.parts), known.digits))

    def day(self, day: date) -> str:
        """A day as official texts of the language write it."""
        match self.language:
            case "vi":
                return f"{day.day:02}/{day.month:02}/{day.year:04}"
            case "ko":
                return f"{day.year}년 {day.month}월 {day.day}일"
        return f"{day.day}{NO_BREAK}{_MONTHS[day.month - 1]}{NO_BREAK}{day.year}"

    def day_short(self, day: date) -> str:
        """A day without its year, for the axis of a chart."""
        match self.language:
            case "vi":
                return f"{day.day:02}/{day.month:02}"
            case "ko":
                return f"{day.month}월 {day.day}일"
        return f"{day.day} {_MONTHS[day.month - 1][:3]}"


LOCALES: Final[Mapping[str, Locale]] = {
    "en": Locale("en", ",", ".", "%", {"KRW": "₩{0}", "GBP": "£{0}", "USD": "US${0}"}),
    "vi": Locale(
        "vi",
        ".",
        ",",
        "%",
        {"KRW": "{0}\u00a0won", "VND": "{0}\u00a0đồng", "GBP": "{0}\u00a0bảng Anh"},
    ),
    "ko": Locale("ko", ",", ".", "%", {"KRW": "{0}원", "VND": "{0}동", "GBP": "{0}파운드"}),
}
"""The languages of the pages, English first."""
