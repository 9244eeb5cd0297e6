"""An award list in the making: what each line holds, what is left, and the one list rule.

The list rule says whether a line may enter, and with what: `entry`. Settling, reasons and
promotion all ask it, so that a stated reason can never differ from the rule that was applied.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from headgate.core.awards.table import Choice, Line, Order, Table


class Held(NamedTuple):
    """What a line holds: the place of its choice, and blocks."""

    choice: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Seat:
    """An award as something that another line might take: what would be freed.

    Awards that free exactly the same stand behind one seat, the last of them in published order.
    """

    place: int
    blocks: int
    units: int
    worth: int
    limits: frozenset[int]
    pulls: tuple[tuple[int, int], ...]
    order: Order


@dataclass(frozen=True, slots=True)
class Entry:
    """A way for a line to enter: its award, the value gained, and the seat taken if any."""

    held: Held
    gain: int
    seat: Seat | None


class Holdings:
    """Awards by place in `table.lines`, with what every pool, limit and floor has left."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.held: list[Held | None] = [None] * len(table.lines)
        self.pool_free = [pool.capacity for pool in table.problem.pools]
        self.limit_free = [limit.most for limit in table.problem.limits]
        self.floor_short = list(table.floor_starts)
        self._seats: dict[int, tuple[Seat, ...]] = {}

    def give(self, place: int, held: Held) -> None:
        """Award, without asking whether it fits."""
        self.held[place] = held
        self._move(place, held, 1)

    def take(self, place: int) -> Held | None:
        """Take back what a line holds, and return it."""
        held = self.held[place]
        if held is not None:
            self.held[place] = None
            self._move(place, held, -1)
        return held

    def _move(self, place: int, held: Held, sign: int) -> None:
        line = self.table.lines[place]
        choice = line.choices[held.choice]
        units = sign * held.blocks * choice.weight
        self.pool_free[choice.pool] -= sign * held.blocks
        for limit in line.limits:
            self.limit_free[limit] -= units
        for floor, pull in line.pulls:
            self.floor_short[floor] += pull * units
        self._seats.pop(choice.pool, None)

    def awards(self) -> Iterator[tuple[int, Line, Held]]:
        """Place, line and holding of every award, in published order."""
        for place, held in enumerate(self.held):
            if held is not None:
                yield place, self.table.lines[place], held

    def worth(self) -> int:
        """Scaled worth of all awards."""
        return sum(line.worth(line.choices[h.choice], h.blocks) for _, line, h in self.awards())

    def value(self) -> int:
        """Scaled worth of all awards less the penalties of missed floors."""
        short = zip(self.table.floor_penalties, self.floor_short, strict=True)
        return self.worth() - sum(penalty * max(0, missed) for penalty, missed in short)

    def seats(self, pool: int) -> tuple[Seat, ...]:
        """The seats of a pool; awards that free the same count once."""
        if pool not in self._seats:
            distinct: dict[object, Seat] = {}
            for place, line, held in self.awards():
                choice = line.choices[held.choice]
                if choice.pool == pool:
                    seat = _seat(place, line, choice, held.blocks)
                    distinct[seat.blocks, seat.worth, seat.limits, seat.pulls] = seat
            self._seats[pool] = tuple(distinct.values())
        return self._seats[pool]

    def room(self, line: Line, choice: Choice, seat: Seat | None = None) -> int:
        """The most blocks of a choice that fit beside all awards but the seat's."""
        blocks = self.pool_free[choice.pool] + (seat.blocks if seat else 0)
        for limit in line.limits:
            units = self.limit_free[limit]
            if seat and limit in seat.limits:
                units += seat.units
            blocks = min(blocks, units // choice.weight)
        return blocks

    def gain(self, line: Line, choice: Choice, blocks: int, seat: Seat | None) -> int:
        """Value gained by giving `blocks` to a line in place of a seat."""
        worth = line.worth(choice, blocks) - (seat.worth if seat else 0)
        return worth + self.penalty_saved(line, choice.weight * blocks, seat)

    def penalty_saved(self, line: Line, units: int, seat: Seat | None) -> int:
        """Penalties that `units` to a line in place of a seat would save (negative: cost)."""
        if not line.pulls and (seat is None or not seat.pulls):
            return 0
        saved = 0
        for floor, change in self._changes(line, units, seat):
            before = self.floor_short[floor]
            missed = max(0, before) - max(0, before + change)
            saved += self.table.floor_penalties[floor] * missed
        return saved

    def _changes(self, line: Line, units: int, seat: Seat | None) -> Iterable[tuple[int, int]]:
        """Change of each floor's shortfall."""
        changes = {floor: pull * units for floor, pull in line.pulls}
        if seat is not None:
            for floor, pull in seat.pulls:
                changes[floor] = changes.get(floor, 0) - pull * seat.units
        return changes.items()

    def turns(
        self, line: Line, choice: Choice, low: int, high: int, seat: Seat | None
    ) -> list[int]:
        """Amounts between which the gain is a straight line: one of them is always the best.

        The gain bends at the full-worth amount and where a floor is just met.
        """
        if low > high:
            return []
        if not line.pulls:
            return [high]
        bends = {low, high, choice.full}
        freed = dict(seat.pulls) if seat else {}
        for floor, pull in line.pulls:
            units = seat.units if seat else 0
            short = self.floor_short[floor] - freed.get(floor, 0) * units
            met = -short // (pull * choice.weight)
            bends |= {met, met + 1}
        return [blocks for blocks in sorted(bends) if low <= blocks <= high]

    def best(self, line: Line, place: int, seat: Seat | None) -> Entry | None:
        """The amount of one choice that gains most, the larger of equals; None if none fits."""
        choice = line.choices[place]
        high = min(choice.high, self.room(line, choice, seat))
        best: Entry | None = None
        for blocks in self.turns(line, choice, choice.low, high, seat):
            gain = self.gain(line, choice, blocks, seat)
            if best is None or gain >= best.gain:
                best = Entry(Held(place, blocks), gain, seat)
        return best

    def free_entry(self, line: Line) -> Entry | None:
        """The entry of a line that holds nothing into what is free.

        Of the options that do not lower the value, the one that gains most, then the one with more
        units, then the one that the candidate prefers.
        """
        found = [self.best(line, place, None) for place in range(len(line.choices))]
        fitting = [entry for entry in found if entry is not None and entry.gain >= 0]
        return max(fitting, key=lambda one: (one.gain, self.units(line, one.held)), default=None)

    def entry(self, line: Line) -> Entry | None:
        """The list rule: how a line that holds nothing may enter, or None.

        Free room first. Otherwise the line takes the place of one award of the same pool when all
        limits are kept and the list gains value, or loses none and the line stands before the other
        in published order. The exchange that gains most is made; of equals the one that displaces
        the last in published order, then the one that the candidate prefers.
        """
        free = self.free_entry(line)
        if free is not None:
            return free
        best: Entry | None = None
        for place, choice in enumerate(line.choices):
            worth_most = line.worth(choice, choice.high)
            for seat in self.seats(choice.pool):
                too_small = self.pool_free[choice.pool] + seat.blocks < choice.low
                too_dear = worth_most < seat.worth and not (line.pulls or seat.pulls)
                if too_small or too_dear:
                    continue
                found = self.best(line, place, seat)
                if found is None or not enters(line.order, found):
                    continue
                if best is None or _preferred(found) > _preferred(best):
                    best = found
        return best

    def units(self, line: Line, held: Held) -> int:
        """Units of a holding."""
        return held.blocks * line.choices[held.choice].weight


def enters(order: Order, entry: Entry) -> bool:
    """Whether an entry is good enough: a gain, or a tie won in published order."""
    tie_won = entry.seat is None or order < entry.seat.order
    return entry.gain > 0 or (entry.gain == 0 and tie_won)


def _preferred(entry: Entry) -> tuple[int, Order]:
    assert entry.seat is not None
    return entry.gain, entry.seat.order


def _seat(place: int, line: Line, choice: Choice, blocks: int) -> Seat:
    return Seat(
        place=place,
        blocks=blocks,
        units=blocks * choice.weight,
        worth=line.worth(choice, blocks),
        limits=line.limits,
        pulls=line.pulls,
        order=line.order,
    )
