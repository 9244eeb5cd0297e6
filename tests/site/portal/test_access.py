"""Who may see which page: the table of pages says it, and every page of it is asked for."""

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from headgate.site.records.database import set_up

set_up()

from headgate.site.portal.pages import PAGES  # noqa: E402
from headgate.site.portal.people import PERSONAS, Persona  # noqa: E402
from headgate.site.portal.registry import Page  # noqa: E402


def address(page: Page) -> str:
    """Where a page is."""
    return reverse(page.name, kwargs=dict(page.sample))


def enter(client: Client, persona: Persona) -> None:
    """Sign in as a person of the demo."""
    client.post(reverse("enter", kwargs={"persona": persona.username}))


def ask(client: Client, page: Page) -> int:
    """The status with which a page answers the first method that it knows."""
    how = client.post if page.methods == ("POST",) else client.get
    return how(address(page)).status_code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_page_is_seen_by_its_roles_and_nobody_else(portal: Client, page: Page) -> None:
    """Whoever has no role that the table names is refused; without an account one must sign in."""
    answer = ask(portal, page)
    assert page.is_public == (answer < 400 and "/account/login/" not in _location(portal, page))
    for persona in PERSONAS:
        portal.logout()
        enter(portal, persona)
        may = page.is_public or persona.role in page.roles
        assert may == (ask(portal, page) != 403), persona.username


def _location(client: Client, page: Page) -> str:
    how = client.post if page.methods == ("POST",) else client.get
    return str(how(address(page)).headers.get("Location", ""))


def test_a_page_outside_the_table_cannot_exist() -> None:
    """Every address is the table's, or belongs to signing in or to the switch of languages."""
    found = {p.name for p in get_resolver().url_patterns if hasattr(p, "name")}
    others = {str(p.pattern) for p in get_resolver().url_patterns if not hasattr(p, "name")}
    assert {page.name for page in PAGES} == found
    assert {"account/", "language/"} == others
