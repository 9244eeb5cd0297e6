"""Synthetic applicants of a call, whose published totals are matched exactly.

What was published of the applicants binds: how many applied and for how many blocks, in all and by
group, where an application asks for the `blocks_most` of its first request. Nothing else is known,
so that the rest is drawn: sizes by `sizes`, organisations by the population's weights, one in three
applications from an organisation that applied before, arrival near the closing day. One application
in 200 asks for a longer term than the call allows. Who else is refused is the policy's matter: with
its rules at hand (`eligible`) what an applicant is free to choose is drawn again until they accept
it, and sorts of organisation that they refuse stay as common as the population says.

Each draw is named by the applicant, a number in a group, and by what is drawn of it: a rule that
refuses one applicant, or a cap that makes another ask for less, moves nobody else.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from headgate.core.calls.application import Application, Organisation, Request
from headgate.core.calls.window import window
from headgate.core.faults import Faulty
from headgate.core.policy.schema import Call, FieldKind, Organisations
from headgate.core.quantities import HOUR_SECONDS, instant_of, seconds_of
from headgate.simulation.draws import Draws
from headgate.simulation.organisations import ALLIANCE, Registry, answers, name_of
from headgate.simulation.population import Group, Population, Range, Variant, regions_of
from headgate.simulation.sizes import sizes
from headgate.simulation.totals import Total, anyone, cap_of, check_population, offers, totals

Eligible = Callable[[Application], bool]

TOO_LONG_ONE_IN = 200
_AGAIN_ONE_IN = 3
_LOOKED_AT = 16
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
    `timezone` is the one in whose days the call opens and closes; `judged` says that rounds decide
    who goes on, so that nobody asks for less time than there is.
    """

    rates: Mapping[str, int] = field(default_factory=dict)
    timezone: str = "UTC"
    eligible: Eligible = lambda _: True
    judged: bool = False


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

    An application is named by its call and number, `open-1-0001`, so that no other call has it. All
    that is drawn goes by who is the first, the second to come, and so on: nothing that others say
    or meet renames anybody.
    Without a population every kind of organisation that the policy knows applies, for three times
    what is offered. Raises Faulty where the population's totals cannot be met under the call.
    """
    known = population or anyone(call_id, call, organisations)
    if faults := check_population(call_id, known, call, organisations):
        raise Faulty(faults)
    registry = Registry(organisations, known.regions or regions_of(call), call.opens)
    draws, known_of_policy = Draws(seed, call_id), conditions or Conditions()
    office = _Office(call_id, call, registry, population is None, draws, known_of_policy)
    return _too_long(list(office.receive(totals(call, known))), call, draws.of("too long"))


def _in_turn(found: Sequence[Total]) -> list[tuple[Total, int]]:
    """Each group with each number in it, as they come in: by weight, so that where more apply the
    others are the last of each group and renumber nobody.
    """
    entries = [(total, number) for total in found for number in range(total.applications)]
    return sorted(entries, key=lambda entry: Fraction(2 * entry[1] + 1, entry[0].group.weight))


def _too_long(drawn: list[Application], call: Call, draws: Draws) -> tuple[Application, ...]:
    """Let one in 200 ask for half as long again as the call allows."""
    chosen = set(draws.ranked(a.id for a in drawn)[: len(drawn) // TOO_LONG_ONE_IN])
    months = call.months_most + max(1, call.months_most // 2)
    return tuple(replace(a, months=months) if a.id in chosen else a for a in drawn)


class _Applying(NamedTuple):
    """What is known of an application before its form: a group's, for so many blocks, at a time."""

    group: Group
    blocks: int
    bound: bool
    at: str
    draws: Draws


@dataclass(frozen=True, slots=True)
class _Office:
    """Where applications of one call come in."""

    call_id: str
    call: Call
    registry: Registry
    anyone: bool
    draws: Draws
    conditions: Conditions
    earlier: dict[str, list[Organisation]] = field(default_factory=dict)

    def receive(self, found: Sequence[Total]) -> Iterator[Application]:
        """Every application, in order of arrival and so of its number."""
        cap = cap_of(self.call)
        asked = {
            total.group.id: sizes(
                total.blocks, total.applications, cap, self.draws.of(total.group.id, "sizes")
            )
            for total in found
            if total.applications
        }
        coming = _in_turn(found)
        arrivals = sorted(self._arrival(self.draws.of("arrival", n)) for n in range(len(coming)))
        for number, (at, (total, place)) in enumerate(zip(arrivals, coming, strict=True), 1):
            group = total.group
            draws, blocks = self.draws.of(group.id, place), asked[group.id][place]
            applying = _Applying(group, blocks, total.bound, at, draws)
            yield self._named(self._accepted(applying), group, number)

    def _accepted(self, applying: _Applying) -> Application:
        """The first draft that the policy accepts; a few are handed in as they come."""
        group, blocks, bound, _, draws = applying
        weights = [sort.weight for sort in group.sorts]
        sort = group.sorts[draws.of("sort").weighted(weights)]
        first = draft = self._draft(applying, sort, draws.of("first"), bold=False)
        if draws.of("as it comes").chance(_AS_IT_COMES_PER_MILLE):
            return first
        for attempt in range(_ATTEMPTS):
            if self.conditions.eligible(draft):
                return draft
            again = draws.of("again", attempt)
            if self.anyone:
                sort = group.sorts[again.weighted(weights)]
            larger = again.below(1 + attempt // _ATTEMPTS_EACH_SIZE)
            size = blocks if bound else min(cap_of(self.call), blocks << larger)
            draft = self._draft(applying._replace(blocks=size), sort, again, bold=True)
        return first

    def _draft(self, given: _Applying, sort: Variant, draws: Draws, *, bold: bool) -> Application:
        group, at, day = given.group, given.at, self.call.opens
        applicant = self._applicant(group, sort, draws.of("applicant"), bold)
        fields = answers(self.call.fields, sort.fields, draws.of("fields"), day, bold)
        requests = tuple(self._requests(given.blocks, draws.of("requests")))
        months = self._months(draws.of("months"), bold)
        members = self._members(group, draws.of("members"))
        return Application("", self.call_id, at, applicant, members, requests, months, fields)

    def _applicant(self, group: Group, sort: Variant, draws: Draws, bold: bool) -> Organisation:
        """One that applied before, the likelier the more often it did, or a new one."""
        earlier, lots = self.earlier.get(group.id, []), draws.of("earlier")
        if earlier and not self._range(group) and lots.below(_AGAIN_ONE_IN) == 0:
            looked_at = (earlier[lots.below(len(earlier))] for _ in range(_LOOKED_AT))
            if (known := next((o for o in looked_at if _is(o, sort)), None)) is not None:
                return known
        return self.registry.draft(sort, draws, bold)

    def _named(self, draft: Application, group: Group, number: int) -> Application:
        """Give the draft its number and its new organisations' names; remember who applied."""
        applicant = draft.applicant
        if not applicant.id:
            lead = ALLIANCE if draft.members else applicant.kind
            applicant = replace(applicant, id=name_of(lead, number))
        self.earlier.setdefault(group.id, []).append(applicant)
        members = tuple(
            replace(member, id=name_of(member.kind, number, place))
            for place, member in enumerate(draft.members, 1)
        )
        called = f"{self.call_id}-{number:04d}"
        return replace(draft, id=called, applicant=applicant, members=members)

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
        each = [draws.of(place) for place in range(count)]
        return tuple(self.registry.draft(member.pick(sorts), member, False) for member in each)

    def _requests(self, blocks: int, draws: Draws) -> Iterator[Request]:
        """The first request, of a class whose cap allows it, and others worth about as much."""
        offered, rates = offers(self.call), self.conditions.rates
        allowed = [n for n, terms in self.call.classes.items() if terms.cap_blocks >= blocks]
        first = allowed[draws.weighted([max(1, offered[name]) for name in allowed])]
        less = draws.of("partial")
        partial = self.call.partial_awards and blocks > 1 and less.chance(_PARTIAL_PER_MILLE)
        part = Fraction(less.between(50, 90) if partial else 100, 100)
        yield Request(first, -(-blocks * part // 1), blocks)
        for name, terms in self.call.classes.items():
            worth = Fraction(rates.get(first, 1), rates.get(name, 1))
            most = -(-blocks * worth // 1)
            wanted = draws.of("other", name).chance(_ALTERNATIVE_PER_MILLE)
            if name != first and most <= terms.cap_blocks and wanted:
                yield Request(name, -(-most * part // 1), most)

    def _months(self, draws: Draws, bold: bool) -> int:
        """Most ask for as long as they may, and all where rounds decide who goes on."""
        most = self.call.months_most
        weights = [1, 0, 0] if self.conditions.judged else [1, 1, 1] if bold else [70, 20, 10]
        return max(1, (most, most // 2, most // 4)[draws.weighted(weights)])

    def _arrival(self, draws: Draws) -> str:
        """An instant of the call, before the noon of its last day; many come in its last days."""
        opens, closed = map(seconds_of, window(self.call, self.conditions.timezone))
        span = closed - opens - 12 * HOUR_SECONDS
        return instant_of(opens + span - 1 - min(draws.below(span) for _ in range(3)))


def _is(organisation: Organisation, sort: Variant) -> bool:
    """Whether an organisation that applied before is of a sort."""
    alike = (organisation.kind, organisation.size) == (sort.kind, sort.size)
    return alike and all(
        organisation.facts.get(asked) == said for asked, said in sort.facts.items()
    )
