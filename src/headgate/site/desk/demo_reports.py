"""What holders in a rehearsed term handed in: most reports in time, some late, a few not at all.

Nobody in a rehearsal writes a report, so without these each award would be late with one. What is
due when is the policy's; who hands it in when is drawn by the names of award and report.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from headgate.core.duties.amendment import Change
from headgate.core.duties.reports import Owed
from headgate.cycle import may_be_done, take
from headgate.readers.facts import Recorded
from headgate.site.actions.amend import amendment
from headgate.site.actions.take import change
from headgate.site.desk.clock import now
from headgate.site.desk.models import Asking, Deed, Dossier
from headgate.site.desk.office import SITE
from headgate.site.desk.running import Reports, ended_before
from headgate.site.portal.models import Person
from headgate.site.records.kept import Stands, stands
from headgate.steps.event import Event, What, amendments_name
from headgate.steps.term import Term

EVENT: Final = "rehearsed-reports"
"""The name under which the journal has those that were accepted."""
IN_TIME: Final = 85
"""How many reports of a hundred come by their last day."""
ACCEPTED: Final = 92
"""How many of a hundred are accepted: those, and some that came late."""
CAME: Final = 96
"""How many of a hundred come at all; the last of them still wait for the office."""
DAYS: Final = 14
"""How many days before its last day a report comes at most, or after it."""


def hand_in_reports(officer: Person) -> None:
    """Let what was due have been handed in, and the office have accepted most of it by now."""
    stood = stands(SITE)
    made = list(_made(stood, officer)) if stood is not None else []
    Asking.objects.bulk_create(one for one in made if one.granted is None)
    if accepted := [one for one in made if one.granted]:
        change(SITE, lambda before: _accept(officer, accepted, before))


def _accept(officer: Person, accepted: Sequence[Asking], before: Term | None) -> Term:
    assert before is not None  # Its holdings were just read.
    day = may_be_done(before, now().date())
    lines = [amendment(one, one.at.date(), day) for one in accepted]
    world = Recorded({amendments_name(EVENT): lines})
    after = take(before, world, Event(day, What.AMEND, EVENT))
    Asking.objects.bulk_create(accepted)
    Deed.objects.create(person=officer, action="answer", about=EVENT, at=now())
    return after


def _made(stood: Stands, officer: Person) -> Iterator[Asking]:
    """What came of every report whose last day has passed."""
    today, reports = now().date(), Reports(stood)
    known = {one.code: one for one in Dossier.objects.filter(code__isnull=False)}
    for held in (*ended_before(stood), *stood.holdings):
        for due in reports.owed_by(held) if held.award in known else ():
            if due.day < today and (made := came_of(known[held.award], due, today)):
                if made.granted:
                    made.officer, made.answered, made.event = officer, now(), EVENT
                yield made


def came_of(dossier: Dossier, due: Owed, today: date) -> Asking | None:
    """How one report came, if it did."""
    percent, days = drawn(dossier.code or "", due.report.id)
    if percent >= CAME:
        return None
    came = due.day + timedelta(days=-days if percent < IN_TIME else 1 + days)
    granted = percent < ACCEPTED or None
    return Asking(
        dossier=dossier,
        change=Change.REPORT,
        asked={"report": due.report.id},
        text=f"Synthetic {due.report.id} {dossier.code}",
        at=now() - (today - min(came, today)),
        granted=granted,
        answer=f"Synthetic {due.report.id}" if granted else "",
    )


def drawn(award: str, report: str) -> tuple[int, int]:
    """Where among a hundred a report is, and by how many days it is early or late."""
    number = int.from_bytes(sha256(f"{award}:{report}".encode()).digest()[:8])
    return number % 100, number // 100 % DAYS
