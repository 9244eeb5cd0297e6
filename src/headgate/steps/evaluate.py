"""Step 6: a round is closed: gates apart from scores, standings with their uncertainty."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from headgate.core import canonical
from headgate.core.calls.application import GateFinding
from headgate.core.decision import Decision
from headgate.core.evaluation import method as rules
from headgate.core.evaluation.composite import Refused, composite
from headgate.core.evaluation.cut_errors import ErrorRow, errors_of
from headgate.core.evaluation.decide import RoundOutcome, decide
from headgate.core.evaluation.estimate import Standings, standings_of
from headgate.core.evaluation.evidence import Evidence
from headgate.core.evaluation.foresight import Foreseen, Plan, PlannedPillar, foresee
from headgate.core.evaluation.grounds import Grounds, grounds
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.policy.schema import Pillar, Round
from headgate.core.quantities import half_even, instant
from headgate.steps.term import Term


class RoundRefused(ValueError):
    """The evidence does not suffice for a decision; everything that is missing is said."""

    def __init__(self, findings: Sequence[rules.Finding]) -> None:
        super().__init__("\n".join(f"{f.place}: {f.what} {f.mend}" for f in findings))
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Judged:
    """A round's standings and what they rest on, what its cut rule can err in, and who goes on."""

    standings: Standings
    grounds: Grounds
    errors: tuple[ErrorRow, ...]
    outcome: RoundOutcome


def round_of(term: Term, round_id: str) -> Round:
    """A round as the policy has it on the term's first day, which is before its stage begins."""
    return term.policy(term.starts).rounds[round_id]


def teams_of(term: Term, round_id: str) -> tuple[str, ...]:
    """The teams of a round: every award of its call that no earlier round has ended."""
    call = round_of(term, round_id).call
    mine = (h for h in term.holdings.values() if h.call == call)
    return tuple(sorted(h.award for h in mine if term.next_blocks.get(h.award, h.blocks)))


def method_of(evaluation: Round, teams: int) -> rules.Method:
    """The round of a policy as the method of estimation, fixed before the evidence is known."""
    return rules.Method(
        tuple(map(_pillar, evaluation.pillars)),
        evaluation.replicates,
        evaluation.confidence,
        min(evaluation.stay.least, teams),
        evaluation.stay.most,
        evaluation.remedy,
        evaluation.tie_breakers,
        gates=tuple(rules.Gate(gate.id) for gate in evaluation.gates),
        bars=tuple(rules.Bar(bar.id, Fraction(bar.points, 100), bar.on) for bar in evaluation.bars),
    )


def tasks_of(pillar: Pillar) -> Mapping[str, int]:
    """A pillar's tasks or criteria with their weights."""
    return pillar.tasks or {pillar.id: 1}


def _pillar(pillar: Pillar) -> rules.Pillar:
    reference = half_even(pillar.anchor * rules.FULL_MARKS) if pillar.anchor else rules.FULL_MARKS
    return rules.Pillar(
        pillar.id,
        pillar.weight,
        pillar.kind,
        pillar.scaling,
        tuple(tasks_of(pillar).items()),
        pillar.macro,
        pillar.adjust_harshness,
        reference,
        style=pillar.style,
    )


def judge(
    evaluation: Round,
    teams: Sequence[str],
    evidence: Evidence,
    findings: Sequence[GateFinding],
    seed: str,
) -> Judged:
    """The decision on a round from its evidence; raises RoundRefused with all that is missing."""
    method, gates = method_of(evaluation, len(teams)), tuple(map(_gate, findings))
    measured = composite(method, evidence, teams, gates, seed)
    if isinstance(measured, Refused):
        raise RoundRefused(measured.findings)
    found = standings_of(measured, evidence, gates, seed)
    return Judged(
        found,
        grounds(measured, found, evidence),
        errors_of(measured, gates),
        decide(method, found, gates, seed),
    )


def foreseen(evaluation: Round, policy: str) -> tuple[Foreseen, ...]:
    """What the round's rule would do, from its plan and the policy's digest alone; () without."""
    if evaluation.plan is None:
        return ()
    planned = evaluation.plan
    sizes = [planned.pillars[pillar.id] for pillar in evaluation.pillars]
    plan = Plan(
        planned.teams,
        planned.level,
        planned.gaps,
        tuple(PlannedPillar(size.clusters, size.spread) for size in sizes),
    )
    return foresee(method_of(evaluation, planned.teams), plan, policy)


def evaluate(
    term: Term, round_id: str, evidence: Evidence, findings: Sequence[GateFinding]
) -> tuple[Term, RoundOutcome]:
    """Receive a round's evidence and gate findings, and decide who goes on."""
    evaluation, teams = round_of(term, round_id), teams_of(term, round_id)
    when, seed = instant(evaluation.on), term.root().hex()
    term = term.receive(f"findings/{round_id}", round_id, findings, when)
    term = term.receive(f"evidence/{round_id}", round_id, _rows(evidence), when)
    if not teams:
        return _nobody(term, round_id, evaluation)
    judged = judge(evaluation, teams, evidence, findings, seed)
    results: dict[tuple[str, str], object] = {
        ("standings", round_id): judged.standings,
        ("grounds", round_id): judged.grounds,
        ("cut-rule-errors", round_id): judged.errors,
        ("round", round_id): judged.outcome,
    }
    if tables := foreseen(evaluation, term.document.digest):
        results["cut-rule-foreseen", round_id] = tables
    results |= {("go-on", d.team): d for d in judged.outcome.decisions}
    term = term.decide(_decisions(term, round_id, evaluation.on, results))
    fields = (
        term.document.digest,
        term.facts[f"evidence/{round_id}"].digest,
        canonical.digest(canonical.line(judged.standings)),
    )
    return term.enter([Entry(Kind.ROUND_CLOSED, when, round_id, fields)]), judged.outcome


def _nobody(term: Term, round_id: str, evaluation: Round) -> tuple[Term, RoundOutcome]:
    """Close a round whose call has no award left: nobody is judged, and every place is open."""
    outcome = RoundOutcome((), evaluation.stay.least, None)
    term = term.decide(_decisions(term, round_id, evaluation.on, {("round", round_id): outcome}))
    evidence, digest = term.facts[f"evidence/{round_id}"].digest, term.decisions[-1].digest()
    fields = (term.document.digest, evidence, digest)
    when = instant(evaluation.on)
    return term.enter([Entry(Kind.ROUND_CLOSED, when, round_id, fields)]), outcome


def _rows(evidence: Evidence) -> Iterator[Mapping[str, object]]:
    for pillar, items in evidence.items.items():
        yield from ({"pillar": pillar, "item": row} for row in items)
    for pillar, ratings in evidence.ratings.items():
        yield from ({"pillar": pillar, "rating": row} for row in ratings)
    for pillar, votes in evidence.votes.items():
        yield from ({"pillar": pillar, "vote": row} for row in votes)


def _gate(finding: GateFinding) -> rules.GateFinding:
    passed = rules.GateOutcome.PASSED_WITH_REMARK if finding.remark else rules.GateOutcome.PASSED
    outcome = passed if finding.passed else rules.GateOutcome.FAILED
    return rules.GateFinding(
        finding.subject, finding.gate, outcome, finding.evidence, finding.replied
    )


def _decisions(
    term: Term, round_id: str, day: date, results: Mapping[tuple[str, str], object]
) -> Iterator[Decision]:
    path = f"rounds.{round_id}"
    assumed = term.resolved(term.starts).assumed([path])
    facts = (f"evidence/{round_id}", f"findings/{round_id}")
    for (step, subject), result in results.items():
        policy, when = term.document.digest, instant(day)
        yield Decision(step, path, subject, when, policy, facts, assumed, result)
