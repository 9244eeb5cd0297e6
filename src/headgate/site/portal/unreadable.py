"""What a browser is told whose request is none that a server can read, such as too long an address.

Nothing of such a request can be relied on, so that it reaches no page: neither whom it is from nor
their language is known. It is said in all languages of the site.
"""

from asyncio import Protocol
from functools import cache
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from headgate.site.portal.middleware import policy

LINGERS_SECONDS: Final = 2
"""Hanging up on somebody who still sends takes from them what was said: so long it is let go by."""


class Reader(H11Protocol):
    """The server's reader of requests, which refuses in words."""

    def send_400_response(self, msg: str) -> None:
        """Say so, and hang up."""
        del msg
        self.transport.write(_answer())
        self.transport.write_eof()
        self.transport.set_protocol(_Deaf(self))
        self.loop.call_later(LINGERS_SECONDS, self.transport.close)


class _Deaf(Protocol):
    """Hears nothing more of what is sent, until one side hangs up."""

    def __init__(self, before: Reader) -> None:
        self._before = before

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the server know that nobody is there any more."""
        self._before.connection_lost(exc)


@cache
def _answer() -> bytes:
    """A whole answer with a page that says the same in every language."""
    page = "".join(_told(language) for language, _ in settings.LANGUAGES).encode()
    lines = (
        "HTTP/1.1 400 Bad Request",
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(page)}",
        f"Content-Security-Policy: {policy()}",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        "\r\n",
    )
    return "\r\n".join(lines).encode() + page


def _told(language: str) -> str:
    with override(language):
        return render_to_string("portal/unreadable.html", {"first": language == "en"})
