"""The clocks that run for somebody: each last day, what it is for, and the page where to act."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from headgate.site.actions.objection import answer_by, object_by, tell_by
from headgate.site.desk.invoices import OPEN, OVERDUE, invoices, seen_by, suspended, suspends_from
from headgate.site.desk.models import Acceptance, AwardList, Dossier, Objection
from headgate.site.desk.office import calls_now, organisations_of
from headgate.site.desk.world import accept_by
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role, roles_of
from headgate.site.records.kept import Stands


@dataclass(frozen=True, slots=True)
class Clock:
    """One last day of somebody's; `uid` names it in a calendar."""

    uid: str
    title: str
    day: date
    address: str


def clocks_of(person: Person, stood: Stands, on: date) -> list[Clock]:
    """Every clock that runs for somebody on a day, the next last day first.

    What was done, and a right whose days have passed, is not among them; a duty that is late is.
    """
    found = [*_applicants(person, on), *_officers(person), *_fees(person, stood, on)]
    return sorted(found, key=lambda clock: (clock.day, clock.uid))


def _applicants(person: Person, on: date) -> Iterator[Clock]:
    """An award to take, its agreement to sign, and the days in which one may object."""
    mine = Dossier.objects.filter(lead__in=organisations_of(person), code__isnull=False)
    told = {one.call: one for one in AwardList.objects.filter(told__isnull=False)}
    answered = set(Acceptance.objects.values_list("dossier__code", flat=True))
    objected = set(Objection.objects.values_list("dossier__code", flat=True))
    calls = {rules.id: rules for rules in calls_now()} if told else {}
    for dossier in mine:
        listed, code = told.get(dossier.call), dossier.code or ""
        if listed is None or listed.told is None:
            continue
        rules = calls[dossier.call]
        where, names = reverse("application", args=(dossier.pk,)), {"code": code}
        last = accept_by(rules, listed)
        if last is not None and code in listed.winners and not rules.decided:
            if code not in answered:
                title = _("%(code)s: last day to take the award") % names
                yield Clock(f"accept-{code}", title, last, where)
            elif rules.call.agreement is not None:
                title = _("%(code)s: last day to sign the agreement") % names
                yield Clock(f"agree-{code}", title, last, reverse("agreement", args=(code,)))
        if code not in objected and (until := object_by(rules, listed.told)) >= on:
            title = _("%(code)s: last day to object") % names
            yield Clock(f"object-{code}", title, until, where)


def _officers(person: Person) -> Iterator[Clock]:
    """A result that waits to be told, and objections that wait for an answer."""
    if roles_of(person).isdisjoint((Role.AGENCY_OFFICER, Role.POLICY_OWNER)):
        return
    rules = {one.id: one for one in calls_now()}
    for listed in AwardList.objects.filter(told__isnull=True, call__in=rules):
        last = tell_by(rules[listed.call], listed)
        if last is not None:
            title = _("%(call)s: last day to sign and tell the result") % {"call": listed.call}
            yield Clock(f"tell-{listed.call}", title, last, reverse("board", args=(listed.call,)))
    waiting = Objection.objects.filter(answered__isnull=True).select_related("dossier")
    for one in waiting:
        code, call = one.dossier.code or "", one.dossier.call
        title = _("%(code)s: last day to answer the objection") % {"code": code}
        last = answer_by(rules[call], one)
        yield Clock(f"answer-{code}", title, last, reverse("board", args=(call,)))


def _fees(person: Person, stood: Stands, on: date) -> Iterator[Clock]:
    """Invoices that are not paid: to whoever pays them; what is overdue, to the fund officer."""
    roles = roles_of(person)
    if roles.isdisjoint((Role.APPLICANT, Role.FUND_OFFICER)):
        return
    wanted = (OVERDUE,) if Role.FUND_OFFICER in roles else (OPEN, OVERDUE)
    every = invoices(stood)
    running, shut = {held.award for held in stood.holdings}, set(suspended(stood, every))
    for one in seen_by(person, every)[0]:
        due = one.standing.bill.due
        if due is not None and one.state(on) in wanted:
            title = _("Invoice %(number)s: last day to pay") % {"number": one.number}
            where = reverse("invoice", args=(one.number,))
            yield Clock(f"invoice-{one.number}", title, due, where)
            first = suspends_from(stood, one)
            if first is not None and one.award in running - shut:
                told = _("Invoice %(number)s: not paid, the award may be suspended")
                yield Clock(f"suspend-{one.number}", told % {"number": one.number}, first, where)
