"""What every page knows: the navigation of whoever reads it, and whether this is the demo."""

from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from headgate.site.portal import typed
from headgate.site.portal.registry import Group, Page
from headgate.site.portal.roles import roles_of

ROW_MOST: Final = 6
"""Pages of one's work that the menu has in a row; more are folded by group."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Pages behind one word of the menu; `here` where the page that is read is one of them."""

    group: Group
    pages: list[Page]
    here: bool


def portal(request: HttpRequest) -> dict[str, Any]:
    """The navigation and the demo's sign."""
    user = getattr(request, "user", None)
    roles = roles_of(user) if user is not None else frozenset()
    return {
        "demo": settings.HEADGATE_DEMO,
        "signup_open": settings.HEADGATE_SIGNUP == "open",
        "roles": roles,
        "typed_texts": typed.texts(request),
        **_navigation(roles, request.path),
    }


def _navigation(roles: frozenset[Any], path: str) -> dict[str, Any]:
    """One's work in a row, and what is on record folded behind one word at its end.

    A row that would have more than `ROW_MOST` pages has its groups folded too. Who has no work here
    has the record in the row.
    """
    from headgate.site.portal.pages import PAGES

    seen = [
        page
        for page in PAGES
        if page.title is not None and (page.is_public or not roles.isdisjoint(page.roles))
    ]
    record = [page for page in seen if page.is_public or page.group is Group.RECORD]
    work = [page for page in seen if page not in record] or record
    groups = [one for one in Group if len(work) > ROW_MOST and one is not Group.RECORD]
    folded: list[tuple[Group, list[Page]]] = [
        (one, [page for page in work if page.group is one]) for one in groups
    ]
    folded = [(one, pages) for one, pages in folded if len(pages) > 1]
    behind = [page for _, pages in folded for page in pages]
    folded += [] if work is record else [(Group.RECORD, record)]
    return {
        "work": work,
        "navigation": [page for page in work if page not in behind],
        "folds": [Fold(one, pages, _holds(pages, path)) for one, pages in folded],
    }


def _holds(pages: list[Page], path: str) -> bool:
    return any(reverse(page.name) == path for page in pages)
