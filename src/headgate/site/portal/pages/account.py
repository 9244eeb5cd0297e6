"""Signing in to the demo by one click, where that is allowed, and everybody's own page."""

from typing import Any, Final

from allauth.usersessions.models import UserSession
from allauth.usersessions.views import ListUserSessionsView
from django.contrib.auth import login
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.sessions.models import Session
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.generic.edit import FormView

from headgate.site.portal.lists import PAGE_ROWS
from headgate.site.portal.models import Person
from headgate.site.portal.people import PERSONAS
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import ANYBODY_SIGNED_IN, NAMES, Role, roles_of

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
OTHERS_MOST: Final = 200
"""People made in the demo that its page lists, the newest first."""


def _others() -> QuerySet[Person]:
    """People who were made in the demo itself: whoever has a password signs in with it.

    Reviewers of a rehearsed term have no role, and nothing to be let in for.
    """
    made = Person.objects.filter(is_active=True, password__startswith=UNUSABLE_PASSWORD_PREFIX)
    rehearsed = Q(reviewer__isnull=False, groups__isnull=True)
    return made.exclude(_is_persona()).exclude(rehearsed).order_by("-id")


def _is_persona() -> Q:
    return Q(username__in=[one.username for one in PERSONAS])


def personas(request: HttpRequest) -> HttpResponse:
    """The people of the demo, each with a button."""
    names = {one.username: one.get_full_name() for one in Person.objects.filter(_is_persona())}
    named = [(one, names.get(one.username) or one.title) for one in PERSONAS]
    context = {"personas": named, "others": _others()[:OTHERS_MOST]}
    return render(request, "portal/personas.html", context)


def enter(request: HttpRequest, persona: str) -> HttpResponse:
    """Be one of the people of the demo, or one who was made in it."""
    named = persona in {one.username for one in PERSONAS}
    found = (Person.objects if named else _others()).filter(username=persona).first()
    if found is None:
        raise Http404
    login(request, found, backend=BACKEND)
    UserSession.objects.create_from_request(request)
    return redirect("home")


def profile(request: HttpRequest) -> HttpResponse:
    """Somebody's own account: roles, password, two-step sign-in, sessions."""
    names = [NAMES[role] for role in Role if role in roles_of(request.user)]
    return render(request, "portal/profile.html", {"names": names})


class Sessions(ListUserSessionsView):  # type: ignore[misc]
    """Where somebody is signed in, the newest first and some at a time.

    The view of allauth reads every session of a person, each with a query of its own.
    """

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """A page of the sessions that are alive, and how many there are."""
        alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
        found = UserSession.objects.filter(user=self.request.user, session_key__in=alive)
        page = Paginator(found.order_by("-created_at", "-pk"), PAGE_ROWS).get_page(
            self.request.GET.get("page")
        )
        told = {"sessions": page, "session_count": page.paginator.count}
        return FormView.get_context_data(self, **kwargs) | told


PAGES: Final = (
    Page("demo/", "personas", personas, demo_only=True),
    Page(
        "demo/<str:persona>/",
        "enter",
        enter,
        methods=("POST",),
        demo_only=True,
        sample=(("persona", "auditor"),),
    ),
    Page("profile/", "profile", profile, roles=ANYBODY_SIGNED_IN),
)
