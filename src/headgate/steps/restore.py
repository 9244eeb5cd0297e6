"""Step 7, once more: who was sent home by a mistake is given back what it was due.

Once the term has turned, what a round freed is held by others, and an upheld objection takes it
from nobody: it is owed. What is owed is given out of what is free, first of all and in the order in
which objections were upheld, after every event, until the award's own time is over. Whoever holds
more by the mistake does so until the term ends, and what the decision made again gives from then.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from headgate.core.decision import Decision
from headgate.core.enforcement.place import Part, place
from headgate.core.quantities import instant
from headgate.core.reallocation.restored import RESTORED, Restored, Returned
from headgate.core.supports.kind import Accounts
from headgate.steps.awards import amount_in_term
from headgate.steps.called import call_of
from headgate.steps.fees import Granted, bill
from headgate.steps.placing import Sites, room_of
from headgate.steps.reallocate import LEAVING, as_decided, by_time, without_unreported
from headgate.steps.rights import give
from headgate.steps.term import Holding, Owed, Term


def make_good(now: Term, then: Term, round_id: str, day: date) -> Term:
    """The running term after a round of the last one was decided again, in `then`.

    Who leaves no more is owed what the next term would have given it; reports that were missing as
    the term turned still end an award.
    """
    closed, again = now.closed[round_id], then.closed[round_id]
    left = {one.team for one in closed.outcome.decisions if one.decision in LEAVING}
    stays = {one.team for one in again.outcome.decisions if one.decision not in LEAVING}
    due = as_decided(without_unreported(then))
    facts = again.heard[-1]
    owed = [
        Owed(round_id, facts, due.get(team, then.holdings[team]), _blocks(due.get(team)))
        for team in sorted(left & stays)
    ]
    less = {
        team: min(due[team].blocks, held.blocks)
        for team in sorted(stays & due.keys() & now.holdings.keys())
        if (held := now.holdings[team]).support_class == due[team].support_class
        and by_time(now, held)
        and due[team].blocks < now.next_blocks.get(team, held.blocks)
    }
    term = replace(
        now,
        facts=then.facts,
        tree=then.tree,
        entries=then.entries,
        decisions=then.decisions,
        closed={**now.closed, round_id: again},
        next_blocks={**now.next_blocks, **less},
    )
    return restore(term, day, owed)


def _blocks(due: Holding | None) -> int:
    return due.blocks if due is not None else 0


def restore(term: Term, day: date, upheld: Sequence[Owed] = ()) -> Term:
    """Give what is owed as far as something is free, what was upheld just now last.

    Each giving is a decision, and so is whatever becomes of what was upheld just now.
    """
    owed, term = (*term.owed, *upheld), replace(term, owed=())
    for one in owed:
        term = _give(term, one, day, told=one not in upheld)
    return term


def _give(term: Term, one: Owed, day: date, *, told: bool) -> Term:
    """Give one award what is free of what it is owed; the rest stays owed."""
    if ended := _ended(term, one, day):
        return _decided(term, one, day, ended, 0)
    # On its last day a term has nothing left; what is owed then is given as it turns.
    room = room_of(term, call_of(term, one.holding.call), day) if day < term.ends else {}
    sizes = _sizes(one, room) if day < term.ends else ()
    blocks = next((n for n in sizes if _there(term, one, n, day)), 0)
    left = replace(one, blocks=one.blocks - blocks)
    if not blocks:
        term = term if told else _decided(term, one, day, Restored.WAITS, 0)
        return replace(term, owed=(*term.owed, left))
    outcome = Restored.PART if left.blocks else Restored.WHOLE
    term = _run_again(_decided(term, one, day, outcome, blocks), one, blocks, room, day)
    return replace(term, owed=(*term.owed, left)) if left.blocks else term


def _ended(term: Term, one: Owed, day: date) -> Restored | None:
    """Why nothing is owed any more: its time is over, or what it was given has ended since."""
    if one.holding.ends <= day:
        return Restored.AWARD_OVER
    if not one.holding.blocks:
        return Restored.REPORT_MISSING
    given = one.blocks < one.holding.blocks
    return Restored.LEFT_SINCE if given and one.holding.award not in term.holdings else None


def _sizes(one: Owed, room: Sites) -> Sequence[int]:
    """How many blocks could be given, the most first; where nothing enforces, any number."""
    free = sum(room.get(one.holding.support_class, {}).values()) if room else one.blocks
    return range(min(one.blocks, free), 0, -1)


def _there(term: Term, one: Owed, blocks: int, day: date) -> bool:
    """Whether class and envelope still have what some blocks come to."""
    holding, policy = one.holding, term.policy(term.starts)
    support = policy.supports.get(holding.support)
    if support is None or holding.support_class not in support.classes:
        return False
    amount, accounts = _amount(term, one, blocks, day), Accounts(holding.support)
    if amount > term.available(accounts.capacity(holding.support_class)):
        return False
    measured = amount * support.rate(holding.support_class)
    kept = accounts.envelope(holding.holder)
    return holding.support not in policy.envelopes or measured <= term.available(kept)


def _amount(term: Term, one: Owed, blocks: int, day: date) -> int:
    """What some blocks come to from a day on; of hours, their part of what was left."""
    holding, call = one.holding, call_of(term, one.holding.call)
    if by_time(term, holding):
        return amount_in_term(term, call, blocks, day, holding.ends)
    done = holding.blocks - one.blocks
    upto = holding.amount * (done + blocks) // holding.blocks
    return upto - holding.amount * done // holding.blocks


def _run_again(term: Term, one: Owed, blocks: int, room: Sites, day: date) -> Term:
    """The award with the blocks that it is given; what it has already runs on."""
    due, amount = one.holding, _amount(term, one, blocks, day)
    runs = term.holdings.get(due.award)
    if runs is None:
        runs = replace(due, blocks=0, amount=0, parts=(), starts=max(day, due.starts))
    placed = place([(due.award, due.support_class, blocks)], room) if room else ()
    holding = replace(
        runs,
        blocks=runs.blocks + blocks,
        amount=runs.amount + amount,
        parts=_together((*runs.parts, *placed)),
    )
    name, why = f"{due.award}:{one.facts}:{one.blocks}", f"rounds.{one.round}.appeals"
    term = give(term.holding(holding), holding, amount, instant(day), why, name)
    return bill(term, [Granted(holding, amount, name)], day)


def _together(parts: Sequence[Part]) -> tuple[Part, ...]:
    """One part for each site."""
    found: dict[tuple[str, str], Part] = {}
    for part in parts:
        at = part.support_class, part.site
        found[at] = replace(part, blocks=part.blocks + found[at].blocks) if at in found else part
    return tuple(found.values())


def _decided(term: Term, one: Owed, day: date, outcome: Restored, blocks: int) -> Term:
    waits = outcome in (Restored.PART, Restored.WAITS)
    left = one.blocks - blocks if waits else 0
    result = Returned(one.round, outcome, blocks, left, one.holding.ends)
    path = f"rounds.{one.round}.appeals"
    closed = term.closed.get(one.round)
    began = closed.began if closed is not None and closed.began is not None else term.starts
    assumed = term.resolved(began).assumed([path])
    digest, when, award = term.document.digest, instant(day), one.holding.award
    made = Decision(RESTORED, path, award, when, digest, (one.facts,), assumed, result)
    return term.decide([made])
