"""Rules at work: who is refused, which exception settles a value, which class a holder is of.

Facts are two variables, `applicant` and `application`, as plain mappings. Nothing here raises for
what the facts or a policy hold: an expression without an answer is named as such. An unanswered
ground of refusal refuses, because silence must never open a gate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from headgate.core.policy.expressions import Failure, Given, Unanswered, evaluate
from headgate.core.policy.schema import Holder, Rule, Table, TableException

Facts = Mapping[str, Any] | Given
BASE = "base"
Named = TypeVar("Named", TableException, Holder)


@dataclass(frozen=True, slots=True)
class Trial:
    """One rule tried on facts: its id, its expression, and what came out."""

    id: str
    when: str
    answer: bool | Unanswered


def try_condition(identity: str, when: str, facts: Facts) -> Trial:
    """Try a condition; an answer that is neither true nor false is a wrong type."""
    answer = evaluate(when, facts)
    if isinstance(answer, bool | Unanswered):
        return Trial(identity, when, answer)
    reason = f"gives {type(answer).__name__}, not true or false"
    return Trial(identity, when, Unanswered(Failure.WRONG_TYPE, reason))


def holds(when: str, facts: Facts) -> bool:
    """Whether a condition certainly holds; one without an answer does not."""
    return try_condition("", when, facts).answer is True


def text_of(by: str, facts: Facts) -> str:
    """The text that an expression makes of the facts; what went wrong where it makes none."""
    answer = evaluate(by, facts)
    return answer if isinstance(answer, str) else f"{answer}"


def refusals(rules: Iterable[Rule], facts: Facts) -> tuple[str, ...]:
    """The ids of all rules that refuse; an unanswered one is followed by `?` and its reason."""
    trials = [try_condition(rule.id, rule.when, facts) for rule in rules]
    return tuple(shown for trial in trials if (shown := _refusal(trial)) is not None)


def _refusal(trial: Trial) -> str | None:
    if isinstance(trial.answer, Unanswered):
        return f"{trial.id}? {trial.answer}"
    return trial.id if trial.answer else None


@dataclass(frozen=True, slots=True)
class Settled:
    """A table's value and the id of the exception that gave it, or `base`.

    Where no value could be settled, `value` is None, `rule` says why and `clash` names the two
    exceptions that both apply.
    """

    value: Any
    rule: str
    trials: tuple[Trial, ...] = ()
    clash: tuple[str, str] | None = None
    failed: Unanswered | None = None


def settled(table: Table, facts: Facts) -> Settled:
    """Settle a table with the trace of every exception tried."""
    trials = tuple(try_condition(rule.id, rule.when, facts) for rule in table.exceptions)
    found, rule, clash, failed = _single(table.exceptions, trials)
    if rule:
        return Settled(None, rule, trials, clash, failed)
    if found is None:
        return Settled(table.base, BASE, trials)
    return Settled(found.then, found.id, trials)


def settle(table: Table, facts: Facts) -> tuple[Any, str]:
    """The value of a table and the rule that gave it; None and the reason where there is none."""
    result = settled(table, facts)
    return result.value, result.rule


def holder_of(holders: Iterable[Holder], facts: Facts) -> tuple[str | None, str]:
    """The one class of holders of the facts; None and the reason where there is none."""
    result = held(tuple(holders), facts)
    return result.value, "" if result.value is not None else result.rule


def held(holders: tuple[Holder, ...], facts: Facts) -> Settled:
    """The class of holders with the trace of every one tried."""
    trials = tuple(try_condition(holder.id, holder.when, facts) for holder in holders)
    found, rule, clash, failed = _single(holders, trials)
    if found is None:
        return Settled(None, rule or "no class of holders applies", trials, clash, failed)
    return Settled(found.id, found.id, trials)


def _single(
    rules: tuple[Named, ...], trials: tuple[Trial, ...]
) -> tuple[Named | None, str, tuple[str, str] | None, Unanswered | None]:
    """The one rule that applies, and otherwise why there is not exactly one."""
    for trial in trials:
        if isinstance(trial.answer, Unanswered):
            return None, f"{trial.id}? {trial.answer}", None, trial.answer
    applies = [rule for rule, trial in zip(rules, trials, strict=True) if trial.answer]
    if len(applies) > 1:
        first, second = applies[0].id, applies[1].id
        return None, f"both {first} and {second} apply", (first, second), None
    return (applies[0] if applies else None), "", None, None


def facts_of(given: Mapping[str, Any], day: date) -> dict[str, Any]:
    """The facts of a written case: ages counted to the day; no members or requests by default."""
    applicant, application = given.get("applicant"), given.get("application")
    whole = dict(application) if isinstance(application, Mapping) else {}
    members = whole.get("members")
    aged = [_aged(member, day) for member in members] if isinstance(members, list) else []
    facts: dict[str, Any] = {"applicant": _aged(applicant if applicant is not None else {}, day)}
    facts["application"] = {"requests": [], **whole, "members": aged}
    return facts


def _aged(organisation: Any, day: date) -> Any:
    """An organisation's facts with its age in days, where it says when it was founded."""
    if not isinstance(organisation, Mapping) or "founded" not in organisation:
        return organisation
    try:
        founded = date.fromisoformat(str(organisation["founded"]))
    except ValueError:
        return organisation
    return {"age_days": (day - founded).days, **organisation}
