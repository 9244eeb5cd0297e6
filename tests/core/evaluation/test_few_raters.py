"""Chances of a place tell what a few raters can know, and never more than the intervals do."""

import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import pytest
from scipy import stats

from headgate.core.evaluation.composite import Refused, composite
from headgate.core.evaluation.estimate import standings, told
from headgate.core.evaluation.evidence import Evidence, Rating
from headgate.core.evaluation.resampling import (
    SHARE_UNIT,
    Stratum,
    freedom_least,
    student_deltas,
    variances,
)
from tests.core.evaluation.rounds import (
    EXAM,
    METHOD,
    PANEL,
    around,
    items,
    judged,
    only,
    synthetic,
)

ROUNDS = 150
TIMES = "HEADGATE_COVERAGE_TIMES"
TEAMS = ("t0", "t1", "t2")
NONE_PPM = 500
"""Below this a chance is shown as 0.0 %."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of so many raters, of whom so many see each team."""

    raters: int
    seen: int

    def drawn(self, rng: np.random.Generator) -> tuple[str, Evidence]:
        """The team that is truly last, and the marks: levels, harsh raters and chance."""
        levels = 0.5 + rng.normal(0, 0.08, len(TEAMS))
        harsh = rng.normal(0, 0.06, self.raters)
        rows = []
        for team, level in zip(TEAMS, levels, strict=True):
            for rater in rng.choice(self.raters, self.seen, replace=False):
                mark = level + harsh[rater] + rng.normal(0, 0.08)
                score = round(10_000 * min(max(mark, 0), 1))
                rows.append(Rating("depth", f"r{rater}", team, score, 10_000))
        return TEAMS[int(np.argmin(levels))], Evidence(ratings={"panel": tuple(rows)})


PANELS = (Panel(3, 3), Panel(4, 4), Panel(5, 5), Panel(8, 4))


def chances(panel: Panel, rounds: int) -> Iterator[tuple[int, bool, bool]]:
    """Of every team: the chance to stay that is told, whether it is truly not the last, and
    whether it stands below the line and the intervals call it tied with the last that stays.
    """
    adjusted = replace(PANEL, adjust_harshness=panel.seen < panel.raters)
    method = replace(only(adjusted), replicates=1_000)
    for drawn in range(rounds):
        last, evidence = panel.drawn(np.random.default_rng([9, panel.raters, drawn]))
        found = standings(method, evidence, TEAMS, (), f"{drawn:08x}")
        if isinstance(found, Refused):
            continue
        for at, own in enumerate(found.standings):
            tied = at >= method.stay_max and own.tied_with_last_staying
            yield own.stays_ppm, own.team != last, tied


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel.raters} raters")
def test_who_is_told_to_stay_stays(panel: Panel, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the teams told to stay with 95 % or more, 95 % are truly not the last, less what counting
    allows; and nobody below the line is told to have no chance whom the intervals call tied.
    """
    rounds = ROUNDS if panel.seen == panel.raters else ROUNDS // 4
    told = list(chances(panel, rounds * int(os.environ.get(TIMES, "1"))))
    high = [stays for ppm, stays, _ in told if ppm >= 950_000]
    sure = [stays for ppm, stays, _ in told if ppm > 1_000_000 - NONE_PPM]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{panel.raters} raters, {panel.seen} see each: told 95 % or more {len(high)} times, "
            f"true {100 * sum(high) / len(high):.1f} %; told 100.0 % {len(sure)} times\n"
        )
    assert sum(high) / len(high) >= 0.95 - 2 * sqrt(0.95 * 0.05 / len(high))
    assert len(sure) < len(told) / 8
    assert any(tied for _, _, tied in told)
    assert [] == [ppm for ppm, _, tied in told if tied and ppm < NONE_PPM]


@pytest.mark.parametrize("freedom", [1, 2, 4, 9])
def test_few_clusters_are_drawn_from_students_t(freedom: int) -> None:
    """The draws of a pair's difference over its clustered error follow Student's t."""
    rng = np.random.default_rng(freedom)
    marks = rng.normal(0, 0.1, (freedom + 1, 2))
    influence = np.rint((marks - marks.mean(axis=0)) * SHARE_UNIT / (freedom + 1)).astype(np.int64)
    assert freedom == freedom_least(influence, None) or freedom > 4
    deltas = student_deltas(Stratum("panel", influence), freedom, 20_000, "5eed")
    error = sqrt(variances(influence, [(0, 1)])[0])
    tested = stats.kstest((deltas[:, 0] - deltas[:, 1]) / error, stats.t(freedom).cdf)
    assert tested.pvalue > 0.01


def test_the_draws_of_few_are_the_same_everywhere() -> None:
    """Seed, label and influences give these bytes on every machine."""
    influence = np.array([[3, -1], [-2, 4], [-1, -3]], dtype=np.int64) * 10**8
    deltas = student_deltas(Stratum("panel", influence), 2, 1_000, "5eed")
    digest = hashlib.sha256(deltas.astype("<i8").tobytes()).hexdigest()
    assert "954845c147b05ab8008b94d05e46bdab5340fe61b4cabdb2c763735feb528958" == digest


def test_what_many_items_say_is_drawn_as_before() -> None:
    """Without few raters or items, places are counted in the draws that give the errors."""
    evidence, teams = synthetic(np.random.default_rng(5), (0.7, 0.6, 0.5), clusters=40)
    alone = Evidence(items=evidence.items)
    measured = composite(only(EXAM), alone, teams, (), "5eed")
    assert not isinstance(measured, Refused)
    assert (measured.draws == measured.place_draws).all()
    whole = composite(METHOD, evidence, teams, (), "5eed")
    assert not isinstance(whole, Refused)
    assert (whole.draws != whole.place_draws).any()


@pytest.mark.parametrize(
    ("ppm", "replicates", "expected"),
    [
        (1_000_000, 2_000, (">", 999_000)),
        (1_000_000, 200, (">", 995_000)),
        (0, 200, ("<", 5_000)),
        (5_000, 200, ("", 5_000)),
        (500, 2_000, ("<", 1_000)),
        (999_500, 2_000, (">", 999_000)),
        (0, 100, ("<", 10_000)),
    ],
)
def test_few_draws_tell_no_chance_that_more_would_be_needed_for(
    ppm: int, replicates: int, expected: tuple[str, int]
) -> None:
    """200 draws that all agree cannot say 99.9 %; what would be rounded to nothing is not told."""
    assert expected == told(ppm, replicates)


def test_no_draw_is_certain_where_there_is_a_line() -> None:
    """Draws that all agree tell more than 99.9 % and less than 0.1 %; without a line, all stay."""
    marks = {"a": around(90, 30, 1), "b": around(50, 30, 1), "c": around(10, 30, 1)}
    evidence = Evidence(items={"exam": items(marks)})
    found = judged(only(EXAM), evidence, list(marks))
    assert [1_000_000, 1_000_000, 0] == [one.stays_ppm for one in found.standings]
    told = [found.chance(one, 2_000) for one in found.standings]
    assert [(">", 999_000), (">", 999_000), ("<", 1_000)] == told
    roomy = judged(replace(only(EXAM), stay_max=3), evidence, list(marks))
    assert {("", 1_000_000)} == {roomy.chance(one, 2_000) for one in roomy.standings}
