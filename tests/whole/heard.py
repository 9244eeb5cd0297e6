"""The small programme under every rule of a round, taken to where the round was decided."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.decide import WildcardVote
from headgate.core.evaluation.evidence import ItemScore
from headgate.core.evaluation.hearings import Ground, Hearing, Withdrawn
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.cycle import begin, take
from headgate.readers.trace_layouts import read_lines
from headgate.simulation.world import Simulated
from headgate.steps.agenda import agenda, first_day
from headgate.steps.event import Event, What
from headgate.steps.term import Term
from tests.steps.builders import document
from tests.whole.small import trace_text

CLOSES = date(2026, 7, 20)
RATERS = """kind: experts, weight: 40, scaling: share_of_maximum,
         raters: {least: 5, blind: true, attention: 80 %, agreement: 1 %}}"""
CONDUCT = """    equal_development_days: 100
    freeze: {on: 2026-03-10}
    submissions: {by: 2026-07-01, trials_most: 9}
    suppliers: {}
    wildcard: {open_days: 20, majority: 1/2, may_choose_none: true}
    appeals: {object_days: 10, answer_days: 20}
"""
RULES = (
    ("    on: 2026-09-01\n", f"    on: {CLOSES}\n"),
    ("stay: {least: 2, most: 2}", "stay: {least: 3, most: 3}"),
    (
        "kind: experts, weight: 40, scaling: share_of_maximum}",
        RATERS,
    ),
    (
        "    equal_development_days: 30\n",
        CONDUCT,
    ),
)
"""Every rule that the small programme's round does not have by itself."""

DOCUMENT = sha256(b"what the panel relied on").hexdigest()


class Heard(Simulated):
    """The rehearsed world in which hearings are answered from a table."""

    def __init__(self, policy: Document, hearings: Mapping[str, Hearing]) -> None:
        trace = read_lines(trace_text().encode().splitlines(), "workload.swf")
        super().__init__(at(policy, first_day(policy)).policy, {}, "headgate", trace=trace)
        self._hearings = hearings

    def hearing(self, name: str) -> Hearing:
        """What was heard under a name."""
        return self._hearings[name]


@cache
def decided(*changes: tuple[str, str]) -> Term:
    """The term up to the round's decision, the lot not drawn yet."""
    policy = document(*RULES, *changes)
    world, term = Heard(policy, {}), begin(policy)
    for event in agenda(policy):
        if event.day > CLOSES or event.what is What.DRAW_LOT:
            return term
        term = take(term, world, event)
    return term


def after(term: Term, hearing: Hearing, day: date = CLOSES, name: str = "again") -> Term:
    """The term after what was due before that day, and after one hearing."""
    for event in agenda(term.document, term.index)[term.done :]:
        if event.day < day:
            term = take(term, Heard(term.document, {}), event)
    return take(term, Heard(term.document, {name: hearing}), Event(day, What.HEAR, name))


def drawn(term: Term) -> Term:
    """The term after its round's lot was drawn."""
    return take(term, Heard(term.document, {}), Event(CLOSES, What.DRAW_LOT, "stage"))


FINAL = """  final:
    name: {en: The final round}
    call: alliance
    on: 2026-08-20
    stay: {least: 1, most: 2}
    gates: []
    pillars: [{id: items, name: {en: Items}, kind: items, weight: 100, scaling: share_of_maximum}]
    confidence: 95 %
    replicates: 200
    remedy: all_tied_stay
    equal_development_days: 0
    reallocation: {of: 1, survivors: 1, wildcard: 0, pool: 0, divide: by_holding}
"""
PARTS = "    reallocation: {of: 4, survivors: 2, wildcard: 1, pool: 1, divide: equally}\n"
TWO_STAGES = (PARTS, PARTS + FINAL)
"""A second round that judges those whom the first one let stay."""


def failing(term: Term) -> str:
    """The one team that failed the gate at first."""
    found = [v for v in term.facts["findings/stage"].values if isinstance(v, GateFinding)]
    (name,) = (row.subject for row in found if not row.passed)
    return name


def objection(term: Term) -> Hearing:
    """An objection in time, upheld on a document: the gate is passed after all."""
    team = failing(term)
    passed = GateFinding(team, "own", True, "", (DOCUMENT,), True)
    return Hearing(
        "stage", Ground.OBJECTION, team, date(2026, 7, 25), (DOCUMENT,), findings=(passed,)
    )


def withdrawal(term: Term, pillar: str, source: str) -> Hearing:
    """An objection upheld against a rater or an item: its rows are withdrawn."""
    return replace(objection(term), findings=(), withdrawn=(Withdrawn(pillar, source),))


def further(term: Term, best: str, size: int = 400) -> Hearing:
    """Fresh items, each a cluster of its own, that one team alone gets right."""
    rows = tuple(
        ItemScore("items", f"fresh-{n:04}", f"fresh-{n:04}", team, 1, 10_000 * (team == best))
        for n in range(size)
        for team in term.closed["stage"].teams
    )
    return Hearing("stage", Ground.FURTHER_ITEMS, items={"items": rows})


def votes(*rows: tuple[str, int, int]) -> Hearing:
    """What a panel said of applicants of a wildcard call."""
    return Hearing("stage", Ground.WILDCARD, votes=tuple(WildcardVote(*row) for row in rows))


@cache
def heard_term() -> Term:
    """The whole term, with its lot drawn and an objection heard on the day of the round."""
    before = decided()
    world = Heard(before.document, {"again": objection(before)})
    term = take(drawn(before), world, Event(CLOSES, What.HEAR, "again"))
    for event in agenda(before.document):
        if event.day > CLOSES:
            term = take(term, Heard(before.document, {}), event)
    return term
