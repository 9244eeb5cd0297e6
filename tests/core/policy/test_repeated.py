"""A call that repeats is so many calls, each where the one is written."""

from datetime import date, timedelta

import pytest

from headgate.core.calls.window import window
from headgate.core.faults import Faulty
from headgate.core.policy.check import adoptable, check
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from tests.steps.builders import document

DAY = date(2026, 3, 1)
HOURS = "  hours:\n"


def repeating(words: str, *changes: tuple[str, str]) -> Document:
    """The tests' programme, whose call for hours repeats."""
    return document((HOURS, f"{HOURS}    repeat: {words}\n"), *changes)


def codes(changed: Document) -> list[str]:
    """What `headgate check` names."""
    return [fault.code for fault in check(changed)]


def untried(changed: Document) -> list[str]:
    """The rules of calls for hours that `headgate check --adopt` misses a case of."""
    told = [fault.what for fault in adoptable(changed, DAY) if fault.code == "rule-unfired"]
    return [what for what in told if "calls.hours" in what]


def test_a_call_is_written_once_and_comes_again() -> None:
    """Days move by months, the last of a month stays the last; the name has its number."""
    policy = at(
        repeating("{months: 1, times: 3}", ("opens: 2026-02-01", "opens: 2026-01-31")), DAY
    ).policy
    ids = [name for name in policy.calls if name.startswith("hours")]
    assert ["hours", "hours-2", "hours-3"] == ids
    assert [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)] == [
        policy.calls[name].opens for name in ids
    ]
    assert date(2026, 7, 10) == policy.calls["hours-3"].starts
    assert "Hours at any pace (3)" == policy.calls["hours-3"].name.say("vi")
    assert "Hours at any pace" == policy.calls["hours"].name.say("en")
    first, last = (policy.calls[name].model_dump() for name in ("hours", "hours-3"))
    moved = {"name", "opens", "closes", "decides", "starts"}
    assert moved == {key for key in first if first[key] != last[key]}
    assert first["repeat"] is None


def test_a_call_may_come_again_after_so_many_days() -> None:
    """A fortnight is a fortnight, in February as in March."""
    policy = at(repeating("{days: 14, times: 3}"), DAY).policy
    first = policy.calls["hours"].opens
    assert [first + timedelta(days=14 * n) for n in (0, 1, 2)] == [
        policy.calls[name].opens for name in ("hours", "hours-2", "hours-3")
    ]


def test_a_call_may_be_open_for_one_day() -> None:
    """It opens with the day's first moment and closes with its last."""
    changed = document(("closes: 2026-04-01", "closes: 2026-02-01"))
    assert [] == codes(changed)
    call = at(changed, DAY).policy.calls["hours"]
    opens, closes = window(call, "UTC")
    assert ("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z") == (opens, closes)


def test_a_fault_that_each_of_them_has_is_told_once() -> None:
    """Of the call as it is written; what only a later one has is told of that one."""
    mark = ("    block: {gpu_hour: 100}", "    pass_mark: 60 %\n    block: {gpu_hour: 100}")
    found = check(repeating("{months: 1, times: 4}", mark))
    assert ["`calls.hours.pass_mark`: this is no whole number"] == [f.what for f in found]


def test_days_of_stages_move_too() -> None:
    """A stage lies between the days of its own call."""
    stages = "    repeat: {months: 12, times: 2}\n    stages: [{id: paper, on: DAY, keeps: 20}]\n"
    changed = document(
        ("  open:\n", "  open:\n" + stages.replace("DAY", "2026-02-05")),
    )
    assert [] == codes(changed)
    calls = at(changed, DAY).policy.calls
    assert [date(2026, 2, 5), date(2027, 2, 5)] == [
        calls[name].stages[0].on for name in ("open", "open-2")
    ]


def test_a_fault_of_a_repeated_call_is_told_where_it_is_written() -> None:
    """No call is wrong by itself: the line is that of the one that was written."""
    changed = repeating("{months: 1, times: 2}", ("holders: [academia]", "holders: [academics]"))
    found = [fault for fault in check(changed) if fault.code == "holder-unknown"]
    assert 1 == len({(fault.file, fault.line) for fault in found})
    assert found[0].line > 0


def test_an_overlay_and_a_source_belong_to_each() -> None:
    """What is asked of the second call answers with the line of the one that is written."""
    laid = repeating("{months: 1, times: 2}").laid(
        "later",
        "overlay: later\nbecause: {en: Later.}\nfrom: 2026-01-01\nonwards: true\n"
        "set:\n  calls.hours-2.decides: 2026-06-08\n",
    )
    resolved = at(laid, DAY)
    assert date(2026, 6, 8) == resolved.policy.calls["hours-2"].decides
    assert date(2026, 5, 1) == resolved.policy.calls["hours"].decides
    told = resolved.provenance
    assert told["calls.hours.opens"] == told["calls.hours-2.opens"]


@pytest.mark.parametrize(
    ("sets", "calls"),
    [
        ("calls.hours.repeat: {months: 1, times: 3}", ["hours", "hours-2", "hours-3"]),
        ("calls.hours.repeat.times: 3", ["hours", "hours-2", "hours-3"]),
        ("calls.hours.repeat: null", ["hours"]),
        ("calls.hours.repeat.times: 4\n  calls.hours-4: null", ["hours", "hours-2", "hours-3"]),
    ],
)
def test_an_overlay_says_how_often_a_call_comes_again(sets: str, calls: list[str]) -> None:
    """It changes the call that is written; other changes are of the calls that are meant."""
    head = "overlay: often\nbecause: {en: Often.}\nfrom: 2026-01-01\nonwards: true\nset:\n"
    second = "  calls.hours-2.decides: 2026-06-08\n" if "hours-2" in calls else ""
    laid = repeating("{months: 1, times: 2}").laid("often", f"{head}{second}  {sets}\n")
    policy = at(laid, DAY).policy
    assert calls == [name for name in policy.calls if name.startswith("hours")]
    assert calls == ["hours"] or date(2026, 6, 8) == policy.calls["hours-2"].decides


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("{months: 0, times: 2}", "range-wrong"),
        ("{months: 121, times: 2}", "range-wrong"),
        ("{months: 1, times: 1}", "range-wrong"),
        ("{months: 1, times: 61}", "range-wrong"),
        ("{months: 1}", "key-missing"),
        ("monthly", "type-wrong"),
        ("{months: 1, times: 2, until: 3}", "key-unknown"),
    ],
)
def test_what_cannot_be_followed_is_told_once(words: str, code: str) -> None:
    """The call that is written stays alone, and its `repeat` is the one thing wrong."""
    assert [code] == codes(repeating(words))
    with pytest.raises(Faulty):
        at(repeating(words), DAY)


@pytest.mark.parametrize("words", ["{times: 2}", "{months: 1, days: 30, times: 2}"])
def test_how_long_until_it_comes_again_is_said_once(words: str) -> None:
    """In months or in days, and not in both: nobody guesses which one was meant."""
    (found,) = check(repeating(words))
    assert "`calls.hours.repeat`: one of months and days, and not both" == found.what


def test_a_name_that_is_taken_is_told() -> None:
    """A call `hours-2` that stands by itself is not written over."""
    other = "  hours-2:\n    repeat: {months: 6, times: 2}\n"
    text = document().texts["programme.yaml"]
    own = HOURS + text.partition(HOURS)[2].partition("reclaim:")[0].removeprefix(HOURS)
    changed = document(
        (HOURS, other + own.removeprefix(HOURS) + HOURS + "    repeat: {months: 1, times: 2}\n")
    )
    assert ["repeat-taken"] == codes(changed)


def test_a_rule_of_a_call_that_repeats_is_fired_once() -> None:
    """A case of any of its calls tries the rule; a rule that none tries is named once."""
    rule = "eligibility: [{id: huge, when: application.months > 5, because: {en: Too long.}}]"
    changed = repeating(
        "{months: 1, times: 4}",
        ("    block: {gpu_hour: 100}", f"    {rule}\n    block: {{gpu_hour: 100}}"),
    )
    assert ["no case fires the rule `calls.hours.eligibility.huge`"] == untried(changed)
    case = """
- case: too long for the third
  on: 2026-04-20
  ask: calls.hours-3.eligibility
  given: {application: {months: 6}}
  expect: [huge]
"""
    tried = Document.read({**changed.texts, "cases/huge.yaml": case})
    assert [] == untried(tried)
