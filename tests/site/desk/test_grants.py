"""Grants of other programmes: brought by an officer, told to whom they meet, held by a rule."""

import re
from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.urls import reverse
from django.utils.translation import gettext, override

from headgate.core.faults import Faulty
from headgate.core.ledger.refused import Refused
from headgate.core.policy.document import Document
from headgate.readers.grants import _LAYOUT, Code
from headgate.site.actions.bring_grants import bring_grants, drop_grants, hold_grants
from headgate.site.actions.find_gate import find_gate, reply_gate
from headgate.site.actions.people import Registered, act_for, register
from headgate.site.actions.take_due import take_due
from headgate.site.desk.clock import coming, now
from headgate.site.desk.dossiers import read_line
from headgate.site.desk.grant_models import OutsideGrant, OutsideList
from headgate.site.desk.models import Deed, Dossier, Finding, Organisation
from headgate.site.desk.pages.granting import _columns, _met
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.desk.world import Desk
from headgate.site.notices.models import Notice
from headgate.site.notices.reading import letter
from headgate.site.portal.lists import listing
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.event import What
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.site.said import english
from tests.whole.small import small

GRANTED = {DeskRefusal.SOURCE_MISSING, DeskRefusal.NO_GRANT_RULE, DeskRefusal.NO_GRANTS}
HEAD = "registration_number,title,support,amount,from,until,reference,unit\n"
RULE = """overlay: grants
because: {en: Grants of the tests.}
from: 2026-01-01
onwards: true
set:
  calls.open.outside_grants: {gate: audit, alike: 80 %}
"""


@cache
def ruled() -> Document:
    """The small programme whose open call shuts a gate on grants of others."""
    return Document.read({**small().term.document.texts, "overlays/grants.yaml": RULE})


def scene() -> Cast:
    """The open call has closed and was received; its first applicants have numbers."""
    cast = Cast(ruled(), facts_of(small().term))
    cast.until(What.CLOSE_CALL, "open")
    cast.apply("open")
    event, moment = coming()
    take_due(cast.officer, str(event), moment)
    for number in range(3):
        numbered(cast, mine(number).lead, f"12{number}-45-678")
    return cast


@pytest.fixture
def received(copied: Cast) -> Cast:
    """The same, for one test."""
    return copied


def numbered(cast: Cast, one: Organisation, number: str) -> None:
    """An organisation's registration number is entered."""
    given = Registered(one.code, one.name, one.kind, one.size, registration=number)
    register(cast.officer, given, now())


def mine(at: int = 0) -> Dossier:
    """An open call's application by who handed in no other; the first three have numbers."""
    handed_in = Dossier.objects.filter(call="open").order_by("code").select_related("lead")
    often = Counter(dossier.lead for dossier in handed_in)
    return [dossier for dossier in handed_in if often[dossier.lead] == 1][at]


def row(title: str, number: str = "120 45 678", until: str = "2026-12-31") -> str:
    """One row of a list."""
    return f"{number},{title},GPUs,40000,2026-01-01,{until},R-1,KRW\n"


def brought(cast: Cast, *rows: str, source: str = "Ministry") -> int:
    """An officer brings a list."""
    return bring_grants(cast.officer, source, "l.csv", (HEAD + "".join(rows)).encode(), now())


def read(person: Person, name: str, *args: object) -> str:
    """A page as somebody reads it."""
    answer = browser(person).get(reverse(name, args=args))
    assert 200 == answer.status_code
    return answer.content.decode()


def test_a_grant_is_told_to_the_office_and_to_its_applicant_and_nobody_else(received: Cast) -> None:
    """By the number, however it is written; it names the programme and stands against nothing."""
    title = f"Work of {mine().lead.code}"
    assert 2 == brought(received, row(title), row("A wind tunnel", "999"))
    officer = read(received.officer, "doubles", mine().code)
    applicant = read(received.applicant_of(str(mine().code)), "application", mine().pk)
    other = read(received.applicant_of(str(mine(1).code)), "application", mine(1).pk)
    for page in (officer, applicant):
        assert title in page
        assert "Ministry" in page
        assert "In the same time" in page
        assert "texts alike by 100.0%" in page
    assert "Ministry" not in other
    assert "wind tunnel" not in officer + applicant + other
    assert not Finding.objects.filter(dossier=mine()).exists()
    assert "Ministry" in read(received.owner, "outside_grants")


def test_a_member_of_an_organisation_without_a_number_is_found_by_the_body_above(
    received: Cast,
) -> None:
    """A unit of a university has no number of its own: its university's grants are its too."""
    unit = Dossier.objects.filter(call="open", lead__registered="").select_related("lead")[0]
    brought(received, row("A wind tunnel"))
    assert "wind tunnel" not in read(received.officer, "doubles", unit.code)
    Organisation.objects.filter(pk=unit.lead.pk).update(parent=mine().lead)
    assert "wind tunnel" in read(received.officer, "doubles", unit.code)


def test_a_list_takes_the_place_of_the_one_before_and_can_go(received: Cast) -> None:
    """Each programme has one list; what was done with it is kept by its digest."""
    brought(received, row("One"), row("Two"))
    brought(received, row("Three"))
    brought(received, row("Four"), source="Province")
    assert ["Three", "Four"] == list(OutsideGrant.objects.values_list("title", flat=True))
    drop_grants(received.officer, "Ministry", now())
    assert ["Province"] == [one.source for one in OutsideList.objects.all()]
    told = Deed.objects.filter(action="bring grants").values_list("about", flat=True)
    assert OutsideList.objects.get().digest in " ".join(told)


def test_what_is_wrong_with_a_file_is_told_row_by_row_on_the_page(received: Cast) -> None:
    """Nothing of it is kept, the source stays typed, and a script in it is text."""
    person = browser(received.officer)
    text = f"{HEAD}{row('Fine')}{row('<script>x</script>', until='2020-01-01')}{row('No', '-')}"
    sent = {
        "deed": "bring",
        "source": "Ministry",
        "file": SimpleUploadedFile("list.csv", text.encode()),
    }
    answer = person.post(reverse("outside_grants"), sent, follow=True).content.decode()
    assert "list.csv:3:" in answer
    assert "list.csv:4:" in answer
    assert 'value="Ministry"' in answer
    assert not OutsideList.objects.exists()
    brought(received, row("<script>x</script>"))
    assert "<script>x" not in read(received.officer, "outside_grants")
    with pytest.raises(Faulty):
        bring_grants(received.officer, "Ministry", "x", b"", now())


@pytest.mark.parametrize("language", ["vi", "ko"])
def test_what_is_wrong_with_a_file_is_told_in_the_readers_language(
    received: Cast, language: str
) -> None:
    """On the page from which it was sent: what is wrong and what mends it, figures included."""
    page = browser(received.officer)
    page.cookies["django_language"] = language
    rows = f"{row('A')}{row('B', '-')}{row('C', until='soon')}{row('D', until='2020-01-01')}1,2\n"
    for text in (HEAD + rows.replace(",500,", ",-4,"), "title,color\n", "PK none"):
        sent = {"deed": "bring", "source": "X", "file": SimpleUploadedFile("l.csv", text.encode())}
        with override("en"):  # The reader's language does not outlive the request.
            shown = page.post(reverse("outside_grants"), sent, follow=True).content.decode()
        told = re.findall(r"<p[^>]*>([^<]*l\.csv[^<]*)|>([^<]* – [^<]*)<", shown)
        assert told
        assert "" == english(" ".join(map("".join, told)), "")


def test_only_where_the_policy_says_so_a_gate_is_shut_and_the_applicant_can_reply(
    received: Cast,
) -> None:
    """Alike enough and in the same time; what was replied to, an officer decides by hand."""
    alike, past = mine(), mine(1)
    brought(
        received,
        row(f"Work of {alike.lead.code}"),
        row(f"Work of {past.lead.code}", "121-45-678", "2026-01-02"),
        row("A wind tunnel", "122-45-678"),
    )
    page = browser(received.officer).post(
        reverse("board", args=("open",)), {"deed": "hold"}, follow=True
    )
    count = Dossier.objects.filter(call="open", state="submitted").count()
    assert f"Found on {count - 1} open and on 1 shut." in page.content.decode()
    found = Finding.objects.get(dossier=alike, gate="audit")
    assert (False, [OutsideList.objects.get().digest]) == (found.passed, found.evidence)
    assert "alike by 800 in 1000 or more: 1, the likeliest by 1000." in found.remark
    assert alike.lead.code not in found.remark
    facts = {"code": "open-0001", "dossier": 1, "call": "open", "gate": "audit", "remark": "R"}
    with override("en"):
        said = letter(Notice(kind="finding", facts=facts)).subject
        gone = letter(Notice(kind="finding", facts={**facts, "gate": "gone"})).subject
    assert "A finding on the gate Audit of open-0001" == said, "by its name, not its id"
    assert "A finding on the gate gone of open-0001" == gone
    assert Finding.objects.get(dossier=past, gate="audit").passed
    told = Desk(None, now()).gate_findings("open", [str(alike.code)])  # type: ignore[arg-type]
    assert [(alike.code, "audit", False)] == [(one.subject, one.gate, one.passed) for one in told]
    reply_gate(received.applicant_of(str(alike.code)), str(alike.code), "audit", "Other.", now())
    find_gate(received.officer, str(alike.code), "audit", True, "", [found.evidence[0]], now())
    assert (count - 1, 0) == hold_grants(received.officer, "open", now())
    assert Finding.objects.get(dossier=alike, gate="audit").passed


def test_nothing_is_held_without_a_rule_a_list_or_by_who_has_a_part(received: Cast) -> None:
    """Every refusal of it, by name; and only officers bring and hold."""
    bring_nothing: list[tuple[Callable[[], object], DeskRefusal]] = [
        (lambda: brought(received, row("One"), source=" "), DeskRefusal.SOURCE_MISSING),
        (lambda: brought(received, row("One"), source="a\nb"), DeskRefusal.SOURCE_MISSING),
        (lambda: hold_grants(received.officer, "open", now()), DeskRefusal.NO_GRANTS),
        (lambda: hold_grants(received.officer, "alliance", now()), DeskRefusal.NO_GRANT_RULE),
        (lambda: drop_grants(received.officer, "Ministry", now()), DeskRefusal.NOT_YOURS),
        (lambda: hold_grants(received.owner, "open", now()), DeskRefusal.ROLE_MISSING),
    ]
    for deed, reason in bring_nothing:
        with pytest.raises(Refused, match=reason.name):
            deed()
    auditor = somebody("auditor", Role.AUDITOR)
    assert "Bring a list" not in read(auditor, "outside_grants")
    with pytest.raises(Refused, match=DeskRefusal.ROLE_MISSING.name):
        bring_grants(auditor, "Ministry", "f", (HEAD + row("One")).encode(), now())
    brought(received, row("One"))
    act_for(received.owner, received.officer, mine().lead.code, now())
    with pytest.raises(Refused, match=DeskRefusal.CONFLICT.name):
        hold_grants(received.officer, "open", now())
    assert read_line(mine()).id == mine().code


@pytest.mark.parametrize("language", ["vi", "ko"])
def test_what_mends_a_list_is_said_in_the_readers_language(language: str) -> None:
    """Whatever can be wrong with a list, an officer reads what to do about it."""
    with override(language):
        mends = {_LAYOUT.fault("f", 1, code, "").mend for code in Code}
        assert not {mend for mend in mends if gettext(mend) == mend}


def test_a_long_list_is_paged_sorted_and_searched_in_the_database(received: Cast) -> None:
    """Every grant once, by the order of rows; words are found without their marks."""
    numbered(received, mine().lead, "120 45 678")
    titles = [f"Đề tài {n}" for n in range(120)]
    brought(received, *map(row, titles))
    columns = _columns()
    seen, where = [], "?sort=row"
    while where:
        page = listing(RequestFactory().get(f"/{where}"), _met(), columns)
        seen += [grant.title for grant, _ in page.rows]
        where = page.next_address
    assert titles == seen
    code = mine().lead.code
    for asked, found in (("q=de+tai+119", titles[119:]), (f"q={code}&sort=-row", titles[:69:-1])):
        page = listing(RequestFactory().get(f"/?{asked}"), _met(), columns)
        assert [(title, code) for title in found] == [(grant.title, of) for grant, of in page.rows]
    nothing = RequestFactory().get("/?after=nothing&q=zzz")
    assert 0 == listing(nothing, _met(), columns).count
