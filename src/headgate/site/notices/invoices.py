"""What there is to tell of fees: that one is owed, was not paid in time, or was paid at last."""

from collections.abc import Iterator, Sequence

from headgate.core.duties.amendment import Change
from headgate.site.desk.invoices import (
    OVERDUE,
    PAID,
    Invoice,
    billed_before,
    invoices,
    suspended,
    suspends_from,
)
from headgate.site.desk.models import Organisation
from headgate.site.notices.telling import People, Told
from headgate.site.portal.clock import today
from headgate.site.portal.roles import Role
from headgate.site.records.kept import Stands


def invoices_told(stood: Stands, people: People) -> Iterator[Told]:
    """Every invoice to whom it is billed, once; one that is overdue to whoever leads the award now
    and to the fund officers as well.
    """
    on, found = today(stood), invoices(stood)
    before = billed_before(found)
    bodies = Organisation.objects.filter(code__in={led.code for led in before.values()})
    known = {one.code: people.acting(one.pk) for one in bodies}
    billed = {number: known[led.code] for number, led in before.items() if led.code in known}
    yield from _lifted(stood, found, people)
    for one in found:
        leads = people.of_award(one.award)
        holder = billed.get(one.number, leads)
        if not holder | leads:
            continue
        due = one.standing.bill.due
        facts = {
            "call": one.call,
            "code": one.award,
            "number": one.number,
            "amount": one.amount,
            "day": due.isoformat() if due else "",
        }
        if one.state(on) != PAID:
            yield Told(f"invoice/{one.number}", "invoice", holder, facts)
        if one.state(on) == OVERDUE:
            told = holder | leads | people.having(Role.FUND_OFFICER)
            first = suspends_from(stood, one)
            late = {**facts, "amount": one.standing.open}
            late |= {"suspends": first.isoformat()} if first else {}
            yield Told(f"invoice-late/{one.number}", "invoice-late", told, late)


def _lifted(stood: Stands, found: Sequence[Invoice], people: People) -> Iterator[Told]:
    """That an award runs again whose suspension has ended, once each, as the suspension was."""
    shut = suspended(stood, found)
    for held in stood.holdings:
        for one in held.amended:
            if one.change is Change.SUSPENSION and shut.get(held.award) != one.day:
                key, facts = f"lifted/{held.award}/{one.day}", {"code": held.award}
                yield Told(key, "lifted", people.of_award(held.award), facts)
