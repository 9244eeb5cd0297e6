"""The statement of an alliance: what its awards were given and used, by sub-ledger and member.

A page, a print and a table of the same figures. The ledger knows awards and not who of an alliance
sat at a machine, so a member's figures are its agreed parts of each amount, in whole units that
add up to the amount. What moved is divided by the parts of its day; when they change, what was not
used passes over to those who have parts then, what jobs have reserved of it too, so that who leaves
keeps what was theirs and no more.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from io import BytesIO
from itertools import accumulate, pairwise
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from headgate.core.quantities import add_days
from headgate.core.seats import Method, apportion
from headgate.core.supports.price import Currency
from headgate.report.blocks import Block, Document, Paragraph, Section, table
from headgate.report.speaker import Speaker, shown_parts, shown_units
from headgate.site.desk.amending import Runs
from headgate.site.desk.models import Dossier
from headgate.site.desk.office import names_of
from headgate.site.desk.pages.amending import running_awards, runs_of
from headgate.site.desk.pages.telling import at_the_desk, reader
from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.pages.rounds import print_of, printed
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import STAFF, Role, is_staff
from headgate.site.portal.words import language
from headgate.site.records.kept import Stands
from headgate.site.reports.burndown import (
    Day,
    Moved,
    accounts_of,
    days_of,
    fees_of,
    left_at,
    moved_on,
)
from headgate.site.reports.statement import Account, accounts
from headgate.site.reports.tables import Cell, write_csv
from headgate.site.status import state
from headgate.steps.term import DUE

COMPUTING, DATA, PEOPLE = "computing", "data", "people"
SUBLEDGERS: Final[Mapping[str, str]] = {"compute": COMPUTING, "datasets": DATA}
"""In which of the three sub-ledgers a kind of support stands; all else is people and money."""


Spans = Sequence[tuple[date, Mapping[str, int]]]
"""From which day on who has which parts, oldest first."""

Flow = tuple[int, int, int]
"""What was granted, used and given back."""


@dataclass(frozen=True, slots=True)
class Row:
    """One account of an award in a sub-ledger: amounts in its unit, `left` what may still go.

    `spans` are the parts of its members, oldest first, `flows` what of the first three amounts fell
    under each, and `passed` what was left or reserved at each change of them.
    """

    ledger: str
    award: str
    account: str
    unit: str
    granted: int
    used: int
    returned: int
    reserved: int
    left: int
    spans: Spans
    flows: tuple[Flow, ...]
    passed: tuple[int, ...]

    @property
    def amounts(self) -> tuple[int, ...]:
        """The figures in the order of the columns."""
        return self.granted, self.used, self.returned, self.reserved, self.left

    @property
    def is_whole(self) -> bool:
        """Whether what was granted is what became of it; not where more was used than granted."""
        return self.granted == sum(self.amounts[1:])

    @property
    def members(self) -> list[str]:
        """Everybody who has, or had, a part of it."""
        return list(dict.fromkeys(name for _, parts in self.spans for name in parts))

    def shown(self) -> tuple[int, ...]:
        """The figures as a reader counts them, which add up as the exact ones do."""
        first, *rest = (shown_units(amount, self.unit) for amount in self.amounts)
        if self.is_whole:
            rest = shown_parts(self.amounts[1:], self.unit, first)
        return first, *rest

    def shown_of(self) -> dict[str, tuple[int, ...]]:
        """The same of each member: they add up to every figure shown of the whole."""
        each = [self.part(member).amounts for member in self.members]
        columns = zip(zip(*each, strict=True), self.shown(), strict=True)
        first, *rest = (shown_parts(told, self.unit, whole) for told, whole in columns)
        if self.is_whole:
            first = [sum(one) for one in zip(*rest, strict=True)]
        return dict(zip(self.members, zip(first, *rest, strict=True), strict=True))

    def part(self, member: str) -> "Row":
        """A member's part of it; the members' parts add up to every figure."""
        each = zip(self.flows, self.spans, strict=True)
        mine = [[_part(amount, parts, member) for amount in flow] for flow, (_, parts) in each]
        granted, used, returned = map(sum, zip(*mine, strict=True))
        for amount, (before, after) in zip(self.passed, pairwise(self.spans), strict=True):
            granted += _part(amount, after[1], member) - _part(amount, before[1], member)
        reserved, left = (
            _part(amount, self.spans[-1][1], member) for amount in (self.reserved, self.left)
        )
        if self.is_whole:
            granted = used + returned + reserved + left
        return replace(
            self, granted=granted, used=used, returned=returned, reserved=reserved, left=left
        )


def _part(amount: int, parts: Mapping[str, int], member: str) -> int:
    divided = apportion(abs(amount), parts, Method.LARGEST_REMAINDER)
    return divided.get(member, 0) if amount >= 0 else -divided.get(member, 0)


def rows_of(every: Sequence[Runs]) -> list[Row]:
    """Every account of some awards: rights by class, use beyond them, fees; two queries."""
    paths = {one.held.award: _paths(one) for one in every}
    wanted = [path for told in paths.values() for right in told.items() for path in right]
    found = {one.path: one for one in accounts(reading.DATABASE, wanted)}
    moved = moved_on(reading.DATABASE, wanted)
    return [row for one in every for row in _rows(one, paths[one.held.award], found, moved)]


def _paths(one: Runs) -> dict[str, str]:
    """An award's accounts, each with the one of use beyond it; what it owes has none."""
    held = one.held
    rights = (accounts_of(held.support, held.award, name) for name in one.call.classes)
    return {**dict(rights), DUE.format(award=held.award): ""}


def _rows(
    one: Runs, paths: Mapping[str, str], found: Mapping[str, Account], read: Moved
) -> Iterator[Row]:
    held, award, spans = one.held, one.held.award, one.spans
    ledger = SUBLEDGERS.get(one.policy.supports[held.support].kind, PEOPLE)
    due = DUE.format(award=award)
    for account in (found[path] for path in sorted(paths) if path in found):
        balance, name = account.balance, (PEOPLE if account.path == due else ledger)
        if account.path == due:
            left, reserved = balance.debits_posted - balance.credits_posted, 0
            flows = _under(spans, fees_of(read, due))
            sums = accumulate(billed - paid - back for billed, paid, back in flows)
            passed = tuple(sums)[:-1]
        else:
            moved = days_of(read, account.path, paths[account.path])
            left = moved[-1].left if moved else 0
            reserved = sum(day.reserved for day in moved)
            flows = _under(spans, ((day.day, _flow(day)) for day in moved))
            passed = tuple(_unused(moved, [day for day, _ in spans[1:]]))
        granted, used, returned = map(sum, zip(*flows, strict=True))
        amounts = (granted, used, returned, reserved, left)
        yield Row(name, award, account.path, account.unit, *amounts, spans, flows, passed)


def _flow(day: Day) -> Flow:
    return day.granted + day.corrected, day.used + day.over, day.returned


def _unused(moved: Sequence[Day], changes: Sequence[date]) -> Iterator[int]:
    """What was left or reserved before each of some days, which come in order."""
    left = left_at(moved, (add_days(day, -1) for day in changes))
    for change, amount in zip(changes, left, strict=True):
        yield amount + sum(day.reserved for day in moved if day.day < change)


def _under(spans: Spans, moved: Iterable[tuple[date, Flow]]) -> tuple[Flow, ...]:
    """What moved, added up under the parts that held on its day."""
    starts, found = [day for day, _ in spans], [(0, 0, 0) for _ in spans]
    for day, (granted, used, returned) in moved:
        at = bisect_right(starts, day) - 1
        before = found[at]
        found[at] = before[0] + granted, before[1] + used, before[2] + returned
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Told:
    """A statement: whose it is, its rows, and who had which parts of each award from when on.

    `names` are what the members are called, by their codes; `leads` has who led from when on.
    """

    title: str
    rows: tuple[Row, ...]
    spans: Mapping[str, Spans]
    day: date
    size: int
    names: Mapping[str, str]
    member: str = ""
    leads: Mapping[str, Sequence[tuple[date, str]]] = field(default_factory=dict)

    @property
    def members(self) -> list[str]:
        """Everybody who has, or had, a part of any of the awards."""
        every = (parts for spans in self.spans.values() for _, parts in spans)
        return list(dict.fromkeys(name for parts in every for name in parts))

    def of(self, member: str) -> list[Row]:
        """The rows of one member, or of the whole."""
        if not member:
            return list(self.rows)
        return [row.part(member) for row in self.rows if member in row.members]

    def called(self, member: str) -> str:
        """A member's name, with the code by which the journal knows it."""
        name = self.names.get(member, member)
        return f"{name} ({member})" if name != member else member


@at_the_desk
def award_statement(request: HttpRequest, code: str) -> HttpResponseBase:
    """The statement of all awards of the alliance, or the organisation, that has this one.

    Staff who ask for an award that nobody applied for here are shown those that there are.
    """
    stood = reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    leads = Dossier.objects.filter(code=code).values("lead")
    every = runs_of(reader(request), stood, Dossier.objects.filter(lead__in=leads))
    one = next((runs for runs in every if runs.held.award == code), None)
    if one is None and is_staff(reader(request)):
        return running_awards(request)
    if one is None:
        raise Http404
    whose = one.dossier.alliance_id, one.dossier.lead_id
    mine = [r for r in every if (r.dossier.alliance_id, r.dossier.lead_id) == whose]
    told = _told(stood, mine, request.GET.get("member", ""))
    if told.member and told.member not in told.members:
        raise Http404
    kind = request.GET.get("format", "")
    if kind == "csv":
        return _table(told, code)
    say = reading.speaker_of(reading.policy_of(stood), language())
    made = document(told, say)
    if kind == "pdf":
        return printed(print_of(made, language()), f"statement-{told.member or code}")
    asked = f"&member={told.member}" if told.member else ""
    members = [(member, told.called(member)) for member in told.members]
    context = {"told": made, "members": members, "code": code, "asked": asked}
    return render(request, "desk/statement.html", context)


def _told(stood: Stands, mine: Sequence[Runs], member: str) -> Told:
    first = mine[0].dossier
    rows = rows_of(mine)
    spans = {one.held.award: one.spans for one in mine}
    title = first.alliance.name if first.alliance else first.lead.name
    led = {one.held.award: one.leads for one in mine}
    told = Told(title, tuple(rows), spans, today(stood), stood.size, {}, member, led)
    everybody = {*told.members, *(code for leads in led.values() for _, code in leads)}
    return replace(told, names=names_of(everybody))


def _heads() -> list[str]:
    return [
        _("Award"), _("Unit"), _("Granted"), _("Used"), _("Given back or lapsed"), _("Reserved"),
        _("Left"),
    ]  # fmt: skip


def document(told: Told, say: Speaker) -> Document:
    """The statement: the three sub-ledgers, then each member's parts of them."""
    rows = [row for row in told.rows if told.member in ("", *row.members)]
    names = {COMPUTING: _("Computing"), DATA: _("Data"), PEOPLE: _("People and money")}
    sections = [
        Section(name, title, tuple(_ledger((name, title), rows, told.member, say)))
        for name, title in names.items()
    ]
    if not told.member:
        blocks = (*_members(told, say), *_history(told, say), *_leads(told, say))
        sections.append(Section("members", _("Members"), blocks))
    whose = f"{told.title}: {told.called(told.member)}" if told.member else told.title
    subtitle = _("As it stood on %(day)s") % {"day": say.locale.day(told.day)}
    title = _("Statement of %(name)s") % {"name": whose}
    footer = _("Journal of %(n)s entries") % {"n": say.locale.whole(told.size)}
    return Document(title, subtitle, footer, told.day, tuple(sections))


def _ledger(of: tuple[str, str], rows: Sequence[Row], member: str, say: Speaker) -> Iterator[Block]:
    """One sub-ledger; of money, granted is what is owed and used what was paid."""
    name, title = of
    mine = [row for row in rows if row.ledger == name]
    if not mine:
        yield Paragraph(_("Nothing has moved here: these awards give nothing of this kind."))
        return
    shown = [
        (row.award, _unit(row, say), *(_figure(row, n, say) for n in _counted(row, member)))
        for row in mine
    ]
    caption = _("%(ledger)s, by award") % {"ledger": title}
    yield table(name, caption, _heads(), shown, texts=frozenset({1}))
    if name == PEOPLE:
        yield Paragraph(_("Of a fee, what was granted is owed, what was used is paid."), "quiet")


def _counted(row: Row, member: str) -> tuple[int, ...]:
    return row.shown_of()[member] if member else row.shown()


def _unit(row: Row, say: Speaker) -> str:
    if row.unit != Currency(say.currency).unit:
        return say.unit(row.unit)
    return say.locale.money.get(say.currency, say.currency).replace("{0}", "").strip()


def _figure(row: Row, amount: int, say: Speaker) -> str:
    """A figure as its unit counts; what a ledger has in cents is told in whole money, exactly."""
    money = Currency(say.currency)
    if row.unit != money.unit:
        return say.locale.whole(amount)
    return say.locale.fixed(Fraction(amount, money.parts), money.digits)


def _members(told: Told, say: Speaker) -> Iterator[Block]:
    heads = [_("Member"), _("Award"), _("Parts"), _("Unit"), _("Granted"), _("Used"), _("Left")]
    every = [(row, row.shown_of()) for row in told.rows]
    lines = [
        (
            told.called(member),
            row.award,
            _of_whole(told.spans[row.award][-1][1], member),
            _unit(row, say),
            *(_figure(row, counted[place], say) for place in (0, 1, 4)),
        )
        for member in told.members
        for row, each in every
        if (counted := each.get(member))
    ]
    if lines:
        yield table("members", _("Parts of each member"), heads, lines, texts=frozenset({1, 2, 3}))
    yield Paragraph(
        _(
            "The ledger knows what an award used, not who of its members; a member's figures are"
            " its agreed parts of each day, and when parts change, what is left passes over."
        ),
        "quiet",
    )


def _of_whole(parts: Mapping[str, int], member: str) -> str:
    return f"{parts.get(member, 0)} / {sum(parts.values())}"


def _history(told: Told, say: Speaker) -> Iterator[Block]:
    """Who came, who left and whose parts changed, where anybody did."""
    rows = [
        (
            award,
            say.locale.day(day) if day > date.min else "—",
            told.called(member),
            _of_whole(parts, member),
        )
        for award, spans in told.spans.items()
        if len(spans) > 1
        for place, (day, parts) in enumerate(spans)
        for member in dict.fromkeys([*(spans[place - 1][1] if place else {}), *parts])
    ]
    if rows:
        heads = [_("Award"), _("From"), _("Member"), _("Parts")]
        yield table("history", _("Parts over time"), heads, rows, texts=frozenset({1, 2, 3}))


def _leads(told: Told, say: Speaker) -> Iterator[Block]:
    """Who led which award from when on, where another took it over."""
    rows = [
        (award, say.locale.day(day) if day > date.min else "—", told.called(lead))
        for award, leads in told.leads.items()
        if len(leads) > 1
        for day, lead in leads
    ]
    if rows:
        heads = [_("Award"), _("From"), _("Led by")]
        yield table("leads", _("Lead over time"), heads, rows, texts=frozenset({1, 2}))


def _table(told: Told, code: str) -> HttpResponse:
    """The statement as CSV in exact units: the whole first, then each member's parts."""
    out = BytesIO()
    members = [told.member] if told.member else ["", *told.members]

    def lines() -> Iterator[Sequence[Cell]]:
        yield [_("Member"), _("Organisation"), _("Sub-ledger"), _("Account"), *_heads()]
        for member in members:
            name = told.names.get(member, "")
            for row in told.of(member):
                account = row.account
                yield [member, name, row.ledger, account, row.award, row.unit, *row.amounts]

    write_csv(lines(), out, state(reading.DATABASE))
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="statement-{code}.csv"'
    return response


PAGES: Final = (
    Page(
        "running/<slug:code>/statement/",
        "award-statement",
        award_statement,
        STAFF | {Role.APPLICANT},
        sample=(("code", "open-1-0001"),),
    ),
)
