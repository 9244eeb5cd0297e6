"""Recorded facts: the lines of a bundle as the typed values they were, and a world made of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import BytesIO
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from headgate.core.awards.plan import Plan, Proposal
from headgate.core.awards.problem import Problem
from headgate.core.calls.application import Application, GateFinding, Mark
from headgate.core.duties.amendment import Amendment
from headgate.core.duties.payments import Payment
from headgate.core.enforcement.engine import Order, Quota
from headgate.core.enforcement.receipt import ReadBack
from headgate.core.evaluation.conduct import Conduct
from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating, Vote
from headgate.core.evaluation.freeze import Frozen, Signed
from headgate.core.evaluation.hearings import Hearing
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.correct import Correction
from headgate.core.metering.usage import Usage
from headgate.steps.evaluate import evidence_of
from headgate.steps.event import (
    Event,
    amendments_name,
    corrections_name,
    declined_name,
    declined_names,
    hearing_name,
    lot_name,
    payments_name,
    receipts_name,
    usage_name,
)
from headgate.steps.notes import Note

FAULTS_MOST: Final = 100
"""How many lines of a file are told before the rest is left: more helps nobody to mend it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One line of what a cluster holds."""

    cluster: str
    quota: Quota


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One line of a round's evidence: an item's score, a rating or a vote, of one pillar."""

    pillar: str
    item: ItemScore | None = None
    rating: Rating | None = None
    vote: Vote | None = None


KINDS: Mapping[str, Any] = {
    "applications": Application,
    "gates": GateFinding,
    "marks": Mark,
    "proposal": Proposal,
    "declined": str,
    "held": Held,
    "receipts": ReadBack,
    "usage": Usage,
    "corrections": Correction,
    "findings": GateFinding,
    "evidence": EvidenceRow,
    "frozen": Frozen,
    "conduct": Conduct,
    "lots": Hearing,
    "hearings": Hearing,
    "amendments": Amendment,
    "payments": Payment,
    "notes": Note,
}
"""The type of each kind of facts; a fact file is `facts/<kind>/<about>.jsonl`."""

_ONE: Final = ("proposal/", "frozen/", "conduct/", "lots/", "hearings/")
"""Kinds of facts that are one line."""


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[kind])


@cache
def _events() -> TypeAdapter[Event]:
    return TypeAdapter(Event)


def read_facts(file: str, kind: str, data: bytes) -> tuple[Any, ...]:
    """The values of one fact file; raises Faulty with the lines that are none."""
    return _read(file, _adapter(kind).validate_json, data)


def _read(file: str, validate: Callable[[bytes], Any], data: bytes) -> tuple[Any, ...]:
    values: list[Any] = []
    faults: list[Fault] = []
    for number, text in enumerate(BytesIO(data), start=1):
        if len(faults) == FAULTS_MOST:
            break
        try:
            values.append(validate(text))
        except ValidationError as error:
            what = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3]
            )
            mend = "Write the line as the programme published it."
            faults.append(Fault(file, number, 1, "fact-line", what, mend))
    if faults:
        raise Faulty(faults)
    return tuple(values)


def read_events(file: str, data: bytes) -> tuple[Event, ...]:
    """What happened, in order; raises Faulty with the lines that are no events."""
    return _read(file, _events().validate_json, data)


class Recorded:
    """The world of a bundle: every answer is what was received then."""

    def __init__(self, facts: Mapping[str, Sequence[Any]]) -> None:
        self._facts = facts

    def _get(self, name: str) -> Sequence[Any]:
        if name not in self._facts or (name.startswith(_ONE) and len(self._facts[name]) != 1):
            what = "The cycle asks for facts that are not there, or are not the one line it needs."
            mend = "Publish the file, or the policy that does not ask for it."
            raise Faulty([Fault(f"facts/{name}.jsonl", 0, 0, "fact-file-missing", what, mend)])
        return self._facts[name]

    def _one(self, name: str) -> Any:
        return self._get(name)[0]

    def applications(self, call: str) -> Sequence[Application]:
        """What came in for a call."""
        return self._get(f"applications/{call}")

    def marks(self, call: str, eligible: Sequence[Application]) -> Sequence[Mark]:
        """What the reviewers said."""
        return self._get(f"marks/{call}")

    def gate_findings(self, call: str, applications: Sequence[str]) -> Sequence[GateFinding]:
        """What was found on a call's gates."""
        return self._get(f"gates/{call}")

    def proposal(self, call: str, problem: Problem) -> Proposal:
        """The award list that was proposed."""
        found: Proposal = self._one(f"proposal/{call}")
        return found

    def declined(self, call: str, plan: Plan) -> Sequence[Collection[str]]:
        """Who declined, turn by turn: of the first there must be word, though nobody did."""
        names = [*declined_names(call, self._facts)] or [declined_name(call, 1)]
        return [self._get(name) for name in names]

    def enforce(self, orders: Sequence[Order], day: date) -> Sequence[tuple[str, Quota]]:
        """What the clusters held after the orders of a day."""
        held: Sequence[Held] = self._get(f"held/{day.isoformat()}")
        return [(line.cluster, line.quota) for line in held]

    def usage(self, since: date, until: date, part: str) -> Sequence[Usage]:
        """What the meters had seen by a day, or a part of it."""
        return self._get(usage_name(until, part))

    def receipts(self, name: str) -> Sequence[ReadBack]:
        """What agents applied and read back, under a name."""
        return self._get(receipts_name(name))

    def corrections(self, name: str) -> Sequence[Correction]:
        """What was corrected under a name."""
        return self._get(corrections_name(name))

    def round_findings(self, round_id: str, teams: Sequence[str]) -> Sequence[GateFinding]:
        """What was found on a round's gates."""
        return self._get(f"findings/{round_id}")

    def notes(self) -> Sequence[Note]:
        """What stood in for something else."""
        return self._get("notes/world")

    def evidence(self, round_id: str, teams: Sequence[str]) -> Evidence:
        """What was measured of a round's teams."""
        return evidence_of(self._get(f"evidence/{round_id}"))

    def signatures(self, frozen: Frozen, teams: Sequence[str]) -> Sequence[Signed]:
        """How the teams signed a round."""
        found: Frozen = self._one(f"frozen/{frozen.round}")
        return found.signed

    def conduct(self, round_id: str, teams: Sequence[str]) -> Conduct:
        """How a round was conducted."""
        found: Conduct = self._one(f"conduct/{round_id}")
        return found

    def secrets(self, round_id: str, teams: Sequence[str]) -> Mapping[str, str]:
        """What was shown for a round's lot."""
        found: Hearing = self._one(lot_name(round_id))
        return found.secrets

    def hearing(self, name: str) -> Hearing:
        """What was heard under a name."""
        found: Hearing = self._one(hearing_name(name))
        return found

    def amendments(self, name: str) -> Sequence[Amendment]:
        """What was asked of running awards and answered under a name."""
        return self._get(amendments_name(name))

    def payments(self, name: str) -> Sequence[Payment]:
        """What was paid of fees under a name."""
        return self._get(payments_name(name))
