"""What was derived of all that people did, kept by a process until anything of it moves.

Whatever moves the journal makes an entry in it, and whatever people do leaves a `Deed`, written in
the same transaction. So what was derived for a newest entry, a newest deed and a day is what would
be derived again while the three are the same, and nothing has to be told of a change. Deeds to
drafts are left aside: no list follows from them, and they are most of what is done all day.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headgate.rings import undisturbed
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
    if None not in known.values():
        return list(known.values())
    with SITE.reading():
        read = read_whole(rules.id, now)
        read.rules.need_under_review()
        same = read.rules.moved == rules.moved
        for what, derive in derived.items():
            if known[what] is None or not same:
                with undisturbed():
                    known[what] = derive(read)
                _KEPT.keep((what, read.rules.id), (_follows(read.rules, now), known[what]))
    return list(known.values())


def _known(what: Hashable, rules: CallNow, now: datetime) -> Any:
    """What is kept of a call, unless it followed from something else."""
    follows, made = _KEPT.get((what, rules.id)) or (None, None)
    return made if follows == _follows(rules, now) else None


def _follows(rules: CallNow, now: datetime) -> Hashable:
    return rules.day(now), rules.moved
