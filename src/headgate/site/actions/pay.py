"""What was paid of an award's fees, put on record by the fund officer."""

from dataclasses import dataclass
from datetime import date, datetime

from headgate.core import canonical
from headgate.core.duties.payments import Payment
from headgate.core.ledger.refused import Refused
from headgate.cycle import may_be_done, take
from headgate.readers.facts import Recorded
from headgate.site.actions.take import change
from headgate.site.desk.dossiers import involved
from headgate.site.desk.models import Deed, Dossier
from headgate.site.desk.office import SITE, acts_for, day_at, need
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.kept import kept_term
from headgate.steps.event import Event, What, payments_name
from headgate.steps.fees import found_of
from headgate.steps.term import Term

REFERENCE_MOST = 200


@dataclass(frozen=True, slots=True)
class Received:
    """What came in for an award of a call, on which day, and what the bank says of it."""

    award: str
    call: str
    amount: int
    day: date
    reference: str


def record_payment(officer: Person, came: Received, now: datetime) -> str:
    """Put a payment on record; sent twice it is one. Returns the name that the journal has for it.

    A payment below zero is one that the programme gave back. Raises `Refused`.
    """
    need(officer, Role.FUND_OFFICER)
    reference = " ".join(came.reference.split())
    if not reference or len(reference) > REFERENCE_MOST:
        refuse(DeskRefusal.WORDS_MISSING)
    dossier = Dossier.objects.select_related("lead", "alliance").filter(code=came.award).first()
    if dossier is not None and acts_for(officer, *involved([dossier])):
        refuse(DeskRefusal.CONFLICT, came.award)
    told = canonical.digest(reference.encode())
    paid = Payment(came.award, came.call, came.amount, came.day, told)
    name = f"paid-{canonical.digest(canonical.line(paid))[:16]}"
    before = kept_term(SITE)
    if before is not None and payments_name(name) in before.facts:
        return name

    def action(before: Term | None) -> Term:
        if before is None:
            refuse(DeskRefusal.NO_PROGRAMME)
        policy = before.policy(before.starts)
        today = day_at(policy, now)
        day = may_be_done(before, today)
        if day < came.day <= today:
            refuse(DeskRefusal.OVERDUE_FIRST, day)
        for one in found_of(before, paid, day):
            raise Refused(one.fault, one.what)
        world = Recorded({payments_name(name): [paid]})
        after = take(before, world, Event(day, What.PAY, name))
        about = f"{came.award} {policy.programme.money.exact(came.amount)} {reference}"
        Deed.objects.create(person=officer, action="record payment", about=about[:200], at=now)
        return after

    change(SITE, action)
    return name
