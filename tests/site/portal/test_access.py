"""Who may see which page: the table of pages says it, and every page of it is asked for."""

import pytest
from django.test import Client, RequestFactory, override_settings
from django.urls import get_resolver, reverse

from headgate.site.portal.models import Person
from headgate.site.portal.pages import PAGES
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role, roles_of
from tests.site.portal.asking import address, ask, enter


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_page_is_seen_by_its_roles_and_nobody_else(portal: Client, page: Page) -> None:
    """Whoever has no role that the table names is refused; without an account one must sign in."""
    answer = ask(portal, page)
    sent_away = answer.status_code == 302 and "/account/login/" in answer.headers["Location"]
    assert page.is_public == (not sent_away)
    for role in Role:
        portal.logout()
        enter(portal, role)
        expected = 403 if not page.is_public and role not in page.roles else answer.status_code
        status = ask(portal, page).status_code
        assert (status == 403) == (expected == 403), role
        # What somebody has no part in, a page of the desk says is not there.
        assert status in (200, 302, 403) or (status == 404 and page.sample)


def test_a_page_outside_the_table_cannot_exist() -> None:
    """Every address is the table's, the agents', or of signing in or the switch of languages."""
    found = {p.name for p in get_resolver().url_patterns if hasattr(p, "name")}
    others = {str(p.pattern) for p in get_resolver().url_patterns if not hasattr(p, "name")}
    assert {page.name for page in PAGES} == found
    assert {"account/", "agents/", "language/", "tables/"} == others


def test_no_page_is_shown_to_somebody_who_was_put_out(portal: Client) -> None:
    """Off-boarding takes every page away at once, in the session that runs too."""
    enter(portal, Role.AUDITOR)
    assert 200 == portal.get(reverse("decisions")).status_code
    Person.objects.filter(username="auditor").update(is_active=False)
    assert 302 == portal.get(reverse("decisions")).status_code
    assert frozenset() == roles_of(Person.objects.get(username="auditor"))


def test_a_superuser_has_no_way_round(portal: Client) -> None:
    """Pages ask for a role: Django's superuser, who passes every permission, has none."""
    root = Person.objects.create_superuser("root", password="a long phrase of words")
    portal.force_login(root)
    assert 403 == portal.get(reverse("decisions")).status_code


def test_only_the_demo_lets_in_by_one_click(portal: Client) -> None:
    """Where the site is no demo, the people of the demo cannot be entered by anybody."""
    with override_settings(HEADGATE_DEMO=False):
        assert 404 == portal.get(reverse("personas")).status_code
        assert 404 == portal.post(reverse("enter", kwargs={"persona": "auditor"})).status_code
    assert "_auth_user_id" not in portal.session
    assert not any(p.has_usable_password() for p in Person.objects.all())


@pytest.mark.parametrize("page", [p for p in PAGES if p.methods == ("GET", "HEAD")])
def test_a_page_that_is_read_takes_nothing(portal: Client, page: Page) -> None:
    """What is only read answers to no other method."""
    enter(portal, Role.AUDITOR)
    assert portal.post(address(page)).status_code == 405


def test_a_providers_groups_are_the_roles_and_no_others(portal: Client) -> None:
    """At each sign-in by OpenID Connect the roles are those of the groups, taken away ones too."""
    from types import SimpleNamespace

    from headgate.site.portal.people import SocialAdapter

    enter(portal, Role.AUDITOR)
    person = Person.objects.get(username="auditor")
    told = {"userinfo": {"groups": ["gpu-office", "unknown"]}, "id_token": {"sub": "7"}}
    signing_in = SimpleNamespace(
        is_existing=True, user=person, account=SimpleNamespace(extra_data=told)
    )
    with override_settings(HEADGATE_OIDC_ROLES={"gpu-office": "agency_officer"}):
        SocialAdapter().pre_social_login(RequestFactory().get("/"), signing_in)
    again = Person.objects.get(username="auditor")
    assert frozenset({Role.AGENCY_OFFICER}) == roles_of(again)
    assert 403 != portal.get("/decisions/").status_code
