"""A winner, or who moved up, takes the award or gives it up; who waits may give the place up."""

from datetime import datetime

from headgate.site.desk.models import Acceptance, AwardList
from headgate.site.desk.office import acts_for, call_now, doing, handed_in, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.turns import accept_by, is_over, turn_of, turns_of
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role


def accept(person: Person, code: str, accepted: bool, now: datetime) -> Acceptance:
    """Answer an award within its days; the same answer twice is one. Raises `Refused`."""
    with doing(person, "accept" if accepted else "decline", code, now):
        need(person, Role.APPLICANT)
        dossier = handed_in(code)
        if not acts_for(person, dossier.lead):
            refuse(DeskRefusal.NOT_YOURS, code)
        listed = AwardList.objects.filter(call=dossier.call, told__isnull=False).first()
        if listed is None:
            refuse(DeskRefusal.NOT_TOLD, code)
        rules = call_now(dossier.call)
        rules.need_under_review()
        turn = turn_of(listed, code)
        if turn is None and (accepted or code not in listed.standby):
            refuse(DeskRefusal.NOT_AWARDED, code)
        if is_over(accept_by(rules, (turn or turns_of(listed)[-1]).told), rules, now):
            refuse(DeskRefusal.WINDOW_CLOSED, code)
        given = Acceptance.objects.filter(dossier=dossier).first()
        if given is not None and given.accepted == accepted:
            return given
        if given is not None:
            refuse(DeskRefusal.ANSWERED, code)
        return Acceptance.objects.create(dossier=dossier, accepted=accepted, person=person, at=now)
