"""What machines ask: whether the process lives, whether it can answer, and how it fares."""

from datetime import UTC, datetime
from secrets import compare_digest
from typing import Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from headgate.site.agents.models import Agent
from headgate.site.notices.post import unsent
from headgate.site.portal.registry import Page
from headgate.site.portal.watched import counted
from headgate.site.records.database import Database
from headgate.site.records.journal import head

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


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


def metrics(request: HttpRequest) -> HttpResponse:
    """How the process and the site fare, in the text format of Prometheus.

    For whoever has the token. Where no token was set, for this machine alone, and not through a
    proxy, which would let everybody pass for this machine.
    """
    token, given = settings.HEADGATE_METRICS_TOKEN, request.headers.get("Authorization", "")
    near = request.META["REMOTE_ADDR"] in LOOPBACK and "X-Forwarded-For" not in request.headers
    if not (compare_digest(given.encode(), f"Bearer {token}".encode()) if token else near):
        raise PermissionDenied
    return HttpResponse(counted() + generate_latest(_site()), CONTENT_TYPE_LATEST)


def _site() -> CollectorRegistry:
    """What concerns the site and no single process: journal, letters, agents."""
    registry = CollectorRegistry()

    def gauge(name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"headgate_{name}", what, labels, registry=registry)

    gauge("journal_entries", "Entries of the journal.").set(head(Database("default")).size)
    waiting = gauge("letters_waiting", "Notices that no mail server has taken yet.")
    waiting.set(unsent().count())
    silent = gauge("agent_silent_seconds", "Seconds since an agent was last heard.", "cluster")
    now = datetime.now(UTC)
    for agent in Agent.objects.filter(revoked__isnull=True):
        silent.labels(agent.site).set((now - (agent.seen or agent.enrolled)).total_seconds())
    return registry


PAGES: Final = (
    Page("healthz", "healthz", healthz),
    Page("readyz", "readyz", readyz),
    Page("metrics", "metrics", metrics),
)
