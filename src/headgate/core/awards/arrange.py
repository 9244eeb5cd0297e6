"""The published rules that remove a solver's arbitrariness from a feasible list.

1. *Lots.* Twins (same score, limits, floors and options) are interchangeable: their awards are
   dealt by lot, larger first.
2. *Filling.* In published order every candidate receives the best that fits in what is free:
   partial awards are raised or moved, losers admitted; never at a loss of value.
3. *No justified envy.* In published order every loser is offered an exchange (`Holdings.entry`).

The steps repeat until none changes anything. They end, because each one raises the pair (value of
the list; units of each candidate in published order, compared from the first) and lists are
finite.

What they do not decide: lists of equal value that no single raise, move or exchange connects, such
as many small awards against few large ones when `extra_worth` is 1.
"""

from headgate.core.awards.holdings import Held, Holdings
from headgate.core.awards.table import Line


def arrange(holdings: Holdings) -> None:
    """Apply the three rules to a list until it stands."""
    changed = True
    while changed:
        deal_lots(holdings)
        filled = fill(holdings)
        changed = exchange(holdings) or filled


def deal_lots(holdings: Holdings) -> None:
    """Give the awards of each group of twins to its members in order of their lots."""
    twins: dict[tuple[object, ...], list[int]] = {}
    for place, line in enumerate(holdings.table.lines):
        twins.setdefault(line.kind, []).append(place)
    for places in twins.values():
        if len(places) > 1:
            _deal(holdings, places)


def _deal(holdings: Holdings, places: list[int]) -> None:
    line = holdings.table.lines[places[0]]
    held = [one for place in places if (one := holdings.held[place]) is not None]
    dealt = sorted(held, key=lambda one: _size(holdings, line, one), reverse=True)
    wanted = dict(zip(places, dealt, strict=False))
    moved = [place for place in places if holdings.held[place] != wanted.get(place)]
    for place in moved:
        holdings.take(place)
    for place in moved:
        if place in wanted:
            holdings.give(place, wanted[place])


def fill(holdings: Holdings) -> bool:
    """One pass of rule 2; says whether anything changed."""
    changed = False
    for place in range(len(holdings.table.lines)):
        changed = _fill_one(holdings, place) or changed
    return changed


def _fill_one(holdings: Holdings, place: int) -> bool:
    line = holdings.table.lines[place]
    before = holdings.take(place)
    entry = holdings.free_entry(line)
    after = entry.held if entry else None
    if before is not None and after is not None:
        after = max(before, after, key=lambda held: _rank(holdings, line, held))
    if after is not None:
        holdings.give(place, after)
    return after != before


def exchange(holdings: Holdings) -> bool:
    """One pass of rule 3; says whether anything changed."""
    changed = False
    for place, line in enumerate(holdings.table.lines):
        if holdings.held[place] is None and (entry := holdings.entry(line)):
            if entry.seat is not None:
                holdings.take(entry.seat.place)
            holdings.give(place, entry.held)
            changed = True
    return changed


def _size(holdings: Holdings, line: Line, held: Held) -> tuple[int, int]:
    """More units first, then the option that the candidate prefers."""
    return holdings.units(line, held), -held.choice


def _rank(holdings: Holdings, line: Line, held: Held) -> tuple[int, int, int]:
    """What is better for a line that holds nothing: more value, then the larger size."""
    gain = holdings.gain(line, line.choices[held.choice], held.blocks, None)
    return gain, *_size(holdings, line, held)
