"""What holders in a rehearsed term handed in and paid: most in time, some late, a few not at all.

Nobody in a rehearsal writes a report or pays a fee, so without these each award would be late with
both. What is due when is the policy's; who does it when is drawn by the names of what is due.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

from headgate.core import canonical
from headgate.core.duties.amendment import Change
from headgate.core.duties.payments import Payment
from headgate.core.duties.reports import Owed
from headgate.cycle import may_be_done, take
from headgate.readers.facts import Recorded
from headgate.simulation.draws import Draws
from headgate.site.actions.amend import amendment
from headgate.site.actions.take import change
from headgate.site.desk.clock import now
from headgate.site.desk.demo_words import Invented, invented
from headgate.site.desk.invoices import OVERDUE, every_invoice
from headgate.site.desk.models import Asking, Deed, Dossier
from headgate.site.desk.office import SITE
from headgate.site.desk.running import Reports, ended_before
from headgate.site.portal.models import Person
from headgate.site.portal.reading import policy_of
from headgate.site.records.kept import Stands, stands
from headgate.steps.event import Event, What, brings
from headgate.steps.term import Term

REPORTS: Final = "rehearsed-reports"
"""The name under which the journal has the reports that were accepted."""
PAYMENTS: Final = "rehearsed-payments"
"""The name under which it has what was paid."""
IN_TIME: Final = 85
"""How many reports and fees of a hundred come by their last day."""
ACCEPTED: Final = 92
"""How many of a hundred are accepted, or paid: those, and some that came late."""
CAME: Final = 96
"""How many reports of a hundred come at all; the last of them still wait for the office."""
DAYS: Final = 14
"""How many days before its last day something comes at most, or after it."""


def hand_in_reports(officer: Person) -> None:
    """Let what was due have been handed in, and the office have accepted most of it by now."""
    stood = stands(SITE)
    made = list(_made(stood, officer)) if stood is not None else []
    Asking.objects.bulk_create(one for one in made if one.granted is None)
    if accepted := [one for one in made if one.granted]:
        day = now().date()
        lines = [amendment(one, one.at.date(), day) for one in accepted]
        _enter(officer, What.AMEND, REPORTS, lines, accepted)


def pay_fees(officer: Person) -> None:
    """Let most of the fees whose last day has passed have been paid by now."""
    stood = stands(SITE)
    if stood is not None and (paid := list(_paid(stood))):
        _enter(officer, What.PAY, PAYMENTS, paid)


def _enter(
    officer: Person, what: What, name: str, lines: Sequence[Any], accepted: Sequence[Asking] = ()
) -> None:
    """Put on record, as one event, what came; and with it what the desk keeps of it."""

    def action(before: Term | None) -> Term:
        assert before is not None  # Its awards were just read.
        event = Event(may_be_done(before, now().date()), what, name)
        after = take(before, Recorded({brings(event): lines}), event)
        Asking.objects.bulk_create(accepted)
        Deed.objects.create(person=officer, action="answer", about=name, at=now())
        return after

    change(SITE, action)


def _paid(stood: Stands) -> Iterator[Payment]:
    """What was paid of every award with a fee that is overdue else."""
    today, known = now().date(), set[str]()
    for one in every_invoice(stood):
        due = one.standing.bill.due
        percent, days = drawn(one.award, "fee")
        if one.state(today) != OVERDUE or due is None or one.award in known or percent >= ACCEPTED:
            continue
        known.add(one.award)
        told = canonical.digest(f"Synthetic {one.number}".encode())
        yield Payment(
            one.award, one.call, one.standing.open, _came(due, percent, days, today), told
        )


def _came(due: date, percent: int, days: int, today: date) -> date:
    """On which day something came, for its last day and what was drawn."""
    return min(due + timedelta(days=-days if percent < IN_TIME else 1 + days), today)


def _made(stood: Stands, officer: Person) -> Iterator[Asking]:
    """What came of every report whose last day has passed."""
    today, reports, said = now().date(), Reports(stood), invented(policy_of(stood))
    known = {one.code: one for one in Dossier.objects.filter(code__isnull=False)}
    for held in (*ended_before(stood), *stood.holdings):
        for due in reports.owed_by(held) if held.award in known else ():
            if due.day < today and (made := came_of(known[held.award], due, today, said)):
                if made.granted:
                    made.officer, made.answered, made.event = officer, now(), REPORTS
                yield made


def came_of(dossier: Dossier, due: Owed, today: date, said: Invented) -> Asking | None:
    """How one report came, if it did."""
    percent, days = drawn(dossier.code or "", due.report.id)
    if percent >= CAME:
        return None
    granted = percent < ACCEPTED or None
    text, answer = said.reports(due.report, dossier.code or "")
    return Asking(
        dossier=dossier,
        change=Change.REPORT,
        asked={"report": due.report.id},
        text=text,
        at=now() - (today - _came(due.day, percent, days, today)),
        granted=granted,
        answer=answer if granted else "",
    )


def drawn(award: str, due: str) -> tuple[int, int]:
    """Where among a hundred something due is, and by how many days it is early or late."""
    draws = Draws(award, due)
    return draws.below(100), draws.below(DAYS)
