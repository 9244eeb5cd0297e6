"""What whoever runs a site watches: every answer is counted once and logged once.

Both come from the same place, so that a line of the log and a step of a counter are one thing. No
line holds a query, a form or a name: pages are told by their names, people by their numbers.
"""

import logging
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram, generate_latest
from pythonjsonlogger.json import JsonFormatter

ANSWERS: Final = Counter(
    "headgate_answers_total", "Requests answered.", ("page", "method", "status")
)
SECONDS: Final = Histogram(
    "headgate_answer_seconds",
    "Time from a request to its answer.",
    ("page",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
GIVEN: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""What a proxy may call a request; anything else is called anew."""

Answer = Callable[[HttpRequest], HttpResponse]

_log: Final = logging.getLogger("headgate.answers")
_request: Final[ContextVar[str]] = ContextVar("request", default="")


class Lines(JsonFormatter):
    """One JSON object a line: when, how grave, from where, what, and of which request."""

    def __init__(self) -> None:
        super().__init__(
            "{levelname}{name}{message}{request}",
            style="{",
            timestamp="at",
            rename_fields={"levelname": "level", "name": "from", "message": "what"},
        )


class OfRequest(logging.Filter):
    """Puts the name of the request being answered on every line logged meanwhile."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass, named. Django's own lines carry the request itself, which is not.

        A request that was refused for what it is (a wrong host, too many fields) is one line: where
        in the program that was found out helps nobody, and anybody could fill a disk with it.
        """
        record.request = _request.get()
        if record.name.startswith("django.security"):
            record.exc_info = None
        return True


def watched(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Count and log every answer; name the request in both, and in the answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        token = _request.set(given if GIVEN.fullmatch(given) else uuid4().hex)
        begun = time.perf_counter()
        try:
            response = get_response(request)
            response.headers["X-Request-ID"] = _request.get()
            _tell(request, response, time.perf_counter() - begun)
        finally:
            _request.reset(token)
        return response

    return middleware


def counted() -> bytes:
    """What this process has counted, in the text format of Prometheus."""
    return generate_latest()


def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """One answer, told to the counters and to the log."""
    page = request.resolver_match.view_name if request.resolver_match else "none"
    method = request.method if request.method in METHODS else "other"
    ANSWERS.labels(page, method, response.status_code).inc()
    SECONDS.labels(page).observe(seconds)
    known = getattr(request, "_cached_user", None)
    told = {
        "page": page,
        "method": method,
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "person": known.pk if known is not None else None,
    }
    _log.info("answered", extra=told)
