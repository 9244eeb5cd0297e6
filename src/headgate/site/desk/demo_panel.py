"""Who sat on the panels of a rehearsed term, and the sheets that they gave, from its journal.

The journal has every point under a pseudonym, and no words: so these sheets have no comments.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from headgate.core.calls.application import Mark
from headgate.site.desk.models import Dossier, Review, Reviewer
from headgate.site.portal.models import Person


def know_panels(persona: Person, marks: Sequence[Mark], called: str, moment: datetime) -> None:
    """Let the desk know the reviewers of some marks and their sheets.

    Who gave the most is the reviewer of the demo, so that there is something to see; the others
    are `called` alike, and have accounts without a role: nobody can be let in as them.
    """
    if not marks:
        return
    known = _know_reviewers(persona, Counter(one.reviewer for one in marks), called)
    dossiers = dict(Dossier.objects.filter(code__isnull=False).values_list("code", "pk"))
    times = {"assigned": moment, "cleared": moment, "marked": moment, "version": 1}
    Review.objects.bulk_create(
        Review(dossier_id=dossiers[code], reviewer=known[reviewer], points=points, **times)
        for (code, reviewer), points in _sheets(marks).items()
    )


def _know_reviewers(persona: Person, sheets: Counter[str], called: str) -> dict[str, Reviewer]:
    """The reviewer of each pseudonym."""
    (busiest, _marks), *_others = sheets.most_common(1)
    others = sorted(sheets.keys() - {busiest})
    people = Person.objects.bulk_create(_nobody(code, called) for code in others)
    seated = zip([busiest, *others], [persona, *people], strict=True)
    made = Reviewer.objects.bulk_create(Reviewer(person=p, code=code) for code, p in seated)
    return {one.code: one for one in made}


def _nobody(code: str, called: str) -> Person:
    person = Person(username=code.lower(), first_name=called, last_name=code)
    person.set_unusable_password()
    return person


def _sheets(marks: Iterable[Mark]) -> Mapping[tuple[str, str], dict[str, int]]:
    """The points of each sheet, by criterion."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for one in marks:
        found.setdefault((one.application, one.reviewer), {})[one.criterion] = one.points
    return found
