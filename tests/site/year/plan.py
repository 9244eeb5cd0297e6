"""What the people of one small year will do, as plain data: said once, done twice.

`Planned` is it as a world, which the cycle asks; the browser test does it by hand at the pages.
Clusters, meters and evaluators are the rehearsal's in both.
"""

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from headgate.core.awards.plan import Plan, Proposal
from headgate.core.awards.problem import Problem
from headgate.core.awards.solve import propose
from headgate.core.calls.application import (
    Application,
    GateFinding,
    Mark,
    Organisation,
    Request,
)
from headgate.core.canonical import digest
from headgate.core.duties.amendment import Amendment, Change
from headgate.core.duties.payments import Payment
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.quantities import instant_of
from headgate.cycle import World, replay
from headgate.demo import populations
from headgate.readers.policy_files import read_programme
from headgate.readers.programmes import data_files
from headgate.simulation.world import Simulated
from headgate.steps.agenda import agenda, first_day
from headgate.steps.event import Event, What
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
    Wish("open", 2, "ORG-2", ("h200", 1, 2)),
    Wish("open", 3, "ORG-3", ("h200", 1, 4)),
    Wish("open", 4, "ORG-4", ("h200", 1, 1)),
    Wish("hours", 1, "ORG-4", ("h200", 1, 3)),
)
MEMBER = "ORG-5"
REFUSED = "open-0003"
"""A large firm: a rule of the call refuses it, and it is handed in all the same."""
REPLIED = "open-0002"
"""Its gate is shut first; the applicant replies, and it is opened."""
DECLINES = "open-0002"
MOVES_UP = "open-0004"
"""Its points are the lowest, so that it stands by until another gives its award up."""
REMARK = "The accounts of last year are there."


def points(wish: Wish, reviewer: str, criterion: str) -> int:
    """What a reviewer gives on a criterion."""
    if wish.code == MOVES_UP:
        return 4
    return 5 + (wish.number + len(criterion) + ord(reviewer[-1])) % 5


CRITERIA = {"alliance": ("goal",), "open": ("effect", "means")}


@dataclass(frozen=True)
class Asked:
    """Something asked of a running award: after which event it is answered, and with what words.

    `number` counts what was asked; `asked` is the day on which that was, if not the same, and `by`
    the account of whoever acts for the award then.
    """

    number: int
    award: str
    change: Change
    after: tuple[What, str]
    day: date
    text: str
    answer: str
    granted: bool = True
    asked: date | None = None
    by: str = "applicant"
    parts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the journal."""
        return f"{self.change}-{self.number}"

    @property
    def amendment(self) -> Amendment:
        """The request as the journal has it; its words are those of the page."""
        words, reason = (digest(text.encode()) for text in (f"{self.text}\n", self.answer))
        call, asked = self.award.partition("-")[0], self.asked or self.day
        told: dict[str, Any] = {"words": words, "reason": reason, **self.parts}
        return Amendment(self.award, call, self.change, asked, self.day, self.granted, **told)


APRIL, JUNE, JULY = date(2026, 4, 1), date(2026, 6, 1), date(2026, 7, 1)
HAND_OVER = Asked(
    1,
    "alliance-0002",
    Change.HAND_OVER,
    (What.CLOSE_CALL, "hours"),
    APRIL,
    "The nodes of the north are ready",
    "Our first job ran through",
    asked=date(2026, 3, 1),
    parts={"usable": APRIL},
)
ANOTHER_LEAD = Asked(
    2,
    "alliance-0001",
    Change.LEAD,
    (What.CLOSE_CALL, "hours"),
    APRIL,
    "Our people have moved to the other member",
    "Both have agreed, and it fits",
    parts={"lead": MEMBER},
)
EXPLAINED = Asked(
    3,
    "alliance-0001",
    Change.EXPLANATION,
    (What.METER, ""),
    JUNE,
    "The licence of our corpus came late",
    "The licence lies before us",
    by="mai",
    parts={"spares_percent": 40},
)
MEMBERS_ASKED = Asked(
    4,
    "alliance-0001",
    Change.MEMBERS,
    (What.METER, ""),
    JUNE,
    "A third member helps with speech",
    "It never applied with you",
    granted=False,
    by="mai",
    parts={"parts": {"ORG-1": 1, "ORG-5": 1, "ORG-4": 1}},
)
LONGER = Asked(
    5,
    "open-0001",
    Change.LONGER,
    (What.ENFORCE, ""),
    JUNE,
    "The last training needs a month",
    "There is room in the next term",
    parts={"months": 1},
)
REPORTED = Asked(
    6,
    "open-0001",
    Change.REPORT,
    (What.METER, ""),
    JULY,
    "We trained two models on half of it",
    "Read and accepted",
    parts={"report": "interim"},
)
ASKED = (HAND_OVER, ANOTHER_LEAD, EXPLAINED, MEMBERS_ASKED, LONGER, REPORTED)
"""What is asked of the year's awards and answered, in the order in which it is asked."""


def happened(document: Document) -> Iterator[Event]:
    """The year's calendar, and after each of its events what is answered then."""
    for event in agenda(document):
        yield event
        for one in ASKED:
            if (one.after, one.day) == ((event.what, event.about), event.day):
                yield Event(event.day, What.AMEND, one.name)


class Planned:
    """The plan as a world."""

    def __init__(self, rest: World) -> None:
        self._rest = rest
        self.enforce, self.usage = rest.enforce, rest.usage
        self.corrections, self.notes = rest.corrections, rest.notes
        self.round_findings, self.evidence = rest.round_findings, rest.evidence
        self.receipts, self.hearing = rest.receipts, rest.hearing
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

    def amendments(self, name: str) -> Sequence[Amendment]:
        """What was asked and answered under a name."""
        return [one.amendment for one in ASKED if one.name == name]

    def payments(self, name: str) -> Sequence[Payment]:
        """Nobody pays in this year."""
        del name
        return ()

    def declined(self, call: str, plan: Plan) -> Sequence[Collection[str]]:
        """One winner gives the award up, and who moves up for it takes it."""
        del call
        return [[one.application for one in plan.awards if one.application == DECLINES]]


def outside(document: Document, folder: Path) -> Simulated:
    """The rehearsal's clusters, meters and evaluators, as `headgate serve --people` has them."""
    policy = at(document, first_day(document)).policy
    return Simulated(policy, populations(data_files(folder), policy.calls.keys()), "headgate")


OF_THE_YEAR = {
    "used_below: 25 %": "used_below: 70 %",
    "h200: {offered: 48, cap_blocks: 4}": "h200: {offered: 32, cap_blocks: 4}",
    "    pass_mark: 40\n": """    pass_mark: 40
    standby: {accept_days: 5}
    agreement: {obligations: {report: {en: Report what was learnt}}}
""",
}
"""What the year has otherwise than the small programme: one more award is idle, and a call that has
not enough for all lets each award be agreed on, and the next move up for one that is given up.
"""


def programme(folder: Path) -> Path:
    """The small programme in a folder, as the year has it."""
    made = Path(shutil.copytree(PROGRAMME, folder / "programme"))
    file = made / "programme.yaml"
    text = file.read_text(encoding="utf-8")
    for plain, otherwise in OF_THE_YEAR.items():
        assert plain in text
        text = text.replace(plain, otherwise)
    file.write_text(text, encoding="utf-8")
    return made


def honest(folder: Path) -> Term:
    """The year as the cycle makes it of the plan."""
    document = read_programme(folder)
    return replay(document, happened(document), Planned(outside(document, folder)))
