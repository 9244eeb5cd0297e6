"""What `headgate simulate` says: one term under the policy as it stands, and under each overlay."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headgate.core import canonical
from headgate.core.evaluation.decide import Decision
from headgate.core.quantities import HOUR_SECONDS
from headgate.demo import Choices, Rehearsed, rehearse
from headgate.report.summary import Summary, summary_of

GOING_ON = (Decision.ADVANCE, Decision.TIE, Decision.WILDCARD)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One variant's figures by name, whole numbers: hours are unit-hours, blocks the envelope's."""

    variant: str
    policy: str
    figures: Mapping[str, int]


def compare(
    programme: str, choices: Choices, out: Path | None, progress: Callable[[str], None]
) -> Iterator[str]:
    """Run every variant on the same world and seed, and lay the figures side by side.

    Award lists are made by linear relaxation and refill, which is quick and stays within about a
    hundredth of the list that a real decision would be held to.
    """
    variants: list[tuple[str, Sequence[Path]]] = [("as it stands", ())]
    variants += [(overlay.stem, (overlay,)) for overlay in choices.overlays]
    outcomes = []
    for name, overlays in variants:
        progress(name)
        fast = replace(choices, overlays=overlays, fast=True)
        outcomes.append(_outcome(name, rehearse(programme, fast, progress)))
    if out is not None:
        report = {"seed": choices.seed, "outcomes": canonical.plain(outcomes)}
        out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    yield from _table(outcomes)


def _outcome(variant: str, rehearsed: Rehearsed) -> Outcome:
    summary = summary_of(rehearsed.term, rehearsed.data)
    assumed = ("values that no source in force gives", summary.assumption_count)
    figures = dict([*_calls(summary), *_supports(summary), *_rounds(summary), assumed])
    return Outcome(variant, summary.policy_digest, figures)


def _calls(summary: Summary) -> Iterator[tuple[str, int]]:
    for call in summary.calls:
        yield f"{call.id}: applications", call.funnel[0]
        yield f"{call.id}: awarded", call.funnel[-1]
        for holder, blocks in sorted(call.blocks_by("holder").items()):
            if blocks:
                yield f"{call.id}: blocks to {holder}", blocks


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


def _table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """One row a figure, one column a variant, with the difference from the first."""
    names = list(dict.fromkeys(name for outcome in outcomes for name in outcome.figures))
    wide = max(map(len, names), default=0)
    yield " " * wide + "".join(f"{outcome.variant:>26}" for outcome in outcomes)
    for name in names:
        base = outcomes[0].figures.get(name)
        cells = (_cell(outcome.figures.get(name), base) for outcome in outcomes)
        yield f"{name:<{wide}}" + "".join(f"{cell:>26}" for cell in cells)


def _cell(figure: int | None, base: int | None) -> str:
    if figure is None:
        return "-"
    change = f" ({figure - base:+,})" if base is not None and figure != base else ""
    return f"{figure:,}{change}"
