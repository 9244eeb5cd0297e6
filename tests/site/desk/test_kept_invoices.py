"""Invoices that a process keeps are those that a process makes that keeps none."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from headgate.core.ledger.transfer import Outcome
from headgate.site.actions.amend import answer, ask
from headgate.site.actions.pay import record_payment
from headgate.site.actions.people import Registered, register
from headgate.site.actions.post import post
from headgate.site.desk import invoices as desk_invoices
from headgate.site.desk.clock import now
from headgate.site.desk.invoices import CREDIT, OVERDUE, PAID, invoices
from headgate.site.desk.models import Dossier
from headgate.site.desk.office import SITE
from headgate.site.portal import lists, reading
from headgate.site.recent import Recent
from headgate.site.records.kept import stands
from headgate.steps.term import single
from tests.site.desk.cast import Cast, browser
from tests.site.desk.test_amending import term
from tests.site.desk.test_invoices import billed, every, funds, received, year

__all__ = ("billed", "year")

PAGE = "headgate.site.desk.pages.invoicing"


@contextmanager
def another_process() -> Iterator[None]:
    """What is done within is done by a process that keeps nothing yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "_KEPT", Recent(lists.KEPT_MOST))
        patch.setattr(desk_invoices, "_BILLED", Recent(2))
        patch.setattr(reading, "_SEEN", {})
        yield


def test_invoices_of_other_decisions_and_of_a_later_journal_are_not_taken_for_these(
    billed: Cast,
) -> None:
    """A process that has looked at another journal of the same place makes all of them anew."""
    del billed
    stood = stands(SITE)
    assert stood is not None
    told, where = invoices(stood), reading.DATABASE.where
    other = replace(told[0].made, subject="another")
    for size, known in (
        (stood.size, [replace(told[0], made=other, award="another"), *told[1:]]),
        (stood.size, [*told, told[0]]),
        (stood.size + 1, [replace(one, award_open=7) for one in told]),
    ):
        desk_invoices._BILLED.keep(where, (size, known))
        assert told == invoices(stood)


def test_a_list_that_was_kept_says_what_a_process_says_that_keeps_none(
    billed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a payment of one award and of another, in part, back, corrected, by another process;
    after a credit note, another name, and on the day on which what is owed is overdue.
    """
    officer = funds()
    office, held = browser(officer), term().holdings
    two, one = sorted(every(), key=lambda each: held[each.award].blocks)

    def shown() -> str:
        page = office.get("/invoices/").content.decode()
        return re.sub('csrf[^>]*>|nonce="[^"]*"', "", page) + str(
            office.get("/invoices/?format=json").json()["rows"]
        )

    def give_back() -> None:
        holder, parts = billed.applicant_of(one.award), {"change": "give-back", "blocks": 1}
        asked = ask(holder, one.award, parts, ("x", ""), now())
        answer(billed.officer, asked.pk, True, "Thank you.", now())

    def elsewhere() -> None:
        with another_process():
            shown()
            record_payment(officer, received(two, two.amount - 3, "KB 3"), now())

    def bare() -> None:
        books = term().books
        ends = f"paid/{held[two.award].support}", f"due/{two.award}"
        moved = single("pay", *ends, 1, "krw", books.at, "A transfer and nothing else.")
        assert (Outcome.CREATED,) == post(SITE, books.chart, [moved])

    def named() -> None:
        lead = Dossier.objects.get(code=one.award).lead
        values = lead.kind, lead.size, lead.region, lead.founded, lead.facts
        register(billed.officer, Registered(lead.code, "Named anew", *values), now())

    def later() -> None:
        monkeypatch.setattr(f"{PAGE}.today", lambda _stood: date(2026, 3, 10))

    pay = partial(record_payment, officer)
    steps: tuple[Callable[[], object], ...] = (
        lambda: pay(received(one, 1), now()),
        lambda: pay(received(two, 1, "KB 2"), now()),
        bare,
        elsewhere,
        lambda: pay(received(one, one.amount - 1, "KB 4"), now()),
        give_back,
        named,
        later,
    )
    seen = [shown()]
    for step in steps:
        step()
        seen.append(shown())
        with another_process():
            assert seen[-1] == shown()
    assert len(seen) == len(set(seen))
    stand = [row["state"] for row in office.get("/invoices/?format=json").json()["rows"]]
    assert [OVERDUE, PAID, CREDIT] == stand
