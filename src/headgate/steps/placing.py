"""Where a call's awards run: the free blocks of each site as the term has them, and the rule."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from headgate.core.enforcement.place import Part, place
from headgate.core.faults import Fault, Faulty, Sentence
from headgate.core.policy.dated import find
from headgate.core.policy.schema import Call
from headgate.core.quantities import DAY_SECONDS
from headgate.core.supports.kind import Kind as Support
from headgate.steps.called import call_of
from headgate.steps.term import Holding, Term

Sites = Mapping[str, Mapping[str, int]]


class Shortage(StrEnum):
    """What can be too little for what was decided, as the fault's code."""

    ROOM = "room-short"
    CAPACITY = "capacity-short"
    ENVELOPE = "envelope-short"


def short(term: Term, shortage: Shortage, path: str, what: str, mend: str) -> Fault:
    """The fault of a shortage in a term, at the part of the policy that says what there is."""
    root = term.resolved(term.starts).value
    own = (find(root, path) or root).provenance
    return Fault(own.file, own.line, own.column, shortage.value, what, mend)


def parts_of(term: Term, call: Call, awards: Iterable[tuple[str, str, int]]) -> tuple[Part, ...]:
    """Place (award, class, blocks) of a call on the sites; nothing where no engine enforces it.

    The sites are those of the day on which the awards start, or go on into the term. Raises Faulty
    with one fault for each class that has too few whole blocks free.
    """
    wanted, room = list(awards), room_of(term, call, max(call.starts, term.starts))
    if not room:
        return ()
    blocks: Counter[str] = Counter()
    for _, support_class, count in wanted:
        blocks[support_class] += count
    faults = [
        _no_room(term, call, support_class, count, free)
        for support_class, count in blocks.items()
        if count > (free := sum(room.get(support_class, {}).values()))
    ]
    if faults:
        raise Faulty(faults)
    return place(wanted, room)


def _no_room(term: Term, call: Call, support_class: str, wanted: int, free: int) -> Fault:
    ((unit, size),) = call.block.items()
    day, path = max(call.starts, term.starts), f"supports.{call.support}.lots"
    what = Sentence(
        "{wanted} blocks of {size} {unit} of {support_class} are to start on {day}; its sites have"
        " {free} whole blocks free then",
        wanted=wanted,
        size=size,
        unit=unit,
        support_class=support_class,
        day=day,
        free=free,
    )
    mend = Sentence(
        "offer {free} blocks at most, or add a lot that serves on {day} and brings the rest",
        free=free,
        day=day,
    )
    return short(term, Shortage.ROOM, path, what, mend)


def room_of(term: Term, call: Call, day: date) -> Sites:
    """Free blocks of the call's size by class and site on a day, after all that is held then.

    A site counts in whole blocks. Blocks that are held for a time need what the site has on the
    first day; hours may draw on all that its lots give until the term ends.
    """
    support = term.policy(term.starts).supports[call.support]
    seconds = (term.ends - day).days * DAY_SECONDS
    one, unit = support.amount(call.block, 1, seconds), {support.block_units[0]: 1}
    by_time = support.held_at_once(call.block, 1) is not None
    free = {
        support_class: {
            site: support.amount(unit, count, seconds)
            if by_time
            else support.capacity(support_class, day, term.ends, site)
            for site, count in sites.items()
        }
        for support_class, sites in support.sites(day).items()
    }
    for holding in term.holdings.values():
        if holding.support == call.support and holding.ends > day:
            for part in holding.parts:
                at_class = free.get(part.support_class, {})
                if part.site in at_class:
                    at_class[part.site] -= _held(term, support, holding, part, day)
    return {
        support_class: {site: max(amount, 0) // one for site, amount in sites.items()}
        for support_class, sites in free.items()
    }


def _held(term: Term, support: Support, holding: Holding, part: Part, day: date) -> int:
    """What a part of an award keeps for itself from a day to the end of the term, in `unit`.

    Of hours it is what an even pace leaves on that day, rounded up.
    """
    block = call_of(term, holding.call).block
    if support.held_at_once(block, 1) is not None:
        return support.amount(block, part.blocks, (term.ends - day).days * DAY_SECONDS)
    begun = max(holding.starts, term.starts)
    left = (holding.ends - max(day, begun)).days
    whole = holding.blocks * (holding.ends - begun).days
    return -(-holding.amount * part.blocks * left // whole)
