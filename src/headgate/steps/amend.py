"""What was asked of awards that run, and answered: put on record, and done where it was granted.

Every answer is a decision, a refusal too. What is granted changes the award from that day on: its
end, its blocks, its amount, who has which part of it. Nothing here asks anybody anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import Final

from headgate.core.decision import Decision
from headgate.core.duties.amendment import (
    Amendment,
    AmendmentFault,
    Change,
    Runs,
    check_amendment,
)
from headgate.core.duties.finding import Finding
from headgate.core.enforcement.place import Part
from headgate.core.evaluation.conduct import Conduct, HandOver
from headgate.core.faults import Faulty, Sentence
from headgate.core.policy.running_rules import NO_RULES
from headgate.core.policy.schema import Call
from headgate.core.quantities import add_months, instant
from headgate.core.supports.kind import Accounts
from headgate.steps.agenda import agenda
from headgate.steps.awards import amount_in_term
from headgate.steps.called import call_of, has_applied
from headgate.steps.event import What, amendments_name
from headgate.steps.fees import Granted, bill, is_suspended, overdue, suspends_from
from headgate.steps.leading import stands_against
from headgate.steps.placing import room_of
from headgate.steps.reallocate import by_time, check_next
from headgate.steps.rights import blocks_as, give, give_back
from headgate.steps.term import Holding, Term

_NEED_SUPPLY: Final = (Change.LONGER, Change.HAND_OVER, Change.CLASS)
"""What takes from capacity or envelope when it is granted, or as the term turns."""


def amend(term: Term, amendments: Sequence[Amendment], name: str, day: date) -> Term:
    """Receive answers under a name, each on the award as the one before has left it.

    Raises Faulty with all that stands against one of them; nothing is done then.
    """
    facts, when = amendments_name(name), instant(day)
    known, term = term.facts, term.receive(facts, "awards", amendments, when)
    for line, asked in enumerate(amendments, start=1):
        before = amendments[: line - 1]
        found = list(found_of(replace(term, facts=known), asked, day, before))
        if found:
            raise Faulty(one.at(facts, line, "amendment") for one in found)
        term = _answer(term, asked, facts, when, f"{asked.award}:{name}:{line}")
    return term


def found_of(
    term: Term, asked: Amendment, day: date, before: Sequence[Amendment] = ()
) -> tuple[Finding[AmendmentFault], ...]:
    """Everything that keeps a request from being answered so on a day, after others of its set."""
    runs = runs_of(term, asked, before)
    if runs is None:
        what = Sentence(
            "The call {call!r} has no award {award!r} that runs.",
            call=asked.call[:64],
            award=asked.award[:64],
        )
        mend = "Name an award that runs; only a report may come after its end."
        return (Finding(AmendmentFault.AWARD_NOT_RUNNING, what, mend),)
    found = check_amendment(runs, asked)
    if asked.day != day:
        what = Sentence("It was answered on {day}.", day=asked.day)
        mend = Sentence("Put it on record as of {day}.", day=day)
        found = (*found, Finding(AmendmentFault.DAYS_WRONG, what, mend))
    if not found and asked.granted and asked.change in _NEED_SUPPLY:
        found = tuple(_short(term, asked, day))
    return found


def runs_of(term: Term, asked: Amendment, before: Sequence[Amendment] = ()) -> Runs | None:
    """How the award stands of which something is asked; None where there is no such award.

    `before` was answered with it; the term's facts do not have it yet.
    """
    holding = term.holdings.get(asked.award)
    if holding is None or holding.call != asked.call:
        return _ended(term, asked, before) if asked.change is Change.REPORT else None
    call = call_of(term, holding.call)
    support = term.policy(term.starts).supports[holding.support]
    kind, blocks = holding.support_class, holding.blocks
    classes = {name: blocks_as(support, blocks, kind, name) for name in call.classes}
    looks = next(
        (
            event.day
            for event in agenda(term.document, term.index)[term.done :]
            if (event.what, event.about) == (What.RECLAIM, holding.support)
        ),
        None,
    )
    return Runs(
        holding.starts,
        holding.ends,
        holding.support_class,
        holding.blocks,
        by_time(term, holding),
        call.running or NO_RULES,
        holding.amended,
        classes,
        term.policy(looks or term.starts).reclaim.get(holding.support),
        looks,
        holding.award in term.next_blocks,
        call.invoice,
        suspends_from(term, holding, asked.day),
        is_suspended(term, holding),
        stands_against(term, holding, asked.lead or "") if asked.change is Change.LEAD else None,
    )


def _ended(term: Term, asked: Amendment, before: Sequence[Amendment]) -> Runs | None:
    """An award that ran once, as far as a late report must know it."""
    calls = term.policy(term.starts).calls
    if asked.call not in calls or not has_applied(term, asked.call, asked.award):
        return None
    call = call_of(term, asked.call)
    accounts = Accounts(call.support)
    rights = (term.books.chart.find(accounts.award(asked.award, name)) for name in call.classes)
    held = [name for name in rights if name and term.books.balance(name).credits_posted]
    if not held:
        return None
    sets = (term.facts[name] for name in term.facts if name.startswith(amendments_name("")))
    every = [*chain.from_iterable(one.values for one in sets), *before]
    amended = tuple(
        one
        for one in every
        if isinstance(one, Amendment) and one.granted and _about(one) == _about(asked)
    )
    rules = call.running or NO_RULES
    return Runs(call.starts, call.starts, "", 0, False, rules, amended)


def _about(asked: Amendment) -> tuple[str, str]:
    return asked.award, asked.call


def _answer(term: Term, asked: Amendment, facts: str, when: str, name: str) -> Term:
    """Enter the decision, and do what was granted."""
    before = term.holdings.get(asked.award)
    after = term
    if asked.granted and before is not None:
        changed = replace(before, amended=(*before.amended, asked))
        after = _DONE[asked.change](term.holding(changed), changed, asked, name)
    now = after.holdings.get(asked.award)
    if before is not None and now is not None and now.amount != before.amount:
        after = bill(after, [Granted(now, now.amount - before.amount, name)], asked.day)
    result: dict[str, object] = {"answer": asked}
    if before is not None and now is not None:
        shown = ("starts", "ends", "blocks", "amount")
        result |= {n: getattr(now, n) for n in shown if getattr(now, n) != getattr(before, n)}
    if asked.change is Change.SUSPENSION and before is not None:
        result["overdue"] = [
            {"due": one.bill.due, "open": one.open} for one in overdue(term, before, asked.day)
        ]
    rule = _rule(before, asked)
    assumed = term.resolved(asked.day).assumed([rule])
    digest = term.document.digest
    decision = Decision("amendment", rule, asked.award, when, digest, (facts,), assumed, result)
    return after.decide([decision])


def _rule(holding: Holding | None, asked: Amendment) -> str:
    if asked.change is Change.EXPLANATION and holding is not None:
        return f"reclaim.{holding.support}.explanation"
    section = "invoice" if asked.change is Change.SUSPENSION else "running"
    return f"calls.{asked.call}.{section}"


def _noted(term: Term, _holding: Holding, _asked: Amendment, _name: str) -> Term:
    """What is only remembered with the award: its members and lead, a report, an explanation, a
    class.

    A reclaim reads explanations, a turn of the term gives the class that was asked for, and orders
    say that an award is suspended.
    """
    return term


def _give_back(term: Term, holding: Holding, asked: Amendment, name: str) -> Term:
    """Fewer blocks from now on; what they still had is there for others."""
    call, since = call_of(term, holding.call), max(asked.day, holding.starts)
    worth = amount_in_term(term, call, asked.blocks, since, holding.ends)
    amount = min(worth, _left(term, holding))
    parts = _fewer(holding.parts, asked.blocks)
    fewer = replace(holding, blocks=holding.blocks - asked.blocks, parts=parts)
    if not amount:
        return term.holding(fewer)
    why = f"calls.{holding.call}.running.give_back"
    return give_back(term, fewer, amount, instant(asked.day), why, name)


def _fewer(parts: Sequence[Part], blocks: int) -> tuple[Part, ...]:
    """An award's places without some blocks, taken from the last one first."""
    kept: list[Part] = []
    for part in reversed(parts):
        taken = min(blocks, part.blocks)
        blocks -= taken
        if part.blocks > taken:
            kept.append(replace(part, blocks=part.blocks - taken))
    return tuple(reversed(kept))


def _left(term: Term, holding: Holding) -> int:
    return max(term.available(holding.right), 0)


def _timed(term: Term, holding: Holding, asked: Amendment, name: str) -> Term:
    """Another first day or end, and the amount that follows from them in this term."""
    starts, ends = _span(holding, asked)
    change = _more(term, holding, starts, ends)
    moved = replace(holding, starts=starts, ends=ends)
    why, when = f"calls.{holding.call}.running", instant(asked.day)
    if change < 0:
        less = min(-change, _left(term, holding))
        return give_back(term, moved, less, when, why, name) if less else term.holding(moved)
    term = term.holding(replace(moved, amount=holding.amount + change))
    return give(term, moved, change, when, why, name) if change else term


def _span(holding: Holding, asked: Amendment) -> tuple[date, date]:
    """From when until when an award runs after what was granted; late days are added at its end."""
    if asked.change is Change.LONGER:
        return holding.starts, add_months(holding.ends, asked.months)
    usable = max(asked.usable or holding.starts, holding.starts)
    return usable, holding.ends + (usable - holding.starts)


def _more(term: Term, holding: Holding, starts: date, ends: date) -> int:
    """By how much the amount of this term grows; hours stay as they were granted."""
    call = call_of(term, holding.call)
    was = amount_in_term(term, call, holding.blocks, holding.starts, holding.ends)
    return amount_in_term(term, call, holding.blocks, starts, ends) - was


def _short(term: Term, asked: Amendment, day: date) -> Sequence[Finding[AmendmentFault]]:
    """What there is too little of for what was granted, in this term and the next."""
    holding = term.holdings[asked.award]
    starts, ends = _span(holding, asked)
    accounts, change = Accounts(holding.support), _more(term, holding, starts, ends)
    policy, found = term.policy(term.starts), []
    rate = policy.supports[holding.support].rate(holding.support_class)
    needs = {accounts.capacity(holding.support_class): change}
    if holding.support in policy.envelopes:
        needs[accounts.envelope(holding.holder)] = change * rate
    for account, amount in needs.items():
        if amount > 0 and term.available(account) < amount:
            found.append(
                Sentence(
                    "{amount} are wanted of {account}, which has {has}.",
                    amount=amount,
                    account=account,
                    has=term.available(account),
                )
            )
    call = call_of(term, holding.call)
    if holding.ends < min(ends, term.ends) and not _has_room(term, call, holding, day):
        found.append(Sentence("Its sites are promised to others from {ends}.", ends=holding.ends))
    if ends > term.ends and not found:
        try:
            amended = (*holding.amended, asked)
            changed = replace(holding, starts=starts, ends=ends, amended=amended)
            check_next(term.holding(changed))
        except Faulty as error:
            found += [Sentence.of(fault.what) for fault in error.faults]
    mend = "Ask for less, or once something is given back."
    return [Finding(AmendmentFault.SUPPLY_SHORT, what, mend) for what in found]


def _has_room(term: Term, call: Call, holding: Holding, day: date) -> bool:
    """Whether an award may stay where it is once its time would have been over."""
    room = room_of(term, call, max(holding.ends, day))
    return all(
        part.blocks <= room.get(part.support_class, {}).get(part.site, 0) for part in holding.parts
    )


_DONE: Mapping[Change, Callable[[Term, Holding, Amendment, str], Term]] = {
    Change.EXPLANATION: _noted,
    Change.LONGER: _timed,
    Change.GIVE_BACK: _give_back,
    Change.CLASS: _noted,
    Change.MEMBERS: _noted,
    Change.HAND_OVER: _timed,
    Change.REPORT: _noted,
    Change.SUSPENSION: _noted,
    Change.LEAD: _noted,
}


def with_hand_overs(term: Term, teams: Sequence[str], conduct: Conduct) -> Conduct:
    """How a round was conducted, with the days from which its teams could work as they said then.

    What was confirmed while the award ran takes the place of what is told at the round.
    """
    confirmed = {
        team: HandOver(team, one.usable)
        for team in teams
        if team in term.holdings
        for one in term.holdings[team].amended
        if one.change is Change.HAND_OVER and one.usable is not None
    }
    told = {one.team: one for one in conduct.hand_overs}
    both = {
        team: replace(told[team], usable=one.usable) if team in told else one
        for team, one in confirmed.items()
    }
    merged = sorted({**told, **both}.values(), key=lambda one: one.team)
    return replace(conduct, hand_overs=tuple(merged)) if confirmed else conduct
