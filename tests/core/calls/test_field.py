"""Who is still in after scoring, and what the others would have needed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.calls.application import Application, Request
from headgate.core.calls.field import Place, Standing, narrow
from tests.core.calls.builders import application, policy_with

STAGES = [
    {"id": "paper", "on": "2026-02-05", "keeps": 3},
    {"id": "talk", "on": "2026-02-09", "keeps": 2},
]


def places(
    scores: dict[str, int],
    *,
    asked: dict[str, int] | None = None,
    unscored: tuple[str, ...] = (),
    **changes: object,
) -> list[Place]:
    """The places of applications with these milli-points; lots follow the alphabet."""
    blocks = asked or {}
    applications = [
        application(name, requests=(Request("h200", blocks.get(name, 1), 4),)) for name in scores
    ]
    call = policy_with(**changes).calls["open"]
    lots = {name: name for name in scores}
    return list(narrow(call, applications, scores, frozenset(scores) - set(unscored), lots))


STANDINGS = [
    (Standing.IN_FIELD, Place("a", 1, Standing.IN_FIELD, "", 0)),
    (Standing.NOT_SCORED, Place("e", 5, Standing.NOT_SCORED, "", 60_000)),
    (Standing.BELOW_PASS_MARK, Place("d", 4, Standing.BELOW_PASS_MARK, "", 60_000)),
    (Standing.OUT_AT_STAGE, Place("c", 3, Standing.OUT_AT_STAGE, "talk", 80_000)),
]


@pytest.mark.parametrize(("standing", "expected"), STANDINGS)
def test_each_standing_says_what_was_needed(standing: Standing, expected: Place) -> None:
    """An applicant who fell out reads where, and which score would have stayed in."""
    scores = {"a": 90_000, "b": 80_000, "c": 70_000, "d": 59_999, "e": 0}
    found = places(scores, unscored=("e",), stages=STAGES)
    assert expected == next(place for place in found if place.standing is standing)


def test_every_standing_is_provoked() -> None:
    """The table above is the whole enumeration."""
    assert set(Standing) == {standing for standing, _ in STANDINGS}


def test_the_pass_mark_itself_passes() -> None:
    """Sixty points is not below sixty."""
    assert [Standing.IN_FIELD] == [place.standing for place in places({"a": 60_000})]


def test_without_stages_everybody_who_passes_is_in() -> None:
    """A call that does not narrow its field keeps all of it."""
    found = places({"a": 61_000, "b": 60_500}, pass_mark=None)
    assert {Standing.IN_FIELD} == {place.standing for place in found}


def test_equal_scores_go_by_the_smaller_request_and_then_by_lot() -> None:
    """Ties are broken by the published words, and the lot is the last of them."""
    found = places({"a": 70_000, "b": 70_000, "c": 70_000}, asked={"a": 2, "b": 2})
    assert ["c", "a", "b"] == [place.application for place in found]
    by_lot = places({"a": 70_000, "b": 70_000}, asked={"a": 2}, ties=["lot"])
    assert ["a", "b"] == [place.application for place in by_lot]


def test_who_came_first_goes_first_where_the_policy_says_so() -> None:
    """To the second; the lot decides within one, and an unknown instant is the last."""
    call = policy_with(ties=["first_come", "lot"]).calls["open"]
    at = {"a": "2026-01-20T10:00:01Z", "b": "2026-01-20T10:00:00Z", "c": "2026-01-20T10:00:00Z"}
    came = [replace(application(name), at=instant) for name, instant in {**at, "d": "?"}.items()]
    scores, lots = dict.fromkeys("abcd", 70_000), {"a": "0", "b": "2", "c": "1", "d": "0"}
    found = narrow(call, came, scores, frozenset(scores), lots)
    assert ["c", "b", "a", "d"] == [place.application for place in found]


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 100_000)))
def test_nobody_in_the_field_has_less_than_somebody_a_stage_sent_home(
    scores: dict[str, int],
) -> None:
    """A stage keeps exactly its number of the best, and everyone has one place."""
    found = places(scores, stages=STAGES)
    kept = [scores[p.application] for p in found if p.standing is Standing.IN_FIELD]
    out = [scores[p.application] for p in found if p.standing is Standing.OUT_AT_STAGE]
    assert len(kept) == min(2, len(kept) + len(out))
    assert not out or min(kept) >= max(out)
    assert sorted(scores) == sorted(place.application for place in found)


def test_an_application_is_ranked_by_its_id_and_not_by_what_is_in_it() -> None:
    """Two applications alike in all but their id have a place each."""
    twins: list[Application] = [application("a"), application("b")]
    call = policy_with().calls["open"]
    scores, lots = {"a": 70_000, "b": 70_000}, {"a": "1", "b": "0"}
    found = narrow(call, twins, scores, frozenset(scores), lots)
    assert [("b", 1), ("a", 2)] == [(place.application, place.rank) for place in found]
