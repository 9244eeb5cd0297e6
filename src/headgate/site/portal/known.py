"""Browsers at which somebody has signed in before: their own wrong passwords alone hold them up.

A stranger who tries passwords under a name makes it wait everywhere but there, so nobody is kept
out of their account by others' guesses (OWASP, "Device cookies"; no more guesses are allowed).
"""

from typing import Final

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string

from headgate.site.portal.models import Person

COOKIE: Final = "known"
SALT: Final = "headgate.site.portal.known"
SECONDS: Final = 365 * 24 * 3600
"""How long a browser is known after the last time somebody signed in at it."""


def known(request: HttpRequest, login: str) -> str:
    """What this browser is known by to whoever signs in so; empty where it is not. One query."""
    told = request.COOKIES.get(COOKIE, "")
    try:
        person, sign = signing.loads(told, salt=SALT, max_age=SECONDS)
    except (signing.BadSignature, TypeError, ValueError):
        return ""
    named = Q(username__iexact=login) | Q(email__iexact=login)
    return sign if Person.objects.filter(named, pk=person).exists() else ""


def know(request: HttpRequest, response: HttpResponse, person: Person) -> None:
    """Know this browser by a sign of its own from now on as one of somebody's."""
    sign = known(request, person.username) or get_random_string(16)
    response.set_cookie(
        COOKIE,
        signing.dumps((person.pk, sign), salt=SALT),
        max_age=SECONDS,
        path="/account/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
