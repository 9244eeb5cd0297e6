"""The rules of `pool` over arrays of integers, for machine code; `plain` says what is right.

Every table is one array of 64-bit integers, a row a gang or envelope, so that a gang's fields lie
together.
"""

from headgate.simulation.replay.accounts import (
    HOUR,
    change_budgets,
    charge,
    lend,
    next_spent,
    pays,
    settled,
)
from headgate.simulation.replay.compiling import inner, outer

from headgate.simulation.replay.layout import (  # isort: skip
    AHEAD, ARRIVED, ASKS, AT, AWARD, BEGAN, BORROWED, BUDGET, CAPACITY, CEILING, CHECKPOINT, CHOSEN,
    CREDITS, CURSOR, CUT, DEBT, ENDED, ENDS_SPENT, END_AT, END_OF, ENVELOPE, FIRST, FREE, GPUS,
    HEAD_ASKS, HELD, IDLE, KEEPS, KEPT, LAST, LEFT, LIMIT_AT, LIMIT_OF, LOOKED,
    LOOK_AHEAD, LOST, MAY_PAY, NEEDS, NEVER, NEWEST, NOW, OLDER, OVERHEAD, OWN, PAID,
    PAST, PLACE, QUOTA, RECLAIM, RESTART, RULES, RUNNING, SECONDS, SENT_AWAY, SPARE, SPLIT, STARTED,
    STARTS, STEP, STOPS, SUBMITTED, TRIAL, TRIAL_FREE, TRIED, TURN, TURN_KEEPS, UNPAID, USED,
    WAITED, WAITING, WHO, WHOLE, WHOLE_BITS, State,
)  # fmt: skip
from headgate.simulation.replay.nodes import (  # isort: skip
    nodes_on_trial, occupy, occupy_on_trial, resized, stands, vacate, vacate_on_trial,
)  # fmt: skip
from headgate.simulation.replay.orders import (
    insert_limit,
    limit_end,
    link,
    risen,
    take_end,
    take_limit,
    unlink,
)

from headgate.simulation.replay.queues import (  # isort: skip
    bring_back, enqueue, go_elsewhere, next_impatient, send_away, send_unpaid, take_out,
)  # fmt: skip

COMPILED_IN = "3fc271a210a94f33"
"""The digest of `layout`, `orders`, `accounts`, `nodes`, `queues`, and of `passes` over them."""


@outer
def run(s: State) -> bool:
    """Go from moment to moment until nothing more happens; False where that is not SOON."""
    while True:
        moment = next_moment(s)
        if moment >= s.now[WHOLE]:
            return moment >= NEVER
        pass_time(s, moment)
        while s.now[RUNNING] > 0 and s.lists[END_AT, 0] <= moment:
            gang = s.lists[END_OF, 0]
            leave(s, gang)
            s.gangs[gang, ENDED] = moment
        change_supply(s)
        if len(s.awards) > 0:
            end_spent(s)
        submit(s)
        if s.now[SENT_AWAY] > 0 and s.now[MAY_PAY] > 0:
            bring_back(s)
        go_elsewhere(s)
        shrink(s)
        s.now[SPLIT] = 0
        if s.now[WAITING] == 0:
            continue
        waiting = start_heads(s)
        if s.now[IDLE] > 0 and s.now[WAITING] > 0 and s.now[LOOK_AHEAD] != 0:
            backfill(s, waiting)
        if waiting >= 0 and len(s.packed) > 0:
            asks = s.gangs[waiting, GPUS]
            fragments = asks <= room(s, s.gangs[waiting, ENVELOPE]) and not stands(s, asks, FREE)
            s.now[SPLIT] = asks * fragments


@inner
def next_moment(s: State) -> int:
    """When something happens next: an end, a submission, or a change of supply that matters."""
    moment = NEVER
    if s.now[RUNNING] > 0:
        moment = s.lists[END_AT, 0]
    if s.now[ARRIVED] < len(s.gangs):
        moment = min(moment, s.gangs[s.now[ARRIVED], SUBMITTED])
    due = s.now[STEP] + 1
    waits = s.now[WAITING] > 0 or s.now[SENT_AWAY] > 0
    if due < len(s.supply) and (moment < NEVER or waits):
        moment = min(moment, s.supply[due, 0])
    if len(s.awards) > 0:
        moment = min(moment, next_spent(s))
    return min(moment, next_impatient(s))


@inner
def pass_time(s: State, moment: int) -> None:
    """Count what was held, borrowed, waited for and idle since the last moment."""
    seconds, step, idle = moment - s.now[NOW], s.now[STEP], s.now[IDLE]
    if step >= 0 and seconds > 0:
        waited = s.now[WAITING]
        s.seen[step, len(s.envelopes), 0] += idle * seconds
        s.seen[step, len(s.envelopes), 1] += idle * seconds * (waited > 0)
        s.seen[step, len(s.envelopes), 2] += min(idle, waited) * seconds
        s.seen[step, len(s.envelopes), 3] += s.now[SPLIT] * seconds
        for k in range(len(s.envelopes)):
            used = s.envelopes[k, USED]
            s.seen[step, k, 0] += used * seconds
            s.seen[step, k, 1] += max(0, used - s.envelopes[k, QUOTA]) * seconds
            s.seen[step, k, 2] += s.envelopes[k, WAITED] * seconds
        if s.now[CREDITS] > 0:
            lend(s, seconds)
        if s.now[SENT_AWAY] > 0:
            for k in range(len(s.envelopes)):
                s.seen[step, k, 4] += s.envelopes[k, UNPAID] * seconds
    if s.now[TURN] > 0:
        remember(s, moment)
    s.now[NOW] = moment


@inner
def remember(s: State, moment: int) -> None:
    """Add to past use, which fades at every turn of the fair share's clock."""
    turn, at = s.now[TURN], s.now[NOW]
    while at < moment:
        edge = min(moment, (at // turn + 1) * turn)
        for k in range(len(s.envelopes)):
            past = s.envelopes[k, PAST] + s.envelopes[k, USED] * (edge - at)
            if edge % turn == 0:
                past = past * s.now[TURN_KEEPS] >> WHOLE_BITS
            s.envelopes[k, PAST] = past
        at = edge


@inner
def change_supply(s: State) -> None:
    """Take every step whose moment has come."""
    while s.now[STEP] + 1 < len(s.supply) and s.supply[s.now[STEP] + 1, 0] <= s.now[NOW]:
        s.now[STEP] += 1
        step, count = s.now[STEP], len(s.envelopes)
        s.now[IDLE] += s.supply[step, 1] - s.now[CAPACITY]
        s.now[CAPACITY] = s.supply[step, 1]
        s.now[KEPT] = 0
        for rule in range(RULES):
            s.now[RECLAIM + rule] = s.supply[step, 2 + 3 * count + rule]
        for k in range(count):
            s.envelopes[k, QUOTA] = s.supply[step, 2 + k]
            s.envelopes[k, KEEPS] = s.supply[step, 2 + count + k]
            s.envelopes[k, CEILING] = s.supply[step, 2 + 2 * count + k]
            s.now[KEPT] += max(0, s.supply[step, 2 + count + k] - s.envelopes[k, USED])
        change_budgets(s)


@inner
def submit(s: State) -> None:
    """Put what has been submitted at the end of its queue."""
    while s.now[ARRIVED] < len(s.gangs):
        gang = s.now[ARRIVED]
        if s.gangs[gang, SUBMITTED] > s.now[NOW]:
            return
        k = s.gangs[gang, ENVELOPE]
        enqueue(s, gang, s.envelopes[k, LAST])
        s.envelopes[k, LAST] += 1
        s.now[ARRIVED] += 1


@inner
def untried(s: State) -> None:
    """Let every envelope be looked at again."""
    for k in range(len(s.envelopes)):
        s.envelopes[k, TRIED] = 0


@inner
def on_trial(s: State) -> None:
    """Begin to try what would be if some gangs had left, the newest of each envelope first."""
    for k in range(len(s.envelopes)):
        s.envelopes[k, TRIAL] = s.envelopes[k, USED]
        s.envelopes[k, CURSOR] = s.envelopes[k, NEWEST]


@inner
def hold(s: State, k: int, gpus: int) -> None:
    """Let an envelope hold so many GPUs more (or fewer)."""
    before = s.envelopes[k, USED]
    keeps = s.envelopes[k, KEEPS]
    s.envelopes[k, USED] = before + gpus
    s.now[IDLE] -= gpus
    s.now[KEPT] += max(0, keeps - before - gpus) - max(0, keeps - before)


@inner
def room(s: State, k: int) -> int:
    """What an envelope may take of what is idle, less what the others keep."""
    own = max(0, s.envelopes[k, KEEPS] - s.envelopes[k, USED])
    left: int = s.now[IDLE] - s.now[KEPT] + own
    return left


@inner
def sooner(s: State, a: int, b: int) -> bool:
    """Whether an envelope is looked at before another: by use over quota, then by number."""
    quota_a, quota_b = s.envelopes[a, QUOTA], s.envelopes[b, QUOTA]
    use = PAST if s.now[TURN] > 0 else USED
    left, right = s.envelopes[a, use] * quota_b, s.envelopes[b, use] * quota_a
    if s.now[CREDITS] > 0:
        left = s.envelopes[a, DEBT] // HOUR * quota_b
        right = s.envelopes[b, DEBT] // HOUR * quota_a
    if quota_a == 0 or quota_b == 0:
        left, right = quota_b, quota_a
    return left < right or (left == right and a < b)


@inner
def next_envelope(s: State, within: int) -> int:
    """The next envelope with a queue: whose first is within its quota (1), is not (0), any (-1)."""
    found = -1
    for k in range(len(s.envelopes)):
        first = s.envelopes[k, FIRST]
        if s.envelopes[k, TRIED] or first == s.envelopes[k, LAST]:
            continue
        fits = s.envelopes[k, USED] + s.queues[ASKS, first] <= s.envelopes[k, QUOTA]
        if (within < 0 or fits == (within == 1)) and (found < 0 or sooner(s, k, found)):
            found = k
    if found >= 0:
        s.envelopes[found, TRIED] = 1
    return found


@inner
def start_heads(s: State) -> int:
    """Start what is first in its queue and may; the first that waits for room, or -1."""
    while True:
        if len(s.awards) > 0:
            send_unpaid(s)
        waiting = -1
        started = False
        for borrows in range(2):
            untried(s)
            while not started:
                k = next_envelope(s, 1 - borrows)
                if k < 0:
                    break
                place = s.envelopes[k, FIRST]
                asks = s.queues[ASKS, place]
                if s.envelopes[k, USED] + asks > s.envelopes[k, CEILING]:
                    continue
                if (not borrows or waiting < 0) and may_start(s, k, borrows):
                    # Whoever was stopped for it went to another envelope's queue.
                    start(s, place, k)
                    started = True
                elif waiting < 0:
                    waiting = s.queues[WHO, place]
            if started:
                break
        if not started:
            return waiting


@inner
def may_start(s: State, k: int, borrows: int) -> bool:
    """Whether the first of a queue fits, if need be after others were stopped for it."""
    asks = s.queues[ASKS, s.envelopes[k, FIRST]]
    if asks <= room(s, k) and stands(s, asks, FREE):
        return True
    return not borrows and s.now[RECLAIM] > 0 and reclaim(s, k, asks)


@inner
def newest(s: State, but: int) -> int:
    """The newest gang on trial of the envelopes above their quota; -1 if none is."""
    found = -1
    for k in range(len(s.envelopes)):
        gang = s.envelopes[k, CURSOR]
        if k == but or gang < 0 or s.envelopes[k, TRIAL] <= s.envelopes[k, QUOTA]:
            continue
        if found < 0 or s.gangs[gang, PLACE] > s.gangs[found, PLACE]:
            found = gang
    return found


@inner
def reclaim(s: State, k: int, asks: int) -> bool:
    """Stop others' gangs, newest first, if that makes room; else stop none."""
    idle, kept, chosen = s.now[IDLE], s.now[KEPT], 0
    kept -= max(0, s.envelopes[k, KEEPS] - s.envelopes[k, USED])
    on_trial(s)
    nodes_on_trial(s)
    while asks > idle - kept or not stands(s, asks, TRIAL_FREE):
        gang = newest(s, k)
        if gang < 0:
            return False
        other, gpus = s.gangs[gang, ENVELOPE], s.gangs[gang, GPUS]
        held, keeps = s.envelopes[other, TRIAL], s.envelopes[other, KEEPS]
        idle += gpus
        kept += max(0, keeps - held + gpus) - max(0, keeps - held)
        s.envelopes[other, TRIAL] = held - gpus
        s.envelopes[other, CURSOR] = s.gangs[gang, OLDER]
        vacate_on_trial(s, gang)
        s.lists[CHOSEN, chosen] = gang
        chosen += 1
    for each in range(chosen):
        stop(s, s.lists[CHOSEN, each])
    return True


@inner
def shrink(s: State) -> None:
    """Stop what a smaller pool cannot hold, newest first, envelopes above their quota first."""
    while s.now[IDLE] < 0 or not resized(s):
        on_trial(s)
        gang = newest(s, len(s.envelopes))
        if gang < 0:
            for k in range(len(s.envelopes)):
                other = s.envelopes[k, NEWEST]
                if other >= 0 and (gang < 0 or s.gangs[other, PLACE] > s.gangs[gang, PLACE]):
                    gang = other
        stop(s, gang)


@inner
def end_spent(s: State) -> None:
    """Where spent budgets end what runs, it ends, its work undone."""
    if s.now[ENDS_SPENT] == 0 or next_spent(s) > s.now[NOW]:
        return
    for place in range(s.now[RUNNING] - 1, -1, -1):
        gang = s.lists[LIMIT_OF, place]
        award = s.gangs[gang, AWARD]
        if s.awards[award, BUDGET] < NEVER and settled(s, award) >= s.awards[award, BUDGET]:
            leave(s, gang)
            s.gangs[gang, LEFT] -= max(0, s.now[NOW] - s.gangs[gang, BEGAN] - s.gangs[gang, PAID])
            s.gangs[gang, CUT] = s.gangs[gang, LEFT]
            s.gangs[gang, ENDED] = s.now[NOW]


@inner
def start(s: State, place: int, k: int) -> None:
    """Start the gang at a place of a queue."""
    gang = take_out(s, place, k)
    gpus, now = s.gangs[gang, GPUS], s.now[NOW]
    hold(s, k, gpus)
    s.gangs[gang, BORROWED] += s.envelopes[k, USED] > s.envelopes[k, QUOTA]
    s.gangs[gang, PAID] = s.now[RESTART] if s.gangs[gang, STOPS] > 0 else 0
    s.gangs[gang, BEGAN] = now
    if s.gangs[gang, STARTED] < 0:
        s.gangs[gang, STARTED] = now
    s.gangs[gang, PLACE] = s.now[STARTS]
    s.now[STARTS] += 1
    link(s, gang, k)
    occupy(s, gang)
    ends = now + s.gangs[gang, PAID] + s.gangs[gang, LEFT]
    place = risen(s, s.now[RUNNING], ends)
    s.lists[END_AT, place] = ends
    s.lists[END_OF, place] = gang
    insert_limit(s, limit_end(s, gang), gang)
    s.now[RUNNING] += 1
    charge(s, gang, 1)


@inner
def start_ahead(s: State, place: int, k: int) -> bool:
    """Start a gang ahead of its queue if its award can pay for it; else it leaves the queue."""
    gang = s.queues[WHO, place]
    if len(s.awards) > 0 and not pays(s, gang):
        send_away(s, place, k)
        return False
    s.gangs[gang, AHEAD] += 1
    start(s, place, k)
    return True


@inner
def leave(s: State, gang: int) -> None:
    """Take a running gang off its GPUs."""
    k = s.gangs[gang, ENVELOPE]
    hold(s, k, -s.gangs[gang, GPUS])
    ran = s.now[NOW] - s.gangs[gang, BEGAN]
    s.gangs[gang, HELD] += ran
    s.gangs[gang, OVERHEAD] += min(ran, s.gangs[gang, PAID])
    unlink(s, gang, k)
    vacate(s, gang)
    take_limit(s, limit_end(s, gang), gang)
    s.now[RUNNING] -= 1
    take_end(s, gang)
    charge(s, gang, -1)


@inner
def stop(s: State, gang: int) -> None:
    """What was done since the last checkpoint is lost; the gang is first in its queue again."""
    leave(s, gang)
    before = s.gangs[gang, SECONDS] - s.gangs[gang, LEFT]
    done = before + max(0, s.now[NOW] - s.gangs[gang, BEGAN] - s.gangs[gang, PAID])
    every = s.now[CHECKPOINT]
    kept = max(before, done // every * every) if every > 0 else before
    s.gangs[gang, LOST] += done - kept
    s.gangs[gang, LEFT] = s.gangs[gang, SECONDS] - kept
    s.gangs[gang, STOPS] += 1
    s.gangs[gang, ENDED] = -1
    k = s.gangs[gang, ENVELOPE]
    s.envelopes[k, FIRST] -= 1
    enqueue(s, gang, s.envelopes[k, FIRST])


@inner
def reserve(s: State, k: int, asks: int, in_pool: bool) -> None:
    """Note when a gang that waits will fit, by the limits of what runs: in the pool, or its own."""
    on_trial(s)
    if in_pool:
        nodes_on_trial(s)
    idle, kept, running = s.now[IDLE], s.now[KEPT], s.now[RUNNING]
    kept -= max(0, s.envelopes[k, KEEPS] - s.envelopes[k, USED])
    s.now[AT] = s.now[SPARE] = s.now[OWN] = NEVER
    for place in range(running - 1, -1, -1):
        gang = s.lists[LIMIT_OF, place]
        other, gpus = s.gangs[gang, ENVELOPE], s.gangs[gang, GPUS]
        held, keeps = s.envelopes[other, TRIAL], s.envelopes[other, KEEPS]
        idle += gpus
        s.envelopes[other, TRIAL] = held - gpus
        if in_pool:
            vacate_on_trial(s, gang)
        if other != k:
            kept += max(0, keeps - held + gpus) - max(0, keeps - held)
        at = s.lists[LIMIT_AT, place]
        if place > 0 and s.lists[LIMIT_AT, place - 1] == at:
            continue
        spare = idle - kept - asks if in_pool else NEVER
        own = s.envelopes[k, CEILING] - s.envelopes[k, TRIAL] - asks
        if spare >= 0 and own >= 0 and (not in_pool or stands(s, asks, TRIAL_FREE)):
            s.now[AT], s.now[SPARE], s.now[OWN] = at, spare, own
            return


@inner
def backfill(s: State, waiting: int) -> None:
    """Start gangs behind those that wait, where that delays nobody who has a reservation."""
    mine, at, spare, own = -1, NEVER, NEVER, NEVER
    if waiting >= 0:
        mine = s.gangs[waiting, ENVELOPE]
        s.now[HEAD_ASKS] = s.gangs[waiting, GPUS]
        reserve(s, mine, s.gangs[waiting, GPUS], waiting >= 0)
        at, spare, own = s.now[AT], s.now[SPARE], s.now[OWN]
    untried(s)
    s.now[LOOKED] = 0
    while s.now[IDLE] > 0:
        k = next_envelope(s, -1)
        if k < 0:
            return
        first = s.envelopes[k, FIRST]
        s.now[AT] = s.now[OWN] = NEVER
        walled = s.envelopes[k, USED] + s.queues[ASKS, first] > s.envelopes[k, CEILING]
        if walled:
            reserve(s, k, s.queues[ASKS, first], not walled)
        s.now[SPARE] = spare
        spare = fill(s, k, first + (walled or k == mine), (at, own if k == mine else NEVER))
        if s.now[LOOKED] == s.now[LOOK_AHEAD]:
            return


@inner
def fill(s: State, k: int, first: int, pool: tuple[int, int]) -> int:
    """Backfill from one envelope's queue; what the pool's reservation spares is returned."""
    at, own = pool
    wall_at, wall_own = s.now[AT], s.now[OWN]
    spare: int = s.now[SPARE]
    now, last, most_looks = s.now[NOW], s.envelopes[k, LAST], s.now[LOOK_AHEAD]
    if most_looks >= 0:
        last = min(last, first + most_looks - s.now[LOOKED])
    s.now[LOOKED] += last - first
    most = min(room(s, k), s.envelopes[k, CEILING] - s.envelopes[k, USED])
    for place in range(first, last):
        if most <= 0:
            break
        asks, ends = s.queues[ASKS, place], now + s.queues[NEEDS, place]
        if asks > most or (ends > at and asks > min(spare, own)):
            continue
        if (ends > wall_at and asks > wall_own) or not stands(s, asks, FREE):
            continue
        if ends > at:
            occupy_on_trial(s, asks, -1)
        harmless = ends <= at or stands(s, s.now[HEAD_ASKS], TRIAL_FREE)
        if not harmless or not start_ahead(s, place, k):
            if ends > at:
                occupy_on_trial(s, asks, 1)
            continue
        if ends > at:
            spare -= asks
            own -= asks
        if ends > wall_at:
            wall_own -= asks
        most = min(room(s, k), s.envelopes[k, CEILING] - s.envelopes[k, USED])
    return spare
