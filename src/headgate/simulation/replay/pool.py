"""What is replayed, and what comes out: gangs that ask one pool of GPUs under envelopes.

The rules, at every instant at which something happens, after all ends, changes of supply and
submissions of that instant:

1. Where the pool has shrunk below what runs, gangs are stopped, newest start first: of envelopes
   that hold more than their quota, then of all.
2. The first gang of each envelope's queue is looked at: those within their envelope's quota before
   those that would borrow, then by use (or past use, or debt) over quota, smallest first, then by
   number. It starts if it
   fits what is idle, less what others keep for themselves, and if its envelope stays under its
   ceiling. Within its quota it may stop gangs of envelopes above theirs, newest first, if that
   makes it fit (reclaim). A gang that would borrow waits behind the first that has to wait. After
   every start the looking begins again.
3. The first gang that has to wait for room has the pool's reservation: the time at which enough
   limits of running gangs have passed. One that has to wait for its own envelope's ceiling has a
   reservation under that ceiling. Up to `look_ahead` other gangs, envelope by envelope, are looked
   at and start where that delays neither reservation (EASY backfill: Lifka, JSSPP 1995; Feitelson
   and Weil, IPPS 1998).

Budgets: an award pays for what its gangs hold until its budget begins anew. A gang that is first in
its queue, or that backfill would start, and that its award cannot pay leaves the queue. It comes
back to the front, in order, once what is left pays for it. Where spent budgets end what runs, an
award pays while anything is left and its gangs end when nothing is; else it pays for a gang only
to its limit, beside all that run.

Credits: who holds more than its quota owes each GPU-second to those who hold less, the deepest in
debt first, as far as they hold less (Karma: Vuppalapati et al., OSDI 2023; weighted by quotas,
continuous, and an order of turns: debt stops nobody). What nobody's quota covers is owed to no one.

Nodes, where a pool has any: a gang of fewer GPUs than a node stands on one node, a larger one on
whole nodes and, with what is left over, on one more. The part goes where the fewest GPUs are free
(best fit), of equal nodes to the one that changed last. A gang fits only if its nodes are there:
reclaim goes on until they are, a reservation begins when they will be, and whoever still runs by
then must leave them. A smaller pool gives up whole nodes, and gangs are stopped until enough are
free.

Patience, where the rules have any: a gang that never started and has waited longer leaves for
another pool before the next may start. It is asked once; who waits for its award then stays. A pool
whose chips will not stand again has a patience of nothing from that step on.

A stopped gang keeps the work up to its last checkpoint, goes to the front of its queue and pays
`restart_seconds` when it starts again. Walls are ceilings that equal the quota; a spot class is
an envelope with a quota of nothing, which anyone with a right may stop.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from headgate.simulation.replay.layout import WHOLE_BITS, Column, Table

UNBOUND: Final = -1
"""A look-ahead without an end."""

GPUS_MOST: Final = 1 << 20
SECONDS_MOST: Final = 1 << 33
JOBS_MOST: Final = 1 << 27


class Misfit(StrEnum):
    """Why a pool cannot be replayed."""

    LENGTHS = "columns-of-other-lengths"
    SIZES = "gpus-out-of-range"
    SECONDS = "seconds-out-of-range"
    UNSORTED = "submissions-not-in-order"
    ENVELOPE = "envelope-unknown"
    STEPS = "steps-not-in-order"
    BUDGETS = "budgets-out-of-range"
    NODES = "gpus-not-in-whole-nodes"
    RULES = "rules-out-of-range"


class Unreplayable(ValueError):
    """Raised for a pool that the rules do not cover, with every reason."""

    def __init__(self, misfits: frozenset[Misfit]) -> None:
        self.misfits = misfits
        super().__init__(", ".join(sorted(misfits)))


@dataclass(frozen=True, slots=True)
class Gangs:
    """Jobs as columns, by submission: when, how long, how long at most, how many GPUs, whose."""

    submitted: Column
    seconds: Column
    limit: Column
    gpus: Column
    envelope: Column


@dataclass(frozen=True, slots=True)
class Steps:
    """The pool by step: from `at` on it has so many GPUs, each envelope its quota, keeps, ceiling.

    An envelope keeps up to `keeps` GPUs for itself even when they lie idle, and never holds more
    than `ceiling`. `at` begins at or before the first submission.
    """

    at: Column
    gpus: Column
    quota: Table
    keeps: Table
    ceiling: Table


@dataclass(frozen=True, slots=True)
class Rules:
    """How the pool is shared beside its envelopes.

    A `checkpoint_seconds` of 0 means that a stopped gang begins anew. With a `turn_seconds` above 0
    the order of envelopes goes by past use instead of present use; at every turn of that clock
    `turn_keeps` parts of 2**20 of it are kept (fair share). With `credits` it goes by whole
    GPU-hours of debt. `ends_spent` says whether a spent budget ends what runs. Who has not started
    after `patience_seconds` leaves; UNBOUND is a patience without an end.
    """

    reclaim: bool = True
    checkpoint_seconds: int = 1800
    restart_seconds: int = 300
    look_ahead: int = UNBOUND
    turn_seconds: int = 0
    turn_keeps: int = 0
    credits: bool = False
    ends_spent: bool = False
    patience_seconds: int = UNBOUND


@dataclass(frozen=True, slots=True)
class Budgets:
    """What awards may use: `award` is by gang, `amount` in GPU-seconds by step and award.

    NEVER is a budget without an end. At the steps of which `renews` is 1 every budget begins anew.
    All gangs of an award are of one envelope.
    """

    award: Column
    amount: Table
    renews: Column


@dataclass(frozen=True, slots=True)
class Pool:
    """Everything that a replay depends on; `later` are rules from a step on, where they change.

    `node_gpus` are the GPUs of a node; with 0 any idle GPUs make a place for any gang.
    """

    gangs: Gangs
    steps: Steps
    rules: Rules
    later: Mapping[int, Rules] = field(default_factory=dict)
    budgets: Budgets | None = None
    node_gpus: int = 0

    @property
    def by_step(self) -> tuple[Rules, ...]:
        """The rules of every step."""
        found = [self.rules]
        for step in range(len(self.steps.at)):
            found.append(self.later.get(step, found[-1]))
        return tuple(found[1:])


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of each gang and what each step saw.

    By gang: its first start and last end (-1: never), how often it was stopped, seconds of work
    lost, seconds spent on starting again, seconds in which it held its GPUs, starts ahead of its
    queue, starts above its quota, seconds for which its award could not pay, seconds of work that a
    spent budget left undone, when it left for another pool (-1: never). By step and envelope, in
    GPU-seconds: held, held above the quota, waited for, lent (where credits are kept), asked for
    and not paid. By step: idle, idle while somebody waited, the part of it that what waited would
    have filled, and what the first that waited would have filled had the idle GPUs stood on its
    nodes (fragments).
    """

    started: Column
    ended: Column
    stops: Column
    lost: Column
    overhead: Column
    held: Column
    ahead: Column
    borrowed: Column
    unpaid: Column
    cut: Column
    went: Column
    by_envelope: Table
    by_step: Table


def check(pool: Pool) -> None:
    """Raise Unreplayable where the numbers leave what the rules, in 64 bits, are exact for."""
    misfits = frozenset(_misfits(pool))
    if misfits:
        raise Unreplayable(misfits)


def _misfits(pool: Pool) -> Iterator[Misfit]:
    gangs, steps = pool.gangs, pool.steps
    columns = (gangs.submitted, gangs.seconds, gangs.limit, gangs.gpus, gangs.envelope)
    lengths = {len(column) for column in columns}
    shapes = {table.shape for table in (steps.quota, steps.keeps, steps.ceiling)}
    whole = shapes == {(len(steps.gpus), steps.quota.shape[-1])}
    if len(lengths) > 1 or not whole or len(steps.gpus) != len(steps.at):
        yield Misfit.LENGTHS
    else:
        found = (*_gang_misfits(gangs, steps.quota.shape[1]), *_step_misfits(gangs, steps))
        yield from (misfit for misfit, wrong in found if wrong)
    rules = (pool.rules, *pool.later.values())
    if pool.budgets is not None and not _budgets_fit(gangs, steps, pool.budgets):
        yield Misfit.BUDGETS
    each = pool.node_gpus
    if not 0 <= each <= GPUS_MOST or (each and (steps.gpus % each).any()):
        yield Misfit.NODES
    if not all(_rules_fit(each) and _past_fits(steps, each) for each in rules):
        yield Misfit.RULES


def _gang_misfits(gangs: Gangs, envelopes: int) -> Iterator[tuple[Misfit, bool]]:
    asked, of = gangs.gpus, gangs.envelope
    yield Misfit.SIZES, bool(((asked < 1) | (asked > GPUS_MOST)).any()) or len(asked) > JOBS_MOST
    short = (gangs.seconds < 1) | (gangs.limit < gangs.seconds)
    long = (gangs.limit > SECONDS_MOST) | (abs(gangs.submitted) > SECONDS_MOST)
    yield Misfit.SECONDS, bool((short | long).any())
    yield Misfit.UNSORTED, bool((np.diff(gangs.submitted) < 0).any())
    yield Misfit.ENVELOPE, bool(((of < 0) | (of >= envelopes)).any())


def _step_misfits(gangs: Gangs, steps: Steps) -> Iterator[tuple[Misfit, bool]]:
    late = bool((gangs.submitted[:1] < steps.at[:1]).any())
    yield Misfit.STEPS, not len(steps.at) or late or bool((np.diff(steps.at) <= 0).any())
    wrong = (steps.keeps < 0) | (steps.keeps > steps.quota) | (steps.ceiling < steps.quota)
    large = (steps.quota > GPUS_MOST).any() or (steps.gpus > GPUS_MOST).any()
    yield Misfit.SIZES, bool(wrong.any() or large or (steps.gpus < 0).any())


def _budgets_fit(gangs: Gangs, steps: Steps, budgets: Budgets) -> bool:
    """Whether every gang has an award, of its own envelope only, and every step its amounts."""
    of, amount = budgets.award, budgets.amount
    shapes = len(of) == len(gangs.gpus), len(amount) == len(budgets.renews) == len(steps.at)
    if not all(shapes) or ((of < 0) | (of >= amount.shape[1])).any() or (amount < 0).any():
        return False
    of_award = np.zeros(amount.shape[1], np.int64)
    of_award[of] = gangs.envelope
    return bool((of_award[of] == gangs.envelope).all())


def _past_fits(steps: Steps, rules: Rules) -> bool:
    """Whether past use, which no turn lets grow beyond its own sum, stays exact."""
    fading = (1 << WHOLE_BITS) - rules.turn_keeps
    most = int(steps.gpus.max(initial=1)) * max(rules.turn_seconds, 1)
    return fading > 0 and (most << WHOLE_BITS) // fading < 1 << 41


def _rules_fit(rules: Rules) -> bool:
    least = min(rules.checkpoint_seconds, rules.restart_seconds, rules.turn_seconds)
    most = max(rules.checkpoint_seconds, rules.restart_seconds, rules.turn_seconds)
    turns = not rules.turn_seconds or 60 <= rules.turn_seconds <= 1 << 17
    keeps = 0 <= rules.turn_keeps < 1 << WHOLE_BITS
    waits = UNBOUND <= rules.patience_seconds <= SECONDS_MOST
    ahead = rules.look_ahead >= UNBOUND
    return 0 <= least and most <= SECONDS_MOST and turns and keeps and ahead and waits
