"""Every refusal is a readable page in the reader's language, and says what to do next."""

from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

TEMPLATE: Final = "portal/refusal.html"


def _refused(request: HttpRequest, status: HTTPStatus, reason: str) -> HttpResponse:
    return render(request, TEMPLATE, {"reason": reason}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What was sent cannot be read."""
    del exception
    return _refused(request, HTTPStatus.BAD_REQUEST, "bad-request")


def too_large(request: HttpRequest) -> HttpResponse:
    """What was to be sent is more than any page takes; it was not read."""
    return _refused(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "bad-request")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The page is another role's."""
    del exception
    return _refused(request, HTTPStatus.FORBIDDEN, "forbidden")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was not sent from this site's own page, or that page was too old.

    What is no form at all, such as PUT, is told which methods a page can take.
    """
    del reason
    if request.method != "POST":
        return not_for_opening(request, "GET, HEAD, POST")
    return _refused(request, HTTPStatus.FORBIDDEN, "form-too-old")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """There is no such page."""
    del exception
    return _refused(request, HTTPStatus.NOT_FOUND, "not-found")


def not_for_opening(request: HttpRequest, allowed: str) -> HttpResponse:
    """A form is sent to this address, or it is only read: `allowed` are the methods it takes."""
    answer = _refused(request, HTTPStatus.METHOD_NOT_ALLOWED, "not-taken")
    answer.headers["Allow"] = allowed
    return answer


def broken(request: HttpRequest) -> HttpResponse:
    """The site failed; nothing here may rest on what failed, so no reader and no database."""
    del request
    return HttpResponse(render_to_string("portal/broken.html"), status=500)
