"""Step 7: what those who left held goes where the policy says, and the term turns into the next."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from headgate.core.decision import Decision
from headgate.core.evaluation.decide import Decision as Verdict
from headgate.core.evaluation.decide import RoundOutcome
from headgate.core.ledger.transfer import Transfer
from headgate.core.quantities import instant
from headgate.core.reallocation.formula import Destination, Movement
from headgate.core.reallocation.formula import reallocate as divide
from headgate.core.supports.kind import Accounts
from headgate.steps.adopt import open_term
from headgate.steps.awards import amount_in_term, grant
from headgate.steps.calls import call_of
from headgate.steps.evaluate import round_of
from headgate.steps.placing import parts_of
from headgate.steps.term import Holding, Term, single, term_days

LEAVING = frozenset({Verdict.CUT, Verdict.DISQUALIFIED, Verdict.STOP})


def reallocate(term: Term, round_id: str, outcome: RoundOutcome) -> Term:
    """Divide what leavers held among survivors, a wildcard call and the pool, for the next term.

    What a class of holders was promised stays with it: survivors of the leaver's own class divide.
    """
    evaluation = round_of(term, round_id)
    leavers = {d.team for d in outcome.decisions if d.decision in LEAVING}
    teams = {d.team: term.holdings[d.team] for d in outcome.decisions}
    held = {team: term.next_blocks.get(team, h.blocks) for team, h in teams.items()}
    blocks = dict.fromkeys(sorted(leavers), 0)
    movements: list[Movement] = []
    for group in sorted({_group(holding) for holding in teams.values()}):
        mine = sorted(team for team in teams if _group(teams[team]) == group)
        freed = {group[0]: sum(held[team] for team in mine if team in leavers)}
        staying = {team: held[team] for team in mine if team not in leavers}
        movements += divide(evaluation.reallocation, freed, staying, outcome.places_left)
    for movement in movements:
        if movement.destination is Destination.SURVIVOR:
            blocks[movement.award] = held[movement.award] + movement.blocks
    path, when = f"rounds.{round_id}.reallocation", instant(evaluation.on)
    result = {"movements": movements, "blocks_next": blocks, "places_open": outcome.places_left}
    assumed = term.resolved(term.starts).assumed([path])
    facts = (f"evidence/{round_id}", f"findings/{round_id}")
    policy = term.document.digest
    decision = Decision("reallocation", path, round_id, when, policy, facts, assumed, result)
    return replace(term.decide([decision]), next_blocks={**term.next_blocks, **blocks})


def _group(holding: Holding) -> tuple[str, str]:
    """What may be divided together: one chip class of one class of holders."""
    return holding.support_class, holding.holder


def turn(term: Term) -> Term:
    """End a term: what was not used lapses, and the next one opens with what was decided for it.

    An award goes on while its time lasts and no round has ended it. Blocks that are held for a time
    are granted anew for each term and placed anew, so that a site freed by one who left can hold
    one who grew; hours that may be spent at any pace stay with their award until its end.
    """
    starts, ends = term_days(term.policy(term.starts), term.index + 1)
    going_on = {
        name: replace(holding, blocks=term.next_blocks.get(name, holding.blocks))
        for name, holding in term.holdings.items()
        if holding.ends > starts and term.next_blocks.get(name, holding.blocks)
    }
    carried = {
        name: replace(h, amount=term.available(_right(h)))
        for name, h in going_on.items()
        if not _by_time(term, h)
    }
    term = _lapse(term, carried.keys(), starts)
    term = replace(
        term, index=term.index + 1, starts=starts, ends=ends, holdings=carried, next_blocks={}
    )
    renewed = {name: h for name, h in going_on.items() if name not in carried}
    return _renew(open_term(term, starts), renewed)


def _right(holding: Holding) -> str:
    return Accounts(holding.support).award(holding.award, holding.support_class)


def _by_time(term: Term, holding: Holding) -> bool:
    support = term.policy(term.starts).supports[holding.support]
    return support.held_at_once(call_of(term, holding.call).block, 1) is not None


def _renew(term: Term, holdings: Mapping[str, Holding]) -> Term:
    for call_id in sorted({holding.call for holding in holdings.values()}):
        call = call_of(term, call_id)
        of_call = [h for h in holdings.values() if h.call == call_id]
        parts = parts_of(term, call, ((h.award, h.support_class, h.blocks) for h in of_call))
        for old in of_call:
            amount = amount_in_term(term, call, old.blocks, term.starts, old.ends)
            mine = tuple(part for part in parts if part.award == old.award)
            holding = replace(old, amount=amount, parts=mine)
            term = replace(term, holdings={**term.holdings, holding.award: holding})
            term = grant(term, holding, instant(term.starts), f"calls.{call_id}")
    return term


def _lapse(term: Term, carried: Collection[str], day: date) -> Term:
    """Take unused rights, ungranted capacity and undivided envelopes out of the term that ends."""
    policy, when = term.policy(term.starts), instant(day)
    moves: list[Transfer] = []
    for holding in term.holdings.values():
        accounts, kind, right = Accounts(holding.support), holding.support_class, _right(holding)
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
