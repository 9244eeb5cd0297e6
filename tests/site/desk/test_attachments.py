"""Documents of an application: kept by type and size, published as digests, seen by few."""

import asyncio
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import reverse

from headgate.core import canonical
from headgate.core.ledger.refused import Refused
from headgate.core.policy.document import Document
from headgate.site.actions.alliance import enter_alliance
from headgate.site.actions.assign_reviewers import seat
from headgate.site.actions.attach import attach, detach, plain_name
from headgate.site.actions.consent import consent
from headgate.site.actions.declare_conflict import declare_conflict
from headgate.site.actions.people import act_for, appoint, give_roles
from headgate.site.actions.save_draft import save_draft
from headgate.site.actions.submit import submit
from headgate.site.actions.take_due import take_due
from headgate.site.actions.withdraw import withdraw
from headgate.site.desk.clock import coming, now
from headgate.site.desk.dossiers import answer, read_line
from headgate.site.desk.models import Attachment, Dossier, Organisation
from headgate.site.desk.office import call_now
from headgate.site.desk.pages.attaching import endings
from headgate.site.desk.refusals import DeskRefusal
from headgate.site.portal.asgi import application
from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.steps.event import What
from tests.readers.test_attached import PDF, PNG
from tests.site.desk.cast import Cast, browser, facts_of, somebody
from tests.whole.small import small

ASKED = """overlay: documents
because: {en: Documents of the tests.}
from: 2026-01-01
onwards: true
set:
  calls.open.attachments:
    plan: {name: {en: Plan of work}, types: [pdf], megabytes_most: 1}
    logo: {name: {en: Logo}, types: [png, jpeg], megabytes_most: 1, required: false}
"""


@cache
def asked() -> Document:
    """The small programme whose open call wants documents."""
    return Document.read({**small().term.document.texts, "overlays/documents.yaml": ASKED})


def scene() -> Cast:
    """The cast while the open call is open, its second application a draft."""
    cast = Cast(asked(), facts_of(small().term))
    cast.until(What.CLOSE_CALL, "alliance")
    applying = cast.facts["applications/open"][1]
    person = cast.register(applying.applicant)
    save_draft(person, cast.draft(applying), now())
    return cast


@pytest.fixture
def asking(site: str) -> Iterator[Cast]:
    """The same on each database, before a portal whose clock stands where the programme does."""
    del site
    with override_settings(HEADGATE_DEMO=True, ALLOWED_HOSTS=["*"]):
        yield scene()


@pytest.fixture
def lone(copied: Cast) -> Cast:
    """The same on one database, for rules that no database has a part in."""
    return copied


def mine(cast: Cast) -> tuple[Person, Dossier]:
    """The draft and who may change it."""
    dossier = Dossier.objects.select_related("lead").get()
    return cast.persons[dossier.lead.code], dossier


def put(cast: Cast, content: bytes = PDF, asked: str = "plan") -> Attachment:
    """Attach to the draft as it is now."""
    person, dossier = mine(cast)
    return attach(person, dossier.pk, asked, "plan.pdf", content, dossier.version, now())


def hand_in(cast: Cast) -> Dossier:
    """Hand the draft in with its document."""
    person, dossier = mine(cast)
    submit(person, dossier.pk, dossier.version, now(), despite=True)
    dossier.refresh_from_db()
    return dossier


def file_unknown(cast: Cast) -> None:
    """The call does not ask for it."""
    put(cast, PDF, "payroll")


def file_too_large(cast: Cast) -> None:
    """One byte more than the call takes."""
    put(cast, PDF.ljust(2**20 + 1, b"\n"))


def file_type(cast: Cast) -> None:
    """A picture under the name of a document."""
    put(cast, PNG)


ATTACHED: dict[DeskRefusal, Callable[[Cast], None]] = {
    DeskRefusal.FILE_UNKNOWN: file_unknown,
    DeskRefusal.FILE_TOO_LARGE: file_too_large,
    DeskRefusal.FILE_TYPE: file_type,
}


def test_a_document_that_is_refused_leaves_nothing(lone: Cast) -> None:
    """The reason is named, nothing is kept, and the draft is the version that it was."""
    before = mine(lone)[1].version
    for reason, provoke in ATTACHED.items():
        with pytest.raises(Refused) as caught:
            provoke(lone)
        assert reason is caught.value.reason
        assert (0, before) == (Attachment.objects.count(), mine(lone)[1].version)


def test_the_facts_say_the_digest_and_nothing_else(asking: Cast) -> None:
    """On either database the bytes come back, and the public line has their SHA-256 alone."""
    person, dossier = mine(asking)
    faults = [where for where, _ in answer(call_now("open"), dossier, now()).faults]
    assert ["plan"] == faults
    with pytest.raises(Refused, match="FORM_FAULTY"):
        submit(person, dossier.pk, dossier.version, now())
    kept = put(asking)
    assert PDF == bytes(Attachment.objects.get().content)
    dossier = hand_in(asking)
    told = read_line(dossier)
    assert canonical.digest(PDF) == told.fields["plan"] == kept.digest
    assert "plan.pdf" not in dossier.line


def test_another_file_is_another_version(lone: Cast) -> None:
    """A second click changes nothing; what was handed in once is kept, because it is public."""
    put(lone)
    version = mine(lone)[1].version
    put(lone)
    assert (1, version) == (Attachment.objects.count(), mine(lone)[1].version)
    put(lone, PDF + b"\n")
    assert (1, version + 1) == (Attachment.objects.count(), mine(lone)[1].version)
    dossier = hand_in(lone)
    with pytest.raises(Refused, match="HANDED_IN"):
        put(lone)
    person = mine(lone)[0]
    withdraw(person, dossier.pk, now())
    put(lone)
    assert 2 == Attachment.objects.count()
    dossier.refresh_from_db()
    detach(person, dossier.pk, "plan", dossier.version, now())
    assert 2 == Attachment.objects.filter(replaced__isnull=False).count()
    with pytest.raises(Refused, match="STALE"):
        detach(person, dossier.pk, "plan", dossier.version, now())


def test_a_members_consent_falls_with_a_new_document(lone: Cast) -> None:
    """A member agrees to the documents too."""
    person, dossier = mine(lone)
    other = lone.register(lone.facts["applications/open"][2].applicant)
    code = lone.facts["applications/open"][2].applicant.id
    applying = lone.facts["applications/open"][1]
    alliance = lone.ally(applying, person, now())
    enter_alliance(person, alliance, code, "member", 1, now())
    draft = lone.draft(applying, alliance)
    dossier = save_draft(person, draft, now(), dossier.pk, dossier.version)
    kept = put(lone)
    dossier.refresh_from_db()
    assert "plan.pdf" in browser(other).get(reverse("applications")).content.decode()
    consent(other, dossier.pk, code, dossier.version, now())
    assert () == answer(call_now("open"), dossier, now()).absent
    assert 200 == browser(other).get(reverse("attachment", args=(kept.pk,))).status_code
    put(lone, PDF + b"\n")
    dossier.refresh_from_db()
    (missing,) = answer(call_now("open"), dossier, now()).absent
    assert str(Organisation.objects.get(code=code)) == missing


def status(person: Person, kept: Attachment) -> int:
    """What somebody gets who asks for a document."""
    return browser(person).get(reverse("attachment", args=(kept.pk,))).status_code


def test_a_document_is_seen_by_whom_the_application_is_seen_by(lone: Cast) -> None:
    """Draft: its own people. Handed in: the office too, and reviewers with a seat, once cleared."""
    kept = put(lone)
    owner_of_it = mine(lone)[0]
    auditor, stranger = somebody("auditor", Role.AUDITOR), somebody("other", Role.APPLICANT)
    everybody = (owner_of_it, lone.officer, lone.owner, auditor, lone.operator, stranger)
    assert [200, 404, 404, 404, 404, 404] == [status(one, kept) for one in everybody]
    assert 302 == Client().get(reverse("attachment", args=(kept.pk,))).status_code
    dossier = hand_in(lone)
    assert [200, 200, 200, 200, 404, 404] == [status(one, kept) for one in everybody]
    code = dossier.code or ""
    while not call_now("open").received:
        event, moment = coming()
        take_due(lone.officer, str(event), moment)
    seated, other = somebody("seated"), somebody("unseated")
    for number, person in enumerate((seated, other)):
        appoint(lone.officer, person, f"REV-{number}", "", {}, now())
    seat(lone.officer, code, "REV-0", now())
    assert [404, 404] == [status(one, kept) for one in (seated, other)]
    declare_conflict(seated, code, "", now())
    assert [200, 404] == [status(one, kept) for one in (seated, other)]
    assert "plan.pdf" in browser(seated).get(reverse("review", args=(code,))).content.decode()
    declare_conflict(seated, code, "a cousin", now())
    assert 404 == status(seated, kept)
    assert "plan.pdf" in browser(lone.officer).get(f"/doubles/{code}/").content.decode()
    act_for(lone.officer, lone.officer, dossier.lead.code, now())
    assert 404 == status(lone.officer, kept)
    page = browser(lone.officer).get(f"/doubles/{code}/").content.decode()
    assert "plan.pdf" not in page
    assert "You have a part in this application" in page
    give_roles(owner_of_it, [])
    owner_of_it.groups.clear()
    assert 404 == status(Person.objects.get(pk=owner_of_it.pk), kept)


def test_a_document_is_a_download_and_runs_nothing(lone: Cast) -> None:
    """Whatever it holds, a browser keeps it as a file, under a name of the portal's own."""
    put(lone)
    Attachment.objects.update(name='"><script>alert(1)</script>.pdf')
    kept = Attachment.objects.get()
    client = browser(mine(lone)[0])
    got = client.get(reverse("attachment", args=(kept.pk,)))
    assert 'attachment; filename="open-plan.pdf"' == got["Content-Disposition"]
    assert "application/octet-stream" == got["Content-Type"]
    assert "nosniff" == got["X-Content-Type-Options"]
    assert "sandbox" in got["Content-Security-Policy"]
    assert "no-store" in got["Cache-Control"]
    page = client.get(reverse("attachments", args=(kept.dossier_id,))).content.decode()
    assert "<script>alert" not in page


def sent(name: str, content: bytes, version: int, asked: str = "plan") -> dict[str, Any]:
    """What the form of a document sends."""
    file = SimpleUploadedFile(name, content, "application/pdf")
    return {"deed": "attach", "asked": asked, "version": str(version), "file": file}


def test_what_was_typed_is_saved_before_a_file_is_chosen(lone: Cast) -> None:
    """The form leads to the documents over a saved draft, so a refused file costs no text."""
    person, dossier = mine(lone)
    client = browser(person)
    own, files = (reverse(name, args=(dossier.pk,)) for name in ("application", "attachments"))
    typed = {"version": str(dossier.version), "title": "Kế hoạch", "months": "6"}
    went = client.post(own, {**typed, "deed": "attach"})
    assert files == went.headers["Location"]
    dossier.refresh_from_db()
    for wrong, why in (
        (sent("plan.pdf", PNG, dossier.version), "Attach a file of a type that is asked for"),
        (sent("plan.pdf", PDF.ljust(2**20 + 1), dossier.version), "Attach a smaller file"),
        ({"asked": "plan"}, "Choose a file first."),
    ):
        assert why in client.post(files, wrong, follow=True).content.decode()
    client.post(files, sent("../../etc/kế hoạch.pdf", PDF, dossier.version))
    assert "kế hoạch.pdf" == Attachment.objects.get().name
    assert "Kế hoạch" == Dossier.objects.get().title
    page = client.get(own).content.decode()
    assert "kế hoạch.pdf" in page
    dossier.refresh_from_db()
    client.post(own, {"version": str(dossier.version), "title": "2", "deed": "save"})
    assert 1 == Attachment.objects.filter(replaced__isnull=True).count()


def test_a_body_of_a_hundred_megabytes_is_not_read(lone: Cast) -> None:
    """It is answered with a readable page before a byte of it was asked for."""
    path = reverse("attachments", args=(mine(lone)[1].pk,))
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        pytest.fail("the body was read")

    headers = [(b"host", b"testserver"), (b"content-length", str(100 * 2**20).encode())]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": headers,
        "query_string": b"",
    }
    asyncio.run(application(scope, receive, send))
    assert 413 == told[0]["status"]
    assert b"Nothing was changed" in told[1]["body"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("plan.pdf", "plan.pdf"),
        ("C:\\Users\\kim\\plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x", "a  Set-Cookie: x"),
        ("", "file"),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_files_name_is_one_plain_line(name: str, plain: str) -> None:
    """Folders, line ends and marks that turn a line around are no part of a name."""
    assert plain == plain_name(name)


def test_what_may_be_funded_twice_is_shown_before_handing_in(lone: Cast) -> None:
    """An applicant sees their own organisation's other application, and nobody else's."""
    person, dossier = mine(lone)
    own = reverse("application", args=(dossier.pk,))
    assert "May it be funded twice?" not in browser(person).get(own).content.decode()
    put(lone)
    first = hand_in(lone)
    stranger = lone.facts["applications/open"][2]
    lone.register(stranger.applicant)
    applying = lone.draft(lone.facts["applications/open"][1])
    again = save_draft(person, applying, now())
    page = browser(person).get(reverse("application", args=(again.pk,))).content.decode()
    assert "May it be funded twice?" in page
    assert first.code is not None
    assert first.code in page
    other = save_draft(lone.persons[stranger.applicant.id], lone.draft(stranger), now())
    theirs = browser(lone.persons[stranger.applicant.id])
    page = theirs.get(reverse("application", args=(other.pk,))).content.decode()
    assert first.code not in page


def test_a_browser_offers_the_files_that_are_asked_for(lone: Cast) -> None:
    """Pictures and texts end as people's own files do, not only as the policy calls their type."""
    dossier = Dossier.objects.get()
    person = lone.applicant_of("open-0002")
    page = browser(person).get(reverse("attachments", args=(dossier.pk,))).content.decode()
    assert 'accept=".png,.jpg,.jpeg"' in page
    assert ("txt", "text") == endings("text")
