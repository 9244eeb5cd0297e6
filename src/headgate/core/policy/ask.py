"""One question to a policy: a path and what is given; one answer, with the rules that gave it.

Rules are asked by the path of their section: `holders`, `calls.ID.eligibility`, `calls.ID.floors`,
`calls.ID.concentration`, `calls.ID.fee` (given applicant and application), `envelopes.SUPPORT`
(given total, in whole blocks), `reclaim.SUPPORT` (given used_so_far, balance and granted_so_far,
which is what the rule holds use `against`) and `supports.SUPPORT.rates` (given amount, from, to).
Any other path is asked for its value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from headgate.core.faults import Sentence
from headgate.core.policy.dated import Resolved, find
from headgate.core.policy.expressions import Unanswered, evaluate
from headgate.core.policy.names import meant
from headgate.core.policy.reclaim import reclaim
from headgate.core.policy.rules import Facts, Settled, Trial, facts_of, held, settled, try_condition
from headgate.core.policy.schema import Call, Envelopes, Reclaim
from headgate.core.seats import apportion

Given = Mapping[str, Any]


class NoAnswer(Enum):
    """Why a question has no answer, in order of precedence."""

    NO_PATH = "no_path"
    GIVEN_WRONG = "given_wrong"
    RULE_UNANSWERED = "rule_unanswered"
    BOTH_APPLY = "both_apply"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer in JSON's types, the full paths of the rules that fired, and every rule tried.

    Where there is none, `missing` says why, `detail` in words, and `clash` the two rules that both
    apply.
    """

    path: str
    value: Any
    fired: tuple[str, ...] = ()
    trace: tuple[Trial, ...] = ()
    missing: NoAnswer | None = None
    detail: str = ""
    clash: tuple[str, str] | None = None


def ask(resolved: Resolved, path: str, given: Given | None = None) -> Answer:
    """Answer one question; what cannot be answered is named, never raised."""
    steps = _steps(resolved, path)
    given = given or {}
    facts = facts_of(given, resolved.day)
    match steps:
        case ("holders",):
            return _settled(path, held(resolved.policy.holders, facts), "holders")
        case ("calls", identity, section) if identity in resolved.policy.calls:
            found = _of_call(resolved.policy.calls[identity], path, section, facts)
            if found is not None:
                return found
        case ("envelopes", support) if "total" in given and support in resolved.policy.envelopes:
            return _divided(path, resolved.policy.envelopes[support], given)
        case ("reclaim", support) if "balance" in given and support in resolved.policy.reclaim:
            return _reclaimed(path, resolved.policy.reclaim[support], given)
        case ("supports", _, "rates") if "amount" in given:
            return _converted(resolved, path, given)
    return _value(resolved, path)


def _steps(resolved: Resolved, path: str) -> tuple[str, ...]:
    """A dotted path by its real names, which may have dots in them; () where there is none."""
    steps: list[str] = []
    value, rest = resolved.value, path
    while rest:
        names = [name for name, _ in value.parts() if (rest + ".").startswith(name + ".")]
        if not names:
            return (*steps, *rest.split("."))
        name = max(names, key=len)
        steps.append(name)
        value, rest = value.part(name) or value, rest[len(name) + 1 :]
    return tuple(steps)


def _value(resolved: Resolved, path: str) -> Answer:
    value = find(resolved.value, path)
    if value is not None:
        return Answer(path, value.plain())
    head = path
    while head and find(resolved.value, head) is None:
        head = head.rpartition(".")[0]
    parent = find(resolved.value, head) or resolved.value
    unknown = path[len(head) :].strip(".").split(".")[0]
    detail = meant(unknown, [name for name, _ in parent.parts()])
    return Answer(path, None, missing=NoAnswer.NO_PATH, detail=detail)


def _settled(path: str, result: Settled, section: str) -> Answer:
    if result.clash is not None:
        first, second = (f"{section}.{name}" for name in result.clash)
        why = NoAnswer.BOTH_APPLY
        return Answer(path, None, (), result.trials, why, result.rule, (first, second))
    if result.failed is not None:
        why = NoAnswer.RULE_UNANSWERED
        return Answer(path, None, (), result.trials, why, result.rule)
    fired = tuple(f"{section}.{trial.id}" for trial in result.trials if trial.answer is True)
    return Answer(path, result.value, fired, result.trials)


def _of_call(call: Call, path: str, section: str, facts: Facts) -> Answer | None:
    """The rules of a call; None where the section has none and is asked for its value."""
    if section == "fee" and call.fee is not None:
        return _settled(path, settled(call.fee, facts), f"{path}.exceptions")
    if section in ("eligibility", "floors"):
        rules = call.eligibility if section == "eligibility" else call.floors
        return _fired(path, tuple(try_condition(rule.id, rule.when, facts) for rule in rules))
    if section == "concentration":
        groups = {rule.id: evaluate(rule.by, facts) for rule in call.concentration}
        wrong = [f"{name}? {made}" for name, made in groups.items() if not isinstance(made, str)]
        if wrong:
            return Answer(path, None, missing=NoAnswer.RULE_UNANSWERED, detail=wrong[0])
        return Answer(path, groups, tuple(f"{path}.{name}" for name in groups))
    return None


def _fired(path: str, trials: tuple[Trial, ...]) -> Answer:
    """The ids of all conditions that hold; none where one of them has no answer."""
    for trial in trials:
        if isinstance(trial.answer, Unanswered):
            detail = f"{trial.id}? {trial.answer}"
            return Answer(path, None, (), trials, NoAnswer.RULE_UNANSWERED, detail)
    ids = [trial.id for trial in trials if trial.answer is True]
    return Answer(path, ids, tuple(f"{path}.{name}" for name in ids), trials)


def _wholes(path: str, given: Given, names: tuple[str, ...]) -> tuple[int, ...] | Answer:
    """Whole numbers that must be given, not negative, or the answer that says what is missing."""
    for name in names:
        number = given.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            detail = Sentence("`{name}` must be given, a whole number from 0", name=name)
            return Answer(path, None, missing=NoAnswer.GIVEN_WRONG, detail=detail)
    return tuple(given[name] for name in names)


def _divided(path: str, rule: Envelopes, given: Given) -> Answer:
    wholes = _wholes(path, given, ("total",))
    if isinstance(wholes, Answer):
        return wholes
    return Answer(path, apportion(wholes[0], rule.shares, rule.method), (path,))


def _reclaimed(path: str, rule: Reclaim, given: Given) -> Answer:
    wholes = _wholes(path, given, ("granted_so_far", "used_so_far", "balance"))
    if isinstance(wholes, Answer):
        return wholes
    granted, used, balance = wholes
    taken = reclaim(rule.steps, granted=granted, used=used, balance=balance)
    fired = () if taken.step is None else (f"{path}.steps.{taken.step}",)
    return Answer(path, taken.gpu_seconds, fired)


def _converted(resolved: Resolved, path: str, given: Given) -> Answer:
    """An amount of one class in another by the rate table; a fraction as the text "a/b"."""
    wholes = _wholes(path, given, ("amount",))
    if isinstance(wholes, Answer):
        return wholes
    table = find(resolved.value, path)
    rates = table.plain() if table is not None else None
    if not isinstance(rates, Mapping):
        return _value(resolved, path)
    for name in ("from", "to"):
        if given.get(name) not in rates:
            detail = Sentence(
                "`{name}`: {mend}", name=name, mend=meant(str(given.get(name)), rates)
            )
            return Answer(path, None, missing=NoAnswer.GIVEN_WRONG, detail=detail)
    exact = Fraction(wholes[0] * rates[given["from"]], rates[given["to"]])
    return Answer(path, exact.numerator if exact.denominator == 1 else str(exact))
