"""What must hold of every replay, whatever the policy: no result is shown that breaks one."""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np

from headgate.simulation.replay.layout import NEVER
from headgate.simulation.replay.pool import Budgets, Pool, Replayed


class Identity(StrEnum):
    """What a replay must keep."""

    WORK = "what a gang held is its work, what it lost and what starting again took"
    GPU_SECONDS = "what gangs held is what envelopes held"
    LITTLE = "what was waited for is the sum of the gangs' waits (Little's law)"
    CEILING = "no envelope held more than its ceiling, nor all together more than the pool"
    ORDER = "no gang starts before it is submitted or ends before its work is done"
    CREDITS = "what is lent is what is borrowed, as far as quotas cover the pool"
    BUDGET = "no award used more than its budget, and a second of its gangs where those end"
    SERVED = "a gang that the last step has room for ends"


class Broken(AssertionError):
    """Raised for a replay that cannot be right."""


def assure(pool: Pool, replayed: Replayed) -> None:
    """Raise Broken, naming each identity that does not hold."""
    if broken := list(_broken(pool, replayed)):
        raise Broken("; ".join(broken))


def _broken(pool: Pool, replayed: Replayed) -> Iterator[Identity]:
    gangs, ended = pool.gangs, replayed.ended >= 0
    went = replayed.went >= 0
    spent = gangs.seconds + replayed.lost + replayed.overhead - replayed.cut
    if (replayed.held != spent)[ended].any():
        yield Identity.WORK
    if not _gpu_seconds(pool, replayed):
        yield Identity.GPU_SECONDS
    if (ended | went).all() and not _little(pool, replayed):
        yield Identity.LITTLE
    if not _ceilings(pool, replayed):
        yield Identity.CEILING
    early = (replayed.started < gangs.submitted) | (replayed.ended < replayed.started + spent)
    if early[ended].any() or (went & (replayed.held > 0)).any():
        yield Identity.ORDER
    if not _credits(pool, replayed):
        yield Identity.CREDITS
    if pool.budgets is not None and not _budgets(pool, replayed, pool.budgets):
        yield Identity.BUDGET
    if not _served(pool, replayed):
        yield Identity.SERVED


def _by_envelope(pool: Pool, amounts: np.ndarray) -> np.ndarray:
    total = np.zeros(pool.steps.quota.shape[1], np.int64)
    np.add.at(total, pool.gangs.envelope, amounts)
    return total


def _gpu_seconds(pool: Pool, replayed: Replayed) -> bool:
    held = _by_envelope(pool, replayed.held * pool.gangs.gpus)
    return bool((held == replayed.by_envelope[:, :, 0].sum(axis=0)).all())


def _little(pool: Pool, replayed: Replayed) -> bool:
    left = np.maximum(replayed.ended, replayed.went)
    waits = left - pool.gangs.submitted - replayed.held - replayed.unpaid
    waited = _by_envelope(pool, waits * pool.gangs.gpus)
    unpaid = _by_envelope(pool, replayed.unpaid * pool.gangs.gpus)
    seen = replayed.by_envelope.sum(axis=0)
    return bool((waited == seen[:, 2]).all() and (unpaid == seen[:, 4]).all())


def _ceilings(pool: Pool, replayed: Replayed) -> bool:
    """By step: its length is what the pool held and left idle, by its GPUs."""
    steps, held = pool.steps, replayed.by_envelope[:, :, 0]
    whole = held.sum(axis=1) + replayed.by_step[:, 0]
    columns = (replayed.ended, replayed.went, pool.gangs.submitted)
    asked = max(rules.patience_seconds for rules in pool.by_step) + 1
    last = max(int(column.max(initial=steps.at[-1])) for column in columns) + asked
    longest = np.diff(np.append(steps.at, last))
    within = whole <= steps.gpus * longest
    exact = np.where(steps.gpus > 0, whole % np.maximum(steps.gpus, 1) == 0, whole == 0)
    seconds = np.where(steps.gpus > 0, whole // np.maximum(steps.gpus, 1), longest)
    under = held <= np.minimum(steps.ceiling, steps.gpus[:, None]) * seconds[:, None]
    kept = under | _was_above(steps.ceiling)
    return bool(within.all() and exact.all() and kept.all() and (replayed.by_step >= 0).all())


def _was_above(ceiling: np.ndarray) -> np.ndarray:
    """Steps at which a ceiling sank: what ran above it may end in its own time."""
    sank = np.zeros(ceiling.shape, np.bool_)
    sank[1:] = ceiling[1:] < np.maximum.accumulate(ceiling, axis=0)[:-1]
    return sank


def _credits(pool: Pool, replayed: Replayed) -> bool:
    """A transfer takes from some what it gives to others: step by step, where credits are kept."""
    steps = pool.steps
    borrowed, lent = (replayed.by_envelope[:, :, n].sum(axis=1) for n in (1, 3))
    kept = np.array([rules.credits for rules in pool.by_step])
    whole = kept & (steps.quota.sum(axis=1) >= steps.gpus)
    within = np.where(kept, lent <= borrowed, lent == 0)
    return bool(within.all() and (lent == borrowed)[whole].all())


def _budgets(pool: Pool, replayed: Replayed, budgets: Budgets) -> bool:
    """Awards whose one budget is never renewed nor changed: what they paid is within it."""
    used, most = (np.zeros(budgets.amount.shape[1], np.int64) for _ in range(2))
    np.add.at(used, budgets.award, replayed.held * pool.gangs.gpus)
    np.add.at(most, budgets.award, pool.gangs.gpus)
    one = (budgets.amount == budgets.amount[0]).all(axis=0) & ~budgets.renews[1:].any()
    ends = any(rules.ends_spent for rules in pool.by_step)
    return bool((used <= budgets.amount[0] + most * ends)[one].all())


def _served(pool: Pool, replayed: Replayed) -> bool:
    steps, gangs = pool.steps, pool.gangs
    kept = steps.keeps[-1].sum() - steps.keeps[-1]
    most = np.minimum(steps.ceiling[-1], steps.gpus[-1] - kept)
    fits = gangs.gpus <= most[gangs.envelope]
    if pool.budgets is not None:
        fits &= pool.budgets.amount[-1][pool.budgets.award] == NEVER
    there = replayed.went < 0
    return bool(fits[there & (replayed.ended < 0)].sum() == 0 or not fits[there].all())
