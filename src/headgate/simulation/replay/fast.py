"""A replay by the fast loop: from columns to the tables of `loop`, and back."""

import numpy as np

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
    STARTED,
    STEP,
    STOPS,
    UNPAID_FOR,
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
    state = state_of(pool)
    run(state)
    found = {name: state.gangs[:, column] for name, column in COLUMNS.items()}
    for name, column in BILLS.items():
        if len(state.bills):
            found[name] = state.bills[:, column]
        else:
            found[name] = np.zeros(len(pool.gangs.gpus), np.int64)
    return Replayed(**found, by_envelope=state.seen[:, :-1], by_step=state.seen[:, -1, :4])


def state_of(pool: Pool) -> State:
    """A pool before anything has happened."""
    gangs, steps = pool.gangs, pool.steps
    count, (moments, envelopes) = len(gangs.gpus), steps.quota.shape
    rows = np.zeros((count, GANG_FIELDS), np.int64)
    given = (gangs.submitted, gangs.seconds, gangs.limit, gangs.gpus, gangs.envelope)
    for column, values in enumerate(given):
        rows[:, column] = values
    rows[:, LEFT] = gangs.seconds
    rows[:, STARTED] = rows[:, ENDED] = -1
    table = np.zeros((envelopes, ENVELOPE_FIELDS), np.int64)
    per_envelope = np.bincount(gangs.envelope, minlength=envelopes)
    table[:, FIRST] = table[:, LAST] = np.cumsum(per_envelope) - per_envelope
    table[:, NEWEST] = -1
    now = np.zeros(NUMBERS, np.int64)
    now[NOW], now[STEP], now[NODE_GPUS] = steps.at[0], -1, pool.node_gpus
    rules = np.array([_listed(each) for each in pool.by_step], np.int64)
    supply = np.column_stack([steps.at, steps.gpus, steps.quota, steps.keeps, steps.ceiling, rules])
    running = count if pool.budgets is not None else min(count, int(steps.gpus.max()))
    queues, lists = np.zeros((QUEUES, count), np.int64), np.zeros((LISTS, running + 1), np.int64)
    seen = np.zeros((moments, envelopes + 1, 5), np.int64)
    paid = _budgets_of(pool)
    return State(
        rows, table, queues, lists, now, np.ascontiguousarray(supply), seen, *paid, *_nodes_of(pool)
    )


def _budgets_of(pool: Pool) -> tuple[Table, Table, Table]:
    """Awards, what each gang owes to which of them, and the budgets of each step."""
    budgets, count = pool.budgets, len(pool.gangs.gpus)
    if budgets is None:
        widths = (AWARD_FIELDS, BILL_FIELDS, 1)
        awards, bills, amounts = (np.zeros((0, width), np.int64) for width in widths)
        return awards, bills, amounts
    awards = np.zeros((budgets.amount.shape[1], AWARD_FIELDS), np.int64)
    awards[:, FIRST_UNPAID] = awards[:, LAST_UNPAID] = -1
    awards[:, SINCE] = pool.steps.at[0]
    bills = np.zeros((count, BILL_FIELDS), np.int64)
    bills[:, AWARD] = budgets.award
    return awards, bills, np.column_stack([budgets.renews, budgets.amount])


def _nodes_of(pool: Pool) -> tuple[Table, Table]:
    """Rings and nodes, none of them in service yet, and where each gang stands."""
    each, most = pool.node_gpus, int(pool.steps.gpus.max())
    rings = each + 1 if each else 0
    nodes = np.zeros((rings + most // max(each, 1) * bool(each), NODE_FIELDS), np.int64)
    nodes[:rings, NEXT] = nodes[:rings, PREVIOUS] = np.arange(rings)
    nodes[rings:, FREE] = -1
    places = np.zeros((len(pool.gangs.gpus) if each else 0, PLACE_FIELDS), np.int64)
    return nodes, places


def _listed(rules: Rules) -> tuple[int, ...]:
    """The rules in the order in which `layout` has them."""
    first = (rules.reclaim, rules.checkpoint_seconds, rules.restart_seconds, rules.look_ahead)
    return (*first, rules.turn_seconds, rules.turn_keeps, rules.credits, rules.ends_spent)
