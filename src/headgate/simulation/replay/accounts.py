"""What is owed and paid: debts of envelopes that lend and borrow, budgets of awards.

An award's use is added up only when its gangs start or leave: `SPENT` is right at `SINCE`, from
when on it grows by `RATE` a second. `PROMISED` is GPUs times the moments of running gangs' limits.
"""

from headgate.simulation.replay.compiling import inner
from headgate.simulation.replay.layout import (
    AWARD,
    BUDGET,
    DEBT,
    ENDS_SPENT,
    FIRST_UNPAID,
    FREED,
    GPUS,
    LEFT,
    LIMIT,
    MAY_PAY,
    NEVER,
    NOW,
    PROMISED,
    QUOTA,
    RATE,
    RESTART,
    RULES,
    SECONDS,
    SINCE,
    SPENT,
    SPENT_AT,
    STEP,
    STOPS,
    TRIED,
    USED,
    State,
)
from headgate.simulation.replay.orders import limit_end

HOUR = 3600


@inner
def deeper(s: State, a: int, b: int) -> bool:
    """Whether an envelope is deeper in debt than another, by whole GPU-hours over quota."""
    left = s.envelopes[a, DEBT] // HOUR * s.envelopes[b, QUOTA]
    right = s.envelopes[b, DEBT] // HOUR * s.envelopes[a, QUOTA]
    return left > right or (left == right and a < b)


@inner
def lend(s: State, seconds: int) -> None:
    """What is held above quotas is owed to those who hold less, the deepest in debt first."""
    owed = 0
    for k in range(len(s.envelopes)):
        above = max(0, s.envelopes[k, USED] - s.envelopes[k, QUOTA])
        owed += above
        s.envelopes[k, DEBT] += above * seconds
        s.envelopes[k, TRIED] = 0
    while owed > 0:
        lender = -1
        for k in range(len(s.envelopes)):
            below = s.envelopes[k, USED] < s.envelopes[k, QUOTA] and s.envelopes[k, TRIED] == 0
            if below and (lender < 0 or deeper(s, k, lender)):
                lender = k
        if lender < 0:
            break
        s.envelopes[lender, TRIED] = 1
        lent = min(s.envelopes[lender, QUOTA] - s.envelopes[lender, USED], owed)
        owed -= lent
        s.envelopes[lender, DEBT] -= lent * seconds
        s.seen[s.now[STEP], lender, 3] += lent * seconds


@inner
def settled(s: State, award: int) -> int:
    """What an award has paid up to now."""
    s.awards[award, SPENT] += s.awards[award, RATE] * (s.now[NOW] - s.awards[award, SINCE])
    s.awards[award, SINCE] = s.now[NOW]
    spent: int = s.awards[award, SPENT]
    return spent


@inner
def left_of(s: State, award: int) -> int:
    """What an award can still pay; where spent budgets end what runs: anything, or nothing."""
    spent, budget = settled(s, award), s.awards[award, BUDGET]
    if s.now[ENDS_SPENT] > 0:
        return NEVER if spent < budget else 0
    promised = s.awards[award, PROMISED] - s.now[NOW] * s.awards[award, RATE]
    left: int = budget - spent - promised
    return left


@inner
def costs(s: State, gang: int) -> int:
    """What an award must be able to pay for a gang to start."""
    if s.now[ENDS_SPENT] > 0:
        return 1
    longest = s.gangs[gang, LIMIT] - s.gangs[gang, SECONDS] + s.gangs[gang, LEFT]
    if s.gangs[gang, STOPS] > 0:
        longest += s.now[RESTART]
    cost: int = s.gangs[gang, GPUS] * longest
    return cost


@inner
def pays(s: State, gang: int) -> bool:
    """Whether a gang's award can pay for it."""
    if len(s.awards) == 0:
        return True
    award = s.gangs[gang, AWARD]
    return s.awards[award, BUDGET] >= NEVER or costs(s, gang) <= left_of(s, award)


@inner
def charge(s: State, gang: int, sign: int) -> None:
    """Let an award pay for a gang that starts (1), or no longer (-1)."""
    if len(s.awards) == 0:
        return
    award, gpus = s.gangs[gang, AWARD], s.gangs[gang, GPUS] * sign
    settled(s, award)
    s.awards[award, RATE] += gpus
    s.awards[award, PROMISED] += gpus * limit_end(s, gang)
    s.now[SPENT_AT] = 0
    if sign < 0 and s.awards[award, FIRST_UNPAID] >= 0:
        s.now[MAY_PAY] = s.awards[award, FREED] = 1


@inner
def change_budgets(s: State) -> None:
    """Give every award the budget of the step, anew where the step renews."""
    s.now[MAY_PAY], s.now[SPENT_AT] = 1, 0
    for award in range(len(s.awards)):
        settled(s, award)
        s.awards[award, FREED] = 1
        renews = 2 + 3 * len(s.envelopes) + RULES
        s.awards[award, BUDGET] = s.supply[s.now[STEP], renews + 1 + award]
        if s.supply[s.now[STEP], renews] > 0:
            s.awards[award, SPENT] = 0


@inner
def next_spent(s: State) -> int:
    """When the first award will have spent its budget, where that ends what runs."""
    if s.now[ENDS_SPENT] == 0:
        return NEVER
    if s.now[SPENT_AT] == 0:
        moment = NEVER
        for award in range(len(s.awards)):
            rate, budget = s.awards[award, RATE], s.awards[award, BUDGET]
            if rate > 0 and budget < NEVER:
                spent = settled(s, award)
                moment = min(moment, s.now[NOW] - (spent - budget) // rate)
        s.now[SPENT_AT] = moment
    soonest: int = s.now[SPENT_AT]
    return soonest
