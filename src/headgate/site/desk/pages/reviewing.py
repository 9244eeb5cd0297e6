"""The reviewer's pages: a queue, and a sheet that is blind to what others gave."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.ledger.refused import Refused
from headgate.core.policy.schema import Call
from headgate.site.actions.declare_conflict import declare_conflict
from headgate.site.actions.mark import mark
from headgate.site.desk.clock import now
from headgate.site.desk.files import slots
from headgate.site.desk.models import Review
from headgate.site.desk.office import call_now, calls_now
from headgate.site.desk.pages.attaching import told_slots
from headgate.site.desk.pages.telling import (
    at_the_desk,
    reader,
    told_contents,
    told_refusal,
    typed_before,
    words,
)
from headgate.site.portal.forms import WholeField
from headgate.site.portal.lists import Choice, Column, Table, download, journal_state, listing
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role


class Sheet(forms.Form):
    """Points and a comment on every criterion of a call."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, call: Call, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in call.criteria:
            told = _("%(name)s: points from 0 to %(full)s")
            label = told % {"name": words(one.name), "full": one.full}
            self.fields[f"points-{one.id}"] = WholeField(
                label=label, min_value=0, max_value=one.full
            )
            self.fields[f"comment-{one.id}"] = forms.CharField(
                label=_("Why"), widget=forms.Textarea, max_length=10_000
            )


@dataclass(frozen=True, slots=True)
class Seat:
    """One row of a reviewer's queue."""

    code: str
    call: str
    state: str

    @property
    def link(self) -> SafeString:
        """The application's code, leading to its sheet."""
        address = reverse("review", kwargs={"code": self.code})
        return format_html('<a class="govuk-link" href="{}">{}</a>', address, self.code)

    @property
    def tag(self) -> SafeString:
        """How far the sheet has come."""
        shade = {"marked": "green", "declare": "orange"}.get(self.state, "blue")
        told = _STATES[self.state]
        return format_html('<strong class="govuk-tag govuk-tag--{}">{}</strong>', shade, told)


def _seats(found: "QuerySet[Review]") -> list[Seat]:
    told = found.values_list("dossier__code", "dossier__call", _BY["state"])
    return [Seat(code or "", call, state) for code, call, state in told]


_STATES: Final = {
    "declare": lazy("Declare first"),
    "to-mark": lazy("To mark"),
    "marked": lazy("Marked"),
}
_BY: Final[dict[str, Combinable]] = {
    "code": F("dossier__code"),
    "call": F("dossier__call"),
    "state": Case(
        When(marked__isnull=False, then=Value("marked")),
        When(cleared__isnull=False, then=Value("to-mark")),
        default=Value("declare"),
    ),
}


def columns(named: Mapping[str, str]) -> tuple[Column[Seat], ...]:
    """The queue's columns, with the name of each call."""
    return (
        Column("code", lazy("Application"), lambda one: one.code, lambda one: one.link),
        Column("call", lazy("Call"), lambda one: one.call, lambda one: named[one.call]),
        Column("state", lazy("State"), lambda one: one.state, lambda one: one.tag),
    )


def queue(seats: "QuerySet[Review]") -> Table[Seat]:
    """Seats as a list, what is not marked first."""
    done = Case(When(marked__isnull=False, then=Value(1)), default=Value(0))
    order, found_by = ("done", "dossier__code"), ("dossier__code", "dossier__call")
    return Table(seats.annotate(done=done), order, _BY, found_by, _seats, {"state": _STATES})


@at_the_desk
def reviews(request: HttpRequest) -> HttpResponseBase:
    """Everything that waits for this reviewer, what is not marked first."""
    mine = Review.objects.filter(reviewer__person=reader(request))
    rows = queue(mine)
    calls = list(mine.order_by("dossier__call").values_list("dossier__call", flat=True).distinct())
    named = {one.id: words(one.call.name) for one in calls_now()} if calls else {}
    choices = [
        Choice("call", lazy("Call"), tuple((call, named[call]) for call in calls)),
        Choice("state", lazy("State"), tuple(_STATES.items())),
    ]
    if file := download(request, "reviews", rows, columns(named), choices, journal_state):
        return file
    listed = listing(request, rows, columns(named), choices)
    return render(request, "desk/reviews.html", {"listing": listed, "any": bool(calls)})


@at_the_desk
def review(request: HttpRequest, code: str) -> HttpResponse:
    """One application to this reviewer: the declaration first, then the text and the sheet."""
    mine = Review.objects.filter(reviewer__person=reader(request), dossier__code=code)
    found = mine.select_related("dossier").first()
    if found is None:
        raise Http404
    rules = call_now(found.dossier.call)
    call = rules.call
    form = Sheet(call, initial={**_given(found), **typed_before(request), "version": found.version})
    if request.method == "POST":
        form = Sheet(call, request.POST)
        try:
            if (done := _deed(request, code, form)) is not None:
                return done
        except Refused as refused:
            messages.error(request, told_refusal(refused))
    context = {
        "review": found,
        "dossier": found.dossier,
        "who": " – ".join(map(str, filter(None, (found.dossier.lead, found.dossier.alliance)))),
        "call": words(call.name),
        "form": form,
        "over": rules.decided,
        "given": sheet_lines(call, found) if found.marked else [],
        "answers": told_contents(rules, found.dossier),
        "slots": told_slots(slots(call, found.dossier)) if found.cleared else [],
    }
    return render(request, "desk/review.html", context)


def sheet_lines(call: Call, found: Review) -> list[tuple[str, int | None, int, str]]:
    """A sheet as it was given: each criterion with its points, full marks and why."""
    return [
        (words(one.name), found.points.get(one.id), one.full, found.comments.get(one.id, ""))
        for one in call.criteria
    ]


def _given(found: Review) -> dict[str, Any]:
    told: dict[str, Any] = {"version": found.version}
    told |= {f"points-{name}": points for name, points in found.points.items()}
    return told | {f"comment-{name}": text for name, text in found.comments.items()}


def _deed(request: HttpRequest, code: str, form: Sheet) -> HttpResponse | None:
    """Declare or mark; None where the sheet must be mended first."""
    deed, person = request.POST.get("deed"), reader(request)
    if deed == "clear":
        declare_conflict(person, code, "", now())
        return redirect("review", code=code)
    if deed == "conflict":
        declare_conflict(person, code, request.POST.get("why", "") or "declared", now())
        messages.success(request, _("The seat is given to somebody else."))
        return redirect("reviews")
    if not form.is_valid():
        return None
    given = form.cleaned_data
    parts = [name.partition("-") for name in given]
    points = {name: given[f"points-{name}"] for part, _dash, name in parts if part == "points"}
    comments = {name: given[f"comment-{name}"] for name in points}
    mark(person, code, points, comments, now(), given["version"])
    messages.success(request, _("The sheet is given."))
    return redirect("reviews")


_MINE: Final = frozenset({Role.REVIEWER})
_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page("reviews/", "reviews", reviews, _MINE, title=lazy("Reviews")),
    Page("reviews/<slug:code>/", "review", review, _MINE, _BOTH, sample=(("code", "open-1-0001"),)),
)
