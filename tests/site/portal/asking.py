"""How the portal's tests ask for pages."""

from collections.abc import Collection
from typing import Any

import django
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from headgate.site.desk import remembered
from headgate.site.portal import lists, reading
from headgate.site.portal.pages import PAGES
from headgate.site.portal.people import PERSONAS, Persona
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role

LANGUAGES = ("en", "vi", "ko")


def letters_by(backend: str) -> dict[str, Any]:
    """The settings by which letters go out by a backend, before and since Django 6.1."""
    if django.VERSION >= (6, 1):
        return {"MAILERS": {"default": {"BACKEND": backend}}}
    return {"EMAIL_BACKEND": backend}


IN_MEMORY = letters_by("django.core.mail.backends.locmem.EmailBackend")
"""Letters are kept for the test to read."""

MOST, PUBLIC_MOST = 12, 3
"""Queries of a page, whatever there is."""


def sample_of(page: Page) -> dict[str, Any]:
    """Values for the parts of a page's path that fit the programme which has begun."""
    stood = reading.programme()
    values = dict(page.sample)
    if stood is None or not stood.holdings or "call" not in values:
        return values
    award = next(iter(stood.holdings))
    fitting = {"call": award.call, "application": award.award}
    return {name: fitting.get(name, value) for name, value in values.items()}


def address(page: Page) -> str:
    """Where a page is."""
    return reverse(page.name, kwargs=sample_of(page))


def enter(client: Client, role: Role) -> None:
    """Sign in as a person of the demo."""
    client.post(reverse("enter", kwargs={"persona": persona_of(role).username}))


def persona_of(role: Role) -> Persona:
    """The person of the demo who has a role."""
    return next(persona for persona in PERSONAS if persona.role is role)


SEEN = [page for page in PAGES if "GET" in page.methods and page.name not in ("enter", "try")]
"""What can be looked at without doing anything."""

Told = dict[tuple[str, str], tuple[int, list[str]]]
"""By page and role: what it answered, and what it asked."""


def told(
    client: Client,
    parts: dict[str, Any],
    query: str = "",
    roles: Collection[Role | None] = (None, *Role),
) -> Told:
    """Ask for every page in every role that it has, by an address with a query."""
    found: Told = {}
    for role in roles:
        client.logout()
        if role is not None:
            enter(client, role)
        for page in SEEN:
            if page.is_public if role is None else role in page.roles:
                for place, address in enumerate(where(page, parts)):
                    found[page.name, f"{role or 'public'} {place}"] = looks(client, address + query)
    return found


def looks(client: Client, address: str) -> tuple[int, list[str]]:
    """What a page answers, and what it asks: in a process that knows nothing yet."""
    remembered._KEPT.clear()
    lists._KEPT.clear()
    reading._SEEN.clear()
    ContentType.objects.clear_cache()
    with CaptureQueriesContext(connections["default"]) as asked:
        status = client.get(address).status_code
    return status, [one["sql"] for one in asked.captured_queries]


def where(page: Page, parts: dict[str, Any]) -> list[str]:
    """The page of something that there is; of two where they are read in different ways."""
    values = {name: parts.get(name, value) for name, value in sample_of(page).items()}
    others: list[dict[str, Any]] = parts.get(f"in {page.name}", [{}])
    return [reverse(page.name, kwargs=values | other) for other in others]


def speak(client: Client, language: str) -> None:
    """Read in a language from now on."""
    client.post(reverse("set_language"), {"language": language, "next": "/"})


def ask(client: Client, page: Page) -> Any:
    """What a page answers to the first method that it knows."""
    how = client.post if page.methods == ("POST",) else client.get
    return how(address(page))


def text_of(response: Any) -> str:
    """The page as text."""
    return str(response.content.decode())
