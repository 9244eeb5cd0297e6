"""What every page knows: the navigation of whoever reads it, and whether this is the demo."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from headgate.site.portal import typed
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import roles_of


def portal(request: HttpRequest) -> dict[str, Any]:
    """The navigation and the demo's sign."""
    user = getattr(request, "user", None)
    roles = roles_of(user) if user is not None else frozenset()
    return {
        "demo": settings.HEADGATE_DEMO,
        "signup_open": settings.HEADGATE_SIGNUP == "open",
        "roles": roles,
        "typed_texts": typed.texts(request),
        **_navigation(roles),
    }


def _navigation(roles: frozenset[Any]) -> dict[str, list[Page]]:
    """One's work in the row of the menu, and what is on record folded behind one word of it.

    Who has no work here has the record in the row.
    """
    from headgate.site.portal.pages import PAGES

    seen = [
        page
        for page in PAGES
        if page.title is not None and (page.is_public or not roles.isdisjoint(page.roles))
    ]
    record = [page for page in seen if page.is_public or page.on_record]
    work = [page for page in seen if page not in record]
    return {"navigation": work, "record": record} if work else {"navigation": record, "record": []}
