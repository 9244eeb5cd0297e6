"""Invoices: what awards were billed and credited, as decisions say it, and what of it is open."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from sys import intern
from typing import Any, Final

from django.utils.translation import gettext_noop as noop

from headgate.core.duties.amendment import Change
from headgate.core.duties.payments import Bill, PaymentFault, Standing, standings
from headgate.core.policy.dated import at
from headgate.core.policy.schema import Policy
from headgate.site.desk.leading import Led, leads_over_time
from headgate.site.desk.models import Alliance, Dossier
from headgate.site.desk.office import with_part
from headgate.site.portal import reading
from headgate.site.portal.lists import kept
from headgate.site.portal.models import Person
from headgate.site.portal.reading import Made
from headgate.site.portal.roles import is_staff
from headgate.site.recent import Recent
from headgate.site.records.kept import Stands
from headgate.site.reports.statement import accounts, owed_on
from headgate.steps.term import DUE

OPEN, OVERDUE, PAID, CREDIT = "open", "overdue", "paid", "credit"

MENDED: Final[dict[PaymentFault, str]] = {
    PaymentFault.NOTHING_BILLED: noop("Choose an award that owes a fee."),
    PaymentFault.AMOUNT_WRONG: noop(
        "Put down what came in, and at most what the award owes; less than nothing where"
        " the programme gives money back."
    ),
    PaymentFault.DAY_WRONG: noop("Name the day on which it was received, not a later one."),
    PaymentFault.REFERENCE_MISSING: noop("Say what the bank says of it."),
}
"""What mends each fault of a payment."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One bill of an award, or a credit note, with what of it is open; `number` is the award's own.

    `award_open` is what the award owes in all; below zero it has money coming back.
    """

    number: str
    award: str
    call: str
    made: Made
    standing: Standing
    award_open: int

    @property
    def result(self) -> Any:
        """The decision's own words: rule, share, class, amount granted, price."""
        return self.made.result

    @property
    def amount(self) -> int:
        """What is owed; below zero, what was credited."""
        return self.standing.bill.amount

    @property
    def share(self) -> Fraction:
        """The share of the price."""
        return Fraction(self.result["share"])

    def state(self, on: date) -> str:
        """How it stands on a day."""
        standing = self.standing
        if standing.open > 0:
            return OVERDUE if standing.is_overdue(on) else OPEN
        return CREDIT if standing.bill.amount < 0 else PAID


_ByAward = Mapping[str, Sequence[Made]]
"""What bills each award, in order."""
_SEQ: Final = attrgetter("made.seq")


def invoices(stood: Stands, awards: Container[str] | None = None) -> list[Invoice]:
    """The invoices and credit notes of the calls that write them, in the order of their days.

    They are those of some awards, or of all.
    """
    if awards is None:
        return _all(stood)
    billed = _by_award(_fees(stood, (m for m in reading.decisions() if m.subject in awards)))
    return _in_order(billed, _due(billed))


def _in_order(billed: _ByAward, owed: Mapping[str, int]) -> list[Invoice]:
    """The invoices of awards that were billed so, in the order of their days."""
    found = chain.from_iterable(_of(made, owed.get(award, 0)) for award, made in billed.items())
    return sorted(found, key=_SEQ)


def _fees(stood: Stands, made: Iterable[Made]) -> tuple[Made, ...]:
    """The decisions that bill somebody."""
    calls = {name for name, call in policy_of(stood).items() if call is not None}
    fees = (one for one in made if one.step == "fee" and one.result["amount"])
    return tuple(one for one in fees if _call_of(one) in calls)


def _by_award(fees: Iterable[Made]) -> _ByAward:
    found: dict[str, list[Made]] = {}
    for one in fees:
        found.setdefault(one.subject, []).append(one)
    return found


_BILLED: Final = Recent[tuple[int, Sequence[Invoice]]](2)
"""All invoices, made when the journal had so many entries of what was billed and owed by then."""


def _all(stood: Stands) -> list[Invoice]:
    """Those of all awards; made anew is what an award is billed or owes since they were made.

    An award that is billed owes something else with the same entry.
    """
    made, where, account = reading.decisions(), reading.DATABASE.where, DUE.format(award="")
    follows = stood.document, stood.standing.starts, reading.followed(made)
    fees = kept("fees", follows, lambda: _fees(stood, made)).rows
    size, known = _BILLED.get(where) or (0, ())
    if size > stood.size or [one.made for one in known] != list(fees[: len(known)]):
        size, known = 0, ()
    newer = owed_on(reading.DATABASE, account, size)
    due = {path.removeprefix(account): amount for path, amount in newer.items()}
    new = fees[len(known) :]
    moved = due.keys() | {one.subject for one in new}
    again = [one for one in known if one.award in moved]
    stay = (one for one in known if one.award not in moved)
    more = _in_order(_by_award([*(one.made for one in again), *new]), due)
    found = sorted([*stay, *more], key=_SEQ)
    _BILLED.keep(where, (stood.size, found))
    return found


def _due(awards: Iterable[str]) -> Mapping[str, int]:
    """What some awards owe; one query for as many as 500."""
    found = accounts(reading.DATABASE, [DUE.format(award=award) for award in awards])
    account = DUE.format(award="")
    return {
        o.path.removeprefix(account): o.balance.debits_posted - o.balance.credits_posted
        for o in found
    }


def every_invoice(stood: Stands) -> Sequence[Invoice]:
    """Those of all awards, which a process keeps until the journal is another."""
    return kept("bills", stood.moved, lambda: invoices(stood)).rows


def billed_to(one: Invoice, alliance: Alliance | None) -> Led | None:
    """Who led when an award was billed, where another leads it since.

    A bill of the very day on which the lead changed is of whoever led as the day began.
    """
    led, day, zone = (
        leads_over_time(alliance) if alliance else [],
        one.standing.bill.day,
        reading.zone(),
    )
    before = (o for o in led if o.until and day <= o.until.astimezone(zone).date())
    return next(before, None)


def billed_before(found: Iterable[Invoice]) -> Mapping[str, Led]:
    """Who of many invoices were billed to those that lead no more, by number; one query."""
    dossiers = Dossier.objects.filter(alliance__isnull=False, code__isnull=False)
    changed = dossiers.exclude(alliance__former=[]).select_related("alliance__lead")
    alliances = {one.code: one.alliance for one in changed.only("code", "alliance")}
    told = ((one.number, billed_to(one, alliances.get(one.award))) for one in found)
    return {number: led for number, led in told if led is not None}


def policy_of(stood: Stands) -> dict[str, Any]:
    """What each call of the policy says of invoices, as on the day of its decision."""
    calls = at(stood.document, stood.standing.starts).policy.calls
    decided = {name: at(stood.document, call.decides).policy for name, call in calls.items()}
    return {name: policy.calls[name].invoice for name, policy in decided.items()}


def _of(made: Sequence[Made], owed: int) -> Iterator[Invoice]:
    award, bills = made[0].subject, [_told(one) for one in made]
    for place, (one, standing) in enumerate(zip(made, _stand(*bills, owed=owed), strict=True), 1):
        yield Invoice(f"{award}-{place}", award, _call_of(one), one, standing, owed)


def _call_of(one: Made) -> str:
    return intern(one.rule.removeprefix("calls.").removesuffix(".fee"))


_Told = tuple[str, int, str | None]
"""The day of a bill, what is owed, and the last day to pay it, as its decision says them."""


def _told(one: Made) -> _Told:
    return one.at[:10], one.result["amount"], one.result["due"]


@lru_cache(maxsize=2**10)
def _stand(*told: _Told, owed: int) -> tuple[Standing, ...]:
    """How the bills of an award stand that owes so much; most awards are billed as others are."""
    day = date.fromisoformat
    bills = [Bill(day(at), amount, day(due) if due else None) for at, amount, due in told]
    return standings(bills, sum(one.amount for one in bills) - owed)


def seen_by(person: Person, stood: Stands, award: str | None = None) -> Sequence[Invoice]:
    """The invoices that somebody may see, of one award or of all.

    All for staff; else those of awards that an organisation of theirs leads or is a member of.
    """
    if is_staff(person):
        return every_invoice(stood) if award is None else invoices(stood, (award,))
    own = Dossier.objects.filter(pk__in=with_part(person), code__isnull=False)
    mine = own if award is None else own.filter(code=award)
    return invoices(stood, {code or "" for code in mine.values_list("code", flat=True)})


def policy_when(stood: Stands, call: str) -> Policy:
    """The policy of the day on which a call was decided."""
    calls = at(stood.document, stood.standing.starts).policy.calls
    return at(stood.document, calls[call].decides).policy


def suspends_from(stood: Stands, one: Invoice) -> date | None:
    """From when an award may be suspended while an invoice is not paid, if the policy says so."""
    policy, due = policy_when(stood, one.call), one.standing.bill.due
    rule = policy.calls[one.call].invoice
    if due is None or not one.standing.open or rule is None:
        return None
    return rule.suspends_from(due, policy.programme.calendar.rest)


def suspended_now(stood: Stands) -> frozenset[str]:
    """The awards that start no work, which a process keeps until the journal is another."""
    return frozenset(kept("suspended", stood.moved, lambda: tuple(suspended(stood))).rows)


def suspended(stood: Stands, read: Sequence[Invoice] | None = None) -> Mapping[str, date]:
    """The awards that start no work because a fee is overdue, each with the day since when.

    `read` are the invoices of those that are asked about, where somebody has read them already.
    """
    since = dict(kept("suspensions", stood.holdings, lambda: _suspensions(stood)).rows)
    late = invoices(stood, since) if since and read is None else read or ()
    return {
        one.award: since[one.award]
        for one in late
        if one.award in since and one.standing.is_overdue(since[one.award])
    }


def _suspensions(stood: Stands) -> list[tuple[str, date]]:
    """The awards that were suspended at some time, each with the last day on which one was."""
    every = ((held.award, one) for held in stood.holdings for one in held.amended)
    return [(award, one.day) for award, one in every if one.change is Change.SUSPENSION]
