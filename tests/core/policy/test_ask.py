"""One question, one answer, with the rules that gave it; or a named reason for having none."""

from datetime import date
from typing import Any

import pytest

from headgate.core.policy.ask import NoAnswer, ask
from headgate.core.policy.cases import run_cases, same
from headgate.core.policy.dated import at
from tests.core.policy.small import small, with_lines

DAY = date(2026, 3, 1)
TEXT = with_lines(
    "envelopes:",
    "  compute: {of: 100, shares: {business: 60, academia: 40}, block: {gpu: 8}, method: dhondt}",
    "reclaim:",
    "  compute:",
    "    elapsed: 1/2",
    "    notice_days: 7",
    "    steps:",
    "      - {id: under-half, used_below: 50 %, loses: 15 %}",
    "      - {id: under-tenth, used_below: 10 %, loses: 25 %}",
)
RESOLVED = at(small(TEXT), DAY)


@pytest.mark.parametrize(
    ("path", "given", "value", "fired"),
    [
        ("holders", {"applicant": {"kind": "firm"}}, "business", ("holders.business",)),
        ("holders", {"applicant": {"kind": "person"}}, None, ()),
        ("envelopes.compute", {"total": 5}, {"business": 3, "academia": 2}, ("envelopes.compute",)),
        ("envelopes.compute", {"total": 4}, {"business": 3, "academia": 1}, ("envelopes.compute",)),
        (
            "reclaim.compute",
            {"granted_so_far": 1000, "used_so_far": 99, "balance": 10},
            2,
            ("reclaim.compute.steps.under-tenth",),
        ),
        (
            "reclaim.compute",
            {"granted_so_far": 1000, "used_so_far": 100, "balance": 10},
            1,
            ("reclaim.compute.steps.under-half",),
        ),
        ("reclaim.compute", {"granted_so_far": 10, "used_so_far": 5, "balance": 9}, 0, ()),
        ("reclaim.compute", {"granted_so_far": 0, "used_so_far": 0, "balance": 9}, 0, ()),
        ("supports.compute.rates", {"amount": 3, "from": "b200", "to": "h200"}, 6, ()),
        ("supports.compute.rates", {"amount": 1, "from": "a100", "to": "h200"}, "1/4", ()),
        ("supports.compute.rates", {}, {"h200": 4, "b200": 8, "a100": 1}, ()),
        ("programme.calendar.first", {}, "2026-03-01", ()),
    ],
)
def test_a_question_has_an_answer_and_the_rules_that_gave_it(
    path: str, given: dict[str, Any], value: object, fired: tuple[str, ...]
) -> None:
    """Rules answer by what is given; any other path answers with its value."""
    answer = ask(RESOLVED, path, given)
    assert (value, fired, None) == (answer.value, answer.fired, answer.missing)


UNANSWERED: list[tuple[str, dict[str, Any], NoAnswer]] = [
    ("calls.nothing", {}, NoAnswer.NO_PATH),
    ("reclaim.compute", {"balance": -1}, NoAnswer.GIVEN_WRONG),
    ("supports.compute.rates", {"amount": 1, "from": "h100", "to": "h200"}, NoAnswer.GIVEN_WRONG),
    ("holders", {"applicant": {"size": "small"}}, NoAnswer.RULE_UNANSWERED),
    ("envelopes.compute", {"total": -5}, NoAnswer.GIVEN_WRONG),
]


@pytest.mark.parametrize(("path", "given", "missing"), UNANSWERED)
def test_a_question_without_an_answer_says_why(
    path: str, given: dict[str, Any], missing: NoAnswer
) -> None:
    """What cannot be answered is named and explained."""
    answer = ask(RESOLVED, path, given)
    assert (None, missing) == (answer.value, answer.missing)
    assert answer.detail


def test_two_classes_at_once_are_named() -> None:
    """Both rules are told by their paths, and with them every reason is provoked."""
    resolved = at(small(TEXT.replace('applicant.kind == "university"', '"true"')), DAY)
    answer = ask(resolved, "holders", {"applicant": {"kind": "firm"}})
    assert ("holders.business", "holders.academia") == answer.clash
    provoked = {case[2] for case in UNANSWERED} | {answer.missing}
    assert set(NoAnswer) == provoked


def test_a_wrong_path_is_told_the_nearest_name() -> None:
    """A person who misspells a path is helped."""
    assert "did you mean `reclaim`?" == ask(RESOLVED, "reclam.compute").detail


@pytest.mark.parametrize(
    ("answer", "expected", "equal"),
    [
        ("5 %", "0.05", True), ("1/4", "25 %", True), (1, "1", True), (1, True, False),
        (True, True, True), ("a", "b", False), (["a"], ["a"], True), (["a"], [], False),
        ({"a": 1}, {"a": 1}, True), ({"a": 1}, {"b": 1}, False),
        (None, None, True), (0, None, False),
    ],
)  # fmt: skip
def test_an_expected_value_may_be_written_another_way(
    answer: object, expected: object, equal: bool
) -> None:
    """Shares are equal as numbers; a truth is no number, and order of a list counts."""
    assert equal is same(answer, expected)


def test_rules_that_no_case_fires_are_listed() -> None:
    """The coverage of rules, by which a policy may or may not be adopted."""
    cases = (
        "- {case: a, on: 2026-03-01, ask: holders, given: {applicant: {kind: firm}}, "
        "expect: business}\n"
    )
    run = run_cases(small(TEXT, cases__a_yaml=cases))
    assert [True] == [result.right for result in run.results]
    assert frozenset({"holders.business"}) == run.fired
    steps = "reclaim.compute.steps"
    unfired = ("holders.academia", f"{steps}.under-half", f"{steps}.under-tenth")
    assert unfired == run.unfired
