"""A look at what was made last, while it is made again: what it says of that, and looks again.

A page that looks again by itself says in a header what it shows. While there is nothing else to be
shown it is answered with no content, for a third of what a page costs.
"""

from http import HTTPStatus
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from headgate.site.apart.meanwhile import Last

SHOWN: Final = "Headgate-Shown"
"""The header by which a page that looks again says what it shows."""


def moved(request: HttpRequest, first: Last[Any], *also: Last[Any]) -> dict[str, Any] | None:
    """What a page says of how new it is what it shows; None where it shows that already."""
    shown, mark = request.headers.get(SHOWN), ".".join(one.mark for one in (first, *also))
    is_new = all(one.is_new for one in (first, *also))
    if shown == mark and not is_new:
        return None
    return {"last": first, "mark": mark, "is_new": is_new, "again": shown is not None}


def nothing_new() -> HttpResponse:
    """The answer to a page that shows already what there is."""
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
