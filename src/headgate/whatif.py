"""A workload tried under a policy before it is signed: walls beside shared envelopes, many times.

Each variant of the policy gets the same jobs, dealt to its envelopes by one rule, as they came and
as drawn again from each seed. Each is replayed behind walls and as the policy shares; every replay
is held against its identities before a figure is shown.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from pydantic import ValidationError

from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.sharing import Idle, Turns
from headgate.core.supports.text import Text
from headgate.readers.trace_kept import Kept
from headgate.readers.traces import Trace
from headgate.report.trial import AS_IT_STANDS, Column, Trial
from headgate.simulation.replay.demand import (
    WEEK_SECONDS,
    Demand,
    as_it_came,
    dealt,
    drawn,
    largest,
    loaded,
)
from headgate.simulation.replay.figures import Change, Figures, Month, changes, ends_of, figures
from headgate.simulation.replay.stages import History, lanes_of
from headgate.simulation.replay.supply import WALLS, Offer, offer
from headgate.steps.agenda import first_day

AS_IT_CAME = "as it came"


@dataclass(frozen=True, slots=True)
class Try:
    """How a workload is tried: words of sharing said otherwise than the policy, a load, seeds.

    `plain` replays by the rules as they are defined instead of by the fast loop; of the jobs as
    they came only the `largest` are taken, so many, by their GPU time.
    """

    words: Mapping[str, object] = field(default_factory=dict)
    load_per_mille: int | None = None
    seeds: tuple[str, ...] = ()
    plain: bool = False
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One history under one variant: `seed` is its seed, or that it is the trace as it came."""

    seed: str
    too_large: int
    walls: Figures
    shared: Figures
    changes: Mapping[str, Change]


@dataclass(frozen=True, slots=True)
class Tried:
    """One variant of the policy: its digest, where each tenant's jobs went, and its runs.

    `sharing` are the policy's words by the day from which they hold.
    """

    variant: str
    policy: str
    support: str
    pools: tuple[str, ...]
    tenants: Mapping[str, str]
    sharing: Mapping[str, Mapping[str, object]]
    runs: tuple[Run, ...]

    @property
    def keeps(self) -> bool:
        """Whether the policy itself has walls."""
        return all(words["idle"] == Idle.KEPT for words in self.sharing.values())


@dataclass(frozen=True, slots=True)
class Asked:
    """A trace's jobs, what each variant offers them, and whose envelope each tenant comes under."""

    came: Demand
    offers: Mapping[str, Offer]
    tenants: Mapping[str, str]


def asked(variants: Mapping[str, Document], trace: Trace, how: Try) -> Asked:
    """What is replayed; raises Faulty where a variant offers nothing to replay on.

    The first variant that divides anything says whose envelope each tenant comes under, and the
    first what a load is a load of, so that all variants are asked for the same.
    """
    came = as_it_came(trace)
    if how.largest is not None:
        came = largest(came, how.largest)
    offers = {name: _offered(came, document, how) for name, document in variants.items()}
    divided = (one for one in offers.values() if one.is_divided)
    first = next(divided, next(iter(offers.values())))
    return Asked(came, offers, dealt(came, _whole(first), first.spots(came.tenants)))


def also(what: Asked, name: str, document: Document, how: Try) -> Asked:
    """The same jobs in the same envelopes, offered what one more variant offers; raises Faulty."""
    return replace(what, offers={**what.offers, name: _offered(what.came, document, how)})


def _offered(came: Demand, document: Document, how: Try) -> Offer:
    """What a variant offers until the week is over in which the last job came; raises Faulty."""
    until = (int(came.submitted[-1]) // WEEK_SECONDS + 1) * WEEK_SECONDS
    return offer(document, until).under(how.words)


def replays(
    what: Asked, how: Try, wanted: Collection[tuple[str, str]], progress: Callable[[str], None]
) -> Iterator[tuple[tuple[str, str], Run]]:
    """The run of each (variant, seed) that is wanted; a seed that draws no job has none."""
    first = next(iter(what.offers.values()))
    progress("getting the replay ready, which takes some seconds once")
    seeds = {seed for _, seed in wanted}
    for seed, demand in _histories(what.came, first, how, seeds):
        for name, offered in what.offers.items():
            if (name, seed) in wanted:
                progress(f"{name}: {seed}")
                yield (name, seed), _run(seed, demand, offered, what.tenants, how)


def all_runs(variants: Iterable[str], how: Try) -> list[tuple[str, str]]:
    """Every (variant, seed): independent of each other, and in the order in which they are told."""
    return [(name, seed) for name in variants for seed in (AS_IT_CAME, *how.seeds)]


def tried(
    variants: Mapping[str, Document], what: Asked, runs: Mapping[tuple[str, str], Run], how: Try
) -> list[Tried]:
    """Runs by variant, however and wherever each was made."""
    return [
        _told(
            name,
            variants[name],
            offered,
            what.tenants,
            [runs[each] for each in all_runs([name], how) if each in runs],
        )
        for name, offered in what.offers.items()
    ]


def _told(
    variant: str,
    document: Document,
    offered: Offer,
    tenants: Mapping[str, str],
    runs: Sequence[Run],
) -> Tried:
    sharing: dict[str, Mapping[str, object]] = {}
    for n, (day, words) in enumerate(zip(offered.days, offered.sharing, strict=True)):
        if not n or words != offered.sharing[n - 1]:
            sharing[day.isoformat()] = words.model_dump(mode="json")
    digest, pools = document.digest, offered.pools
    whose = offered.whose(tenants)
    return Tried(variant, digest, offered.support, pools, whose, sharing, tuple(runs))


def _histories(
    came: Demand, offered: Offer, how: Try, seeds: Collection[str]
) -> Iterator[tuple[str, Demand]]:
    """The trace as it came, then as drawn from each seed, each at the load that is asked for."""
    until = int(came.submitted[-1]) + 1
    gpus = int(offered.gpu_seconds(until).sum()) // until
    for seed in (each for each in (AS_IT_CAME, *how.seeds) if each in seeds):
        demand = came if seed == AS_IT_CAME else drawn(came, seed)
        if how.load_per_mille is not None and len(demand.gpus):
            demand = loaded(demand, gpus, how.load_per_mille, seed)
        if len(demand.gpus):
            yield seed, demand


def _whole(offered: Offer) -> dict[str, int]:
    """The most that each envelope ever has, over all pools."""
    quota = offered.quota.sum(axis=0).max(axis=0)
    return {name: int(most) for name, most in zip(offered.envelopes, quota, strict=True)}


def _run(seed: str, demand: Demand, offered: Offer, tenants: Mapping[str, str], how: Try) -> Run:
    """One history in all pools, behind walls and shared; who has no envelope here has no room."""
    from headgate.simulation.replay import fast, plain

    places = {name: place for place, name in enumerate(offered.envelopes)}
    whose = offered.whose(tenants)
    envelope = np.array([places.get(whose[name], -1) for name in demand.tenants], np.int64)
    shares = offered.until(int(demand.submitted[-1]) + 1)
    replay = plain.replay if how.plain else fast.replay
    known = (offered.envelopes, [day.isoformat() for day in offered.days], offered.signed)
    lanes, _ = lanes_of(History(demand, envelope, shares.under(WALLS), replay))
    walls, ended = figures(lanes, *known), ends_of(lanes)
    del lanes
    lanes, too_large = lanes_of(History(demand, envelope, shares, replay))
    changed = changes(lanes, ended, offered.envelopes)
    return Run(seed, too_large, walls, figures(lanes, *known), changed)


def columns(variants: Sequence[Tried], base: str) -> Iterator[Column]:
    """Each variant behind walls and shared, ranged over all histories; `base` has no name."""
    for each in variants:
        for shared in (False, True):
            if shared and each.keeps:
                continue
            runs = [run.shared if shared else run.walls for run in each.runs]
            told = [_named(run) for run in runs]
            first, kept = runs[0], any(w["turns"] == Turns.CREDITS for w in each.sharing.values())
            yield Column(
                "" if each.variant == base else each.variant,
                shared,
                {n: (told[0][n], *_range(t[n] for t in told)) for n in told[0]},
                {n: (w.mean, w.median, w.p95) for n, w in first.by_envelope.items()},
                {n: (w.mean, w.median, w.p95) for n, w in first.by_size.items()},
                tuple(_month(month) for month in first.months),
                {n: _changed(n, each.runs) for n in each.runs[0].changes},
                first.lent if kept and shared else {},
            )


def slowly() -> str:
    """Why replays take longer than they need here; empty where they do not."""
    from headgate.simulation.replay import compiling

    state = compiling.state()
    return "" if state is compiling.State.KEPT else state.value


def _named(run: Figures) -> dict[str, int]:
    """The figures of a run by the names that pages and tables give them."""
    amounts = ("offered", "held", "idle", "fillable", "waited", "unpaid", "borrowed", "lost", "cut")
    others = ("stops", "first_median", "first_most", "term_median", "term_most")
    waits = ("jobs", "unserved", "mean", "median", "p95")
    found = {n: getattr(run, n) for n in (*amounts, *others)} | dict(run.costs.known)
    found |= {} if run.split is None else {"split": run.split}
    if (told := run.inference) is not None:
        named = {"": told.jobs, "_first": told.first, "_spilled": told.spilled}
        named |= {"_held": told.held, "_charged": told.charged}
        named |= {} if told.cost is None else {"_cost": told.cost}
        found |= {f"inference{name}": amount for name, amount in named.items()}
    if (spot := run.spot) is not None:
        found |= {"spot_held": spot.held, "spot_stops": spot.stops}
        found |= {} if spot.income is None else {"spot_income": spot.income}
    return found | {n: getattr(run.waits, n) for n in waits}


def _changed(envelope: str, runs: Sequence[Run]) -> tuple[int, int, int, tuple[int, int, int]]:
    """Who gained as the workload came, with the pace of all histories in which it has jobs."""
    came = runs[0].changes[envelope]
    paces = [run.changes[envelope].pace for run in runs if run.changes[envelope].jobs]
    pace = (came.pace, *(_range(paces) if paces else (0, 0)))
    return came.jobs, came.sooner, came.later, pace


def _range(amounts: Iterable[int]) -> tuple[int, int]:
    known = list(amounts)
    return min(known), max(known)


def _month(month: Month) -> tuple[date, Mapping[str, tuple[int, int]]]:
    both = {name: (promised, month.held[name]) for name, promised in month.promised.items()}
    return date.fromisoformat(month.day), both


def trial_of(
    documents: Mapping[str, Document],
    kept: Kept,
    files: Mapping[str, str],
    how: Try,
    results: tuple[Sequence[Tried], tuple[Column, ...]],
) -> Trial:
    """What the page shows, and what it was made from."""
    first, (replays, shown) = documents[AS_IT_STANDS], results
    load = None if how.load_per_mille is None else how.load_per_mille // 10
    settings = {"load": load, "largest": how.largest}
    sharing = [
        (
            "" if each.variant == AS_IT_STANDS else each.variant,
            date.fromisoformat(day),
            _said(words),
        )
        for each in replays
        for day, words in each.sharing.items()
    ]
    runs = replays[0].runs
    never, large = kept.trace.notes.rows - kept.trace.notes.jobs, runs[0].too_large
    return Trial(
        at(first, first_day(first)).policy,
        kept.name,
        shown,
        len(runs),
        sources_of(documents, files),
        settings,
        {"never_run": never, "too_large": large},
        tuple(sharing),
        {name: why for name, one in documents.items() if (why := _because(one)) is not None},
    )


def _because(document: Document) -> Text | None:
    """What the last overlay asks, where there is one that says it in words."""
    said = document.overlays[-1][1].get("because") if document.overlays else None
    try:
        return None if said is None else Text.model_validate(said.plain())
    except ValidationError:
        return None


def sources_of(
    documents: Mapping[str, Document], files: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """What a page was made from, each with its digest: every variant of the policy, and files."""
    policies = ((f"{name} (policy)", document.digest) for name, document in documents.items())
    return (*policies, *files.items())


def _said(words: Mapping[str, Any]) -> dict[str, Any]:
    """Words of sharing, the budgets among the others."""
    budgets = words["budgets"] or {"gpu_hours": None, "when_spent": None}
    rest = {name: v for name, v in words.items() if name not in ("budgets", "inference", "spot")}
    told = {**rest, "budget_hours": budgets["gpu_hours"], "when_spent": budgets["when_spent"]}
    inference = words["inference"] or {"first": {}, "spill_seconds": None}
    first = tuple(
        f"{chip} ({taken['speed_percent']} %, {taken['tariff_percent']} %)"
        for chip, taken in inference["first"].items()
    )
    told |= {"inference_first": first, "spill_seconds": inference["spill_seconds"]}
    return {**told, "spot_tariff": words["spot"] and words["spot"]["tariff_percent"]}
