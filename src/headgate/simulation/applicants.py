"""Synthetic applicants of a call, whose published totals are matched exactly.

What was published of the applicants binds: how many applied and for how many blocks, in all and by
group, where an application asks for the `blocks_most` of its first request. Nothing else is known,
so that the rest is drawn: sizes by `sizes`, organisations by the population's weights, one in three
applications from an organisation that applied before, arrival near the closing day. One application
in 200 asks for a longer term than the call allows. Who else is refused is the policy's matter: with
its rules at hand (`eligible`) what an applicant is free to choose is drawn again until they accept
it, and sorts of organisation that they refuse stay as common as the population says.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

from headgate.core.calls.application import Application, Organisation, Request
from headgate.core.calls.window import window
from headgate.core.faults import Faulty
from headgate.core.policy.schema import Call, FieldKind, Organisations
from headgate.core.quantities import HOUR_SECONDS, instant_of, seconds_of
from headgate.simulation.draws import Draws
from headgate.simulation.organisations import ALLIANCE, Registry, answers
from headgate.simulation.population import Group, Population, Range, Variant, regions_of
from headgate.simulation.sizes import sizes
from headgate.simulation.totals import anyone, cap_of, check_population, offers, totals

Eligible = Callable[[Application], bool]

TOO_LONG_ONE_IN = 200
_AGAIN_ONE_IN = 3
_ATTEMPTS = 48
_ATTEMPTS_EACH_SIZE = 4
_AS_IT_COMES_PER_MILLE = 40
_ALTERNATIVE_PER_MILLE = 550
_PARTIAL_PER_MILLE = 600
_MEMBERS = Range(least=3, most=12)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the rest of the policy says that applicants of a call know.

    `rates` are what a class is worth beside the others, for requests that name another class;
    `timezone` is the one in whose days the call opens and closes.
    """

    rates: Mapping[str, int] = field(default_factory=dict)
    timezone: str = "UTC"
    eligible: Eligible = lambda _: True


def blocks_asked(application: Application) -> int:
    """What an application counts for in published totals: the most of its first request."""
    return application.requests[0].blocks_most


def applicants(
    call_id: str,
    call: Call,
    organisations: Organisations,
    population: Population | None,
    seed: str,
    conditions: Conditions | None = None,
) -> tuple[Application, ...]:
    """Everybody who applies, in order of arrival; a pure function of its arguments.

    An application is named by its call and number, `open-1-0001`, so that no other call has it.
    Without a population every kind of organisation that the policy knows applies, for three times
    what is offered. Raises Faulty where the population's totals cannot be met under the call.
    """
    known = population or anyone(call_id, call, organisations)
    if faults := check_population(call_id, known, call, organisations):
        raise Faulty(faults)
    regions = known.regions or regions_of(call)
    registry = Registry(organisations, regions, call.opens)
    known_of_policy = conditions or Conditions()
    office = _Office(call_id, call, registry, population is None, seed, known_of_policy)
    drawn = [application for group in known.groups for application in office.receive(group, known)]
    return _numbered(_too_long(drawn, call, Draws(seed, call_id, "too long")))


def _numbered(drawn: list[Application]) -> tuple[Application, ...]:
    ordered = sorted(drawn, key=lambda application: (application.at, application.id))
    return tuple(replace(a, id=f"{a.call}-{n:04d}") for n, a in enumerate(ordered, 1))


def _too_long(drawn: list[Application], call: Call, draws: Draws) -> list[Application]:
    """Let one in 200 ask for half as long again as the call allows."""
    order = list(range(len(drawn)))
    draws.shuffle(order)
    chosen = set(order[: len(drawn) // TOO_LONG_ONE_IN])
    months = call.months_most + max(1, call.months_most // 2)
    return [replace(a, months=months) if n in chosen else a for n, a in enumerate(drawn)]


@dataclass(frozen=True, slots=True)
class _Office:
    """Where applications of one call come in."""

    call_id: str
    call: Call
    registry: Registry
    anyone: bool
    seed: str
    conditions: Conditions
    earlier: dict[str, list[Organisation]] = field(default_factory=dict)

    def receive(self, group: Group, population: Population) -> Iterator[Application]:
        """Every application of a group, with a provisional id."""
        total = next(t for t in totals(self.call, population) if t.group is group)
        if not total.applications:
            return
        draws = Draws(self.seed, self.call_id, group.id, "sizes")
        asked = sizes(total.blocks, total.applications, cap_of(self.call), draws)
        draws.shuffle(asked)
        for number, blocks in enumerate(asked):
            draws = Draws(self.seed, self.call_id, group.id, number)
            draft = self._accepted(group, blocks, total.bound, draws)
            yield self._named(replace(draft, id=f"{group.id}/{number:06d}"), group)

    def _accepted(self, group: Group, blocks: int, bound: bool, draws: Draws) -> Application:
        """The first draft that the policy accepts; a few are handed in as they come."""
        weights = [sort.weight for sort in group.sorts]
        sort = group.sorts[draws.weighted(weights)]
        first = draft = self._draft(group, sort, blocks, draws, bold=False)
        if draws.chance(_AS_IT_COMES_PER_MILLE):
            return first
        for attempt in range(_ATTEMPTS):
            if self.conditions.eligible(draft):
                return draft
            if self.anyone:
                sort = group.sorts[draws.weighted(weights)]
            larger = draws.below(1 + attempt // _ATTEMPTS_EACH_SIZE)
            size = blocks if bound else min(cap_of(self.call), blocks << larger)
            draft = self._draft(group, sort, size, draws, bold=True)
        return first

    def _draft(
        self, group: Group, sort: Variant, blocks: int, draws: Draws, *, bold: bool
    ) -> Application:
        applicant = self._applicant(group, sort, draws, bold)
        fields = answers(self.call.fields, sort.fields, draws, self.call.opens, bold)
        requests = tuple(self._requests(blocks, draws))
        at, months = self._arrival(draws), self._months(draws, bold)
        members = self._members(group, draws)
        return Application("", self.call_id, at, applicant, members, requests, months, fields)

    def _applicant(self, group: Group, sort: Variant, draws: Draws, bold: bool) -> Organisation:
        """One that applied before, the likelier the more often it did, or a new one."""
        earlier = self.earlier.get(_key(group, sort.kind, sort.size), [])
        if earlier and not self._range(group) and draws.below(_AGAIN_ONE_IN) == 0:
            known = draws.pick(earlier)
            if all(known.facts.get(name) == fact for name, fact in sort.facts.items()):
                return known
        return self.registry.draft(sort, draws, bold)

    def _named(self, draft: Application, group: Group) -> Application:
        """Give the draft's new organisations their names, and remember who applied."""
        lead = ALLIANCE if draft.members else draft.applicant.kind
        applicant = draft.applicant
        if not applicant.id:
            applicant = replace(applicant, id=self.registry.name(lead))
        self.earlier.setdefault(_key(group, applicant.kind, applicant.size), []).append(applicant)
        members = tuple(replace(m, id=self.registry.name(m.kind)) for m in draft.members)
        return replace(draft, applicant=applicant, members=members)

    def _range(self, group: Group) -> Range | None:
        """How many members a group's applicants have: as published, or some if the rules ask."""
        rules = [rule.when for rule in self.call.eligibility]
        asked = any("application.members" in rule for rule in rules)
        return group.members or (_MEMBERS if asked else None)

    def _members(self, group: Group, draws: Draws) -> tuple[Organisation, ...]:
        if (wanted := self._range(group)) is None:
            return ()
        known = self.registry.organisations
        yes_or_no = [n for n, asked in known.fields.items() if asked.kind is FieldKind.BOOLEAN]
        facts = dict.fromkeys(yes_or_no, False)
        pairs = product(known.kinds, known.sizes)
        sorts = [Variant(kind=kind, size=size, facts=facts) for kind, size in pairs]
        count = draws.between(wanted.least, max(wanted.least, wanted.most))
        return tuple(self.registry.draft(draws.pick(sorts), draws, False) for _ in range(count))

    def _requests(self, blocks: int, draws: Draws) -> Iterator[Request]:
        """The first request, of a class whose cap allows it, and others worth about as much."""
        offered, rates = offers(self.call), self.conditions.rates
        allowed = [n for n, terms in self.call.classes.items() if terms.cap_blocks >= blocks]
        first = allowed[draws.weighted([max(1, offered[name]) for name in allowed])]
        partial = self.call.partial_awards and blocks > 1 and draws.chance(_PARTIAL_PER_MILLE)
        part = Fraction(draws.between(50, 90) if partial else 100, 100)
        yield Request(first, -(-blocks * part // 1), blocks)
        for name, terms in self.call.classes.items():
            worth = Fraction(rates.get(first, 1), rates.get(name, 1))
            most = -(-blocks * worth // 1)
            if name != first and most <= terms.cap_blocks and draws.chance(_ALTERNATIVE_PER_MILLE):
                yield Request(name, -(-most * part // 1), most)

    def _months(self, draws: Draws, bold: bool) -> int:
        """Most ask for as long as they may."""
        most = self.call.months_most
        weights = [1, 1, 1] if bold else [70, 20, 10]
        return max(1, (most, most // 2, most // 4)[draws.weighted(weights)])

    def _arrival(self, draws: Draws) -> str:
        """An instant of the call, before the noon of its last day; many come in its last days."""
        opens, closed = map(seconds_of, window(self.call, self.conditions.timezone))
        span = closed - opens - 12 * HOUR_SECONDS
        return instant_of(opens + span - 1 - min(draws.below(span) for _ in range(3)))


def _key(group: Group, kind: str, size: str) -> str:
    return f"{group.id}/{kind}/{size}"
