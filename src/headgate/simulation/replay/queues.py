"""Queues as stretches of one array, and who leaves them: unpaid by its award, or out of patience.

Whoever leaves shifts those before it by one place, so that the place in front which a stopped or
returning gang needs is always there.
"""

from headgate.simulation.replay.accounts import costs, left_of, pays
from headgate.simulation.replay.compiling import inner

from headgate.simulation.replay.layout import (  # isort: skip
    ARRIVED, ASKED, ASKS, AWARD, AWAY, BUDGET, CHOSEN, ENVELOPE, FIRST, FIRST_UNPAID, FREED, GPUS,
    LAST, LAST_UNPAID, LEFT, LIMIT, MAY_PAY, NEEDS, NEVER, NEXT_UNPAID, NOW, PATIENCE, RESTART,
    SECONDS, SENT_AWAY, STARTED, STOPS, SUBMITTED, UNPAID, UNPAID_FOR, UNPAID_SINCE, WAITED,
    WAITING, WENT, WHO, State,
)  # fmt: skip


@inner
def enqueue(s: State, gang: int, place: int) -> None:
    """Write a gang into its place of a queue."""
    need = s.gangs[gang, LIMIT] - s.gangs[gang, SECONDS] + s.gangs[gang, LEFT]
    if s.gangs[gang, STOPS] > 0:
        need += s.now[RESTART]
    s.queues[WHO, place] = gang
    s.queues[ASKS, place] = s.gangs[gang, GPUS]
    s.queues[NEEDS, place] = need
    s.envelopes[s.gangs[gang, ENVELOPE], WAITED] += s.gangs[gang, GPUS]
    s.now[WAITING] += s.gangs[gang, GPUS]


@inner
def take_out(s: State, place: int, k: int) -> int:
    """Take the gang at a place out of a queue."""
    gang: int = s.queues[WHO, place]
    first = s.envelopes[k, FIRST]
    for at in range(place, first, -1):
        s.queues[WHO, at] = s.queues[WHO, at - 1]
        s.queues[ASKS, at] = s.queues[ASKS, at - 1]
        s.queues[NEEDS, at] = s.queues[NEEDS, at - 1]
    s.envelopes[k, FIRST] = first + 1
    s.envelopes[k, WAITED] -= s.gangs[gang, GPUS]
    s.now[WAITING] -= s.gangs[gang, GPUS]
    return gang


@inner
def send_unpaid(s: State) -> None:
    """Whoever is first in a queue and cannot be paid leaves it."""
    for k in range(len(s.envelopes)):
        while s.envelopes[k, FIRST] < s.envelopes[k, LAST]:
            if pays(s, s.queues[WHO, s.envelopes[k, FIRST]]):
                break
            send_away(s, s.envelopes[k, FIRST], k)


@inner
def send_away(s: State, place: int, k: int) -> None:
    """A gang that its award cannot pay leaves its queue and waits for the award."""
    gang = take_out(s, place, k)
    award = s.gangs[gang, AWARD]
    if s.awards[award, FIRST_UNPAID] < 0:
        s.awards[award, FIRST_UNPAID] = gang
    else:
        s.gangs[s.awards[award, LAST_UNPAID], NEXT_UNPAID] = gang
    s.awards[award, LAST_UNPAID] = gang
    s.gangs[gang, NEXT_UNPAID] = -1
    s.gangs[gang, UNPAID_SINCE] = s.now[NOW]
    s.gangs[gang, AWAY] = 1
    s.envelopes[k, UNPAID] += s.gangs[gang, GPUS]
    s.now[SENT_AWAY] += 1


@inner
def bring_back(s: State) -> None:
    """Whom what is left pays for comes to the front of the queue, in order.

    Time frees nothing: only an award of which a gang left, or whose budget changed, is asked.
    """
    s.now[MAY_PAY] = 0
    for award in range(len(s.awards)):
        if s.awards[award, FREED] == 0:
            continue
        s.awards[award, FREED] = 0
        gang, left, count = s.awards[award, FIRST_UNPAID], left_of(s, award), 0
        while gang >= 0:
            cost = costs(s, gang)
            if s.awards[award, BUDGET] < NEVER and cost > left:
                break
            left -= cost
            s.lists[CHOSEN, count] = gang
            count += 1
            gang = s.gangs[gang, NEXT_UNPAID]
        s.awards[award, FIRST_UNPAID] = gang
        for each in range(count - 1, -1, -1):
            back = s.lists[CHOSEN, each]
            k = s.gangs[back, ENVELOPE]
            s.gangs[back, AWAY] = 0
            s.gangs[back, UNPAID_FOR] += s.now[NOW] - s.gangs[back, UNPAID_SINCE]
            s.envelopes[k, UNPAID] -= s.gangs[back, GPUS]
            s.envelopes[k, FIRST] -= 1
            enqueue(s, back, s.envelopes[k, FIRST])
        s.now[SENT_AWAY] -= count
        if count > 0:
            # Who waits next may be paid for too, once what these asked for is known.
            s.now[MAY_PAY] = s.awards[award, FREED] = 1


@inner
def next_impatient(s: State) -> int:
    """When the first of those that never started will have waited longer than its patience."""
    if s.now[PATIENCE] < 0:
        return NEVER
    while s.now[ASKED] < s.now[ARRIVED] and s.gangs[s.now[ASKED], STARTED] >= 0:
        s.now[ASKED] += 1
    if s.now[ASKED] == s.now[ARRIVED]:
        return NEVER
    moment: int = s.gangs[s.now[ASKED], SUBMITTED] + s.now[PATIENCE] + 1
    return moment


@inner
def go_elsewhere(s: State) -> None:
    """Whoever never started and has waited longer than its patience leaves, asked once."""
    while next_impatient(s) <= s.now[NOW]:
        gang = s.now[ASKED]
        s.now[ASKED] += 1
        if len(s.awards) > 0 and s.gangs[gang, AWAY] > 0:
            continue
        k = s.gangs[gang, ENVELOPE]
        place = s.envelopes[k, FIRST]
        while s.queues[WHO, place] != gang:
            place += 1
        take_out(s, place, k)
        s.gangs[gang, WENT] = s.now[NOW]
