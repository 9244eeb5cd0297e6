"""Cases: what the policy must answer on a day, shipped with it and run at every check.

A case file is a list of `{case, on, ask, given, expect}`. A policy may be adopted only when every
rule that can decide against or for somebody is fired by a case.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from headgate.core.faults import Fault, Faulty, Sentence
from headgate.core.policy.ask import Answer, ask
from headgate.core.policy.codes import Code
from headgate.core.policy.dated import Resolved, at
from headgate.core.policy.document import Document
from headgate.core.policy.names import meant
from headgate.core.policy.primitives import share_of
from headgate.core.policy.tree import Node
from headgate.core.policy.values import changes, take
from headgate.core.supports.kind import Section


class Case(Section):
    """One question with its expected answer; `on` is the day it is asked."""

    case: Annotated[str, Field(min_length=1)]
    on: date
    ask: str
    given: Mapping[str, Any] = {}
    expect: Any
    note: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A case, where it is written, and what the policy answered; None where it said nothing yet."""

    case: Case
    node: Node
    answer: Answer | None

    @property
    def right(self) -> bool:
        """Whether the policy answers what the case expects."""
        answered = self.answer is not None and self.answer.missing is None
        return answered and self.answer is not None and same(self.answer.value, self.case.expect)


@dataclass(frozen=True, slots=True)
class Run:
    """All results, the rules that some case fired, and those that none did, by full path."""

    results: tuple[Result, ...]
    fired: frozenset[str]
    unfired: tuple[str, ...]


_CASE: TypeAdapter[Case] = TypeAdapter(Case)


def read_cases(document: Document) -> tuple[list[tuple[Case, Node]], list[Fault]]:
    """The well-formed cases in the order of their files, and the faults of the others."""
    cases: list[tuple[Case, Node]] = []
    faults: list[Fault] = []
    for _, tree in document.cases:
        for node in tree.data if isinstance(tree.data, tuple) else ():
            try:
                cases.append((_CASE.validate_json(json.dumps(_plain(node))), node))
            except ValidationError as error:
                details = error.errors(include_url=False)
                faults += [_fault(node, detail["loc"], detail) for detail in details]
    return cases, faults


def _plain(node: Node) -> Any:
    """What is written, as JSON; nothing in a case is dated."""
    match node.data:
        case Mapping():
            return {key: _plain(child) for key, child in node.data.items()}
        case tuple():
            return [_plain(child) for child in node.data]
        case date():
            return node.data.isoformat()
    return node.data


def _fault(node: Node, loc: Iterable[Any], detail: Mapping[str, Any]) -> Fault:
    steps = [str(step) for step in loc]
    spot = node.get(steps[0]) if steps else None
    name = steps[-1] if steps else ""
    if detail["type"] == "missing":
        return Code.KEY_MISSING.at(node, path=Sentence("the case"), key=name)
    if detail["type"] == "extra_forbidden":
        mend = meant(name, Case.model_fields)
        return Code.KEY_UNKNOWN.at(spot or node, key=name, mend=mend)
    mend = Sentence("write case, on, ask, given and expect")
    reason = Sentence("this is no value of a case")
    return Code.TYPE_WRONG.at(spot or node, path=name or "case", reason=reason, mend=mend)


def run_cases(document: Document) -> Run:
    """Ask every case; a day on which the policy is faulty or not there yet has no answers."""
    results = [
        Result(case, node, answered(document, case)) for case, node in read_cases(document)[0]
    ]
    fired = frozenset(path for r in results if r.answer is not None for path in r.answer.fired)
    days = {date.min, *changes(document.programme), *(result.case.on for result in results)}
    known: dict[str, None] = {}
    for day in sorted(days):
        if (resolved := resolved_or_none(document, day)) is not None:
            known |= dict.fromkeys(rule_paths(resolved))
    return Run(tuple(results), fired, tuple(path for path in known if path not in fired))


def answered(document: Document, case: Case) -> Answer | None:
    """What the policy answers to a case, or None where it has no valid version on that day."""
    resolved = resolved_or_none(document, case.on)
    return ask(resolved, case.ask, case.given) if resolved is not None else None


@lru_cache(maxsize=64)
def resolved_or_none(document: Document, day: date) -> Resolved | None:
    """The policy on a day, or None where it is faulty or says nothing yet."""
    if take(document.programme, day) is None:
        return None
    try:
        return at(document, day)
    except Faulty:
        return None


def rule_paths(resolved: Resolved) -> Iterator[str]:
    """Every rule that decides for or against somebody, by the path with which it fires."""
    policy = resolved.policy
    yield from (f"holders.{holder.id}" for holder in policy.holders)
    for name, call in policy.calls.items():
        yield from (f"calls.{name}.eligibility.{rule.id}" for rule in call.eligibility)
        yield from (f"calls.{name}.floors.{floor.id}" for floor in call.floors)
        exceptions = call.fee.exceptions if call.fee is not None else ()
        yield from (f"calls.{name}.fee.exceptions.{rule.id}" for rule in exceptions)
    for support, reclaim in policy.reclaim.items():
        yield from (f"reclaim.{support}.steps.{step.id}" for step in reclaim.steps)


def same(answer: Any, expected: Any) -> bool:
    """Equality of two values in JSON's types; "5 %" and "0.05" are the same share."""
    if isinstance(answer, bool) or isinstance(expected, bool):
        return answer is expected
    if isinstance(answer, str | int) and isinstance(expected, str | int):
        shares = _share(answer), _share(expected)
        return answer == expected or (shares[0] is not None and shares[0] == shares[1])
    if isinstance(answer, Mapping) and isinstance(expected, Mapping):
        return answer.keys() == expected.keys() and all(
            same(answer[key], expected[key]) for key in answer
        )
    if isinstance(answer, list) and isinstance(expected, list):
        pairs = zip(answer, expected, strict=False)
        return len(answer) == len(expected) and all(same(a, b) for a, b in pairs)
    return bool(answer == expected)


def _share(value: str | int) -> object:
    try:
        return share_of(value)
    except ValueError:
        return None
