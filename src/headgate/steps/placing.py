"""Where a call's awards run: the free blocks of each site as the term has them, and the rule."""

from collections.abc import Iterable, Mapping

from headgate.core.enforcement.place import Part, place
from headgate.core.policy.schema import Call
from headgate.core.quantities import DAY_SECONDS
from headgate.steps.calls import call_of
from headgate.steps.term import Term


def parts_of(term: Term, call: Call, awards: Iterable[tuple[str, str, int]]) -> tuple[Part, ...]:
    """Place (award, class, blocks) of a call on the sites; nothing where no engine enforces it."""
    room = _room(term, call)
    return place(awards, room) if room else ()


def _room(term: Term, call: Call) -> Mapping[str, Mapping[str, int]]:
    """Free blocks of the call's size by class and site, after all that is held already."""
    support = term.policy(term.starts).supports[call.support]
    seconds = (term.ends - term.starts).days * DAY_SECONDS
    one = support.amount(call.block, 1, seconds)
    unit = {support.block_units[0]: 1}
    free = {
        support_class: {site: support.amount(unit, count, seconds) for site, count in sites.items()}
        for support_class, sites in support.sites(term.starts).items()
    }
    for holding in term.holdings.values():
        for part in holding.parts if holding.support == call.support else ():
            block = call_of(term, holding.call).block
            free[part.support_class][part.site] -= support.amount(block, part.blocks, seconds)
    return {
        support_class: {site: max(amount, 0) // one for site, amount in sites.items()}
        for support_class, sites in free.items()
    }
