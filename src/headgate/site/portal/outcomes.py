"""What became of each application of a call, as the decisions say it, the last word last."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from headgate.core.awards.reasons import Outcome, Reason
from headgate.report.reasons import sentence
from headgate.report.speaker import Speaker
from headgate.site.portal.reading import Made

_REASONS: TypeAdapter[Reason] = TypeAdapter(Reason)
AWARDED = (Outcome.AWARDED.value, Outcome.AWARDED_IN_PART.value)
REFUSED, NOT_IN_FIELD = "refused", "not-in-field"
"""What becomes of applications that no list has."""


@dataclass(slots=True)
class Applicant:
    """One application: its class of holders, how far it came, and the decisions that say so."""

    id: str
    call: str
    holder: str
    refused: bool
    score: int = 0
    reason: Any = None
    seq: int = 0

    @property
    def outcome(self) -> str:
        """The word for what became of it."""
        if self.refused:
            return REFUSED
        return str(self.reason["outcome"]) if self.reason else NOT_IN_FIELD

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


def applicants(made: Iterable[Made], call: str) -> dict[str, Applicant]:
    """The applications of a call, by id, in the order in which they were screened."""
    found: dict[str, Applicant] = {}
    rule = f"calls.{call}"
    for one in made:
        if one.rule != rule:
            continue
        if one.step == "screening":
            refused, holder = bool(one.result["findings"]), one.result["holder"]
            found[one.subject] = Applicant(one.subject, call, holder, refused, seq=one.seq)
        elif one.step == "score" and one.subject in found and one.result["score"]:
            found[one.subject].score = one.result["score"]["milli_points"]
        elif one.step in ("award", "acceptance") and one.subject in found:
            found[one.subject].reason, found[one.subject].seq = one.result["reason"], one.seq
    return found


def why(applicant: Applicant, say: Speaker) -> str:
    """The reason as one sentence in the reader's language; empty where the list has none."""
    if applicant.reason is None:
        return ""
    return sentence(_REASONS.validate_python(applicant.reason), say)
