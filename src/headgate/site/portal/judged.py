"""Rounds that were closed, read from what was decided: the values that their report is made of."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.conduct import Conducted
from headgate.core.evaluation.cut_errors import ErrorRow
from headgate.core.evaluation.decide import RoundOutcome
from headgate.core.evaluation.estimate import Standings
from headgate.core.evaluation.foresight import Foreseen
from headgate.core.evaluation.grounds import Grounds
from headgate.core.evaluation.hearings import Hearing
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy
from headgate.core.reallocation.restored import RESTORED, Returned
from headgate.readers.facts import read_facts
from headgate.report.stage import Stage
from headgate.report.summary import RoundSummary
from headgate.site.portal.reading import DATABASE, Made
from headgate.site.records.kept import Stands
from headgate.steps.agenda import first_day
from headgate.steps.term import term_days

TYPES: Final[dict[str, Any]] = {
    "standings": Standings,
    "round": RoundOutcome,
    "grounds": Grounds,
    "cut-rule-errors": tuple[ErrorRow, ...],
    "cut-rule-foreseen": tuple[Foreseen, ...],
    "conducted": Conducted,
}
"""What each decision of a round holds."""

_FINDINGS: Final = """
    SELECT key, data FROM kept
    WHERE kind = 'fact' AND (key = %s OR key LIKE 'hearings/%%') ORDER BY seq
"""


@cache
def _adapter(step: str) -> TypeAdapter[Any]:
    return TypeAdapter(Returned if step == RESTORED else TYPES[step])


def closed(stood: Stands, made: list[Made]) -> Iterator[Stage]:
    """Every round that measured somebody, in the order of their closing; asks nothing more.

    One that was heard again was decided again: of each part the last holds.
    """
    first: dict[str, Made] = {}
    for one in made:
        if one.step == "standings":
            first.setdefault(one.subject, one)
    for subject, one in first.items():
        parts = {m.step: m.result for m in made if m.subject == subject}
        stage = _stage(stood.document, stood.standing.index, one, parts)
        given = tuple(_restored(made, subject))
        yield replace(stage, evaluation=replace(stage.evaluation, restored=given))


def _restored(made: Iterable[Made], round_id: str) -> Iterator[tuple[str, date, Returned]]:
    """What was given back to teams of a round after the turn, in its order."""
    for one in made:
        if one.step == RESTORED and one.result["round"] == round_id:
            returned = _adapter(RESTORED).validate_python(one.result)
            yield one.subject, date.fromisoformat(one.at[:10]), returned


def closed_round(stood: Stands, made: list[Made], round_id: str) -> Stage | None:
    """One round that was closed, with those before it; None where it measured nobody."""
    before: list[RoundSummary] = []
    for stage in closed(stood, made):
        if stage.evaluation.id == round_id:
            return replace(stage, earlier=tuple(before))
        before.append(stage.evaluation)
    return None


def found_in_the_end(round_id: str) -> tuple[tuple[GateFinding, ...], tuple[Hearing, ...]]:
    """What was found on a round's gates in the end, by team and gate, and the hearings by which it
    was decided again; one query.
    """
    found: dict[tuple[str, str], GateFinding] = {}
    heard: list[Hearing] = []
    for key, data in DATABASE.rows(_FINDINGS, [f"findings/{round_id}"]):
        for one in read_facts(key, key.split("/")[0], data.encode()):
            rows: tuple[GateFinding, ...] = (one,)
            if isinstance(one, Hearing):
                rows = one.findings if one.round == round_id else ()
                heard += [one] if one.round == round_id else []
            found |= {(row.subject, row.gate): row for row in rows}
    return tuple(row for _, row in sorted(found.items())), tuple(heard)


def _stage(document: Document, index: int, made: Made, parts: dict[str, Any]) -> Stage:
    policy = _policy(document, index, date.fromisoformat(made.at[:10]))
    empty: dict[str, Any] = {"conducted": {}}
    told = {s: _adapter(s).validate_python(parts.get(s, empty.get(s, ()))) for s in TYPES}
    evaluation = RoundSummary(
        id=made.subject,
        section=policy.rounds[made.subject],
        standings=told["standings"],
        outcome=told["round"],
        gate_findings=(),
        errors=told["cut-rule-errors"],
        grounds=told["grounds"],
        foreseen=told["cut-rule-foreseen"],
        movements=(),
        blocks_before={},
        blocks_next={},
        assumed=(),
        conducted=told["conducted"],
    )
    return Stage(policy, evaluation)


def _policy(document: Document, index: int, day: date) -> Policy:
    """The policy by which a round was judged: as it was on the first day of its term."""
    first = at(document, first_day(document)).policy
    terms = (term_days(first, number) for number in range(index + 1))
    starts = next((s for s, ends in terms if s < day <= ends), first_day(document))
    return at(document, starts).policy
