"""What was derived of all that people did, kept by a process until anything of it moves.

Whatever moves the journal makes an entry in it, and whatever people do leaves a `Deed`, written in
the same transaction. So what was derived for a newest entry, a newest deed and a day is what would
be derived again while the three are the same, and nothing has to be told of a change. Deeds to
drafts are left aside: no list follows from them, and they are most of what is done all day.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headgate.rings import undisturbed
from headgate.site.apart import apart
from headgate.site.desk.office import NEWEST_JUDGED, SITE, CallNow, call_of
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.world import ELSEWHERE, Desk
from headgate.site.recent import Recent
from headgate.site.records.kept import whole
from headgate.steps.term import Term

KEPT_MOST: Final = 8
"""What a process keeps: a list with its signatures and three others to lay beside it, or those of
four calls; of each the newest alone."""

_KEPT: Final = Recent[tuple[Hashable, Any]](KEPT_MOST)


@dataclass(frozen=True, slots=True)
class Read:
    """All that the list of a call is derived from, of one moment: its rules, the term, the desk."""

    rules: CallNow
    term: Term
    desk: Desk


def read_whole(call_id: str, now: datetime) -> Read:
    """A call with all that came in, read at once: for whoever solves it."""
    found = whole(SITE, NEWEST_JUDGED, "applications/")
    if found is None:
        refuse(DeskRefusal.NO_PROGRAMME)
    stages, term = found
    list(term.facts)
    rules = call_of(stages, call_id)
    return Read(rules, term, Desk(ELSEWHERE, now, rules=rules))


def remembered(
    rules: CallNow, now: datetime, derived: Mapping[Hashable, Callable[[Read], Any]]
) -> list[Any]:
    """What each function derives of a call: what was known, and the rest from one reading.

    All is of one moment. What is refused or faulty is not kept. Raises `Refused` before the call
    has closed and once it is decided.
    """
    rules.need_under_review()
    known = {what: _known(what, rules, now) for what in derived}
    there = [what for what, value in known.items() if value is not None]
    if len(there) < len(known):
        for what in known.keys() - there:
            _KEPT.drop((what, rules.id))  # Two lists of 10,000 at a time are 13 MiB more than one.
        follows, made, why = apart(_made, rules.id, rules.moved, now, dict(derived), there)
        for what, value in made.items():
            _KEPT.keep((what, rules.id), (follows, value))
        if why is not None:
            raise why
        known |= made
    return list(known.values())


def forget() -> None:
    """Keep nothing: after a deed all that is kept follows from what was before, and takes room."""
    _KEPT.clear()


def _made(
    call_id: str,
    moved: tuple[str, ...],
    now: datetime,
    derived: Mapping[Hashable, Callable[[Read], Any]],
    there: Collection[Hashable],
) -> tuple[Hashable, dict[Hashable, Any], ValueError | None]:
    """What the functions derive of a call as it is read now, but what was `there` while it is no
    other; what that follows from, and why the rest is not made.
    """
    made: dict[Hashable, Any] = {}
    with SITE.reading(), undisturbed():
        read = read_whole(call_id, now)
        read.rules.need_under_review()
        for what, derive in derived.items():
            if what in there and read.rules.moved == moved:
                continue
            try:
                made[what] = derive(read)
            except ValueError as why:
                return _follows(read.rules, now), made, why
    return _follows(read.rules, now), made, None


def _known(what: Hashable, rules: CallNow, now: datetime) -> Any:
    """What is kept of a call, unless it followed from something else."""
    follows, made = _KEPT.get((what, rules.id)) or (None, None)
    return made if follows == _follows(rules, now) else None


def _follows(rules: CallNow, now: datetime) -> Hashable:
    return rules.day(now), rules.moved
