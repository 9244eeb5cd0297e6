"""What invented holders hand in, pay and explain: most in time, some late, a few not at all.

Nobody in a rehearsal writes a report or pays a fee, so without these each award would be late with
both; and so would each in a demo that is played whose holder nobody plays. What is due when is the
policy's; who does it when is drawn by the names of what is due.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from headgate.core import canonical
from headgate.core.duties.amendment import Change
from headgate.core.duties.payments import Payment
from headgate.core.duties.reports import Owed
from headgate.cycle import may_be_done, take
from headgate.readers.facts import Recorded
from headgate.simulation.draws import Draws
from headgate.site.actions.amend import amendment, confirm
from headgate.site.actions.take import change
from headgate.site.desk.clock import now
from headgate.site.desk.clocks import to_explain
from headgate.site.desk.demo_winners import unplayed
from headgate.site.desk.demo_words import Invented, invented
from headgate.site.desk.invoices import OPEN, OVERDUE, every_invoice
from headgate.site.desk.models import Asking, Deed, Dossier
from headgate.site.desk.office import SITE
from headgate.site.desk.running import Reports, ended_before, to_hand_over
from headgate.site.portal.models import Person
from headgate.site.portal.reading import policy_of
from headgate.site.records.kept import Stands, stands
from headgate.steps.event import Event, What, brings
from headgate.steps.term import Term

REPORTS: Final = "rehearsed-reports"
"""The name under which the journal has the hand-overs and the reports that were accepted."""
PAYMENTS: Final = "rehearsed-payments"
"""The name under which it has what was paid."""
IN_TIME: Final = 85
"""How many reports and fees of a hundred come by their last day, and how many explain idleness."""
ACCEPTED: Final = 92
"""How many of a hundred are accepted, or paid: those, and some that came late."""
CAME: Final = 96
"""How many reports of a hundred come at all, and how many say that a hand-over can be used; the
last of those reports still wait for the office."""
DAYS: Final = 14
"""How many days before its last day something comes at most, or after it."""


@dataclass(frozen=True, slots=True)
class Did:
    """How many hand-overs, explanations, reports and fees invented holders answered or brought."""

    confirmed: int = 0
    explained: int = 0
    reported: int = 0
    paid: int = 0


def let_invented_hold(payee: Person) -> Did:
    """Let the holders whom nobody plays do what they would have done by now; how much it was.

    What they hand in waits for the office, which somebody plays; `payee` puts down what they pay.
    """
    if (stood := stands(SITE)) is None or not stood.holdings:
        return Did()
    held = {one.award for one in (*ended_before(stood), *stood.holdings)}
    won, said = Dossier.objects.filter(code__in=held), invented(policy_of(stood))
    people = unplayed(won)
    known = {one.code or "": one for one in won.filter(lead__in=people)}
    confirmed = _confirm(known, people, said)
    stood = stands(SITE) or stood
    explained, reported = list(_explained(stood, known)), list(_made(stood, known))
    for one in reported:
        one.granted, one.answer = None, ""
    for one in (*explained, *reported):
        one.person = people[one.dossier.lead_id]
    Asking.objects.bulk_create((*explained, *reported))
    if paid := [one for one in _paid(stood) if one.award in known]:
        _enter(payee, What.PAY, f"{PAYMENTS}-{stood.size}", paid)
    return Did(confirmed, len(explained), len(reported), len(paid))


def _confirm(known: Mapping[str, Dossier], people: Mapping[int, Person], said: Invented) -> int:
    """Let holders say that what was handed over can be used; how many did."""
    waiting = Asking.objects.filter(change=Change.HAND_OVER, granted__isnull=True)
    tried = [
        one
        for one in waiting.select_related("dossier").filter(dossier__code__in=known)
        if drawn(one.dossier.code or "", one.change)[0] < CAME
    ]
    for one in tried:
        confirm(people[one.dossier.lead_id], one.pk, True, said.usable, now())
    return len(tried)


def _explained(stood: Stands, known: Mapping[str, Dossier]) -> Iterator[Asking]:
    """Why awards lie idle that are heard on it now, each once a term."""
    said, kind, since = invented(policy_of(stood)), Change.EXPLANATION, stood.standing.starts
    told = Asking.objects.filter(change=kind, at__date__gte=since)
    heard = set(told.values_list("dossier__code", flat=True))
    asked = [one for one in stood.holdings if one.award in known and one.award not in heard]
    for held, _last in to_explain(stood, asked, now().date()):
        if drawn(held.award, kind)[0] < IN_TIME:
            text = said.explains.format(id=held.award)
            yield Asking(dossier=known[held.award], change=kind, text=text, at=now())


def hand_in_reports(officer: Person) -> None:
    """Let what was due in a rehearsed term have come, and the office have accepted most of it; and
    its awards have been handed over as they began, of which nobody need be told any more.
    """
    if (stood := stands(SITE)) is None:
        return
    known = {one.code or "": one for one in Dossier.objects.filter(code__isnull=False)}
    made, day = list(_made(stood, known)), now().date()
    Asking.objects.bulk_create(one for one in made if one.granted is None)
    accepted = [one for one in made if one.granted]
    for one in accepted:
        one.officer, one.answered, one.event = officer, now(), REPORTS
    came = [*_handed(stood, known), *accepted]
    if lines := [amendment(one, one.at.date(), day) for one in came]:
        _enter(officer, What.AMEND, REPORTS, lines, accepted)


def pay_fees(officer: Person) -> None:
    """Let most of the fees of a rehearsed term have been paid by now."""
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
    """What has come in by now of every award with a fee that is open."""
    today, known = now().date(), set[str]()
    for one in every_invoice(stood):
        due = one.standing.bill.due
        if one.state(today) not in (OPEN, OVERDUE) or due is None or one.award in known:
            continue
        percent, days = drawn(one.award, "fee")
        came = _came(due, percent, days)
        if percent < ACCEPTED and one.standing.bill.day <= came <= today:
            known.add(one.award)
            told = canonical.digest(f"Synthetic {one.number}".encode())
            yield Payment(one.award, one.call, one.standing.open, came, told)


def _came(due: date, percent: int, days: int) -> date:
    """On which day something comes, for its last day and what was drawn."""
    return due + timedelta(days=-days if percent < IN_TIME else 1 + days)


def _handed(stood: Stands, known: Mapping[str, Dossier]) -> Iterator[Asking]:
    """The hand-over of every award that waits for one: it could be used on its first day."""
    said, today = invented(policy_of(stood)).usable, now().date()
    for held in to_hand_over(stood, ()):
        if held.award in known:
            yield Asking(
                dossier=known[held.award],
                change=Change.HAND_OVER,
                asked={"usable": held.starts.isoformat()},
                text=said,
                at=now() - (today - held.starts),
                granted=True,
                answer=said,
            )


def _made(stood: Stands, known: Mapping[str, Dossier]) -> Iterator[Asking]:
    """What has come by now of the reports that some awards owe, each by its draw.

    One that the office sent back comes again, as it is asked for.
    """
    today, reports, said = now().date(), Reports(stood), invented(policy_of(stood))
    asked = Asking.objects.filter(change=Change.REPORT, dossier__code__in=known)
    parts = asked.order_by("pk").values_list("dossier__code", "asked", "granted")
    last = {(code, told["report"]): granted for code, told, granted in parts}
    for held in (*ended_before(stood), *stood.holdings):
        for due in reports.owed_by(held) if held.award in known else ():
            sent_back = last.get((held.award, due.report.id), True) is False
            is_new = (held.award, due.report.id) not in last
            if (is_new or sent_back) and (made := came_of(known[held.award], due, today, said)):
                made.at = now() if sent_back else made.at
                yield made


def came_of(dossier: Dossier, due: Owed, today: date, said: Invented) -> Asking | None:
    """How one report came, if it did by today."""
    percent, days = drawn(dossier.code or "", due.report.id)
    came = _came(due.day, percent, days)
    if percent >= CAME or came > today:
        return None
    granted = percent < ACCEPTED or None
    text, answer = said.reports(due.report, dossier.code or "")
    return Asking(
        dossier=dossier,
        change=Change.REPORT,
        asked={"report": due.report.id},
        text=text,
        at=now() - (today - came),
        granted=granted,
        answer=answer if granted else "",
    )


def drawn(award: str, due: str) -> tuple[int, int]:
    """Where among a hundred something due is, and by how many days it is early or late."""
    draws = Draws(award, due)
    return draws.below(100), draws.below(DAYS)
