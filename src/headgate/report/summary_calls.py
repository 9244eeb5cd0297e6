"""What a page says of each call: funnel, refusals, award list, and every applicant's outcome."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Any

from headgate.core.awards.plan import Cutoff, Shortfall
from headgate.core.awards.reasons import Outcome, Reason
from headgate.core.calls.application import Application
from headgate.core.calls.field import Place, Standing
from headgate.core.calls.harshness import Harshness
from headgate.core.calls.scoring import Score
from headgate.core.calls.screening import SILENT, Finding, Refusal, subject_of
from headgate.core.decision import Decision
from headgate.core.policy.schema import Call
from headgate.core.supports.text import Text
from headgate.report.published import Group, group_of
from headgate.steps.called import call_of
from headgate.steps.term import Term


class Fate(Enum):
    """How far an application came; the award list says the rest of those in the field."""

    REFUSED = "refused"
    NOT_SCORED = "not-scored"
    BELOW_PASS_MARK = "below-pass-mark"
    OUT_AT_STAGE = "out-at-stage"
    IN_FIELD = "in-field"


@dataclass(frozen=True, slots=True)
class Why:
    """What decides about an application: the list's reason, refusals, or its place in the field.

    `milli_points` is its score, None without one; `place` and `reason` where it came that far.
    """

    findings: tuple[Finding, ...] = ()
    milli_points: int | None = None
    place: Place | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Applicant:
    """One application from first to last; `place` and `reason` are None where it fell out before.

    `promoted` says that its award came from the standby list, after others had declined theirs.
    """

    id: str
    holder: str
    group: str
    fate: Fate
    findings: tuple[Finding, ...]
    score: Score | None
    place: Place | None
    reason: Reason | None
    promoted: bool
    blocks_asked: int

    @property
    def why(self) -> Why:
        """What decides about it."""
        points = self.score.milli_points if self.score else None
        return Why(self.findings, points, self.place, self.reason)

    @property
    def blocks(self) -> int:
        """What it was awarded, in blocks."""
        return self.reason.blocks if self.reason else 0

    @property
    def declined(self) -> bool:
        """Whether it was awarded and did not take it."""
        return self.reason is not None and self.reason.outcome is Outcome.DECLINED


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class of a call in blocks: on offer, asked for as first wish, and awarded."""

    id: str
    offered: int
    asked: int
    awarded: int


@dataclass(frozen=True, slots=True)
class Refused:
    """One ground of refusal, its words where the policy gives them, and whom it met."""

    finding: Finding
    because: Text | None
    applications: int


@dataclass(frozen=True, slots=True)
class Listed:
    """The award list's own figures; None of a call that was not decided."""

    gap_reached: Fraction
    gap_proved: Fraction
    cutoffs: tuple[Cutoff, ...]
    floors: tuple[Shortfall, ...]
    solver: str


@dataclass(frozen=True, slots=True)
class Fee:
    """One rule of a call's fees: the share of the price, how many awards, what they owe."""

    rule: str
    share: Fraction
    awards: int
    amount: int | None


@dataclass(frozen=True, slots=True)
class CallSummary:
    """One call; `funnel` counts applied, eligible, scored, in the field, awarded."""

    id: str
    section: Call
    decides: date
    funnel: tuple[int, int, int, int, int]
    refused: tuple[Refused, ...]
    classes: tuple[ClassLine, ...]
    listed: Listed | None
    panel: Harshness | None
    sheets_refused: int
    applicants: tuple[Applicant, ...]
    groups: tuple[Group, ...]
    fees: tuple[Fee, ...]
    assumed: tuple[str, ...]

    @property
    def name(self) -> Text:
        """The call's name."""
        return self.section.name

    @property
    def awarded(self) -> tuple[Applicant, ...]:
        """Who was awarded, the highest score first, in the published order."""
        winners = (a for a in self.applicants if a.blocks)
        return tuple(sorted(winners, key=lambda a: (a.place.rank if a.place else 0, a.id)))

    @property
    def published(self) -> Mapping[str, int]:
        """The blocks that each class of holders got in the published selection."""
        found: dict[str, int] = dict.fromkeys(self.section.holders, 0)
        for group in self.groups:
            found[group.holder] = found.get(group.holder, 0) + group.blocks
        return found

    def blocks_by(self, name: str) -> Mapping[str, int]:
        """Blocks awarded by `holder` or by `group`."""
        found: Counter[str] = Counter()
        for applicant in self.applicants:
            found[getattr(applicant, name)] += applicant.blocks
        return dict(found)


def calls_of(
    term: Term, owed: Iterable[Decision], published: Mapping[str, tuple[Group, ...]]
) -> tuple[CallSummary, ...]:
    """Every call that something was decided of, in the policy's order, with the fees `owed`."""
    by_rule: dict[str, list[Decision]] = {}
    for decision in term.decisions:
        if decision.rule.startswith("calls."):
            call = decision.rule.removeprefix("calls.").removesuffix(".fee")
            by_rule.setdefault(call, []).append(decision)
    listed = [call for call in term.policy(term.starts).calls if call in by_rule]
    fees = [one for one in owed if one.step == "fee"]
    return tuple(_call(term, call, by_rule[call], fees, published.get(call, ())) for call in listed)


def _call(
    term: Term,
    call_id: str,
    decisions: Sequence[Decision],
    owed: Iterable[Decision],
    groups: tuple[Group, ...],
) -> CallSummary:
    section = call_of(term, call_id)
    results = _results(decisions)
    applications = {
        subject_of(a.id): a
        for a in reversed(term.facts[f"applications/{call_id}"].values)
        if isinstance(a, Application)
    }
    people = tuple(_applicants(applications, results, groups))
    panel = results.get("panel", {}).get(call_id, {})
    return CallSummary(
        id=call_id,
        section=section,
        decides=_decided(decisions, section.decides),
        funnel=_funnel(people),
        refused=tuple(_refused(section, people)),
        classes=tuple(_classes(section, applications, people)),
        listed=_listed(results.get("award-list", {}).get(call_id)),
        panel=panel.get("harshness"),
        sheets_refused=len(panel.get("sheets_refused", ())),
        applicants=people,
        groups=groups,
        fees=tuple(_fees(_billed(one for one in owed if one.rule == f"calls.{call_id}.fee"))),
        assumed=tuple(sorted({path for decision in decisions for path in decision.assumed})),
    )


def _decided(decisions: Sequence[Decision], planned: date) -> date:
    """The day on which the list was made: that of the policy, or of its term if that came later."""
    made = (one.at for one in decisions if one.step == "award-list")
    return next((date.fromisoformat(at[:10]) for at in made), planned)


def _results(decisions: Iterable[Decision]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for decision in decisions:
        found.setdefault(decision.step, {})[decision.subject] = decision.result
    return found


def _applicants(
    applications: Mapping[str, Application],
    results: Mapping[str, Mapping[str, Any]],
    groups: tuple[Group, ...],
) -> Iterator[Applicant]:
    for name, screening in results.get("screening", {}).items():
        application = applications[name]
        given = results.get("score", {}).get(name)
        place = given["place"] if given else None
        told = results.get("award", {}).get(name)
        final = results.get("acceptance", {}).get(name, told)
        holder = screening["holder"]
        yield Applicant(
            id=name,
            holder=holder,
            group=group_of(groups, holder, application.applicant.kind),
            fate=_fate(screening["findings"], place),
            findings=screening["findings"],
            score=given["score"] if given else None,
            place=place,
            reason=final["reason"] if final else None,
            promoted=_promoted(told, final),
            blocks_asked=application.requests[0].blocks_most if application.requests else 0,
        )


def _promoted(told: Mapping[str, Any] | None, final: Mapping[str, Any] | None) -> bool:
    """Whether an application that the list left out was awarded when others declined."""
    return bool(told and final and final["reason"].blocks and not told["reason"].blocks)


_FATES = {
    Standing.IN_FIELD: Fate.IN_FIELD,
    Standing.NOT_SCORED: Fate.NOT_SCORED,
    Standing.BELOW_PASS_MARK: Fate.BELOW_PASS_MARK,
    Standing.OUT_AT_STAGE: Fate.OUT_AT_STAGE,
}


def _fate(findings: tuple[Finding, ...], place: Place | None) -> Fate:
    if findings:
        return Fate.REFUSED
    return _FATES[place.standing] if place else Fate.NOT_SCORED


def _funnel(people: Sequence[Applicant]) -> tuple[int, int, int, int, int]:
    fates = Counter(person.fate for person in people)
    eligible = len(people) - fates[Fate.REFUSED]
    scored = eligible - fates[Fate.NOT_SCORED]
    awarded = sum(person.blocks > 0 for person in people)
    return len(people), eligible, scored, fates[Fate.IN_FIELD], awarded


_NAMED = frozenset({Refusal.RULE, Refusal.GATE, Refusal.HOLDER_NOT_INVITED, Refusal.ABOVE_CAP})
"""Refusals whose rule is one of the policy's names; the others name the application's own value."""


def _refused(section: Call, people: Iterable[Applicant]) -> Iterator[Refused]:
    """Grounds of refusal in their order of precedence, each with how many it met."""
    found = Counter(
        Finding(finding.refusal, finding.rule if finding.refusal in _NAMED else "")
        for person in people
        for finding in person.findings
    )
    order = list(Refusal)
    for finding in sorted(found, key=lambda f: (order.index(f.refusal), -found[f], f.rule)):
        yield Refused(finding, because(section, finding), found[finding])


def because(section: Call, finding: Finding) -> Text | None:
    """The policy's own words for a refusal, where it has some."""
    match finding.refusal:
        case Refusal.RULE:
            return next((r.because for r in section.eligibility if r.id == finding.rule), None)
        case Refusal.GATE:
            gate = finding.rule.removesuffix(SILENT)
            return next((g.name for g in section.gates if g.id == gate), None)
    return None


def _classes(
    section: Call, applications: Mapping[str, Application], people: Iterable[Applicant]
) -> Iterator[ClassLine]:
    size = next(iter(section.block.values()))
    asked: Counter[str] = Counter()
    for application in applications.values():
        for request in application.requests[:1]:
            asked[request.support_class] += request.blocks_most
    awarded: Counter[str] = Counter()
    for person in people:
        if person.reason is not None:
            awarded[person.reason.pool] += person.reason.blocks
    for name, terms in section.classes.items():
        yield ClassLine(name, terms.offered // size, asked[name], awarded[name])


def _listed(result: Mapping[str, Any] | None) -> Listed | None:
    if result is None:
        return None
    names = ("gap_reached", "gap_proved", "cutoffs", "floors", "solver")
    return Listed(*(result[name] for name in names))


def _billed(owed: Iterable[Decision]) -> dict[str, dict[str, Any]]:
    """What each award owes for a term: billed, less what was credited."""
    found: dict[str, dict[str, Any]] = {}
    for one in owed:
        result: Any = one.result
        earlier = found.get(one.subject, {"amount": 0})["amount"]
        amount = None if None in (earlier, result["amount"]) else earlier + result["amount"]
        found[one.subject] = {**result, "amount": amount}
    return found


def _fees(results: Mapping[str, Mapping[str, Any]]) -> Iterator[Fee]:
    """One line a rule, the dearest first; the amount is None where no price is stated."""
    grouped: dict[tuple[Fraction, str], list[int | None]] = {}
    for result in results.values():
        grouped.setdefault((result["share"], result["rule"]), []).append(result["amount"])
    for (share, rule), amounts in sorted(grouped.items(), reverse=True):
        known = [amount for amount in amounts if amount is not None]
        yield Fee(rule, share, len(amounts), sum(known) if known else None)
