"""Grants of other programmes: whose they are, whether they run meanwhile, when they shut a gate."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from headgate.core.calls.grants import Asked, Grant, funded, held_against, registration
from headgate.core.policy.award_rules import OutsideGrants

ASKED = Asked("Korean speech model", "A model that hears dialects", date(2026, 3, 16),
              date(2026, 9, 16))  # fmt: skip
GRANT = Grant("ministry", "123-45-67890", "Korean speech model", "GPUs", 40_000_000,
              date(2026, 1, 1), date(2026, 12, 31))  # fmt: skip


@pytest.mark.parametrize(
    "text", ["1234567890", "123 45 67890", "１２３-45.67890", "123_45_67890", "0123-45-67890"]
)
def test_a_number_is_the_same_however_it_is_written(text: str) -> None:
    """Two agencies write one registration number in two ways; it names one organisation."""
    assert "1234567890" == registration(text)
    (found,) = funded(ASKED, {"acme": text}, [GRANT])
    assert ("acme", 1000, True) == (found.organisation, found.per_mille, found.meanwhile)


def test_nobody_is_given_the_grant_of_another() -> None:
    """Another number, or none on either side, finds nothing."""
    assert () == funded(ASKED, {"acme": "9999999999", "bolt": "", "cove": "--"}, [GRANT])
    assert () == funded(ASKED, {"acme": ""}, [replace(GRANT, number="-")])


@pytest.mark.parametrize(
    ("since", "until", "meanwhile"),
    [
        (date(2025, 1, 1), date(2026, 3, 15), False),
        (date(2025, 1, 1), date(2026, 3, 16), True),
        (date(2026, 9, 15), date(2027, 1, 1), True),
        (date(2026, 9, 16), date(2027, 1, 1), False),
    ],
)
def test_one_common_day_is_meanwhile(since: date, until: date, meanwhile: bool) -> None:
    """The last day of a grant still counts; the day on which an award ends does not."""
    (found,) = funded(ASKED, {"acme": "1234567890"}, [replace(GRANT, since=since, until=until)])
    assert meanwhile == found.meanwhile


def test_what_runs_meanwhile_and_is_most_alike_stands_first() -> None:
    """An officer reads from the top; an organisation that shares a number is named beside it."""
    past = replace(GRANT, until=date(2026, 2, 1))
    other = replace(GRANT, title="A wind tunnel")
    found = funded(ASKED, {"acme": "1234567890"}, [past, other, GRANT])
    assert [GRANT, other, past] == [one.grant for one in found]
    both = funded(ASKED, {"acme": "1234567890", "unit": "123-45-67890"}, [GRANT])
    assert ["acme", "unit"] == [one.organisation for one in both]


def test_only_what_is_alike_enough_and_meanwhile_shuts_the_gate() -> None:
    """The policy's share decides, its own value included; what ran before never counts."""
    halves = Asked("Korean speech", "", ASKED.starts, ASKED.ends)
    found = funded(
        halves, {"acme": "1234567890"}, [replace(GRANT, title="Korean wind", support="")]
    )
    assert [500] == [one.per_mille for one in found]
    half = OutsideGrants(gate="once", alike=Fraction(1, 2))
    assert found == held_against(half, found)
    assert () == held_against(half.model_copy(update={"alike": Fraction(501, 1000)}), found)
    assert () == held_against(half, [replace(found[0], meanwhile=False)])
