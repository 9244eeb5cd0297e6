"""Rounds that were closed, read from what was decided: the values that their report is made of."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.cut_errors import ErrorRow
from headgate.core.evaluation.decide import RoundOutcome
from headgate.core.evaluation.estimate import Standings
from headgate.core.evaluation.foresight import Foreseen
from headgate.core.evaluation.grounds import Grounds
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy
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
}
"""What each decision of a round holds."""

_FINDINGS: Final = """
    SELECT data FROM kept WHERE kind = 'fact' AND key = %s ORDER BY seq DESC LIMIT 1
"""


@cache
def _adapter(step: str) -> TypeAdapter[Any]:
    return TypeAdapter(TYPES[step])


def closed(stood: Stands, made: list[Made]) -> Iterator[Stage]:
    """Every round that measured somebody, in the order of their closing; asks nothing more."""
    for one in made:
        if one.step == "standings":
            parts = {m.step: m.result for m in made if m.subject == one.subject}
            yield _stage(stood.document, stood.standing.index, one, parts)


def closed_round(stood: Stands, made: list[Made], round_id: str) -> Stage | None:
    """One round that was closed; None where it was not, or measured nobody."""
    return next((s for s in closed(stood, made) if s.evaluation.id == round_id), None)


def findings_of(round_id: str) -> tuple[GateFinding, ...]:
    """What was found on a round's gates, by team and gate; one query."""
    rows = DATABASE.rows(_FINDINGS, [f"findings/{round_id}"])
    found = read_facts(round_id, "findings", rows[0][0].encode()) if rows else ()
    return tuple(sorted(found, key=lambda row: (row.subject, row.gate)))


def _stage(document: Document, index: int, made: Made, parts: dict[str, Any]) -> Stage:
    policy = _policy(document, index, date.fromisoformat(made.at[:10]))
    told = {step: _adapter(step).validate_python(parts.get(step, ())) for step in TYPES}
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
    )
    return Stage(policy, evaluation)


def _policy(document: Document, index: int, day: date) -> Policy:
    """The policy by which a round was judged: as it was on the first day of its term."""
    first = at(document, first_day(document)).policy
    terms = (term_days(first, number) for number in range(index + 1))
    starts = next((s for s, ends in terms if s < day <= ends), first_day(document))
    return at(document, starts).policy
