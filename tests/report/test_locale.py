"""Figures and days are written as each language writes them, without asking the machine."""

from datetime import date
from fractions import Fraction

import pytest

from headgate.report.locale import LOCALES


@pytest.mark.parametrize(
    ("language", "whole", "fixed", "percent", "day"),
    [
        ("en", "1,234,567", "1,234.50", "62.1%", "16\u00a0March\u00a02026"),
        ("vi", "1.234.567", "1.234,50", "62,1%", "16/03/2026"),
        ("ko", "1,234,567", "1,234.50", "62.1%", "2026년 3월 16일"),
    ],
)
def test_figures_follow_the_language(
    language: str, whole: str, fixed: str, percent: str, day: str
) -> None:
    """A reader finds thousands, decimals and days as official texts of the language have them."""
    locale = LOCALES[language]
    assert whole == locale.whole(1_234_567)
    assert fixed == locale.fixed(Fraction(2469, 2), 2)
    assert percent == locale.percent(Fraction(328, 528))
    assert day == locale.day(date(2026, 3, 16))


def test_negative_numbers_have_a_minus_that_is_read_out() -> None:
    """A loss is shown with U+2212, and rounding to nothing leaves no sign behind."""
    locale = LOCALES["en"]
    assert "\u22121,234.5" == locale.fixed(Fraction(-2469, 2), 1)
    assert "0.0" == locale.fixed(Fraction(-1, 1000), 1)


def test_halves_go_to_the_even_digit() -> None:
    """The same exact half is rounded the same way on every machine."""
    locale = LOCALES["en"]
    assert ["0.2", "0.4"] == [locale.fixed(Fraction(n, 100), 1) for n in (25, 35)]


def test_money_names_its_currency() -> None:
    """No amount stands without its currency, also where a language has no pattern for it."""
    assert "1.234.567\u00a0won" == LOCALES["vi"].currency(1_234_567, "KRW")
    assert "1,234,567원" == LOCALES["ko"].currency(1_234_567, "KRW")
    assert "1,234\u00a0XAF" == LOCALES["en"].currency(1234, "XAF")
    assert "1.234,05\u00a0EUR" == LOCALES["vi"].currency(123_405, "EUR")
    assert "US$\u221212.30" == LOCALES["en"].currency(-1230, "USD")
