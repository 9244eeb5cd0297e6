"""The clocks that run for somebody: each last day, what it is for, and the page where to act."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headgate.site.actions.objection import answer_by, object_by, tell_by
from headgate.site.desk.invoices import OPEN, OVERDUE, seen_by, suspended, suspends_from
from headgate.site.desk.models import Acting, AwardList, Dossier, Objection, Review, State
from headgate.site.desk.office import CallNow, calls_now
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
    listed = list(AwardList.objects.all())
    mine = roles_of(person) & {Role.REVIEWER, Role.APPLICANT}
    rules = {one.id: one for one in calls_now()} if listed or mine or _decides(person) else {}
    found = [
        *_unfinished(person, rules, on),
        *_applicants(person, on, rules, listed),
        *_officers(person, rules, listed),
        *_fees(person, stood, on),
    ]
    return sorted(found, key=lambda clock: (clock.day, clock.uid))


Rules = Mapping[str, CallNow]


def _decides(person: Person) -> bool:
    return not roles_of(person).isdisjoint((Role.AGENCY_OFFICER, Role.POLICY_OWNER))


def _unfinished(person: Person, calls: Rules, on: date) -> Iterator[Clock]:
    """Drafts that were not handed in, and applications whose sheet was not given."""
    acting = Acting.objects.filter(person=person, until__isnull=True).values("organisation")
    drafts = Dossier.objects.filter(lead__in=acting, state=State.DRAFT, call__in=calls)
    for pk, call in drafts.values_list("pk", "call") if calls else ():
        last = calls[call].call.closes
        if not calls[call].received and last >= on:
            title = _("%(call)s: last day to hand in the draft") % {"call": call}
            yield Clock(f"draft-{pk}", title, last, reverse("application", args=(pk,)))
    seats = Review.objects.filter(reviewer__person=person, marked__isnull=True)
    waiting = seats.filter(dossier__state=State.SUBMITTED, dossier__call__in=calls)
    numbers = waiting.values_list("dossier__call").annotate(Count("pk")).order_by("dossier__call")
    for call, number in numbers if calls else ():
        if not calls[call].decided:
            title = ngettext(
                "%(call)s: %(n)s application waits for your review",
                "%(call)s: %(n)s applications wait for your review",
                number,
            )
            told = title % {"call": call, "n": number}
            yield Clock(f"review-{call}", told, calls[call].call.decides, reverse("reviews"))


def _applicants(
    person: Person, on: date, calls: Rules, every: Sequence[AwardList]
) -> Iterator[Clock]:
    """An award to take, its agreement to sign, and the days in which one may object."""
    told = {one.call: one for one in every if one.told is not None}
    acting = Acting.objects.filter(person=person, until__isnull=True).values("organisation")
    mine = Dossier.objects.filter(lead__in=acting, code__isnull=False, call__in=told)
    for dossier in mine.select_related("acceptance", "objection") if told else ():
        listed, code = told[dossier.call], dossier.code or ""
        if listed.told is None:
            continue
        rules = calls[dossier.call]
        where, names = reverse("application", args=(dossier.pk,)), {"code": code}
        last = accept_by(rules, listed)
        if last is not None and code in listed.winners and not rules.decided:
            if not hasattr(dossier, "acceptance"):
                title = _("%(code)s: last day to take the award") % names
                yield Clock(f"accept-{code}", title, last, where)
            elif rules.call.agreement is not None:
                title = _("%(code)s: last day to sign the agreement") % names
                yield Clock(f"agree-{code}", title, last, reverse("agreement", args=(code,)))
        if not hasattr(dossier, "objection") and (until := object_by(rules, listed.told)) >= on:
            title = _("%(code)s: last day to object") % names
            yield Clock(f"object-{code}", title, until, where)


def _officers(person: Person, rules: Rules, every: Sequence[AwardList]) -> Iterator[Clock]:
    """A result that waits to be told, and objections that wait for an answer."""
    if not _decides(person):
        return
    for listed in every:
        waits = listed.told is None and listed.call in rules
        last = tell_by(rules[listed.call], listed) if waits else None
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
    every = seen_by(person, stood)
    running, shut = {held.award for held in stood.holdings}, set(suspended(stood, every))
    for one in every:
        due = one.standing.bill.due
        if due is not None and one.state(on) in wanted:
            title = _("Invoice %(number)s: last day to pay") % {"number": one.number}
            where = reverse("invoice", args=(one.number,))
            yield Clock(f"invoice-{one.number}", title, due, where)
            first = suspends_from(stood, one)
            if first is not None and one.award in running - shut:
                told = _("Invoice %(number)s: not paid, the award may be suspended")
                yield Clock(f"suspend-{one.number}", told % {"number": one.number}, first, where)
