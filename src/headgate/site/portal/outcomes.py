"""What became of each application of a call, as the decisions say it, the last word last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from headgate.core.awards.reasons import Outcome
from headgate.core.policy.schema import Call
from headgate.report.reasons import told
from headgate.report.speaker import Speaker
from headgate.report.summary_calls import Why
from headgate.site.portal.reading import Made

_WHY: TypeAdapter[Why] = TypeAdapter(Why)
AWARDED = (Outcome.AWARDED.value, Outcome.AWARDED_IN_PART.value)
REFUSED, NOT_IN_FIELD = "refused", "not-in-field"
"""What becomes of applications that no list has; past the reviews it is where they fell out."""


@dataclass(slots=True)
class Applicant:
    """One application: its class of holders, how far it came, and the decisions that say so.

    Findings, place in the field and reason are as the decisions have them; the last reason came
    when winners had `answered`, or with the list itself.
    """

    id: str
    call: str
    holder: str
    findings: Any = ()
    score: int = 0
    place: Any = None
    reason: Any = None
    seq: int = 0
    answered: bool = False

    @property
    def refused(self) -> bool:
        """Whether it did not reach the reviewers."""
        return bool(self.findings)

    @property
    def outcome(self) -> str:
        """The word for what became of it."""
        if self.reason:
            return str(self.reason["outcome"])
        return fallen(self.refused, self.place and self.place["standing"])

    @property
    def blocks(self) -> int:
        """What it was awarded."""
        return int(self.reason["blocks"]) if self.reason else 0

    @property
    def pool(self) -> str:
        """The class of its award, or of its first wish."""
        return str(self.reason["pool"]) if self.reason else ""

    @property
    def is_awarded(self) -> bool:
        """Whether it was awarded and did not decline."""
        return self.outcome in AWARDED

    @property
    def moved_up(self) -> bool:
        """Whether it waited on standby, and was awarded what somebody else gave up."""
        return self.is_awarded and self.answered


def fallen(refused: bool, standing: str | None) -> str:
    """The word for an application that no list has."""
    if refused:
        return REFUSED
    return standing.replace("_", "-") if standing else NOT_IN_FIELD


def applicants(made: Iterable[Made], call: str) -> dict[str, Applicant]:
    """The applications of a call, by id, in the order in which they were screened."""
    found: dict[str, Applicant] = {}
    rule = f"calls.{call}"
    for one in made:
        if one.rule != rule:
            continue
        if one.step == "screening":
            findings, holder = one.result["findings"], one.result["holder"]
            found[one.subject] = Applicant(one.subject, call, holder, findings, seq=one.seq)
        elif one.step == "score" and one.subject in found and one.result["score"]:
            found[one.subject].score = one.result["score"]["milli_points"]
            found[one.subject].place = one.result["place"]
        elif one.step in ("award", "acceptance") and one.subject in found:
            told = found[one.subject]
            told.reason, told.seq = one.result["reason"], one.seq
            told.answered = one.step == "acceptance"
    return found


def why(section: Call, one: Applicant, say: Speaker) -> str:
    """Why the application has what it has, as one sentence in the reader's language."""
    facts = {"findings": one.findings, "place": one.place, "reason": one.reason}
    return told(section, _WHY.validate_python(facts | {"milli_points": one.score}), say)
