"""What pages keep is made before anybody looks, by a thread beside those of a process that serves.

Ten thousand awards are read and put into rows once in a process, which costs tens of looks: the
table of pages says which pages keep so much, and for whom. The thread looks at these as one of them
would, in every language, with a word to look for, and again whenever what they keep has moved. What
it makes is therefore what a look makes.
"""

import logging
import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from threading import Event
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import translation
from prometheus_client import Gauge

from headgate.site.portal import reading
from headgate.site.portal.clock import today
from headgate.site.portal.models import Person
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role

READY: Final = Gauge(
    "headgate_kept_ready", "1 where what pages keep was made before anybody looks, 0 until then."
)
EVERY: Final = 1.0
"""Seconds between two looks whether what pages keep has moved."""
LEFT: Final = 3
"""How many times as long as it made something it then leaves to pages."""

_RESTS: Final = 0.02
"""Seconds in which nothing is made after each look: whoever asks for a page has them."""
_TURN: Final = 0.0005
"""Seconds after which the thread lets another have Python, who asks for a page: each of its queries
waits so long. Python's own number is ten times as much.
"""
_LOOKED_FOR: Final = QueryDict("q=headgate")

_log: Final = logging.getLogger("headgate.ahead")


def keep_up(stopped: Event, made: Callable[[], None]) -> None:
    """Make what pages keep, and again whenever it has moved, until told to stop.

    It was `made` when that is called, which is once. A fault is logged once, until all is well
    again: pages make what they need, as without this.
    """
    known: Hashable = object()
    is_told = is_made = False
    while not stopped.is_set():
        began = monotonic()
        try:
            known, is_told = _kept_up(known, stopped), False
            if known is not None and not is_made:
                is_made = True
                made()
        except Exception:  # noqa: BLE001 - pages are answered, whatever is wrong here.
            if not is_told:
                _log.exception("what pages keep could not be made before anybody looks")
            is_told = True
        finally:
            connections.close_all()
        stopped.wait(max(EVERY, LEFT * (monotonic() - began)))


def _kept_up(known: Hashable, stopped: Event) -> Hashable:
    """Look at all pages unless what they keep is as it was `known`; what it is known as now."""
    now = _moved()
    if now != known:
        READY.set(0)
        with _in_turns():
            for page, person in _looks() if now is not None else ():
                _look(page, person, stopped)
        READY.set(not stopped.is_set())
    return now


def _moved() -> Hashable:
    """Another value after whatever moves what pages keep; None before a programme was begun."""
    from headgate.site.desk.office import NEWEST_ENTRY, moved
    from headgate.site.desk.running import FOLLOWS

    stood = reading.programme()
    return (today(stood), moved(*FOLLOWS, NEWEST_ENTRY)) if stood is not None else None


def _looks() -> Iterator[tuple[Page, Any]]:
    """The pages that keep much, each with somebody for whom it does."""
    from headgate.site.portal.pages import PAGES

    for page in PAGES:
        for role in page.ahead:
            person = _one_of(role)
            if person is not None:
                yield page, person


def _one_of(role: Role | None) -> Person | AnonymousUser | None:
    """Somebody who has a role, if anybody has."""
    if role is None:
        return AnonymousUser()
    return Person.objects.filter(is_active=True, groups__name=role.value).order_by("pk").first()


def _look(page: Page, person: Any, stopped: Event) -> None:
    """Look at a page as somebody, in every language; nothing is kept of it but what it keeps."""
    for language, _name in settings.LANGUAGES:
        if stopped.is_set():
            return
        with translation.override(language):
            page.view(_request(page, person)).close()
        stopped.wait(_RESTS)


def _request(page: Page, person: Any) -> HttpRequest:
    """What somebody would ask with whose session has nothing in it."""
    request = HttpRequest()
    request.method, request.GET = "GET", _LOOKED_FOR
    request.path = request.path_info = reverse(page.name)
    request.user, request.session = person, SessionStore()
    return request


@contextmanager
def _in_turns() -> Iterator[None]:
    """Threads take turns sooner: whoever asks for a page meanwhile waits less for each of them."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
