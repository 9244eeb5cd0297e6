"""How many of each group apply and for how many blocks: what was published, and the gaps filled.

What was published is kept exactly. A gap is filled by the groups' weights, and where no total was
published either, the call is asked for three times what it offers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from headgate.core.faults import Fault
from headgate.core.policy.schema import Call, Organisations
from headgate.core.seats import Method, apportion
from headgate.core.supports.text import Text
from headgate.simulation.population import Count, Group, Population, Profile, Variant

DEMAND = 3
"""Blocks asked for each block offered, where nothing was published."""

_APPLICATIONS_LEAST, _APPLICATIONS_MOST = 12, 600
_CAP_BY_MEAN = 8


@dataclass(frozen=True, slots=True)
class Total:
    """How many applications of a group ask for how many blocks together.

    `bound` says that the blocks follow from published figures, and may not be drawn otherwise.
    """

    group: Group
    applications: int
    blocks: int
    bound: bool


def cap_of(call: Call) -> int:
    """The most blocks that one application may ask for, of whichever class."""
    return max(terms.cap_blocks for terms in call.classes.values())


def offers(call: Call) -> Mapping[str, int]:
    """The whole blocks that the call offers of each class."""
    size = next(iter(call.block.values()))
    return {name: terms.offered // size for name, terms in call.classes.items()}


def anyone(call_id: str, call: Call, organisations: Organisations) -> Population:
    """A population of which nothing is known: every kind and size that the policy knows."""
    pairs = product(organisations.kinds, organisations.sizes)
    sorts = tuple(Variant(kind=kind, size=size) for kind, size in pairs)
    unknown = Count(applications=None, blocks=None)
    group = Group(
        id="applicants",
        name=Text(en="Applicants"),
        holder=call.holders[0],
        organisation=Profile(kind=sorts[0].kind, size=sorts[0].size),
        applications=None,
        blocks=None,
        selected_blocks=None,
        weight=1,
        variants=sorts,
    )
    return Population(
        call=call_id, source="none", applied=unknown, groups=(group,), selected=unknown
    )


def totals(call: Call, population: Population) -> tuple[Total, ...]:
    """The totals of each group, in the population's order; the population has no faults."""
    groups, whole = population.groups, population.applied
    demand = DEMAND * sum(offers(call).values())
    count = min(max(demand * _CAP_BY_MEAN // cap_of(call), _APPLICATIONS_LEAST), _APPLICATIONS_MOST)
    counts = _fill(
        whole.applications, count, {g.id: g.applications for g in groups},
        {g.id: g.weight for g in groups},
    )  # fmt: skip
    free = sum(counts[g.id] for g in groups if g.blocks is None)
    asked = max(free, min(demand, free * cap_of(call) * 2 // 3))
    blocks = _fill(whole.blocks, asked, {g.id: g.blocks for g in groups}, counts)
    return tuple(
        Total(g, counts[g.id], blocks[g.id], whole.blocks is not None or g.blocks is not None)
        for g in groups
    )


def _fill(
    total: int | None, free: int, known: Mapping[str, int | None], weights: Mapping[str, int]
) -> dict[str, int]:
    """The known numbers, and what is left of the total (or `free`) by weight among the others."""
    given = {name: number for name, number in known.items() if number is not None}
    gaps = {name: weights[name] for name in known if name not in given}
    left = max(0, total - sum(given.values())) if total is not None else free
    filled = apportion(left, gaps, Method.LARGEST_REMAINDER) if any(gaps.values()) else gaps
    return {name: given.get(name, filled.get(name, 0)) for name in known}


def check_population(
    call_id: str, population: Population, call: Call, organisations: Organisations
) -> tuple[Fault, ...]:
    """Everything for which no applicants can be drawn under the call, sorted."""
    found = [
        *_subject(population, call_id),
        *_names(population, call, organisations),
        *_sums(population),
        *_reach(population, call),
    ]
    mend = "Correct the data file, or the policy where the data is right."
    file = f"population of {call_id}"
    return tuple(sorted(Fault(file, 0, 0, code, what, mend) for code, what in found))


def _subject(population: Population, call_id: str) -> Iterator[tuple[str, str]]:
    if population.call != call_id:
        what = f"The file of the call {call_id} says that it is about {population.call}."
        yield "call-other", what


def _names(
    population: Population, call: Call, organisations: Organisations
) -> Iterator[tuple[str, str]]:
    ids = [group.id for group in population.groups]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        yield "group-twice", f"The group {name} stands twice."
    for group in population.groups:
        if group.holder not in call.holders:
            yield "holder-not-invited", f"Group {group.id}: the call has no holder {group.holder}."
        words = {sort.kind for sort in group.sorts} - set(organisations.kinds)
        words |= {sort.size for sort in group.sorts} - set(organisations.sizes)
        for word in sorted(words):
            yield "word-unknown", f"Group {group.id}: the policy knows no kind or size {word}."
        asked = organisations.fields.keys() | call.fields.keys()
        answered = {name for sort in group.sorts for name in (*sort.facts, *sort.fields)}
        for name in sorted(answered - asked):
            yield "field-unknown", f"Group {group.id}: no form asks for {name}."


def _sums(population: Population) -> Iterator[tuple[str, str]]:
    for word in ("applications", "blocks"):
        total = getattr(population.applied, word)
        known = [getattr(group, word) for group in population.groups]
        given = sum(number for number in known if number is not None)
        if total is not None and (given > total or (None not in known and given != total)):
            yield "groups-do-not-add-up", f"The groups' {word} do not add up to {total}."


def _reach(population: Population, call: Call) -> Iterator[tuple[str, str]]:
    for total in totals(call, population):
        count, blocks, cap = total.applications, total.blocks, cap_of(call)
        if not count <= blocks <= count * cap:
            what = f"{count} applications of 1 to {cap} blocks cannot ask for {blocks}"
            yield "blocks-out-of-reach", f"Group {total.group.id}: {what}."
