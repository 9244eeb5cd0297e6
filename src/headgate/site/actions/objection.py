"""An applicant objects to a result within its days; somebody who did not review answers."""

from datetime import date, datetime

from headgate.core.policy.clocks import Days
from headgate.site.desk.models import AwardList, Objection
from headgate.site.desk.office import CallNow, acts_for, call_now, doing, handed_in, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role


def object_to(person: Person, code: str, text: str, now: datetime) -> Objection:
    """Object to what was told of one's application; sent twice it is one. Raises `Refused`."""
    with doing(person, "object", code, now):
        need(person, Role.APPLICANT)
        dossier = handed_in(code)
        if not acts_for(person, dossier.lead):
            refuse(DeskRefusal.NOT_YOURS, code)
        listed = AwardList.objects.filter(call=dossier.call, told__isnull=False).first()
        if listed is None or listed.told is None:
            refuse(DeskRefusal.NOT_TOLD, code)
        rules = call_now(dossier.call)
        if rules.day(now) > object_by(rules, listed.told):
            refuse(DeskRefusal.WINDOW_CLOSED, code)
        earlier = Objection.objects.filter(dossier=dossier).first()
        if earlier is not None and earlier.text == text:
            return earlier
        if earlier is not None:
            waits = earlier.answered is None
            refuse(DeskRefusal.OBJECTED if waits else DeskRefusal.ANSWERED, code)
        return Objection.objects.create(dossier=dossier, text=text, at=now)


def answer_objection(
    officer: Person, code: str, upheld: bool, text: str, now: datetime
) -> Objection:
    """Answer an objection; one that is upheld is mended where it arose before the list is signed.

    Raises `Refused`.
    """
    with doing(officer, "answer objection", code, now):
        need(officer, Role.AGENCY_OFFICER, Role.POLICY_OWNER)
        dossier = handed_in(code)
        found = Objection.objects.filter(dossier=dossier).first()
        if found is None:
            refuse(DeskRefusal.NOT_HANDED_IN, code)
        if found.answered is not None:
            refuse(DeskRefusal.ANSWERED, code)
        if dossier.reviews.filter(reviewer__person=officer).exists():
            refuse(DeskRefusal.REVIEWED, code)
        found.answer, found.upheld = text, upheld
        found.officer, found.answered = officer, now
        found.save()
        return found


def object_by(rules: CallNow, told: datetime) -> date:
    """The last day for objections: the day of the notice where the policy sets no days."""
    days = rules.call.appeals.object_days if rules.call.appeals else Days(0)
    return rules.last_day(told, days)


def answer_by(rules: CallNow, objected: datetime) -> date:
    """The last day for the answer to an objection of a moment."""
    days = rules.call.appeals.answer_days if rules.call.appeals else Days(0)
    return rules.last_day(objected, days)


def tell_by(rules: CallNow, listed: AwardList) -> date | None:
    """The last day for telling a result whose list one person has signed; None where none is set.

    The clock begins with the first signature under the list as it is.
    """
    days = rules.call.appeals.notice_days if rules.call.appeals else None
    first = listed.signatures.order_by("at").first() if days is not None else None
    return rules.last_day(first.at, days) if first is not None and days is not None else None
