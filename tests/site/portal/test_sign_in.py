"""Signing in: by a provider's word, by a second step, from several places at once."""

import hmac
import re
import socket
import struct
import subprocess
import sys
import time
from base64 import b32decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha1
from html import unescape
from urllib.parse import quote, urlsplit

import pytest
import requests
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role, roles_of
from tests.site.portal.asking import text_of

PASSWORD = "a long phrase of words"
ROLES = {"gpu-office": "agency_officer", "auditors": "auditor"}


@contextmanager
def running() -> Iterator[str]:
    """A provider in a process of its own, ended by its id."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://localhost:{port}"
    try:
        for _ in range(300):
            assert server.poll() is None
            try:
                requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield issuer
    finally:
        server.terminate()
        server.wait(120)


@pytest.fixture
def provider(portal: Client) -> Iterator[str]:
    """A real OpenID Connect provider on this machine, which the portal is told of."""
    del portal
    with running() as issuer:
        one = {"provider_id": "oidc", "name": "Ministry", "client_id": "headgate", "secret": "s"}
        app = {**one, "settings": {"server_url": issuer}}
        told = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        with override_settings(
            SOCIALACCOUNT_PROVIDERS=told,
            HEADGATE_OIDC_ROLES=ROLES,
            HEADGATE_FORM_TARGETS=[issuer],
        ):
            yield issuer


def known(provider: str, subject: str, groups: list[str]) -> None:
    """Let the provider know somebody and their groups."""
    claims = {"email": f"{subject}@example.org", "name": subject, "groups": groups}
    answer = requests.put(f"{provider}/users/{quote(subject)}", json=claims, timeout=10)
    assert 204 == answer.status_code


def signed_in(provider: str, subject: str) -> Client:
    """A browser in which somebody signs in by the provider, step by step as a person does."""
    client = Client()
    assert "Ministry" in text_of(client.get("/account/login/"))
    sent = client.post("/account/oidc/oidc/login/")
    where = sent.headers["Location"]
    assert where.startswith(provider)
    assert "code_challenge" in where
    agreed = requests.post(where, data={"sub": subject}, allow_redirects=False, timeout=10)
    back = urlsplit(agreed.headers["Location"])
    assert "/account/oidc/oidc/login/callback/" == back.path
    done = client.get(f"{back.path}?{back.query}")
    assert "/home/" == done.headers["Location"], text_of(done)
    return client


def test_a_providers_groups_are_roles_at_each_sign_in(provider: str) -> None:
    """Who is in a group has its role, and who has left it has it no more."""
    known(provider, "minh", ["gpu-office", "others"])
    client = signed_in(provider, "minh")
    assert 200 == client.get("/boards/").status_code
    assert frozenset({Role.AGENCY_OFFICER}) == roles_of(
        Person.objects.get(email__startswith="minh")
    )
    known(provider, "minh", ["auditors"])
    signed_in(provider, "minh")
    minh = Person.objects.get(email__startswith="minh")
    assert frozenset({Role.AUDITOR}) == roles_of(minh)
    known(provider, "minh", [])
    signed_in(provider, "minh")
    assert 403 == client.get("/boards/").status_code
    assert 1 == Person.objects.filter(email__startswith="minh").count()


def test_a_forged_answer_of_the_provider_lets_nobody_in(provider: str) -> None:
    """A code that the provider never gave, or an answer that was not asked for, is refused."""
    client = Client()
    client.post("/account/oidc/oidc/login/")
    for query in ("code=forged&state=forged", "code=forged", "error=access_denied", ""):
        answer = client.get(f"/account/oidc/oidc/login/callback/?{query}")
        assert answer.status_code in (200, 302, 401, 403)
        assert "_auth_user_id" not in client.session
    assert provider


def code_of(secret: str, at: float) -> str:
    """The six digits of RFC 6238 for a secret, reckoned here by the RFC alone."""
    digest = hmac.new(b32decode(secret), struct.pack(">Q", int(at) // 30), sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def activated(client: Client) -> tuple[str, list[str]]:
    """A second step set up at the pages: its secret, and the recovery codes that are shown."""
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = unescape(text_of(client.get("/account/2fa/totp/activate/")))
    assert " disabled" not in page, "on a telephone the secret is copied by hand"
    (secret,) = set(re.findall(r"\b[A-Z2-7]{32}\b", page))
    wrong = client.post("/account/2fa/totp/activate/", {"code": "000000"})
    assert "govuk-error" in text_of(wrong)
    client.post("/account/2fa/totp/activate/", {"code": code_of(secret, time.time())})
    shown = text_of(client.get("/account/2fa/recovery-codes/"))
    return secret, re.findall(r"\b[0-9a-f]{8}\b", shown)


def test_a_second_step_and_what_recovers_it(portal: Client) -> None:
    """With a second step the password alone opens nothing; each recovery code opens once."""
    cache.clear()
    Person.objects.create_user("minh", password=PASSWORD, email="minh@example.org")
    portal.post("/account/login/", {"login": "minh", "password": PASSWORD})
    secret, codes = activated(portal)
    assert 10 == len(codes)

    def step(code: str) -> bool:
        cache.clear()
        client = Client()
        first = client.post("/account/login/", {"login": "minh", "password": PASSWORD})
        assert "/account/2fa/authenticate/" == first.headers["Location"]
        assert 302 == client.get("/profile/").status_code
        client.post("/account/2fa/authenticate/", {"code": code})
        return client.get("/profile/").status_code == 200

    assert not step("000000")
    assert not step(code_of(secret, time.time() - 90))
    assert step(code_of(secret, time.time() + 30)), "a telephone may be half a minute ahead"
    assert step(codes[0])
    assert not step(codes[0])
    assert step(codes[1])


def test_a_second_step_cannot_be_guessed_at_will(portal: Client) -> None:
    """After some wrong codes even the right one waits."""
    cache.clear()
    Person.objects.create_user("minh", password=PASSWORD)
    portal.post("/account/login/", {"login": "minh", "password": PASSWORD})
    _secret, codes = activated(portal)
    cache.clear()
    client = Client()
    client.post("/account/login/", {"login": "minh", "password": PASSWORD})
    for number in range(12):
        client.post("/account/2fa/authenticate/", {"code": f"{number:06d}"})
    client.post("/account/2fa/authenticate/", {"code": codes[0]})
    assert "_auth_user_id" not in client.session
    cache.clear()


def test_sessions_are_listed_and_ended(portal: Client) -> None:
    """Whoever forgot to sign out elsewhere ends that session from here."""
    cache.clear()
    Person.objects.create_user("minh", password=PASSWORD)
    agent = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
    there = Client(HTTP_USER_AGENT=agent)
    for client in (portal, there):
        client.post("/account/login/", {"login": "minh", "password": PASSWORD})
        assert 200 == client.get("/profile/").status_code
    listed = text_of(portal.get("/account/sessions/"))
    assert "Chrome – Android" in listed
    assert "Mozilla" not in listed
    portal.post("/account/sessions/")
    assert 302 == there.get("/profile/").status_code
    assert 200 == portal.get("/profile/").status_code


def test_many_sessions_are_read_some_at_a_time(portal: Client) -> None:
    """A page of them asks as much of the database for hundreds as for one, and ends what it did."""
    cache.clear()
    person = Person.objects.create_user("minh", password=PASSWORD)
    portal.post("/account/login/", {"login": "minh", "password": PASSWORD})
    with CaptureQueriesContext(connections["default"]) as few:
        portal.get("/account/sessions/")
    later = timezone.now() + timedelta(hours=1)
    for number in range(120):
        expires = later if number else timezone.now() - timedelta(hours=1)
        Session.objects.create(session_key=f"s{number}", session_data="", expire_date=expires)
        UserSession.objects.create(
            user=person, session_key=f"s{number}", ip="10.0.0.1", user_agent=f"Robot {number}"
        )
    with CaptureQueriesContext(connections["default"]) as many:
        pages = [text_of(portal.get(f"/account/sessions/?page={n}")) for n in (1, 2, 3)]
    assert 3 * len(few) == len(many)
    assert [50, 50, 20] == [page.count("Started At") for page in pages]
    assert [1, 1, 0] == [page.count('rel="next"') for page in pages]


@pytest.mark.parametrize("said", ["qwertyuiop", " QwertyUiop "])
def test_a_common_password_is_refused(said: str) -> None:
    """What everybody tries first opens no account, however its letters are written."""
    with pytest.raises(ValidationError) as refused:
        validate_password(said)
    assert ["password_too_common"] == [one.code for one in refused.value.error_list]
    validate_password("qwertyuiop of the ferry")
