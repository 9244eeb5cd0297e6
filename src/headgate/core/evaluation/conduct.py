"""How a round was conducted: hand-overs and last days, models by hash, notices, raters, suppliers.

None of it is a score. It decides whether a round may be judged at all, until which day each team
could work, and whose marks count.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from headgate.core.evaluation.evidence import Evidence, ItemScore, Rating, Vote
from headgate.core.evaluation.known import Known, answered, known_digest, without_known
from headgate.core.evaluation.method import Finding, GateFinding, GateOutcome, repeated
from headgate.core.evaluation.runs import Runs
from headgate.core.faults import Sentence
from headgate.core.policy.round_rules import Late
from headgate.core.policy.schema import Pillar, PillarKind, Round
from headgate.core.quantities import add_days

_SHA256 = re.compile("[0-9a-f]{64}")
Row = TypeVar("Row", ItemScore, Rating, Vote)


@dataclass(frozen=True, slots=True)
class HandOver:
    """The day on which a team could use what it was given, and what of it came later still.

    `late_gpu_days` of `gpus` promised are credited as whole days, rounded up.
    """

    team: str
    usable: date
    gpus: int = 1
    late_gpu_days: int = 0

    @property
    def credit_days(self) -> int:
        """The days that late deliveries are worth."""
        return -(-self.late_gpu_days // self.gpus)


@dataclass(frozen=True, slots=True)
class Submission:
    """A team's one final model: SHA-256 of its weights, the day it came, and trials before it."""

    team: str
    model: str
    on: date
    private_trials: int


@dataclass(frozen=True, slots=True)
class Notice:
    """When a team was told what a gate would find, and when it replied, if it did."""

    team: str
    gate: str
    told: date
    replied: date | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A rater or voter who may not judge a team: employer, co-author, member, supplier."""

    pillar: str
    rater: str
    team: str


@dataclass(frozen=True, slots=True)
class Attention:
    """How many of the attention checks that a rater was shown were passed."""

    pillar: str
    rater: str
    passed: int
    checks: int

    @property
    def is_usable(self) -> bool:
        """Whether it says anything: some checks, and no more passed than there were."""
        return 0 <= self.passed <= self.checks and self.checks > 0

    def suffices(self, least: Fraction) -> bool:
        """Whether at least that share of the checks was passed; of none, nothing was."""
        return Fraction(self.passed, max(self.checks, 1)) >= least


@dataclass(frozen=True, slots=True)
class Conduct:
    """Everything that is told of how a round was conducted. `blind` are pillars rated blind.

    `runs` are what evaluators ran and signed, `known` the answers that were fixed beforehand.
    """

    hand_overs: tuple[HandOver, ...] = ()
    submissions: tuple[Submission, ...] = ()
    notices: tuple[Notice, ...] = ()
    blind: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    attention: tuple[Attention, ...] = ()
    suppliers: tuple[str, ...] = ()
    runs: tuple[Runs, ...] = ()
    known: tuple[Known, ...] = ()


class ConductFault(StrEnum):
    """Every reason for which a round is not judged, although there is evidence."""

    NAME_UNKNOWN = "name-unknown"
    TOLD_TWICE = "told-twice"
    HAND_OVER_MISSING = "hand-over-missing"
    HAND_OVER_WRONG = "hand-over-wrong"
    DEVELOPMENT_NOT_OVER = "development-not-over"
    SUBMISSION_MISSING = "submission-missing"
    SUBMISSION_LATE = "submission-late"
    MODEL_HASH_BAD = "model-hash-bad"
    TRIALS_WRONG = "trials-wrong"
    TRIALS_TOO_MANY = "trials-too-many"
    REPLY_TIME_RUNS = "reply-time-runs"
    NOT_BLIND = "not-blind"
    ATTENTION_NOT_TOLD = "attention-not-told"
    KNOWN_WRONG = "known-wrong"
    KNOWN_DIFFERS = "known-differs"
    TOO_FEW_RATERS_COUNT = "too-few-raters-count"
    AGREEMENT_TOO_LOW = "agreement-too-low"


class Why(StrEnum):
    """Why rows do not count."""

    CONFLICT = "conflict"
    INATTENTIVE = "inattentive"
    WITHDRAWN = "withdrawn"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows of a rater, a voter or an item that do not count; `team` where only those of one."""

    pillar: str
    source: str
    why: Why
    team: str = ""
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Conducted:
    """What the rules made of it: each team's last day, its model, and the rows set aside.

    `attention` is how each rater passed the checks, where the policy asks for some.
    """

    last_days: Mapping[str, date] = field(default_factory=dict)
    submissions: tuple[Submission, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    attention: tuple[Attention, ...] = ()


def last_days(evaluation: Round, conduct: Conduct, teams: Sequence[str]) -> Mapping[str, date]:
    """Until which day each team may work: the rule's, or its own days after usable hand-over."""
    rule = evaluation.submissions
    if rule is None:
        return {}
    given = {each.team: each for each in conduct.hand_overs if each.gpus > 0}
    days = evaluation.equal_development_days
    own = {
        team: max(rule.by, add_days(given[team].usable, days + given[team].credit_days))
        for team in teams
        if team in given
    }
    if rule.late is Late.ALL and own:
        return dict.fromkeys(teams, max(own.values()))
    return {team: own.get(team, rule.by) for team in teams}


def check_conduct(
    evaluation: Round,
    conduct: Conduct,
    gates: Sequence[GateFinding],
    teams: Sequence[str],
    absent: Collection[str] = (),
) -> tuple[Finding, ...]:
    """All that keeps a round from being judged, as it was conducted; sorted.

    Those who are `absent`, sent home by a gate with nothing to measure, owe no final model.
    """
    found = [
        *_check_named(evaluation, conduct, teams),
        *_check_hand_overs(evaluation, conduct, teams),
        *_check_submissions(evaluation, conduct, teams, absent),
        *_check_notices(evaluation, conduct, gates),
        *_check_panels(evaluation, conduct),
        *_check_known(evaluation, conduct, teams),
    ]
    return tuple(sorted(found))


def _check_named(evaluation: Round, conduct: Conduct, teams: Sequence[str]) -> Iterator[Finding]:
    """Whatever is told is told of a team, pillar or gate that there is, and once."""
    pillars = [pillar.id for pillar in evaluation.pillars]
    gates = [gate.id for gate in evaluation.gates]
    told: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
        ("hand_overs", [each.team for each in conduct.hand_overs], teams),
        ("submissions", [each.team for each in conduct.submissions], teams),
        ("suppliers", conduct.suppliers, teams),
        ("blind", conduct.blind, pillars),
    )
    for place, names, among in told:
        for name in sorted(set(names) - set(among)):
            what = Sentence("{name!r} is not known to the round.", name=name)
            yield Finding(ConductFault.NAME_UNKNOWN, place, what, "Name one that is.")
        for name in repeated(names):
            what = Sentence("{name!r} stands twice.", name=name)
            yield Finding(ConductFault.TOLD_TWICE, place, what, "Keep the one that holds.")
    pairs = [("conflicts", each.team, teams) for each in conduct.conflicts]
    pairs += [("conflicts", each.pillar, pillars) for each in conduct.conflicts]
    pairs += [("attention", each.pillar, pillars) for each in conduct.attention]
    pairs += [("notices", each.team, teams) for each in conduct.notices]
    pairs += [("notices", each.gate, gates) for each in conduct.notices]
    for place, name, among in dict.fromkeys((p, n, tuple(a)) for p, n, a in pairs):
        if name not in among:
            what = Sentence("{name!r} is not known to the round.", name=name)
            yield Finding(ConductFault.NAME_UNKNOWN, place, what, "Name one that is.")


def _check_hand_overs(
    evaluation: Round, conduct: Conduct, teams: Sequence[str]
) -> Iterator[Finding]:
    if evaluation.submissions is None:
        return
    told = {each.team for each in conduct.hand_overs}
    for team in sorted(set(teams) - told) if evaluation.equal_development_days else ():
        what = "Nothing says since when the team could work."
        mend = "Give the day on which its resources could be used."
        yield Finding(ConductFault.HAND_OVER_MISSING, f"hand_overs/{team}", what, mend)
    for each in conduct.hand_overs:
        if each.gpus < 1 or each.late_gpu_days < 0:
            what = Sentence(
                "{late_gpu_days} late GPU-days of {gpus} GPUs.",
                late_gpu_days=each.late_gpu_days,
                gpus=each.gpus,
            )
            mend = "Give one GPU or more, and no fewer than 0 days."
            yield Finding(ConductFault.HAND_OVER_WRONG, f"hand_overs/{each.team}", what, mend)
    latest = max(last_days(evaluation, conduct, teams).values(), default=evaluation.on)
    if latest > evaluation.on:
        what = Sentence(
            "A team may work until {latest}, and the round closes on {on}.",
            latest=latest,
            on=evaluation.on,
        )
        mend = Sentence(
            "Hold the round on {latest} or later, by a policy that every team signs.", latest=latest
        )
        yield Finding(ConductFault.DEVELOPMENT_NOT_OVER, "hand_overs", what, mend)


def _check_submissions(
    evaluation: Round, conduct: Conduct, teams: Sequence[str], absent: Collection[str]
) -> Iterator[Finding]:
    if evaluation.submissions is None:
        return
    most, until = evaluation.submissions.trials_most, last_days(evaluation, conduct, teams)
    handed_in = {each.team for each in conduct.submissions}
    for team in sorted(set(teams) - handed_in - set(absent)):
        what = "The team has handed in no final model."
        mend = "Give SHA-256 of its weights, or end its award before the round."
        yield Finding(ConductFault.SUBMISSION_MISSING, f"submissions/{team}", what, mend)
    for each in conduct.submissions:
        place, last = f"submissions/{each.team}", until.get(each.team, each.on)
        if each.on > last:
            what = Sentence(
                "The model came on {on}; its last day was {last}.", on=each.on, last=last
            )
            mend = "Take the model that was there by then."
            yield Finding(ConductFault.SUBMISSION_LATE, place, what, mend)
        if _SHA256.fullmatch(each.model) is None:
            what = Sentence("{model!r} is no digest.", model=each.model[:16])
            mend = "Give SHA-256 of the weights in lower-case hex."
            yield Finding(ConductFault.MODEL_HASH_BAD, place, what, mend)
        if each.private_trials < 0:
            what = Sentence("{private_trials} private trials.", private_trials=each.private_trials)
            yield Finding(ConductFault.TRIALS_WRONG, place, what, "Count them from 0.")
        if most is not None and each.private_trials > most:
            what = Sentence(
                "{private_trials} private trials; {most} are allowed.",
                private_trials=each.private_trials,
                most=most,
            )
            mend = "Take the model as of the last trial that was allowed."
            yield Finding(ConductFault.TRIALS_TOO_MANY, place, what, mend)


def _check_notices(
    evaluation: Round, conduct: Conduct, gates: Sequence[GateFinding]
) -> Iterator[Finding]:
    """No team fails a gate while its time to reply still runs."""
    days = {gate.id: gate.reply_days for gate in evaluation.gates}
    failed = {(row.team, row.gate) for row in gates if row.outcome is GateOutcome.FAILED}
    for notice in conduct.notices:
        if (notice.team, notice.gate) not in failed or notice.gate not in days:
            continue
        last = add_days(notice.told, days[notice.gate])
        replied = notice.replied is not None and notice.replied <= evaluation.on
        if not replied and last >= evaluation.on:
            what = Sentence(
                "The team may reply until {last}, and the round closes on {on}.",
                last=last,
                on=evaluation.on,
            )
            mend = "Hear the reply, or tell the team earlier."
            place = f"notices/{notice.team}/{notice.gate}"
            yield Finding(ConductFault.REPLY_TIME_RUNS, place, what, mend)


def _check_panels(evaluation: Round, conduct: Conduct) -> Iterator[Finding]:
    for pillar in evaluation.pillars:
        if pillar.raters is not None and pillar.raters.blind and pillar.id not in conduct.blind:
            what = "The rule is blind rating, and nothing says that it was."
            mend = "Name the pillar under `blind`, or rate again without names on the sheets."
            yield Finding(ConductFault.NOT_BLIND, f"blind/{pillar.id}", what, mend)


def _check_known(evaluation: Round, conduct: Conduct, teams: Sequence[str]) -> Iterator[Finding]:
    """Known answers are those that the policy names by their digest, each of which says something.

    A known work is no team's, or a team's own marks would not count; and no mark could be wrong
    where it says who is preferred, as no vote could by a range.
    """
    named = {p.id: p.raters.known if p.raters is not None else None for p in evaluation.pillars}
    voted = {p.id for p in evaluation.pillars if p.kind is PillarKind.VOTES}
    for one in conduct.known:
        fits = one.pillar in named and bool(one.preferred) is (one.pillar in voted)
        if not one.says or one.work in teams or not fits:
            what = Sentence(
                "The known answer to {work!r} of {pillar!r} cannot be one.",
                work=one.work,
                pillar=one.pillar,
            )
            mend = "Give a work of no team, and a range of points, or of votes who is preferred."
            yield Finding(ConductFault.KNOWN_WRONG, f"known/{one.pillar}/{one.work}", what, mend)
    told = {one.pillar for one in conduct.known}
    for pillar, wanted in named.items():
        given = known_digest(conduct.known, pillar) if pillar in told else None
        if given != wanted:
            what = Sentence(
                "The known answers have the digest {given}; the policy names {wanted}.",
                given=given,
                wanted=wanted,
            )
            mend = "Give those that were fixed, or name their digest before the round is frozen."
            yield Finding(ConductFault.KNOWN_DIFFERS, f"known/{pillar}", what, mend)


def known_aside(evidence: Evidence, conduct: Conduct) -> tuple[Evidence, tuple[SetAside, ...]]:
    """The evidence on teams alone, and the rows on known work that stood among it."""
    left, taken = without_known(conduct.known, evidence)
    rows = sorted(taken.items())
    return left, tuple(SetAside(p, work, Why.KNOWN, rows=count) for (p, work), count in rows)


def attention_of(evaluation: Round, evidence: Evidence, conduct: Conduct) -> tuple[Attention, ...]:
    """How each rater passed the checks: what is told of them, and what is known, added up.

    Of pillars whose policy asks for a share; in order.
    """
    told = {(each.pillar, each.rater): (each.passed, each.checks) for each in conduct.attention}
    right = answered(conduct.known, evidence)
    asked = {
        p.id for p in evaluation.pillars if p.raters is not None and p.raters.attention is not None
    }
    found = []
    for key in sorted(told.keys() | right.keys()):
        (passed, checks), answers = told.get(key, (0, 0)), right.get(key, [])
        if key[0] in asked:
            found.append(Attention(*key, passed + sum(answers), checks + len(answers)))
    return tuple(found)


def dropped(
    evaluation: Round,
    evidence: Evidence,
    conflicts: Sequence[Conflict],
    attention: Sequence[Attention],
) -> tuple[tuple[SetAside, ...], tuple[Finding, ...]]:
    """Whose rows do not count, by rule: in conflict with a team, or inattentive."""
    aside = [SetAside(c.pillar, c.rater, Why.CONFLICT, c.team) for c in conflicts]
    found: list[Finding] = []
    checks = {(each.pillar, each.rater): each for each in attention}
    for pillar in evaluation.pillars:
        if pillar.raters is None or pillar.raters.attention is None:
            continue
        for rater in sorted(_raters(pillar, evidence)):
            told = checks.get((pillar.id, rater))
            if told is None or not told.is_usable:
                what = "Nothing usable says how many attention checks the rater passed."
                place, mend = f"attention/{pillar.id}/{rater}", "Give `passed` and `checks`."
                found.append(Finding(ConductFault.ATTENTION_NOT_TOLD, place, what, mend))
            elif not told.suffices(pillar.raters.attention):
                aside.append(SetAside(pillar.id, rater, Why.INATTENTIVE))
    return tuple(sorted(aside, key=lambda a: (a.pillar, a.source, a.team))), tuple(found)


def _raters(pillar: Pillar, evidence: Evidence) -> set[str]:
    if pillar.kind is PillarKind.VOTES:
        return {row.voter for row in evidence.votes.get(pillar.id, ())}
    return {row.rater for row in evidence.ratings.get(pillar.id, ())}


def without(evidence: Evidence, aside: Sequence[SetAside]) -> tuple[Evidence, tuple[SetAside, ...]]:
    """The evidence that counts, and how many rows each rule set aside."""
    if not aside:
        return evidence, ()
    rules: dict[tuple[str, str], list[SetAside]] = {}
    for each in aside:
        rules.setdefault((each.pillar, each.source), []).append(each)
    hit: Counter[SetAside] = Counter()

    def counts(pillar: str, row: Row) -> bool:
        met = [one for one in rules.get((pillar, _source(row)), ()) if _is_meant(one, row)]
        hit.update(met[:1])
        return not met

    def left(rows: Mapping[str, tuple[Row, ...]]) -> Mapping[str, tuple[Row, ...]]:
        return {name: tuple(r for r in of if counts(name, r)) for name, of in rows.items()}

    counted = Evidence(left(evidence.items), left(evidence.ratings), left(evidence.votes))
    return counted, tuple(replace(each, rows=hit[each]) for each in aside)


def _source(row: ItemScore | Rating | Vote) -> str:
    if isinstance(row, Rating):
        return row.rater
    return row.voter if isinstance(row, Vote) else row.item


def _is_meant(aside: SetAside, row: ItemScore | Rating | Vote) -> bool:
    if isinstance(row, Rating):
        return aside.team in ("", row.team)
    if isinstance(row, Vote):
        return aside.team in ("", row.first, row.second)
    return aside.why is Why.WITHDRAWN


def check_raters(evaluation: Round, counted: Evidence, teams: Sequence[str]) -> Iterator[Finding]:
    """Enough raters are left for every team, once those who do not count are set aside."""
    for pillar in evaluation.pillars:
        if pillar.raters is None:
            continue
        for team in teams:
            count = len(_judges(pillar, counted, team))
            if count < pillar.raters.least:
                what = Sentence(
                    "{count} raters count for the team; the rule is {least}.",
                    count=count,
                    least=pillar.raters.least,
                )
                place, mend = f"{pillar.id}/{team}", "Let others rate the team too."
                yield Finding(ConductFault.TOO_FEW_RATERS_COUNT, place, what, mend)


def _judges(pillar: Pillar, counted: Evidence, team: str) -> set[str]:
    if pillar.kind is PillarKind.VOTES:
        rows = counted.votes.get(pillar.id, ())
        return {row.voter for row in rows if team in (row.first, row.second)}
    return {row.rater for row in counted.ratings.get(pillar.id, ()) if row.team == team}


def check_agreement(evaluation: Round, alphas_ppm: Mapping[str, int | None]) -> Iterator[Finding]:
    """A panel that agrees less than the rule asks decides nothing."""
    for pillar in evaluation.pillars:
        wanted = pillar.raters.agreement if pillar.raters is not None else None
        if wanted is None or pillar.id not in alphas_ppm:
            continue
        alpha = alphas_ppm[pillar.id]
        if alpha is None or Fraction(alpha, 1_000_000) < wanted:
            told = "none" if alpha is None else Sentence("{alpha} millionths", alpha=alpha)
            what = Sentence(
                "The panel's agreement is {told}; the rule is {wanted}.", told=told, wanted=wanted
            )
            mend = "Add raters or calibrate the panel, and let it rate again."
            yield Finding(ConductFault.AGREEMENT_TOO_LOW, pillar.id, what, mend)
