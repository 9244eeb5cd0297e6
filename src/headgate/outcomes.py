"""What one term of each variant comes to: figures, award lists, and how often a rule cuts wrongly.

Whole numbers by the names under which tables and JSON tell them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

from headgate.core.evaluation.decide import Decision
from headgate.core.evaluation.foresight import Foreseen, rounds_played
from headgate.core.evaluation.ranks import PPM
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.quantities import HOUR_SECONDS, half_even
from headgate.demo import Rehearsed
from headgate.report.summary import Summary, summary_of
from headgate.report.summary_calls import CallSummary
from headgate.steps.agenda import first_day
from headgate.steps.evaluate import foreseen

GOING_ON = (Decision.ADVANCE, Decision.TIE, Decision.WILDCARD)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One variant's figures by name, whole numbers: hours are unit-hours, blocks the envelope's.

    `awards` are blocks by call and application, `blocks` by call and class of holders, `cut_rules`
    the tables of errors of planned rounds. `short` is by call the part of a list's worth, in
    millionths, that a better list could have more: a bound that anyone can check.
    `drawn` are the rounds from which the tables of each planned round are drawn.
    """

    variant: str
    policy: str
    figures: Mapping[str, int]
    awards: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    blocks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    cut_rules: Mapping[str, tuple[Foreseen, ...]] = field(default_factory=dict)
    short: Mapping[str, int] = field(default_factory=dict)
    drawn: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a variant's award list of one call does to applications, beside the first variant's.

    Blocks that each gains and loses, by application.
    """

    variant: str
    call: str
    gains: Mapping[str, int]
    loses: Mapping[str, int]


def outcome_of(variant: str, rehearsed: Rehearsed) -> Outcome:
    """The figures, awards and blocks of a variant's rehearsed term."""
    summary = summary_of(rehearsed.term, rehearsed.data)
    figures = figures_of(summary)
    awards = {call.id: {a.id: a.blocks for a in call.awarded} for call in summary.calls}
    blocks = {call.id: dict(sorted(call.blocks_by("holder").items())) for call in summary.calls}
    short = {call.id: _short(call) for call in summary.calls if call.listed is not None}
    return Outcome(variant, summary.policy_digest, figures, awards, blocks, short=short)


def figures_of(summary: Summary) -> dict[str, int]:
    """The figures of a term by name: of its calls, its supports and its rounds."""
    assumed = ("values that no source in force gives", summary.assumption_count)
    return dict([*_calls(summary), *_supports(summary), *_rounds(summary), assumed])


def _short(call: CallSummary) -> int:
    """Millionths of its worth by which a call's list may fall short of the best, rounded up."""
    return ceil(1_000_000 * call.listed.gap_proved) if call.listed is not None else 0


def judged(outcome: Outcome, document: Document, seed: str) -> Outcome:
    """An outcome with the tables of errors of its planned rounds.

    All variants are drawn from one seed, so that a rule that is the same has the same table.
    """
    rounds = at(document, first_day(document)).policy.rounds
    planned = {name: one for name, one in rounds.items() if one.plan is not None}
    tables = {name: foreseen(one, seed) for name, one in planned.items()}
    drawn = {name: rounds_played(one.replicates) for name, one in planned.items()}
    figures = {**outcome.figures, **dict(_cuts(tables, drawn))}
    return replace(outcome, figures=figures, cut_rules=tables, drawn=drawn)


def moves(outcomes: Sequence[Outcome]) -> Iterator[Moved]:
    """Who gains and who loses blocks under each further variant, call by call."""
    for outcome in outcomes[1:]:
        for call in dict.fromkeys([*outcomes[0].awards, *outcome.awards]):
            before, after = (each.awards.get(call, {}) for each in (outcomes[0], outcome))
            more = {a: after.get(a, 0) - before.get(a, 0) for a in sorted({*before, *after})}
            gains = {a: n for a, n in more.items() if n > 0}
            yield Moved(outcome.variant, call, gains, {a: -n for a, n in more.items() if n < 0})


def with_moves(outcome: Outcome, moved: Sequence[Moved]) -> Outcome:
    """An outcome that also counts who gains and who loses beside the first."""
    figures = dict(outcome.figures)
    for each in moved:
        if each.variant == outcome.variant:
            figures[f"{each.call}: applications that gain blocks"] = len(each.gains)
            figures[f"{each.call}: applications that lose blocks"] = len(each.loses)
            figures[f"{each.call}: blocks that change hands"] = sum(each.loses.values())
    return replace(outcome, figures=figures)


def _cuts(
    tables: Mapping[str, tuple[Foreseen, ...]], drawn: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    """How often a planned round's own rule would cut, and the wrong team, of a million rounds."""
    for name, listed in tables.items():
        for table in listed:
            place = f"{name}, neighbours {table.gap_milli / 1000:g} points apart"
            for row in table.errors:
                if row.own:
                    yield f"{place}: cuts in a million", row.cut_ppm
                    cuts = round(Fraction(row.cut_ppm * drawn[name], PPM))
                    yield f"{place}: cuts drawn, in {drawn[name]:,} rounds", cuts
                    if row.wrong_ppm is not None:
                        yield f"{place}: wrong of a million cuts", row.wrong_ppm


def _calls(summary: Summary) -> Iterator[tuple[str, int]]:
    for call in summary.calls:
        yield f"{call.id}: applications", call.funnel[0]
        yield f"{call.id}: awarded", call.funnel[-1]
        if call.listed is not None:
            yield f"{call.id}: millionths that a better list could be worth more", _short(call)
        by_holder = sorted(call.blocks_by("holder").items())
        whole = sum(blocks for _, blocks in by_holder)
        for holder, blocks in by_holder:
            if blocks:
                yield f"{call.id}: blocks to {holder}", blocks
                share = half_even(Fraction(1000 * blocks, whole))
                yield f"{call.id}: thousandths of the blocks to {holder}", share


def _supports(summary: Summary) -> Iterator[tuple[str, int]]:
    for support in summary.supports:
        for line in support.holders:
            name = f"{support.id}, {line.holder or 'all'}"
            if line.blocks is not None:
                yield f"{name}: blocks promised", line.blocks
            yield f"{name}: hours granted", line.granted_units // HOUR_SECONDS
            yield f"{name}: hours used", line.used_units // HOUR_SECONDS
            yield f"{name}: hours idle", line.unused_units // HOUR_SECONDS
            yield f"{name}: hours taken back", line.back_units // HOUR_SECONDS


def _rounds(summary: Summary) -> Iterator[tuple[str, int]]:
    for each in summary.rounds:
        staying = [d for d in each.outcome.decisions if d.decision in GOING_ON]
        yield f"{each.id}: teams going on", len(staying)
