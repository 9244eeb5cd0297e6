"""The experts of a round at the desk: their sheets, what those say, and how far they can be read.

An expert sees labels and never a team's name. What was given becomes evidence under the expert's
pseudonym; a sheet that repeats another checks attention and counts for nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Final

from headgate.core.calls.harshness import harshness
from headgate.core.evaluation.conduct import Attention
from headgate.core.evaluation.evidence import Evidence, Rating
from headgate.core.evaluation.known import Known, answered
from headgate.core.policy.dated import at
from headgate.core.policy.schema import Pillar, PillarKind, Policy, Round
from headgate.site.apart import apart
from headgate.site.desk.models import RoundSheet
from headgate.site.desk.office import SITE, day_at
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.round_models import RoundKnown
from headgate.site.records.kept import Stands, stands, stored_facts
from headgate.steps.evaluate import tasks_of
from headgate.steps.term import Closed

SCALE: Final = 10
"""Full marks of a criterion on a sheet; marks are whole points from 0."""
ATTENTION: Final = 3
"""Points by which a repeated sheet may differ from the first before the chair is told."""


@dataclass(frozen=True)
class RoundNow:
    """A round of the running term or the last, the teams in it, and whether it was closed.

    `decided` is what deciding it again must know; None before it closes, and once nothing can have
    it decided again.
    """

    id: str
    policy: Policy
    section: Round
    teams: tuple[str, ...]
    decided: Closed | None = None

    @cached_property
    def closed(self) -> bool:
        """Whether its evidence is on record; read when it is first asked for."""
        return self.decided is not None or f"evidence/{self.id}" in stored_facts(SITE)

    @property
    def panels(self) -> tuple[Pillar, ...]:
        """The pillars that experts judge."""
        return tuple(p for p in self.section.pillars if p.kind is PillarKind.EXPERTS)

    def need_open(self) -> None:
        """Refuse once the round was closed."""
        if self.closed:
            refuse(DeskRefusal.ROUND_CLOSED, self.section.name)

    def need_decided(self) -> Closed:
        """Refuse until the round was closed, and once nothing can have it decided again."""
        if self.decided is not None:
            return self.decided
        why = DeskRefusal.ROUND_TURNED if self.closed else DeskRefusal.ROUND_OPEN
        return refuse(why, self.section.name)

    def need_running(self) -> Closed:
        """Refuse until the round was closed, and once its term has turned."""
        decided = self.need_decided()
        if decided.began is not None:
            refuse(DeskRefusal.ROUND_TURNED, self.section.name)
        return decided

    def day(self, now: datetime) -> date:
        """The day of the round's own clocks."""
        return day_at(self.policy, now)


def round_now(round_id: str, stood: Stands | None = None) -> RoundNow:
    """A round as the policy has it for the running term; `stood` spares reading where that is."""
    stood = stood or stands(SITE)
    if stood is None:
        refuse(DeskRefusal.NO_PROGRAMME)
    decided = stood.standing.closed.get(round_id)
    began = decided.began if decided is not None else None
    policy = at(stood.document, began or stood.standing.starts).policy
    if round_id not in policy.rounds:
        refuse(DeskRefusal.ROUND_UNKNOWN, round_id)
    section, after = policy.rounds[round_id], stood.standing.next_blocks
    if decided is not None:
        return RoundNow(round_id, policy, section, decided.teams, decided)
    held = (h for h in stood.holdings if h.call == section.call)
    teams = tuple(sorted(h.award for h in held if after.get(h.award, h.blocks)))
    return RoundNow(round_id, policy, section, teams, None)


@dataclass(frozen=True, slots=True)
class Panel:
    """A round's sheets, by pillar, expert and team, and the known works among them."""

    sheets: tuple[RoundSheet, ...]
    known: tuple[Known, ...]

    @property
    def counted(self) -> list[RoundSheet]:
        """The sheets that count, known works among them: those that repeat no other."""
        return [one for one in self.sheets if not one.repeat]

    @property
    def works(self) -> set[tuple[str, str]]:
        """Each known work with its pillar."""
        return {(one.pillar, one.work) for one in self.known}


def panel_of(round_id: str) -> Panel:
    """What a round's experts were given and gave; two queries."""
    found = RoundSheet.objects.filter(round=round_id).select_related("reviewer")
    return Panel(tuple(found.order_by("pillar", "reviewer__code", "team")), known_of(round_id))


def ratings_of(panel: Panel, teams: Sequence[str]) -> Mapping[str, tuple[Rating, ...]]:
    """What experts gave on their sheets, by pillar; a pillar without sheets is not there.

    Marks of known works are among them: the rule reads them, and sets them aside.
    """
    found: dict[str, list[Rating]] = {}
    works = panel.works
    for sheet in panel.counted:
        rows = found.setdefault(sheet.pillar, [])
        if sheet.team in teams or (sheet.pillar, sheet.team) in works:
            rows += _rated(sheet)
    return {pillar: tuple(rows) for pillar, rows in found.items()}


def known_of(round_id: str) -> tuple[Known, ...]:
    """The known works among a round's sheets, in order."""
    rows = RoundKnown.objects.filter(round=round_id).order_by("pillar", "work", "criterion")
    return tuple(Known(r.pillar, r.work, r.criterion, r.low, r.high) for r in rows)


def _rated(sheet: RoundSheet) -> Iterator[Rating]:
    for criterion, points in sorted(sheet.points.items()):
        yield Rating(criterion, sheet.reviewer.code, sheet.team, points, SCALE)


@dataclass(frozen=True, slots=True)
class ExpertNow:
    """How far one expert has come in a pillar, and how far a repeated sheet differed.

    `least` is the share of attention checks that the policy asks for, if it does.
    """

    pillar: str
    expert: str
    given: int
    sheets: int
    differs: int | None
    attention: Attention
    least: Fraction | None = None

    @property
    def missing(self) -> int:
        """Sheets that were not given yet."""
        return self.sheets - self.given

    @property
    def inattentive(self) -> bool:
        """Whether the chair should ask: the same work was marked very differently."""
        return self.differs is not None and self.differs > ATTENTION

    @property
    def left_out(self) -> bool:
        """Whether the policy's rule, applied now to all sheets given, leaves the expert out."""
        told = self.attention
        asked = self.least is not None and not self.missing and told.checks > 0
        return asked and Fraction(told.passed, told.checks) < (self.least or 0)


def experts_now(round_: RoundNow, panel: Panel) -> list[ExpertNow]:
    """Every expert of a round by pillar, in order."""
    least = {p.id: p.raters.attention for p in round_.panels if p.raters is not None}
    right = answered(panel.known, Evidence(ratings=ratings_of(panel, round_.teams)))
    return [
        ExpertNow(
            pillar,
            expert,
            sum(sheet.given is not None for sheet in sheets),
            len(sheets),
            max(_differences(sheets), default=None),
            _with_known(_attention(pillar, expert, sheets), right.get((pillar, expert), [])),
            least.get(pillar),
        )
        for (pillar, expert), sheets in _by_expert(panel)
    ]


def _with_known(told: Attention, right: Sequence[bool]) -> Attention:
    """The checks of an expert with those of known works."""
    return replace(told, passed=told.passed + sum(right), checks=told.checks + len(right))


def attention_of(panel: Panel) -> list[Attention]:
    """How every expert with sheets passed the checks: each criterion of each repeated sheet is one.

    A check is passed where the two marks of the same work lie within `ATTENTION`; one whose sheets
    are not both given is not.
    """
    return [_attention(*key, sheets) for key, sheets in _by_expert(panel)]


def _attention(pillar: str, expert: str, sheets: Sequence[RoundSheet]) -> Attention:
    asked = max((len(sheet.points) for sheet in sheets), default=0)
    checks = sum(sheet.repeat for sheet in sheets) * max(asked, 1)
    passed = sum(apart <= ATTENTION for apart in _differences(sheets))
    return Attention(pillar, expert, passed, checks)


def _by_expert(panel: Panel) -> list[tuple[tuple[str, str], list[RoundSheet]]]:
    grouped: dict[tuple[str, str], list[RoundSheet]] = {}
    for sheet in panel.sheets:
        grouped.setdefault((sheet.pillar, sheet.reviewer.code), []).append(sheet)
    return sorted(grouped.items())


def _differences(sheets: Iterable[RoundSheet]) -> list[int]:
    """By how much the two marks of each criterion differ, of teams whose two sheets are given."""
    given: dict[bool, dict[str, RoundSheet]] = {True: {}, False: {}}
    for sheet in sheets:
        if sheet.given is not None:
            given[sheet.repeat][sheet.team] = sheet
    pairs = [
        (given[False][t].points, r.points) for t, r in given[True].items() if t in given[False]
    ]
    return [abs(a[name] - b[name]) for a, b in pairs for name in a]


def agreement_now(panel: Panel) -> dict[str, Fraction | None]:
    """Krippendorff's alpha of what was given so far, by pillar; None where it says nothing yet."""
    rows: dict[str, list[tuple[str, str, int]]] = {}
    works = panel.works
    for sheet in (one for one in panel.counted if (one.pillar, one.team) not in works):
        marks = rows.setdefault(sheet.pillar, [])
        code = sheet.reviewer.code
        marks += ((f"{sheet.team} {name}", code, n) for name, n in sheet.points.items())
    return {name: apart(harshness, marks).alpha if marks else None for name, marks in rows.items()}


def criteria(pillar: Pillar) -> tuple[str, ...]:
    """What a sheet of a pillar asks for."""
    return tuple(tasks_of(pillar))
