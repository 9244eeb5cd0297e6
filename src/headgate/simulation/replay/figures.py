"""The figures of a replay that people decide by, as whole numbers.

Waits are from submission to first start, in seconds. Shares of time are over the window in which
jobs are submitted: what runs on after the last submission is no longer anybody's queue. How many
jobs were completed is no figure here, since most GPU time of large models ends in jobs that are
cancelled (61 to 66 % in Acme's two clusters: Hu et al., NSDI 2024).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from headgate.core.ledger.transfer import Transfer
from headgate.core.policy.sharing import Taken
from headgate.core.quantities import HOUR_SECONDS, half_even
from headgate.readers.traces import Marks
from headgate.simulation.replay.credits import balances, transfers
from headgate.simulation.replay.demand import Places
from headgate.simulation.replay.layout import NEVER, Column, Table
from headgate.simulation.replay.pool import Pool, Replayed
from headgate.simulation.replay.supply import HOUR_PRICE_PARTS, SIGNS_NOTHING, Prices

MEGA = 10**6
SIZES = ((1, 1), (2, 8), (9, 64), (65, 1 << 20))
"""GPUs of a gang, from and to, by which waits are told apart."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long some jobs waited; `unserved` never started."""

    jobs: int
    unserved: int
    mean: int
    median: int
    p95: int


@dataclass(frozen=True, slots=True)
class Month:
    """One step of time: its first day, and GPU-seconds promised to and held by each envelope."""

    day: str
    promised: Mapping[str, int]
    held: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Costs:
    """Watt-hours and their price, what GPU-hours held were worth, and those of `fillable`.

    Money is in the programme's currency; None where the policy does not say what it takes.
    """

    energy: int | None
    energy_cost: int | None
    worth: int | None
    fillable_worth: int | None

    @property
    def known(self) -> Mapping[str, int]:
        """The amounts that are known, by name."""
        names = ("energy", "energy_cost", "worth", "fillable_worth")
        return {n: value for n in names if (value := getattr(self, n)) is not None}


@dataclass(frozen=True, slots=True)
class Inferred:
    """What became of inference.

    `first` of the `jobs` started on chips that take it first, which they held for `held` seconds;
    `spilled` times one went on to others. `charged` are GPU-seconds by tariff, on those chips and
    on all others; `cost` is the price of all that inference held, by the day of its start, None
    where it is unknown.
    """

    jobs: int
    first: int
    spilled: int
    held: int
    charged: int
    cost: int | None


@dataclass(frozen=True, slots=True)
class Spotted:
    """What became of tenants that run on what lies idle.

    `held` are GPU-seconds, `stops` how often their jobs were stopped, `income` what was held comes
    to at their tariff, None where a price is unknown.
    """

    held: int
    stops: int
    income: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """One replay. Amounts are GPU-seconds; `fillable` is idle time that waiting jobs would fill.

    `unpaid` is what was asked for and not paid by a budget, `cut` work that a spent one left
    undone, `lent` by envelope what credits were earned with. `first_median` and `first_most` are
    seconds from an award's signature to a tenant's first start, `term_median` and `term_most` those
    of them that are not the policy's own: from the term's first day on. `split` is what the first
    in line would have filled had the idle GPUs stood on its nodes; None where GPUs are counted.
    Credits are posted by the ledger's rules: the transfers, and what each account came to.
    """

    offered: int
    held: int
    idle: int
    fillable: int
    waited: int
    borrowed: int
    lost: int
    unpaid: int
    cut: int
    stops: int
    first_median: int
    first_most: int
    term_median: int
    term_most: int
    split: int | None
    costs: Costs
    waits: Waits
    by_envelope: Mapping[str, Waits]
    by_size: Mapping[str, Waits]
    months: tuple[Month, ...]
    lent: Mapping[str, int]
    credit_transfers: tuple[Transfer, ...]
    credit_balances: Mapping[str, int]
    inference: Inferred | None
    spot: Spotted | None

    @property
    def hours(self) -> Mapping[str, int]:
        """The amounts in whole GPU-hours, by name."""
        names = ("offered", "held", "idle", "fillable", "waited", "borrowed", "lost")
        return {name: getattr(self, name) // HOUR_SECONDS for name in names}


@dataclass(frozen=True, slots=True)
class Change:
    """What sharing did to one envelope's jobs, measured against its walls.

    `sooner` and `later` count jobs that ended so; `pace` is the time they spent in the system as
    thousandths of what they spent behind walls (finish-time fairness: Mahajan et al., NSDI 2020).
    """

    jobs: int
    sooner: int
    later: int
    pace: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One pool with its result, the tenant of each gang, and what its GPUs draw and cost.

    `job` numbers gangs over all pools, `asked` is when each was first submitted to any of them, and
    `inference` says which are; without them there is one pool, or nothing goes from one to another.
    `taken` is how its chips take inference, where they take that first; `nowhere` are gangs that
    went when its chips were taken away and have room in no other pool.
    """

    pool: Pool
    replayed: Replayed
    tenant: Column
    prices: Prices
    job: Places | None = None
    asked: Column | None = None
    inference: Marks | None = None
    taken: Taken | None = None
    nowhere: np.ndarray | None = None

    @property
    def stayed(self) -> np.ndarray:
        """Which gangs are in no other pool; all of them, mostly, at no cost."""
        if self.pool.rules.patience_seconds < 0 and not self.pool.later:
            return np.broadcast_to(np.True_, len(self.replayed.went))
        stayed = np.asarray(self.replayed.went < 0)
        return stayed if self.nowhere is None else stayed | self.nowhere

    @property
    def since(self) -> Column:
        """When each gang's wait began."""
        return self.pool.gangs.submitted if self.asked is None else self.asked


def figures(
    lanes: Sequence[Lane], envelopes: Sequence[str], days: Sequence[str], signed: Column
) -> Figures:
    """All pools of one policy under one way to share them; they have the same steps and window."""
    waits, served = _waits(lanes)
    envelope = _joined([(lane.pool.gangs.envelope, lane.stayed) for lane in lanes])
    gpus = _joined([(lane.pool.gangs.gpus, lane.stayed) for lane in lanes])
    by_envelope, by_step = _tables(lanes)
    lost = sum(int((lane.replayed.lost * lane.pool.gangs.gpus).sum()) for lane in lanes)
    overhead = sum(int((lane.replayed.overhead * lane.pool.gangs.gpus).sum()) for lane in lanes)
    offered, (first, term) = _offered(lanes), _firsts(lanes, signed)
    moved = tuple(transfers([(x.pool, x.replayed) for x in lanes], envelopes, days[0]))
    seen = by_envelope[:-1].sum(axis=(0, 1)).tolist()
    held, borrowed, waited, _, unpaid = map(int, seen)
    return Figures(
        offered=int(offered.sum()),
        held=held,
        idle=int(offered.sum()) - held,
        fillable=int(by_step[:-1, 2].sum()),
        waited=waited,
        borrowed=borrowed,
        lost=lost + overhead,
        unpaid=unpaid,
        cut=sum(int((lane.replayed.cut * lane.pool.gangs.gpus).sum()) for lane in lanes),
        stops=sum(int(lane.replayed.stops.sum()) for lane in lanes),
        first_median=first[(len(first) - 1) // 2],
        first_most=first[-1],
        term_median=term[(len(term) - 1) // 2],
        term_most=term[-1],
        split=int(by_step[:-1, 3].sum()) if any(lane.pool.node_gpus for lane in lanes) else None,
        costs=_costs(lanes),
        waits=_told(waits, served),
        by_envelope={
            name: _told(waits[envelope == k], served[envelope == k])
            for k, name in enumerate(envelopes)
        },
        by_size={
            _size(low, high): _told(waits[mine], served[mine])
            for low, high in SIZES
            if (mine := (gpus >= low) & (gpus <= high)).any()
        },
        months=tuple(_months(days, envelopes, offered, by_envelope)),
        lent=_named(envelopes, by_envelope[:-1, :, 3].sum(axis=0)),
        credit_transfers=moved,
        credit_balances=balances(moved),
        inference=_inferred(lanes),
        spot=_spotted(lanes, signed),
    )


def ends_of(lanes: Sequence[Lane]) -> Column:
    """When each job ended, whichever pool it ended in; -1 for never."""
    return _by_job(lanes, [lane.replayed.ended for lane in lanes])


def changes(shared: Sequence[Lane], before: Column, envelopes: Sequence[str]) -> dict[str, Change]:
    """Who gained and who lost by sharing, for the same jobs and when each ended `before`."""
    ends = ends_of(shared)
    submitted = _by_job(shared, [lane.since for lane in shared])
    envelope = _by_job(shared, [lane.pool.gangs.envelope for lane in shared])
    both = (ends >= 0) & (before >= 0)
    found = {}
    for k, name in enumerate(envelopes):
        mine = both & (envelope == k)
        spent, spent_before = (int((x - submitted)[mine].sum()) for x in (ends, before))
        found[name] = Change(
            int(mine.sum()),
            int((ends < before)[mine].sum()),
            int((ends > before)[mine].sum()),
            1000 * spent // max(spent_before, 1),
        )
    return found


def _by_job(lanes: Sequence[Lane], columns: Sequence[Column]) -> Column:
    """A column over all jobs: of each, what the pool says in which it stayed; -1 where none."""
    if len(lanes) == 1 and lanes[0].stayed.all():
        return np.array(columns[0])
    rows = [np.arange(len(lane.tenant)) if lane.job is None else lane.job for lane in lanes]
    found = np.full(max(int(row.max(initial=-1)) for row in rows) + 1, -1, np.int64)
    for lane, row, column in zip(lanes, rows, columns, strict=True):
        found[row[lane.stayed]] = column[lane.stayed]
    return found


def _joined(columns: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The kept parts of columns as one, without a copy where there is one that is kept whole."""
    if len(columns) == 1 and columns[0][1].all():
        return columns[0][0]
    return np.concatenate([column[kept] for column, kept in columns])


def _waits(lanes: Sequence[Lane]) -> tuple[Column, np.ndarray]:
    started = _joined([(lane.replayed.started, lane.stayed) for lane in lanes])
    return started - _joined([(lane.since, lane.stayed) for lane in lanes]), started >= 0


def _inferred(lanes: Sequence[Lane]) -> Inferred | None:
    """What became of inference; None where there is none."""
    if all(lane.inference is None for lane in lanes):
        return None
    jobs = first = spilled = held = 0
    charged, cost, priced = Fraction(0), Fraction(0), True
    for lane in lanes:
        gangs, replayed, taken = lane.pool.gangs, lane.replayed, lane.taken
        mine = np.asarray(lane.inference == 1) & np.ones(len(gangs.gpus), np.bool_)
        work = (replayed.held * gangs.gpus)[mine]
        started = replayed.started[mine]
        jobs += int((mine & lane.stayed).sum())
        if taken is not None:
            first += int((started >= 0).sum())
            spilled += int((~lane.stayed).sum())
            held += int(work.sum())
        charged += Fraction(int(work.sum()) * (taken.tariff_percent if taken else 100), 100)
        at = np.maximum(np.searchsorted(lane.pool.steps.at, started, "right") - 1, 0)
        prices = np.append(lane.prices.hour, lane.prices.hour[-1:])[
            np.minimum(at, len(lane.prices.hour))
        ]
        priced &= bool((prices[work > 0] >= 0).all())
        cost += Fraction(int((work // HOUR_SECONDS * prices).sum()))
        cost += Fraction(int((work % HOUR_SECONDS * prices).sum()), HOUR_SECONDS)
    told = half_even(cost / HOUR_PRICE_PARTS) if priced else None
    return Inferred(jobs, first, spilled, held, half_even(charged), told)


def _spotted(lanes: Sequence[Lane], signed: Column) -> Spotted | None:
    """What became of the spot envelope, which is told by its tenants' signing nothing, or None."""
    if SIGNS_NOTHING not in signed:
        return None
    place, held, stops = int(np.argmin(signed)), 0, 0
    income, priced = Fraction(0), True
    for lane in lanes:
        mine = lane.pool.gangs.envelope == place
        stops += int(lane.replayed.stops[mine].sum())
        by_step = lane.replayed.by_envelope[:-1, place, 0].tolist()
        for seconds, hour, tariff in zip(
            by_step, lane.prices.hour.tolist(), lane.prices.spot.tolist(), strict=False
        ):
            held += seconds
            priced &= not seconds or hour >= 0
            income += Fraction(seconds * hour * (100 if tariff < 0 else tariff), 100 * HOUR_SECONDS)
    return Spotted(held, stops, half_even(income / HOUR_PRICE_PARTS) if priced else None)


def _told(waits: Column, served: np.ndarray) -> Waits:
    known = np.sort(waits[served])
    if not len(known):
        return Waits(len(waits), len(waits), 0, 0, 0)
    places = (len(known) - 1) // 2, (len(known) * 95 + 99) // 100 - 1
    median, p95 = (int(known[place]) for place in places)
    return Waits(len(waits), len(waits) - len(known), int(known.sum()) // len(known), median, p95)


def _firsts(lanes: Sequence[Lane], signed: Column) -> tuple[list[int], list[int]]:
    """Seconds to the first start of each tenant that has one and an award, in order.

    From the signature, and from the first day of the window.
    """
    tenants = max((int(lane.tenant.max(initial=-1)) for lane in lanes), default=-1) + 1
    first, term = (np.full(tenants, NEVER, np.int64) for _ in range(2))
    for lane in lanes:
        served = (lane.replayed.started >= 0) & (signed[lane.pool.gangs.envelope] >= 0)
        tenant, started = lane.tenant[served], lane.replayed.started[served]
        np.minimum.at(first, tenant, started + signed[lane.pool.gangs.envelope[served]])
        np.minimum.at(term, tenant, started)
    return _known(first), _known(term)


def _known(first: Column) -> list[int]:
    """The seconds of those that started, in order; a nought where none did."""
    return sorted(first[first < NEVER].tolist()) or [0]


def _costs(lanes: Sequence[Lane]) -> Costs:
    """What a window drew and was worth, exact until the last sum."""
    energy, paid, worth, fillable = (Fraction(0) for _ in range(4))
    unknown = [False, False, False]
    for lane in lanes:
        prices, replayed = lane.prices, lane.replayed
        held = replayed.by_envelope[:-1, :, 0].sum(axis=1).tolist()
        idle, _, filled, _ = (column.tolist() for column in replayed.by_step[:-1].T)
        for n, seconds in enumerate(held):
            busy, low, mwh, hour = (
                int(column[n]) for column in (prices.busy, prices.idle, prices.mwh, prices.hour)
            )
            if seconds + idle[n] == 0:
                continue
            watt_hours = Fraction(seconds * busy + idle[n] * low, HOUR_SECONDS)
            energy += watt_hours
            paid += watt_hours * mwh / MEGA
            worth += Fraction(seconds * hour, HOUR_SECONDS * HOUR_PRICE_PARTS)
            fillable += Fraction(filled[n] * hour, HOUR_SECONDS * HOUR_PRICE_PARTS)
            no_watts = min(busy, low) < 0
            told = (no_watts, no_watts or mwh < 0, hour < 0)
            unknown = [a or b for a, b in zip(unknown, told, strict=True)]
    amounts = zip((energy, paid, worth, fillable), (*unknown, unknown[2]), strict=True)
    return Costs(*(None if gap else half_even(amount) for amount, gap in amounts))


def _tables(lanes: Sequence[Lane]) -> tuple[Table, Table]:
    """Over all pools: GPU-seconds by step, envelope and figure, and by step and figure."""
    by_envelope, by_step = (
        np.sum([getattr(lane.replayed, name) for lane in lanes], axis=0)
        for name in ("by_envelope", "by_step")
    )
    return by_envelope, by_step


def _offered(lanes: Sequence[Lane]) -> Table:
    """GPU-seconds promised by step and envelope in the window, which the last step ends."""
    lasts = np.diff(lanes[0].pool.steps.at)[:, None]
    return np.asarray(sum(lane.pool.steps.quota[:-1] * lasts for lane in lanes))


def _months(
    days: Sequence[str], envelopes: Sequence[str], offered: Table, by_envelope: Table
) -> Iterable[Month]:
    """Steps of one month together."""
    for month in dict.fromkeys(day[:7] for day in days):
        steps = [n for n, day in enumerate(days[: len(offered)]) if day[:7] == month]
        if steps:
            promised, held = offered[steps].sum(axis=0), by_envelope[steps, :, 0].sum(axis=0)
            yield Month(days[steps[0]], _named(envelopes, promised), _named(envelopes, held))


def _named(envelopes: Sequence[str], amounts: Column) -> dict[str, int]:
    return {name: int(amount) for name, amount in zip(envelopes, amounts, strict=True)}


def _size(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}+" if high == SIZES[-1][1] else f"{low}-{high}"
