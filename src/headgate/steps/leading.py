"""Who leads an award, and who could: a member that was judged with it and fits as its lead."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from headgate.core.calls.application import Application
from headgate.core.calls.screening import Alone, each
from headgate.core.duties.amendment import Amendment, Change
from headgate.core.policy.schema import Policy
from headgate.core.quantities import floor_share
from headgate.steps.called import applied
from headgate.steps.term import Holding, Term


def lead_of(made: Application, amended: Iterable[Amendment]) -> str:
    """Who leads an award now: who took it over last, else who applied."""
    led = (one.lead for one in amended if one.change is Change.LEAD and one.lead)
    return [made.applicant.id, *led][-1]


def stands_against(term: Term, holding: Holding, lead: str) -> tuple[str, ...] | None:
    """What the call's rules have against a member of an award as its lead, by their names.

    It is judged by what was handed in, the two having changed places, so that nobody comes to lead
    by a change who could not have by applying. None where it was not in the application, has no
    part of the award any more, or leads it.
    """
    came = applied(term, holding.call)
    made = came.get(holding.award)
    if made is None or lead == lead_of(made, holding.amended):
        return None
    if lead not in {one.id for one in (made.applicant, *made.members)} & _inside(made, holding):
        return None
    policy = term.policy(term.policy(term.starts).calls[holding.call].decides)
    beside = [
        one
        for one in term.holdings.values()
        if one.call == holding.call and one.award in came and one.award != holding.award
    ]
    led = [_led(came[one.award], lead_of(came[one.award], one.amended)) for one in beside]
    (alone,) = each(policy, holding.call, [_led(made, lead)])
    tags = {one.application.id: one.tags for one in each(policy, holding.call, led)}
    others = [(one, tags[one.award]) for one in beside]
    return (*_unfit(alone, holding.holder), *_crowded(policy, alone, holding, others))


def _inside(made: Application, holding: Holding) -> set[str]:
    """Who has a part of an award now."""
    everybody = {one.id for one in (made.applicant, *made.members)}
    came = (set(one.parts) for one in holding.amended if one.change is Change.MEMBERS)
    return [everybody, *came][-1]


def _led(made: Application, lead: str) -> Application:
    """An application as if another of its organisations had handed it in."""
    everybody = (made.applicant, *made.members)
    first = next((one for one in everybody if one.id == lead), made.applicant)
    rest = tuple(one for one in everybody if one.id != first.id)
    return replace(made, applicant=first, members=rest)


def _unfit(alone: Alone, holder: str) -> Iterator[str]:
    """The rules that refuse it, or that it would be of another class of holders."""
    for one in alone.findings:
        yield f"{one.refusal.value} {one.rule}".strip()
    if not alone.findings and alone.holder != holder:
        yield f"holder {alone.holder}"


def _crowded(
    policy: Policy,
    alone: Alone,
    holding: Holding,
    others: Sequence[tuple[Holding, frozenset[str]]],
) -> Iterator[str]:
    """The limits on concentration that it would pass with the awards of the call that run."""
    call, support = policy.calls[holding.call], policy.supports[holding.support]
    size = next(iter(call.block.values()))
    rates = {name: support.rate(name) for name in call.classes}
    offered = sum(one.offered // size * rates[name] for name, one in call.classes.items())
    for rule in call.concentration:
        mine = {tag for tag in alone.tags if tag.startswith(f"group:{rule.id}:")}
        held = [holding, *(one for one, tags in others if tags & mine)]
        worth = sum(one.blocks * rates[one.support_class] for one in held)
        if mine and worth > floor_share(offered, rule.share):
            yield f"concentration {rule.id}"
