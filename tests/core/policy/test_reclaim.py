"""What is promised of taking back what lies idle: the published table, in exact integers."""

from fractions import Fraction

import pytest

from headgate.core.policy.reclaim import Reclaimed, reclaim
from headgate.core.policy.schema import ReclaimStep

# The reduction table that the US DOE's ALCC programme publishes for the middle of its year.
ALCC = (
    ReclaimStep(id="low", used_below=Fraction(1, 4), loses=Fraction(15, 100)),
    ReclaimStep(id="very-low", used_below=Fraction(1, 10), loses=Fraction(25, 100)),
)


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (0, Reclaimed(2500, "very-low")),
        (999, Reclaimed(2250, "very-low")),
        (1000, Reclaimed(1350, "low")),
        (2499, Reclaimed(1125, "low")),
        (2500, Reclaimed(0, None)),
        (10_000, Reclaimed(0, None)),
        (11_000, Reclaimed(0, None)),
    ],
)
def test_alcc_table(used: int, expected: Reclaimed) -> None:
    """9.99 % used loses 25 % of the unused balance, from 10 % on 15 %, from 25 % on nothing."""
    assert expected == reclaim(ALCC, granted=10_000, used=used, balance=10_000 - used)


def test_nothing_is_taken_of_nothing() -> None:
    """An award without a grant so far, or without a balance, cannot lose any."""
    assert Reclaimed(0, None) == reclaim(ALCC, granted=0, used=0, balance=10)
    assert Reclaimed(0, None) == reclaim(ALCC, granted=10, used=0, balance=0)
    assert Reclaimed(0, None) == reclaim((), granted=10, used=0, balance=10)


def test_what_is_taken_is_rounded_down() -> None:
    """The holder keeps the broken GPU-second."""
    assert Reclaimed(2, "very-low") == reclaim(ALCC, granted=100, used=0, balance=11)
