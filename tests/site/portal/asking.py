"""How the portal's tests ask for pages."""

from typing import Any

from django.test import Client
from django.urls import reverse

from headgate.site.portal import reading
from headgate.site.portal.people import PERSONAS, Persona
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role

LANGUAGES = ("en", "vi", "ko")


def sample_of(page: Page) -> dict[str, Any]:
    """Values for the parts of a page's path that fit the programme which has begun."""
    stood = reading.programme()
    values = dict(page.sample)
    if stood is None or "call" not in values:
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
