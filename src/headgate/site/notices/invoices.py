"""What there is to tell of fees: that one is owed, and that it was not paid in time."""

from collections.abc import Iterator

from headgate.site.desk.invoices import OVERDUE, PAID, invoices
from headgate.site.desk.models import Dossier
from headgate.site.notices.telling import Told, having, people_for
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.roles import Role


def invoices_told() -> Iterator[Told]:
    """Every invoice to its holder once; one that is overdue to the fund officers as well."""
    stood = reading.programme()
    if stood is None:
        return
    on, every = today(stood), invoices(stood)
    codes = {one.award for one in every}
    found = Dossier.objects.filter(code__isnull=False).select_related("lead")
    leads = {one.code or "": one.lead for one in found if one.code in codes}
    for one in (one for one in every if one.award in leads):
        due = one.standing.bill.due
        facts = {
            "call": one.call,
            "code": one.award,
            "number": one.number,
            "amount": one.amount,
            "day": due.isoformat() if due else "",
        }
        holder = people_for(leads[one.award])
        if one.state(on) != PAID:
            yield Told(f"invoice/{one.number}", "invoice", holder, facts)
        if one.state(on) == OVERDUE:
            people = holder | having(Role.FUND_OFFICER)
            late = {**facts, "amount": one.standing.open}
            yield Told(f"invoice-late/{one.number}", "invoice-late", people, late)
