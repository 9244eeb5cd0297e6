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
OLDER, BEGAN = SUBMITTED, ENDED
"""Who runs is no longer to come, and has not ended: two fields that are never used at once."""

QUOTA, KEEPS, CEILING, USED, PAST, WAITED, FIRST, LAST, NEWEST, TRIED, TRIAL, CURSOR = range(12)
DEBT, UNPAID = range(12, 14)
ENVELOPE_FIELDS = 14

BUDGET, SPENT, SINCE, RATE, PROMISED, FIRST_UNPAID, LAST_UNPAID = range(7)
AWARD_FIELDS = 7

AWARD, NEXT_UNPAID, UNPAID_SINCE, UNPAID_FOR, CUT = range(5)
BILL_FIELDS = 5

FREE, TRIAL_FREE, NEXT, PREVIOUS = range(4)
NODE_FIELDS = 4

CHAIN, PART = range(2)
PLACE_FIELDS = 2

WHO, ASKS, NEEDS = range(3)
QUEUES = 3

CHOSEN, END_AT, END_OF, LIMIT_AT, LIMIT_OF = range(5)
LISTS = 5

NOW, STEP, CAPACITY, IDLE, KEPT, ARRIVED, RUNNING, STARTS, WAITING, LOOKED, AT, SPARE, OWN = range(
    13
)
RECLAIM, CHECKPOINT, RESTART, LOOK_AHEAD, TURN, TURN_KEEPS, CREDITS, ENDS_SPENT = range(13, 21)
SENT_AWAY, MAY_PAY, SPENT_AT, NODE_GPUS, NODES, SPLIT, HEAD_ASKS = range(21, 28)
NUMBERS = 28
RULES = 8
"""How many rules stand at the end of a row of the supply, in the order of `now` from RECLAIM on."""


class State(NamedTuple):
    """A pool at one moment.

    `lists` are what a reclaim has chosen, the heap of ends and the order of limits;
    `now` is everything single, the rules too; `seen` is by step, envelope (the last row is the
    pool) and figure. `awards` and `bills`, by award and gang, are empty where there are no budgets;
    `budgets` are by step: whether they begin anew, and each award's. `nodes` and `places` are as
    `nodes` (the module) says, and empty where the pool has none.
    """

    gangs: Table
    envelopes: Table
    queues: Table
    lists: Table
    now: Table
    supply: Table
    seen: Table
    awards: Table
    bills: Table
    budgets: Table
    nodes: Table
    places: Table
