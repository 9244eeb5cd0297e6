"""What holds for every request: nothing that is not of this site is run, no flood is read."""

import re
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    QueryDict,
)
from django.http.response import HttpResponseBase

from headgate.site.portal.refusals import bad_request, not_for_opening, too_large

TOO_LARGE: Final = "headgate.too_large"
"""The mark in a request's scope by which a body was left unread, because it was too large."""

Answer = Callable[[HttpRequest], HttpResponse]


def policy() -> str:
    """The Content-Security-Policy: own files only, no inline script or style, no frames."""
    targets = " ".join(["'self'", *settings.HEADGATE_FORM_TARGETS])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        f" font-src 'self'; connect-src 'self'; form-action {targets}; manifest-src 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )


def content_security(get_response: Answer) -> Answer:
    """Send the policy with every answer."""
    text = policy()

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", text)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        return response

    return middleware


def gathered(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer with the site's own files whole.

    They are small, and Django gathers them for a server of the network anyhow, with a warning on
    the screen of who starts it.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, FileResponse):
            return response
        answer = HttpResponse(b"".join(response), status=response.status_code)
        answer.headers = response.headers
        response.close()
        return answer

    return middleware


NUL: Final = re.compile("\0")
"""What PostgreSQL keeps in no text."""

TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of whatever is read after them; no letters need them."""


def _holds(given: QueryDict, marks: re.Pattern[str]) -> bool:
    """Whether a value holds such a mark."""
    return any(marks.search(value) for _, values in given.lists() for value in values)


def _without(given: QueryDict, marks: re.Pattern[str]) -> QueryDict:
    """What was typed, but for such marks."""
    told = given.copy()
    for name, values in given.lists():
        told.setlist(name, [marks.sub("", value) for value in values])
    return QueryDict(told.urlencode())


def readable(get_response: Answer) -> Answer:
    """Answer with a readable page where the server left the body unread, or Django says nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if getattr(request, "scope", {}).get(TOO_LARGE):
            return too_large(request)
        if "\0" in request.path_info or _holds(request.GET, NUL) or _holds(request.POST, NUL):
            return bad_request(request)
        if _holds(request.POST, TURNS):
            request.POST = _without(request.POST, TURNS)  # type: ignore[assignment]
        answer = get_response(request)
        if isinstance(answer, HttpResponseNotAllowed) and not answer.content:
            return not_for_opening(request, answer.headers["Allow"])
        return answer

    return middleware
