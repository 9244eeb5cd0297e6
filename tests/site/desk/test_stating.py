"""The figures of a statement as a reader adds them up: along a line, and over the members."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.quantities import half_even_part
from headgate.core.supports.price import Currency
from headgate.report.speaker import shown_parts, speaker

SECOND = "gpu_second.b200"
HOUR = 3600


def row(parts: dict[str, int], *became: int, over: int = 0) -> Any:
    """What became of a grant, as `used, returned, reserved, left`, in GPU-seconds."""
    from headgate.site.desk.pages.stating import Row

    used, returned, reserved, left = became
    flow = (sum(became), used + over, returned)
    path, spans = "compute/award/open-1/b200", ((date.min, parts),)
    return Row("computing", "open-1", path, SECOND, *flow, reserved, left, spans, (flow,), ())


@given(
    st.dictionaries(st.sampled_from("ABCDE"), st.integers(1, 9), min_size=1),
    st.lists(st.integers(0, 40 * HOUR), min_size=4, max_size=4),
    st.integers(0, 1).map(lambda some: some * 5000),
)
def test_what_is_shown_adds_up(parts: dict[str, int], became: list[int], over: int) -> None:
    """Members add up to the whole in every column; what was granted is what became of it."""
    whole = row(parts, *became, over=over)
    shown, each = whole.shown(), whole.shown_of()
    assert list(shown) == [sum(column) for column in zip(*each.values(), strict=True)]
    for granted, *rest in (shown, *each.values()) if not over else ():
        assert granted == sum(rest)
    for member, counted in each.items():
        exact = whole.part(member).amounts
        assert all(abs(n * HOUR - told) < 4 * HOUR for n, told in zip(counted, exact, strict=True))


def test_three_equal_members_do_not_lose_an_hour() -> None:
    """100 hours among three are 34, 33 and 33, and not three times 33."""
    each = row({"A": 1, "B": 1, "C": 1}, 0, 0, 0, 100 * HOUR).shown_of()
    assert [34, 33, 33] == [counted[0] for counted in each.values()]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=9))
def test_parts_add_up_and_whole_ones_stay(amounts: list[int]) -> None:
    """Each is its own count rounded up or down, and one that is whole is itself."""
    whole = half_even_part(sum(amounts), HOUR)
    counted = shown_parts(amounts, SECOND, whole)
    assert whole == sum(counted)
    assert all(
        n in (told // HOUR, -(-told // HOUR)) for n, told in zip(counted, amounts, strict=True)
    )


@pytest.mark.parametrize(
    ("currency", "amount", "told"),
    [
        ("KRW", 1234567, {"en": "1,234,567", "vi": "1.234.567", "ko": "1,234,567"}),
        ("KES", 1234567, {"en": "12,345.67", "vi": "12.345,67", "ko": "12,345.67"}),
        ("BRL", -71136000, {"en": "−711,360.00", "vi": "−711.360,00", "ko": "−711,360.00"}),
    ],
)
def test_money_is_told_in_whole_money(currency: str, amount: int, told: dict[str, str]) -> None:
    """The ledger counts cents; a reader is shown the currency with its digits."""
    from headgate.site.desk.pages.stating import _figure, _unit

    fee = replace(row({"A": 1}, 0, 0, 0, 0), unit=Currency(currency).unit)
    for language, figure in told.items():
        say = speaker(language, {}, currency)
        assert figure == _figure(fee, amount, say)
        assert "/" not in _unit(fee, say)
        assert say.locale.whole(amount) == _figure(row({"A": 1}, 0, 0, 0, 0), amount, say)
