"""The next event of the calendar, taken by an officer when its day has come."""

from collections.abc import Mapping
from datetime import datetime

from headgate.core.faults import Sentence
from headgate.core.policy.dated import at
from headgate.core.policy.document import Document
from headgate.core.policy.schema import Policy
from headgate.cycle import World, begin, take
from headgate.site.actions.ask_next import as_signed
from headgate.site.actions.remedy_round import RUNS, lot_told
from headgate.site.actions.sign import need_impartial
from headgate.site.actions.take import change
from headgate.site.desk.hearing import answer_by
from headgate.site.desk.models import AwardList, Deed, Objection
from headgate.site.desk.office import SITE, call_now, day_at, instant, need
from headgate.site.desk.rating import round_now
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.round_models import RoundObjection
from headgate.site.desk.turns import Asked
from headgate.site.desk.world import ELSEWHERE, Desk
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.kept import Standing, stands
from headgate.steps.agenda import agenda
from headgate.steps.event import Event, What
from headgate.steps.term import Closed, Term

MAY: dict[What, tuple[Role, ...]] = {
    What.OPEN_CALL: (Role.AGENCY_OFFICER,),
    What.CLOSE_CALL: (Role.AGENCY_OFFICER,),
    What.DECIDE_CALL: (Role.AGENCY_OFFICER, Role.POLICY_OWNER),
    What.DRAW_LOT: RUNS,
}
"""Who lets what happen; the operator does the rest."""


def adopt(person: Person, document: Document, now: datetime) -> Term:
    """Adopt a policy in an empty site; raises Faulty where a programme has begun."""
    need(person, Role.POLICY_OWNER)

    def action(before: Term | None) -> Term:
        if before is not None:
            refuse(DeskRefusal.DECIDED, Sentence("a programme has begun"))
        return _kept(begin(document), person, "adopt", now)

    return change(SITE, action)


def due_now(now: datetime) -> Event | None:
    """The event that may be taken now; None where the next one's moment has not come."""
    stood = stands(SITE)
    return _due(stood.document, stood.standing, now) if stood is not None else None


def take_due(person: Person, about: str, now: datetime, rest: World = ELSEWHERE) -> Term:
    """Take the next event of the calendar, which must be the one that was seen.

    It is told as `open call open`, or with its day before it, which tells one month from the next.
    A call is decided on the list that two persons have signed, once its winners, and whoever moves
    up for one of them, have answered or let their days pass. Raises `Refused`, and Faulty where
    `rest` does not answer.
    """

    def action(before: Term | None) -> Term:
        event = _due(before.document, before, now) if before is not None else None
        if before is None or event is None or about not in (str(event), f"{event.day} {event}"):
            refuse(DeskRefusal.NOT_DUE, about)
        need(person, *MAY.get(event.what, (Role.OPERATOR,)))
        _need_heard(before, event)
        if event.what is What.DRAW_LOT and rest is ELSEWHERE:
            told = lot_told(person, before, event.about, rest, now)
            after = take(before, Desk(told, now), event)
        elif event.what is not What.DECIDE_CALL:
            after = take(before, Desk(rest, now), event)
        else:
            after = _decide(before, person, event, now)
        return _kept(after, person, about, now)

    return change(SITE, action)


def unheard(closed: Mapping[str, Closed], event: Event) -> list[str]:
    """The rounds with an objection that nobody has answered, which an event would overtake.

    Once a later round has judged the same awards, or a second term has turned, upholding it would
    come too late; and no term turns over an objection whose days to be answered are over.
    """
    if event.what not in (What.TURN, What.CLOSE_ROUND):
        return []
    open_ones = RoundObjection.objects.filter(round__in=closed, answered__isnull=True)
    waiting = {
        one.round
        for one in open_ones
        if event.what is What.CLOSE_ROUND
        or closed[one.round].began is not None
        or answer_by(round_now(one.round), one.at) < event.day
    }
    return sorted(waiting)


def _need_heard(before: Term, event: Event) -> None:
    """Refuse what would overtake an objection to a round that nobody has answered."""
    if waiting := unheard(before.closed, event):
        refuse(DeskRefusal.OBJECTION_OPEN, ", ".join(waiting))


def _kept(after: Term, person: Person, about: str, now: datetime) -> Term:
    Deed.objects.create(person=person, action="take", about=about[:200], at=now)
    return after


def _due(document: Document, term: Standing | Term, now: datetime) -> Event | None:
    """The next event of the term where it has come, whose day is one of the programme's time."""
    coming = agenda(document, term.index)[term.done : term.done + 1]
    policy = at(document, term.starts).policy
    return next((event for event in coming if _has_come(policy, event, now)), None)


def _has_come(policy: Policy, event: Event, now: datetime) -> bool:
    """A call is closed once it takes no more applications; all else when its day has begun."""
    if event.what is What.CLOSE_CALL:
        return instant(now) >= call_now(event.about).instants[1]
    return day_at(policy, now) >= event.day


def _decide(before: Term, person: Person, event: Event, now: datetime) -> Term:
    rules = call_now(event.about)
    need_impartial(person, rules)
    listed = AwardList.objects.filter(call=event.about, told__isnull=False).first()
    if listed is None:
        refuse(DeskRefusal.NOT_SIGNED, rules.call.name)
    after = as_signed(before, listed, now)  # Of a list that changed nobody else is asked for good.
    _need_answers(Asked(rules, listed, now))
    return after


def _need_answers(asked: Asked) -> None:
    """Refuse while somebody who was asked may still answer, or somebody else is to be asked."""
    about = asked.rules.call.name
    if Objection.objects.filter(dossier__call=asked.rules.id, answered__isnull=True).exists():
        refuse(DeskRefusal.OBJECTION_OPEN, about)
    if asked.is_open:
        waits = ", ".join(asked.unsigned) or len(asked.silent)
        said = Sentence("{waits}, until {day}", waits=waits, day=asked.last)
        refuse(DeskRefusal.ANSWERS_OPEN, said)
    if asked.makes_room:
        refuse(DeskRefusal.STANDBY_UNASKED, about)
