"""What the programme and its teams agree on before a round: pillars, gates, bars and the cut.

A method is frozen and its digest signed before submissions open; nothing in a round may depend on
anything outside it. Gates (pass or fail) stand apart from pillars (points) and are never folded
into them; a bar is an absolute demand next to the relative cut.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from fractions import Fraction

from headgate.core.faults import Sentence
from headgate.core.policy.schema import BarOn, PillarKind, Remedy, Scaling

FULL_MARKS = 10_000  # Scores and shares of full marks are given in ten-thousandths.
WEIGHT_TOTAL = 100  # The weights of the pillars are points and add up to this.
REPLICATES_MIN = 100
REPLICATES_MAX = 1_000_000
BAR_SHARE_MAX = 2

SIDE = "side"
"""The style that every vote has: which answer stood first."""


class GateOutcome(Enum):
    """What a gate found for one team."""

    PASSED = "passed"
    PASSED_WITH_REMARK = "passed-with-remark"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pillar:
    """One weighted part of the score.

    `tasks` are (task or criterion, weight) pairs. With `macro` each task's mean counts by the
    task's weight; without it each item counts by its own weight times its task's. `common_items`
    is false where every team is examined on items of its own. `reference_score` (ten-thousandths)
    serves ANCHORED only, `style` VOTES only: what is taken out of the votes beside the teams.
    """

    id: str
    weight: int
    kind: PillarKind
    scaling: Scaling
    tasks: tuple[tuple[str, int], ...]
    macro: bool = True
    adjust_harshness: bool = False
    reference_score: int = FULL_MARKS
    common_items: bool = True
    style: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """An absolute demand next to the relative cut: reach `share` of something.

    Without `pillar` it stands on the total, of 100 points; with it on that pillar's share of full
    marks, or, with `reference`, on what the system of that name reaches there. A reference is run
    on the same items, and its rows stand in the evidence under its own name. A team that is among
    the `declared` reaches the share that stands there.
    """

    id: str
    share: Fraction
    on: BarOn
    pillar: str | None = None
    reference: str | None = None
    declared: tuple[tuple[str, Fraction], ...] = ()

    def share_of(self, team: str) -> Fraction:
        """The share that a team must reach."""
        return dict(self.declared).get(team, self.share)


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition apart from the score; failing one takes evidence and, if ruled so, a reply."""

    id: str
    evidence_min: int = 1
    reply_required: bool = True


@dataclass(frozen=True, slots=True)
class GateFinding:
    """What a gate's deciders found. `evidence` holds digests of the documents they relied on.

    `replied` says that the team's reply was heard, or that its time for one ran out.
    """

    team: str
    gate: str
    outcome: GateOutcome
    evidence: tuple[str, ...] = ()
    replied: bool = False


def failed_teams(gates: Sequence[GateFinding]) -> frozenset[str]:
    """Teams that failed any gate."""
    return frozenset(row.team for row in gates if row.outcome is GateOutcome.FAILED)


@dataclass(frozen=True, slots=True)
class Method:
    """A round's whole method.

    At most `stay_max` teams stay (ALL_TIED_STAY alone may exceed it); if fewer than `stay_min`
    qualify, the difference is reported as wildcard places. `confidence` is that of every interval,
    jointly over all teams. `tie_breakers` are pillars, the first that differs decides.
    """

    pillars: tuple[Pillar, ...]
    replicates: int
    confidence: Fraction
    stay_min: int
    stay_max: int
    tie_remedy: Remedy
    tie_breakers: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    bars: tuple[Bar, ...] = ()

    def references(self, pillar: str) -> frozenset[str]:
        """Systems that are measured in a pillar for a bar's sake, without being teams."""
        named = (bar.reference for bar in self.bars if bar.pillar == pillar)
        return frozenset(name for name in named if name is not None)


class MethodFault(StrEnum):
    """Every way in which a method can be refused."""

    NO_PILLAR = "no-pillar"
    NAME_TWICE = "name-twice"
    WEIGHT_NEGATIVE = "weight-negative"
    WEIGHTS_DO_NOT_ADD_UP = "weights-do-not-add-up"
    NO_TASK = "no-task"
    TASK_WEIGHT_NOT_POSITIVE = "task-weight-not-positive"
    REFERENCE_SCORE_OUT_OF_RANGE = "reference-score-out-of-range"
    HARSHNESS_OF_ITEMS = "harshness-of-items"
    RATINGS_NOT_MACRO = "ratings-not-macro"
    OWN_ITEMS_OF_RATINGS = "own-items-of-ratings"
    STYLE_WITHOUT_VOTES = "style-without-votes"
    REPLICATES_OUT_OF_RANGE = "replicates-out-of-range"
    CONFIDENCE_OUT_OF_RANGE = "confidence-out-of-range"
    REPLICATES_TOO_FEW_FOR_CONFIDENCE = "replicates-too-few-for-confidence"
    STAY_RANGE_EMPTY = "stay-range-empty"
    TIE_BREAKER_UNKNOWN = "tie-breaker-unknown"
    TIE_BREAKERS_MISSING = "tie-breakers-missing"
    BAR_PILLAR_UNKNOWN = "bar-pillar-unknown"
    BAR_NEEDS_COMMON_ITEMS = "bar-needs-common-items"
    BAR_SHARE_OUT_OF_RANGE = "bar-share-out-of-range"
    SEED_NOT_HEXADECIMAL = "seed-not-hexadecimal"


class GateFault(StrEnum):
    """Every way in which the findings of the gates can be refused."""

    GATE_UNKNOWN = "gate-unknown"
    FOUND_TWICE = "found-twice"
    NOT_FOUND = "not-found"
    EVIDENCE_TOO_LITTLE = "evidence-too-little"
    REPLY_NOT_HEARD = "reply-not-heard"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing wrong with a method, its gates or its evidence: where, what, and what mends it.

    `code` is a member of MethodFault, GateFault or EvidenceFault.
    """

    code: StrEnum
    place: str
    what: str
    mend: str

    def placed(self) -> Sentence:
        """What is wrong, after where."""
        return Sentence("{place}: {what}", place=self.place, what=Sentence.of(self.what))


def repeated(names: Iterable[str]) -> list[str]:
    """The names that stand more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def check_method(method: Method) -> tuple[Finding, ...]:
    """All faults of a method, sorted; an empty tuple says that it can be used."""
    found = [*_check_names(method), *_check_cut(method), *_check_bars(method)]
    for pillar in method.pillars:
        found += _check_pillar(pillar)
    return tuple(sorted(found))


def check_seed(seed: str) -> tuple[Finding, ...]:
    """A seed is a hexadecimal digest, so that nobody can choose it after seeing the evidence."""
    if seed and all(letter in "0123456789abcdef" for letter in seed):
        return ()
    fault = MethodFault.SEED_NOT_HEXADECIMAL
    return (
        Finding(
            fault,
            "seed",
            Sentence("The seed {seed!r} is not one.", seed=seed),
            "Give a lower-case hex digest.",
        ),
    )


def check_gates(
    method: Method, gates: Sequence[GateFinding], teams: Sequence[str]
) -> tuple[Finding, ...]:
    """All faults of the gates' findings: each team needs one finding for each gate."""
    known = {gate.id: gate for gate in method.gates}
    found = [finding for row in gates for finding in _check_gate_finding(known.get(row.gate), row)]
    for place in repeated(f"{row.team}/{row.gate}" for row in gates):
        fault, what = GateFault.FOUND_TWICE, "The gate has two findings for this team."
        found.append(Finding(fault, place, what, "Keep the one that was decided last."))
    given = {(row.team, row.gate) for row in gates}
    for place in (f"{t}/{g}" for t in set(teams) for g in known if (t, g) not in given):
        what = "The gate has no finding for this team."
        found.append(
            Finding(
                GateFault.NOT_FOUND,
                place,
                what,
                "Record passed or failed; in a folder, under gates in evidence.yaml.",
            )
        )
    return tuple(sorted(found))


def _check_gate_finding(gate: Gate | None, row: GateFinding) -> Iterator[Finding]:
    place = f"{row.team}/{row.gate}"
    if gate is None:
        what = "The method has no such gate."
        yield Finding(GateFault.GATE_UNKNOWN, place, what, "Name a gate of the method.")
        return
    if row.outcome is not GateOutcome.FAILED:
        return
    if len(set(row.evidence)) < gate.evidence_min:
        what = Sentence(
            "Failed on {n} pieces of evidence of {needed}.",
            n=len(set(row.evidence)),
            needed=gate.evidence_min,
        )
        mend = "Add the digests of the documents the decision rests on."
        yield Finding(GateFault.EVIDENCE_TOO_LITTLE, place, what, mend)
    if gate.reply_required and not row.replied:
        what = "The team failed before its reply was heard."
        mend = "Hear the reply, or let its time run out, then decide."
        yield Finding(GateFault.REPLY_NOT_HEARD, place, what, mend)


def _check_names(method: Method) -> Iterator[Finding]:
    if not method.pillars:
        what = "The method has no pillar."
        yield Finding(MethodFault.NO_PILLAR, "pillars", what, "Give at least one pillar.")
    names: dict[str, Sequence[str]] = {
        "pillars": [pillar.id for pillar in method.pillars],
        "gates": [gate.id for gate in method.gates],
        "bars": [bar.id for bar in method.bars],
        **{f"pillars/{p.id}/tasks": [task for task, _ in p.tasks] for p in method.pillars},
        **{f"pillars/{p.id}/style": p.style for p in method.pillars},
    }
    for place, listed in names.items():
        for name in repeated(listed):
            what = Sentence("The name {name!r} stands twice.", name=name)
            yield Finding(MethodFault.NAME_TWICE, place, what, "Give each its own name.")
    total = sum(pillar.weight for pillar in method.pillars)
    if method.pillars and total != WEIGHT_TOTAL:
        what = Sentence("The weights of the pillars add up to {total}.", total=total)
        mend = Sentence("Make them add up to {whole}.", whole=WEIGHT_TOTAL)
        yield Finding(MethodFault.WEIGHTS_DO_NOT_ADD_UP, "pillars", what, mend)


def _check_pillar(pillar: Pillar) -> Iterator[Finding]:
    ratings = pillar.kind is not PillarKind.ITEMS
    anchor_in_range = 0 < pillar.reference_score <= FULL_MARKS
    tests = (
        (pillar.weight < 0, MethodFault.WEIGHT_NEGATIVE, "Give a weight of 0 or more."),
        (not pillar.tasks, MethodFault.NO_TASK, "Name at least one task or criterion."),
        (
            any(weight <= 0 for _, weight in pillar.tasks),
            MethodFault.TASK_WEIGHT_NOT_POSITIVE,
            "Give every task a weight of 1 or more, or leave the task out.",
        ),
        (
            not anchor_in_range,
            MethodFault.REFERENCE_SCORE_OUT_OF_RANGE,
            Sentence("Give a reference score from 1 to {most} ten-thousandths.", most=FULL_MARKS),
        ),
        (
            pillar.adjust_harshness and pillar.kind in (PillarKind.ITEMS, PillarKind.VOTES),
            MethodFault.HARSHNESS_OF_ITEMS,
            "Adjust harshness of ratings only.",
        ),
        (
            bool(pillar.style) and pillar.kind is not PillarKind.VOTES,
            MethodFault.STYLE_WITHOUT_VOTES,
            "Take style out of votes only.",
        ),
        (
            ratings and not pillar.macro,
            MethodFault.RATINGS_NOT_MACRO,
            "Combine criteria by their weights: set macro.",
        ),
        (
            ratings and not pillar.common_items,
            MethodFault.OWN_ITEMS_OF_RATINGS,
            "Own items belong to a pillar of items.",
        ),
    )
    for wrong, code, mend in tests:
        if wrong:
            what = Sentence(
                "Pillar {pillar!r}: {why}.", pillar=pillar.id, why=code.value.replace("-", " ")
            )
            yield Finding(code, f"pillars/{pillar.id}", what, mend)


def _check_cut(method: Method) -> Iterator[Finding]:
    if not REPLICATES_MIN <= method.replicates <= REPLICATES_MAX:
        what = Sentence("{replicates} replicates.", replicates=method.replicates)
        mend = Sentence("Give from {least} to {most}.", least=REPLICATES_MIN, most=REPLICATES_MAX)
        yield Finding(MethodFault.REPLICATES_OUT_OF_RANGE, "replicates", what, mend)
    if not Fraction(1, 2) <= method.confidence < 1:
        what = Sentence("A confidence of {confidence}.", confidence=method.confidence)
        mend = Sentence("Give a fraction from 1/2 up to, not including, 1.")
        yield Finding(MethodFault.CONFIDENCE_OUT_OF_RANGE, "confidence", what, mend)
    elif (1 - method.confidence) * (method.replicates + 1) < 1:
        what = Sentence(
            "{replicates} replicates cannot show a confidence of {confidence}.",
            replicates=method.replicates,
            confidence=method.confidence,
        )
        fault = MethodFault.REPLICATES_TOO_FEW_FOR_CONFIDENCE
        yield Finding(fault, "replicates", what, "Draw more replicates.")
    if not (0 <= method.stay_min <= method.stay_max and method.stay_max >= 1):
        what = Sentence(
            "From {stay_min} to {stay_max} teams stay.",
            stay_min=method.stay_min,
            stay_max=method.stay_max,
        )
        mend = Sentence("Let 0 <= stay_min <= stay_max and stay_max >= 1.")
        yield Finding(MethodFault.STAY_RANGE_EMPTY, "stay_min", what, mend)
    known = {pillar.id for pillar in method.pillars}
    for name in sorted(set(method.tie_breakers) - known):
        what = Sentence("The tie-breaker {name!r} is no pillar.", name=name)
        yield Finding(MethodFault.TIE_BREAKER_UNKNOWN, "tie_breakers", what, "Name a pillar.")
    if method.tie_remedy is Remedy.NAMED_TIE_BREAKERS and not method.tie_breakers:
        what = Sentence("The remedy is named tie-breakers and none is named.")
        fault = MethodFault.TIE_BREAKERS_MISSING
        yield Finding(
            fault, "tie_breakers", what, "Name pillars in the order in which they decide."
        )


def _check_bars(method: Method) -> Iterator[Finding]:
    pillars = {pillar.id: pillar for pillar in method.pillars}
    for bar in method.bars:
        place = f"bars/{bar.id}"
        if not 0 < bar.share <= BAR_SHARE_MAX:
            what = Sentence("The bar asks for {share}.", share=bar.share)
            mend = Sentence(
                "Give a fraction above 0, up to {most}; 19/20 for 95 %.", most=BAR_SHARE_MAX
            )
            yield Finding(MethodFault.BAR_SHARE_OUT_OF_RANGE, place, what, mend)
        if bar.pillar is not None and bar.pillar not in pillars:
            what = Sentence("The bar stands on {pillar!r}, which is no pillar.", pillar=bar.pillar)
            yield Finding(MethodFault.BAR_PILLAR_UNKNOWN, place, what, "Name a pillar.")
        elif bar.reference is not None and not _has_common_items(pillars, bar.pillar):
            what = Sentence(
                "The reference {reference!r} cannot be measured like the teams there.",
                reference=bar.reference,
            )
            mend = Sentence("Name a pillar of items common to all teams.")
            yield Finding(MethodFault.BAR_NEEDS_COMMON_ITEMS, place, what, mend)


def _has_common_items(pillars: Mapping[str, Pillar], name: str | None) -> bool:
    pillar = pillars.get(name) if name is not None else None
    return pillar is not None and pillar.kind is PillarKind.ITEMS and pillar.common_items
