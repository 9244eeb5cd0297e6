"""Marks become exact scores, and a sheet that is not whole counts for nothing."""

from fractions import Fraction

import pytest

from headgate.core.calls.application import Mark
from headgate.core.calls.scoring import Score, score
from tests.core.calls.builders import policy_with, sheet

CALL = policy_with().calls["open"]


def test_a_score_is_the_weighted_mean_of_whole_sheets() -> None:
    """9/10 at weight 60 and 3/5 at 40 are 78 points; 8/10 and 5/5 are 88; their mean is 83."""
    scores = score(CALL, [*sheet("a", "r1", 9, 3), *sheet("a", "r2", 8, 5)], {"a"})
    assert (Score("a", 83_000, 83_000, 2),) == scores.scores
    assert () == scores.refused


def test_a_mean_that_is_no_whole_number_is_rounded_half_to_even() -> None:
    """Three sheets of 78, 88 and 88 points are 84.666..., and 84,667 milli-points."""
    marks = [*sheet("a", "r1", 9, 3), *sheet("a", "r2", 8, 5), *sheet("a", "r3", 8, 5)]
    expected = round(Fraction(78_000 + 88_000 + 88_000, 3))
    assert expected == score(CALL, marks, {"a"}).scores[0].milli_points


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([Mark("a", "effect", "r2", 10)], ("a/r2: incomplete",)),
        (
            [Mark("a", "effect", "r2", 11), Mark("a", "means", "r2", 5)],
            ("a/r2/effect: outside the criteria", "a/r2: incomplete"),
        ),
        (
            [Mark("a", "effect", "r2", -1), Mark("a", "means", "r2", 5)],
            ("a/r2/effect: outside the criteria", "a/r2: incomplete"),
        ),
        ([*sheet("a", "r2", 10, 5), Mark("a", "effect", "r2", 2)], ("a/r2/effect: marked twice",)),
    ],
)
def test_a_sheet_that_is_not_whole_is_refused_and_told(
    more: list[Mark], expected: tuple[str, ...]
) -> None:
    """Half a sheet, a mark off the scale or two marks on one question count for nothing."""
    scores = score(CALL, [*sheet("a", "r1", 9, 3), *more], {"a"})
    assert (Score("a", 78_000, 78_000, 1),) == scores.scores
    assert expected == scores.refused


def test_a_mark_on_an_unknown_question_is_told_and_the_sheet_stands() -> None:
    """What is outside the criteria is left out by name; the whole sheet beside it counts."""
    scores = score(CALL, [*sheet("a", "r1", 9, 3), Mark("a", "charm", "r1", 5)], {"a"})
    assert ("a/r1/charm: outside the criteria",) == scores.refused
    assert 78_000 == scores.scores[0].milli_points


def test_who_has_no_sheet_is_shown_as_not_reviewed() -> None:
    """Nought with nought reviewers is an answer; it is never a low mark by somebody."""
    assert (Score("a", 0, 0, 0),) == score(CALL, [], {"a"}).scores


def test_the_order_of_marks_changes_nothing() -> None:
    """A panel's marks may come in any order, those that are refused among them."""
    marks = [*sheet("a", "r1", 9, 3), *sheet("b", "r1", 5, 5), *sheet("a", "r2", 2, 2)]
    marks = [Mark("b", "charm", "r1", 5), *marks, Mark("a", "effect", "r2", 3)]
    assert score(CALL, marks, {"a", "b"}) == score(CALL, marks[::-1], {"b", "a"})


def test_sheets_of_who_is_not_judged_move_nothing() -> None:
    """What was said of an application that was refused is left out, of harshness and faults too."""
    marks = [*sheet("a", "r1", 9, 3), *sheet("a", "r2", 8, 5)]
    others = [*sheet("out", "r1", 1, 1), *sheet("out", "r2", 10, 5), Mark("out", "charm", "r1", 5)]
    assert score(CALL, marks, {"a"}) == score(CALL, [*others[:3], *marks, *others[3:]], {"a"})


def test_a_harsh_reviewer_is_taken_out_only_where_the_policy_says_so() -> None:
    """Severity is reported in either case; it moves a score only by the policy's word."""
    marks = [m for n in range(6) for m in sheet(f"s{n}", "fair", 8, 4)]
    marks += [m for n in range(6) for m in sheet(f"s{n}", "harsh" if n < 3 else "mild", 4, 2)]
    marks += [m for n in range(6) for m in sheet(f"s{n}", "harsh" if n >= 3 else "odd", 4, 2)]
    names = {f"s{n}" for n in range(6)}
    raw = score(CALL, marks, names)
    panel = {"least": 3, "most": 3, "adjust_harshness": True}
    adjusted = score(policy_with(panel=panel).calls["open"], marks, names)
    assert all(s.milli_points == s.milli_points_raw for s in raw.scores)
    assert raw.harshness == adjusted.harshness
    assert [s.milli_points_raw for s in raw.scores] == [s.milli_points_raw for s in adjusted.scores]
    assert [adjusted.harshness.adjusted[s.application] for s in adjusted.scores] == [
        s.milli_points for s in adjusted.scores
    ]
