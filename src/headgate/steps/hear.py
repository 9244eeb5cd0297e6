"""Step 6, once more: a round that was decided is heard and decided again, and history stays.

The first decisions stand in the journal where they stood; the new ones follow them with the same
rule, the same draws and the hearing among their facts. What the round had moved for the next term
is worked out again from what awards held before it. Once the term has turned, what was freed is
held by others: an objection is still heard, in the term as it was, and can then only give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from headgate.core.evaluation.decide import (
    Decision,
    Lot,
    Reason,
    RoundOutcome,
    TeamDecision,
    decide_wildcards,
)
from headgate.core.evaluation.hearings import (
    Decided,
    Ground,
    Hearing,
    HearingFault,
    check_hearing,
    lot_of,
)
from headgate.core.faults import Fault, Faulty, Sentence
from headgate.core.policy.schema import Round
from headgate.core.quantities import instant
from headgate.steps.evaluate import (
    Given,
    RoundRefused,
    decisions_of,
    enter_round,
    given_of,
    judge,
    round_of,
)
from headgate.steps.event import hearing_name, lot_name
from headgate.steps.reallocate import LEAVING, reallocate
from headgate.steps.restore import make_good
from headgate.steps.term import Closed, Term


def awaits_lot(term: Term, round_id: str) -> bool:
    """Whether a round that was closed came down to a lot."""
    closed = term.closed.get(round_id)
    decisions = closed.outcome.decisions if closed is not None else ()
    return any(each.reason is Reason.TIED_AWAITS_LOT for each in decisions)


def draw_lot(term: Term, round_id: str, secrets: Mapping[str, str], day: date) -> Term:
    """Draw the lot of a round that awaits one, from the journal's root as it stands."""
    hearing = Hearing(round_id, Ground.LOT, secrets=dict(sorted(secrets.items())))
    return _hear(term, lot_name(round_id), hearing, day)


def hear(term: Term, name: str, hearing: Hearing, day: date) -> Term:
    """Hear a round under a name; raises Faulty with everything that keeps it from being heard."""
    return _hear(term, hearing_name(name), hearing, day)


def _hear(term: Term, facts: str, hearing: Hearing, day: date) -> Term:
    file = f"facts/{facts}.jsonl"
    closed = _closed(term, hearing, file)
    now, term = term, _as_it_was(term, closed)
    evaluation, round_id = round_of(term, hearing.round), hearing.round
    earlier = _hearings(term, closed.heard)
    given = given_of(term, round_id)
    before = given.after(earlier)
    decided = Decided(closed.day, closed.teams, closed.outcome, before.evidence, given.frozen)
    if found := check_hearing(evaluation, hearing, day, decided):
        raise Faulty(_fault(file, f.code, f.placed(), f.mend) for f in found)
    root = term.root().hex()
    term = term.receive(facts, round_id, [hearing], instant(day))
    heard = replace(closed, heard=(*closed.heard, facts))
    if hearing.ground is Ground.LOT:
        heard = replace(heard, lot=root)
    term = replace(term, closed={**term.closed, round_id: heard})
    if hearing.ground is Ground.WILDCARD:
        return _add(term, evaluation, hearing, root, day)
    term = _decide_again(term, file, given.after((*earlier, hearing)), day, round_id)
    return term if closed.began is None else make_good(now, term, round_id, day)


def _as_it_was(term: Term, closed: Closed) -> Term:
    """The term in which a round closed as the round found it, with the journal as it is now."""
    if closed.began is None:
        return term
    index, starts, ends = term.index - 1, closed.began, term.starts
    then = replace(term, index=index, starts=starts, ends=ends)
    return replace(then, holdings=closed.held, next_blocks=closed.before)


def _nothing_taken(outcome: RoundOutcome, before: RoundOutcome) -> RoundOutcome:
    """A decision made again after the turn: whoever it would newly send home, or keep waiting for a
    remedy that can no longer run, stays.
    """
    left = {each.team for each in before.decisions if each.decision in LEAVING}
    stays = Decision.ADVANCE
    decisions = tuple(
        replace(each, decision=stays, reason=Reason.TIED_AND_STAYS)
        if each.decision is Decision.TIE
        else replace(each, decision=stays, reason=Reason.NOT_TAKEN_BACK)
        if each.decision in LEAVING and each.team not in left
        else each
        for each in outcome.decisions
    )
    return replace(outcome, decisions=decisions)


def _closed(term: Term, hearing: Hearing, file: str) -> Closed:
    """The round as it was closed, if it may still be heard on this ground."""
    closed = term.closed.get(hearing.round)
    turned = closed is not None and closed.began is not None
    gone = closed is None and f"evidence/{hearing.round}" in term.facts
    if gone or (turned and hearing.ground is not Ground.OBJECTION):
        what = Sentence(
            "The term of {round} has turned: what it freed is held by others since.",
            round=hearing.round,
        )
        mend = "An objection is upheld in the next term at the latest, all else before the turn."
        raise Faulty([_fault(file, HearingFault.TERM_TURNED, what, mend)])
    if closed is None:
        what = Sentence(
            "No round {round!r} was closed in the term from {starts}.",
            round=hearing.round[:64],
            starts=term.starts,
        )
        mend = "Hear a round after it closed and before the term turns."
        raise Faulty([_fault(file, HearingFault.ROUND_NOT_CLOSED, what, mend)])
    call = round_of(term, hearing.round).call
    later = [n for n, one in term.closed.items() if n != hearing.round and one.day > closed.day]
    if over := [name for name in later if round_of(term, name).call == call]:
        what = Sentence("{other} has judged the same awards since.", other=over[0])
        mend = "Hear a round before the next one of its call closes."
        raise Faulty([_fault(file, HearingFault.ROUND_OVERTAKEN, what, mend)])
    return closed


def _fault(file: str, code: str, what: str, mend: str) -> Fault:
    return Fault(file, 1, 1, f"hearing-{code}", what, mend)


def _hearings(term: Term, names: Sequence[str]) -> tuple[Hearing, ...]:
    values = (value for name in names for value in term.facts[name].values)
    return tuple(value for value in values if isinstance(value, Hearing))


def _lot(term: Term, closed: Closed, given: Given) -> Lot | None:
    """The lot that was drawn, if one was."""
    drawn = [one for one in _hearings(term, closed.heard) if one.ground is Ground.LOT]
    return lot_of(closed.lot, drawn[-1], given.frozen, closed.teams) if drawn else None


def _decide_again(term: Term, file: str, given: Given, day: date, round_id: str) -> Term:
    """The same method and the same draws on what the round now rests on."""
    closed, evaluation = term.closed[round_id], round_of(term, round_id)
    try:
        judged = judge(evaluation, closed.teams, given, closed.seed, _lot(term, closed, given))
    except RoundRefused as refused:
        raise Faulty(
            Fault(file, 1, 1, f.code.value, f.placed(), f.mend) for f in refused.findings
        ) from refused
    added = _added(closed.outcome)
    left = max(0, judged.outcome.places_left - len(added))
    again = judged.outcome
    if closed.began is not None:
        again = _nothing_taken(again, closed.outcome)
    ordered = sorted((*again.decisions, *added), key=lambda each: each.team)
    outcome = replace(judged.outcome, decisions=tuple(ordered), places_left=left)
    term = _with_outcome(term, round_id, outcome)
    term = enter_round(term, round_id, day, replace(judged, outcome=outcome), {})
    return _reallocate(term, round_id, day)


def _add(term: Term, evaluation: Round, hearing: Hearing, root: str, day: date) -> Term:
    """Fill places that are left by the votes of a wildcard call."""
    outcome = term.closed[hearing.round].outcome
    if evaluation.wildcard is None:
        return term
    voted = decide_wildcards(outcome.places_left, hearing.votes, evaluation.wildcard, Lot(root))
    chosen = [each for each in voted if each.decision is Decision.WILDCARD]
    ordered = sorted((*outcome.decisions, *chosen), key=lambda each: each.team)
    left = outcome.places_left - len(chosen)
    outcome = replace(outcome, decisions=tuple(ordered), places_left=left)
    term = _with_outcome(term, hearing.round, outcome)
    results: dict[tuple[str, str], object] = {("round", hearing.round): outcome}
    results |= {("wildcard", each.team): each for each in voted}
    term = term.decide(decisions_of(term, hearing.round, day, results))
    return _reallocate(term, hearing.round, day)


def _added(outcome: RoundOutcome) -> tuple[TeamDecision, ...]:
    return tuple(each for each in outcome.decisions if each.decision is Decision.WILDCARD)


def _with_outcome(term: Term, round_id: str, outcome: RoundOutcome) -> Term:
    closed = replace(term.closed[round_id], outcome=outcome)
    return replace(term, closed={**term.closed, round_id: closed})


def _reallocate(term: Term, round_id: str, day: date) -> Term:
    """Divide again, as if the round had moved nothing yet."""
    closed = term.closed[round_id]
    others = {award: n for award, n in term.next_blocks.items() if award not in closed.teams}
    mine = {award: n for award, n in closed.before.items() if award in closed.teams}
    term = replace(term, next_blocks={**others, **mine})
    return reallocate(term, round_id, closed.outcome, day)
