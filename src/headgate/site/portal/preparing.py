"""What everybody sees while the demo is being made: that it is, and how far it has come."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

LOOK_AGAIN: Final = 2
"""Seconds after which a program may ask again."""
LIVES: Final = "/healthz"


@dataclass(slots=True)
class Preparing:
    """Whether this process is still making its demo, and the steps of it that were begun."""

    under_way: bool = False
    steps: int = 0


PREPARING: Final = Preparing()


def prepared(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer every page with how far the demo has come, until it is made; no database is asked."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not PREPARING.under_way or request.path_info == LIVES:
            return get_response(request)
        response = HttpResponse(
            render_to_string("portal/preparing.html", {"steps": PREPARING.steps}),
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )
        # Nothing is wrong here: Django would log each look as an error.
        response._has_been_logged = True  # type: ignore[attr-defined]
        response.headers["Retry-After"] = str(LOOK_AGAIN)
        response.headers["Cache-Control"] = "no-store"
        return response

    return middleware
