"""Where a value comes from: value, rule, article, inputs, each with file, line, day and status."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from headgate.core import canonical
from headgate.core.policy.ask import Answer, Given, ask
from headgate.core.policy.dated import Resolved, find
from headgate.core.policy.expressions import names_of
from headgate.core.policy.rules import Trial, facts_of
from headgate.core.policy.values import Value

LEAVES_MOST = 40


@dataclass(frozen=True, slots=True)
class Explanation:
    """One step of an explanation and what it rests on.

    `role` is value, rule, article or input; `title` is a path, a heading or a fact's name, `says`
    its value or words. Where the step has no place in a file, `file` is empty and `line` is 0.
    """

    role: str
    title: str
    says: str
    file: str = ""
    line: int = 0
    from_: date | None = None
    status: str = ""
    rests_on: tuple["Explanation", ...] = ()


def explain(resolved: Resolved, path: str, given: Given | None = None) -> Explanation:
    """Explain the answer to a path; with nothing given, the value written there and its parts."""
    answer = ask(resolved, path, given) if given is not None else None
    value = find(resolved.value, path)
    if value is None:
        detail = (answer or ask(resolved, path)).detail
        return Explanation("value", path, f"there is no such value: {detail}")
    if answer is None:
        return _written(resolved, path, value)
    rules = tuple(_rules(resolved, path, answer))
    inputs = tuple(_inputs(answer, given or {}, resolved.day))
    says = answer.detail if answer.missing is not None else _shown(answer.value)
    return _step("value", path, says, value, (*rules, *_article(resolved, value), *inputs))


def _written(resolved: Resolved, path: str, value: Value) -> Explanation:
    """A value as written, its article, and its parts where they rest on something else."""
    parts = [
        _written(resolved, f"{path}.{name}" if path else name, part)
        for name, part in value.parts()
        if _differs(part, value)
    ]
    rests_on = (*_article(resolved, value), *parts[:LEAVES_MOST])
    return _step("value", path, _shown(value.plain()), value, rests_on)


def _differs(part: Value, whole: Value) -> bool:
    """Whether a part, or something in it, has a provenance of its own."""
    own, around = part.provenance, whole.provenance
    if (own.source, own.status, own.from_) != (around.source, around.status, around.from_):
        return True
    return any(_differs(inner, part) for _, inner in part.parts())


def _rules(resolved: Resolved, path: str, answer: Answer) -> Iterator[Explanation]:
    """The rules that fired with their articles; a rule without a condition stands as it is."""
    trials = {trial.id: trial for trial in answer.trace}
    for full in answer.fired:
        value = find(resolved.value, full)
        trial = trials.get(full.rsplit(".", 1)[-1]) or _trial_of(trials, full)
        if value is not None and full != path:
            says = trial.when if trial is not None else _shown(value.plain())
            yield _step("rule", full, says, value, _article(resolved, value))
    if not answer.fired and (base := find(resolved.value, f"{path}.base")) is not None:
        yield _step("rule", f"{path}.base", _shown(base.plain()), base, _article(resolved, base))


def _trial_of(trials: Mapping[str, Trial], full: str) -> Trial | None:
    """The trial of a rule whose id has dots in it."""
    return next((trial for name, trial in trials.items() if full.endswith("." + name)), None)


def _article(resolved: Resolved, value: Value) -> tuple[Explanation, ...]:
    """The paragraph of law/ that a value names as its source."""
    source = value.provenance.source
    article = resolved.document.article(source) if source is not None else None
    if article is None:
        return ()
    says = article.words.split("\n\n")[0].replace("\n", " ")
    return (Explanation("article", article.title, says, article.file, article.line),)


def _inputs(answer: Answer, given: Given, day: date) -> Iterator[Explanation]:
    """The facts that the tried rules read, or all that was given where no rule was tried."""
    if not answer.trace:
        for name, fact in given.items():
            yield Explanation("input", name, _shown(fact))
        return
    facts = facts_of(given, day)
    read = [n for trial in answer.trace for n in names_of(trial.when, ("applicant", "application"))]
    for name in dict.fromkeys(read):
        root, _, fact = name.partition(".")
        of_root = facts[root]
        there = isinstance(of_root, Mapping) and fact in of_root
        yield Explanation("input", name, _shown(of_root[fact]) if there else "not given")


def _step(
    role: str, title: str, says: str, value: Value, rests_on: tuple[Explanation, ...]
) -> Explanation:
    own = value.provenance
    place = (own.file, own.line, own.from_, own.status)
    return Explanation(role, title, says, *place, rests_on)


def _shown(value: object) -> str:
    return canonical.line(value).decode().strip()
