"""A replay by the fast loop: from columns to the tables of `loop`, and back."""

import numpy as np

from headgate.simulation.replay.layout import (
    AHEAD,
    BORROWED,
    ENDED,
    ENVELOPE_FIELDS,
    FIRST,
    GANG_FIELDS,
    HELD,
    LAST,
    LEFT,
    LISTS,
    LOST,
    NEWEST,
    NOW,
    NUMBERS,
    OVERHEAD,
    STARTED,
    STEP,
    STOPS,
    State,
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


def replay(pool: Pool) -> Replayed:
    """What `plain.replay` gives, sooner."""
    check(pool)
    state = state_of(pool)
    run(state)
    found = {name: np.ascontiguousarray(state.gangs[:, column]) for name, column in COLUMNS.items()}
    return Replayed(**found, by_envelope=state.seen[:, :-1], by_step=state.seen[:, -1])


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
    now[NOW], now[STEP] = steps.at[0], -1
    rules = np.array([_listed(each) for each in pool.by_step], np.int64)
    supply = np.column_stack([steps.at, steps.gpus, steps.quota, steps.keeps, steps.ceiling, rules])
    lists, seen = (
        np.zeros((LISTS, count), np.int64),
        np.zeros((moments, envelopes + 1, 3), np.int64),
    )
    return State(rows, table, lists, now, np.ascontiguousarray(supply), seen)


def _listed(rules: Rules) -> tuple[int, ...]:
    """The rules in the order in which `layout` has them."""
    first = (rules.reclaim, rules.checkpoint_seconds, rules.restart_seconds, rules.look_ahead)
    return (*first, rules.turn_seconds, rules.turn_keeps)
