"""CEL expressions answer as the specification says, and what they cannot answer has a name."""

import json
import subprocess
import sys
from typing import Any

import celpy
import pytest
from celpy.adapter import json_to_cel
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.policy.expressions import (
    Failure,
    Kind,
    Unanswered,
    Vocabulary,
    broken,
    evaluate,
    names_of,
    strays,
)

ORACLE = celpy.Environment()
FACTS: dict[str, Any] = {
    "applicant": {"kind": "firm", "age": 5, "youth": True, "region": "north"},
    "application": {"months": 6, "members": [{"kind": "firm", "age": 1}, {"kind": "x", "age": 9}]},
}
TEXTS = st.sampled_from(["applicant.kind", "applicant.region", '"firm"', '"x"', '""'])
NUMBERS = st.recursive(
    st.sampled_from(["applicant.age", "application.months", "0", "3", "size(application.members)"]),
    lambda n: st.builds("({} {} {})".format, n, st.sampled_from(["+", "-", "*"]), n),
    max_leaves=4,
)
ATOMS = st.one_of(
    st.builds("{} {} {}".format, TEXTS, st.sampled_from(["==", "!="]), TEXTS),
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(["<", "<=", "==", ">", ">="]), NUMBERS),
    st.just("applicant.youth"),
    st.builds("{} in [{}, {}]".format, TEXTS, TEXTS, TEXTS),
    st.builds("application.members.exists(m, m.age > {})".format, NUMBERS),
    st.builds("application.members.all(m, m.kind == {})".format, TEXTS),
    st.builds("has(applicant.{})".format, st.sampled_from(["kind", "nothing"])),
    st.builds("{}.startsWith({})".format, TEXTS, TEXTS),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda c: st.one_of(
        st.builds("({}) && ({})".format, c, c),
        st.builds("({}) || ({})".format, c, c),
        st.builds("!({})".format, c),
        st.builds("({}) ? ({}) : ({})".format, c, c, c),
    ),
    max_leaves=4,
)


@settings(max_examples=150)
@given(CONDITIONS)
def test_answers_agree_with_another_implementation(expression: str) -> None:
    """cel-python, written by others in another language, gives the same truth."""
    program = ORACLE.program(ORACLE.compile(expression))
    activation = {name: json_to_cel(json.loads(json.dumps(v))) for name, v in FACTS.items()}
    assert bool(program.evaluate(activation)) == evaluate(expression, FACTS)


@pytest.mark.parametrize(
    ("expression", "failure", "detail"),
    [
        ("applicant.kind ==", Failure.SYNTAX, "mismatched input '<EOF>'"),
        ("applicant.size == 'x'", Failure.MISSING_FACT, "size"),
        ("nobody.size == 'x'", Failure.UNKNOWN_NAME, "Undefined variable or function: 'nobody'"),
        ("applicant.kind > 3", Failure.WRONG_TYPE, "No such overload"),
        ("1 / 0 == 1", Failure.ARITHMETIC, "division by zero"),
        ("duration('x') == duration('y')", Failure.OTHER, "'duration' error"),
    ],
)
def test_what_has_no_answer_is_named(expression: str, failure: Failure, detail: str) -> None:
    """An expression that cannot be answered gives a named reason, never an exception."""
    answer = evaluate(expression, FACTS)
    assert isinstance(answer, Unanswered)
    assert failure is answer.failure
    assert detail in answer.detail


@pytest.mark.parametrize("number", [10**30, 1.5, [1.5]])
def test_an_inexact_fact_decides_nothing(number: object) -> None:
    """A number that would be rounded on its way into an expression has no answer."""
    answer = evaluate("a == 1", {"a": number})
    assert isinstance(answer, Unanswered)
    assert Failure.WRONG_TYPE is answer.failure


def test_every_failure_is_provoked() -> None:
    """The cases above are all there are."""
    marks = test_what_has_no_answer_is_named.pytestmark  # type: ignore[attr-defined]
    assert set(Failure) == {case[1] for mark in marks for case in mark.args[1]}


@given(st.text(max_size=60) | st.text("(){}[]!-+.'\"aé0\\ \n?:&|", max_size=200))
def test_no_text_is_too_strange_to_be_read(expression: str) -> None:
    """Any text is either an expression with an answer or a named failure."""
    broken(expression)
    evaluate(expression, FACTS)
    list(strays(expression, VOCABULARY))


def test_an_endless_expression_is_refused() -> None:
    """Length is bounded, so that nobody can make the checks slow."""
    assert broken("true || " * 1000 + "true") is not None


VOCABULARY = Vocabulary(
    {
        Kind.APPLICANT: dict.fromkeys(["kind", "size"], (Kind.PLAIN, False)),
        Kind.APPLICATION: {
            "months": (Kind.PLAIN, False),
            "members": (Kind.APPLICANT, True),
            "requests": (Kind.REQUEST, True),
        },
        Kind.REQUEST: {"least": (Kind.PLAIN, False)},
    }
)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ('applicant.kind == "size.knd"', []),
        ("applicant.knd == applicant.size", ["knd"]),
        ("aplicant.kind == 'x'", ["aplicant"]),
        ("application.members.exists(m, m.kind == 'x' && m.siz == 'y')", ["siz"]),
        ("application.requests.all(r, r.least > 1 && r.lest > 1)", ["lest"]),
        ("application.requests.filter(r, r.least > 1).size() > 0", []),
        ("has(applicant.sice) && lower(applicant.size) == 'x'", ["sice", "lower"]),
        ("application.months > 1.5", ["1.5"]),
        ("double(application.months) > 1.0", ["double", "1.0"]),
        ("m.kind == 'x'", ["m"]),
        ("{'a': 1}.a == 1 // applicant.knd", []),
        ("type(application.months) == int", []),
    ],
)
def test_names_that_mean_nothing_are_found_before_there_are_facts(
    expression: str, words: list[str]
) -> None:
    """A misspelled fact is told when the policy is loaded, also inside a list's conditions."""
    assert words == [stray.word for stray in strays(expression, VOCABULARY)]


def test_the_inputs_of_an_expression_are_known() -> None:
    """An explanation can show the facts that a rule read."""
    expression = "applicant.kind == 'a.b' && application.months > 3 && applicant.kind != 'x'"
    roots = ("applicant", "application")
    assert ("applicant.kind", "application.months") == names_of(expression, roots)


def test_rules_are_read_without_a_toolkit_for_terminals() -> None:
    """The expressions' package would load one for a command line of its own, at every start."""
    told = "import sys, headgate.core.policy.expressions; print('prompt_toolkit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()
