"""A replay by the fast loop: from columns to the tables of `loop`, and back.

Gangs are kept in 32 bits, which is half the memory and less of the time. Where what is asked is
longer, or goes on for longer than is known before, they are kept in 64 bits.
"""

import numpy as np

from headgate.simulation.replay.compiling import compiled
from headgate.simulation.replay.layout import (
    AHEAD,
    AWARD,
    AWARD_FIELDS,
    BILL_FIELDS,
    BORROWED,
    CUT,
    ENDED,
    ENVELOPE_FIELDS,
    FIRST,
    FIRST_UNPAID,
    FREE,
    GANG_FIELDS,
    HELD,
    LAST,
    LAST_UNPAID,
    LEFT,
    LISTS,
    LOST,
    NEVER,
    NEWEST,
    NEXT,
    NODE_FIELDS,
    NODE_GPUS,
    NOW,
    NUMBERS,
    OVERHEAD,
    PLACE_FIELDS,
    PREVIOUS,
    QUEUES,
    SINCE,
    SOON,
    STARTED,
    STEP,
    STOPS,
    UNPAID_FOR,
    WENT,
    WHOLE,
    State,
    Table,
)
from headgate.simulation.replay.loop import run
from headgate.simulation.replay.pool import Pool, Replayed, Rules, check

COLUMNS = {
    "started": STARTED,
    "ended": ENDED,
    "stops": STOPS,
    "lost": LOST,
    "overhead": OVERHEAD,
    "held": HELD,
    "ahead": AHEAD,
    "borrowed": BORROWED,
}
BILLS = {"unpaid": UNPAID_FOR, "cut": CUT}


def replay(pool: Pool) -> Replayed:
    """What `plain.replay` gives, sooner."""
    check(pool)
    state = state_of(pool, wide=not (compiled(run) and _is_soon(pool)))
    if not run(state):
        state = state_of(pool, wide=True)
        run(state)
    found = {name: state.gangs[:, column] for name, column in COLUMNS.items()}
    none = np.broadcast_to(np.int64(0), len(pool.gangs.gpus))
    for name, column in BILLS.items():
        found[name] = state.gangs[:, column] if len(state.awards) else none
    found["went"] = np.where(found["started"] < 0, state.gangs[:, WENT], -1)
    return Replayed(**found, by_envelope=state.seen[:, :-1], by_step=state.seen[:, -1, :4])


def _is_soon(pool: Pool) -> bool:
    """Whether what is known before fits 32 bits; whether its end does, the loop says."""
    gangs, rules = pool.gangs, pool.by_step
    spans = max(max(each.restart_seconds, each.patience_seconds) for each in rules)
    longest = max(int(gangs.limit.max(initial=0)), int(gangs.submitted.max(initial=0)), spans)
    return longest < SOON and int(pool.steps.at[0]) > -SOON


def state_of(pool: Pool, *, wide: bool) -> State:
    """A pool before anything has happened, its gangs in 64 bits or in 32."""
    gangs, steps = pool.gangs, pool.steps
    count, (moments, envelopes) = len(gangs.gpus), steps.quota.shape
    bits = np.int64 if wide else np.int32
    paid, placed = pool.budgets is not None, pool.node_gpus > 0
    width = PLACE_FIELDS if placed else BILL_FIELDS if paid else GANG_FIELDS
    rows = np.zeros((count, width), bits)
    given = (gangs.submitted, gangs.seconds, gangs.limit, gangs.gpus, gangs.envelope)
    for column, values in enumerate(given):
        rows[:, column] = values
    rows[:, LEFT] = gangs.seconds
    rows[:, STARTED] = rows[:, ENDED] = rows[:, WENT] = -1
    if pool.budgets is not None:
        rows[:, AWARD] = pool.budgets.award
    table = np.zeros((envelopes, ENVELOPE_FIELDS), np.int64)
    per_envelope = np.bincount(gangs.envelope, minlength=envelopes)
    table[:, FIRST] = table[:, LAST] = np.cumsum(per_envelope) - per_envelope
    table[:, NEWEST] = -1
    now = np.zeros(NUMBERS, np.int64)
    now[NOW], now[STEP], now[NODE_GPUS] = steps.at[0], -1, pool.node_gpus
    now[WHOLE] = NEVER if wide else SOON
    rules = np.array([_listed(each) for each in pool.by_step], np.int64)
    told = [steps.at, steps.gpus, steps.quota, steps.keeps, steps.ceiling, rules]
    if pool.budgets is not None:
        told += [pool.budgets.renews, pool.budgets.amount]
    supply = np.ascontiguousarray(np.column_stack(told))
    running = count if pool.budgets is not None else min(count, int(steps.gpus.max()))
    queues, lists = np.zeros((QUEUES, count), bits), np.zeros((LISTS, running + 1), np.int64)
    seen = np.zeros((moments, envelopes + 1, 5), np.int64)
    packed = (True,) if placed else ()
    awards, nodes = _awards_of(pool), _nodes_of(pool)
    return State(rows, table, queues, lists, now, supply, seen, awards, nodes, packed)


def _awards_of(pool: Pool) -> Table:
    """Awards that have paid nothing."""
    count = 0 if pool.budgets is None else pool.budgets.amount.shape[1]
    awards = np.zeros((count, AWARD_FIELDS), np.int64)
    awards[:, FIRST_UNPAID] = awards[:, LAST_UNPAID] = -1
    awards[:, SINCE] = pool.steps.at[0]
    return awards


def _nodes_of(pool: Pool) -> Table:
    """Rings and nodes, none of them in service yet."""
    each, most = pool.node_gpus, int(pool.steps.gpus.max())
    rings = each + 1 if each else 0
    nodes = np.zeros((rings + most // max(each, 1) * bool(each), NODE_FIELDS), np.int64)
    nodes[:rings, NEXT] = nodes[:rings, PREVIOUS] = np.arange(rings)
    nodes[rings:, FREE] = -1
    return nodes


def _listed(rules: Rules) -> tuple[int, ...]:
    """The rules in the order in which `layout` has them."""
    first = (rules.reclaim, rules.checkpoint_seconds, rules.restart_seconds, rules.look_ahead)
    turns = (rules.turn_seconds, rules.turn_keeps, rules.credits)
    return (*first, *turns, rules.ends_spent, rules.patience_seconds)
