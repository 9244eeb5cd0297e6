"""The clocks that run for somebody: each last day, what it is for, and the page where to act."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any

from django.db.models import Case, Count, Exists, F, Min, OuterRef, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headgate.core.duties.amendment import Change
from headgate.site.actions.objection import answer_by, object_by, tell_by
from headgate.site.desk.amending import answered_by, looks, reports_among
from headgate.site.desk.answer_clocks import Rules, name_of, of_lists
from headgate.site.desk.clock import Clock
from headgate.site.desk.invoices import (
    OVERDUE,
    Invoice,
    every_invoice,
    invoices,
    suspended,
    suspends_from,
)
from headgate.site.desk.models import (
    Acting,
    AgreementSignature,
    Asking,
    AwardList,
    Dossier,
    Objection,
    Review,
    Side,
    State,
)
from headgate.site.desk.office import SITE, calls_now, day_at, unattended, with_part
from headgate.site.desk.rating import round_now
from headgate.site.desk.round_clocks import (
    NOBODY,
    OF_ROUND,
    objections,
    of_teams,
    to_answer,
    with_rounds,
)
from headgate.site.desk.running import (
    SOON,
    Reports,
    ended_before,
    handed_in,
    handed_over,
    to_hand_over,
)
from headgate.site.desk.turns import accept_by, turn_of
from headgate.site.desk.yes_clocks import lacks_yes, of_members
from headgate.site.portal import reading
from headgate.site.portal.idle import Warned, warning
from headgate.site.portal.lists import kept
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role, decides, is_staff, roles_of
from headgate.site.portal.words import language
from headgate.site.records.kept import Stands
from headgate.site.reports.burndown import accounts_of, days_of, moved_on
from headgate.steps.term import Holding


def clocks_of(person: Person, stood: Stands, on: date) -> list[Clock]:
    """Every clock that runs for somebody on a day, the next last day first.

    What was done, and a right whose days have passed, is not among them; a duty that is late is.
    """
    acting = Acting.objects.filter(person=person, until__isnull=True)
    listed, part = list(AwardList.objects.defer("proposal")), _with_part(person, acting)
    mine = [one for one in part if one.is_led]
    works = roles_of(person) & {Role.REVIEWER, Role.APPLICANT}
    rules = {one.id: one for one in calls_now()} if listed or works or decides(person) else {}
    found = [
        *_drafts(mine, rules, on),
        *of_members(acting, part, rules, reading.policy_of(stood), on),
        *_seats(person, rules),
        *_applicants(mine, on, rules, listed),
        *_officers(person, rules, listed, stood),
        *_fees(person, part, stood, on),
        *_holders(mine, stood, on),
        *of_teams(mine, stood, on),
        *_offices(person, stood, on),
    ]
    return sorted(found, key=lambda clock: (clock.day, clock.uid))


def _with_part(person: Person, acting: "QuerySet[Acting]") -> list[Any]:
    """The applications that an applicant has a part in, `is_led` where they may act, with what was
    asked of each; at most two queries.
    """
    if Role.APPLICANT not in roles_of(person):
        return []
    is_led = Exists(acting.filter(organisation=OuterRef("lead")))
    signed = AgreementSignature.objects.filter(dossier=OuterRef("pk"), side=Side.HOLDER)
    told = {"is_led": is_led, "has_signed": Exists(signed), "lacks_yes": lacks_yes(acting)}
    whole = Dossier.objects.select_related("acceptance", "objection").prefetch_related("askings")
    unread = "answers", "line", "requests", "summary"
    mine = whole.filter(pk__in=with_part(person)).annotate(**told, **with_rounds())
    return list(mine.defer(*unread))


def _drafts(mine: Sequence[Dossier], calls: Rules, on: date) -> Iterator[Clock]:
    """Drafts that were not handed in."""
    for one in mine:
        if one.state != State.DRAFT or one.call not in calls or calls[one.call].received:
            continue
        if (last := calls[one.call].call.closes) >= on:
            title = _("%(call)s: last day to hand in the draft") % {
                "call": name_of(calls[one.call].call)
            }
            yield Clock(f"draft-{one.pk}", title, last, reverse("application", args=(one.pk,)))


def _seats(person: Person, calls: Rules) -> Iterator[Clock]:
    """Applications whose sheet was not given."""
    if Role.REVIEWER not in roles_of(person):
        return
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
            told = title % {"call": name_of(calls[call].call), "n": number}
            yield Clock(f"review-{call}", told, calls[call].call.decides, reverse("reviews"))


def _applicants(
    mine: Sequence[Any], on: date, calls: Rules, every: Sequence[AwardList]
) -> Iterator[Clock]:
    """An award to take, its agreement to sign, and the days in which one may object."""
    told = {one.call: one for one in every if one.told is not None}
    for dossier in mine:
        listed, code = told.get(dossier.call), dossier.code or ""
        if listed is None or listed.told is None or not code:
            continue
        rules = calls[dossier.call]
        where, names = reverse("application", args=(dossier.pk,)), {"code": code}
        turn = turn_of(listed, code)
        last = accept_by(rules, turn.told) if turn is not None else None
        if last is not None and not rules.decided:
            if not hasattr(dossier, "acceptance"):
                title = _("%(code)s: last day to take the award") % names
                yield Clock(f"accept-{code}", title, last, where)
            elif dossier.acceptance.accepted and rules.call.agreement and not dossier.has_signed:
                title = _("%(code)s: last day to sign the agreement") % names
                yield Clock(f"agree-{code}", title, last, reverse("agreement", args=(code,)))
        if not hasattr(dossier, "objection") and (until := object_by(rules, listed.told)) >= on:
            title = _("%(code)s: last day to object") % names
            yield Clock(f"object-{code}", title, until, where, is_right=True)


def _officers(
    person: Person, rules: Rules, every: Sequence[AwardList], stood: Stands
) -> Iterator[Clock]:
    """A result that waits to be told, objections that wait for an answer, and whoever has nobody
    who could be asked.
    """
    if not decides(person):
        return
    for listed in every:
        waits = listed.told is None and listed.call in rules
        last = tell_by(rules[listed.call], listed) if waits else None
        if last is not None:
            named = {"call": name_of(rules[listed.call].call)}
            title = _("%(call)s: last day to sign and tell the result") % named
            yield Clock(f"tell-{listed.call}", title, last, reverse("board", args=(listed.call,)))
    yield from of_lists(rules, every)
    asked = Objection.objects.filter(answered__isnull=True).order_by()
    waiting = asked.values_list("dossier__code", "dossier__call", "at", NOBODY, Value(""))
    every_one = list(waiting.union(objections(), unattended(), all=True))
    heard = {one[1] for one in every_one if one[4] == OF_ROUND}
    rounds = {name: round_now(name, stood) for name in heard}
    for code, call, at, lead, what in every_one:
        if what == OF_ROUND:
            yield to_answer(code, rounds[call], at)
        elif not lead:
            title = _("%(code)s: last day to answer the objection") % {"code": code}
            last = answer_by(rules[call], at)
            yield Clock(f"answer-{code}", title, last, reverse("board", args=(call,)))
    yield from _unattended(rules, stood, [one for one in every_one if one[3]])


def _unattended(rules: Rules, stood: Stands, found: Sequence[Any]) -> Iterator[Clock]:
    """Holders, and applicants of a call to be decided, for whom nobody acts any more."""
    runs = {one.award for one in stood.holdings} if found else set()
    mine = {
        (lead, name): since
        for code, call, since, lead, name in found
        if code in runs or not rules[call].decided
    }
    for (lead, name), since in sorted(mine.items()):
        title = _("%(name)s: nobody acts for it any more; say who does") % {"name": name}
        day = day_at(reading.policy_of(stood), since)
        where = reverse("organisation", args=(lead,))
        yield Clock(f"unattended-{lead}", title, day, where)


def _fees(person: Person, part: Sequence[Dossier], stood: Stands, on: date) -> Iterator[Clock]:
    """Invoices that are not paid: to whoever pays them; what is overdue, to the fund officer."""
    roles = roles_of(person)
    if roles.isdisjoint((Role.APPLICANT, Role.FUND_OFFICER)):
        return
    every = (
        every_invoice(stood)
        if is_staff(person)
        else invoices(stood, {one.code or "" for one in part})
    )
    owed = [one for one in every if one.standing.open > 0 and one.standing.bill.due]
    late = [one for one in owed if one.standing.is_overdue(on)]
    asked = late if Role.FUND_OFFICER in roles else owed
    awards = {one.award for one in asked} - suspended(stood, every).keys()
    running = {held.award for held in stood.holdings if held.award in awards} if awards else ()
    shuts = {
        one.number: first
        for one in asked
        if one.award in running and (first := suspends_from(stood, one)) is not None
    }
    if Role.FUND_OFFICER in roles:
        yield from _overdue(late, shuts, stood)
        return
    for one in owed:
        title = _("Invoice %(number)s: last day to pay") % {"number": one.number}
        where = reverse("invoice", args=(one.number,))
        yield Clock(f"invoice-{one.number}", title, one.standing.bill.due or on, where)
        if one.number in shuts:
            told = _("Invoice %(number)s: not paid, the award may be suspended")
            title = told % {"number": one.number}
            yield Clock(f"suspend-{one.number}", title, shuts[one.number], where)


def _overdue(late: Sequence[Invoice], shuts: Mapping[str, date], stood: Stands) -> Iterator[Clock]:
    """What is overdue in one line with its sum, and in another what may be suspended for it."""
    where = f"{reverse('invoices')}?state={OVERDUE}"
    say = reading.speaker_of(reading.policy_of(stood), language())
    if late:
        title = ngettext(
            "%(n)s invoice is overdue: %(sum)s",
            "%(n)s invoices are overdue: %(sum)s in all",
            len(late),
        )
        owed = say.locale.currency(sum(one.standing.open for one in late), say.currency)
        told = title % {"n": say.locale.whole(len(late)), "sum": owed}
        first = min(one.standing.bill.due for one in late if one.standing.bill.due)
        yield Clock("invoices-overdue", told, first, where)
    if days := [shuts[one.number] for one in late if one.number in shuts]:
        title = ngettext(
            "%(n)s invoice is not paid: its award may be suspended",
            "%(n)s invoices are not paid: their awards may be suspended",
            len(days),
        )
        yield Clock(
            "invoices-suspend", title % {"n": say.locale.whole(len(days))}, min(days), where
        )


def _holders(mine: Sequence[Dossier], stood: Stands, on: date) -> Iterator[Clock]:
    """Of one's own awards: the reports owed, a hand-over to be answered, idleness to be explained.

    A report that waits for the office is no clock of its holder any more.
    """
    asked = {one.code: list(one.askings.all()) for one in mine if one.code}
    held = [one for one in stood.holdings if one.award in asked] if asked else []
    if asked.keys() - {one.award for one in held}:
        held += [one for one in ended_before(stood) if one.award in asked]
    reports, policy = Reports(stood, _handed(asked)), reading.policy_of(stood)
    for one in held:
        where = reverse("running-award", args=(one.award,))
        for due in reports.owed_by(one):
            told = {"code": one.award, "report": due.report.name.say(language())}
            title = _("%(code)s: last day to hand in “%(report)s”") % told
            yield Clock(f"report-{one.award}-{due.report.id}", title, due.day, where)
        for each in asked[one.award]:
            if each.granted is None and each.change == Change.HAND_OVER:
                day = day_at(policy, each.at)
                last = answered_by(reports.rules(one.call), each.change, day, None)
                title = _("%(code)s: last day to say whether it can be used") % {"code": one.award}
                yield Clock(f"usable-{one.award}", title, last, where)
    yield from _idle(stood, [one for one in held if not _explained(asked[one.award])], on)


def _handed(asked: Mapping[str, Sequence[Asking]]) -> Mapping[str, frozenset[str]]:
    """The reports of each award that were handed in and not sent back."""
    return {
        code: frozenset(reports_among(one.asked for one in each if one.granted is not False))
        for code, each in asked.items()
    }


def _explained(asked: Sequence[Asking]) -> bool:
    """Whether an explanation waits for its answer."""
    return any(one.granted is None and one.change == Change.EXPLANATION for one in asked)


def _idle(stood: Stands, held: Sequence[Holding], on: date) -> Iterator[Clock]:
    """Idleness that may be explained now."""
    for one, last in to_explain(stood, held, on):
        title = _("%(code)s: last day to explain why it lies idle") % {"code": one.award}
        where = reverse("running-award", args=(one.award,))
        yield Clock(f"explain-{one.award}", title, last, where)


def to_explain(stood: Stands, held: Sequence[Holding], on: date) -> Iterator[tuple[Holding, date]]:
    """The awards whose holders the rule on idle rights warns and hears now, each with the last day
    to explain; one query for all of them.
    """
    watched = [(one, _explain_by(warning(stood, one, None, on), on)) for one in held]
    heard = [(one, last) for one, last in watched if last is not None]
    paths = [accounts_of(one.support, one.award, one.support_class) for one, _last in heard]
    read = moved_on(SITE, chain.from_iterable(paths)) if paths else {}
    for (one, last), ways in zip(heard, paths, strict=True):
        warned = warning(stood, one, days_of(read, *ways), on)
        if warned is not None and warned.taken.step is not None:
            yield one, last


def _explain_by(warned: Warned | None, on: date) -> date | None:
    """The last day to explain, while it may be done."""
    last = warned.explain_by if warned is not None else None
    is_open = warned is not None and last is not None and warned.notice <= on <= last
    return last if is_open else None


def _offices(person: Person, stood: Stands, on: date) -> Iterator[Clock]:
    """What office and operators look after while awards run."""
    operates, office = Role.OPERATOR in roles_of(person), decides(person)
    if not (operates or office):
        return
    if operates:
        yield from _to_hand_over(stood, handed_over())
    waiting = _waiting()
    yield from _askings(person, stood, waiting)
    if office:
        yield from _reports(stood, on, {(code, report) for *_, code, report in waiting if report})


_Waiting = Sequence[tuple[str, str, int, datetime, str, str | None]]
"""Call, kind, how many, the moment of the first, an award, and the report if one waits alone."""


def _waiting() -> _Waiting:
    """What was asked and not answered: each report, and of all else how many of a kind.

    There may be thousands, which the database counts; one query.
    """
    whose = Case(When(change=Change.REPORT, then=F("dossier__code")))
    every = Asking.objects.filter(granted__isnull=True).order_by()
    told = every.annotate(report=KeyTextTransform("report", "asked"), whose=whose)
    parts = "dossier__call", "change", "number", "first", "code", "report"
    alike = told.values("dossier__call", "change", "whose", "report")
    counted = alike.annotate(number=Count("pk"), first=Min("at"), code=Min("dossier__code"))
    return list(counted.values_list(*parts))


def _askings(person: Person, stood: Stands, every: _Waiting) -> Iterator[Clock]:
    """What waits for the office's answer, and for operators what holders have not answered yet."""
    operates = Role.OPERATOR in roles_of(person)
    reports, policy, idle = Reports(stood), reading.policy_of(stood), looks(stood)
    waiting: dict[tuple[str, bool], list[tuple[date, str, int]]] = {}
    kinds: dict[str, set[str]] = {}
    for call, change, number, at, code, _report in every:
        due = idle.get(policy.calls[call].support)
        last = answered_by(reports.rules(call), change, day_at(policy, at), due)
        waiting.setdefault((call, change == Change.HAND_OVER), []).append((last, code, number))
        kinds.setdefault(call, set()).add(change)
    for (call, handed), each in sorted(waiting.items()):
        if not (operates if handed else decides(person)):
            continue
        (last, code, _), number = min(each), sum(number for *_, number in each)
        one = reverse("running-award", args=(code,))
        many = reverse("running-awards")
        if not handed and kinds[call] - {Change.HAND_OVER.value} == {Change.REPORT.value}:
            many = reverse("answering-reports", args=(call,))
        where = one if number == 1 else many
        told = _handed_over(number) if handed else _asked_for(number)
        uid = f"{'handed' if handed else 'asked'}-{call}"
        title = told % {"call": name_of(policy.calls[call]), "n": number}
        yield Clock(uid, title, last, where)


def _to_hand_over(stood: Stands, told: Collection[str]) -> Iterator[Clock]:
    """Awards whose time runs from a hand-over that nobody has told of yet, by call."""
    days = ((one.call, one.starts) for one in to_hand_over(stood, told))
    yield from _by_call("to-hand-over", stood, days, _handing_over, "handing-over")


def _by_call(
    uid: str,
    stood: Stands,
    days: Iterable[tuple[str, date]],
    told: Callable[[int], str],
    page: str = "",
) -> Iterator[Clock]:
    """One clock for each call: how many there are, the first of their days, and its `page` or the
    list of all.
    """
    found, calls = dict[str, list[date]](), reading.policy_of(stood).calls
    for call, day in days:
        found.setdefault(call, []).append(day)
    for call, every in sorted(found.items()):
        title = told(len(every)) % {"call": name_of(calls[call]), "n": len(every)}
        where = reverse(page, args=(call,)) if page else reverse("running-awards")
        yield Clock(f"{uid}-{call}", title, min(every), where)


def _handing_over(number: int) -> str:
    return ngettext(
        "%(call)s: %(n)s award is to be handed over",
        "%(call)s: %(n)s awards are to be handed over",
        number,
    )


def _late_or_due(number: int) -> str:
    return ngettext(
        "%(call)s: %(n)s report of a running award is late or soon due",
        "%(call)s: %(n)s reports of running awards are late or soon due",
        number,
    )


def _asked_for(number: int) -> str:
    return ngettext(
        "%(call)s: %(n)s request of a running award waits for an answer",
        "%(call)s: %(n)s requests of running awards wait for an answer",
        number,
    )


def _handed_over(number: int) -> str:
    return ngettext(
        "%(call)s: %(n)s hand-over waits for the holder’s word",
        "%(call)s: %(n)s hand-overs wait for the holders’ word",
        number,
    )


def _reports(stood: Stands, on: date, waiting: Collection[tuple[str, str]]) -> Iterator[Clock]:
    """To the office, by call whose applicants the desk knows: the reports that are late or due
    soon, with the first last day. What waits for the office's answer is none of them.
    """
    known = Dossier.objects.filter(code__isnull=False)
    calls = set(known.order_by().values_list("call", flat=True).distinct())
    reports, gone = Reports(stood), ended_before(stood)
    handed = handed_in({one.award for one in gone if reports.owed_by(one)})
    stands = *reading.DATABASE.where, stood.document, stood.standing.index, stood.holdings
    follows = *stands, on, frozenset(calls), frozenset(handed.items())
    every = (one for one in (*gone, *stood.holdings) if one.call in calls)
    soon = kept("reports", follows, lambda: _due_soon(Reports(stood, handed), every, on)).rows
    open_ones = [(call, day) for call, day, *report in soon if tuple(report) not in waiting]
    yield from _by_call("reports", stood, open_ones, _late_or_due)


def _due_soon(
    reports: Reports, held: Iterable[Holding], on: date
) -> list[tuple[str, date, str, str]]:
    """Call, day, award and name of every report of some awards that is late or soon due."""
    every = ((one, due) for one in held for due in reports.owed_by(one))
    soon = on + SOON
    return [(one.call, due.day, one.award, due.report.id) for one, due in every if due.day <= soon]
