"""What every page knows: the navigation of whoever reads it, and whether this is the demo."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from headgate.site.portal.registry import Page
from headgate.site.portal.roles import roles_of


def portal(request: HttpRequest) -> dict[str, Any]:
    """The navigation and the demo's sign."""
    user = getattr(request, "user", None)
    roles = roles_of(user) if user is not None else frozenset()
    return {
        "demo": settings.HEADGATE_DEMO,
        "signup_open": settings.HEADGATE_SIGNUP == "open",
        "navigation": _navigation(roles),
        "roles": roles,
    }


def _navigation(roles: frozenset[Any]) -> list[Page]:
    from headgate.site.portal.pages import PAGES

    return [
        page
        for page in PAGES
        if page.title is not None and (page.is_public or not roles.isdisjoint(page.roles))
    ]
