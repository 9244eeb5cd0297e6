"""The screen for seen items finds what LiveCodeBench's own dates show, and flags no honest team."""

import csv
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from headgate.core.evaluation.contamination import ITEMS_LEAST, Screened, screened
from headgate.core.evaluation.evidence import ItemScore

TRAINED = date(2026, 3, 1)


def exam(
    seed: int, seen_by: str = "", lift: float = 0.15, each: int = 200
) -> dict[str, tuple[ItemScore, ...]]:
    """Items of two a cluster before and after a day; who saw the old ones does better there."""
    rng = np.random.default_rng(seed)
    rows = []
    for at in range(2 * each):
        day = TRAINED + timedelta(days=at - each + 1)
        hard = rng.normal(0, 0.2)
        for team in ("a", "b", "c", "d"):
            level = 0.5 + hard + rng.normal(0, 0.15) + lift * (team == seen_by and at < each)
            score = round(10_000 * min(max(level, 0), 1))
            item, cluster = f"i{at}", f"c{at // 2}"
            rows.append(ItemScore("code", item, cluster, team, 1, score, 1, day.isoformat()))
    return {"exam": tuple(rows)}


UNTIL = dict.fromkeys(("a", "b", "c", "d"), TRAINED)


def heard(found: tuple[Screened, ...]) -> list[str]:
    """The teams that are to be heard."""
    return [one.team for one in found if one.hearing]


def test_a_team_that_saw_the_old_items_is_heard() -> None:
    """Fifteen points better on what it saw: that team, and nobody else."""
    found = screened(exam(1, "b"), UNTIL)
    assert ["b"] == heard(found)
    (own,) = (one for one in found if one.team == "b")
    assert (200, 200) == (own.known, own.fresh)
    assert -11_250 == pytest.approx(own.points_milli, abs=2_500)


def test_honest_teams_are_hardly_ever_heard() -> None:
    """In one round of twenty at most anybody is asked, though nobody saw an item."""
    rounds = 120
    asked = sum(bool(heard(screened(exam(seed, each=70), UNTIL))) for seed in range(rounds))
    assert asked <= 13


def test_too_few_items_say_nothing() -> None:
    """Not enough data is an answer, and it is neither a flag nor a pass."""
    found = screened(exam(2, "b", each=ITEMS_LEAST - 1), UNTIL)
    assert {None} == {one.hearing for one in found} == {one.points_milli for one in found}


def test_who_states_no_date_is_not_screened() -> None:
    """Without the end of training, or without dates of items, there is no row."""
    items = exam(3, "b")
    assert {"a"} == {one.team for one in screened(items, {"a": TRAINED})}
    undated = {"exam": tuple(replace(row, date="") for row in items["exam"])}
    assert () == screened(undated, UNTIL)


def test_livecodebench_tells_what_its_dates_tell(shared_data: Path) -> None:
    """DeepSeek-Coder's bases: 18.2 and 14.3 points worse on newer problems, z of -4.1 and -3.1."""
    folder = shared_data / "data" / "evaluations" / "livecodebench-per-item"
    if not folder.is_dir():
        pytest.skip(f"no benchmark at {folder}")
    with (folder / "systems.csv").open(encoding="utf-8") as file:
        released = {
            row["system"]: date.fromisoformat(row["release_date"])
            for row in csv.DictReader(file)
            if row["release_date"]
        }
    with (folder / "execution.csv").open(encoding="utf-8") as file:
        rows = tuple(
            ItemScore(
                "code", r["item_id"], r["cluster_id"], r["system"], 1,
                round(100 * Fraction(r["pass1"])), 1, r["item_date"],
            )
            for r in csv.DictReader(file)
            if r["system"] in released
        )  # fmt: skip
    found = {one.team: one for one in screened({"exam": rows}, released)}
    bases = sorted(
        (one.points_milli or 0, one.z_milli or 0)
        for team, one in found.items()
        if "base" in team.lower() and one.hearing
    )
    assert [(-18_200, -4_100), (-14_300, -3_100)] == [pytest.approx(pair, abs=60) for pair in bases]
    asked = defaultdict(list)
    for one in found.values():
        asked[one.hearing].append(one.team)
    assert len(asked[True]) < len(asked[False])
