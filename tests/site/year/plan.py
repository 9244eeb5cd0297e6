"""What the people of one small year will do, as plain data: said once, done twice.

`Planned` is it as a world, which the cycle asks; the browser test does it by hand at the pages.
Clusters, meters and evaluators are the rehearsal's in both.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from headgate.core.awards.plan import Proposal
from headgate.core.awards.problem import Problem
from headgate.core.awards.solve import propose
from headgate.core.calls.application import (
    Application,
    GateFinding,
    Mark,
    Organisation,
    Request,
)
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.quantities import instant_of
from headgate.cycle import World, run
from headgate.demo import populations
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import data_files
from headgate.simulation.world import Simulated
from headgate.steps.agenda import first_day
from headgate.steps.term import Term
from tests.report.builders import ROOT

PROGRAMME = ROOT / "tests" / "programmes" / "small"
OPENS = {"alliance": date(2026, 1, 5), "open": date(2026, 1, 5), "hours": date(2026, 2, 1)}
EVIDENCE = "ab" * 32
FOUNDED = date(2019, 4, 1)
REVIEWERS = {"reviewer": "REV-A", "lan": "REV-B", "jisoo": "REV-C"}
"""The account of each reviewer, and the pseudonym of their marks."""


@dataclass(frozen=True)
class Wish:
    """One application: who asks, for what, and with whom."""

    call: str
    number: int
    lead: str
    asked: tuple[str, int, int]
    members: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Its id in the journal."""
        return f"{self.call}-{self.number:04d}"


ORGANISATIONS = {
    name: Organisation(name, kind, size, region, FOUNDED, {"youth_led": youth})
    for name, kind, size, region, youth in (
        ("ORG-1", "firm", "small", "Huế", True),
        ("ORG-2", "university", "large", "대전", False),
        ("ORG-3", "firm", "large", "", False),
        ("ORG-4", "university", "small", "Seoul", False),
        ("ORG-5", "firm", "small", "Busan", False),
    )
}
WISHES = (
    Wish("alliance", 1, "ORG-1", ("b200", 1, 2), ("ORG-5",)),
    Wish("alliance", 2, "ORG-2", ("b200", 1, 2)),
    Wish("alliance", 3, "ORG-3", ("b200", 1, 1)),
    Wish("alliance", 4, "ORG-4", ("b200", 1, 1)),
    Wish("open", 1, "ORG-1", ("h200", 1, 2)),
    Wish("open", 2, "ORG-2", ("h200", 1, 1)),
    Wish("open", 3, "ORG-3", ("h200", 1, 4)),
    Wish("hours", 1, "ORG-4", ("h200", 1, 3)),
)
MEMBER = "ORG-5"
REFUSED = "open-0003"
"""A large firm: a rule of the call refuses it, and it is handed in all the same."""
REPLIED = "open-0002"
"""Its gate is shut first; the applicant replies, and it is opened."""
DECLINES = "open-0002"
REMARK = "The accounts of last year are there."


def points(wish: Wish, reviewer: str, criterion: str) -> int:
    """What a reviewer gives on a criterion."""
    return 5 + (wish.number + len(criterion) + ord(reviewer[-1])) % 5


CRITERIA = {"alliance": ("goal",), "open": ("effect", "means")}


class Planned:
    """The plan as a world."""

    def __init__(self, rest: World) -> None:
        self._rest = rest
        self.enforce, self.usage = rest.enforce, rest.usage
        self.corrections, self.notes = rest.corrections, rest.notes
        self.round_findings, self.evidence = rest.round_findings, rest.evidence
        self.receipts, self.hearing = rest.receipts, rest.hearing
        self.amendments = rest.amendments
        self.signatures, self.conduct, self.secrets = rest.signatures, rest.conduct, rest.secrets

    def applications(self, call: str) -> Sequence[Application]:
        """Everybody hands in at noon of the day on which the call opens."""
        noon = datetime.combine(OPENS[call], time(12), ZoneInfo("Asia/Seoul"))
        moment = instant_of(int(noon.astimezone(UTC).timestamp()))
        return [
            Application(
                wish.code,
                call,
                moment,
                ORGANISATIONS[wish.lead],
                tuple(ORGANISATIONS[name] for name in wish.members),
                (Request(*wish.asked),),
                6,
                {},
            )
            for wish in WISHES
            if wish.call == call
        ]

    def marks(self, call: str, eligible: Sequence[Application]) -> Sequence[Mark]:
        """Three sheets for each application that is eligible."""
        wanted = {one.id for one in eligible}
        given = [
            Mark(wish.code, criterion, code, points(wish, code, criterion))
            for wish in WISHES
            if wish.code in wanted
            for criterion in CRITERIA.get(call, ())
            for code in REVIEWERS.values()
        ]
        return sorted(given, key=lambda m: (m.application, m.reviewer, m.criterion))

    def gate_findings(self, call: str, applications: Sequence[str]) -> Sequence[GateFinding]:
        """The one gate of the open call."""
        return [
            GateFinding(code, "audit", True, REMARK, (EVIDENCE,), code == REPLIED)
            for code in applications
            if call == "open" and code != REFUSED
        ]

    def proposal(self, call: str, problem: Problem) -> Proposal:
        """The solver's list."""
        del call
        return propose(problem)

    def declined(self, call: str, awarded: Sequence[str]) -> Collection[str]:
        """One winner gives the award up."""
        del call
        return [code for code in awarded if code == DECLINES]


def outside(document: Document, folder: Path) -> Simulated:
    """The rehearsal's clusters, meters and evaluators, as `headgate serve --people` has them."""
    policy = at(document, first_day(document)).policy
    return Simulated(policy, populations(data_files(folder), policy.calls.keys()), "headgate")


def honest() -> Term:
    """The year as the cycle makes it of the plan."""
    document = read_programme(PROGRAMME)
    return run(document, Planned(outside(document, PROGRAMME)))


def facts() -> Mapping[str, bytes]:
    """What the year's world told, by name."""
    return {name: received.data for name, received in honest().facts.items()}
