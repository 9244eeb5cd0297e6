"""What a load balancer asks: whether the process lives, and whether it can answer."""

from typing import Final

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from headgate.site.portal.registry import Page


def healthz(_: HttpRequest) -> HttpResponse:
    """The process lives."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(_: HttpRequest) -> HttpResponse:
    """The database answers, and has its tables."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT seq FROM entry ORDER BY seq DESC LIMIT 1")
            cursor.execute("SELECT id FROM person LIMIT 1")
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


PAGES: Final = (
    Page("healthz", "healthz", healthz),
    Page("readyz", "readyz", readyz),
)
