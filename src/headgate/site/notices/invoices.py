"""What there is to tell of fees: that one is owed, and that it was not paid in time."""

from collections.abc import Iterator

from headgate.site.desk.invoices import OVERDUE, PAID, invoices, suspends_from
from headgate.site.notices.telling import People, Told
from headgate.site.portal.clock import today
from headgate.site.portal.roles import Role
from headgate.site.records.kept import Stands


def invoices_told(stood: Stands, people: People) -> Iterator[Told]:
    """Every invoice to its holder once; one that is overdue to the fund officers as well."""
    on = today(stood)
    for one in invoices(stood):
        holder = people.of_award(one.award)
        if not holder:
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
            told = holder | people.having(Role.FUND_OFFICER)
            first = suspends_from(stood, one)
            late = {**facts, "amount": one.standing.open}
            late |= {"suspends": first.isoformat()} if first else {}
            yield Told(f"invoice-late/{one.number}", "invoice-late", told, late)
