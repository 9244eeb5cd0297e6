"""On which nodes gangs stand, for the fast loop.

In the table `nodes` row `n`, up to the GPUs of a node, is a ring of the nodes that have `n` GPUs
free, the one that changed last first: FREE counts them, NEXT is the first. Each row after these is
a node: FREE are its free GPUs (-1: out of service), NEXT and PREVIOUS its neighbours in its ring. A
node without free GPUs is in no ring; if one gang holds it whole, NEXT leads to that gang's next
whole node. TRIAL_FREE is the same as FREE, of nodes and rings, as it would be. A gang has
its first whole node (CHAIN) and the node of its PART; -1 is none.
"""

from headgate.simulation.replay.compiling import inner
from headgate.simulation.replay.layout import (
    CAPACITY,
    CHAIN,
    FREE,
    GPUS,
    NEXT,
    NODE_GPUS,
    NODES,
    PART,
    PREVIOUS,
    TRIAL_FREE,
    State,
)


@inner
def stands(s: State, asks: int, column: int) -> bool:
    """Whether the nodes of a gang are there: now (FREE), or as it would be (TRIAL_FREE)."""
    if len(s.packed) == 0:
        return True
    each = s.now[NODE_GPUS]
    left, part = s.nodes[each, column] - asks // each, asks % each
    if left == 0 and part > 0:
        while part < each and s.nodes[part, column] == 0:
            part += 1
        left -= part == each
    enough: bool = left >= 0
    return enough


@inner
def change(s: State, node: int, gpus: int) -> None:
    """Free so many GPUs of a node (or take them, below zero)."""
    free = s.nodes[node, FREE]
    if free > 0:
        s.nodes[s.nodes[node, PREVIOUS], NEXT] = s.nodes[node, NEXT]
        s.nodes[s.nodes[node, NEXT], PREVIOUS] = s.nodes[node, PREVIOUS]
        s.nodes[free, FREE] -= 1
    free += gpus
    s.nodes[node, FREE] = free
    if free > 0:
        second = s.nodes[free, NEXT]
        s.nodes[node, NEXT], s.nodes[node, PREVIOUS] = second, free
        s.nodes[free, NEXT] = s.nodes[second, PREVIOUS] = node
        s.nodes[free, FREE] += 1


@inner
def best(s: State, part: int) -> int:
    """The node with the fewest free GPUs that are enough, of those the one that changed last."""
    free = part
    while s.nodes[free, FREE] == 0:
        free += 1
    node: int = s.nodes[free, NEXT]
    return node


@inner
def occupy(s: State, gang: int) -> None:
    """Let a gang stand on its nodes, which are there."""
    if len(s.packed) == 0:
        return
    each, asks, last = s.now[NODE_GPUS], s.gangs[gang, GPUS], -1
    s.gangs[gang, CHAIN] = s.gangs[gang, PART] = -1
    for _ in range(asks // each):
        node = s.nodes[each, NEXT]
        change(s, node, -each)
        if last < 0:
            s.gangs[gang, CHAIN] = node
        else:
            s.nodes[last, NEXT] = node
        s.nodes[node, NEXT] = -1
        last = node
    if asks % each > 0:
        node = best(s, asks % each)
        change(s, node, -(asks % each))
        s.gangs[gang, PART] = node


@inner
def vacate(s: State, gang: int) -> None:
    """Let a gang leave its nodes."""
    if len(s.packed) == 0:
        return
    each, node = s.now[NODE_GPUS], s.gangs[gang, CHAIN]
    while node >= 0:
        following = s.nodes[node, NEXT]
        change(s, node, each)
        node = following
    if s.gangs[gang, PART] >= 0:
        change(s, s.gangs[gang, PART], s.gangs[gang, GPUS] % each)


@inner
def resized(s: State) -> bool:
    """Let nodes come and empty ones go until they are the pool's GPUs; whether they are."""
    if len(s.packed) == 0:
        return True
    each = s.now[NODE_GPUS]
    wanted, node = s.now[CAPACITY] // each, each + 1
    while s.now[NODES] < wanted:
        if s.nodes[node, FREE] < 0:
            s.nodes[node, FREE] = 0
            change(s, node, each)
            s.now[NODES] += 1
        node += 1
    while s.now[NODES] > wanted and s.nodes[each, FREE] > 0:
        node = s.nodes[each, NEXT]
        change(s, node, -each)
        s.nodes[node, FREE] = -1
        s.now[NODES] -= 1
    done: bool = s.now[NODES] == wanted
    return done


@inner
def nodes_on_trial(s: State) -> None:
    """Begin to try what would be free on the nodes if some gangs had left."""
    for row in range(len(s.nodes)):
        s.nodes[row, TRIAL_FREE] = s.nodes[row, FREE]


@inner
def tried(s: State, node: int, gpus: int) -> None:
    """Free GPUs of a node on trial."""
    free = s.nodes[node, TRIAL_FREE]
    s.nodes[free, TRIAL_FREE] -= free > 0
    free += gpus
    s.nodes[node, TRIAL_FREE] = free
    s.nodes[free, TRIAL_FREE] += free > 0


@inner
def vacate_on_trial(s: State, gang: int) -> None:
    """Let a gang leave its nodes on trial."""
    if len(s.packed) == 0:
        return
    each, node = s.now[NODE_GPUS], s.gangs[gang, CHAIN]
    while node >= 0:
        tried(s, node, each)
        node = s.nodes[node, NEXT]
    if s.gangs[gang, PART] >= 0:
        tried(s, s.gangs[gang, PART], s.gangs[gang, GPUS] % each)


@inner
def occupy_on_trial(s: State, asks: int, sign: int) -> None:
    """Take the GPUs on which a gang would stand now from those on trial (-1), or give them back."""
    if len(s.packed) == 0:
        return
    each = s.now[NODE_GPUS]
    node, part = s.nodes[each, NEXT], asks % each
    for _ in range(asks // each):
        tried(s, node, sign * each)
        node = s.nodes[node, NEXT]
    if part > 0:
        for free in range(part, each):
            if s.nodes[free, FREE] > 0:
                node = s.nodes[free, NEXT]
                break
        tried(s, node, sign * part)
