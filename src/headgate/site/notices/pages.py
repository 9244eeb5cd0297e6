"""What somebody was told, in what language they are written to, and their calendar's address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib import messages
from django.db.models import Case, F, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import override

from headgate.site.desk.pages.telling import reader
from headgate.site.notices.dates import calendar_of
from headgate.site.notices.models import Notice, Reader
from headgate.site.notices.reading import Letter, letters
from headgate.site.notices.wishes import new_calendar, reader_of
from headgate.site.portal.lists import By, Choice, Column, Table, download, journal_state, listing
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import ANYBODY_SIGNED_IN
from headgate.site.portal.words import moment, tag

if TYPE_CHECKING:
    from django.db.models import QuerySet

_LANGUAGES: Final = {code for code, _name in settings.LANGUAGES}


_LEADS: Final = ("lead-asked", "lead-changed")
ABOUT: Final[dict[str, tuple[Promise, tuple[str, ...]]]] = {
    "call": (lazy("Calls"), ("closing", "consent", "entry", "event")),
    "review": (lazy("Reviews"), ("seat", "finding", "sign")),
    "result": (lazy("Results"), ("told", "decided")),
    "objection": (lazy("Objections"), ("objection", "answered")),
    "award": (lazy("Running awards"), ("idle", "taken", "asked", "amended", "unattended", *_LEADS)),
    "report": (lazy("Reports"), ("report", "reports-late")),
    "invoice": (lazy("Invoices"), ("invoice", "invoice-late", "lifted")),
    "round": (
        lazy("Rounds"),
        tuple(
            f"round-{one}" for one in ("finding", "decided", "objection", "answered", "restored")
        ),
    ),
}
"""What notices are about: the word for it, and the kinds that are."""
_WHAT: Final = {name: word for name, (word, _kinds) in ABOUT.items()}
_STATES: Final = {"new": lazy("New"), "read": lazy("Read")}
_BY: Final[dict[str, By]] = {
    "notice": F("key"),
    "about": Case(
        *(When(kind__in=kinds, then=Value(name)) for name, (_word, kinds) in ABOUT.items()),
        default=Value("other"),
    ),
    "at": F("at"),
    "state": Case(When(read=None, then=Value("new")), default=Value("read")),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A notice, with its words in the reader's language."""

    notice: Notice
    letter: Letter

    @property
    def about(self) -> str:
        """What it is about, by name."""
        kind = self.notice.kind
        return next((name for name, (_word, kinds) in ABOUT.items() if kind in kinds), "other")

    @property
    def link(self) -> SafeString:
        """Its subject, leading to what it is about."""
        link = '<a class="govuk-link hg-words" href="{}">{}</a>'
        return format_html(link, self.letter.path, self.letter.subject)

    @property
    def lines(self) -> SafeString:
        """What it says, line by line."""
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in self.letter.lines))

    @property
    def when(self) -> str:
        """When it was told, and whether a letter went out."""
        told = moment(self.notice.at)
        return f"{told} – {_('sent by e-mail')}" if self.notice.mailed else told

    @property
    def state(self) -> str:
        """Whether it was read."""
        return "read" if self.notice.read else "new"


_COLUMNS: Final[tuple[Column[Told], ...]] = (
    Column("notice", lazy("Notice"), lambda t: t.notice.key, lambda t: t.link),
    Column("text", lazy("In words"), lambda t: " ".join(t.letter.lines), lambda t: t.lines),
    Column("about", lazy("About"), lambda t: t.about, lambda t: _WHAT.get(t.about, "")),
    Column("at", lazy("When"), lambda t: t.notice.at.isoformat(), lambda t: t.when),
    Column(
        "state", lazy("State"), lambda t: t.state,
        lambda t: tag(_STATES[t.state], "grey" if t.notice.read else "blue"),
    ),
)  # fmt: skip


def _with_words(found: "QuerySet[Notice]") -> list[Told]:
    some = list(found)
    return [Told(one, said) for one, said in zip(some, letters(some), strict=True)]


def notices(request: HttpRequest) -> HttpResponseBase:
    """Everything that one was told, what is new first; the choice of a language; the calendar."""
    person = reader(request)
    if request.method == "POST":
        _deed(request, reader_of(person))
        return redirect("notices")
    mine = Notice.objects.filter(person=person)
    done = Case(When(read=None, then=Value(0)), default=Value(1))
    labels: dict[str, Mapping[str, Promise]] = {"about": _WHAT, "state": _STATES}
    rows = Table(mine.annotate(done=done), ("done", "-id"), _BY, ("key",), _with_words, labels)
    choices = [
        Choice("about", lazy("About"), tuple(_WHAT.items())),
        Choice("state", lazy("State"), tuple(_STATES.items())),
    ]
    if file := download(request, "notices", rows, _COLUMNS, choices, journal_state):
        return file
    how = reader_of(person)
    address = reverse("person_calendar", args=(how.calendar,)) if how.calendar else ""
    context = {
        "listing": listing(request, rows, _COLUMNS, choices),
        "nothing": _(
            "There is nothing to tell you yet. What happens to your applications, reviews and"
            " duties will stand here."
        ),
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
