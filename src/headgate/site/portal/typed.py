"""What somebody typed into a form that could not be taken: it is kept and shown again.

A session that ran out, or a refusal, must not cost anybody their text. The fields of the form wait
in the session for the page that it was sent from, and are shown there once; nothing is done with
them until they are sent again.
"""

from typing import Final

from django.http import HttpRequest
from django.template import Context

KEY: Final = "typed"
CHARACTERS_MOST: Final = 100_000
"""More than the longest form of the portal; what is longer is not kept."""

_SECRET: Final = (
    *("csrfmiddlewaretoken", "secret"),
    *("password", "oldpassword", "password1", "password2"),
)


def keep(request: HttpRequest) -> bool:
    """Keep the fields of the form for its page; whether there was anything to keep."""
    told = posted(request)
    small = sum(len(name) + len(value) for name, value in told.items()) <= CHARACTERS_MOST
    if told and small:
        request.session[KEY] = {"path": request.path, "fields": told}
    return bool(told) and small


def texts(request: HttpRequest) -> list[str]:
    """What of it took somebody time: the values of more than two words.

    Every page shows them, because the form that they were typed into may be there no more.
    """
    fields: dict[str, str] = getattr(request, "typed", {})
    return [text for text in fields.values() if len(text.split()) > 2]


def again(context: Context, name: str, **form: object) -> str:
    """What was typed into a field of one form of a page, which is told by other fields that it has.

    A page may have several forms with a field of one name: only what was refused is filled again.
    """
    fields: dict[str, str] = getattr(context["request"], "typed", {})
    same = all(fields.get(key) == str(value) for key, value in form.items())
    return fields.get(name, "") if same else ""


def posted(request: HttpRequest) -> dict[str, str]:
    """The fields of the form that was sent now, but for what nobody shows; what was picked
    under one name stands with commas between.
    """
    told = request.POST.lists()
    return {name: ",".join(map(str, values)) for name, values in told if name not in _SECRET}


def kept(request: HttpRequest) -> dict[str, str]:
    """What was typed into this page's form before, once; empty on any other page."""
    waiting = request.session.get(KEY)
    if not isinstance(waiting, dict) or waiting.get("path") != request.path:
        return {}
    del request.session[KEY]
    fields: dict[str, str] = waiting["fields"]
    return fields
