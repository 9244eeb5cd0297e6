"""What somebody was told, in what language they are written to, and their calendar's address."""

from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import override

from headgate.site.desk.pages.telling import reader
from headgate.site.notices.dates import calendar_of
from headgate.site.notices.models import Notice, Reader
from headgate.site.notices.reading import letters
from headgate.site.notices.wishes import new_calendar, reader_of
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import ANYBODY_SIGNED_IN

SHOWN_MOST: Final = 100
_LANGUAGES: Final = {code for code, _name in settings.LANGUAGES}


def notices(request: HttpRequest) -> HttpResponse:
    """The newest notices, the unread first; the choice of a language; the calendar."""
    person = reader(request)
    if request.method == "POST":
        _deed(request, reader_of(person))
        return redirect("notices")
    mine = Notice.objects.filter(person=person)
    listed = [*mine.filter(read=None)[:SHOWN_MOST], *mine.exclude(read=None)[:SHOWN_MOST]]
    shown = listed[:SHOWN_MOST]
    how = reader_of(person)
    address = reverse("person_calendar", args=(how.calendar,)) if how.calendar else ""
    context = {
        "notices": list(zip(shown, letters(shown), strict=True)),
        "unread": mine.filter(read=None).count(),
        "how": how,
        "address": f"{settings.HEADGATE_ADDRESS}{address}" if address else "",
        "email": person.email,
        "languages": settings.LANGUAGES,
    }
    return render(request, "notices/notices.html", context)


def _deed(request: HttpRequest, how: Reader) -> None:
    """Do what the pressed button says."""
    given = request.POST
    match given.get("deed"):
        case "read":
            mine = Notice.objects.filter(person=how.person, read=None)
            mine.update(read=datetime.now(UTC))
        case "language" if given.get("language") in _LANGUAGES:
            how.language = given["language"]
            how.save(update_fields=["language"])
            messages.success(request, _("Your e-mail will be written in this language."))
        case "calendar":
            new_calendar(how)
            messages.success(request, _("Your calendar has a new address; an earlier one ends."))


def person_calendar(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar behind a secret address, which is all that a calendar program can be given."""
    del request
    how = Reader.objects.select_related("person").filter(calendar=secret).first()
    if how is None or not how.person.is_active:
        raise Http404
    with override(how.language):
        data = calendar_of(how.person, how.language[:2])
    answer = HttpResponse(data, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="headgate.ics"'
    answer["Cache-Control"] = "private, no-store"
    return answer


PAGES: Final = (
    Page(
        "notices/",
        "notices",
        notices,
        ANYBODY_SIGNED_IN,
        ("GET", "HEAD", "POST"),
        lazy("Notices"),
    ),
    Page(
        "dates/<str:secret>/headgate.ics",
        "person_calendar",
        person_calendar,
        sample=(("secret", "nobody-has-this"),),
    ),
)
