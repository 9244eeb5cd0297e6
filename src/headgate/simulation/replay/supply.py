"""What a policy offers a workload: its pools by site and chip class, and envelopes, day by day.

A gang runs at one site on one class of chips, so each such place is a pool of its own. Of each pool
the envelopes divide what the policy divides of the whole, in its blocks and by its method; GPUs
that stand in no envelope are nobody's here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

import numpy as np

from headgate.core.faults import Fault, Faulty
from headgate.core.policy.dated import at, changes
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy
from headgate.core.policy.sharing import Idle, Sharing, Turns
from headgate.core.quantities import DAY_SECONDS, HOUR_SECONDS, instant, seconds_of
from headgate.core.seats import apportion
from headgate.core.supports.compute import Compute, Lot
from headgate.simulation.replay.layout import NEVER, WHOLE_BITS, Column, Table
from headgate.simulation.replay.pool import Rules, Steps
from headgate.steps.agenda import first_day

PERCENT = 100
WALLS: Mapping[str, object] = {"idle": Idle.KEPT}
"""What makes walls of any sharing."""


def rules_of(sharing: Sharing) -> Rules:
    """The rules of a pool by the policy's words; past use fades every hour by its half-life."""
    fair = sharing.turns is Turns.PAST_USE
    keeps = round((1 << WHOLE_BITS) * 2 ** (-1 / sharing.half_life_hours))
    return Rules(
        sharing.reclaim,
        sharing.checkpoint_seconds,
        sharing.restart_seconds,
        sharing.look_ahead,
        HOUR_SECONDS if fair else 0,
        keeps if fair else 0,
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """A policy's pools from its first day on: quotas by pool, step and envelope.

    `at` are seconds since the first day, `at[0]` 0; months begin at steps too. Where the policy
    says nothing of sharing, quota is lent by what `Sharing` assumes.
    """

    support: str
    envelopes: tuple[str, ...]
    pools: tuple[str, ...]
    days: tuple[date, ...]
    at: Column
    quota: Table
    sharing: tuple[Sharing, ...]

    def under(self, words: Mapping[str, object]) -> "Offer":
        """The offer with some words of its sharing said otherwise, on every day."""
        return replace(self, sharing=tuple(s.model_copy(update=dict(words)) for s in self.sharing))

    def steps(self, pool: int) -> Steps:
        """One pool as the policy shares it."""
        quota = np.ascontiguousarray(self.quota[pool])
        lends = np.array([s.lend_percent for s in self.sharing], np.int64)[:, None]
        bounds = [0 if s.idle is Idle.KEPT else s.borrow_percent for s in self.sharing]
        borrows = np.array([bound or 0 for bound in bounds], np.int64)[:, None]
        unbound = np.array([bound is None for bound in bounds])[:, None]
        above = np.where(unbound, NEVER, quota * borrows // PERCENT)
        keeps = quota * (PERCENT - lends) // PERCENT
        return Steps(self.at, quota.sum(axis=1), quota, keeps, quota + above)

    @property
    def rules(self) -> tuple[Rules, ...]:
        """The rules of each step."""
        return tuple(map(rules_of, self.sharing))

    @property
    def largest(self) -> Table:
        """The most that each envelope ever has of each pool."""
        return np.asarray(self.quota.max(axis=1))

    def gpu_seconds(self, until: int) -> Column:
        """What each pool could do up to a moment."""
        ends = np.minimum(np.append(self.at[1:], until), until)
        lasts = np.maximum(ends - np.minimum(self.at, until), 0)
        return np.asarray((self.quota.sum(axis=2) * lasts).sum(axis=1))


def offer(document: Document, seconds: int) -> Offer:
    """What a policy, overlays and all, offers in so many seconds from its first day on.

    Raises Faulty where no support with envelopes has any GPUs in that time.
    """
    first = first_day(document)
    last = first + timedelta(days=seconds // DAY_SECONDS + 1)
    days = _days(document, first, last)
    support = _support(at(document, first).policy)
    parts = [_quotas(at(document, day).policy, support, day) for day in days]
    pools = tuple(dict.fromkeys(pool for part in parts for pool in part))
    envelopes = tuple(at(document, first).policy.envelopes[support].shares) if support else ()
    named = tuple(dict.fromkeys([*envelopes, *_names(parts)]))
    quota = np.array(
        [[[part.get(pool, {}).get(e, 0) for e in named] for part in parts] for pool in pools],
        np.int64,
    )
    if not quota.size or not quota.sum():
        what = f"no envelope has GPUs between {first} and {last}"
        mend = "write envelopes of a computing support, and lots that are usable in that time"
        raise Faulty([Fault("programme.yaml", 0, 0, "replay-no-envelopes", what, mend)])
    start = seconds_of(instant(first))
    moments = np.array([seconds_of(instant(day)) - start for day in days], np.int64)
    sharing = tuple(_sharing(at(document, day).policy, support) for day in days)
    return Offer(support, named, pools, days, moments, quota, sharing)


def _support(policy: Policy) -> str:
    """The first support that engines enforce and envelopes divide; empty where there is none."""
    divided = (name for name in policy.envelopes if policy.supports[name].enforced)
    return next(divided, "")


def _days(document: Document, first: date, last: date) -> tuple[date, ...]:
    """The first day, every later one on which anything may change, and the firsts of months."""
    trees = [document.programme, *(tree for _, tree in document.overlays)]
    named = {day for tree in trees for day in changes(tree)}
    for _, tree in document.overlays:
        ends = tree.get("until")
        named |= {ends.data} if ends is not None and isinstance(ends.data, date) else set()
    for day in {first, *(d for d in named if first < d <= last)}:
        for support in at(document, day).policy.supports.values():
            named |= {d for lot in _lots(support) for d in (lot.usable, lot.until) if d}
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
    if envelopes is None:
        return {}
    sites = policy.supports[support].sites(day)
    pools = {f"{chip} at {site}": n for chip, by in sites.items() for site, n in by.items() if n}
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
    envelopes = policy.envelopes.get(support)
    return (envelopes and envelopes.sharing) or Sharing()


def _names(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> Iterator[str]:
    return (name for part in parts for by in part.values() for name in by)
