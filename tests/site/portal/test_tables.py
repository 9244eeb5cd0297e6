"""The tables as they lie: for auditors, to read."""

import re
from typing import Any

import pytest
from django.db.models.options import Options
from django.test import Client
from django.urls import reverse

from headgate.site.portal.models import Person
from headgate.site.portal.roles import Role
from headgate.site.portal.tables import APPS, NAMES, tables
from tests.site.portal.asking import enter, speak, text_of

MODELS = [model._meta for model in tables()._registry]


@pytest.mark.parametrize("table", MODELS, ids=lambda table: table.db_table)
def test_a_table_is_read_by_auditors_and_changed_by_nobody(
    portal: Client, table: "Options[Any]"
) -> None:
    """Rows and each row's page are shown; nothing is changed, and no address adds or removes."""
    name = f"tables:{table.app_label}_{table.model_name}"
    enter(portal, Role.AUDITOR)
    listed = portal.get(reverse(f"{name}_changelist"))
    assert 200 == listed.status_code
    assert 404 == portal.get(reverse(f"{name}_changelist") + "add/").status_code
    row = re.search(rf'href="({reverse(f"{name}_changelist")}[^"]+/change/[^"]*)"', text_of(listed))
    if row is not None:
        shown = portal.get(row[1])
        assert 200 == shown.status_code
        assert " object (" not in text_of(listed) + text_of(shown)
        assert 403 == portal.post(row[1], {}).status_code
        assert 404 == portal.post(row[1].replace("/change/", "/delete/"), {}).status_code


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Who did what when (desk_deed)"),
        ("vi", "Ai đã làm gì, khi nào (desk_deed)"),
        ("ko", "누가 언제 무엇을 했는가 (desk_deed)"),
    ],
)
def test_a_table_is_called_in_words_and_as_in_the_database(
    portal: Client, language: str, said: str
) -> None:
    """An auditor reads what a table holds, and finds by its name one that they were told of."""
    enter(portal, Role.AUDITOR)
    speak(portal, language)
    shown = text_of(portal.get("/tables/"))
    assert {"desk_deed", "entry", "agents_returned"} <= set(re.findall(r"\w+", shown.lower()))
    assert "entrys" not in shown.lower()
    assert said in shown
    assert said in text_of(portal.get("/tables/desk/deed/"))
    assert set(NAMES) == {model.db_table for model in MODELS}


def test_what_lets_somebody_in_is_in_no_table(portal: Client) -> None:
    """Neither hashes of passwords nor tokens, and no table of sessions or second steps."""
    person = Person.objects.create_user("minh", password="a long phrase of words")
    enter(portal, Role.AUDITOR)
    shown = text_of(portal.get(f"/tables/portal/person/{person.pk}/change/"))
    assert "minh" in shown
    assert "pbkdf2" not in shown
    assert {*APPS} == {model._meta.app_label for model in tables()._registry}


def test_nobody_else_sees_the_tables(portal: Client) -> None:
    """No other role, no superuser, no account: each is led to their own page."""
    Person.objects.create_superuser("root", password="a long phrase of words")
    portal.login(username="root", password="a long phrase of words")
    assert 302 == portal.get("/tables/").status_code
    for role in Role:
        portal.logout()
        enter(portal, role)
        assert (200 if role is Role.AUDITOR else 302) == portal.get("/tables/").status_code
    portal.logout()
    assert 302 == portal.get("/tables/records/entry/").status_code


@pytest.mark.parametrize(
    ("language", "said"), [("vi", "Công việc của mọi người:"), ("ko", "사람들이 하는 업무:")]
)
def test_the_parts_of_the_site_are_called_in_words(
    portal: Client, language: str, said: str
) -> None:
    """No heading is a name of the code, and no Korean title has a particle in brackets."""
    enter(portal, Role.AUDITOR)
    speak(portal, language)
    shown = text_of(portal.get("/tables/"))
    assert said in shown
    headings = re.findall(r'class="section"[^>]*>\s*([^<]+)', shown)
    assert len(headings) == len(APPS)
    assert not {one.strip().lower() for one in headings} & set(APPS)
    assert "를(을)" not in text_of(portal.get("/tables/desk/deed/"))
