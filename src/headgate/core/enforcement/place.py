"""Where an award runs: which site holds its blocks, by one published rule.

The largest awards are placed first (ties by id), each on the site of its class with the fewest free
blocks that still holds it whole; where no site does, it is laid over the sites with most room. A
whole award on one site is one gang's home; a site kept free is room for the next large one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """So many blocks of an award on one site."""

    award: str
    support_class: str
    site: str
    blocks: int


class NoRoom(ValueError):
    """The sites of a class have fewer free blocks than the awards placed on them."""


def place(
    awards: Iterable[tuple[str, str, int]], sites: Mapping[str, Mapping[str, int]]
) -> tuple[Part, ...]:
    """Place (award, class, blocks) on sites given as class -> site -> free blocks, by the rule
    above.

    Raises NoRoom when a class is overfull; parts come in order of award and site.
    """
    free = {support_class: dict(of_class) for support_class, of_class in sites.items()}
    parts: list[Part] = []
    for award, support_class, blocks in sorted(awards, key=lambda a: (-a[2], a[0], a[1])):
        room = free.setdefault(support_class, {})
        if blocks > sum(room.values()):
            raise NoRoom(f"{award}: {blocks} blocks of {support_class}, {sum(room.values())} free")
        for site, taken in _taken(blocks, room):
            room[site] -= taken
            parts.append(Part(award, support_class, site, taken))
    return tuple(sorted(parts, key=lambda p: (p.award, p.support_class, p.site)))


def _taken(blocks: int, room: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    fitting = [(free, site) for site, free in room.items() if free >= blocks]
    if fitting:
        return [(min(fitting)[1], blocks)]
    taken, left = [], blocks
    for free, site in sorted(
        ((free, site) for site, free in room.items()), key=lambda f: (-f[0], f[1])
    ):
        part = min(free, left)
        left -= part
        if part:
            taken.append((site, part))
    return taken
