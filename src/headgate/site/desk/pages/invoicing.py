"""Invoices: the list with its downloads, each as a page and a print, and what was paid of it."""

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core import canonical
from headgate.core.calls.application import Application
from headgate.core.quantities import half_even
from headgate.core.quick import quick
from headgate.core.supports.price import Currency
from headgate.report.blocks import Block, Document, Numbers, Paragraph, Section, table
from headgate.report.speaker import Speaker
from headgate.site.actions.amend import suspend
from headgate.site.actions.pay import Received, record_payment
from headgate.site.desk.clock import now
from headgate.site.desk.invoices import (
    CREDIT,
    OPEN,
    OVERDUE,
    PAID,
    Invoice,
    billed_before,
    billed_to,
    policy_when,
    seen_by,
    suspended,
    suspends_from,
)
from headgate.site.desk.models import Dossier
from headgate.site.desk.office import NEWEST_ENTRY, NEWEST_NAME, SITE, leads_of, moved
from headgate.site.desk.pages.telling import at_the_desk, reader
from headgate.site.desk.refusals import DeskRefusal, refuse
from headgate.site.desk.taking import done
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.lists import (
    Choice,
    Column,
    Kept,
    download,
    journal_state,
    kept_before,
    kept_for_staff,
    listing,
)
from headgate.site.portal.models import Person
from headgate.site.portal.pages.rounds import print_of, printed
from headgate.site.portal.registry import Group, Page
from headgate.site.portal.roles import STAFF, Role, is_staff, roles_of
from headgate.site.portal.words import language, tag
from headgate.site.records.kept import Stands, stored_facts
from headgate.site.reports.statement import Line, lines
from headgate.site.reports.tables import Cell
from headgate.steps.term import DUE

STATES: Final[Mapping[str, tuple[Promise, str]]] = {
    OVERDUE: (lazy("Overdue"), "red"),
    OPEN: (lazy("Not paid yet"), "blue"),
    PAID: (lazy("Paid"), "green"),
    CREDIT: (lazy("Credit note"), "grey"),
}
"""How an invoice can stand: the word, and the colour of its tag."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the list: an invoice, how it stands on a day, and whose it is."""

    one: Invoice
    state: str
    lead: str


def _listed(found: Sequence[Invoice], on: date, before: Sequence[Listed] = ()) -> list[Listed]:
    """The rows of some invoices, what is overdue first.

    `before` are rows of the same day and names: an invoice that is still the same has its row.
    """
    left = dict(zip(map(id, found), found, strict=True))
    rows = [row for row in before if left.pop(id(row.one), None) is not None]
    new = left.values()
    dossiers = Dossier.objects.all()
    some = dossiers.filter(code__in={o.award for o in new}) if len(new) < _ASKED else dossiers
    leads = leads_of(some) if new else {}
    order = {state: place for place, state in enumerate(STATES)}

    def first(row: Listed) -> tuple[int, date, int]:
        return order[row.state], row.one.standing.bill.due or on, row.one.made.seq

    leads |= {number: led.name for number, led in (billed_before(new) if new else {}).items()}

    def lead(one: Invoice) -> str:
        return leads.get(one.number) or leads.get(one.award, "")

    more = [_row(one, one.state(on), lead(one)) for one in new]
    if len(more) >= _ASKED:
        return sorted([*rows, *more], key=first)
    for row in more:
        insort(rows, row, key=first)
    return rows


_ASKED: Final = 500
"""New rows from which they are not asked about, and put into their order, one by one."""
_row: Final = quick(Listed)


def _rows(person: Person, stood: Stands, at: tuple[str, ...]) -> Kept[Listed]:
    """What somebody may see; of staff until there is another `at`, whose last part is the entry."""
    on = today(stood)
    name, follows = "invoices", (on, *at)

    def rows() -> list[Listed]:
        was, before = kept_before(name)
        same = is_staff(person) and was[:-1] == follows[:-1]
        return _listed(seen_by(person, stood), on, before if same else ())

    return kept_for_staff(person, name, follows, rows)


def _columns(say: Speaker) -> list[Column[Listed]]:
    def due(row: Listed) -> str:
        day = row.one.standing.bill.due
        return day.isoformat() if day else ""

    def due_shown(row: Listed) -> str:
        day = row.one.standing.bill.due
        return say.locale.day(day) if day else "—"

    def money(amount: int) -> str:
        return say.locale.currency(amount, say.currency)

    exact = Currency(say.currency)

    def counted(amount: int) -> Cell:
        return Decimal(exact.exact(amount)) if exact.digits else amount

    return [
        Column(
            "number", lazy("Invoice"), lambda r: r.one.number,
            address=lambda r: reverse("invoice", args=(r.one.number,)),
        ),
        Column("state", lazy("State"), lambda r: r.state, lambda r: tag(*STATES[r.state])),
        Column("lead", lazy("Organisation"), lambda r: r.lead),
        Column(
            "day", lazy("Billed on"), lambda r: r.one.standing.bill.day.isoformat(),
            lambda r: say.locale.day(r.one.standing.bill.day),
        ),
        Column("due", lazy("Due"), due, due_shown),
        Column(
            "amount", lazy("Amount"), lambda r: counted(r.one.amount),
            lambda r: money(r.one.amount), True,
        ),
        Column(
            "open", lazy("Still open"), lambda r: counted(r.one.standing.open),
            lambda r: money(r.one.standing.open), True,
        ),
    ]  # fmt: skip


@at_the_desk
def invoice_list(request: HttpRequest) -> HttpResponseBase:
    """Every invoice that somebody may see, what is overdue first."""
    at, stood = moved(NEWEST_NAME, NEWEST_ENTRY), reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    rows = _rows(reader(request), stood, at)
    say = reading.speaker_of(reading.policy_of(stood), language())
    columns = _columns(say)
    choices = [Choice("state", lazy("State"), tuple((s, w) for s, (w, _c) in STATES.items()))]
    if file := download(request, "invoices", rows, columns, choices, journal_state):
        return file
    late = sum(row.one.standing.open for row in rows.rows if row.state == OVERDUE)
    back = {r.one.award: -r.one.award_open for r in rows.rows if r.one.award_open < 0}
    context = {
        "listing": listing(request, rows, columns, choices),
        "open": say.locale.currency(sum(r.one.standing.open for r in rows.rows), say.currency),
        "late": say.locale.currency(late, say.currency) if late else "",
        "back": say.locale.currency(sum(back.values()), say.currency) if back else "",
    }
    return render(request, "desk/invoices.html", context)


@at_the_desk
def invoice(request: HttpRequest, number: str) -> HttpResponseBase:
    """One invoice to its holder and to staff; the fund officer puts down what was paid."""
    stood, person = reading.programme(), reader(request)
    if stood is None:
        return render(request, "portal/not_begun.html")
    found = seen_by(person, stood, number.rpartition("-")[0])
    one = next((each for each in found if each.number == number), None)
    if one is None and number == _SAMPLE and is_staff(person):
        return invoice_list(request)
    if one is None:
        raise Http404
    if request.method == "POST" and request.POST.get("deed") == "suspend":
        done(suspend, person, one.award, request.POST.get("text", ""), now())
        messages.success(request, _("The award is suspended: it stands in the journal."))
        return redirect("invoice", number=number)
    money = policy_when(stood, one.call).programme.money
    if request.method == "POST":
        done(record_payment, person, _received(request, one, money), now())
        messages.success(request, _("The payment stands in the journal."))
        return redirect("invoice", number=number)
    on, say = today(stood), reading.speaker_of(reading.policy_of(stood), language())
    runs = one.award in {held.award for held in stood.holdings}
    dossier = (
        Dossier.objects.select_related("lead", "alliance__lead").filter(code=one.award).first()
    )
    told = document(stood, one, dossier, say)
    if request.GET.get("format") == "pdf":
        return printed(print_of(told, language()), f"invoice-{number}")
    context = {
        "one": one,
        "told": told,
        "tag": tag(*STATES[one.state(on)]),
        "open": money.exact(one.award_open),
        "today": on.isoformat(),
        "may_pay": Role.FUND_OFFICER in roles_of(person) and one.award_open,
        "runs": runs and dossier is not None,
    }
    if runs:
        context |= _suspension(stood, one, suspended(stood, found).get(one.award), person, say)
    return render(request, "desk/invoice.html", context)


def _suspension(
    stood: Stands, one: Invoice, since: date | None, person: Person, say: Speaker
) -> dict[str, Any]:
    """Whether a running award is suspended, from when it may be, and if by the reader now."""
    first = suspends_from(stood, one)
    may = Role.FUND_OFFICER in roles_of(person) and since is None
    return {
        "suspended": say.locale.day(since) if since else "",
        "suspends": say.locale.day(first) if first else "",
        "may_suspend": may and first is not None and first <= today(stood),
    }


def _received(request: HttpRequest, one: Invoice, money: Currency) -> Received:
    given = request.POST
    try:
        amount = money.read(given.get("amount", ""))
    except ValueError:
        refuse(DeskRefusal.FORM_FAULTY, _("Amount received"))
    try:
        day = date.fromisoformat(given.get("received", ""))
    except ValueError:
        refuse(DeskRefusal.FORM_FAULTY, _("Received on"))
    return Received(one.award, one.call, amount, day, given.get("reference", ""))


def document(stood: Stands, one: Invoice, dossier: Dossier | None, say: Speaker) -> Document:
    """An invoice in the reader's language: parties, what it is for, what is owed and was paid."""
    bill, programme = one.standing.bill, policy_when(stood, one.call).programme
    names = {"number": one.number}
    title = (_("Credit note %(number)s") if one.amount < 0 else _("Invoice %(number)s")) % names
    digest = canonical.digest(f"{one.made.line}\n".encode())
    footer = _("Entry %(seq)s of the journal: %(digest)s") % {
        "seq": one.made.seq,
        "digest": digest,
    }
    parties = _at_a_glance(one, say), _parties(say.text(programme.name), one, dossier, say)
    sections = (
        Section("parties", _("Parties"), parties),
        Section("lines", _("What it is for"), tuple(_lines(stood, one, say))),
        Section("owed", _("What is owed"), tuple(_owed(one, say))),
    )
    return Document(title, say.text(programme.name), footer, bill.day, sections)


def _at_a_glance(one: Invoice, say: Speaker) -> Block:
    """What whoever pays looks for first: how much, what of it is open, by when."""
    bill, money = one.standing.bill, say.locale.currency
    told = [(_("Amount"), money(one.amount, say.currency))]
    if one.amount > 0:
        told.append((_("Still open"), money(one.standing.open, say.currency)))
    if bill.due is not None:
        told.append((_("To be paid by"), say.locale.day(bill.due)))
    return Numbers(tuple(told))


def _parties(programme: str, one: Invoice, dossier: Dossier | None, say: Speaker) -> Block:
    bill = one.standing.bill
    led = dossier and (billed_to(one, dossier.alliance) or dossier.lead)
    holder = f"{led.name} ({led.code})" if led else _applied(one)
    rows = [
        (_("Billed by"), programme),
        (_("Billed to"), holder),
        (_("Award"), one.award),
        (_("Billed on"), say.locale.day(bill.day)),
    ]
    if dossier is not None and dossier.alliance is not None:
        rows.insert(2, (_("Alliance"), dossier.alliance.name))
    heads = [_("What"), _("Written")]
    return table("parties", _("Who owes whom, and by when"), heads, rows, texts=frozenset({1}))


def _applied(one: Invoice) -> str:
    """The applicant as the journal knows it, of an award that nobody applied for here."""
    received = stored_facts(SITE)[f"applications/{one.call}"].values
    found = (a for a in received if isinstance(a, Application) and a.id == one.award)
    return next((a.applicant.id for a in found), "—")


def _lines(stood: Stands, one: Invoice, say: Speaker) -> Iterator[Block]:
    """The line of the class that was granted: amount, price, share, what the share comes to."""
    policy, told = policy_when(stood, one.call), one.result
    support = policy.supports[policy.calls[one.call].support]
    unit = support.unit(told["class"])
    price = half_even(Fraction(told["price"]) * Currency(say.currency).parts)
    row = (
        f"{say.text(support.name)}, {say.class_of(support, told['class'])}",
        f"{say.amount(told['granted'], unit)} {say.unit(unit)}",
        say.locale.currency(price, say.currency),
        say.locale.percent(one.share),
        say.locale.currency(one.amount, say.currency),
    )
    heads = [_("Support and class"), _("Granted"), _("Market price"), _("Share"), _("Fee")]
    total = (_("Total"), "", "", "", say.locale.currency(one.amount, say.currency))
    caption = _("The holder's share of the market price")
    yield table("lines", caption, heads, [row], total)
    rule = _("The share is that of the rule “%(rule)s” of %(path)s.")
    yield Paragraph(rule % {"rule": told["rule"], "path": one.made.rule}, "quiet")


def _owed(one: Invoice, say: Speaker) -> Iterator[Block]:
    """What of the invoice is open, and every payment of the award."""
    if one.amount > 0:
        told = {"open": say.locale.currency(one.standing.open, say.currency)}
        paid = one.standing.open == 0
        yield Paragraph(_("It is paid.") if paid else _("Still open: %(open)s.") % told)
    if one.award_open < 0:
        told = {"back": say.locale.currency(-one.award_open, say.currency)}
        yield Paragraph(_("The award has %(back)s coming back.") % told)
    with reading.DATABASE.reading():
        moved = list(lines(reading.DATABASE, [DUE.format(award=one.award)]))
    rows = [
        (
            say.locale.day(date.fromisoformat(line.at[:10])),
            line.transfer,
            say.locale.currency(_signed(line), say.currency),
        )
        for line in moved
        if line.counter_account.startswith("paid/")
    ]
    if rows:
        heads = [_("On record on"), _("Movement"), _("Amount")]
        yield table("paid", _("What was paid for the award"), heads, rows, texts=frozenset({1}))
    yield Paragraph(
        _("What is paid for an award pays the invoice that falls due first, and then the next."),
        "quiet",
    )


def _signed(line: Line) -> int:
    """What a movement paid; below zero, what it gave back."""
    return line.posted if line.side == "credit" else -line.posted


_SEES: Final = STAFF | {Role.APPLICANT}
_SAMPLE: Final = "open-1-0001-1"
PAGES: Final = (
    Page(
        "invoices/",
        "invoices",
        invoice_list,
        _SEES,
        title=lazy("Invoices"),
        group=Group.AWARDS,
        ahead=(Role.FUND_OFFICER,),
    ),
    Page(
        "invoices/<slug:number>/",
        "invoice",
        invoice,
        _SEES,
        ("GET", "HEAD", "POST"),
        sample=(("number", _SAMPLE),),
    ),
)
