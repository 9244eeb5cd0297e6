"""The grammar of a policy at one date, as typed sections; the file's fields are these fields.

The file itself says more than this: any value may be written as a dated history with its source
and status. `headgate.core.policy.values` takes what is in force on a day, with line, source and
status of every path, and these models check it. A fourth country's programme needs words from here,
not Python.
"""

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from headgate.core.policy.award_rules import (
    Agreement,
    Heard,
    Invoice,
    OutsideGrants,
    Standby,
    TieBreak,
)
from headgate.core.policy.clocks import Repeat, Rest
from headgate.core.policy.primitives import (
    Day,
    Expression,
    Identifier,
    Natural,
    Positive,
    Share,
    Timezone,
)
from headgate.core.policy.round_rules import Freeze, Raters, Runner, Submissions, Suppliers
from headgate.core.policy.running_rules import Explanation, Running
from headgate.core.policy.sharing import Sharing
from headgate.core.seats import Method
from headgate.core.supports import AnySupport
from headgate.core.supports.kind import Section
from headgate.core.supports.price import Currency
from headgate.core.supports.text import Text


class Calendar(Section):
    """Terms: the first day of the first one and how many months each lasts; the days of rest."""

    first: Day
    months: Annotated[int, Field(gt=0, le=120)]
    rest: Rest | None = None


class Programme(Section):
    """Who promises what, where, in which money and by which calendar."""

    id: Identifier
    name: Text
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    timezone: Timezone
    calendar: Calendar

    @property
    def money(self) -> Currency:
        """What is owed and paid, and in what unit."""
        return Currency(self.currency)


class Rule(Section):
    """A ground of refusal with its name: where `when` (CEL) holds, the answer is no, `because`."""

    id: Identifier
    when: Expression
    because: Text


class TableException(Section):
    """A named departure from a base value; two that apply at once are an error, not a race."""

    id: Identifier
    when: Expression
    then: Any


class Table(Section):
    """A base value with named exceptions (after Catala's base and exceptions)."""

    base: Any
    exceptions: tuple[TableException, ...] = ()


class Holder(Section):
    """A class of holders, entitled to an envelope; `when` says of an applicant that it is one."""

    id: Identifier
    name: Text
    when: Expression


class Envelopes(Section):
    """How a support is divided among the classes of holders: `shares` of the whole number `of`.

    `base` is the number of first block units divided (GPUs); where it is absent, all the supply at
    the date is. `block` is the smallest part, so that shares come out in whole nodes. `sharing` is
    what becomes of quota that lies idle.
    """

    of: Positive
    shares: Mapping[Identifier, Natural]
    base: Annotated[int, Field(gt=0, le=10**9)] | None = None
    block: Mapping[str, Positive]
    method: Method
    sharing: Sharing | None = None


class Criterion(Section):
    """One scored question; `weight` in points of the criteria's whole, marks from 0 to `full`."""

    id: Identifier
    name: Text
    weight: Positive
    full: Positive


class Gate(Section):
    """A pass-or-fail condition apart from any score, with its evidence and right of reply."""

    id: Identifier
    name: Text
    evidence: Text
    reply_days: Natural


class Panel(Section):
    """Who reviews: how many a subject, and whether harshness is taken out of the score."""

    least: Positive
    most: Positive
    adjust_harshness: bool


class Stage(Section):
    """A narrowing of the field before the award: so many go on by that day."""

    id: Identifier
    on: Day
    keeps: Positive


class Concentration(Section):
    """No group of applications with the same `by` (CEL, a text) holds more than `share`."""

    id: Identifier
    by: Expression
    share: Share


class Floor(Section):
    """A soft promise: those of whom `when` holds get at least `share` of the offer.

    With a `holder`, the share is of that class's part.
    """

    id: Identifier
    when: Expression
    share: Share
    holder: Identifier | None = None


class Appeals(Section):
    """The objection window after a round, and the time in which it must be answered."""

    object_days: Natural
    answer_days: Natural


class ClassTerms(Section):
    """What a call offers of one class, in its block's unit, and one application's cap in blocks."""

    offered: Natural
    cap_blocks: Positive


class FieldKind(StrEnum):
    """What a form field holds; CEL sees it as that type."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"


class FormField(Section):
    """One question of the form beside those every application answers."""

    kind: FieldKind
    name: Text
    required: bool = True


class FileType(StrEnum):
    """What an attached file may be: told from its content, never from its name."""

    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    HWP = "hwp"
    HWPX = "hwpx"
    PNG = "png"
    JPEG = "jpeg"
    TEXT = "text"


class Attachment(Section):
    """A document that a call asks for: which types it may have, and how large it may be.

    The facts of the call have its SHA-256 under its name, and nothing else of it.
    """

    name: Text
    types: tuple[FileType, ...]
    megabytes_most: Annotated[int, Field(gt=0, le=25)]
    required: bool = True


class Organisations(Section):
    """What is asked of every organisation: kinds and sizes as closed lists, and further facts.

    `labels` says kinds and sizes in words; one without a label is shown by its name.
    """

    kinds: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    sizes: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    labels: Mapping[Identifier, Text] = {}
    fields: Mapping[Identifier, FormField] = {}


class Call(Section):
    """One invitation to apply, from opening to award.

    `repeat` is there only where it could not be followed: see `headgate.core.policy.repeated`.
    """

    name: Text
    repeat: Repeat | None = None
    support: Identifier
    opens: Day
    closes: Day
    decides: Day
    starts: Day
    months_most: Positive
    holders: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    block: Mapping[str, Positive]
    classes: Annotated[Mapping[Identifier, ClassTerms], Field(min_length=1)]
    fields: Mapping[Identifier, FormField] = {}
    attachments: Mapping[Identifier, Attachment] = {}
    eligibility: tuple[Rule, ...] = ()
    gates: tuple[Gate, ...] = ()
    outside_grants: OutsideGrants | None = None
    stages: tuple[Stage, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    pass_mark: Natural | None = None
    panel: Panel | None = None
    partial_awards: bool = False
    extra_block_worth: Share = Fraction(1)
    concentration: tuple[Concentration, ...] = ()
    floors: tuple[Floor, ...] = ()
    gap: Share = Fraction(1, 1000)
    ties: tuple[TieBreak, ...] = (TieBreak.SMALLER_REQUEST, TieBreak.LOT)
    standby: Standby | None = None
    appeals: Heard | None = None
    agreement: Agreement | None = None
    fee: Table | None = None
    invoice: Invoice | None = None
    running: Running | None = None


class ReclaimStep(Section):
    """Use under `used_below` of what was granted so far loses `loses` of the unused balance."""

    id: Identifier
    used_below: Share
    loses: Share


class Against(StrEnum):
    """What use is held against: the whole grant, or what of it an even pace had come to by then."""

    ALLOCATION = "allocation"
    PACE = "pace"


class Reclaim(Section):
    """Taking back what lies idle: looked at once `elapsed` of the term is over."""

    elapsed: Share
    against: Against = Against.PACE
    notice_days: Natural
    steps: tuple[ReclaimStep, ...]
    explanation: Explanation | None = None


class PillarKind(StrEnum):
    """Where a pillar's evidence comes from, and so what is drawn again.

    ITEMS are tasks with a right answer; EXPERTS and USERS give marks; VOTES are choices of voters
    between the answers of two teams.
    """

    ITEMS = "items"
    EXPERTS = "experts"
    USERS = "users"
    VOTES = "votes"


class Scaling(StrEnum):
    """How a share of full marks becomes points; it decides a pillar's effective weight.

    SHARE_OF_MAXIMUM gives weight x share. BEST_IS_FULL gives the best team all the points and the
    others their proportion of it. ANCHORED gives all the points at the pillar's anchor and above.
    """

    SHARE_OF_MAXIMUM = "share_of_maximum"
    BEST_IS_FULL = "best_is_full"
    ANCHORED = "anchored"


class Pillar(Section):
    """One weighted part of a round's score, fixed before the stage begins.

    `tasks` are its tasks or criteria with their weights; a pillar without them is one task of its
    own name. `style` belongs to votes: what is taken out of them beside the teams, by the name that
    the votes have for it; "side" is which answer stood first.
    """

    id: Identifier
    name: Text
    kind: PillarKind
    weight: Positive
    scaling: Scaling
    anchor: Share | None = None
    tasks: Mapping[Identifier, Positive] = {}
    macro: bool = True
    adjust_harshness: bool = False
    style: tuple[Identifier, ...] = ()
    raters: Raters | None = None
    runner: Runner | None = None


class BarOn(StrEnum):
    """Whether a bar is held against the estimate or against the lower limit of its interval."""

    ESTIMATE = "estimate"
    LOWER_LIMIT = "lower_limit"


class Bar(Section):
    """An absolute bar: so many `points` of 100, or what each team `declared` when it signed.

    It stands on the total or on one pillar; with a `reference`, a system of that name that was run
    on the same items, points are percent of what that system reaches there.
    """

    id: Identifier
    points: Positive | None = None
    declared: bool = False
    pillar: Identifier | None = None
    reference: Annotated[str, Field(min_length=1)] | None = None
    on: BarOn


class Stay(Section):
    """How many go on: at least `least` are asked for, and `most` places exist."""

    least: Natural
    most: Positive


class Remedy(StrEnum):
    """What happens to those who cannot be told apart from the last place that stays."""

    ALL_TIED_STAY = "all_tied_stay"
    NAMED_TIE_BREAKERS = "named_tie_breakers"
    LOT = "lot"
    MORE_ITEMS = "more_items"


class Wildcard(Section):
    """A call that refills empty places: open for so many days after the round, then voted on.

    More than `majority` of the panel must hold an applicant to be a rival of those who stayed.
    Without this section, places that stay empty stay empty.
    """

    open_days: Positive
    majority: Share
    may_choose_none: bool


class Reallocation(Section):
    """Where the quota of those who left goes, in parts, and how survivors divide theirs."""

    of: Positive
    survivors: Natural
    wildcard: Natural
    pool: Natural
    divide: Annotated[str, Field(pattern="^(equally|by_holding)$")]


class PlannedPillar(Section):
    """How many clusters (passages, raters, voters) a pillar will have, and how far one team strays
    from the others from cluster to cluster: a standard deviation, in shares of full marks.
    """

    clusters: Annotated[int, Field(ge=2, le=10**6)]
    spread: Share


class RoundPlan(Section):
    """A round's sizes and what is assumed of the teams, for its table of errors before the freeze.

    `gaps` are true differences between neighbours, `level` is the mean team; both are shares of
    full marks.
    """

    teams: Annotated[int, Field(ge=2, le=100)]
    gaps: Annotated[tuple[Share, ...], Field(min_length=1, max_length=10)]
    level: Share = Fraction(1, 2)
    pillars: Annotated[Mapping[Identifier, PlannedPillar], Field(min_length=1)]


class Round(Section):
    """One evaluation at the end of a term; everything in it is fixed before the stage begins.

    `tie_breakers` are pillars, of which the first that differs decides; they go with their remedy.
    `equal_development_days` lie between a team's usable hand-over and its final model.
    """

    name: Text
    call: Identifier
    on: Day
    stay: Stay
    gates: tuple[Gate, ...]
    pillars: tuple[Pillar, ...]
    bars: tuple[Bar, ...] = ()
    confidence: Share
    replicates: Annotated[int, Field(gt=0, le=1_000_000)]
    remedy: Remedy
    tie_breakers: tuple[Identifier, ...] = ()
    plan: RoundPlan | None = None
    equal_development_days: Natural
    freeze: Freeze | None = None
    submissions: Submissions | None = None
    suppliers: Suppliers | None = None
    wildcard: Wildcard | None = None
    reallocation: Reallocation
    appeals: Appeals | None = None

    @property
    def conducted(self) -> bool:
        """Whether any rule asks how the round was conducted."""
        asks = (self.freeze, self.submissions, self.suppliers)
        return any(asks) or any(pillar.raters or pillar.runner for pillar in self.pillars)


class Policy(Section):
    """What the file says at one date: the whole programme, typed."""

    headgate: int
    programme: Programme
    supports: Annotated[Mapping[Identifier, AnySupport], Field(min_length=1)]
    organisations: Organisations
    holders: Annotated[tuple[Holder, ...], Field(min_length=1)]
    envelopes: Mapping[Identifier, Envelopes] = {}
    calls: Mapping[Identifier, Call] = {}
    reclaim: Mapping[Identifier, Reclaim] = {}
    rounds: Mapping[Identifier, Round] = {}

    @property
    def divided(self) -> str:
        """The first support that engines enforce and envelopes divide; empty where none is."""
        return next((name for name in self.envelopes if self.supports[name].enforced), "")

    @property
    def replayed(self) -> str:
        """What a what-if replays: the support that is divided, or else the first enforced one."""
        enforced = (name for name, one in self.supports.items() if one.enforced)
        return self.divided or next(enforced, "")
