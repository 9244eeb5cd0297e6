"""A form's answers: what people write becomes the facts that the policy's rules ask for.

The questions are the policy's own (`fields` of a call or of organisations). An answer may come as
text, as a page sends it, or as the value that it was kept as; anything else is a fault of its
question, and all of them are told at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from headgate.core.calls.application import Fact
from headgate.core.ledger.text import is_plain
from headgate.core.policy.schema import Attachment, FieldKind, FormField

TEXT_MOST: Final = 4_000
"""Characters of one text answer."""

INTEGER_MOST: Final = 2**63 - 1
"""The largest whole number that the rules can reckon with."""

_YES_NO: Final = {"yes": True, "true": True, "on": True, "no": False, "false": False}


class AnswerFault(Enum):
    """What is wrong with one answer; the value is what mends it."""

    MISSING = "Answer this question."
    UNKNOWN = "The form has no such question: leave it out."
    NOT_PLAIN = "Write plain text on one line, of at most 4,000 characters."
    NOT_INTEGER = "Write a whole number in digits."
    NOT_BOOLEAN = "Answer yes or no."
    NOT_DATE = "Write a day as YYYY-MM-DD."
    NOT_ATTACHED = "Attach this document."


@dataclass(frozen=True, slots=True)
class Answers:
    """The facts in the order of the questions, and what is wrong with the rest, by question."""

    facts: Mapping[str, Fact]
    faults: Mapping[str, AnswerFault]


def read_answers(fields: Mapping[str, FormField], given: Mapping[str, object]) -> Answers:
    """Read the answers to a form; an empty answer is none, and may be if it is not required."""
    facts: dict[str, Fact] = {}
    faults = {name: AnswerFault.UNKNOWN for name in given if name not in fields}
    for name, asked in fields.items():
        answer = given.get(name)
        if answer is None or answer == "":
            if asked.required:
                faults[name] = AnswerFault.MISSING
            continue
        fact = _fact(asked.kind, answer)
        if isinstance(fact, AnswerFault):
            faults[name] = fact
        else:
            facts[name] = fact
    return Answers(facts, faults)


def read_attached(asked: Mapping[str, Attachment], given: Mapping[str, str]) -> Answers:
    """The digests of what is attached, by its name, and each required document that is not."""
    facts: dict[str, Fact] = {name: given[name] for name in asked if name in given}
    wanted = (name for name, one in asked.items() if one.required and name not in given)
    return Answers(facts, dict.fromkeys(wanted, AnswerFault.NOT_ATTACHED))


def _fact(kind: FieldKind, answer: object) -> Fact | AnswerFault:
    text = answer.strip() if isinstance(answer, str) else ""
    match kind:
        case FieldKind.BOOLEAN:
            found = answer if isinstance(answer, bool) else _YES_NO.get(text.lower())
            return AnswerFault.NOT_BOOLEAN if found is None else found
        case FieldKind.INTEGER:
            return _integer(answer, text)
        case FieldKind.DATE:
            return text if _is_day(text) else AnswerFault.NOT_DATE
        case FieldKind.TEXT:
            plain = 0 < len(text) <= TEXT_MOST and is_plain(text)
            return text if plain else AnswerFault.NOT_PLAIN


def _integer(answer: object, text: str) -> int | AnswerFault:
    digits = text.removeprefix("-")
    if isinstance(answer, int) and not isinstance(answer, bool):
        number = answer
    elif digits.isascii() and digits.isdigit() and len(digits) < 20:
        number = int(text)
    else:
        return AnswerFault.NOT_INTEGER
    return number if abs(number) <= INTEGER_MOST else AnswerFault.NOT_INTEGER


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
