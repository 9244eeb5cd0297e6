"""What somebody may try on the portal, and the readable refusal that meets it."""

import asyncio
import re
import stat
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from uvicorn.server import ServerState

from headgate.site.actions.people import first_owner
from headgate.site.portal import refusals
from headgate.site.portal.asgi import application
from headgate.site.portal.models import Person
from headgate.site.portal.pages import PAGES
from headgate.site.portal.people import first_password
from headgate.site.portal.roles import Role
from headgate.site.portal.unreadable import Reader
from headgate.site.serving import is_loopback, secret
from tests.site.portal.asking import IN_MEMORY, LANGUAGES, address, enter, speak, text_of

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
TITLES = {
    "en": ("There is no such page", "This page is not for your role", "can no longer be sent"),
    "vi": ("Không có trang này", "không dành cho vai trò", "Không thể gửi biểu mẫu"),
    "ko": ("없는 화면입니다", "권한이 없는 화면입니다", "더 이상 제출할 수 없습니다"),
}
NOT_TAKEN = {
    "en": "This address does not take that",
    "vi": "Địa chỉ này không nhận yêu cầu như vậy",
    "ko": "이 주소는 그런 요청을 받지 않습니다",
}


def test_every_answer_forbids_what_is_not_of_this_site(portal: Client) -> None:
    """No inline script or style, no other host and no frame, on pages and on refusals."""
    for where in ("/", "/nothing/", "/account/login/", "/healthz"):
        policy = portal.get(where).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("language", LANGUAGES)
def test_refusals_are_readable_in_the_readers_language(portal: Client, language: str) -> None:
    """What is missing, forbidden or too old is said in words, with where to go next."""
    speak(portal, language)
    missing, forbidden, old = TITLES[language]
    assert missing in text_of(portal.get("/nothing/"))
    enter(portal, Role.APPLICANT)
    assert forbidden in text_of(portal.get("/decisions/"))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["django_language"] = language
    answer = strict.post("/demo/auditor/")
    assert 403 == answer.status_code
    assert old in text_of(answer)
    read = (portal.post("/decisions/"), portal.put("/"), strict.put("/"), strict.delete("/"))
    sent = portal.get("/demo/auditor/")
    for only_sent in (*read, portal.trace("/"), sent):
        assert 405 == only_sent.status_code
        assert NOT_TAKEN[language] in text_of(only_sent)
        assert only_sent.headers["Allow"]
    broken = refusals.broken(RequestFactory().get("/"))
    assert 500 == broken.status_code


LISTS = {
    Role.AGENCY_OFFICER: (
        "/calls/open/", "/decisions/", "/running/", "/invoices/", "/projects/", "/outside-grants/",
        "/organisations/", "/people/", "/boards/open/", "/entries/",
    ),
    Role.REVIEWER: ("/reviews/",),
}  # fmt: skip
HOSTILE = (
    "'", '"', "' OR 1=1 --", "\\", "%", "_", "%_\\'", "9" * 400,
    "-1", "1e9", "1000000000", "x" * 4_000, "한" * 4_000,
    unicodedata.normalize("NFD", "국가 컴퓨팅 자원"),
    "\u202e\u0301" * 90, "\U0001f600", SCRIPT, "../../etc/passwd", "__class__", "pk", "-", "--code",
    "lead__password", "person__password", "{0}", "%(n)s", "\r\nSet-Cookie: a=b", "=1+1",
)  # fmt: skip
ASKED = ("q", "sort", "after", "before", "state", "kind", "class", "format", "limit", "page")


def test_no_address_of_a_list_breaks_it(portal: Client) -> None:
    """A cursor, a column, a filter, a format or a size that nobody can have meant: the list, or a
    readable refusal; what was typed stands in no page as a script.
    """
    for role, lists in LISTS.items():
        portal.logout()
        enter(portal, role)
        for where in lists:
            assert 400 == portal.get(where, {"q": "\0"}).status_code
            for place in range(0, len(HOSTILE), 4):
                given = dict(zip(ASKED, HOSTILE[place:] + HOSTILE[:place], strict=False))
                answer = portal.get(where, given)
                assert 200 == answer.status_code, (where, given)
                assert SCRIPT not in text_of(answer)


@pytest.mark.usefixtures("portal")
def test_a_form_without_its_token_changes_nothing() -> None:
    """Another site's form signs nobody in, out, or into another language."""
    strict = Client(enforce_csrf_checks=True)
    for where in ("/demo/auditor/", "/account/login/", "/account/logout/", "/language/setlang/"):
        assert 403 == strict.post(where, {"language": "vi"}).status_code
    assert not strict.session.get("_auth_user_id")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_no_address_of_ours_leads_elsewhere(portal: Client, target: str) -> None:
    """A link to us with somebody else's address in it does not send a reader there."""
    Person.objects.create_user("minh", password="a long phrase of words")
    answer = portal.post(
        f"/account/login/?next={target}",
        {"login": "minh", "password": "a long phrase of words", "next": target},
    )
    assert "evil" not in answer.headers["Location"]
    answer = portal.post("/language/setlang/", {"language": "ko", "next": target})
    assert "evil" not in answer.headers["Location"]


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
def test_passwords_cannot_be_guessed_at_will(portal: Client) -> None:
    """After some wrong passwords even the right one waits."""
    cache.clear()
    Person.objects.create_user("minh", password="a long phrase of words")
    for _ in range(12):
        portal.post("/account/login/", {"login": "minh", "password": "wrong"})
    right = {"login": "minh", "password": "a long phrase of words"}
    answer = portal.post("/account/login/", right)
    assert answer.status_code in (200, 429)
    assert not portal.session.get("_auth_user_id")
    cache.clear()
    assert 302 == portal.post("/account/login/", right).status_code


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
@pytest.mark.usefixtures("portal")
def test_nobody_is_kept_out_by_others_guesses() -> None:
    """Where somebody has signed in before, what strangers tried under their name counts nothing.

    Theirs counts all the same, and nobody's browser is known to anybody else.
    """
    cache.clear()
    right, wrong = ({"password": word} for word in ("a long phrase of words", "wrong"))
    minh, lan = (Person.objects.create_user(name, **right) for name in ("minh", "lan"))
    home, away = Client(), Client()
    _sign_in(home, minh, right)
    _sign_in(away, lan, right)
    home.post("/account/logout/")
    away.post("/account/logout/")
    for number in range(6):
        _sign_in(away, minh, wrong, f"10.0.0.{number}")
    assert "Too many wrong passwords" in text_of(_sign_in(away, minh, right, "10.0.0.9"))
    away.cookies["known"] = home.cookies["known"].value.replace(":", "x:", 1)
    assert "Too many wrong passwords" in text_of(_sign_in(away, minh, right, "10.0.0.9"))
    for number in range(4):
        _sign_in(home, minh, wrong, f"10.0.1.{number}")
    assert 302 == _sign_in(home, minh, right).status_code
    home.post("/account/logout/")
    for number in range(6):
        _sign_in(home, minh, wrong, f"10.0.2.{number}")
    assert "Too many wrong passwords" in text_of(_sign_in(home, minh, right, "10.0.2.9"))
    cache.clear()


def _sign_in(client: Client, person: Person, word: dict[str, str], at: str = "10.0.3.1") -> Any:
    sent = {"login": person.username, **word}
    return client.post("/account/login/", sent, REMOTE_ADDR=at)


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"], **IN_MEMORY)
def test_who_has_the_address_is_let_in_however_many_guessed(portal: Client) -> None:
    """The link of a new password lets in at once, past whatever others tried under the name."""
    cache.clear()
    person = Person.objects.create_user("minh", email="minh@example.org", password="forgotten one")
    for number in range(6):
        _sign_in(Client(), person, {"password": "wrong"}, f"10.0.0.{number}")
    portal.post("/account/password/reset/", {"email": "minh@example.org"})
    letter = mail.outbox[-1]
    assert "Headgate: Password Reset Email" == letter.subject
    assert "Hello from" not in letter.body, "nobody is greeted by the name of a host"
    (path,) = re.findall("http://testserver(/account/password/reset/key/[^ ]+/)", str(letter.body))
    where = portal.get(path, follow=True).redirect_chain[-1][0]
    word = "another phrase of words"
    assert 302 == portal.post(where, {"password1": word, "password2": word}).status_code
    assert str(person.pk) == portal.session["_auth_user_id"]
    cache.clear()


TOO_MANY = {"en": "Too many attempts", "vi": "Quá nhiều lần thử", "ko": "시도가 너무 많습니다"}


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_who_sends_too_much_reads_so_in_their_language(portal: Client, language: str) -> None:
    """A flood of attempts ends at a page of this site, with what to do next."""
    cache.clear()
    speak(portal, language)
    sent = {"login": "minh", "password": "wrong"}
    answers = [portal.post("/account/login/", sent) for _ in range(40)]
    cache.clear()
    assert 429 == answers[-1].status_code
    assert f'<h1 class="govuk-heading-xl">{TOO_MANY[language]}</h1>' in text_of(answers[-1])


@override_settings(
    HEADGATE_SIGNUP="open",
    ACCOUNT_EMAIL_VERIFICATION="mandatory",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
)
@pytest.mark.usefixtures("portal")
def test_how_long_it_takes_tells_nobody_who_has_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is kept, which is slow, whether an address has an account already or not; the
    answers lead to one place.
    """
    kept: list[object] = []

    def encode(*told: object) -> str:
        kept.append(told)
        return "md5$salt$0"

    Person.objects.create_user("minh", email="minh@example.org", password="a long phrase of words")
    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    told = []
    for email in ("minh@example.org", "another@example.org"):
        cache.clear()
        form = {"email": email, "password1": "a long phrase!", "password2": "a long phrase!"}
        answer = Client().post("/account/signup/", form)
        told.append((answer.status_code, answer.headers["Location"], len(kept)))
        kept.clear()
    assert told[0] == told[1]
    assert told[0][2] > 0


def test_a_script_in_any_field_is_text(portal: Client) -> None:
    """What is typed into a filter, a cursor or a name comes back as text, never as a script."""
    enter(portal, Role.AUDITOR)
    Person.objects.filter(username="auditor").update(first_name=SCRIPT[:150], last_name="")
    for page in PAGES:
        if page.methods == ("GET", "HEAD"):
            query = dict.fromkeys(("q", "sort", "after", "step", "outcome", "before"), SCRIPT)
            shown = text_of(portal.get(address(page), query))
            assert "<script>alert" not in shown
            assert "<img src=x" not in shown


def test_a_body_of_a_hundred_megabytes_is_refused_unread(portal: Client) -> None:
    """A form larger than any of ours is refused with a page, not with a full memory."""
    answer = portal.post("/account/login/", {"login": "x" * (100 * 1024**2)})
    assert 400 == answer.status_code
    assert "This could not be read" in text_of(answer)


def test_accounts_are_closed_unless_the_site_opens_them(portal: Client) -> None:
    """Nobody makes an account where the site does not say so; a new one is an applicant's."""
    form = {"email": "a@example.org", "password1": "a long phrase!", "password2": "a long phrase!"}
    portal.post("/account/signup/", form)
    assert not Person.objects.filter(email="a@example.org").exists()
    with override_settings(HEADGATE_SIGNUP="open"):
        portal.post("/account/signup/", form)
    made = Person.objects.get(email="a@example.org")
    assert frozenset({"applicant"}) == made.group_names


@override_settings(HEADGATE_SIGNUP="open", ACCOUNT_EMAIL_VERIFICATION="mandatory")
@pytest.mark.parametrize("email", ["han@example.org", ""], ids=["address", "none"])
def test_who_was_let_in_by_the_office_needs_no_letter(empty_portal: Client, email: str) -> None:
    """Where anybody may make an account and must show that the address is theirs, the office's own
    people sign in with the password that they set by its link.
    """
    cache.clear()
    Person.objects.filter(groups__name=Role.POLICY_OWNER.value).update(is_active=False)
    person = first_owner("han", "Han Ji-won", email, datetime(2026, 11, 1, tzinfo=UTC))
    page = empty_portal.get(first_password(person), follow=True)
    word = "a long phrase of words"
    where = page.redirect_chain[-1][0]
    empty_portal.post(where, {"password1": word, "password2": word})
    answer = empty_portal.post("/account/login/", {"login": "han", "password": word})
    assert (302, "/home/") == (answer.status_code, answer.headers["Location"])


def test_the_secret_is_its_owners_alone(tmp_path: Path) -> None:
    """The file that signs sessions can be read by nobody else, and is made once."""
    made = secret(tmp_path / "headgate.secret")
    assert 0o600 == stat.S_IMODE((tmp_path / "headgate.secret").stat().st_mode)
    assert made == secret(tmp_path / "headgate.secret")
    assert 50 <= len(made)


def test_only_this_machine_may_go_without_https() -> None:
    """Cookies travel without HTTPS on loopback alone."""
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("portal.example.org")


def test_pages_behind_a_role_are_kept_by_no_cache(portal: Client) -> None:
    """A shared computer's browser shows nothing of it after signing out."""
    enter(portal, Role.AUDITOR)
    assert "no-store" in portal.get(reverse("decisions")).headers["Cache-Control"]


@pytest.mark.parametrize(
    "sent",
    [b"GET /calls/?q=" + b"a" * 200_000, b"GET /\0 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n\r\n"],
    ids=["too-long", "nul", "no-text"],
)
def test_what_is_no_request_is_refused_in_all_languages(sent: bytes) -> None:
    """Whose address is too long, or whose browser sends none at all, reads why in their own."""
    headers, _, page = asyncio.run(_answer_to(sent)).decode().partition("\r\n\r\n")
    assert headers.startswith("HTTP/1.1 400 ")
    assert "default-src 'none'" in headers
    for language, told in (
        ("en", "could not be read"),
        ("vi", "Không đọc được"),
        ("ko", "읽을 수"),
    ):
        assert f'lang="{language}"' in page
        assert told in page


async def _answer_to(sent: bytes) -> bytes:
    """What the portal's server says to some bytes."""
    config = uvicorn.Config(application)
    config.load()

    def reader() -> asyncio.Protocol:
        return Reader(config, ServerState(), {})

    async with await asyncio.get_running_loop().create_server(reader, "127.0.0.1", 0) as server:
        reading, writing = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writing.write(sent)
        told = await reading.read()
        writing.close()
    return told
