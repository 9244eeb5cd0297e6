"""Fees at the portal: invoiced, told, printed, paid and overdue, to whom it concerns alone."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from headgate.core.duties.amendment import AmendmentFault, Change
from headgate.core.duties.payments import PaymentFault
from headgate.core.enforcement.engine import QuotaState
from headgate.core.ledger.refused import Refused
from headgate.core.policy.document import Document
from headgate.report.locale import LOCALES
from headgate.site.actions.amend import answer, ask, suspend
from headgate.site.actions.pay import Received, record_payment
from headgate.site.actions.people import Registered, act_for, register
from headgate.site.desk import running
from headgate.site.desk.clock import now
from headgate.site.desk.clocks import clocks_of
from headgate.site.desk.invoices import OPEN, OVERDUE, PAID, Invoice, invoices
from headgate.site.desk.models import Deed, Dossier
from headgate.site.desk.office import SITE, doing
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.notices.dates import calendar_of
from headgate.site.notices.gather import gather
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.portal import reading
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.records.database import opened
from headgate.site.records.kept import Stands
from headgate.site.verifying import verify_database
from headgate.steps.enforce import orders_of
from headgate.steps.event import What
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.site.desk.test_amending import Year, term
from tests.site.desk.test_running_notices import coming
from tests.whole.small import small


class Billed(Year):
    """The small programme in its first days, once the open call is decided."""

    before = (What.CLOSE_CALL, "hours")


@pytest.fixture(scope="module")
def year(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Billed:
    """The year so far, made once."""
    return Billed.made(site_template, tmp_path_factory)


@pytest.fixture
def billed(year: Billed, tmp_path: Path) -> Iterator[Cast]:
    """The people before a portal whose clock stands where the programme does."""
    with year.shown(tmp_path) as cast:
        yield cast


def stood() -> Stands:
    """Where the programme stands."""
    found = reading.programme()
    assert found is not None
    return found


def every() -> list[Invoice]:
    """Every invoice."""
    return invoices(stood())


def funds() -> Person:
    """A fund officer."""
    return somebody("funds", Role.FUND_OFFICER)


def received(one: Invoice, amount: int = 0, reference: str = "KB 1") -> Received:
    """The whole of an invoice, or an amount, came in on the day on which the programme stands."""
    return Received(one.award, one.call, amount or one.amount, stood().standing.day, reference)


def test_every_fee_is_an_invoice_and_no_fee_is_none(billed: Cast) -> None:
    """One for each decision that something is owed; number, day and last day are the decision's."""
    del billed
    made = [m for m in reading.decisions() if m.step == "fee" and m.result["amount"]]
    found = every()
    assert 1 < len(found)
    assert [f"{m.subject}-1" for m in made] == [one.number for one in found]
    assert {date(2026, 3, 9)} == {one.standing.bill.due for one in found}
    assert {OPEN} == {one.state(date(2026, 3, 9)) for one in found}
    assert {OVERDUE} == {one.state(date(2026, 3, 10)) for one in found}


def test_a_payment_is_recorded_once_and_verified(billed: Cast) -> None:
    """Sent twice it is one; the journal has a digest of the reference, the deed its words."""
    one, officer = every()[0], funds()
    name = record_payment(officer, received(one), now())
    assert name == record_payment(officer, received(one), now())
    assert PAID == every()[0].state(date.max)
    deeds = Deed.objects.filter(action="record payment")
    assert [f"{one.award} {one.amount} KB 1"] == [deed.about for deed in deeds]
    assert () == verify_database(SITE).faults
    del billed


def test_what_is_no_payment_is_refused_by_name(billed: Cast) -> None:
    """Too much, no words, who has no such role, and who acts for the holder."""
    one, officer = every()[0], funds()
    for person, came, reason in (
        (officer, received(one, one.amount + 1), PaymentFault.AMOUNT_WRONG),
        (officer, received(one, reference=" "), DeskRefusal.WORDS_MISSING),
        (billed.officer, received(one), DeskRefusal.ROLE_MISSING),
    ):
        with pytest.raises(Refused) as caught:
            record_payment(person, came, now())
        assert reason is caught.value.reason
    lead = Dossier.objects.get(code=one.award).lead.code
    act_for(billed.officer, officer, lead, now())
    with pytest.raises(Refused) as caught:
        record_payment(officer, received(one), now())
    assert DeskRefusal.CONFLICT is caught.value.reason
    assert every()[0].amount == every()[0].standing.open


def test_an_invoice_is_read_printed_and_paid_at_the_portal(billed: Cast) -> None:
    """By its holder and staff in three languages; the fund officer alone can put a payment down."""
    one = every()[0]
    where = reverse("invoice", args=(one.number,))
    holder, officer = browser(billed.applicant_of(one.award)), browser(funds())
    for language, word in (("en", "Invoice"), ("vi", "Hóa đơn"), ("ko", "청구서")):
        page = holder.get(where, headers={"accept-language": language}).content.decode()
        assert f"{word} {one.number}" in page
        assert re.search("(<strong>.+?</strong>)<span>.+?</span>.*\\1", page), "owed, and open"
        printed = holder.get(where, {"format": "pdf"}, headers={"accept-language": language})
        assert printed.content.startswith(b"%PDF-")
    assert "Put a payment on record" not in holder.get(where).content.decode()
    today = stood().standing.day
    form = {"amount": "100", "received": today.isoformat(), "reference": "KB <b>2</b>"}
    holder.post(where, form)
    assert one.amount == every()[0].standing.open
    officer.post(where, form)
    assert one.amount - 100 == every()[0].standing.open
    for wrong in ({"amount": "1.5"}, {"received": "soon"}, {"amount": "9" * 15}):
        refused = officer.post(where, form | wrong, follow=True).content.decode()
        assert "KB &lt;b&gt;2&lt;/b&gt;" in refused
    assert one.amount - 100 == every()[0].standing.open
    person = billed.applicant_of(one.award)
    other = next(o for o in every() if billed.applicant_of(o.award) != person)
    assert 404 == holder.get(reverse("invoice", args=(other.number,))).status_code
    assert 403 == browser(somebody("r", Role.REVIEWER)).get(where).status_code


def test_money_that_comes_back_is_told_and_amounts_are_typed_as_they_are_shown(
    billed: Cast,
) -> None:
    """What was paid for more than is held is to be given back, until somebody has given it."""
    one = next(each for each in every() if term().holdings[each.award].blocks > 1)
    holder, office = billed.applicant_of(one.award), browser(funds())
    shown = f"₩{one.amount:,}"
    page, where = office.get("/invoices/").content.decode(), f"/invoices/{one.number}/"
    assert shown in page
    assert "Coming back" not in page
    day = stood().standing.day.isoformat()
    office.post(where, {"amount": shown, "received": day, "reference": "KB 7"})
    assert PAID == next(e for e in every() if e.number == one.number).state(date.max)
    asked = ask(holder, one.award, {"change": Change.GIVE_BACK, "blocks": 1}, ("x", ""), now())
    answer(billed.officer, asked.pk, True, "Thank you.", now())
    back = -next(e for e in every() if e.number == one.number).award_open
    assert back > 0
    for client in (office, browser(holder)):
        page = client.get("/invoices/").content.decode()
        assert f"Coming back to holders: ₩{back:,}." in page
    office.post(where, {"amount": f"−₩{back:,}", "received": day, "reference": "KB 8"})
    assert "Coming back" not in office.get("/invoices/").content.decode()


def test_the_list_is_ones_own_and_downloads(billed: Cast) -> None:
    """A holder has their own, staff have all; filtered, in three formats, in few queries."""
    one, auditor = every()[0], browser(somebody("a", Role.AUDITOR))
    where = reverse("invoices")
    mine = browser(billed.applicant_of(one.award)).get(where, {"format": "json"}).json()["rows"]
    person = billed.applicant_of(one.award)
    own = {each.number for each in every() if billed.applicant_of(each.award) == person}
    assert own == {row["number"] for row in mine}
    rows = auditor.get(where, {"format": "json"}).json()["rows"]
    assert {o.number: o.amount for o in every()} == {r["number"]: r["open"] for r in rows}
    assert not auditor.get(where, {"format": "json", "state": PAID}).json()["rows"]
    assert one.number in auditor.get(where, {"format": "csv"}).content.decode()
    with CaptureQueriesContext(connection) as asked:
        assert 200 == auditor.get(where).status_code
    assert len(asked) <= 12


def test_a_fee_is_told_when_owed_and_when_late(billed: Cast) -> None:
    """Once to the holder; once it is overdue, to the holder and the fund officers; by language."""
    one, officer = every()[0], funds()
    person = billed.applicant_of(one.award)
    gather(now())
    told = Notice.objects.get(kind="invoice", person=person, key=f"invoice/{one.number}")
    subjects = []
    for language in ("en", "vi", "ko"):
        with override(language):
            subjects.append(letter(told).subject)
            assert reverse("invoice", args=(one.number,)) == letter(told).path
    assert 3 == len(set(subjects))
    assert b"last day to pay" in calendar_of(person, "en")
    mine = clocks_of(person, stood(), stood().standing.day)
    assert f"invoice-{one.number}" in [clock.uid for clock in mine]
    assert "last day to pay" in browser(person).get(reverse("home")).content.decode()
    assert not Notice.objects.filter(kind="invoice-late").exists()
    assert [] == clocks_of(officer, stood(), stood().standing.day), "owed is not overdue"
    record_payment(officer, received(every()[1]), now())
    while stood().standing.day < date(2026, 3, 10):
        billed.live(coming(billed)[0])
    gather(now() + timedelta(days=1))
    late = Notice.objects.filter(kind="invoice-late")
    assert {person.pk, officer.pk} <= set(late.values_list("person_id", flat=True))
    assert f"invoice-late/{every()[1].number}" not in set(late.values_list("key", flat=True))
    assert "overdue" in letter(late[0]).subject


SUSPENDS = """overlay: suspends
because: {en: Days of the tests.}
from: 2026-01-01
onwards: true
set:
  calls.open.invoice: {due_days: 10 working days, suspend_days: 14}
"""


class Pressed(Billed):
    """The same programme where the policy suspends an award for a fee, some weeks later."""

    def __init__(self, template: Path) -> None:
        opened(f"sqlite:///{template}")
        texts = {**small().term.document.texts, "overlays/suspends.yaml": SUSPENDS}
        self.cast = Cast(Document.read(texts), facts_of(small().term))
        self.cast.until(*self.before)
        while stood().standing.day < date(2026, 3, 24):
            self.cast.live(coming(self.cast)[0])
        self.path = template


@pytest.fixture(scope="module")
def pressing(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Pressed:
    """The year so far, made once."""
    with override_settings(HEADGATE_DEMO=True):
        return Pressed.made(site_template, tmp_path_factory)


@pytest.fixture
def pressed(pressing: Pressed, tmp_path: Path) -> Iterator[Cast]:
    """The people before a portal whose clock stands where the programme does."""
    with pressing.shown(tmp_path) as cast:
        yield cast


FROM = "may be suspended from 24\xa0March\xa02026"


def shut() -> set[str]:
    """The awards whose orders say that nothing starts."""
    orders = orders_of(term())
    return {o.quota.award for o in orders if o.quota.state is QuotaState.SUSPENDED}


def listed_as_suspended(office: Client) -> set[str]:
    """The awards of which the list of running awards says so, and that of what they hold."""
    rows = office.get("/running/?format=json").json()["rows"]
    waiting = office.get("/projects/?format=json").json()["rows"]
    found = {row["award"] for row in rows if row["state"] == "Suspended"}
    assert found == {row["name"] for row in waiting if "It is suspended" in row["why"]}
    return found


def test_an_overdue_fee_suspends_by_the_policy_and_a_payment_restores(pressed: Cast) -> None:
    """Warned, suspended by the fund officer with words, told, seen, paid, open; and verified."""
    one, officer = every()[0], funds()
    person, where = pressed.applicant_of(one.award), reverse("invoice", args=(one.number,))
    holder, office = browser(person), browser(officer)
    assert set() == listed_as_suspended(office)
    gather(now())
    late = Notice.objects.filter(kind="invoice-late", person=person)
    assert FROM in " ".join(letter(late[0]).lines)
    for on in (stood().standing.day, date(2026, 3, 1)):
        clocks = [clock.uid for clock in clocks_of(person, stood(), on)]
        assert f"suspend-{one.number}" in clocks, "from the day of the bill, overdue or not"
    owing = [each for each in every() if each.state(stood().standing.day) == OVERDUE]
    shown = office.get(reverse("home")).content.decode()
    owed = LOCALES["en"].currency(sum(each.standing.open for each in owing), "KRW")
    assert f"{len(owing)} invoices are overdue: {owed} in all" in shown
    assert f'href="{reverse("invoices")}?state={OVERDUE}"' in shown
    assert "their awards may be suspended" in shown
    text, named = holder.get(where).content.decode(), f"Invoice {one.number}" in shown
    assert (False, True, False) == (named, FROM in text, "Suspend the award" in text)
    assert "Suspend the award" in office.get(where).content.decode()
    done = office.post(where, {"deed": "suspend", "text": "Pay, please. <b>"}, follow=True)
    assert "The award is suspended: it stands in the journal." in done.content.decode()
    assert {one.award} == shut() == listed_as_suspended(office)
    page = holder.get(reverse("running-award", args=(one.award,))).content.decode()
    assert "Suspended since" in page
    assert (1, 0) == (page.count("Pay, please."), page.count("Approved"))
    with CaptureQueriesContext(connection) as asked:
        assert "suspended since" in holder.get(where).content.decode()
    assert len(asked) <= 12
    gather(now())
    told = Notice.objects.get(kind="amended", person=person)
    for language, word in (("en", "suspended"), ("vi", "tạm dừng"), ("ko", "중지")):
        with override(language):
            assert word in letter(told).subject
    assert "Pay, please. <b>" in letter(told).lines
    record_payment(officer, received(one), now())
    assert set() == shut() == listed_as_suspended(office)
    assert ("Runs again" in page, Notice.objects.filter(kind="lifted").exists()) == (False, False)
    gather(now())
    assert "runs again" in letter(Notice.objects.get(kind="lifted", person=person)).subject
    page = holder.get(reverse("running-award", args=(one.award,))).content.decode()
    assert (False, True) == ("Suspended since" in page, "Runs again" in page)
    assert () == verify_database(SITE).faults


def test_who_may_not_suspend_and_what_is_not_overdue_is_refused(pressed: Cast) -> None:
    """No other role, nobody with a part, not without words, not twice, not what is paid."""
    one, other, officer = every()[0], every()[1], funds()
    record_payment(officer, received(other), now())
    suspend(officer, one.award, "Pay.", now())
    for person, award, text, reason in (
        (pressed.officer, one.award, "Pay.", DeskRefusal.ROLE_MISSING),
        (officer, one.award, " ", DeskRefusal.WORDS_MISSING),
        (officer, one.award, "Pay.", AmendmentFault.SUSPENDED_ALREADY),
        (officer, other.award, "Pay.", AmendmentFault.FEE_NOT_OVERDUE),
    ):
        with pytest.raises(Refused) as caught:
            suspend(person, award, text, now())
        assert reason is caught.value.reason
    holder = pressed.applicant_of(one.award)
    with pytest.raises(Refused, match=DeskRefusal.NOT_YOURS.name):
        ask(holder, one.award, {"change": "suspension"}, ("Stop us", ""), now())
    lead = Dossier.objects.get(code=other.award).lead.code
    act_for(pressed.officer, officer, lead, now())
    with pytest.raises(Refused, match=DeskRefusal.CONFLICT.name):
        suspend(officer, other.award, "Pay.", now())
    assert {one.award} == shut()


def test_the_list_of_invoices_is_kept_until_anything_is_paid(
    billed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look reads no invoice again, and a payment is seen at the next."""
    del billed
    one, officer, looks = every()[0], funds(), []

    def looked(*told: Any) -> Any:
        looks.append(1)
        return invoices(*told)

    monkeypatch.setattr("headgate.site.desk.invoices.invoices", looked)
    office, where = browser(officer), "/invoices/?state=paid&format=json"
    assert [[], []] == [office.get(where).json()["rows"] for _ in range(2)]
    assert [1] == looks
    record_payment(officer, received(one), now())
    assert [one.number] == [row["number"] for row in office.get(where).json()["rows"]]
    assert [1, 1] == looks


def states(page: Client) -> list[str]:
    """How the awards stand in the list that somebody sees."""
    return [row["state"] for row in page.get("/running/?format=json").json()["rows"]]


def test_the_list_of_awards_is_kept_until_something_of_it_moves(
    billed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look after what is no matter of the list reads no award again; what a holder asks, and
    another name of an organisation, are seen at the next.
    """
    award, office, looks = every()[0].award, browser(billed.officer), []

    def looked(*told: Any) -> Any:
        looks.append(1)
        return rows(*told)

    rows = running._rows
    monkeypatch.setattr(running, "_rows", looked)
    first = states(office)
    with doing(billed.officer, "look", award, now()):
        pass
    second = states(office)
    assert first == second
    assert [1] == looks
    assert "Waits for an answer" not in first
    ask(
        billed.applicant_of(award),
        award,
        {"change": Change.GIVE_BACK, "blocks": 1},
        ("x", ""),
        now(),
    )
    assert "Waits for an answer" in states(office)
    assert [1, 1] == looks
    lead = Dossier.objects.get(code=award).lead
    values = lead.kind, lead.size, lead.region, lead.founded, lead.facts
    register(billed.officer, Registered(lead.code, "Named anew", *values), now())
    assert "Named anew" in office.get("/running/").content.decode()
    assert [1, 1, 1] == looks
