"""What whoever runs a site relies on: counters, lines of the log, checks before it opens."""

import json
import logging
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest
from django.test import Client, override_settings

from headgate.core.ledger.refused import Refused
from headgate.site.actions.people import first_owner
from headgate.site.desk.clock import now
from headgate.site.portal.models import Person
from headgate.site.portal.people import first_password
from headgate.site.portal.roles import Role, roles_of
from headgate.site.portal.watched import Lines, OfRequest
from tests.commands import HEADGATE, environment
from tests.servers.postgres import Cluster
from tests.site.chromium import served
from tests.site.conftest import SITE_USER
from tests.site.portal.asking import text_of

RIGHT = {
    "HEADGATE_HOSTS": '["gpu.example.org"]',
    "HEADGATE_ADDRESS": "https://gpu.example.org",
    "HEADGATE_EMAIL_HOST": "mail.example.org",
    "HEADGATE_EMAIL_FROM": "gpu@example.org",
}


def run(folder: Path, *words: str, code: int, **told: str) -> str:
    """A command of its own process, with these settings and no others."""
    done = subprocess.run(
        [*HEADGATE, *words],
        cwd=folder,
        env=environment(**told),
        capture_output=True,
        text=True,
        check=False,
    )
    assert code == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_worker_holds_nothing_that_only_some_sites_or_pages_need(tmp_path: Path) -> None:
    """A client of the web for providers, what statistics are computed with and the replay's readers
    wait until they are used: 17 MiB of a worker that is promised to stay below 150.
    """
    waiting = ["requests", "numpy", "headgate.whatif", "zstandard", "numba", "wsproto"]
    script = (
        "import sys, django; from django.urls import resolve; django.setup(); resolve('/')\n"
        f"print([name for name in {waiting!r} if name in sys.modules])"
    )
    told = environment(DJANGO_SETTINGS_MODULE="headgate.site.settings")
    command = [sys.executable, "-c", script]
    assert "[]\n" == subprocess.check_output(command, cwd=tmp_path, env=told, text=True)


def test_a_ledger_command_finds_the_database_where_the_service_does(tmp_path: Path) -> None:
    """In a file of secrets, unless the environment says another; else it says what is missing."""
    address = f"sqlite:///{tmp_path}/kept.db"
    run(tmp_path, "ledger", "create", address, code=0)
    assert "Missing option '--database'" in run(tmp_path, "ledger", "status", code=2)
    (tmp_path / "HEADGATE_DATABASE").write_text(f"{address}\n")
    secrets = str(tmp_path)
    assert "0 entries" in run(tmp_path, "ledger", "status", code=0, HEADGATE_SECRETS=secrets)
    other = {"HEADGATE_SECRETS": secrets, "HEADGATE_DATABASE": f"sqlite:///{tmp_path}/none.db"}
    assert "none.db" in run(tmp_path, "ledger", "status", code=2, **other)


def test_letters_go_to_the_mail_server_that_is_said(tmp_path: Path) -> None:
    """Address, port, encryption and account are settings; the password is a secret file."""
    (tmp_path / "HEADGATE_EMAIL_PASSWORD").write_text("from a file\n")
    told = environment(
        DJANGO_SETTINGS_MODULE="headgate.site.settings",
        HEADGATE_SECRETS=str(tmp_path),
        HEADGATE_EMAIL_HOST="mail.example.org",
        HEADGATE_EMAIL_PORT="587",
        HEADGATE_EMAIL_SECURITY="starttls",
        HEADGATE_EMAIL_USER="gpu",
    )
    script = (
        "import django; django.setup(); from django.core.mail import get_connection as server\n"
        "s = server(); print(s.host, s.port, s.use_tls, s.use_ssl, s.username, s.password)"
    )
    command = [sys.executable, "-c", script]
    said = subprocess.check_output(command, cwd=tmp_path, env=told, text=True)
    assert "mail.example.org 587 True False gpu from a file\n" == said


def test_a_file_of_the_site_comes_whole_with_what_keeps_it(portal: Client) -> None:
    """A stream would be gathered by Django with a warning on the screen of who began the portal."""
    address = re.findall('<link[^>]*href="(/static/[^"]*[.]css)"', text_of(portal.get("/")))[0]
    file = portal.get(address)
    assert not file.streaming
    assert file.content.startswith(b"/*")
    assert str(len(file.content)) == file["Content-Length"]
    assert "max-age" in file["Cache-Control"]
    again = portal.get(address, headers={"If-Modified-Since": file["Last-Modified"]})
    assert (304, b"") == (again.status_code, again.content)


def test_what_is_counted_and_who_may_read_it(portal: Client) -> None:
    """Answers by page, the journal's size; for this machine, or for whoever has the token."""
    assert 200 == portal.get("/calls/").status_code
    shown = text_of(portal.get("/metrics"))
    assert 'headgate_answers_total{method="GET",page="calls",status="200"}' in shown
    assert "headgate_journal_entries" in shown
    assert "headgate_letters_waiting 0.0" in shown
    assert 403 == portal.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code
    assert 403 == portal.get("/metrics", REMOTE_ADDR="203.0.113.7").status_code
    with override_settings(HEADGATE_METRICS_TOKEN="a token"):
        assert 403 == portal.get("/metrics").status_code
        given = {"Authorization": "Bearer a token"}
        assert 200 == portal.get("/metrics", headers=given).status_code


def test_a_line_of_the_log_says_what_and_never_what_was_asked(portal: Client) -> None:
    """One JSON object an answer, with the name that the request has outside; no query, no name."""
    said = StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(Lines())
    handler.addFilter(OfRequest())
    log = logging.getLogger("headgate.answers")
    log.addHandler(handler)
    before = log.level
    log.setLevel(logging.INFO)
    try:
        given = {"X-Request-ID": "proxy-000042"}
        answer = portal.get("/calls/?q=secret%0Aline", headers=given)
        portal.get("/calls/", headers={"X-Request-ID": 'bad "name"'})
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
    assert "proxy-000042" == answer.headers["X-Request-ID"]
    first, second = map(json.loads, said.getvalue().splitlines())
    assert ("calls", 200, "proxy-000042") == (first["page"], first["status"], first["request"])
    assert "secret" not in said.getvalue()
    assert 32 == len(second["request"])


def test_a_refused_request_is_one_line_of_the_log() -> None:
    """Whoever sends a wrong host fills no disk; a failure of the program keeps its traceback."""
    told = {}
    for name in ("django.security.DisallowedHost", "django.request"):
        where = (ValueError, ValueError("evil.org"), None)
        record = logging.LogRecord(name, logging.ERROR, "", 0, "refused", (), where)
        assert OfRequest().filter(record)
        told[name] = record.exc_info is not None
    assert {"django.security.DisallowedHost": False, "django.request": True} == told


def test_a_site_is_checked_before_it_opens(tmp_path: Path) -> None:
    """Every fault at once, each by name with what mends it; mended, it passes."""
    address = f"sqlite:///{tmp_path / 'site.db'}"
    words = ("check", "--deploy", "--database", address)
    said = run(tmp_path, *words, code=2, HEADGATE_DEMO="true", HEADGATE_HTTPS="false")
    for name in ("demo", "hosts", "address", "email", "tables"):
        assert f"[site-{name}]" in said
    assert "[security-w012]" in said
    run(tmp_path, "migrate", "--database", address, code=0)
    assert "[site-nobody]" in run(tmp_path, *words, code=2, **RIGHT)
    made = run(tmp_path, "owner", "han", "--database", address, code=0, **RIGHT)
    assert made.startswith("https://gpu.example.org/account/password/reset/key/")
    said = run(tmp_path, *words, code=0, **RIGHT)
    assert "may be opened" in said
    assert "[site-sqlite]" in said
    assert "[owned]" in run(tmp_path, "owner", "minh", "--database", address, code=2)
    assert "[programme-missing]" in run(tmp_path, "check", code=2)


def test_a_setting_that_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    """Every one at once, with what it says and an example; no library's own words and address."""
    words = ("check", "--deploy")
    said = run(tmp_path, *words, code=2, HEADGATE_HTTPS="perhaps", HEADGATE_EMAIL_PORT="smtp")
    assert 2 == said.count("[setting-unreadable]")
    assert "HEADGATE_EMAIL_PORT: Input should be a valid integer" in said
    assert "HEADGATE_HTTPS: Input should be a valid boolean" in said
    assert "pydantic" not in said
    said = run(tmp_path, *words, code=2, HEADGATE_HOSTS="gpu.example.org")
    assert "HEADGATE_HOSTS: It is no JSON. [setting-unreadable]" in said
    assert 'For example: ["localhost", "127.0.0.1", "[::1]"]' in said
    said = run(tmp_path, *words, code=2, HEADGATE_SECRETS=str(tmp_path / "none"))
    assert "HEADGATE_SECRETS: There is no folder" in said
    said = run(tmp_path, *words, code=2, HEADGATE_PROGRAMME="nowhere", HEADGATE_HOST="gpu")
    assert "There is no programme 'nowhere'. [site-programme]" in said
    assert "HEADGATE_HOST is no setting: it says nothing. [site-unknown]" in said


def test_a_service_that_owns_its_tables_is_told(postgres: Cluster, tmp_path: Path) -> None:
    """On PostgreSQL the owner makes the tables, and the service must not be their owner."""
    postgres.create("deployed")
    owner, site = postgres.url("deployed"), postgres.url("deployed", SITE_USER)
    words = ("check", "--deploy", "--database")
    assert "[site-tables]" in run(tmp_path, *words, site, code=2, **RIGHT)
    run(tmp_path, "migrate", "--database", owner, code=0)
    run(tmp_path, "owner", "han", "--database", site, code=0)
    assert "[site-owner]" in run(tmp_path, *words, owner, code=2, **RIGHT)
    assert "may be opened" in run(tmp_path, *words, site, code=0, **RIGHT)
    with served(tmp_path, ["--database", site]) as base, urlopen(f"{base}/readyz") as answer:
        assert 200 == answer.status
    assert "[site-database]" in run(tmp_path, *words, f"{site}-not", code=2, **RIGHT)


def test_rights_that_were_lost_are_given_again(postgres: Cluster, tmp_path: Path) -> None:
    """A restored database has its tables and no rights: migrate gives them, whatever was made."""
    postgres.create("restored")
    owner, site = postgres.url("restored"), postgres.url("restored", SITE_USER)
    run(tmp_path, "migrate", "--database", owner, code=0)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("REVOKE ALL ON person FROM headgate_site")
    run(tmp_path, "owner", "han", "--database", site, code=2)
    run(tmp_path, "migrate", "--database", owner, code=0)
    run(tmp_path, "owner", "han", "--database", site, code=0)
    postgres.drop("restored")


def test_the_first_owner_comes_in_once(empty_portal: Client) -> None:
    """The link sets a first password; the demo's owner is sent away before another can be made."""
    with pytest.raises(Refused, match="policy-owner"):
        first_owner("han", "", "", now())
    Person.objects.filter(groups__name=Role.POLICY_OWNER.value).update(is_active=False)
    made = first_owner("han", "Han Ji-won", "han@example.org", now())
    assert {Role.POLICY_OWNER} == roles_of(Person.objects.get(pk=made.pk))
    page = empty_portal.get(first_password(made), follow=True)
    assert 200 == page.status_code
    word = "a long phrase of words"
    where = page.redirect_chain[-1][0]
    empty_portal.post(where, {"password1": word, "password2": word})
    made.refresh_from_db()
    assert made.check_password(word)
    assert "" == first_password(made)
