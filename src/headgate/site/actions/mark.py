"""A reviewer's sheet: points and a comment on every criterion, whole or not at all."""

from collections.abc import Mapping
from datetime import datetime

from headgate.core.policy.schema import Call
from headgate.site.desk.models import Review
from headgate.site.desk.office import call_now, doing, handed_in, reviewer_of
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person


def mark(
    person: Person,
    code: str,
    points: Mapping[str, int],
    comments: Mapping[str, str],
    now: datetime,
    version: int = 0,
) -> Review:
    """Give a sheet, or change the version of it that was seen; raises `Refused`."""
    with doing(person, "mark", code, now):
        reviewer = reviewer_of(person)
        dossier = handed_in(code)
        rules = call_now(dossier.call)
        rules.need_under_review()
        review = Review.objects.filter(dossier=dossier, reviewer=reviewer).first()
        if review is None:
            refuse(DeskRefusal.NOT_ASSIGNED, code)
        if review.cleared is None:
            refuse(DeskRefusal.NOT_CLEARED, code)
        if review.version != version:
            refuse(DeskRefusal.STALE, code)
        if faults := sheet_faults(rules.call, points, comments):
            refuse(DeskRefusal.SHEET_FAULTY, ", ".join(faults))
        review.points, review.comments = dict(points), dict(comments)
        review.marked, review.version = now, version + 1
        review.save()
        return review


def sheet_faults(
    call: Call, points: Mapping[str, int], comments: Mapping[str, str]
) -> tuple[str, ...]:
    """The criteria on which a sheet is not whole, and those that the call does not have."""
    full = {criterion.id: criterion.full for criterion in call.criteria}
    strange = (points.keys() | comments.keys()) - full.keys()
    wrong = [
        name
        for name, most in full.items()
        if not 0 <= points.get(name, -1) <= most or not comments.get(name, "").strip()
    ]
    return (*sorted(strange), *wrong)
