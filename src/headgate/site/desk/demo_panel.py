"""Who sat on the panels of a rehearsed term, and the sheets that they gave, from its journal.

The journal has every point under a pseudonym, and no words: so these sheets have no comments.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from headgate.core.calls.application import Mark
from headgate.core.policy.schema import Call, Criterion
from headgate.simulation.draws import Draws
from headgate.site.desk.demo_words import Invented
from headgate.site.desk.models import Dossier, Review, Reviewer
from headgate.site.portal.models import Person

INVENTED: Final = r"^reviewer-[0-9]+$"
"""Who they are, by the name of their account."""
QUALITY: Final = 40
"""By how many per cent an application is short of full marks at most, for all alike."""
NOISE: Final = 12
"""And by how many for one reviewer."""


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


def let_invented_mark(call: Call, code: str, said: Invented, moment: datetime) -> int:
    """Let the invented reviewers of a call give the sheets that wait for them; how many they gave.

    Whoever plays the reviewer gives their own.
    """
    seats = Review.objects.filter(
        dossier__call=code, marked__isnull=True, reviewer__person__username__regex=INVENTED
    )
    waiting = list(seats.select_related("dossier", "reviewer"))
    for seat in waiting:
        seat.cleared = seat.marked = moment
        seat.version += 1
        seat.points = {one.id: _drawn(one, seat) for one in call.criteria}
        seat.comments = {one.id: said.comment for one in call.criteria}
    given = ["cleared", "marked", "version", "points", "comments"]
    Review.objects.bulk_update(waiting, given)
    return len(waiting)


def _drawn(criterion: Criterion, seat: Review) -> int:
    """Points of an application: what its quality is worth, and what this reviewer thinks of it."""
    code = seat.dossier.code or ""
    quality = Draws(code, criterion.id).below(QUALITY)
    noise = Draws(code, criterion.id, seat.reviewer.code).below(NOISE)
    return criterion.full * (100 - quality - noise) // 100


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
