"""The panel of a call: seats, conflicts, harshness and agreement, sheets with their reasons.

It is what the chair looks at before the list is signed and, printed, the minutes of the panel.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from headgate.core.calls.application import Mark
from headgate.core.calls.harshness import Harshness
from headgate.core.calls.scoring import score
from headgate.core.policy.schema import Call
from headgate.site.actions.assign_reviewers import seat
from headgate.site.apart import apart
from headgate.site.desk.clock import now
from headgate.site.desk.demo_panel import let_invented_mark
from headgate.site.desk.demo_words import invented
from headgate.site.desk.models import Conflict, Finding, Review, Reviewer, Signature
from headgate.site.desk.office import CallNow, call_now
from headgate.site.desk.pages.reviewing import sheet_lines
from headgate.site.desk.pages.telling import at_the_desk, figures, reader, words
from headgate.site.portal.reading import decisions
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import OFFICE

SHOWN: Final = 20
"""Applications whose sheets a page has; all of them are on the page that is printed."""


@at_the_desk
def panel(request: HttpRequest, call: str) -> HttpResponse:
    """Everything that the panel of a call did, for its chair and for the minutes."""
    rules = call_now(call)
    if request.method == "POST":
        given = request.POST
        seat(reader(request), given.get("code", ""), given.get("reviewer", ""), now())
        messages.success(request, _("The seat is given."))
        let_demo_mark(request, rules)
        return redirect("panel", call=call)
    told = Review.objects.filter(dossier__call=call).order_by("dossier__code", "reviewer__code")
    seats = [_Seat(*one) for one in told.values_list(*_SEAT)]
    fitted = _decided(rules.id) if rules.decided else apart(_fitted, rules.call, call)
    locale, codes = figures(), sorted({one.code or "" for one in seats})
    shown = _shown(request, codes)
    sheets = (
        told.filter(dossier__code__in=shown).select_related("dossier", "reviewer").only(*_SHEET)
    )
    signed = Signature.objects.filter(award_list__call=call)
    conflicts = Conflict.objects.filter(dossier__call=call).select_related("dossier", "reviewer")
    context = {
        "call": rules,
        "name": words(rules.call.name),
        "members": _members(seats, fitted),
        "alpha": "" if fitted.alpha is None else locale.fixed(fitted.alpha, 2),
        "connected": fitted.connected,
        "adjusted": rules.call.panel is not None and rules.call.panel.adjust_harshness,
        "conflicts": conflicts.order_by("dossier__code", "reviewer__code"),
        "sheets": _sheets(rules, sheets),
        "next": shown[-1] if shown and shown[-1] != codes[-1] else "",
        "whole": len(shown) == len(codes),
        "findings": Finding.objects.filter(dossier__call=call).select_related("dossier"),
        "signed": list(signed.select_related("award_list", "person").order_by("id")),
        "reviewers": Reviewer.objects.filter(person__is_active=True).order_by("code"),
        "codes": codes,
        "day": rules.day(now()),
        "open": rules.received and not rules.decided,
    }
    return render(request, "desk/panel.html", context)


def let_demo_mark(request: HttpRequest, rules: CallNow) -> None:
    """In the demo, let the reviewers whom nobody plays give their sheets at once."""
    if not settings.HEADGATE_DEMO:
        return
    if given := let_invented_mark(rules.call, rules.id, invented(rules.policy), now()):
        told = _("Invented reviewers of the demo have given %s sheets; yours wait at Reviews.")
        messages.success(request, told % figures().whole(given))


class _Seat(NamedTuple):
    """A seat of the panel without its reasons; thousands of them are read for one page."""

    code: str | None
    reviewer: str
    marked: datetime | None


_SEAT: Final = ("dossier__code", "reviewer__code", "marked")
_SHEET: Final = (*_SEAT, "points", "comments")


def _shown(request: HttpRequest, codes: Sequence[str]) -> Sequence[str]:
    """The applications whose sheets are asked for: some after the last one seen, or all."""
    if "all" in request.GET:
        return codes
    return [code for code in codes if code > request.GET.get("after", "")][:SHOWN]


_HARSHNESS: Final = TypeAdapter(Harshness)


def _decided(call: str) -> Harshness:
    """Harshness and agreement as the decision on a call has them."""
    made = (m for m in reversed(decisions()) if (m.step, m.subject) == ("panel", call))
    return _HARSHNESS.validate_python(next(made).result["harshness"])


def _fitted(call: Call, call_id: str) -> Harshness:
    """The same from the sheets that were given so far."""
    given = Review.objects.filter(dossier__call=call_id).exclude(marked=None)
    sheets = list(given.values_list("dossier__code", "reviewer__code", "points"))
    marks = (
        Mark(code or "", criterion, reviewer, points)
        for code, reviewer, sheet in sheets
        for criterion, points in sheet.items()
    )
    return score(call, marks, {code or "" for code, *_ in sheets}).harshness


def _members(seats: Iterable[_Seat], fitted: Harshness) -> list[dict[str, Any]]:
    """Each reviewer with seats, sheets and how far above or below the panel they mark."""
    locale = figures()
    offsets = {one.rater: locale.points(one.offset) for one in fitted.offsets}
    found: dict[str, dict[str, Any]] = {}
    for one in seats:
        empty = {"code": one.reviewer, "seats": 0, "sheets": 0, "offset": ""}
        line = found.setdefault(one.reviewer, empty)
        line["seats"] += 1
        line["sheets"] += one.marked is not None
        line["offset"] = offsets.get(one.reviewer, "")
    return [found[code] for code in sorted(found)]


def _sheets(rules: CallNow, reviews: Iterable[Review]) -> list[tuple[str, list[Any]]]:
    """Every sheet with its reasons, by application."""
    found: dict[str, list[Any]] = {}
    for one in reviews:
        lines = sheet_lines(rules.call, one) if one.marked else []
        found.setdefault(one.dossier.code or "", []).append((one, lines))
    return list(found.items())


_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page("boards/<slug:call>/panel/", "panel", panel, OFFICE, _BOTH, sample=(("call", "open-1"),)),
)
