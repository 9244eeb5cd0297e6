"""What the plain replay keeps: gangs on their way, envelopes, awards, nodes, reservations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

from headgate.core.quantities import HOUR_SECONDS
from headgate.simulation.replay.layout import NEVER


@dataclass(slots=True)
class Nodes:
    """GPUs that are free on each node of `each` GPUs, the node that changed last at the end."""

    each: int
    free: dict[int, int] = field(default_factory=dict)

    def found(self, gpus: int) -> dict[int, int] | None:
        """Where a gang would stand: GPUs by node; None where its nodes are not there."""
        if not self.each:
            return {}
        whole, part = divmod(gpus, self.each)
        latest = list(reversed(self.free))
        empty = [node for node in latest if self.free[node] == self.each][:whole]
        chosen = dict.fromkeys(empty, self.each)
        rest = [node for node in latest if node not in chosen and self.free[node] >= part]
        if len(chosen) < whole or (part and not rest):
            return None
        return chosen | ({min(rest, key=self.free.__getitem__): part} if part else {})

    def change(self, gpus: Mapping[int, int], sign: int) -> None:
        """Free GPUs of nodes (1) or take them (-1)."""
        for node, count_ in gpus.items():
            self.free[node] = self.free.pop(node) + sign * count_

    def without(self, gpus: Mapping[int, int]) -> "Nodes":
        """The nodes if these GPUs were taken too."""
        return Nodes(self.each, {node: n - gpus.get(node, 0) for node, n in self.free.items()})

    def resized(self, gpus: int) -> bool:
        """Let nodes come and empty ones go until they are so many GPUs; whether they are."""
        wanted = gpus // self.each if self.each else 0
        while len(self.free) < wanted:
            self.free[next(node for node in count() if node not in self.free)] = self.each
        while len(self.free) > wanted and (empty := self.found(self.each)):
            del self.free[next(iter(empty))]
        return len(self.free) == wanted


@dataclass(slots=True, eq=False)
class Gang:
    """One gang on its way."""

    number: int
    envelope: int
    gpus: int
    seconds: int
    limit: int
    left: int
    began: int = -1
    ends: int = -1
    paid: int = 0
    started: int = -1
    ended: int = -1
    stops: int = 0
    lost: int = 0
    overhead: int = 0
    held: int = 0
    ahead: int = 0
    borrowed: int = 0
    unpaid: int = 0
    unpaid_since: int = 0
    cut: int = 0
    went: int = -1
    asked: bool = False
    nodes: Mapping[int, int] = field(default_factory=dict)

    def limit_left(self, restart: int) -> int:
        """The longest that its next run may last."""
        done = self.seconds - self.left
        return self.limit - done + (restart if self.stops else 0)


@dataclass(slots=True)
class Envelope:
    """One envelope: what it may hold now, who waits, who runs (oldest start first)."""

    number: int
    quota: int = 0
    keeps: int = 0
    ceiling: int = 0
    past: int = 0
    debt: int = 0
    queue: list[Gang] = field(default_factory=list)
    running: list[Gang] = field(default_factory=list)

    @property
    def used(self) -> int:
        """GPUs held now."""
        return sum(gang.gpus for gang in self.running)

    @property
    def debt_hours(self) -> int:
        """Whole GPU-hours borrowed and not made good by lending; below zero what others owe."""
        return self.debt // HOUR_SECONDS

    @property
    def waited_for(self) -> int:
        """GPUs asked for and not held."""
        return sum(gang.gpus for gang in self.queue)


@dataclass(slots=True)
class Award:
    """One budget: what it has paid, whose gangs run on it, who waits for it in order."""

    budget: int = NEVER
    spent: int = 0
    running: list[Gang] = field(default_factory=list)
    unpaid: list[Gang] = field(default_factory=list)

    @property
    def used(self) -> int:
        """GPUs that it pays for now."""
        return sum(gang.gpus for gang in self.running)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What may not be delayed: from `at` on, all but `spare` (and `own` of its envelope).

    `nodes` are as they will be by then, where the gang waits for the pool.
    """

    gang: Gang
    at: int
    spare: int
    own: int
    nodes: Nodes | None
