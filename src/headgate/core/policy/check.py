"""Check a document: every fault at once, on every day on which it says something new.

`check` is for a draft; `adoptable` asks what stands between a draft and its adoption.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from headgate.core.canonical import line as canonical_line
from headgate.core.faults import Fault, Faulty, Placed, Sentence, quoted
from headgate.core.policy.ask import Answer, NoAnswer
from headgate.core.policy.cases import Result, read_cases, run_cases
from headgate.core.policy.codes import Code
from headgate.core.policy.dated import Resolved, at
from headgate.core.policy.document import Document
from headgate.core.policy.expressions import Failure, Unanswered
from headgate.core.policy.fee_checks import fee_faults
from headgate.core.policy.overlay import overlay_faults, said
from headgate.core.policy.repeated import told_once
from headgate.core.policy.rule_checks import rule_faults
from headgate.core.policy.schema import Policy
from headgate.core.policy.spots import Spots
from headgate.core.policy.structure import structure_faults
from headgate.core.policy.together import together_faults
from headgate.core.policy.tree import Place
from headgate.core.policy.validate import Checked, validated
from headgate.core.policy.values import Tree, Value, changes, day_of, find

_MENDS = {
    NoAnswer.GIVEN_WRONG: "give what the rule asks for",
    NoAnswer.RULE_UNANSWERED: "give the fact, or let the rule ask with has()",
}


def check(document: Document) -> list[Fault]:
    """All faults of a draft, sorted by place."""
    found = [*document.faults, *overlay_faults(document), *structure_faults(document)]
    broken: set[str] = set()
    for tree, checked in _versions(document):
        found += checked.faults
        for expression, fault in rule_faults(document, tree.value):
            broken.add(expression)
            found.append(fault)
        found += fee_faults(tree.value)
        if checked.policy is not None:
            found += together_faults(checked.policy, tree.value, checked.pruned)
            found += _too_early(document, checked.policy, tree.value)
    found += read_cases(document)[1]
    found += _case_faults(document, broken)
    return sorted(told_once(document.programme, found))


def untriable(document: Document) -> list[Fault]:
    """What is wrong with a policy; under a what-if its cases may well expect something else."""
    faults = check(document)
    return [f for f in faults if not (document.overlays and f.file.startswith("cases/"))]


def _versions(document: Document) -> Iterator[tuple[Tree, Checked]]:
    """Every version, by the day on which it begins; what only begins later is not missed yet."""
    if not document.programme.data:
        return
    days = {date.min, *changes(document.programme)}
    for _, overlay in document.overlays:
        days |= {day for key in ("from", "until") if (day := day_of(overlay, key)) is not None}
    for day in sorted(days):
        if (version := _at(document, day)) is not None:
            yield version


def _too_early(document: Document, policy: Policy, root: Value) -> Iterator[Fault]:
    """Calls that are decided before the first day of the file: no rule would be there to ask."""
    first = day_of(document.programme, "from") or date.min
    for name, call in policy.calls.items():
        if call.decides < first:
            place = Spots(root).at("calls", name, "decides")
            yield Code.DECIDES_BEFORE_POLICY.at(place, decides=call.decides, first=first)


def _at(document: Document, day: date) -> tuple[Tree, Checked] | None:
    laid = said(document, day)[0]
    return None if laid is None else (laid, validated(laid))


def _case_faults(document: Document, broken: set[str]) -> Iterator[Fault]:
    """Cases that the policy answers otherwise, or cannot answer.

    Days that are faulty are left out, and so are cases that try a faulty expression: those
    faults are told where they are.
    """
    for result in run_cases(document).results:
        if result.answer is None:
            yield from _before(document, result)
        elif broken.intersection(trial.when for trial in result.answer.trace):
            continue
        elif result.answer.missing is not None:
            yield from _unanswered(document, result, result.answer)
        elif not result.right:
            yield Code.CASE_WRONG.at(
                _spot(result, "expect"),
                name=result.case.case,
                expected=_shown(result.case.expect),
                answer=_shown(result.answer.value),
            )


def _shown(value: object) -> str:
    return canonical_line(value).decode().strip()


def _spot(result: Result, key: str) -> Placed:
    return result.node.get(key) or result.node


def _before(document: Document, result: Result) -> Iterator[Fault]:
    """A case on a day on which the policy is not complete yet."""
    try:
        at(document, result.case.on)
    except Faulty as error:
        for fault in error.faults:
            if fault.code == Code.POLICY_NOT_YET.id:
                spot = _spot(result, "on")
                yield replace(fault, file=spot.file, line=spot.line, column=spot.column)


def _unanswered(document: Document, result: Result, answer: Answer) -> Iterator[Fault]:
    case = result.case
    if answer.clash is not None:
        first, second = answer.clash
        value = at(document, case.on).value
        other = find(value, first)
        code = Code.HOLDERS_BOTH if case.ask == "holders" else Code.EXCEPTIONS_BOTH
        yield code.at(
            _written(value, second),
            name=second.rsplit(".", 1)[-1],
            other=first.rsplit(".", 1)[-1],
            where=f"{other.provenance.file}:{other.provenance.line}" if other else "",
            case=case.case,
        )
    elif answer.missing is NoAnswer.NO_PATH:
        spot = _spot(result, "ask")
        words = {"name": case.case, "path": case.ask, "day": case.on, "mend": answer.detail}
        yield Code.CASE_PATH.at(spot, **words)
    elif answer.missing in _MENDS:
        spot, mend = _spot(result, "given"), Sentence(_MENDS[answer.missing])
        yield Code.CASE_FAILS.at(spot, name=case.case, reason=_why(answer), mend=mend)


def _why(answer: Answer) -> str:
    """Why a case has no answer; what an engine of others says of a rule is quoted."""
    if answer.missing is not NoAnswer.RULE_UNANSWERED:
        return answer.detail
    for trial in answer.trace:
        match trial.answer:
            case Unanswered(Failure.MISSING_FACT, fact):
                form = "rule `{rule}` asks for `{fact}`, which is not given"
                return Sentence(form, rule=trial.id, fact=fact)
    form = 'a rule has no answer (the engine says "{words}")'
    return Sentence(form, words=quoted(answer.detail))


def _written(root: Value, path: str) -> Placed:
    value = find(root, path)
    return value.provenance if value is not None else Place(root.provenance.file)


def adoptable(document: Document, on: date) -> list[Fault]:
    """What stands against adopting a document on a day: its faults, values that no source in force
    gives, and rules that no case fires. The simulator may use such a policy, a state may not.
    """
    faults = check(document)
    if faults:
        return faults
    try:
        resolved = at(document, on)
    except Faulty as error:
        return list(error.faults)
    return sorted([*_unsettled(resolved), *_unfired(resolved)])


def _unsettled(resolved: Resolved) -> Iterator[Fault]:
    for path in resolved.assumed():
        if path == "headgate":  # The grammar's version is no value of the policy.
            continue
        value = find(resolved.value, path) or resolved.value
        own = value.provenance
        status = (
            own.status
            if own.source is not None
            else Sentence("{status} without a source", status=own.status)
        )
        yield Code.NOT_IN_FORCE.at(own, path=path or Sentence("the programme"), status=status)


def _unfired(resolved: Resolved) -> Iterator[Fault]:
    """Rules that no case fires; one of a call that repeats is written once and fired once."""
    ran = run_cases(resolved.document)

    def rule(path: str) -> object:
        value = find(resolved.value, path)
        place = value.provenance if value is not None else None
        return (place.file, place.line, place.column) if place is not None else path

    fired, told = set(map(rule, ran.fired)), {rule(path): path for path in reversed(ran.unfired)}
    for where, path in told.items():
        if where not in fired:
            yield Code.RULE_UNFIRED.at(_written(resolved.value, path), name=path)
