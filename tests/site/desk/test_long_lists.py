"""Lists that lie in the database: a page reads what it shows, and shows what the whole list has."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from django.db import connections
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.utils import translation

from headgate.core.calls.matching import findable, has_words, words_of
from headgate.readers.facts import Recorded
from headgate.site.actions.people import Registered, register
from headgate.site.actions.take_due import take_due
from headgate.site.desk.board import preview
from headgate.site.desk.clock import now
from headgate.site.desk.models import Dossier, Finding, Organisation, Review, Reviewer
from headgate.site.desk.office import SITE, call_now
from headgate.site.desk.pages.reviewing import Seat, columns, queue
from headgate.site.desk.world import Desk
from headgate.site.portal import lists, sending
from headgate.site.portal.findable import Findable
from headgate.site.portal.lists import (
    Choice,
    Column,
    Kept,
    Listing,
    Table,
    Told,
    download,
    listing,
)
from headgate.site.portal.models import Person
from headgate.site.records import kept as records_kept
from headgate.site.records.kept import kept_term, stands
from headgate.steps.agenda import agenda
from headgate.steps.event import What
from tests.site.desk.cast import Cast, browser, facts_of
from tests.whole.small import small

AT = datetime(2026, 1, 5, 3, tzinfo=UTC)
NAMES = ("Viện Tính toán", "Đại học 3", "서울대학교", "Vien", "a%b_c", "Ågren", "")


def scene() -> Cast:
    """Applications are in and judged."""
    cast = Cast(small().term.document, facts_of(small().term))
    cast.until(What.DECIDE_CALL, "open")
    cast.judge("open")
    return cast


REGISTER = Table(
    Organisation.objects.select_related("parent"),
    ("size", "code"),
    {
        **{name: F(name) for name in ("code", "name", "kind")},
        "parent": Coalesce(F("parent__code"), Value("")),
    },
    ("findable",),
    list,
)
COLUMNS: tuple[Column[Organisation], ...] = (
    Column("code", "Code", lambda o: o.code),
    Column("name", "Name", lambda o: o.name),
    Column("kind", "Kind", lambda o: o.kind),
    Column("parent", "Parent", lambda o: o.parent.code if o.parent else ""),
)
CHOICES = (Choice("kind", "Kind", (("firm", "Firm"), ("lab", "Lab"))),)


def filled() -> list[Organisation]:
    """A register in which values repeat, some are empty, and no order is that of the keys."""
    first = Organisation.objects.create(code="z0", name="Viện", kind="lab", size="big")
    more = [
        Organisation(
            code=f"c{n * 7 % 20:02}",
            name=NAMES[n % len(NAMES)],
            kind=("firm", "lab")[n % 3 == 0],
            size=("big", "small")[n % 2],
            parent=first if n % 4 == 0 else None,
        )
        for n in range(20)
    ]
    return [first, *Organisation.objects.bulk_create(more)]


def page(**asked: str) -> Listing[Organisation]:
    """The page of an address."""
    return listing(RequestFactory().get("/", asked), REGISTER, COLUMNS, CHOICES)


def walked(**asked: str) -> list[str]:
    """The codes of all pages, one after another."""
    shown = page(**asked)
    seen = [one.code for one in shown.rows]
    while shown.next:
        shown = page(**asked, after=shown.next)
        seen += [one.code for one in shown.rows]
    assert shown.count == len(seen)
    return seen


def filed(**asked: str) -> list[str]:
    """The codes of the file that the same address gives."""
    request = RequestFactory().get("/", {**asked, "format": "json"})
    file = download(request, "register", REGISTER, COLUMNS, CHOICES, lambda: "now")
    assert isinstance(file, HttpResponse)
    return [row["code"] for row in json.loads(file.content)["rows"]]


@pytest.mark.parametrize("kind", ["", "lab"])
@pytest.mark.parametrize("words", ["", "vien"])
def test_pages_and_the_file_have_the_same_rows_in_one_order(
    site: str, monkeypatch: pytest.MonkeyPatch, kind: str, words: str
) -> None:
    """By every column, up and down: each row that fits stands once, equal ones in their order."""
    assert site
    monkeypatch.setattr(lists, "PAGE_ROWS", 3)
    monkeypatch.setattr(lists, "READ_AT_ONCE", 4)
    fits = [one for one in filled() if kind in ("", one.kind) and words in findable(one.name)]
    fits.sort(key=lambda one: (one.size, one.code))
    for column in COLUMNS:
        for sign in ("", "-"):
            asked = {"sort": sign + column.name, "kind": kind, "q": words}
            told = walked(**asked)
            assert told == filed(**asked)
            assert {one.code for one in fits} == set(told)
            if column.name != "name":
                order = sorted(fits, key=column.value, reverse=bool(sign))
                assert [one.code for one in order] == told
    assert [one.code for one in fits] == walked(sort="size", kind=kind, q=words)


def test_rows_of_a_file_are_read_a_few_at_a_time(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, no more of them are held than are read at once."""
    assert site
    monkeypatch.setattr(lists, "READ_AT_ONCE", 4)
    read: list[int] = []

    def made(rows: Any) -> list[Organisation]:
        found = list(rows)
        read.append(len(found))
        return found

    every = len(filled())
    table = replace(REGISTER, made=made)
    asked = lists.asked_of(RequestFactory().get("/"), CHOICES)
    assert every == len(list(table.found(asked)))
    assert (every, 4) == (sum(read), max(read))


def test_a_page_costs_the_same_queries_whatever_is_asked(lone_site: str) -> None:
    """The row before, the rows, their number: no more, however long the list is."""
    assert lone_site
    filled()
    asked: list[str] = []

    def count(execute: Any, sql: str, *told: Any) -> Any:
        asked.append(sql)
        return execute(sql, *told)

    for address in ({}, {"after": "c07"}, {"after": "c07", "q": "c", "sort": "-parent"}):
        asked.clear()
        with connections["default"].execute_wrapper(count):
            page(**address)
        assert len(asked) <= 3


def test_an_address_that_names_nothing_shows_the_beginning(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor that is gone, a column that is not there, signs that no database takes."""
    assert site
    monkeypatch.setattr(lists, "PAGE_ROWS", 3)
    filled()
    first = [one.code for one in page().rows]
    for odd in ({"after": "gone"}, {"after": "\0"}, {"sort": "-"}, {"sort": "pk"}, {"q": "\0"}):
        assert first == [one.code for one in page(**odd).rows]
    assert [] == walked(kind="' OR 1=1 --\0")


LOOKED_FOR = (
    "vien", "Viện", "VIEN tinh", "dai hoc", "Đại", "서울", "서울대학교에서", "울대학", "대 학",
    unicodedata.normalize("NFD", "서울대학교"), unicodedata.normalize("NFD", "Viện"),
    "a%b", "%", "_", "a_b", "b_c", "\\", "'", '"', "agren", "Å", "c07 vien", "lab", "세종",
    "ｖｉｅｎ",    "서울" * 90, "x " * 30, "\U0001f600",
)  # fmt: skip
"""What somebody types, and what no database should take for a sign."""


def test_the_database_finds_what_the_words_of_the_core_find(site: str) -> None:
    """Marks, cases, endings, syllables apart: the column has what the search's own rule finds."""
    assert site
    filled()
    Organisation.objects.create(
        code="w1", name="세종 대 학교", kind="lab", size="big", region="'\\"
    )
    told = [
        (one.code, f"{one.code} {one.name} {one.region} {one.kind} {one.size}")
        for one in Organisation.objects.order_by("size", "code")
    ]
    for asked in LOOKED_FOR:
        words = words_of(asked)
        found = [code for code, text in told if has_words(text, words)]
        assert found == [one.code for one in page(q=asked).rows], asked


def test_every_row_is_found_by_what_it_says_now(copied: Cast) -> None:
    """Whoever was renamed is found by the new name at once, and by the old one no more."""
    for model, (column,) in {
        model: [one for one in model._meta.concrete_fields if isinstance(one, Findable)]
        for model in (Organisation, Dossier, Person)
    }.items():
        for one in model._default_manager.all():
            told = " ".join(str(getattr(one, name) or "") for name in column.of)
            assert findable(" ".join(told.split())) == " ".join(one.findable.split()), one
    first = Organisation.objects.order_by("id")[0]
    new = Registered(first.code, "Cơ quan Mới", first.kind, first.size, "", None, first.facts)
    register(copied.officer, new, copied.adopted)
    owner = browser(copied.officer)
    for words, there in (("co quan moi", True), (f"body {first.code}", False)):
        found = json.loads(owner.get("/organisations/", {"q": words, "format": "json"}).content)
        assert there is (first.code in [row["code"] for row in found["rows"]])


def test_a_row_that_comes_meanwhile_moves_no_other(
    lone_site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is shown twice or missed when a row is added before the ones to come."""
    assert lone_site
    monkeypatch.setattr(lists, "PAGE_ROWS", 3)
    filled()
    whole, first = walked(), page()
    Organisation.objects.create(code="a", name="New", kind="firm", size="aaa")
    assert whole[3:6] == [one.code for one in page(after=first.next).rows]


def test_a_board_under_review_is_read_alike_on_either_database(site: str) -> None:
    """Gates in the call's order and seats come with the rows; the list is made of what was told."""
    assert site
    officer = scene().officer
    gates = [one.id for one in call_now("open").call.gates]
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        page = browser(officer)
        rows = json.loads(page.get("/boards/open/?format=json&sort=-seats").content)["rows"]
        after = f"/boards/open/?sort=-seats&after={rows[0]['code']}&sure=1"
        assert preview("open", now()).digest in page.get(after).content.decode()
    words = {True: "Open", False: "Shut"}
    for row in rows:
        found = dict(
            Finding.objects.filter(dossier__code=row["code"]).values_list("gate", "passed")
        )
        told = ", ".join(f"{gate}: {words[found[gate]]}" for gate in gates if gate in found)
        assert (told, bool(found)) == (row["gates"], True)
        assert Review.objects.filter(dossier__code=row["code"]).count() == row["seats"]
    given = Finding.objects.filter(dossier__call="open")
    given.filter(dossier__code=rows[0]["code"]).update(passed=False, replied=now())
    known = {(f.dossier.code, f.gate, f.passed, f.replied is not None) for f in given}
    codes = [row["code"] for row in rows]
    read = Desk(None, now()).gate_findings("open", codes)  # type: ignore[arg-type]
    assert known == {(f.subject, f.gate, f.passed, f.replied) for f in read}
    assert {(True, False), (False, True)} == {(f.passed, f.replied) for f in read}


def test_the_board_sorts_by_seats_and_files_what_was_found(copied: Cast) -> None:
    """Counted in the database, they are the seats that there are; gates stand in the file too."""
    officer = browser(copied.officer)
    rows = json.loads(officer.get("/boards/open/?format=json&sort=-seats").content)["rows"]
    seats = {row["code"]: row["seats"] for row in rows}
    assert sorted(seats.values(), reverse=True) == list(seats.values())
    for code, count in seats.items():
        assert count == Review.objects.filter(dossier__code=code).count()
    assert all(": Open" in row["gates"] or ": Shut" in row["gates"] for row in rows)
    one = rows[0]["code"]
    found = json.loads(officer.get(f"/boards/open/?format=json&q={one}").content)["rows"]
    assert [one] == [row["code"] for row in found]
    lead = Dossier.objects.get(code=one).lead
    own = Dossier.objects.filter(lead=lead, call="open").values_list("code", flat=True)
    found = officer.get("/boards/open/", {"format": "json", "q": lead.name}).json()["rows"]
    assert {*own} == {row["code"] for row in found}
    assert 200 == officer.get(f"/boards/open/?sort=-sheets&after={one}&q=o").status_code


def seated() -> list[Seat]:
    """A reviewer's seats in two calls, some marked, in no order; the queue as it must stand."""
    person = Person.objects.create(username="r")
    reviewer = Reviewer.objects.create(person=person, code="R1")
    body = Organisation.objects.create(code="z", name="Z", kind="lab", size="big")
    seats = []
    for n in range(17):
        call, state = ("open", "late")[n % 2], ("declare", "to-mark", "marked")[n % 3]
        one = Dossier.objects.create(call=call, lead=body, code=f"d-{n * 7 % 17:02}", at=AT)
        Review.objects.create(
            dossier=one,
            reviewer=reviewer,
            assigned=AT,
            cleared=AT if state != "declare" else None,
            marked=AT if state == "marked" else None,
        )
        seats.append(Seat(str(one.code), call, state))
    return sorted(seats, key=lambda one: (one.state == "marked", one.code))


def test_a_reviewers_queue_is_paged_in_the_database(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not marked first; by state, call and the word for a state, in a reader's language."""
    assert site
    monkeypatch.setattr(lists, "PAGE_ROWS", 3)
    told, rows = seated(), queue(Review.objects.all())
    choices = (Choice("call", "Call", ()), Choice("state", "State", ()))
    seats = columns({one.call: one.call for one in told})

    def walk(**asked: str) -> list[Seat]:
        shown = listing(RequestFactory().get("/", asked), rows, seats, choices)
        seen, count = [*shown.rows], shown.count
        while shown.next:
            address = {**asked, "after": shown.next}
            shown = listing(RequestFactory().get("/", address), rows, seats, choices)
            seen += shown.rows
            assert count == shown.count
        return seen

    assert told == walk()
    assert told[::-1] == sorted(walk(sort="-code"), key=told.index, reverse=True)
    by_state = [one.state for one in walk(sort="state")]
    assert sorted(by_state) == by_state
    assert [one for one in told if one.call == "late"] == walk(call="late")
    assert [one for one in told if one.state == "to-mark"] == walk(state="to-mark")
    assert [one for one in told if one.state == "marked"] == walk(q="marked")
    with translation.override("vi"):
        assert [one for one in told if one.state == "marked"] == walk(q="da cham")
    assert [one for one in told if one.code == "d-07"] == walk(q="d-07")


def test_a_file_is_the_same_in_parts_in_every_language(
    copied: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of lists of each kind, filtered, sorted and searched: the bytes that a small one has at once
    are those that arrive of a large one, with its length and its name; none of it is a cell astray.
    """
    decide(copied)
    reader, sizes = browser(copied.officer), set[int]()
    queries = ("", "?q=o", "?sort=-name", "?sort=-award&q=open")
    for place in ("/running/", "/invoices/", "/decisions/", "/calls/open/", "/organisations/"):
        for query, language, kind in product(queries, ("en", "vi", "ko"), ("csv", "json")):
            reader.cookies["django_language"] = language
            address = f"{place}{query}{'&' if query else '?'}format={kind}"
            whole = reader.get(address)
            with monkeypatch.context() as patch:
                patch.setattr(sending, "AT_ONCE", 64)
                parts = reader.get(address)
                told = b"".join(parts) if parts.streaming else parts.content
            assert whole.content == told, address
            assert whole["Content-Disposition"] == parts["Content-Disposition"]
            assert str(len(told)) == parts.headers.get("Content-Length", str(len(told)))
            sizes.add(len(told))
    assert 20 < len(sizes)


def test_what_is_shown_for_a_value_is_what_each_row_shows_for_it(
    copied: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept list puts each value into words once, so no row shows something else for it."""
    checked, as_told = set[str](), Kept._told

    def compared(rows: Kept[Any], columns: Sequence[Column[Any]]) -> Told:
        told = as_told(rows, columns)
        by_value = {name: found.by_value() for name, found in told.items()}
        for row in rows.rows:
            assert [] == [
                c.name for c in columns if findable(c.text(row)) != by_value[c.name][c.value(row)]
            ]
        checked.update([columns[0].name] if rows.rows else [])
        return told

    def asked(*addresses: str) -> None:
        for address in addresses:
            for language in ("en", "vi", "ko"):
                reader.cookies["django_language"] = language
                assert 200 == reader.get(address, {"q": "o"}).status_code

    monkeypatch.setattr(Kept, "_told", compared)
    reader = browser(copied.officer)
    asked("/boards/open/list/", "/decisions/")
    decide(copied)
    asked("/running/", "/invoices/", "/calls/open/")
    assert {"application", "entry", "award", "number"} == checked


def decide(cast: Cast) -> None:
    """The open call is signed and decided, so that its awards run."""
    (event,) = (
        one for one in agenda(cast.document) if (one.what, one.about) == (What.DECIDE_CALL, "open")
    )
    cast.settle("open", cast.morning(event))
    take_due(cast.officer, str(event), cast.morning(event), Recorded(cast.facts))


def test_awards_that_were_seen_are_read_again_once_they_are_others(copied: Cast) -> None:
    """A process asks no more than whether they are the same: those of an earlier entry, and those
    of another journal at the same place, are read anew, as they are by whoever judges.
    """
    decide(copied)
    first = stands(SITE)
    assert first is not None
    assert first.holdings
    seq, line, seen = records_kept._LAST.get(SITE.where) or (0, None, ())
    assert seen == first.holdings
    before = replace(seen[0], award="of-before")
    for known, expected in (
        ((seq, line, (before,)), (before,)),
        ((seq - 1, line, (before,)), first.holdings),
        ((seq, "another", (before,)), first.holdings),
    ):
        records_kept._LAST.keep(SITE.where, known)
        again = stands(SITE)
        assert again is not None
        assert expected == again.holdings
    records_kept._LAST.keep(SITE.where, (seq, line, (before,)))
    looked = kept_term(SITE, afresh=False)
    assert looked is not None
    assert {"of-before"} == set(looked.holdings)
    term = kept_term(SITE)
    assert term is not None
    assert {one.award for one in first.holdings} == set(term.holdings)
