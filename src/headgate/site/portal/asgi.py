"""What a server of the network runs: the portal, behind a limit on what one request may send.

Django takes a body in whole before anything looks at it. A body that says that it is too large is
therefore never asked for, and one that says nothing is cut off when it becomes so.
"""

from asyncio import Event
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

from django.core.asgi import get_asgi_application

from headgate.site.portal.middleware import TOO_LARGE
from headgate.site.records.database import set_up

set_up()

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

BODY_MOST: Final = 32 * 1024**2
"""Bytes of one request: more than any form or attachment of the portal."""


def limited(app: App) -> App:
    """The same application with no body above the limit."""

    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            told = dict(scope["headers"]).get(b"content-length", b"0")
            if not told.isdigit() or int(told) > BODY_MOST:
                kept = [(k, v) for k, v in scope["headers"] if k != b"content-length"]
                scope = {**scope, "headers": kept, TOO_LARGE: True}
            receive = _counted(receive, scope)
        await app(scope, receive, send)

    return within


def _nothing() -> Receive:
    """A body of no bytes, and nothing after it."""
    told = False

    async def nothing() -> Message:
        nonlocal told
        if told:
            await Event().wait()
        told = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return nothing


def _counted(receive: Receive, scope: Scope) -> Receive:
    """What is received, until it comes to more than the limit: then the scope has the mark, and
    the body is over.
    """
    came, nothing = 0, _nothing()

    async def counted() -> Message:
        nonlocal came
        message = await receive() if TOO_LARGE not in scope else {}
        came += len(message.get("body", b""))
        if came > BODY_MOST:
            scope[TOO_LARGE] = True
        return message if TOO_LARGE not in scope else await nothing()

    return counted


application = limited(get_asgi_application())
