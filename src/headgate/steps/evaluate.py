"""Step 6: a round is closed: gates apart from scores, standings with their uncertainty."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from headgate.core import canonical
from headgate.core.calls.application import GateFinding
from headgate.core.decision import Decision
from headgate.core.evaluation import method as rules
from headgate.core.evaluation.composite import Refused, composite
from headgate.core.evaluation.conduct import (
    Conduct,
    Conducted,
    SetAside,
    attention_of,
    check_agreement,
    check_conduct,
    check_raters,
    dropped,
    known_aside,
    last_days,
    without,
)
from headgate.core.evaluation.cut_errors import ErrorRow, errors_of
from headgate.core.evaluation.decide import Lot, Reason, RoundOutcome, decide
from headgate.core.evaluation.estimate import Standings, standings_of
from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating, Vote
from headgate.core.evaluation.foresight import Foreseen, Plan, PlannedPillar, foresee
from headgate.core.evaluation.freeze import Frozen, Signed, check_frozen, check_targets, unsigned
from headgate.core.evaluation.grounds import Grounds, grounds
from headgate.core.evaluation.hearings import Hearing, heard
from headgate.core.evaluation.runs import Final, check_runs
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.policy.schema import Bar, Pillar, Round
from headgate.core.quantities import half_even, instant
from headgate.steps.term import Closed, Term

EVIDENCE_ROW = ("pillar", "item", "rating", "vote")
"""The parts of one line of a round's evidence."""


class RoundRefused(Faulty):
    """The evidence does not suffice for a decision; everything that is missing is said."""

    def __init__(self, findings: Sequence[rules.Finding]) -> None:
        super().__init__(Fault(f.place, 0, 0, f.code.value, f.what, f.mend) for f in findings)
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Given:
    """All that a round is judged from: evidence, findings, who signed, how it was conducted.

    `aside` are rows that an upheld objection has withdrawn.
    """

    evidence: Evidence
    findings: tuple[GateFinding, ...] = ()
    frozen: Frozen | None = None
    conduct: Conduct = field(default_factory=Conduct)
    aside: tuple[SetAside, ...] = ()

    def after(self, hearings: Sequence[Hearing]) -> "Given":
        """The same with all that hearings have changed."""
        evidence, findings, aside = heard(self.evidence, self.findings, hearings)
        return replace(self, evidence=evidence, findings=findings, aside=aside)


@dataclass(frozen=True, slots=True)
class Judged:
    """A round's standings and what they rest on, what its cut rule can err in, and who goes on."""

    standings: Standings
    grounds: Grounds
    errors: tuple[ErrorRow, ...]
    outcome: RoundOutcome
    conducted: Conducted


def round_of(term: Term, round_id: str) -> Round:
    """A round as the policy has it on its term's first day, which is before its stage begins."""
    closed = term.closed.get(round_id)
    began = closed.began if closed is not None else None
    return term.policy(began or term.starts).rounds[round_id]


def teams_of(term: Term, round_id: str) -> tuple[str, ...]:
    """The teams of a round: every award of its call that no earlier round has ended."""
    call = round_of(term, round_id).call
    mine = (h for h in term.holdings.values() if h.call == call)
    return tuple(sorted(h.award for h in mine if term.next_blocks.get(h.award, h.blocks)))


def method_of(evaluation: Round, teams: int, frozen: Frozen | None = None) -> rules.Method:
    """The round of a policy as the method of estimation, fixed before the evidence is known.

    What teams declared as they signed stands in `frozen`.
    """
    signed = frozen.signed if frozen is not None else ()
    return rules.Method(
        tuple(map(_pillar, evaluation.pillars)),
        evaluation.replicates,
        evaluation.confidence,
        min(evaluation.stay.least, teams),
        evaluation.stay.most,
        evaluation.remedy,
        evaluation.tie_breakers,
        gates=tuple(rules.Gate(gate.id) for gate in evaluation.gates),
        bars=tuple(_bar(bar, signed) for bar in evaluation.bars),
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


def _bar(bar: Bar, signed: Sequence[Signed]) -> rules.Bar:
    targets = tuple((each.team, each.targets[bar.id]) for each in signed if bar.id in each.targets)
    return rules.Bar(
        bar.id,
        Fraction(bar.points or rules.WEIGHT_TOTAL, rules.WEIGHT_TOTAL),
        bar.on,
        bar.pillar,
        bar.reference,
        tuple((team, Fraction(points, rules.WEIGHT_TOTAL)) for team, points in targets),
    )


def judge(
    evaluation: Round,
    teams: Sequence[str],
    given: Given,
    seed: str,
    lot: Lot | None = None,
) -> Judged:
    """The decision on a round from all that it is given; raises RoundRefused with what is missing.

    Rows that do not count by rule are set aside first. Ties that come down to a lot wait for it.
    Who failed a gate and has no row at all is decided by that gate and cannot hold up the others.
    """
    gates = tuple(map(_gate, given.findings))
    method = method_of(evaluation, len(teams), given.frozen)
    attention = attention_of(evaluation, given.evidence, given.conduct)
    dropped_by_rule, untold = dropped(
        evaluation, given.evidence, given.conduct.conflicts, attention
    )
    of_teams, known = known_aside(given.evidence, given.conduct)
    counted, aside = without(of_teams, (*given.aside, *dropped_by_rule))
    present = _present(given.evidence, gates, teams)
    absent = set(teams).difference(present)
    found = [*check_conduct(evaluation, given.conduct, gates, teams, absent), *untold]
    found += check_raters(evaluation, counted, present)
    if found:
        raise RoundRefused(sorted(found))
    measured = composite(method, counted, present, gates, seed)
    if isinstance(measured, Refused):
        raise RoundRefused(measured.findings)
    told = grounds(measured, standings := standings_of(measured, counted, gates, seed), counted)
    alphas = {panel.pillar: panel.alpha_ppm for panel in told.panels}
    if disagreeing := tuple(check_agreement(evaluation, alphas)):
        raise RoundRefused(disagreeing)
    return Judged(
        standings,
        told,
        errors_of(measured, gates),
        _with_items_needed(decide(method, standings, gates, lot), told),
        Conducted(
            last_days(evaluation, given.conduct, teams),
            tuple(sorted(given.conduct.submissions, key=lambda one: one.team)),
            (*aside, *known),
            attention,
        ),
    )


def _present(
    evidence: Evidence, gates: Sequence[rules.GateFinding], teams: Sequence[str]
) -> tuple[str, ...]:
    """The teams that are measured: all but those that a gate sent home and that have no row."""
    rows = [row for of_pillar in (evidence.items, evidence.ratings) for row in of_pillar.values()]
    there = {row.team for of_pillar in rows for row in of_pillar}
    votes = (vote for of_pillar in evidence.votes.values() for vote in of_pillar)
    there.update(*((vote.first, vote.second) for vote in votes))
    failed = rules.failed_teams(gates)
    return tuple(t for t in teams if t in there or t not in failed) or tuple(teams)


def _check_runs(evaluation: Round, given: Given, teams: Sequence[str]) -> Iterator[rules.Finding]:
    """What speaks against the signed runs; what a hearing adds later, everybody has heard."""
    finals = [Final(s.team, s.model, s.private_trials) for s in given.conduct.submissions]
    return check_runs(evaluation, given.evidence, given.conduct.runs, finals, teams)


def _with_items_needed(outcome: RoundOutcome, told: Grounds) -> RoundOutcome:
    """Who waits for further items is told how many would tell the contested places apart.

    `clusters_needed_<pillar>` is how many a pillar alone would need, where any number would do, and
    `all_evidence_times_milli` how many thousandths of all evidence there is now.
    """
    waits = {d.team for d in outcome.decisions if d.reason is Reason.TIED_AWAITS_MORE_ITEMS}
    pairs = [pair.power for pair in told.needed if {pair.first, pair.second} <= waits]
    times = [power.times_milli for power in pairs]
    needed: dict[str, list[int | None]] = {"all_evidence_times_milli": times}
    for enough in (each for power in pairs for each in power.pillars):
        needed.setdefault(f"clusters_needed_{enough.pillar}", []).append(enough.needed)
    numbers = tuple(
        (name, max(one for one in of_pairs if one is not None))
        for name, of_pairs in sorted(needed.items())
        if of_pairs and None not in of_pairs
    )
    decisions = tuple(
        replace(each, numbers=(*each.numbers, *numbers)) if each.team in waits else each
        for each in outcome.decisions
    )
    return replace(outcome, decisions=decisions)


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
    term: Term, round_id: str, given: Given, seeded: Callable[[Term], str] | None = None
) -> tuple[Term, RoundOutcome]:
    """Receive all that a round is judged from, and decide who goes on.

    The draws have as their seed the journal's root before any of it was received; a round that
    stands alone has no such root, and makes its seed of what was.
    """
    evaluation, teams = round_of(term, round_id), teams_of(term, round_id)
    when, root = instant(evaluation.on), term.root().hex()
    given = replace(given, frozen=frozen_of(term, round_id))
    term = term.receive(f"findings/{round_id}", round_id, given.findings, when)
    term = term.receive(f"evidence/{round_id}", round_id, evidence_rows(given.evidence), when)
    if evaluation.conducted:
        term = term.receive(f"conduct/{round_id}", round_id, [given.conduct], when)
    if not teams:
        return _nobody(term, round_id, evaluation)
    if unfrozen := _unfrozen(term, round_id, evaluation, given.frozen, teams):
        raise RoundRefused(unfrozen)
    if unsigned_runs := tuple(_check_runs(evaluation, given, teams)):
        raise RoundRefused(sorted(unsigned_runs))
    seed = seeded(term) if seeded else root
    judged = judge(evaluation, teams, given, seed)
    more: dict[tuple[str, str], object] = {}
    if tables := foreseen(evaluation, term.document.digest):
        more["cut-rule-foreseen", round_id] = tables
    closed = Closed(seed, evaluation.on, teams, term.next_blocks, judged.outcome)
    term = replace(term, closed={**term.closed, round_id: closed})
    return enter_round(term, round_id, evaluation.on, judged, more), judged.outcome


def enter_round(
    term: Term, round_id: str, day: date, judged: Judged, more: Mapping[tuple[str, str], object]
) -> Term:
    """The term with a round's decisions and the entry that closes it, at first or once again."""
    results: dict[tuple[str, str], object] = {
        ("standings", round_id): judged.standings,
        ("grounds", round_id): judged.grounds,
        ("cut-rule-errors", round_id): judged.errors,
        ("round", round_id): judged.outcome,
        **more,
    }
    if round_of(term, round_id).conducted or judged.conducted.set_aside:
        results["conducted", round_id] = judged.conducted
    results |= {("go-on", each.team): each for each in judged.outcome.decisions}
    term = term.decide(decisions_of(term, round_id, day, results))
    fields = (
        term.document.digest,
        term.facts[f"evidence/{round_id}"].digest,
        canonical.digest(canonical.line(judged.standings)),
    )
    return term.enter([Entry(Kind.ROUND_CLOSED, instant(day), round_id, fields)])


def frozen_now(term: Term, round_id: str) -> Frozen:
    """A round as the policy has it, for its teams to sign."""
    programme = term.policy(term.starts).programme.id
    return unsigned(programme, round_id, round_of(term, round_id))


def freeze(term: Term, round_id: str, signed: Sequence[Signed], day: date) -> Term:
    """Enter the round as the policy has it, part by part, and who has signed it.

    Raises RoundRefused unless every team of the round has.
    """
    wanted, teams = frozen_now(term, round_id), teams_of(term, round_id)
    frozen = replace(wanted, signed=tuple(signed))
    found = [*check_frozen(frozen, wanted, teams)]
    if found := [*found, *check_targets(frozen, round_of(term, round_id), teams)]:
        raise RoundRefused(sorted(found))
    return term.receive(f"frozen/{round_id}", round_id, [frozen], instant(day))


def frozen_of(term: Term, round_id: str) -> Frozen | None:
    """The round as it was frozen, if it was."""
    fact = term.facts.get(f"frozen/{round_id}")
    return next((v for v in fact.values if isinstance(v, Frozen)), None) if fact else None


def _unfrozen(
    term: Term, round_id: str, evaluation: Round, frozen: Frozen | None, teams: Sequence[str]
) -> tuple[rules.Finding, ...]:
    """What differs from what the teams signed, also in what the policy says on the day itself."""
    if evaluation.freeze is None and frozen is None:
        return ()
    programme = term.policy(term.starts).programme.id
    now = term.policy(evaluation.on).rounds.get(round_id, evaluation)
    judged_by, today = (unsigned(programme, round_id, each) for each in (evaluation, now))
    found = {*check_frozen(frozen, judged_by, teams), *check_frozen(frozen, today, teams)}
    if frozen is not None:
        found |= {*check_targets(frozen, evaluation, teams)}
    return tuple(sorted(found))


def given_of(term: Term, round_id: str) -> Given:
    """What a round that was closed was judged from, read from what was received then."""
    evidence = evidence_of(term.facts[f"evidence/{round_id}"].values)
    found = (v for v in term.facts[f"findings/{round_id}"].values if isinstance(v, GateFinding))
    fact = term.facts.get(f"conduct/{round_id}")
    told = next((v for v in fact.values if isinstance(v, Conduct)), None) if fact else None
    return Given(evidence, tuple(found), frozen_of(term, round_id), told or Conduct())


def evidence_of(rows: Iterable[object]) -> Evidence:
    """Evidence out of rows that each name a pillar and hold an item, a rating or a vote."""
    items: dict[str, list[ItemScore]] = {}
    ratings: dict[str, list[Rating]] = {}
    votes: dict[str, list[Vote]] = {}
    for row in rows:
        named = row if isinstance(row, Mapping) else {f: getattr(row, f) for f in EVIDENCE_ROW}
        pillar = str(named["pillar"])
        for one in (named.get(part) for part in EVIDENCE_ROW[1:]):
            if isinstance(one, ItemScore):
                items.setdefault(pillar, []).append(one)
            elif isinstance(one, Rating):
                ratings.setdefault(pillar, []).append(one)
            elif isinstance(one, Vote):
                votes.setdefault(pillar, []).append(one)
    return Evidence(
        {pillar: tuple(of_pillar) for pillar, of_pillar in items.items()},
        {pillar: tuple(of_pillar) for pillar, of_pillar in ratings.items()},
        {pillar: tuple(of_pillar) for pillar, of_pillar in votes.items()},
    )


def _nobody(term: Term, round_id: str, evaluation: Round) -> tuple[Term, RoundOutcome]:
    """Close a round whose call has no award left: nobody is judged, and every place is open."""
    outcome = RoundOutcome((), evaluation.stay.least, None)
    results = {("round", round_id): outcome}
    term = term.decide(decisions_of(term, round_id, evaluation.on, results))
    evidence, digest = term.facts[f"evidence/{round_id}"].digest, term.decisions[-1].digest()
    fields = (term.document.digest, evidence, digest)
    when = instant(evaluation.on)
    return term.enter([Entry(Kind.ROUND_CLOSED, when, round_id, fields)]), outcome


def evidence_rows(evidence: Evidence) -> Iterator[Mapping[str, object]]:
    """Evidence as rows that each name a pillar and hold an item, a rating or a vote."""
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


def decisions_of(
    term: Term, round_id: str, day: date, results: Mapping[tuple[str, str], object]
) -> Iterator[Decision]:
    """Each result as a decision that names the rule, and all facts of the round that were there."""
    path, when, policy = f"rounds.{round_id}", instant(day), term.document.digest
    assumed = term.resolved(term.starts).assumed([path])
    facts = facts_of(term, round_id)
    for (step, subject), result in results.items():
        yield Decision(step, path, subject, when, policy, facts, assumed, result)


def facts_of(term: Term, round_id: str) -> tuple[str, ...]:
    """The names of all facts that a decision on a round rests on, at this moment."""
    asked = (f"{kind}/{round_id}" for kind in ("frozen", "conduct"))
    named = [f"evidence/{round_id}", f"findings/{round_id}", *(n for n in asked if n in term.facts)]
    closed = term.closed.get(round_id)
    return (*named, *(closed.heard if closed is not None else ()))
