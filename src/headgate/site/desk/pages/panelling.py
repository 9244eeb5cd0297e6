"""The panel of a call: seats, conflicts, harshness and agreement, sheets with their reasons.

It is what the chair looks at before the list is signed and, printed, the minutes of the panel. To
fit thousands of sheets takes half a second, so a process keeps what they come to until anything of
them moves.
"""

from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from itertools import groupby, islice
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.db.models import Case, QuerySet, TextField, Value, When
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from headgate.core.calls.application import Mark
from headgate.core.calls.harshness import Harshness
from headgate.core.calls.scoring import score
from headgate.core.policy.schema import Call
from headgate.site.actions.assign_reviewers import seat
from headgate.site.apart import apart
from headgate.site.apart.meanwhile import FOREVER, WAIT_SECONDS, Last, last
from headgate.site.desk.clock import now
from headgate.site.desk.demo_panel import let_invented_mark
from headgate.site.desk.demo_words import invented
from headgate.site.desk.models import Conflict, Finding, Review, Reviewer, Signature
from headgate.site.desk.office import CallNow, call_now
from headgate.site.desk.pages.moving import moved, nothing_new
from headgate.site.desk.pages.reviewing import sheet_lines
from headgate.site.desk.pages.telling import at_the_desk, figures, reader, words
from headgate.site.desk.world import points_of
from headgate.site.portal.lists import READ_AT_ONCE, kept
from headgate.site.portal.reading import decisions
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import OFFICE
from headgate.site.portal.sending import page_of

SHOWN: Final = 5
"""Applications whose sheets and gates a page has; all of them are on the page that is printed."""
CHOSEN_MOST: Final = 200
"""Applications that a seat is given at by choosing one; of more its code is typed."""


@at_the_desk
def panel(request: HttpRequest, call: str) -> HttpResponseBase:
    """Everything that the panel of a call did, for its chair and for the minutes."""
    rules = call_now(call)
    if request.method == "POST":
        given = request.POST
        seat(reader(request), given.get("code", ""), given.get("reviewer", ""), now())
        messages.success(request, _("The seat is given."))
        let_demo_mark(request, rules)
        return redirect("panel", call=call)
    seen = _looked(request, rules)
    how_new, done = moved(request, seen), seen.made
    if how_new is None or done is None:
        return nothing_new()
    told = Review.objects.filter(dossier__call=call).order_by(*_IN_ORDER)
    locale, codes = figures(), done.codes.split("\0") if done.codes else []
    shown = _shown(request, codes)
    is_whole = len(shown) == len(codes)
    some = {} if is_whole else {"dossier__code__in": shown}
    sheets = told.filter(**some).select_related("dossier", "reviewer").only(*_SHEET)
    found = Finding.objects.filter(dossier__call=call, **some).select_related("dossier")
    signed = Signature.objects.filter(award_list__call=call)
    conflicts = Conflict.objects.filter(dossier__call=call).select_related("dossier", "reviewer")
    context = how_new | {
        "call": rules,
        "name": words(rules.call.name),
        "members": [_told(one) for one in done.members],
        "alpha": "" if done.alpha is None else locale.fixed(done.alpha, 2),
        "connected": done.connected,
        "adjusted": rules.call.panel is not None and rules.call.panel.adjust_harshness,
        "conflicts": (conflicts if is_whole else conflicts.filter(**some)).order_by(*_IN_ORDER),
        "conflicts_in_all": conflicts.count(),
        "next": shown[-1] if shown and shown[-1] != codes[-1] else "",
        "whole": is_whole,
        "findings": found.exists(),
        "signed": list(signed.select_related("award_list", "person").order_by("id")),
        "reviewers": Reviewer.objects.filter(person__is_active=True).order_by("code"),
        "codes": codes,
        "chosen": len(codes) <= CHOSEN_MOST,
        "day": rules.day(now(rules)),
        "open": rules.received and not rules.decided,
    }
    parts = {"gates": _gates(rules, found), "sheets": _sheets(rules, sheets)}
    return page_of(request, "desk/panel.html", context, parts)


def let_demo_mark(request: HttpRequest, rules: CallNow) -> None:
    """In the demo, let the reviewers whom nobody plays give their sheets at once."""
    if not settings.HEADGATE_DEMO:
        return
    if given := let_invented_mark(rules.call, rules.id, invented(rules.policy), now()):
        told = _("Invented reviewers of the demo have given %s sheets; yours wait at Reviews.")
        messages.success(request, told % figures().whole(given))


class _Member(NamedTuple):
    """A reviewer's seats and sheets, and how far above or below the panel they mark, if known."""

    code: str
    seats: int
    sheets: int
    offset: int | None


class _Done(NamedTuple):
    """What all sheets of a call come to; `codes` are those of its applications, told apart by a
    sign that none has: ten thousand texts would be six times as large.
    """

    members: tuple[_Member, ...]
    alpha: Fraction | None
    connected: bool
    codes: str


_IN_ORDER: Final = ("dossier__code", "reviewer__code")
_SHEET: Final = ("dossier__code", "reviewer__code", "marked", "points", "comments")
_GIVEN: Final = Case(
    When(marked__isnull=False, then=Cast("points", TextField())), default=Value("", TextField())
)
"""The points of a sheet that was given, as they lie there."""


def _looked(request: HttpRequest, rules: CallNow) -> Last[_Done]:
    """What the sheets came to last, where it takes long to say what they come to now.

    That is waited for where nothing was said yet, and for the print of all, which is evidence.
    """

    def done() -> _Done:
        (made,) = kept(f"panel {rules.id}", rules.moved, lambda: [_done(rules)]).rows
        return made

    kind, at = ("panel", rules.id), now(rules)
    if rules.decided:
        return Last(done(), at, is_new=True)
    found = last(kind, rules.moved, at, done, FOREVER if "all" in request.GET else WAIT_SECONDS)
    return found if found.at else last(kind, rules.moved, at, done, FOREVER)


def _done(rules: CallNow) -> _Done:
    """Of a decided call with what the decision says, else with what is fitted."""
    return apart(_come_to, rules.call, rules.id, rules.decided)


def _come_to(call: Call, call_id: str, decided: bool) -> _Done:
    told = Review.objects.filter(dossier__call=call_id).order_by(*_IN_ORDER)
    seats = list(told.values_list("dossier__code", "reviewer__code", _GIVEN))
    given = [(code or "", reviewer, points) for code, reviewer, points in seats if points]
    fitted = _decided(call_id) if decided else _fitted(call, given)
    offsets = {one.rater: one.offset for one in fitted.offsets}
    sheets = Counter(reviewer for _code, reviewer, _points in given)
    members = sorted(Counter(reviewer for _code, reviewer, _points in seats).items())
    return _Done(
        tuple(_Member(who, number, sheets[who], offsets.get(who)) for who, number in members),
        fitted.alpha,
        fitted.connected,
        "\0".join(sorted({code or "" for code, *_ in seats})),
    )


def _shown(request: HttpRequest, codes: Sequence[str]) -> Sequence[str]:
    """The applications whose sheets are asked for: some after the last one seen, or all."""
    if "all" in request.GET:
        return codes
    first = bisect(codes, request.GET.get("after", ""))
    return codes[first : first + SHOWN]


_HARSHNESS: Final = TypeAdapter(Harshness)


def _decided(call: str) -> Harshness:
    """Harshness and agreement as the decision on a call has them."""
    made = (m for m in reversed(decisions()) if (m.step, m.subject) == ("panel", call))
    return _HARSHNESS.validate_python(next(made).result["harshness"])


def _fitted(call: Call, given: Sequence[tuple[str, str, str]]) -> Harshness:
    """The same from the sheets that were given so far."""
    marks = (
        Mark(code, criterion, reviewer, points)
        for code, reviewer, sheet in given
        for criterion, points in points_of(sheet)
    )
    return score(call, marks, {code for code, *_ in given}).harshness


def _told(one: _Member) -> dict[str, Any]:
    """A member as the page has it."""
    offset = "" if one.offset is None else figures().points(one.offset)
    return {**one._asdict(), "offset": offset}


def _gates(rules: CallNow, found: "QuerySet[Finding]") -> Iterator[str]:
    """Every finding with its gate's name, a few hundred at a time."""
    names = {gate.id: words(gate.name) for gate in rules.call.gates}
    rows: Any = found.iterator(READ_AT_ONCE)
    with closing(rows):
        while some := [(one, names.get(one.gate, one.gate)) for one in islice(rows, READ_AT_ONCE)]:
            yield render_to_string("desk/panel_gates.html", {"findings": some})


def _sheets(rules: CallNow, reviews: "QuerySet[Review]") -> Iterator[str]:
    """Every sheet with its reasons, by application; some applications at a time."""
    rows: Any = reviews.iterator(READ_AT_ONCE)
    told = (
        (code, [(one, sheet_lines(rules.call, one) if one.marked else []) for one in given])
        for code, given in groupby(rows, lambda one: one.dossier.code)
    )
    with closing(rows):
        while some := list(islice(told, SHOWN)):
            yield render_to_string("desk/panel_sheets.html", {"sheets": some})


_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page("boards/<slug:call>/panel/", "panel", panel, OFFICE, _BOTH, sample=(("call", "open-1"),)),
)
