"""Step 3: the field becomes an award list in whole blocks, with a reason for every applicant."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import date

from headgate.core.awards.plan import Award, Plan, Proposal, Refusal
from headgate.core.awards.reasons import Reason
from headgate.core.awards.sentences import sentence
from headgate.core.awards.settle import settle
from headgate.core.awards.standby import promote
from headgate.core.calls.application import Application
from headgate.core.decision import Decision
from headgate.core.enforcement.place import Part
from headgate.core.policy.schema import Call
from headgate.core.quantities import DAY_SECONDS, add_months, instant
from headgate.steps.called import call_of, decided_on
from headgate.steps.calls import Field
from headgate.steps.event import declined_name, declined_names
from headgate.steps.fees import Granted, bill
from headgate.steps.placing import parts_of
from headgate.steps.problem import problem_of
from headgate.steps.rights import given
from headgate.steps.term import Holding, Term


class ProposalRefused(ValueError):
    """The solver's list breaks a rule or misses the stated gap; nothing was decided."""


def settle_call(term: Term, field: Field, proposal: Proposal) -> tuple[Term, Plan]:
    """Settle a proposal by the published rules and tell everyone why they have what they have.

    Raises ProposalRefused with all faults of the proposal.
    """
    name, when = field.call, instant(decided_on(term, call_of(term, field.call)))
    plan = settle(problem_of(term, field), proposal)
    if isinstance(plan, Refusal):
        raise ProposalRefused("\n".join(map(str, plan.faults)))
    term = term.receive(f"proposal/{name}", name, [proposal], when)
    term = term.decide([_list_decision(term, field, plan)])
    return term.decide(_reasons(term, field, "award", plan.reasons)), plan


def award(term: Term, field: Field, plan: Plan, declined: Sequence[Collection[str]]) -> Term:
    """Promote from standby for those who declined, turn by turn, then grant and bill.

    The first turn is that of the winners, each other that of those whom the one before let move
    up: what others were told in it, and have taken, stands as it was told.
    """
    call, name = call_of(term, field.call), field.call
    day, final = decided_on(term, call), plan
    for turn, gone in enumerate(declined, 1):
        term = term.receive(declined_name(name, turn), name, sorted(gone), instant(day))
        final = promote(problem_of(term, field), final, frozenset(gone)) if gone else final
    if final is not plan:
        winners = {award.application for award in plan.awards}
        promoted = {award.application for award in final.awards} - winners
        moved = [r for r in final.reasons if r.application in promoted.union(*declined)]
        term, plan = term.decide(_reasons(term, field, "acceptance", moved)), final
    holdings = _holdings(term, call, field, plan)
    term = replace(term, holdings={**term.holdings, **{h.award: h for h in holdings}})
    return grant_all(term, holdings, day)


def _decision(term: Term, field: Field, step: str, subject: str, result: object) -> Decision:
    call, rule = call_of(term, field.call), f"calls.{field.call}"
    kinds = ("applications", "gates", "marks", "proposal")
    named = (n for kind in kinds if (n := f"{kind}/{field.call}") in term.facts)
    names = (*named, *declined_names(field.call, term.facts))
    assumed = term.resolved(call.decides).assumed((rule, f"envelopes.{call.support}"))
    when = instant(decided_on(term, call))
    return Decision(step, rule, subject, when, term.document.digest, names, assumed, result)


def _list_decision(term: Term, field: Field, plan: Plan) -> Decision:
    """The list as settled, before anybody declined; the reasons stand in decisions of their own."""
    shown = (f.name for f in fields(plan) if f.name != "reasons")
    result = {name: getattr(plan, name) for name in shown}
    return _decision(term, field, "award-list", field.call, result)


def _reasons(term: Term, field: Field, step: str, reasons: Iterable[Reason]) -> Iterator[Decision]:
    """A decision for each application; what it rests on is the same for all of a call."""
    made = _decision(term, field, step, "", None)
    for reason in reasons:
        result = {"reason": reason, "sentence": sentence(reason)}
        yield replace(made, subject=reason.application, result=result)


def _holdings(term: Term, call: Call, field: Field, plan: Plan) -> list[Holding]:
    applications = {application.id: application for application in field.applications}
    parts = parts_of(term, call, ((a.application, a.pool, a.blocks) for a in plan.awards))
    return [
        _holding(term, call, field, applications[award.application], award, parts)
        for award in sorted(plan.awards, key=lambda a: a.application)
    ]


def _holding(
    term: Term,
    call: Call,
    field: Field,
    application: Application,
    award: Award,
    parts: Iterable[Part],
) -> Holding:
    starts = max(call.starts, term.starts)
    ends = add_months(starts, application.months)
    return Holding(
        award.application,
        field.call,
        field.holders[award.application],
        call.support,
        award.pool,
        award.blocks,
        amount_in_term(term, call, award.blocks, starts, ends),
        starts,
        ends,
        tuple(part for part in parts if part.award == award.application),
    )


def amount_in_term(term: Term, call: Call, blocks: int, starts: date, ends: date) -> int:
    """What some blocks come to from `starts` to `ends`, as far as that lies within the term.

    Hours (blocks that are not held for a time) are granted once, in the award's first term.
    """
    support = term.policy(term.starts).supports[call.support]
    days = (min(ends, term.ends) - max(starts, term.starts)).days
    return support.amount(call.block, blocks, max(days, 0) * DAY_SECONDS)


def grant_all(term: Term, holdings: Iterable[Holding], day: date) -> Term:
    """Move awards' amounts from envelope and capacity to the awards, and bill them.

    Each moves whole or not at all; what all of them look into is looked up once.
    """
    granted = [Granted(h, h.amount, f"{h.award}:{term.index}") for h in holdings]
    when = instant(day)
    told = [(g.holding, g.amount, when, f"calls.{g.holding.call}", g.name) for g in granted]
    moves = [given(term, *one) for one in told]
    term.books.prefetch([transfer for each in moves for transfer in each])
    for each in moves:
        term = term.move(each, linked=True)
    return bill(term, granted, day)
