"""Money is whole numbers of a currency's smallest unit, typed and told as people write it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.supports.price import Currency
from headgate.report.locale import LOCALES


@given(st.integers(-(10**14), 10**14), st.sampled_from(["KRW", "EUR", "KWD", "CLF"]))
def test_what_is_told_is_read_again(amount: int, code: str) -> None:
    """A person who types what the page says means the same amount."""
    money = Currency(code)
    assert amount == money.read(money.exact(amount))
    assert amount == money.read(money.exact(amount).replace(".", ",").replace("-", "−"))
    for locale in LOCALES.values() if money.digits != 3 else ():
        assert amount == money.read(f"₩{locale.fixed(Fraction(amount, money.parts), money.digits)}")


@pytest.mark.parametrize(
    ("code", "digits", "unit"),
    [("VND", 0, "vnd"), ("JPY", 0, "jpy"), ("EUR", 2, "eur/100"), ("BHD", 3, "bhd/1000")],
)
def test_the_ledger_counts_the_smallest_unit(code: str, digits: int, unit: str) -> None:
    """Its name says how many make a whole one."""
    assert (digits, unit) == (Currency(code).digits, Currency(code).unit)


def test_a_part_of_the_smallest_unit_is_not_owed() -> None:
    """One euro and two thirds of one: 166 cents."""
    assert 166 == Currency("EUR").owed(Fraction(5, 3))
    assert 1 == Currency("KRW").owed(Fraction(5, 3))


@pytest.mark.parametrize(
    "text", ["", "-", "1.5", "1e3", "１２", "1 00", "12.", ".5", "9" * 16, "1.234,567"]
)
def test_what_is_no_amount_of_won_is_refused(text: str) -> None:
    """Won have no parts, and groups have three digits: nothing is guessed."""
    with pytest.raises(ValueError):  # noqa: PT011
        Currency("KRW").read(text)


@pytest.mark.parametrize("text", ["1.234", "1,234", "1,234,56", "1.2.3"])
def test_what_is_no_amount_of_euros_is_refused(text: str) -> None:
    """Three digits after a point are no cents."""
    with pytest.raises(ValueError):  # noqa: PT011
        Currency("EUR").read(text)
