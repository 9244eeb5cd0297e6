"""What runs, in the orders that the fast loop asks for: by start, by end, by limit.

Ends are a binary heap, limits a sorted stretch, the latest first: most gangs are short, and come
and go at its end. Both are rows of one table, a place being a moment and, in the row after it, a
gang.
"""

from headgate.simulation.replay.compiling import inner
from headgate.simulation.replay.layout import (
    BEGAN,
    END_AT,
    END_OF,
    LEFT,
    LIMIT,
    LIMIT_AT,
    LIMIT_OF,
    NEWER,
    NEWEST,
    OLDER,
    PAID,
    RUNNING,
    SECONDS,
    State,
)


@inner
def link(s: State, gang: int, k: int) -> None:
    """Make a gang the newest of its envelope."""
    last = s.envelopes[k, NEWEST]
    s.gangs[gang, OLDER] = last
    s.gangs[gang, NEWER] = -1
    if last >= 0:
        s.gangs[last, NEWER] = gang
    s.envelopes[k, NEWEST] = gang


@inner
def unlink(s: State, gang: int, k: int) -> None:
    """Take a gang out of its envelope's order."""
    older, newer = s.gangs[gang, OLDER], s.gangs[gang, NEWER]
    if older >= 0:
        s.gangs[older, NEWER] = newer
    if newer >= 0:
        s.gangs[newer, OLDER] = older
    else:
        s.envelopes[k, NEWEST] = older


@inner
def limit_end(s: State, gang: int) -> int:
    """The moment at which a running gang's limit passes."""
    longest = s.gangs[gang, LIMIT] - s.gangs[gang, SECONDS] + s.gangs[gang, LEFT]
    moment: int = s.gangs[gang, BEGAN] + s.gangs[gang, PAID] + longest
    return moment


@inner
def moved(s: State, pair: int, source: int, target: int) -> None:
    """Copy one place of the heap (END_AT) or of the order of limits (LIMIT_AT) to another."""
    s.lists[pair, target] = s.lists[pair, source]
    s.lists[pair + 1, target] = s.lists[pair + 1, source]


@inner
def risen(s: State, place: int, when: int) -> int:
    """Make way for an end towards the top of the heap; the place that it may take."""
    while place > 0 and s.lists[END_AT, (place - 1) >> 1] > when:
        moved(s, END_AT, (place - 1) >> 1, place)
        place = (place - 1) >> 1
    return place


@inner
def take_end(s: State, gang: int) -> None:
    """Take a gang's end out of the heap, whose size is the new number of running gangs."""
    place, size = 0, s.now[RUNNING]
    while s.lists[END_OF, place] != gang:
        place += 1
    when, last = s.lists[END_AT, size], s.lists[END_OF, size]
    place = risen(s, place, when)
    while True:
        below = 2 * place + 1
        if below + 1 < size and s.lists[END_AT, below + 1] < s.lists[END_AT, below]:
            below += 1
        if below >= size or s.lists[END_AT, below] >= when:
            break
        moved(s, END_AT, below, place)
        place = below
    s.lists[END_AT, place] = when
    s.lists[END_OF, place] = last


@inner
def first_limit(s: State, when: int) -> int:
    """The first place in the order of limits that is not after a moment."""
    low, high = 0, s.now[RUNNING]
    while low < high:
        middle = (low + high) >> 1
        if s.lists[LIMIT_AT, middle] > when:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def insert_limit(s: State, when: int, gang: int) -> None:
    """Add a limit to the order, whose length is still the old number of running gangs."""
    place = first_limit(s, when)
    for at in range(s.now[RUNNING], place, -1):
        moved(s, LIMIT_AT, at - 1, at)
    s.lists[LIMIT_AT, place] = when
    s.lists[LIMIT_OF, place] = gang


@inner
def take_limit(s: State, when: int, gang: int) -> None:
    """Take a limit out of the order, whose length is still the old number of running gangs."""
    place = first_limit(s, when)
    while s.lists[LIMIT_OF, place] != gang:
        place += 1
    for at in range(place, s.now[RUNNING] - 1):
        moved(s, LIMIT_AT, at + 1, at)
