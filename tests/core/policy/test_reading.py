"""What is handed to the engine never changes an answer: only what no rule reads is left out."""

from typing import Any

import pytest
from hypothesis import given as some
from hypothesis import settings
from hypothesis import strategies as st

from headgate.core.policy.expressions import Failure, Unanswered, evaluate, given
from headgate.core.policy.reading import Reading, reading

WAYS = (
    'applicant.kind == "firm"',
    "applicant.flag || application.members.exists(m, m.flag)",
    "application.members.all(m, has(m.age) && m.age > 1)",
    "application.members.exists_one(m, m.kind == applicant.kind)",
    "application.members.filter(m, m.flag).size() > 0",
    "application.members.map(m, m.kind) == ['firm']",
    "application.members.exists(m, m == applicant)",
    "application.members.exists(m, 'age' in m)",
    "application.members.exists(m, m.parts.exists(p, p.age == 1))",
    "application.members.exists(m, application.requests.exists(r, r.age == m.age))",
    "application.members.exists(m, m.flag) && application.requests.exists(m, m.age == 1)",
    "application.members.exists(m, m.flag) && application.members.size() < 3",
    "application.members[0] == application.members[1]",
    "application.members[0].kind == applicant.kind",
    "size(application.members) == 1",
    "applicant == application.members[0]",
    "'kind' in applicant",
    'applicant["kind"] == "firm"',
    "applicant.exists(k, k == 'kind')",
    "applicant.size() == 3",
    "has(applicant.age) && .applicant.age == 1",
    "true in [.applicant.flag]",
    "applicant.parts == {'age': 1}",
    "{'kind': applicant}.kind.age == 1",
    "stranger.kind == 1 || m.flag",
    "application.members.exists(applicant, applicant.flag) && applicant.kind == 'firm'",
    "'age' in .applicant.parts",
    "application.members.exists(in, true)",
    "application.members.exists(m, m.flag) == m.flag",
    "applicant.kind ==",
    "applicant.",
)
"""Every way in which an expression can name facts, known here or not."""

PLAIN = st.sampled_from([None, True, False, 1, 2, -1, 2**62, "firm", "", "한국"])
ODD = st.one_of(PLAIN, st.sampled_from([2**63, 1.5, "\ud800", (1, 2), {1: "one"}]))
NAMES = st.sampled_from(["kind", "flag", "age", "parts", "other"])
RECORD = st.dictionaries(NAMES, st.one_of(ODD, st.dictionaries(NAMES, PLAIN, max_size=2)))
MEMBERS = st.one_of(st.lists(st.dictionaries(NAMES, PLAIN), max_size=3), st.lists(ODD), RECORD, ODD)
APPLICATION = st.fixed_dictionaries(
    {}, optional={"members": MEMBERS, "requests": MEMBERS, "other": ODD}
)
FACTS = st.fixed_dictionaries(
    {}, optional={"applicant": st.one_of(RECORD, ODD), "application": st.one_of(APPLICATION, ODD)}
)


@settings(max_examples=400)
@some(FACTS, st.lists(st.sampled_from(WAYS), min_size=1, max_size=4, unique=True))
def test_facts_read_for_some_expressions_answer_as_whole_facts_do(
    facts: dict[str, Any], tried: list[str]
) -> None:
    """Whatever is asked of whatever facts, the answer is the same, faults and their words too."""
    ready = given(facts, tuple(tried))
    assert [evaluate(one, facts) for one in tried] == [evaluate(one, ready) for one in tried]


@pytest.mark.parametrize("expression", WAYS)
def test_each_way_of_naming_facts_answers_as_on_whole_facts(expression: str) -> None:
    """The same for each way alone, on facts that have everything it could name."""
    member = {"kind": "firm", "flag": True, "age": 1, "parts": [{"age": 1}], "other": "x"}
    applicant = {"kind": "firm", "age": 1, "parts": {"age": 1}, "flag": True, "other": 2}
    other = {**member, "other": "y"}
    facts = {
        "applicant": applicant,
        "application": {"members": [member, other], "requests": [member], "other": "z"},
    }
    ready = given(facts, (expression,))
    assert evaluate(expression, facts) == evaluate(expression, ready)


@pytest.mark.parametrize(
    "members",
    [[1], [{"flag": True}, 1], {"flag": True}, "flag", 3, None, [{"other": "\ud800"}], [{1: True}]],
)
def test_members_that_are_no_records_answer_as_whole_facts_do(members: object) -> None:
    """Facts of any form, and such as the engine cannot read, are told as they are."""
    tried = ("application.members.exists(m, m.flag)", "applicant.kind == 'firm'")
    facts = {"applicant": {"kind": "firm"}, "application": {"members": members}}
    ready = given(facts, tried)
    assert [evaluate(one, facts) for one in tried] == [evaluate(one, ready) for one in tried]


def test_of_an_alliance_only_what_its_rules_name_is_read() -> None:
    """A rule that looks at one word of each member is handed that word alone."""
    tried = ("applicant.flag || application.members.exists(m, m.flag)", "application.call == 'a'")
    member = {"flag": False, "kind": "firm", "age": 3}
    facts = {"applicant": member, "application": {"call": "a", "members": [member], "id": "A1"}}
    assert {
        "applicant": {"flag": False},
        "application": {"call": "a", "members": [{"flag": False}]},
    } == reading(tried).of(facts)


@pytest.mark.parametrize("whole", ["applicant == applicant", "applicant.size() == 1", ".applicant"])
def test_of_facts_named_otherwise_everything_is_read(whole: str) -> None:
    """One expression that is not understood has all facts handed over for all of them."""
    assert Reading(None) == reading((whole, "applicant.flag"))


def test_facts_read_for_one_expression_are_refused_to_another() -> None:
    """What was left out for one rule must never be a missing fact of another."""
    ready = given({"applicant": {"flag": True}, "application": {}}, ("applicant.flag",))
    with pytest.raises(ValueError, match=r"were not read for 'applicant\.kind'"):
        evaluate("applicant.kind", ready)


def test_a_number_that_is_not_exact_has_no_answer_wherever_it_stands() -> None:
    """A fact that no rule reads still stops the application, as it did for whole facts."""
    ready = given({"applicant": {"flag": True, "share": 0.5}, "application": {}}, ("true",))
    why = "a fact is an inexact number, or beyond 64 bits"
    assert Unanswered(Failure.WRONG_TYPE, why) == evaluate("true", ready)
