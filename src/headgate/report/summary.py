"""What a page says of a whole term, as values: every figure is read here, and nowhere else.

Nothing here knows a language or a line of HTML. `summary_of` reads the term's decisions and books;
`headgate.report.drawings` and the templates only show what stands here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from headgate.core.calls.application import GateFinding
from headgate.core.decision import Decision
from headgate.core.evaluation.conduct import Conducted
from headgate.core.evaluation.cut_errors import ErrorRow
from headgate.core.evaluation.decide import RoundOutcome
from headgate.core.evaluation.estimate import Standings
from headgate.core.evaluation.foresight import Foreseen
from headgate.core.evaluation.grounds import Grounds
from headgate.core.evaluation.hearings import Hearing
from headgate.core.metering.idle import Bucket, Idle
from headgate.core.metering.judge import Finding
from headgate.core.policy.dated import Resolved, find
from headgate.core.policy.document import Document as PolicyDocument
from headgate.core.policy.schema import Policy, Round
from headgate.core.policy.schema import Reclaim as ReclaimRule
from headgate.core.reallocation.formula import Movement
from headgate.core.reallocation.restored import RESTORED, Returned
from headgate.core.supports.text import Text
from headgate.report.published import published_of
from headgate.report.summary_calls import CallSummary, calls_of
from headgate.report.use import AwardUse, Past, ended_of, uses_of, weeks_of
from headgate.steps.notes import Note
from headgate.steps.term import Term

UNKNOWN_HOLDER = ""


@dataclass(frozen=True, slots=True)
class HolderLine:
    """A class of holders: its envelope in blocks (None: there is none) and in the measure.

    `promised`, `granted` and `used` are in the support's measure; `*_units` in units of use, where
    classes of different strength are not weighed.
    """

    holder: str
    blocks: int | None
    promised: int | None
    granted: int
    used: int
    granted_units: int
    used_units: int
    back_units: int
    unused_units: int


@dataclass(frozen=True, slots=True)
class Taken:
    """One award that a rule of reclaim took something from."""

    award: str
    holder: str
    step: str
    idle: Idle
    amount: int


@dataclass(frozen=True, slots=True)
class Reclaim:
    """The look at idle rights of one support: how many awards it met, and what it took."""

    support: str
    day: str
    awards: int
    taken: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class SupportSummary:
    """One support: who was promised, given and used how much, week by week, and what lay idle."""

    id: str
    name: Text
    measure: str
    block: Mapping[str, int] | None
    holders: tuple[HolderLine, ...]
    uses: tuple[AwardUse, ...]
    weeks: tuple[Bucket, ...]
    reclaim: Reclaim | None
    rows: int
    findings: Mapping[Finding, int]

    @property
    def unit(self) -> str:
        """The unit of use, in which classes of different strength are not weighed."""
        return self.measure.removeprefix("weighted_")


@dataclass(frozen=True, slots=True)
class RoundSummary:
    """One round with what it was asked, what it found, and where freed blocks go.

    `conducted` is empty where no rule asked how it was; `heard` are the hearings by which it was
    decided again, and `restored` is what was given back after the turn: team, day, how.
    """

    id: str
    section: Round
    standings: Standings
    outcome: RoundOutcome
    gate_findings: tuple[GateFinding, ...]
    errors: tuple[ErrorRow, ...]
    grounds: Grounds
    foreseen: tuple[Foreseen, ...]
    movements: tuple[Movement, ...]
    blocks_before: Mapping[str, int]
    blocks_next: Mapping[str, int]
    assumed: tuple[str, ...]
    conducted: Conducted = field(default_factory=Conducted)
    restored: tuple[tuple[str, date, Returned], ...] = ()
    heard: tuple[Hearing, ...] = ()

    @property
    def name(self) -> Text:
        """What the policy calls it."""
        return self.section.name


@dataclass(frozen=True, slots=True)
class Assumption:
    """A path of the policy that no source in force gives, and the article that says why."""

    path: str
    source: str
    title: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that the page of one term shows.

    `calls` are those that were decided in it, `billed` those of whose awards fees were owed in it,
    `earlier` the rounds of the terms before it, and `terms` the days of those terms.
    """

    policy: Policy
    past: Past
    policy_digest: str
    calls: tuple[CallSummary, ...]
    billed: tuple[CallSummary, ...]
    supports: tuple[SupportSummary, ...]
    reclaims: Mapping[str, ReclaimRule]
    rounds: tuple[RoundSummary, ...]
    earlier: tuple[RoundSummary, ...]
    assumptions: Mapping[str, tuple[Assumption, ...]]
    notes: tuple[Note, ...]
    decisions: Mapping[str, int]
    journal_entries: int
    journal_root: str
    terms: tuple[tuple[date, date], ...] = ()

    def envelopes_of(self, call: CallSummary) -> Mapping[str, int]:
        """A call's envelopes in blocks, where they are counted in blocks of its own size."""
        return {
            line.holder: line.blocks
            for support in self.supports
            if support.id == call.section.support and support.block == call.section.block
            for line in support.holders
            if line.blocks is not None
        }

    @property
    def assumption_count(self) -> int:
        """How many paths are assumed."""
        return sum(map(len, self.assumptions.values()))

    @property
    def decision_count(self) -> int:
        """How many decisions anyone can derive again."""
        return sum(self.decisions.values())


def summary_of(term: Term, data: Mapping[str, bytes]) -> Summary:
    """Read the newest term that has ended into the values of its page."""
    return summaries_of(term, data)[-1]


def summaries_of(term: Term, data: Mapping[str, bytes]) -> tuple[Summary, ...]:
    """Read every term that has ended, and what the data files state, each as its page shows it."""
    found: list[Summary] = []
    for past in ended_of(term):
        earlier = tuple(one for summary in found for one in summary.rounds)
        terms = tuple((summary.past.starts, summary.past.ends) for summary in found)
        found.append(replace(_summary(past, data, earlier), terms=terms))
    return tuple(found)


def _summary(past: Past, data: Mapping[str, bytes], earlier: tuple[RoundSummary, ...]) -> Summary:
    resolved, until = past.end.resolved(past.starts), past.until
    calls = calls_of(past.end, past.decisions, published_of(data))
    by_award = {person.id: person.holder for call in calls for person in call.applicants}
    decided = {each.subject for each in past.decisions if each.step == "award-list"}
    return Summary(
        policy=resolved.policy,
        past=past,
        policy_digest=until.document.digest,
        calls=tuple(call for call in calls if call.id in decided),
        billed=tuple(call for call in calls if call.fees),
        supports=(supports := tuple(_supports(past, by_award))),
        reclaims={s.id: _rule(past.end, s.reclaim) for s in supports if s.reclaim is not None},
        rounds=tuple(_rounds(past)),
        earlier=earlier,
        assumptions=_assumptions(past, resolved),
        notes=_notes(until),
        decisions=dict(Counter(decision.step for decision in until.decisions)),
        journal_entries=len(until.entries),
        journal_root=until.root().hex(),
    )


def _of(decisions: Iterable[Decision], step: str) -> Iterator[tuple[Decision, Any]]:
    return ((decision, decision.result) for decision in decisions if decision.step == step)


def _notes(term: Term) -> tuple[Note, ...]:
    fact = term.facts.get("notes/world")
    return tuple(note for note in fact.values if isinstance(note, Note)) if fact else ()


def _supports(past: Past, by_award: Mapping[str, str]) -> Iterator[SupportSummary]:
    policy, weeks = past.end.policy(past.starts), weeks_of(past, by_award)
    uses, made = uses_of(past, by_award), past.decisions
    for name, support in policy.supports.items():
        mine = tuple(use for use in uses if use.support == name)
        metered = [result for d, result in _of(made, "metering") if d.rule == f"supports.{name}"]
        yield SupportSummary(
            id=name,
            name=support.name,
            measure=support.measure,
            block=_block(policy, name),
            holders=tuple(_holders(past, name, mine)),
            uses=mine,
            weeks=weeks.get(name, ()),
            reclaim=_reclaim(made, name, by_award),
            rows=sum(result["rows"] for result in metered),
            findings=Counter(f.finding for result in metered for f in result["findings"]),
        )


def _block(policy: Policy, support: str) -> Mapping[str, int] | None:
    """What an envelope is counted in; by the rate table it is no node that could be touched."""
    if support not in policy.envelopes:
        return None
    weighted = "weighted_" if policy.supports[support].measure.startswith("weighted_") else ""
    return {f"{weighted}{unit}": size for unit, size in policy.envelopes[support].block.items()}


def _holders(past: Past, name: str, uses: Sequence[AwardUse]) -> Iterator[HolderLine]:
    """Every class of holders with an envelope or an award, in the policy's order, unknown last."""
    policy = past.end.policy(past.starts)
    divided = next((r for d, r in _of(past.decisions, "envelopes") if d.subject == name), None)
    blocks = divided["blocks"] if divided else {}
    amounts = divided["amounts"] if divided else {}
    held = {use.holder for use in uses}
    for holder in (*(h.id for h in policy.holders), UNKNOWN_HOLDER):
        if holder in held or (holder and blocks.get(holder)):
            mine = [use for use in uses if use.holder == holder]
            yield _holder(policy, name, holder, mine, blocks.get(holder), amounts.get(holder))


def _holder(
    policy: Policy,
    name: str,
    holder: str,
    uses: Sequence[AwardUse],
    blocks: int | None,
    promised: int | None,
) -> HolderLine:
    rates = policy.supports[name].rate
    return HolderLine(
        holder=holder,
        blocks=blocks,
        promised=promised,
        granted=sum(use.granted * rates(use.support_class) for use in uses),
        used=sum(use.used * rates(use.support_class) for use in uses),
        granted_units=sum(use.granted for use in uses),
        used_units=sum(use.used for use in uses),
        back_units=sum(use.back for use in uses),
        unused_units=sum(use.unused for use in uses),
    )


def _reclaim(made: Iterable[Decision], support: str, by_award: Mapping[str, str]) -> Reclaim | None:
    looked = [(d, r) for d, r in _of(made, "reclaim") if d.rule == f"reclaim.{support}"]
    if not looked:
        return None
    taken = [
        Taken(
            d.subject,
            by_award.get(d.subject, ""),
            r["taken"].step,
            r["idle"],
            r["taken"].gpu_seconds,
        )
        for d, r in looked
        if r["taken"].gpu_seconds
    ]
    taken.sort(key=lambda one: (-one.amount, one.award))
    return Reclaim(support, looked[0][0].at[:10], len(looked), tuple(taken))


def _rule(term: Term, looked: Reclaim) -> ReclaimRule:
    """The rule of reclaim as the policy had it on the day it was applied."""
    return term.policy(day_of(looked.day)).reclaim[looked.support]


def _rounds(past: Past) -> Iterator[RoundSummary]:
    """A round that was heard again, in the next term as well, was decided again: the last holds."""
    term, made = past.until, past.until.decisions
    held = {holding.award: holding.blocks for holding in past.end.holdings.values()}
    moved = {d.subject: r for d, r in _of(made, "reallocation")}
    outcomes = {d.subject: (d, r) for d, r in _of(made, "round")}
    errors = {d.subject: r for d, r in _of(made, "cut-rule-errors")}
    grounds = {d.subject: r for d, r in _of(made, "grounds")}
    foreseen = {d.subject: r for d, r in _of(made, "cut-rule-foreseen")}
    conducted = {d.subject: r for d, r in _of(made, "conducted")}
    restored = [(d.subject, day_of(d.at), r) for d, r in _of(made, RESTORED)]
    latest = {
        decision.subject: (decision, measured) for decision, measured in _of(made, "standings")
    }
    for name in past.rounds:
        decision, measured = latest[name]
        decided, outcome = outcomes[name]
        heard = _hearings(term, decided.facts)
        result = moved.get(name, {"movements": (), "blocks_next": {}})
        teams = [judged.team for judged in outcome.decisions]
        before = {team: held.get(team, 0) for team in teams}
        yield RoundSummary(
            id=name,
            section=term.policy(past.starts).rounds[name],
            standings=measured,
            outcome=outcome,
            gate_findings=_gate_findings(term, name, heard),
            errors=tuple(errors.get(name, ())),
            grounds=grounds[name],
            foreseen=tuple(foreseen.get(name, ())),
            movements=tuple(result["movements"]),
            blocks_before=before,
            blocks_next={team: result["blocks_next"].get(team, before[team]) for team in teams},
            assumed=decision.assumed,
            conducted=conducted.get(name, Conducted()),
            restored=tuple(each for each in restored if each[-1].round == name),
            heard=heard,
        )


def _hearings(term: Term, facts: Iterable[str]) -> tuple[Hearing, ...]:
    """The hearings among the facts of a decision."""
    return tuple(v for fact in facts for v in term.facts[fact].values if isinstance(v, Hearing))


def _gate_findings(term: Term, name: str, heard: Iterable[Hearing]) -> tuple[GateFinding, ...]:
    """What the gates found in the end: hearings replace what was found at first."""
    found = [v for v in term.facts[f"findings/{name}"].values if isinstance(v, GateFinding)]
    found += [row for hearing in heard for row in hearing.findings]
    return tuple(sorted({(r.subject, r.gate): r for r in found}.values(), key=_by_subject))


def _by_subject(row: GateFinding) -> tuple[str, str]:
    return row.subject, row.gate


def _assumptions(past: Past, resolved: Resolved) -> Mapping[str, tuple[Assumption, ...]]:
    """Every assumed path that a decision rests on, by the section of the policy it stands in."""
    paths = sorted({path for decision in past.decisions for path in decision.assumed})
    grouped: dict[str, list[Assumption]] = {}
    for path in paths:
        found = assumption_of(past.end.document, resolved, path)
        grouped.setdefault(section_of(path), []).append(found)
    return {section: tuple(found) for section, found in grouped.items()}


def section_of(path: str) -> str:
    """The section of the policy that a path stands in: its first two names."""
    return ".".join(path.split(".")[:2])


def assumption_of(document: PolicyDocument, resolved: Resolved, path: str) -> Assumption:
    """An assumed path with the article that says why it was assumed."""
    value = find(resolved.value, path)
    source = (value.provenance.source if value is not None else None) or ""
    article = document.article(source) if source else None
    return Assumption(path, source, article.title if article else "")


def day_of(text: str) -> date:
    """The day of a journal instant."""
    return date.fromisoformat(text[:10])
