"""The table of pages: what is not in it cannot be reached, and who may see what is said in it.

The addresses are made from it, and so is the test that asks for every page in every role.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from typing import Any, Final

import rules
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from headgate.site.portal import typed
from headgate.site.portal.roles import EVERYBODY, Role, has_any

View = Callable[..., HttpResponseBase]

PERMISSION: Final = "portal.see_{name}"
"""The name of the rule that guards a page which needs an account."""


class Group(Enum):
    """Pages of the menu that belong together, in the menu's order; the value is its word."""

    AWARDS = lazy("Awards and clusters")
    PEOPLE = lazy("People and organisations")
    RECORD = lazy("On record")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: where it is, its name, who may see it, and what makes it.

    `roles` empty means everybody. `title` puts it into the navigation of whoever may see it, and
    `group` says behind which word it is folded where that would get long. `sample` are values for
    the parts of its path, with which a test can ask for it. `ahead` are those for whom a process
    that serves makes what this page keeps before anybody looks; nobody in particular is `None`.
    """

    path: str
    name: str
    view: View
    roles: frozenset[Role] = EVERYBODY
    methods: tuple[str, ...] = ("GET", "HEAD")
    title: Promise | None = None
    group: Group | None = None
    demo_only: bool = False
    sample: tuple[tuple[str, Any], ...] = ()
    ahead: tuple[Role | None, ...] = ()

    @property
    def permission(self) -> str:
        """The name of the rule that guards it."""
        return PERMISSION.format(name=self.name)

    @property
    def is_public(self) -> bool:
        """Whether no account is needed."""
        return self.roles == EVERYBODY


def guarded(page: Page) -> View:
    """A page's view behind its rule: sign in first, or be told that it is not for you."""

    @wraps(page.view)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if page.demo_only and not settings.HEADGATE_DEMO:
            raise Http404
        if not page.is_public:
            if not request.user.is_authenticated:
                return _sign_in_first(request, page)
            if not sees(request.user, page.name):
                raise PermissionDenied
        response = page.view(request, *args, **kwargs)
        if not page.is_public:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return require_http_methods(list(page.methods))(view)


def sees(person: Any, name: str) -> bool:
    """Whether somebody may see a page that needs an account, by the page's own rule."""
    return bool(rules.has_perm(PERMISSION.format(name=name), person))


def _sign_in_first(request: HttpRequest, page: Page) -> HttpResponse:
    """Lead to signing in and back; what was typed before a session ran out is kept."""
    if request.method != "POST":
        return redirect_to_login(request.get_full_path())
    if "GET" not in page.methods:
        return redirect_to_login(reverse("home"))
    if typed.keep(request):
        messages.warning(request, _("You were signed out. What you typed is kept: sign in."))
    return redirect_to_login(request.get_full_path())


def addresses(pages: Iterable[Page]) -> Iterator[URLPattern]:
    """Django's addresses of the pages, each with its rule."""
    for page in pages:
        if not page.is_public and not rules.perm_exists(page.permission):
            rules.add_perm(page.permission, has_any(page.roles))
        yield path(page.path, guarded(page), name=page.name)
