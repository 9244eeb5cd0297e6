"""Chances that rest on draws are told as surely as draws can be, and no surer."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from headgate.core.evaluation.estimate import told
from tests.core.evaluation.rounds import METHOD, judged, synthetic

LEVELS = (0.70, 0.66, 0.62, 0.60, 0.50)


@pytest.mark.parametrize(
    ("ppm", "shown"),
    [
        *((ppm, ("<", 1_000)) for ppm in (0, 1, 500)),
        *((ppm, ("", ppm)) for ppm in (501, 500_000, 999_499)),
        *((ppm, (">", 999_000)) for ppm in (999_500, 999_999, 1_000_000)),
    ],
)
def test_no_chance_that_rests_on_draws_is_told_as_all_or_nothing(
    ppm: int, shown: tuple[str, int]
) -> None:
    """To a tenth of a percent nothing reads 0.0 % or 100.0 %, whatever all draws agree on."""
    assert shown == told(ppm, 2_000)
    sign, parts = shown
    assert sign or 0 < round(Fraction(parts, 1_000)) < 1_000


def test_places_are_told_as_surely_as_draws_can_be() -> None:
    """The chance of each place, as that to stay; a team alone has the only place for certain."""
    evidence, teams = synthetic(np.random.default_rng(8), LEVELS)
    found = judged(replace(METHOD, replicates=777), evidence, teams)
    each = [found.places(one, 777) for one in found.standings]
    assert all(("", 0) not in row and ("", 1_000_000) not in row for row in each)
    assert any(sign for row in each for sign, _ in row)
    alone = replace(found.standings[0], rank_ppm=(1_000_000,))
    assert [("", 1_000_000)] == found.places(alone, 777)
