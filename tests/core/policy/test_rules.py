"""Rules refuse, settle and classify; whatever has no one answer says why."""

from datetime import date

import pytest

from headgate.core.policy.primitives import share_of
from headgate.core.policy.rules import facts_of, holder_of, holds, refusals, settle, text_of
from headgate.core.policy.schema import Holder, Rule, Table, TableException
from headgate.core.supports.text import Text

DAY = date(2026, 3, 1)
FIRM = facts_of({"applicant": {"kind": "firm", "size": "large", "youth": True}}, DAY)


def rule(identity: str, when: str) -> Rule:
    """A ground of refusal."""
    return Rule(id=identity, when=when, because=Text(en="So it is."))


def holder(identity: str, when: str) -> Holder:
    """A class of holders."""
    return Holder(id=identity, name=Text(en=identity), when=when)


def table(*exceptions: tuple[str, str, str]) -> Table:
    """A table with the base 10 %."""
    rules = tuple(TableException(id=i, when=w, then=t) for i, w, t in exceptions)
    return Table(base="10 %", exceptions=rules)


def test_every_rule_that_holds_refuses() -> None:
    """An applicant is told all grounds of a refusal, not the first."""
    rules = [
        rule("large", 'applicant.size == "large"'),
        rule("school", 'applicant.kind == "school"'),
        rule("youth", "applicant.youth"),
    ]
    assert ("large", "youth") == refusals(rules, FIRM)


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ("applicant.debt", "debts? missing_fact: debt"),
        ("applicant.size", "debts? wrong_type: gives str, not true or false"),
        ("1 / 0 > 1", "debts? arithmetic: division by zero in CEL expression"),
    ],
)
def test_a_rule_without_an_answer_refuses_and_says_why(when: str, reason: str) -> None:
    """Leaving a question out must never open a gate."""
    assert (reason,) == refusals([rule("debts", when)], FIRM)


def test_a_table_is_settled_by_its_one_exception_or_its_base() -> None:
    """The rule that gave the value is named along with it."""
    fee = table(("youth", "applicant.youth", "5 %"), ("school", 'applicant.kind == "s"', "0 %"))
    assert ("5 %", "youth") == settle(fee, FIRM)
    assert ("10 %", "base") == settle(table(), FIRM)


def test_two_exceptions_that_apply_are_an_error_and_not_a_race() -> None:
    """No order of lines decides who pays what."""
    fee = table(("youth", "applicant.youth", "5 %"), ("firm", 'applicant.kind == "firm"', "7 %"))
    assert (None, "both youth and firm apply") == settle(fee, FIRM)


def test_an_applicant_is_of_exactly_one_class() -> None:
    """None and two are both named."""
    firms, all_ = holder("firms", 'applicant.kind == "firm"'), holder("all", "true")
    assert ("firms", "") == holder_of([firms], FIRM)
    assert (None, "no class of holders applies") == holder_of([holder("x", "false")], FIRM)
    assert (None, "both firms and all apply") == holder_of([firms, all_], FIRM)
    assert (None, "x? missing_fact: y") == holder_of([firms, holder("x", "applicant.y")], FIRM)


def test_conditions_and_groups_of_facts() -> None:
    """A floor counts whom it certainly holds of; a concentration groups by a text."""
    assert holds("applicant.youth", FIRM)
    assert not holds("applicant.nothing", FIRM)
    assert "firm" == text_of("applicant.kind", FIRM)
    assert "missing_fact: nothing" == text_of("applicant.nothing", FIRM)


def test_ages_are_counted_to_the_day() -> None:
    """A start-up's age is that on the day of the question, also for members."""
    young = {"founded": "2026-02-01"}
    facts = facts_of({"applicant": young, "application": {"members": [young]}}, DAY)
    assert 28 == facts["applicant"]["age_days"]
    assert 28 == facts["application"]["members"][0]["age_days"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 %", "1/10"),
        ("2.5%", "1/40"),
        ("1/3", "1/3"),
        ("0.1", "1/10"),
        (1, "1"),
        ("-0.5", "-1/2"),
    ],
)
def test_shares_are_read_exactly(text: str | int, expected: str) -> None:
    """However a share is written, no digit of it is lost."""
    assert expected == str(share_of(text))


@pytest.mark.parametrize("text", [0.1, True, None, "1/0", "ten", "1e9", "1e999999999", "nan", ""])
def test_inexact_and_absurd_shares_are_refused(text: object) -> None:
    """A float, a word, a division by nothing and a number without end are no shares."""
    with pytest.raises(ValueError, match="exact share"):
        share_of(text)
