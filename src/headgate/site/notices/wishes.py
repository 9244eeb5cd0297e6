"""How somebody wishes to be told: in which language, and where their calendar is.

It stands alone because every command that opens a database loads it.
"""

import secrets
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from headgate.site.notices.models import Reader
from headgate.site.portal.models import Person


def reader_of(person: Person) -> Reader:
    """How somebody wishes to be told; at first in the language that is active."""
    language = (get_language() or settings.LANGUAGE_CODE)[:2]
    return Reader.objects.get_or_create(person=person, defaults={"language": language})[0]


def remember_language(request: HttpRequest, user: Person, **_more: Any) -> None:
    """The language in which somebody signs in is that of their e-mail."""
    del request
    language = (get_language() or settings.LANGUAGE_CODE)[:2]
    Reader.objects.update_or_create(person=user, defaults={"language": language})


def new_calendar(reader: Reader) -> None:
    """Give somebody's calendar another secret address; the one before leads nowhere from now on."""
    reader.calendar = secrets.token_urlsafe(32)
    reader.save(update_fields=["calendar"])
