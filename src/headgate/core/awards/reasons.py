"""Why each candidate was or was not awarded, and the nearest change that would have been awarded.

A change is a claim about the list rule (`Holdings.entry`): with it, and every other award as it is
except the one displaced, the candidate enters. It is the least such change of its kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from headgate.core.awards.holdings import Entry, Held, Holdings, Seat, enters
from headgate.core.awards.problem import LimitKind
from headgate.core.awards.table import Choice, Line, Order


class Outcome(Enum):
    """What happened to a candidate.

    For one who was not awarded the first that applies, in this order: the candidate declined; a
    limit or pool has not one block to give to anybody; its minimum fits in no list at all; a limit
    or pool has not one block left, in the order below; what is left is less than its minimum; the
    room is needed to keep a floor.
    """

    AWARDED = "awarded"
    AWARDED_IN_PART = "awarded-in-part"
    DECLINED = "declined"
    NOTHING_TO_GIVE = "nothing-to-give"
    TOO_LARGE = "too-large"
    CONCENTRATION_LIMIT = "concentration-limit"
    CAP_REACHED = "cap-reached"
    ENVELOPE_SPENT = "envelope-spent"
    POOL_SPENT = "pool-spent"
    BELOW_MINIMUM_FIT = "below-minimum-fit"
    FLOOR_RESERVED = "floor-reserved"


class ChangeKind(Enum):
    """What a candidate could have done differently."""

    FEWER_BLOCKS = "fewer-blocks"
    HIGHER_SCORE = "higher-score"
    OTHER_POOL = "other-pool"


@dataclass(frozen=True, slots=True)
class Change:
    """The least change of one kind that would have been awarded.

    FEWER_BLOCKS: a request for `value` blocks of `pool` and no more, instead of at least `instead`.
    HIGHER_SCORE: `value` milli-points instead of `instead`, with an award in `pool`.
    OTHER_POOL: the same request as in the preferred option (`instead` blocks at least), made for
    `pool` too; it would have received `value` blocks.
    `displaced` is the application whose award it would have taken, "" when there was room.
    """

    kind: ChangeKind
    pool: str
    value: int
    instead: int
    displaced: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one candidate has what it has.

    `rules` are the ids of the pools, limits and floors that stood in the way, the deciding first;
    `cutoff` is the lowest score that the deciding one awarded (milli-points, None when it awarded
    nobody). For a loser `pool` is the preferred one; `blocks_asked` is the whole request there.
    """

    application: str
    outcome: Outcome
    score: int
    pool: str
    blocks: int
    blocks_asked: int
    rules: tuple[str, ...]
    cutoff: int | None
    nearest: tuple[Change, ...]


_OF_KIND = {
    LimitKind.CONCENTRATION: Outcome.CONCENTRATION_LIMIT,
    LimitKind.CAP: Outcome.CAP_REACHED,
    LimitKind.ENVELOPE: Outcome.ENVELOPE_SPENT,
}
_PRECEDENCE = {outcome: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class _Bar:
    """A pool or limit that keeps a choice from its minimum; `room` and `whole` are in blocks."""

    rule: str
    outcome: Outcome
    room: int
    whole: int


def reasons_of(
    holdings: Holdings, declined: frozenset[str], displacing: bool
) -> tuple[Reason, ...]:
    """One reason for every candidate, in published order.

    `displacing` says whether the list was made with exchanges; a promoted list is not, and then no
    change is claimed that would have displaced anybody.
    """
    cutoffs = cutoffs_of(holdings)
    return tuple(
        _loser(holdings, line, cutoffs, line.application in declined, displacing)
        if held is None
        else _winner(holdings, line, held)
        for line, held in zip(holdings.table.lines, holdings.held, strict=True)
    )


def cutoffs_of(holdings: Holdings) -> dict[str, int]:
    """Lowest awarded score, in milli-points, of every pool and limit that awarded anybody."""
    problem = holdings.table.problem
    lowest: dict[str, int] = {}
    for _, line, held in holdings.awards():
        rules = [problem.pools[line.choices[held.choice].pool].id]
        rules += [problem.limits[limit].id for limit in line.limits]
        for rule in rules:
            lowest[rule] = min(line.score, lowest.get(rule, line.score))
    return lowest


def _winner(holdings: Holdings, line: Line, held: Held) -> Reason:
    choice = line.choices[held.choice]
    rules: tuple[str, ...] = ()
    if held.blocks < choice.asked:
        bars = sorted(_bars(holdings, line, choice, 1), key=_standing)
        rules = tuple(bar.rule for bar in bars) or _floors(holdings, line, choice.weight)
    return Reason(
        application=line.application,
        outcome=Outcome.AWARDED_IN_PART if rules else Outcome.AWARDED,
        score=line.score,
        pool=holdings.table.problem.pools[choice.pool].id,
        blocks=held.blocks,
        blocks_asked=choice.asked,
        rules=rules,
        cutoff=None,
        nearest=(),
    )


def _loser(
    holdings: Holdings, line: Line, cutoffs: dict[str, int], declined: bool, displacing: bool
) -> Reason:
    outcome, rules = (Outcome.DECLINED, ()) if declined else _obstacle(holdings, line)
    preferred = line.choices[0]
    return Reason(
        application=line.application,
        outcome=outcome,
        score=line.score,
        pool=holdings.table.problem.pools[preferred.pool].id,
        blocks=0,
        blocks_asked=preferred.asked,
        rules=rules,
        cutoff=cutoffs.get(rules[0]) if rules else None,
        nearest=() if declined else tuple(nearest_changes(holdings, line, displacing)),
    )


def _obstacle(holdings: Holdings, line: Line) -> tuple[Outcome, tuple[str, ...]]:
    """The outcome of a line that could not enter, and the rules in its way."""
    bars = [list(_bars(holdings, line, choice, choice.low)) for choice in line.choices]
    free = [choice for choice, found in zip(line.choices, bars, strict=True) if not found]
    if free:
        return Outcome.FLOOR_RESERVED, _floors(holdings, line, free[0].weight * free[0].low)
    pairs = list(zip(line.choices, bars, strict=True))
    never = [[bar for bar in found if bar.whole < choice.low] for choice, found in pairs]
    if all(never):
        barring = sorted((bar for found in never for bar in found), key=lambda bar: bar.whole > 0)
        outcome = Outcome.TOO_LARGE if barring[0].whole > 0 else Outcome.NOTHING_TO_GIVE
        return outcome, _names(iter(barring))
    common = set.intersection(*({bar.rule for bar in found} for found in bars))
    every = [bar for found in bars for bar in found]
    ranked = sorted(every, key=lambda bar: (bar.rule not in common, *_standing(bar)))
    outcome = Outcome.BELOW_MINIMUM_FIT if ranked[0].room > 0 else ranked[0].outcome
    return outcome, _names(iter(ranked))


def _bars(holdings: Holdings, line: Line, choice: Choice, blocks: int) -> Iterator[_Bar]:
    """The pool and limits that have less than `blocks` of a choice left."""
    pool = holdings.table.problem.pools[choice.pool]
    free = holdings.pool_free[choice.pool]
    if free < blocks:
        yield _Bar(pool.id, Outcome.POOL_SPENT, free, pool.capacity)
    for at in sorted(line.limits):
        limit = holdings.table.problem.limits[at]
        room = holdings.limit_free[at] // choice.weight
        if room < blocks:
            yield _Bar(limit.id, _OF_KIND[limit.kind], room, limit.most // choice.weight)


def _standing(bar: _Bar) -> tuple[bool, int]:
    """Rules without any room first, then in the order of their outcomes."""
    return bar.room > 0, _PRECEDENCE[bar.outcome]


def _floors(holdings: Holdings, line: Line, units: int) -> tuple[str, ...]:
    """The floors that `units` more to a line would leave or push short."""
    return tuple(
        holdings.table.problem.floors[floor].id
        for floor, pull in line.pulls
        if pull > 0 and holdings.floor_short[floor] + pull * units > 0
    )


def _names(bars: Iterator[_Bar]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(bar.rule for bar in bars))


def nearest_changes(holdings: Holdings, line: Line, displacing: bool) -> Iterator[Change]:
    """The least change of each kind that the list rule would have let in, if there is one."""
    tries = (
        (ChangeKind.FEWER_BLOCKS, _with_fewer_blocks(holdings, line, displacing)),
        (ChangeKind.HIGHER_SCORE, _with_higher_score(holdings, line, displacing)),
        (ChangeKind.OTHER_POOL, _with_other_pool(holdings, line, displacing)),
    )
    for kind, changed in tries:
        if changed is not None:
            entry = _entry(holdings, changed, displacing)
            assert entry is not None, "a nearest change must satisfy the list rule"
            yield _change(holdings, kind, line, changed, entry)


def _change(
    holdings: Holdings, kind: ChangeKind, line: Line, changed: Line, entry: Entry
) -> Change:
    """Describe how a changed line differs from the line, and what it would have entered with."""
    choice = changed.choices[entry.held.choice]
    low = next((one.low for one in line.choices if one.pool == choice.pool), line.choices[0].low)
    higher = kind is ChangeKind.HIGHER_SCORE
    return Change(
        kind=kind,
        pool=holdings.table.problem.pools[choice.pool].id,
        value=changed.score if higher else entry.held.blocks,
        instead=line.score if higher else low,
        displaced=holdings.table.lines[entry.seat.place].application if entry.seat else "",
    )


def _entry(holdings: Holdings, line: Line, displacing: bool) -> Entry | None:
    return holdings.entry(line) if displacing else holdings.free_entry(line)


def _seats(holdings: Holdings, choice: Choice, displacing: bool) -> tuple[Seat | None, ...]:
    """What could make room in a choice's pool: nothing, or any one award."""
    return (None, *holdings.seats(choice.pool)) if displacing else (None,)


def asking(line: Line, choice: Choice, blocks: int) -> Line:
    """The line as if it had asked for exactly `blocks` of one choice."""
    exact = replace(choice, asked=blocks, low=blocks, high=blocks, full=min(blocks, choice.full))
    order = line.order.asking(blocks * choice.weight)
    return replace(line, order=order, choices=(exact,))


def scoring(line: Line, score: int) -> Line:
    """The line as if it had this score."""
    return replace(line, score=score, order=line.order._replace(score_below=-score))


def _with_fewer_blocks(holdings: Holdings, line: Line, displacing: bool) -> Line | None:
    """The request nearest below a minimum that enters; of equally near ones the preferred."""
    best: tuple[int, Line] | None = None
    for choice in line.choices:
        blocks = _most_below(holdings, line, choice, displacing)
        if blocks and (best is None or choice.low - blocks < best[0]):
            best = choice.low - blocks, asking(line, choice, blocks)
    return best[1] if best else None


def _most_below(holdings: Holdings, line: Line, choice: Choice, displacing: bool) -> int:
    """The most blocks below a choice's minimum that would enter; 0 when none would."""
    most = 0
    for seat in _seats(holdings, choice, displacing):
        high = min(choice.low - 1, holdings.room(line, choice, seat))
        floors_matter = bool(line.pulls or (seat and seat.pulls))
        low = most if floors_matter else max(most, high - 1)
        for blocks in range(high, low, -1):
            order = line.order.asking(blocks * choice.weight)
            gain = holdings.gain(line, choice, blocks, seat)
            if enters(order, Entry(Held(0, blocks), gain, seat)):
                most = blocks
                break
    return most


def _with_higher_score(holdings: Holdings, line: Line, displacing: bool) -> Line | None:
    """The line with the least score that enters, if it is a possible score."""
    needed = [
        _score_needed(holdings, line, choice, blocks, seat)
        for choice in line.choices
        for seat in _seats(holdings, choice, displacing)
        for blocks in _amounts(holdings, line, choice, seat)
    ]
    score = min(needed, default=holdings.table.problem.score_most + 1)
    return scoring(line, score) if score <= holdings.table.problem.score_most else None


def _amounts(holdings: Holdings, line: Line, choice: Choice, seat: Seat | None) -> list[int]:
    high = min(choice.high, holdings.room(line, choice, seat))
    return holdings.turns(line, choice, choice.low, high, seat)


def _score_needed(
    holdings: Holdings, line: Line, choice: Choice, blocks: int, seat: Seat | None
) -> int:
    """The least score, in milli-points, with which `blocks` would enter in place of a seat."""
    saved = holdings.penalty_saved(line, blocks * choice.weight, seat)
    owed = (seat.worth if seat else 0) - saved
    a_point = choice.worth_a_point(blocks)
    score = -(-owed // a_point)
    order = Order(-score, line.order.units_asked, line.order.lot)
    tie_lost = seat is not None and order > seat.order
    return score + 1 if tie_lost and score * a_point == owed else score


def _with_other_pool(holdings: Holdings, line: Line, displacing: bool) -> Line | None:
    """The line with its preferred request made for the first unnamed pool that lets it in."""
    preferred = line.choices[0]
    named = {choice.pool for choice in line.choices}
    for at, pool in enumerate(holdings.table.problem.pools):
        if at in named or preferred.low > pool.capacity:
            continue
        whole = preferred.asked if holdings.table.problem.partial else preferred.low
        moved = replace(
            preferred,
            pool=at,
            weight=pool.weight,
            high=min(whole, pool.capacity),
            rate=preferred.rate // preferred.weight * pool.weight,
            rate_extra=preferred.rate_extra // preferred.weight * pool.weight,
        )
        asked = max(line.order.units_asked, preferred.asked * pool.weight)
        changed = replace(line, order=line.order.asking(asked), choices=(moved,))
        if _entry(holdings, changed, displacing):
            return changed
    return None
