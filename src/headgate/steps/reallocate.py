"""Step 7: what those who left held goes where the policy says, and the term turns into the next."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby

from headgate.core.decision import Decision
from headgate.core.duties.amendment import Change, accepted
from headgate.core.duties.reports import overdue
from headgate.core.enforcement.place import Part
from headgate.core.evaluation.decide import Decision as Verdict
from headgate.core.evaluation.decide import RoundOutcome
from headgate.core.faults import Fault, Faulty
from headgate.core.ledger.transfer import Transfer
from headgate.core.policy.running_rules import NO_RULES, Overdue
from headgate.core.quantities import instant
from headgate.core.reallocation.formula import Destination, Movement
from headgate.core.reallocation.formula import reallocate as divide
from headgate.core.supports.kind import Accounts
from headgate.steps.adopt import amounts_of, open_term, seats
from headgate.steps.awards import amount_in_term, grant_all
from headgate.steps.called import call_of
from headgate.steps.evaluate import facts_of, given_of, round_of
from headgate.steps.placing import Shortage, parts_of, short
from headgate.steps.rights import Way, blocks_as, in_two_units
from headgate.steps.term import Closed, Holding, Term, single, term_days

CARRIED = "carried"
"""Why an amount moves that an award takes into the next term."""
LEAVING = frozenset({Verdict.CUT, Verdict.DISQUALIFIED, Verdict.STOP})


def reallocate(term: Term, round_id: str, outcome: RoundOutcome, day: date) -> Term:
    """Divide what leavers held among survivors, a wildcard call and the pool, for the next term.

    What a class of holders was promised stays with it: survivors of the leaver's own class divide.
    Survivors who supply the programme keep what they hold and receive none, if the policy says so;
    and those whose own time ends with the term, who would hold none of it.
    """
    evaluation = round_of(term, round_id)
    added = [d.team for d in outcome.decisions if d.decision is Verdict.WILDCARD]
    leavers = {d.team for d in outcome.decisions if d.decision in LEAVING}
    teams = {d.team: term.holdings[d.team] for d in outcome.decisions if d.team not in added}
    held = {team: term.next_blocks.get(team, h.blocks) for team, h in teams.items()}
    ending = {team for team, holding in teams.items() if holding.ends <= term.ends}
    receives_none = leavers | ending | _suppliers(term, round_id, day)
    places = outcome.places_left + len(added)
    blocks = dict.fromkeys(sorted(leavers), 0)
    movements: list[Movement] = []
    for group in sorted({_group(holding) for holding in teams.values()}):
        mine = sorted(team for team in teams if _group(teams[team]) == group)
        freed = {group[0]: sum(held[team] for team in mine if team in leavers)}
        staying = {team: held[team] for team in mine if team not in receives_none}
        movements += divide(evaluation.reallocation, freed, staying, places, added)
    for movement in movements:
        if movement.destination is Destination.SURVIVOR:
            blocks[movement.award] = held[movement.award] + movement.blocks
    path, when = f"rounds.{round_id}.reallocation", instant(day)
    result = {"movements": movements, "blocks_next": blocks, "places_open": outcome.places_left}
    assumed = term.resolved(term.starts).assumed([path])
    policy, facts = term.document.digest, facts_of(term, round_id)
    decision = Decision("reallocation", path, round_id, when, policy, facts, assumed, result)
    return replace(term.decide([decision]), next_blocks={**term.next_blocks, **blocks})


def _suppliers(term: Term, round_id: str, day: date) -> frozenset[str]:
    """The teams that supply the programme and may not receive what it frees, or not yet."""
    rule = round_of(term, round_id).suppliers
    if rule is None or (rule.receive_from is not None and rule.receive_from <= day):
        return frozenset()
    return frozenset(given_of(term, round_id).conduct.suppliers)


def _group(holding: Holding) -> tuple[str, str]:
    """What may be divided together: one chip class of one class of holders."""
    return holding.support_class, holding.holder


def turn(term: Term) -> Term:
    """End a term: what was not used lapses, and the next one opens with what was decided for it.

    An award goes on while its time lasts and no round has ended it. Blocks that are held for a time
    are granted anew for each term and placed anew, so that a site freed by one who left can hold
    one who grew; hours that may be spent at any pace stay with their award until its end, and are
    taken out of what the new term gives. Raises Faulty, before anything is moved, with every class
    and every envelope that cannot bear what goes on.
    """
    term = without_unreported(term)
    planned, carried, renewed = _next(term)
    lapsed = _lapse(term, carried.keys(), planned.starts)
    opened = open_term(
        replace(
            planned,
            books=lapsed.books,
            entries=lapsed.entries,
            tree=lapsed.tree,
            decisions=lapsed.decisions,
        ),
        planned.starts,
    )
    return _grant_anew(_carry(opened, carried.keys()), renewed.keys())


def check_next(term: Term) -> None:
    """Raise Faulty with all that the next term could not bear if it opened as things stand."""
    _next(term)


Running = Mapping[str, Holding]


def _next(term: Term) -> tuple[Term, Running, Running]:
    """The next term before anything is moved, what is carried into it, and what is granted anew.

    Raises Faulty with every class and every envelope that cannot bear what goes on.
    """
    starts, ends = term_days(term.policy(term.starts), term.index + 1)
    going_on = {name: h for name, h in as_decided(term).items() if h.blocks}
    carried = {
        name: replace(h, amount=term.available(h.right))
        for name, h in going_on.items()
        if not by_time(term, h)
    }
    renewed = {name: h for name, h in going_on.items() if name not in carried}
    planned = replace(
        term,
        index=term.index + 1,
        starts=starts,
        ends=ends,
        holdings=carried,
        next_blocks={},
        closed=_turned(term),
    )
    return _placed(planned, renewed), carried, renewed


def as_decided(term: Term) -> Mapping[str, Holding]:
    """Every award whose time outlasts the term, as the next one has it; who leaves, with none."""
    return {h.award: _changed(term, h) for h in term.holdings.values() if h.ends > term.ends}


def _turned(term: Term) -> Mapping[str, Closed]:
    """The rounds of the term that ends to which its teams have a right to object."""
    kept: dict[str, Closed] = {}
    for name, closed in term.closed.items():
        if closed.began is None and round_of(term, name).appeals is not None:
            held = (term.holdings[team] for team in closed.teams)
            left = {h.award: replace(h, amount=max(term.available(h.right), 0)) for h in held}
            kept[name] = replace(closed, began=term.starts, held=left)
    return kept


def _changed(term: Term, holding: Holding) -> Holding:
    """An award as the next term has it: by the round that judged it, in the class it asked for."""
    blocks = term.next_blocks.get(holding.award, holding.blocks)
    wanted = next(
        (one.support_class for one in reversed(holding.amended) if one.change is Change.CLASS),
        holding.support_class,
    )
    if wanted == holding.support_class:
        return replace(holding, blocks=blocks)
    support = term.policy(term.starts).supports[holding.support]
    blocks = blocks_as(support, blocks, holding.support_class, wanted)
    return replace(holding, blocks=blocks, support_class=wanted)


def without_unreported(term: Term) -> Term:
    """End the awards that owe a report without which the policy lets none go on."""
    ended: dict[str, int] = {}
    decisions = []
    when, digest = instant(term.ends), term.document.digest
    for holding in (h for h in term.holdings.values() if h.ends > term.ends):
        rules = call_of(term, holding.call).running or NO_RULES
        reports = [r for r in rules.reports if r.overdue is Overdue.ENDS_AWARD]
        came = accepted(holding.amended)
        if late := overdue(reports, holding.starts, holding.ends, came, term.ends):
            ended[holding.award] = 0
            path = f"calls.{holding.call}.running.reports"
            assumed = term.resolved(term.starts).assumed([path])
            result = {"overdue": [{"report": one.report.id, "day": one.day} for one in late]}
            decisions.append(
                Decision("report", path, holding.award, when, digest, (), assumed, result)
            )
    return replace(term.decide(decisions), next_blocks={**term.next_blocks, **ended})


def by_time(term: Term, holding: Holding) -> bool:
    """Whether an award is held over time; hours are spent at any pace until its end."""
    support = term.policy(term.starts).supports[holding.support]
    return support.held_at_once(call_of(term, holding.call).block, 1) is not None


def _placed(term: Term, renewed: Mapping[str, Holding]) -> Term:
    """The term with all that goes on, in the term's amounts and at the term's sites.

    Carried hours stay where they are while their sites are there.
    """
    homeless = {name: h for name, h in term.holdings.items() if not _at_home(term, h)}
    kept = {name: h for name, h in term.holdings.items() if name not in homeless}
    moving = homeless | {name: _anew(term, holding) for name, holding in renewed.items()}
    faults = _shortages(term, [*kept.values(), *moving.values()])
    term = replace(term, holdings=kept)
    for call_id in sorted({holding.call for holding in moving.values()}):
        of_call = [h for h in moving.values() if h.call == call_id]
        wanted = ((h.award, h.support_class, h.blocks) for h in of_call)
        try:
            parts = parts_of(term, call_of(term, call_id), wanted)
        except Faulty as error:
            faults.extend(error.faults)
            continue
        placed = {h.award: replace(h, parts=_of(parts, h)) for h in of_call}
        term = replace(term, holdings={**term.holdings, **placed})
    if faults:
        raise Faulty(faults)
    return term


def _of(parts: Iterable[Part], holding: Holding) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.award == holding.award)


def _at_home(term: Term, holding: Holding) -> bool:
    sites = term.policy(term.starts).supports[holding.support].sites(term.starts)
    here = sites.get(holding.support_class, {})
    return all(part.site in here for part in holding.parts)


def _anew(term: Term, old: Holding) -> Holding:
    call = call_of(term, old.call)
    return replace(old, amount=amount_in_term(term, call, old.blocks, term.starts, old.ends))


def _shortages(term: Term, holdings: Collection[Holding]) -> list[Fault]:
    """Every class and every envelope that the new term gives too little of for what goes on."""
    return [
        fault
        for name, mine in _by(holdings, lambda h: h.support).items()
        for fault in (*_classes_short(term, name, mine), *_envelopes_short(term, name, mine))
    ]


def _by(
    holdings: Iterable[Holding], key: Callable[[Holding], str]
) -> Mapping[str, Sequence[Holding]]:
    return {k: list(group) for k, group in groupby(sorted(holdings, key=key), key)}


def _rules(holdings: Iterable[Holding]) -> str:
    """Under which rules awards go on."""
    return " and ".join(sorted({f"calls.{holding.call}" for holding in holdings}))


def _classes_short(term: Term, name: str, holdings: Iterable[Holding]) -> Iterator[Fault]:
    support = term.policy(term.starts).supports[name]
    for kind, mine in _by(holdings, lambda h: h.support_class).items():
        wanted, there = sum(h.amount for h in mine), support.capacity(kind, term.starts, term.ends)
        if wanted > there:
            what = (
                f"{wanted:,} {support.unit(kind)} go on into the term from {term.starts} by"
                f" {_rules(mine)}; the lots give {there:,} until {term.ends}"
            )
            mend = f"add a lot of {kind} that serves until {term.ends}, or let fewer awards go on"
            yield short(term, Shortage.CAPACITY, f"supports.{name}.lots", what, mend)


def _envelopes_short(term: Term, name: str, holdings: Iterable[Holding]) -> Iterator[Fault]:
    policy = term.policy(term.starts)
    if name not in policy.envelopes:
        return
    support, envelopes = policy.supports[name], policy.envelopes[name]
    blocks = seats(envelopes, support, term.starts, term.ends)
    given = amounts_of(envelopes, support, blocks, term.starts, term.ends)
    for holder, mine in _by(holdings, lambda h: h.holder).items():
        wanted = sum(h.amount * support.rate(h.support_class) for h in mine)
        there, path = given.get(holder, 0), f"envelopes.{name}.shares.{holder}"
        if wanted > there:
            what = (
                f"{wanted:,} {support.measure} of {holder} go on into the term from {term.starts}"
                f" by {_rules(mine)}; its envelope has {there:,}"
            )
            mend = f"raise its share or the supply from {term.starts}, or let fewer awards go on"
            yield short(term, Shortage.ENVELOPE, path, what, mend)


def _carry(term: Term, carried: Collection[str]) -> Term:
    """Take what awards carried over out of capacity and envelope, so that nobody else gets it."""
    when = instant(term.starts)
    moves: list[Transfer] = []
    for holding in (term.holdings[name] for name in carried if term.holdings[name].amount):
        accounts, kind = Accounts(holding.support), holding.support_class
        name = f"{holding.award}:{term.index}"
        envelope = accounts.envelope(holding.holder)
        ways = (
            Way(f"carry:{name}", accounts.capacity(kind), accounts.arrival(kind)),
            Way(f"carry-envelope:{name}", envelope, accounts.supply),
        )
        moves += in_two_units(term, holding, ways, holding.amount, when, CARRIED)
    return term.move(moves)


def _grant_anew(term: Term, renewed: Collection[str]) -> Term:
    anew = [h for name, h in term.holdings.items() if name in renewed]
    return grant_all(term, anew, term.starts)


def _lapse(term: Term, carried: Collection[str], day: date) -> Term:
    """Take unused rights, ungranted capacity and undivided envelopes out of the term that ends."""
    policy, when = term.policy(term.starts), instant(day)
    moves: list[Transfer] = []
    for holding in term.holdings.values():
        accounts, kind, right = Accounts(holding.support), holding.support_class, holding.right
        left = 0 if holding.award in carried else term.available(right)
        if left:
            name, unit = (
                f"lapse:{holding.award}:{term.index}",
                policy.supports[holding.support].unit(kind),
            )
            moves.append(single(name, right, accounts.lapsed(kind), left, unit, when, "term end"))
    for name, support in policy.supports.items():
        accounts = Accounts(name)
        backs = [
            (accounts.capacity(kind), accounts.arrival(kind), support.unit(kind))
            for kind in support.classes
        ]
        shares = policy.envelopes[name].shares if name in policy.envelopes else {}
        backs += [(accounts.envelope(h), accounts.supply, support.measure) for h in shares]
        for source, target, unit in backs:
            left = term.available(source)
            if left:
                identity = f"close:{source}:{term.index}"
                moves.append(single(identity, source, target, left, unit, when, "term end"))
    return term.move(moves)
