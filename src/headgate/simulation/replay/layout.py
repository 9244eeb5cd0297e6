"""Where the fast loop keeps what: columns of its tables, and the tables together.

Compiled code is kept by the time stamp of `loop` alone. So `loop` names the digest of this file, of
`orders`, `accounts`, `nodes` and `queues`, and a test compares: who changes one of them saves the
loop too.
"""

from typing import Final, NamedTuple

import numpy as np

Column = np.ndarray[tuple[int], np.dtype[np.int64]]
Table = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

NEVER: Final = 1 << 60
"""A moment that does not come, and a ceiling that nobody reaches."""
WHOLE_BITS: Final = 20
"""Past use is kept in parts of 2**20 at every turn of the fair share's clock."""

SUBMITTED, SECONDS, LIMIT, GPUS, ENVELOPE, STARTED, ENDED, STOPS = range(8)
LOST, HELD, AHEAD, BORROWED, LEFT, PAID, PLACE, NEWER, OVERHEAD = range(8, 17)
GANG_FIELDS = 17
OLDER, BEGAN, WENT = SUBMITTED, ENDED, PLACE
"""Who runs is no longer to come and has not ended; who went elsewhere never started: fields that
are never used at once."""
AWARD, NEXT_UNPAID, UNPAID_SINCE, UNPAID_FOR, CUT, AWAY = range(17, 23)
BILL_FIELDS = 23
CHAIN, PART = range(23, 25)
PLACE_FIELDS = 25
"""A gang's bill is there only where there are budgets, its places only where there are nodes."""

QUOTA, KEEPS, CEILING, USED, PAST, WAITED, FIRST, LAST, NEWEST, TRIED, TRIAL, CURSOR = range(12)
DEBT, UNPAID = range(12, 14)
ENVELOPE_FIELDS = 14

BUDGET, SPENT, SINCE, RATE, PROMISED, FIRST_UNPAID, LAST_UNPAID, FREED = range(8)
AWARD_FIELDS = 8

FREE, TRIAL_FREE, NEXT, PREVIOUS = range(4)
NODE_FIELDS = 4

WHO, ASKS, NEEDS = range(3)
QUEUES = 3

CHOSEN, END_AT, END_OF, LIMIT_AT, LIMIT_OF = range(5)
LISTS = 5

NOW, STEP, CAPACITY, IDLE, KEPT, ARRIVED, RUNNING, STARTS, WAITING, LOOKED, AT, SPARE, OWN = range(
    13
)
RECLAIM, CHECKPOINT, RESTART, LOOK_AHEAD, TURN, TURN_KEEPS, CREDITS, ENDS_SPENT, PATIENCE = range(
    13, 22
)
SENT_AWAY, MAY_PAY, SPENT_AT, NODE_GPUS, NODES, SPLIT, HEAD_ASKS, ASKED, WHOLE = range(22, 31)
NUMBERS = 31
RULES = 9
"""How many rules a row of the supply has after its envelopes, in the order of `now` from RECLAIM
on; budgets follow them: whether they begin anew, and each award's."""
SOON: Final = 1 << 30
"""Moments before it, and spans of time between them, fit gangs in 32 bits."""


class State(NamedTuple):
    """A pool at one moment.

    `lists` are what a reclaim has chosen, the heap of ends and the order of limits; `now` is
    everything single, the rules too; `seen` is by step, envelope (the last row is the pool) and
    figure. `awards` is empty where there are no budgets, `nodes` where the pool has none; `packed`
    is then an empty tuple, which machine code knows before it runs, so that such a pool does not
    pay for nodes. `gangs` and `queues` are in 32 bits while moments are SOON.
    """

    gangs: Table
    envelopes: Table
    queues: Table
    lists: Table
    now: Table
    supply: Table
    seen: Table
    awards: Table
    nodes: Table
    packed: tuple[bool, ...]
