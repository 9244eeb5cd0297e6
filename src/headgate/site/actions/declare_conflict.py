"""A reviewer says before reading whether anything ties them to an application."""

from datetime import datetime

from headgate.site.desk.models import Conflict, Review
from headgate.site.desk.office import call_now, doing, handed_in, reviewer_of
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person


def declare_conflict(person: Person, code: str, why: str, now: datetime) -> None:
    """Declare a conflict, `why` being its reason, or with an empty text that there is none.

    With a conflict the seat is given up and never offered again; a sheet that was given goes with
    it. Raises `Refused`.
    """
    with doing(person, "declare conflict" if why else "declare none", code, now):
        reviewer = reviewer_of(person)
        dossier = handed_in(code)
        call_now(dossier.call).need_under_review()
        review = Review.objects.filter(dossier=dossier, reviewer=reviewer).first()
        if review is None:
            refuse(DeskRefusal.NOT_ASSIGNED, code)
        if why:
            values = {"declared": True, "why": why[:300], "at": now}
            Conflict.objects.update_or_create(dossier=dossier, reviewer=reviewer, defaults=values)
            review.delete()
        else:
            review.cleared = now
            review.save()
