"""Step 7: where the quota of those who left goes, by the policy's formula, in whole blocks.

The formula names parts of a whole for the survivors, for a wildcard call and for the pool. Parts
are rounded by largest remainder (Hamilton), so nothing is lost or made, and each movement says
which part of the rule it follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from headgate.core.policy.schema import Reallocation
from headgate.core.seats import Method, apportion


class Destination(StrEnum):
    """Who receives freed blocks."""

    SURVIVOR = "survivor"
    WILDCARD = "wildcard"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class Movement:
    """So many freed blocks of a class to one receiver.

    `award` is empty for the pool, and for a wildcard call that has added nobody yet.
    """

    support_class: str
    destination: Destination
    award: str
    blocks: int


def reallocate(
    rule: Reallocation,
    freed: Mapping[str, int],
    held: Mapping[str, int],
    places_open: int,
    added: Sequence[str] = (),
) -> tuple[Movement, ...]:
    """Divide the freed blocks of each class among survivors, wildcard and pool.

    `held` is what each survivor holds in blocks (the weights of `by_holding`). Without survivors or
    without an open place, their part falls to the pool. Who was `added` divides the wildcard's part
    equally.
    """
    survivors = rule.survivors if held else 0
    wildcard = rule.wildcard if places_open > 0 else 0
    parts = {
        Destination.SURVIVOR.value: survivors,
        Destination.WILDCARD.value: wildcard,
        Destination.POOL.value: rule.of - survivors - wildcard,
    }
    movements: list[Movement] = []
    for support_class, blocks in sorted(freed.items()):
        divided = apportion(blocks, parts, Method.LARGEST_REMAINDER)
        movements += _survivors(rule, support_class, divided[Destination.SURVIVOR.value], held)
        for_added = divided[Destination.WILDCARD.value]
        equally = apportion(for_added, dict.fromkeys(added or [""], 1), Method.LARGEST_REMAINDER)
        movements += (
            Movement(support_class, Destination.WILDCARD, *one) for one in equally.items()
        )
        pool = divided[Destination.POOL.value]
        movements.append(Movement(support_class, Destination.POOL, "", pool))
    return tuple(movement for movement in movements if movement.blocks)


def _survivors(
    rule: Reallocation, support_class: str, blocks: int, held: Mapping[str, int]
) -> list[Movement]:
    if not held:
        return []
    equal = rule.divide == "equally" or not any(held.values())
    weights = {award: 1 if equal else held[award] for award in sorted(held)}
    divided = apportion(blocks, weights, Method.LARGEST_REMAINDER)
    return [
        Movement(support_class, Destination.SURVIVOR, award, divided[award]) for award in weights
    ]
