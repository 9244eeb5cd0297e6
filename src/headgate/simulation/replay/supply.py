"""What a policy offers a workload: its pools by site and chip class, and envelopes, day by day.

A gang runs at one site on one class of chips, so each such place is a pool of its own. Of each pool
the envelopes divide what the policy divides of the whole, in its blocks and by its method; GPUs
that stand in no envelope are nobody's here. Where a policy divides nothing at any time, all of it
is one envelope, everybody's.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from fractions import Fraction

import numpy as np

from headgate.core.faults import Fault, Faulty, Sentence
from headgate.core.policy import sharing as words
from headgate.core.policy.codes import Code
from headgate.core.policy.dated import at, changes
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy
from headgate.core.policy.sharing import (
    EVERYBODY,
    SPOT,
    Idle,
    Inference,
    Nodes,
    Sharing,
    Spot,
    Taken,
    Turns,
)  # fmt: skip
from headgate.core.quantities import DAY_SECONDS, HOUR_SECONDS, add_months, instant, seconds_of
from headgate.core.seats import apportion
from headgate.core.supports.compute import Compute, Lot
from headgate.core.supports.price import PRICE_DECIMALS
from headgate.readers.traces import SPOT_OF, owner
from headgate.simulation.replay.demand import Room, payer
from headgate.simulation.replay.layout import NEVER, WHOLE_BITS, Column, Table
from headgate.simulation.replay.pool import UNBOUND, Budgets, Gangs, Pool, Rules, Steps
from headgate.steps.agenda import first_day

PERCENT = 100
ALL_ENDLESS = words.Budgets()
WALLS: Mapping[str, object] = {"idle": Idle.KEPT}
"""What makes walls of any sharing."""
SIGNS_NOTHING = -1
"""Stands where an envelope's first signature does: spot tenants have no award."""


def rules_of(sharing: Sharing, chip: str = "") -> Rules:
    """The rules of a pool of chips by the policy's words; past use fades hourly by its half-life.

    Only where chips take inference first is patience bounded: there are others to go to.
    """
    fair = sharing.turns is Turns.PAST_USE
    keeps = round((1 << WHOLE_BITS) * 2 ** (-1 / sharing.half_life_hours))
    return Rules(
        sharing.reclaim,
        sharing.checkpoint_seconds,
        sharing.restart_seconds,
        sharing.look_ahead,
        HOUR_SECONDS if fair else 0,
        keeps if fair else 0,
        sharing.turns is Turns.CREDITS,
        sharing.budgets is not None and sharing.budgets.when_spent is words.Spent.END,
        _patience(sharing.inference, chip),
    )


def _patience(inference: Inference | None, chip: str) -> int:
    if inference is None or chip not in inference.first or inference.spill_seconds is None:
        return UNBOUND
    return inference.spill_seconds


def _chip(pool: str) -> str:
    """The class of a pool's chips, which are named before their site."""
    return pool.partition(" at ")[0]


HOUR_PRICE_PARTS = 10**PRICE_DECIMALS
"""What a unit of money has in the prices of GPU-hours, so that these are whole numbers."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a pool's GPUs draw and cost, by step; -1 where the policy does not say.

    `busy` and `idle` are watts, cooling and losses on top; `mwh` and `hour` are prices of a
    megawatt-hour and of a GPU-hour, the latter in `HOUR_PRICE_PARTS` of a unit of money; `spot` is
    the percentage of it that spot tenants pay.
    """

    busy: Column
    idle: Column
    mwh: Column
    hour: Column
    spot: Column


@dataclass(frozen=True, slots=True)
class Offer:
    """A policy's pools from its first day on: quotas by pool, step and envelope.

    `at` are seconds since the first day, `at[0]` 0; months and terms begin at steps too, and
    `terms` says at which. Where the policy says nothing of sharing, quota is lent by what `Sharing`
    assumes. `prices` are by pool, `signed` are the seconds before the first day at which each
    envelope's first awards are decided, or SIGNS_NOTHING. `node_gpus` are the GPUs of a node,
    onto which jobs are packed where the first day's sharing says so; what makes no whole node is
    then left out.
    """

    support: str
    envelopes: tuple[str, ...]
    pools: tuple[str, ...]
    days: tuple[date, ...]
    at: Column
    quota: Table
    sharing: tuple[Sharing, ...]
    terms: Column
    prices: tuple[Prices, ...]
    signed: Column
    node_gpus: int

    def pool(self, place: int, gangs: Gangs, tenant: Column, names: Sequence[str]) -> Pool:
        """One pool with its gangs, whose tenants are its awards, up to the last submission of all.

        After it one more step lasts for ever, with what was there last.
        """
        steps, rules = self.steps(place), self.rules(place)
        later = {n: rule for n, rule in enumerate(rules) if rule != rules[n - 1]}
        budgets = self._budgets(place, tenant, names)
        return Pool(gangs, steps, rules[0], later, budgets, self.packed)

    @property
    def packed(self) -> int:
        """The GPUs of a node where jobs are packed onto nodes, else 0."""
        return self.node_gpus if self.sharing[0].nodes is Nodes.PACKED else 0

    @property
    def _gpus(self) -> Table:
        """What stands in each pool by step, in whole nodes where they matter."""
        whole, each = self.quota.sum(axis=2), self.packed or 1
        return np.asarray(whole // each * each)

    def until(self, until: int) -> "Offer":
        """The offer up to a moment, and one more step from then on with what was there last."""
        count = int(np.searchsorted(self.at, until))
        rows = [*range(count), count - 1]
        return replace(
            self,
            at=np.append(self.at[:count], until),
            quota=self.quota[:, rows],
            sharing=tuple(self.sharing[row] for row in rows),
            terms=np.append(self.terms[:count], 0),
            prices=tuple(_rows(prices, rows) for prices in self.prices),
        )

    def _budgets(self, place: int, tenant: Column, names: Sequence[str]) -> Budgets | None:
        """What tenants may use of a pool: of a term's hours the part that it does of its work.

        Under a tariff of half a GPU-hour that part pays for twice the time. None where the policy
        knows no budgets; a budget is a whole number of GPU-seconds.
        """
        if not any(sharing.budgets for sharing in self.sharing):
            return None
        work = self.quota.sum(axis=2) * np.diff(self.at, append=self.at[-1:])
        term = np.cumsum(self.terms)
        by_term = np.zeros((term[-1] + 1, len(self.pools)), np.int64)
        np.add.at(by_term, term, work.T)
        part, whole = by_term[term, place], np.maximum(by_term.sum(axis=1), 1)[term]
        rows = []
        for n, sharing in enumerate(self.sharing):
            said = sharing.budgets or ALL_ENDLESS
            seconds = Fraction(HOUR_SECONDS * int(part[n]) * PERCENT**2, int(whole[n]))
            row = []
            for name in names:
                hours, tariff = said.named.get(name, said.gpu_hours), self._tariff(name, place, n)
                endless = hours is None or not tariff
                row.append(NEVER if endless else int((hours or 0) * seconds / tariff))
            rows.append(row)
        if self.spot is None:
            tenant = np.array([names.index(payer(names, name)) for name in names], np.int64)[tenant]
        return Budgets(tenant, np.array(rows, np.int64).reshape(len(rows), -1), self.terms)

    def _tariff(self, tenant: str, place: int, step: int) -> int:
        """What a tenant's budget pays for an hour in a pool, in ten thousandths of a GPU-hour."""
        spot = self.sharing[step].spot if self._is_spot(tenant) else None
        taken = self.taken(place)
        ours = taken.tariff_percent if taken else PERCENT
        return ours * (spot.tariff_percent if spot else PERCENT)

    def spots(self, tenants: Iterable[str]) -> frozenset[str]:
        """Which tenants run on what lies idle."""
        return frozenset(name for name in tenants if self._is_spot(name))

    @property
    def spot(self) -> Spot | None:
        """Who runs on what lies idle, by the day on which the replay begins."""
        return self.sharing[0].spot

    def _is_spot(self, tenant: str) -> bool:
        marked = tenant.endswith(SPOT_OF)
        return self.spot is not None and (marked or owner(tenant) in self.spot.tenants)

    def whose(self, tenants: Mapping[str, str]) -> Mapping[str, str]:
        """The envelope of each tenant here, by its envelope where others are divided.

        The spot envelope takes its own from others, and what is not divided is everybody's.
        """
        everybody = None if self.is_divided else EVERYBODY
        return {
            name: SPOT if self._is_spot(name) else everybody or its for name, its in tenants.items()
        }

    @property
    def is_divided(self) -> bool:
        """Whether envelopes divide what there is."""
        return (EVERYBODY,) != self.envelopes

    def under(self, said: Mapping[str, object]) -> "Offer":
        """The offer with some words of its sharing said otherwise, on every day."""
        given = ({**one.model_dump(), **said} for one in self.sharing)
        return replace(
            self, sharing=tuple(Sharing.model_validate(one, strict=False) for one in given)
        )

    def steps(self, pool: int) -> Steps:
        """One pool as the policy shares it."""
        quota = np.ascontiguousarray(self.quota[pool])
        lends = np.array([s.lend_percent for s in self.sharing], np.int64)[:, None]
        bounds = [0 if s.idle is Idle.KEPT else s.borrow_percent for s in self.sharing]
        borrows = np.array([bound or 0 for bound in bounds], np.int64)[:, None]
        unbound = np.array([bound is None for bound in bounds])[:, None]
        above = np.where(unbound, NEVER, quota * borrows // PERCENT)
        if self.spot is not None:
            above[:, -1] = [0 if s.idle is Idle.KEPT else NEVER for s in self.sharing]
        keeps = quota * (PERCENT - lends) // PERCENT
        return Steps(self.at, self._gpus[pool], quota, keeps, quota + above)

    def rules(self, place: int) -> tuple[Rules, ...]:
        """The rules of a pool at each step; nobody is patient where no chips will stand again."""
        chip, closes = _chip(self.pools[place]), self.closes(place)
        each = (rules_of(sharing, chip) for sharing in self.sharing)
        return tuple(
            replace(one, patience_seconds=0) if n >= closes else one for n, one in enumerate(each)
        )

    def closes(self, place: int) -> int:
        """The step from which none of a pool's chips stand any more; after the last: none."""
        return int(np.flatnonzero(self._gpus[place]).max(initial=-1)) + 1

    @property
    def stands(self) -> bool:
        """Whether every pool that ever has chips keeps some to the end."""
        places = range(len(self.pools))
        return all(self.closes(place) in (0, len(self.at)) for place in places)

    @property
    def inference(self) -> Inference | None:
        """Where inference runs first, by the day on which the replay begins."""
        return self.sharing[0].inference

    @property
    def stages(self) -> tuple[tuple[int, ...], ...]:
        """Pools in the order in which inference tries them; the last are everybody's."""
        first = self.inference.first if self.inference else ()
        chips = [_chip(pool) for pool in self.pools]
        named = [tuple(n for n, chip in enumerate(chips) if chip == name) for name in first]
        return (*named, tuple(n for n, chip in enumerate(chips) if chip not in first))

    def taken(self, place: int) -> Taken | None:
        """How a pool takes inference, if it takes that first and nothing else."""
        return self.inference.first.get(_chip(self.pools[place])) if self.inference else None

    def rooms(self, stage: Collection[int], envelope: Column) -> Iterator[Room]:
        """What some of the pools hold for each tenant, by its envelope (-1: none), on each day.

        Days on which nothing of it changes are one.
        """
        gpus = self._gpus * np.isin(np.arange(len(self.pools)), list(stage))[:, None]
        most = np.minimum(self.quota, gpus[:, :, None])
        if self.spot is not None:
            most[:, :, -1] = gpus
        most = np.concatenate([most, np.zeros_like(most[:, :, :1])], axis=2)
        same = (np.diff(most, axis=1) == 0).all(axis=(0, 2)) & (np.diff(gpus) == 0).all(axis=0)
        for n in np.flatnonzero(np.append(True, ~same)):
            yield Room(int(self.at[n]), most[:, n, envelope], gpus[:, n].tolist())

    def gpu_seconds(self, until: int) -> Column:
        """What each pool could do up to a moment."""
        ends = np.minimum(np.append(self.at[1:], until), until)
        lasts = np.maximum(ends - np.minimum(self.at, until), 0)
        return np.asarray((self.quota.sum(axis=2) * lasts).sum(axis=1))


def offer(document: Document, seconds: int) -> Offer:
    """What a policy, overlays and all, offers in so many seconds from its first day on.

    Raises Faulty where no computing support, or none of what envelopes divide, has any GPUs in that
    time.
    """
    first = first_day(document)
    last = first + timedelta(days=seconds // DAY_SECONDS + 1)
    months = at(document, first).policy.programme.calendar.months
    starts = [add_months(first, n * months) for n in range((last - first).days // 28 + 1)]
    days = _days(document, first, last, starts)
    policies = [at(document, day).policy for day in days]
    support = policies[0].divided
    if not any(policy.divided for policy in policies):
        support = policies[0].replayed
    parts = [_quotas(policy, support, day) for policy, day in zip(policies, days, strict=True)]
    pools = tuple(dict.fromkeys(pool for part in parts for pool in part))
    envelopes = tuple(_shares(policies[0], support))
    sharing = tuple(_sharing(policy, support) for policy in policies)
    named = tuple(dict.fromkeys([*envelopes, *_names(parts)]))
    if sharing[0].spot is not None:
        if SPOT in named:  # On another day: of one day the policy's own check says it, by line.
            raise Faulty([Code.SPOT_TAKEN.at(document.programme, name=SPOT)])
        named = (*named, SPOT)
    quota = np.array(
        [[[part.get(pool, {}).get(e, 0) for e in named] for part in parts] for pool in pools],
        np.int64,
    )
    if not quota.size or not quota.sum():
        what = Sentence("no envelope has GPUs between {first} and {last}", first=first, last=last)
        mend = "write envelopes of a computing support, and lots that are usable in that time"
        raise Faulty([Fault("programme.yaml", 0, 0, "replay-no-envelopes", what, mend)])
    start = seconds_of(instant(first))
    moments = np.array([seconds_of(instant(day)) - start for day in days], np.int64)
    terms = np.array([day in starts for day in days], np.int64)
    prices = tuple(_prices(document, support, pool, days) for pool in pools)
    signed = np.array([_signed(document, support, name, first) for name in named], np.int64)
    if sharing[0].spot is not None:
        signed[-1] = SIGNS_NOTHING
    node = _node(policies[0], support)
    return Offer(support, named, pools, days, moments, quota, sharing, terms, prices, signed, node)


def _shares(policy: Policy, support: str) -> Mapping[str, int]:
    """What each envelope of a support has of it; everybody all, where there are none."""
    envelopes = policy.envelopes.get(support)
    return envelopes.shares if envelopes else {EVERYBODY: 1} if support else {}


def _node(policy: Policy, support: str) -> int:
    section = policy.supports.get(support)
    return section.node_gpus if isinstance(section, Compute) else 0


def _days(document: Document, first: date, last: date, starts: Iterable[date]) -> tuple[date, ...]:
    """The first day, every later one on which anything may change, firsts of months and terms."""
    trees = [document.programme, *(tree for _, tree in document.overlays)]
    named = {day for tree in trees for day in changes(tree)} | set(starts)
    for _, tree in document.overlays:
        ends = tree.get("until")
        named |= {ends.data} if ends is not None and isinstance(ends.data, date) else set()
    for day in {first, *(d for d in named if first < d <= last)}:
        for support in at(document, day).policy.supports.values():
            named |= {d for lot in _lots(support) for d in (lot.usable, lot.until) if d}
            windows = [window for lot in _lots(support) for window in lot.maintenance]
            named |= {d for window in windows for d in (window.begins, window.ends)}
    day = first
    while day <= last:
        named |= {day} if day.day == 1 else set()
        day += timedelta(days=1)
    return (first, *sorted(day for day in named if first < day <= last))


def _lots(support: object) -> Iterable[Lot]:
    return support.lots.values() if isinstance(support, Compute) else ()


def _quotas(policy: Policy, support: str, day: date) -> dict[str, dict[str, int]]:
    """The quota of each envelope in each pool on a day."""
    envelopes = policy.envelopes.get(support)
    if support not in policy.supports:
        return {}
    sites = policy.supports[support].standing(day)
    pools = {f"{chip} at {site}": n for chip, by in sites.items() for site, n in by.items() if n}
    if envelopes is None:
        return {pool: {EVERYBODY: gpus} for pool, gpus in pools.items()}
    whole = sum(pools.values())
    block = next(iter(envelopes.block.values())) if "gpu" in envelopes.block else 1
    part = Fraction(min(envelopes.base or whole, whole), max(whole, 1))
    part *= Fraction(sum(envelopes.shares.values()), envelopes.of)
    return {
        name: {
            holder: blocks * block
            for holder, blocks in apportion(
                int(gpus * part) // block, envelopes.shares, envelopes.method
            ).items()
        }
        for name, gpus in pools.items()
    }


def _sharing(policy: Policy, support: str) -> Sharing:
    """What the policy says of sharing; nobody lends where all is everybody's."""
    envelopes = policy.envelopes.get(support)
    return (envelopes and envelopes.sharing) or Sharing(idle=Idle.LENT if envelopes else Idle.KEPT)


def _prices(document: Document, support: str, pool: str, days: Sequence[date]) -> Prices:
    """What a pool's chips draw and cost on each day."""
    rows: list[tuple[int | None, ...]] = []
    for day in days:
        policy = at(document, day).policy
        section, spot = policy.supports.get(support), _sharing(policy, support).spot
        chip = section.chips.get(_chip(pool)) if isinstance(section, Compute) else None
        if not isinstance(section, Compute) or chip is None:
            rows.append((None,) * 5)
            continue
        energy, watts = section.energy, (chip.busy_watts, chip.idle_watts)
        more = PERCENT + (energy.overhead_percent if energy is not None else 0)
        busy, idle = (None if each is None else each * more // PERCENT for each in watts)
        price = energy.price_per_mwh if energy is not None else None
        tariff = None if spot is None else spot.tariff_percent
        hour = chip.price_per_gpu_hour
        parts = None if hour is None else int(hour * HOUR_PRICE_PARTS)
        rows.append((busy, idle, price, parts, tariff))
    known = [[-1 if value is None else value for value in row] for row in rows]
    return Prices(*np.array(known, np.int64).T)


def _rows(prices: Prices, rows: Sequence[int]) -> Prices:
    return Prices(*(getattr(prices, each.name)[rows] for each in fields(Prices)))


def _signed(document: Document, support: str, holder: str, first: date) -> int:
    """Seconds from the first decision of a call for a class of holders to the first day."""
    everybody = holder == EVERYBODY
    calls = at(document, first).policy.calls.values()
    days = [c.decides for c in calls if c.support == support and (everybody or holder in c.holders)]
    return (first - min([*days, first])).days * DAY_SECONDS


def _names(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> Iterator[str]:
    return (name for part in parts for by in part.values() for name in by)
