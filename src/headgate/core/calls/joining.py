"""A panel whose scores can be compared: seats are exchanged until its parts hang together.

How harsh a reviewer is shows only beside others who read the same. Where a panel falls into parts
that share no application, the harshness of one part beside another cannot be known from the marks,
and is left in its scores (Weeks and Williams 1964, connectedness of a cross-classification). An
assignment of few seats for each reviewer falls apart easily, and often another is worth as much.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from headgate.core.calls.panel import Assignment, Pair


def join(
    found: Assignment,
    expertise: Mapping[Pair, int],
    conflicts: Collection[Pair],
    given: Collection[Pair] = (),
) -> Assignment:
    """The panel with seats exchanged where that joins its parts; `given` seats stay.

    Two seats of different parts exchange their reviewers, so that applications and reviewers have
    as many seats as before. Each time the exchange is taken that costs the smallest part least
    expertise. Parts stay apart where there are too few seats to join them, or conflicts forbid it.
    """
    pairs, barred = frozenset(found.pairs), frozenset(conflicts)
    while way := _exchange(_Panel(pairs, expertise, barred, frozenset(given))):
        pairs ^= way
    return replace(found, pairs=tuple(sorted(pairs)))


@dataclass(frozen=True, slots=True)
class _Panel:
    pairs: frozenset[Pair]
    expertise: Mapping[Pair, int]
    conflicts: frozenset[Pair]
    given: frozenset[Pair]

    def loss(self, one: Pair, other: Pair) -> int:
        """How much expertise is lost where two seats exchange their reviewers."""
        before, after = (one, other), _crossed(one, other)
        worth = self.expertise.get
        return sum(worth(pair, 0) for pair in before) - sum(worth(pair, 0) for pair in after)

    def parts(self) -> list[tuple[frozenset[Pair], frozenset[Pair]]]:
        """Each part's seats, and those of them without which it would hang together all the same;
        the part with the fewest seats first.

        Those left out of the part's spanning tree of the greatest expertise (Kruskal 1956).
        """
        above: dict[tuple[bool, str], tuple[bool, str]] = {}

        def root(name: tuple[bool, str]) -> tuple[bool, str]:
            while (up := above.setdefault(name, name)) != name:
                above[name] = name = above[up]
            return name

        spare = set()
        for pair in sorted(self.pairs, key=lambda p: (-self.expertise.get(p, 0), p)):
            application, reviewer = root((True, pair[0])), root((False, pair[1]))
            above[application] = reviewer
            if application == reviewer:
                spare.add(pair)
        parts = defaultdict(set)
        for pair in self.pairs:
            parts[root((True, pair[0]))].add(pair)
        told = sorted(parts.values(), key=lambda part: (len(part), min(part)))
        return [(frozenset(part), frozenset(part & spare)) for part in told]


def _exchange(panel: _Panel) -> frozenset[Pair]:
    """The seats that go and come when the smallest part that can be is joined; none where none."""
    parts = panel.parts()
    others, spares = panel.pairs, frozenset[Pair]().union(*(spare for _, spare in parts))
    for part, spare in parts if len(parts) > 1 else ():
        ways = list(_ways(panel, spare, others - part, part, spares - spare))
        if ways:
            _loss, one, other = min(ways)
            return frozenset({one, other, *_crossed(one, other)})
    return frozenset()


def _ways(
    panel: _Panel,
    spare: Collection[Pair],
    others: Collection[Pair],
    part: Collection[Pair],
    spares: Collection[Pair],
) -> Iterator[tuple[int, Pair, Pair]]:
    """What can be exchanged, and its loss; one of the two seats is spare, or a part falls apart."""
    for mine, theirs in ((spare, others), (part, spares)):
        for one in sorted(set(mine) - panel.given):
            for other in sorted(set(theirs) - panel.given):
                if panel.conflicts.isdisjoint(_crossed(one, other)):
                    yield panel.loss(one, other), one, other


def _crossed(one: Pair, other: Pair) -> tuple[Pair, Pair]:
    return (one[0], other[1]), (other[0], one[1])
