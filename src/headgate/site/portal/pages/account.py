"""Signing in to the demo by one click, where that is allowed, and everybody's own page."""

from typing import Final

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from headgate.site.portal.models import Person
from headgate.site.portal.people import PERSONAS
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import ANYBODY_SIGNED_IN, NAMES, Role, roles_of

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


def personas(request: HttpRequest) -> HttpResponse:
    """The people of the demo, each with a button."""
    return render(request, "portal/personas.html", {"personas": PERSONAS})


def enter(request: HttpRequest, persona: str) -> HttpResponse:
    """Be one of the people of the demo."""
    if persona not in {one.username for one in PERSONAS}:
        raise Http404
    login(request, Person.objects.get(username=persona), backend=BACKEND)
    return redirect("home")


def profile(request: HttpRequest) -> HttpResponse:
    """Somebody's own account: roles, password, two-step sign-in, sessions."""
    names = [NAMES[role] for role in Role if role in roles_of(request.user)]
    return render(request, "portal/profile.html", {"names": names})


PAGES: Final = (
    Page("demo/", "personas", personas, demo_only=True),
    Page(
        "demo/<slug:persona>/",
        "enter",
        enter,
        methods=("POST",),
        demo_only=True,
        sample=(("persona", "auditor"),),
    ),
    Page("profile/", "profile", profile, roles=ANYBODY_SIGNED_IN),
)
