"""A form's answers become facts of their own kind, or are named with what mends them."""

import pytest

from headgate.core.calls.form import AnswerFault, read_answers, read_attached
from headgate.core.policy.schema import Attachment, FieldKind, FileType, FormField
from headgate.core.supports.text import Text


def asked(kind: FieldKind, *, required: bool = True) -> FormField:
    """A question."""
    return FormField(kind=kind, name=Text(en="A question"), required=required)


FORM = {
    "plan": asked(FieldKind.TEXT),
    "staff": asked(FieldKind.INTEGER),
    "youth": asked(FieldKind.BOOLEAN),
    "since": asked(FieldKind.DATE, required=False),
}


def test_text_from_a_page_becomes_facts() -> None:
    """Facts stand in the order of the questions and have the kind that rules reckon with."""
    given = {"youth": "on", "since": "2020-02-29", "staff": " 12 ", "plan": " Dạy một mô hình "}
    read = read_answers(FORM, given)
    assert {} == read.faults
    facts = [("plan", "Dạy một mô hình"), ("staff", 12), ("youth", True), ("since", "2020-02-29")]
    assert facts == list(read.facts.items())


def test_facts_are_their_own_answers() -> None:
    """What was read once is read again the same."""
    facts = {"plan": "x", "staff": -3, "youth": False}
    assert facts == read_answers(FORM, facts).facts


PROVOKED = {
    AnswerFault.MISSING: ("plan", ""),
    AnswerFault.UNKNOWN: ("strange", "x"),
    AnswerFault.NOT_PLAIN: ("plan", "two\nlines"),
    AnswerFault.NOT_INTEGER: ("staff", "9" * 19 + "9"),
    AnswerFault.NOT_BOOLEAN: ("youth", "perhaps"),
    AnswerFault.NOT_DATE: ("since", "29.2.2020"),
}


@pytest.mark.parametrize(
    "fault", [one for one in AnswerFault if one is not AnswerFault.NOT_ATTACHED]
)
def test_a_bad_answer_is_named(fault: AnswerFault) -> None:
    """Each fault occurs, at its question, and the other answers are read all the same."""
    name, answer = PROVOKED[fault]
    given: dict[str, object] = {"plan": "x", "staff": 1, "youth": True, name: answer}
    read = read_answers(FORM, given)
    assert {name: fault} == read.faults
    assert name not in read.facts


def test_a_required_document_is_missed_by_name() -> None:
    """What is attached is its digest; what may be left out is not missed."""

    def document(*, required: bool) -> Attachment:
        name, types = Text(en="A document"), (FileType.PDF,)
        return Attachment(name=name, types=types, megabytes_most=1, required=required)

    wanted = {"plan": document(required=True), "cv": document(required=False)}
    assert {"plan": AnswerFault.NOT_ATTACHED} == read_attached(wanted, {}).faults
    read = read_attached(wanted, {"plan": "ab" * 32, "strange": "cd" * 32})
    assert ({"plan": "ab" * 32}, {}) == (read.facts, read.faults)


def test_all_faults_are_told_at_once() -> None:
    """Nobody mends a form one answer at a time."""
    assert {"plan", "staff", "youth"} == read_answers(FORM, {}).faults.keys()
    hostile: dict[str, object] = {"plan": 1.5, "staff": True, "youth": [], "since": {}}
    assert set(FORM) == read_answers(FORM, hostile).faults.keys()
