"""Apportioning whole blocks: exact parts of the whole, by four published methods."""

from fractions import Fraction

import pytest
from apportionment import methods
from hypothesis import assume, given
from hypothesis import strategies as st

from headgate.core.seats import Method, apportion

WEIGHTS = st.lists(st.integers(1, 10**6), min_size=1, max_size=12)
LIBRARY = {
    Method.LARGEST_REMAINDER: "hamilton",
    Method.SAINTE_LAGUE: "saintelague",
    Method.DHONDT: "dhondt",
    Method.ADAMS: "adams",
}


def named(weights: list[int]) -> dict[str, int | Fraction]:
    """Weights under names in their order."""
    return {f"e{at:02}": weight for at, weight in enumerate(weights)}


@pytest.mark.parametrize("method", [Method.LARGEST_REMAINDER, Method.SAINTE_LAGUE])
def test_half_three_tenths_and_a_fifth_of_1307_blocks(method: Method) -> None:
    """653.5, 392.1 and 261.4 blocks become 654, 392 and 261."""
    shares: dict[str, int | Fraction] = {
        "national": Fraction(1, 2),
        "industry": Fraction(3, 10),
        "academia": Fraction(1, 5),
    }
    expected = {"national": 654, "industry": 392, "academia": 261}
    assert expected == apportion(1307, shares, method)


@pytest.mark.parametrize("method", Method)
def test_equal_claims_are_settled_by_the_stated_order(method: Method) -> None:
    """Two blocks among three equals go to the first two; a weight of zero gets none."""
    weights: dict[str, int | Fraction] = {"c": 5, "none": 0, "a": 5, "b": 5}
    assert {"c": 1, "none": 0, "a": 1, "b": 0} == apportion(2, weights, method)


@given(WEIGHTS, st.integers(0, 300), st.sampled_from(Method))
def test_agrees_with_the_published_library(weights: list[int], total: int, method: Method) -> None:
    """An independent implementation divides the same, where it knows no tie."""
    assume(len(set(weights)) == len(weights))
    assume(method is not Method.ADAMS or total >= len(weights))
    try:
        seats = methods.compute(
            LIBRARY[method], weights, total, parties=list(named(weights)), tiesallowed=False,
            verbose=False,
        )  # fmt: skip
    except methods.TiesException:
        assume(False)
    assert [int(one) for one in seats] == list(apportion(total, named(weights), method).values())


@given(WEIGHTS, st.integers(0, 300))
def test_largest_remainder_keeps_quota(weights: list[int], total: int) -> None:
    """Nobody is a whole block away from the exact share, and nothing is lost."""
    parts = apportion(total, named(weights), Method.LARGEST_REMAINDER)
    whole = sum(weights)
    shares = zip(parts.values(), weights, strict=True)
    assert all(abs(part - Fraction(total * weight, whole)) < 1 for part, weight in shares)
    assert total == sum(parts.values())


@given(WEIGHTS, st.integers(0, 300), st.sampled_from(list(Method)[1:]))
def test_divisor_methods_take_nothing_back(weights: list[int], total: int, method: Method) -> None:
    """House monotone: one block more for all is one block less for nobody."""
    before = apportion(total, named(weights), method)
    after = apportion(total + 1, named(weights), method)
    assert all(after[name] >= held for name, held in before.items())
    assert total + 1 == sum(after.values())


@pytest.mark.parametrize(("total", "weights"), [(-1, {"a": 1}), (1, {"a": -1}), (1, {"a": 0})])
def test_nonsense_is_refused(total: int, weights: dict[str, int | Fraction]) -> None:
    """A division that means nothing is an error, not an empty answer."""
    with pytest.raises(ValueError, match="weight"):
        apportion(total, weights, Method.DHONDT)
