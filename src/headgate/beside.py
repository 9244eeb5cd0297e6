"""Figures of several variants side by side, as a terminal shows them.

What is the same under each is one line. What differs stands below its name, a line for those that
have the same, with the difference from the first and, where histories differ, lowest and highest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from headgate.core.quantities import DAY_SECONDS, HOUR_SECONDS
from headgate.outcomes import Outcome
from headgate.report.trial import AS_IT_STANDS, DAYS, HOURS, Column, Three

Variants = Mapping[str, Mapping[str, Three]]
"""Figures by what they are called, by variant; the first is what the others are compared with."""

_UNITS: Final = {
    **dict.fromkeys(HOURS, HOUR_SECONDS),
    **dict.fromkeys(DAYS, DAY_SECONDS),
    "energy": 1000,
}

FIGURES: Final = {
    "jobs": "jobs replayed",
    "unserved": "jobs that never started",
    "offered": "GPU-hours promised",
    "held": "GPU-hours held",
    "idle": "GPU-hours idle",
    "fillable": "GPU-hours idle that waiting jobs would have filled",
    "split": "GPU-hours idle on the wrong nodes for the first in line",
    "waited": "GPU-hours waited for",
    "unpaid": "GPU-hours asked for that a budget did not pay",
    "borrowed": "GPU-hours held above the quota",
    "lost": "GPU-hours lost to stops",
    "cut": "GPU-hours of work that spent budgets left undone",
    "stops": "stops",
    "inference": "jobs of inference",
    "inference_first": "jobs of inference started on chips that take it first",
    "inference_spilled": "times inference went on to other chips",
    "inference_held": "hours inference held on chips that take it first",
    "inference_charged": "GPU-hours of inference by tariff",
    "inference_cost": "price of what inference held",
    "spot_held": "GPU-hours held by spot tenants",
    "spot_stops": "times a spot job was stopped",
    "spot_income": "income from spot tenants",
    "first_median": "days from signature to first job, median",
    "first_most": "days from signature to first job, most",
    "term_median": "days from the term's first day to first job, median",
    "term_most": "days from the term's first day to first job, most",
    "energy": "energy (kWh)",
    "energy_cost": "cost of energy",
    "worth": "worth of GPU-hours held",
    "fillable_worth": "worth of GPU-hours idle that waiting jobs would have filled",
    "mean": "wait, mean (s)",
    "median": "wait, median (s)",
    "p95": "wait, 95th percentile (s)",
}


def of_term(outcomes: Iterable[Outcome]) -> Variants:
    """What each variant's rehearsed term came to."""
    return {
        outcome.variant: {name: (each, each, each) for name, each in outcome.figures.items()}
        for outcome in outcomes
    }


def of_jobs(columns: Iterable[Column]) -> Variants:
    """What became of a trace's jobs under each variant, behind walls and shared."""
    named = ((column.variant or AS_IT_STANDS, column) for column in columns)
    return {
        f"{name}, {'shared' if column.shared else 'walls'}": dict(_figures(column))
        for name, column in named
    }


def _figures(column: Column) -> Iterator[tuple[str, Three]]:
    for name, label in FIGURES.items():
        if name in column.figures:
            came, low, high = (amount // _UNITS.get(name, 1) for amount in column.figures[name])
            yield label, (came, low, high)
    for name, (mean, _, p95) in column.by_envelope.items():
        yield f"{name}: wait, mean (s)", (mean, mean, mean)
        yield f"{name}: wait, 95th percentile (s)", (p95, p95, p95)
    for name, amount in column.lent.items():
        hours = amount // HOUR_SECONDS
        yield f"{name}: GPU-hours lent", (hours, hours, hours)
    for name, (_, sooner, later, _) in column.changes.items():
        if column.shared:
            yield f"{name}: jobs ended sooner", (sooner, sooner, sooner)
            yield f"{name}: jobs ended later", (later, later, later)


def side_by_side(variants: Variants) -> Iterator[str]:
    """The lines of a comparison: what differs, then what is the same under each."""
    names = dict.fromkeys(name for figures in variants.values() for name in figures)
    alike = {name: _alike(name, variants) for name in names}
    differs = [name for name in names if len(alike[name]) > 1]
    same = [name for name in names if len(alike[name]) == 1]
    wide = max(map(len, same), default=0)
    for name in differs:
        yield from (name, *_lines(alike[name]))
    if len(variants) > 1 and same:
        yield from ([""] if differs else [])
        yield f"The same under each ({'; '.join(variants)}):"
    for name in same:
        ((told, having),) = alike[name].items()
        some = "" if len(having) == len(variants) else f"  {'; '.join(having)}"
        yield f"{name:<{wide}}{told[0]:>16,}  {_range(told)}{some}".rstrip()


def _alike(name: str, variants: Variants) -> Mapping[Three, Sequence[str]]:
    """The variants that have a figure, by what it is; the first of them first."""
    found: dict[Three, list[str]] = {}
    for variant, figures in variants.items():
        if name in figures:
            found.setdefault(figures[name], []).append(variant)
    return found


def _lines(alike: Mapping[Three, Sequence[str]]) -> Iterator[str]:
    base = next(iter(alike))[0]
    ranges = {told: _range(told) for told in alike}
    wide = max(map(len, ranges.values()))
    for told, having in alike.items():
        change = f"{told[0] - base:+,}" if told[0] != base else ""
        yield f"{told[0]:>20,}{change:>18}   {ranges[told]:<{wide}}  {'; '.join(having)}"


def _range(told: Three) -> str:
    """The lowest and the highest, where they are not one."""
    _, low, high = told
    return f"{low:,} to {high:,}" if low != high else ""
