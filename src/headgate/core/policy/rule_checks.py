"""Checks of every CEL expression of a policy: syntax, names, and one plain trial of its type."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from headgate.core.faults import Fault, Sentence, quoted
from headgate.core.policy.codes import Code
from headgate.core.policy.document import Document
from headgate.core.policy.expressions import (
    LENGTH_MOST,
    Failure,
    Kind,
    Shape,
    Stray,
    Unanswered,
    Vocabulary,
    broken,
    evaluate,
    strays,
)
from headgate.core.policy.names import meant, near
from headgate.core.policy.together import APPLICATION_FACTS, FACTS
from headgate.core.policy.tree import Place, stopped
from headgate.core.policy.values import Value

PLAIN: Shape = (Kind.PLAIN, False)
REQUEST_FACTS = ("class", "least", "most")
_SAMPLES: Mapping[str, Any] = {
    "text": "x",
    "integer": 1,
    "boolean": True,
    "date": "2000-01-01",
    "age_days": 1,
    "months": 1,
    "founded": "2000-01-01",
}


@dataclass(frozen=True, slots=True)
class _Written:
    """One expression: where it stands, the text, and whether it must be a condition or a text."""

    value: Value
    text: str
    call: str | None
    expected: type


def rule_faults(document: Document, root: Value) -> Iterator[tuple[str, Fault]]:
    """The faults of all expressions in force on a day, each with its expression."""
    for written in _expressions(root):
        for fault in _faults(document, root, written):
            yield written.text, fault


def _expressions(root: Value) -> Iterator[_Written]:
    """All expressions, also those in sections that are faulty elsewhere."""
    for _, holder in _parts(root, "holders"):
        yield from _of(holder, "when", None, bool)
    for call, value in _parts(root, "calls"):
        for section, key, kind in (
            ("eligibility", "when", bool),
            ("floors", "when", bool),
            ("concentration", "by", str),
        ):
            for _, rule in _parts(value, section):
                yield from _of(rule, key, call, kind)
        for _, exception in _parts(value, "fee", "exceptions"):
            yield from _of(exception, "when", call, bool)


def _parts(value: Value | None, *path: str) -> Iterator[tuple[str, Value]]:
    for step in path:
        value = value.part(step) if value is not None else None
    yield from value.parts() if value is not None else ()


def _of(rule: Value, key: str, call: str | None, expected: type) -> Iterator[_Written]:
    own = rule.part(key)
    if own is not None and isinstance(own.data, str) and own.data:
        yield _Written(own, own.data, call, expected)


def _faults(document: Document, root: Value, written: _Written) -> Iterator[Fault]:
    wrong = broken(written.text)
    if wrong is not None:
        lines = written.text.splitlines(keepends=True)[: wrong.line - 1]
        offset = sum(map(len, lines)) + wrong.column - 1
        reason = stopped(written.text, offset, wrong.reason)
        if len(written.text) > LENGTH_MOST:
            reason = Sentence("it has more than {n} characters", n=LENGTH_MOST)
        yield Code.RULE_SYNTAX.at(_place(document, written, offset), reason=reason)
        return
    found = [*islice(strays(written.text, _vocabulary(root, written.call)), 20)]
    for stray in found:
        place, mend = _place(document, written, stray.offset), meant(stray.word, stray.known)
        if stray.what == "double":
            yield Code.RULE_FLOAT.at(place, name=stray.word)
        elif stray.what == "function":
            yield Code.RULE_FUNCTION.at(place, name=stray.word, mend=mend)
        else:
            yield Code.RULE_NAME.at(place, name=stray.word, mend=_asked_for(stray) or mend)
    if not found:
        yield from _trial(document, root, written)


def _asked_for(stray: Stray) -> Sentence | None:
    """How a fact comes to be asked for, where the name is nothing like those that there are."""
    where = {APPLICATION_FACTS: "calls.CALL.fields", FACTS: "organisations.fields"}
    for facts, section in where.items():
        if set(facts) <= set(stray.known) and not near(stray.word, stray.known):
            form = "write one of: {names}; what else a form asks stands in `{section}`"
            names = ", ".join(stray.known)
            return Sentence(form, names=names, section=section)
    return None


def _trial(document: Document, root: Value, written: _Written) -> Iterator[Fault]:
    """Try the expression on a plain applicant: only its types can be wrong there."""
    answer = evaluate(written.text, _sample(root, written.call))
    place = _place(document, written, 0)
    if isinstance(answer, Unanswered):
        if answer.failure is Failure.WRONG_TYPE:
            yield Code.RULE_TYPE.at(place, words=quoted(answer.detail))
    elif not isinstance(answer, written.expected):
        names = {bool: Sentence("true or false"), str: Sentence("a text")}
        given = names.get(type(answer), type(answer).__name__)
        yield Code.RULE_RESULT.at(place, given=given, expected=names[written.expected])


def _fields(root: Value, call: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """The form fields of organisations, and of one call or of all, with their kinds."""
    of_calls: dict[str, str] = {}
    for name, value in _parts(root, "calls"):
        if call in (None, name):
            of_calls |= _kinds(value, "fields")
    return _kinds(root, "organisations", "fields"), of_calls


def _kinds(value: Value, *path: str) -> dict[str, str]:
    found = {}
    for name, field in _parts(value, *path):
        kind = field.part("kind")
        found[name] = str(kind.data) if kind is not None else ""
    return found


def _vocabulary(root: Value, call: str | None) -> Vocabulary:
    of_organisations, of_call = _fields(root, call)
    application = dict.fromkeys([*APPLICATION_FACTS, *of_call], PLAIN)
    application |= {"members": (Kind.APPLICANT, True), "requests": (Kind.REQUEST, True)}
    return Vocabulary(
        {
            Kind.APPLICANT: dict.fromkeys([*FACTS, *of_organisations], PLAIN),
            Kind.APPLICATION: application,
            Kind.REQUEST: dict.fromkeys(REQUEST_FACTS, PLAIN),
        }
    )


def _sample(root: Value, call: str | None) -> Mapping[str, Any]:
    """One applicant, with itself as member and one request, whose facts have the right types."""
    of_organisations, of_call = _fields(root, call)
    own = {name: _SAMPLES.get(name, "x") for name in FACTS}
    own |= {name: _SAMPLES.get(kind, "x") for name, kind in of_organisations.items()}
    application = {name: _SAMPLES.get(name, "x") for name in APPLICATION_FACTS}
    application |= {name: _SAMPLES.get(kind, "x") for name, kind in of_call.items()}
    request = {"class": "x", "least": 1, "most": 1}
    application |= {"members": [own], "requests": [request]}
    return {"applicant": own, "application": application}


def _place(document: Document, written: _Written, offset: int) -> Place:
    """Where a character of an expression stands in its file.

    Folding, quoting and indentation change only white space, so the place is found by counting the
    other characters (a quote that the file doubles moves it by one).
    """
    own = written.value.provenance
    text = document.texts.get(own.file, "")
    index = _start(text, written.value.index)
    ink = sum(not letter.isspace() for letter in written.text[:offset])
    end = min(len(text), index + 4 * len(written.text) + 200)
    while index < end and (ink or text[index].isspace()):
        ink -= not text[index].isspace()
        index += 1
    before = text[:index]
    return Place(own.file, before.count("\n") + 1, index - before.rfind("\n"))


def _start(text: str, index: int) -> int:
    """Where a scalar's own words begin: after its quote, or on the line after `|` or `>`."""
    first = text[index : index + 1]
    if first in ("|", ">"):
        return text.find("\n", index) + 1 or index
    return index + 1 if first in ("'", '"') else index
