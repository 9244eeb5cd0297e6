"""What `headgate check` and `headgate explain` say of a programme."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from headgate.core.faults import Fault, Faulty
from headgate.core.policy.cases import run_cases
from headgate.core.policy.check import adoptable, untriable
from headgate.core.policy.dated import at
from headgate.core.policy.dated import find as find_value
from headgate.core.policy.explain import Explanation, explain
from headgate.core.policy.jsonschema import json_schema
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import find
from headgate.steps.agenda import agenda, first_day
from headgate.steps.event import What


def schema_text() -> str:
    """The grammar as JSON Schema, for editors."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False)


def check_programme(programme: str, overlays: Sequence[Path], *, adopt: bool) -> Iterator[str]:
    """Check a programme; raises Faulty with every fault, else says what was checked."""
    document = read_programme(find(programme), overlays)
    if faults := untriable(document):
        raise Faulty(faults)
    day = first_day(document)
    if adopt and (against := adoptable(document, day)):
        raise Faulty(against)
    ran, resolved = run_cases(document), at(document, day)
    yield f"{resolved.policy.programme.name.en}: no faults"
    other = [result.case.case for result in ran.results if not result.right]
    right = len(ran.results) - len(other)
    yield f"{right:>6} cases answered as expected, {len(ran.fired)} rules fired"
    if other:
        yield f"{len(other):>6} cases are answered otherwise under overlays: {'; '.join(other)}"
    if assumed := len(resolved.assumed()):
        yield f"{assumed:>6} values are assumed or announced on {day}: for rehearsal only"
    given = {event.about for event in agenda(document) if event.what is What.DECIDE_CALL}
    if later := [name for name in resolved.policy.calls if name not in given]:
        names = ", ".join(later)
        yield f"{len(later):>6} calls of a later term, which a rehearsal leaves out: {names}"
    yield f"digest {document.digest}"


def explain_path(
    programme: str, path: str, day: date | None, given: Sequence[str], overlays: Sequence[Path]
) -> Iterator[str]:
    """The explanation of a value or a rule as indented lines; raises Faulty for a bad input."""
    document = read_programme(find(programme), overlays)
    resolved = at(document, day or first_day(document))
    facts = _facts(given)
    if find_value(resolved.value, path) is None:
        what = explain(resolved, path).says
        mend = "Name a value as `headgate check --schema` or the file itself has it."
        raise Faulty([Fault(path, 0, 0, "path-unknown", what, mend)])
    yield from _lines(explain(resolved, path, facts or None), 0)


def _facts(given: Sequence[str]) -> Mapping[str, Any]:
    """`applicant.kind=firm` and the like as nested facts; JSON values where they are some."""
    facts: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            what, mend = f"{text!r} is no input.", "Write name=value, such as applicant.kind=firm."
            raise Faulty([Fault("--given", 0, 0, "given-wrong", what, mend)])
        *sections, last = name.split(".")
        at_section = facts
        for section in sections:
            at_section = at_section.setdefault(section, {})
            if not isinstance(at_section, dict):
                what, mend = f"{section} of {name} has a value.", "Give a name one value or parts."
                raise Faulty([Fault("--given", 0, 0, "given-clash", what, mend)])
        at_section[last] = _value(value)
    return facts


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _lines(step: Explanation, depth: int) -> Iterator[str]:
    place = f"  ({step.file}:{step.line})" if step.file else ""
    since = f"  since {step.from_}" if step.from_ else ""
    status = f"  [{step.status}]" if step.status else ""
    yield f"{'  ' * depth}{step.role} {step.title}: {step.says}{status}{since}{place}"
    for below in step.rests_on:
        yield from _lines(below, depth + 1)
