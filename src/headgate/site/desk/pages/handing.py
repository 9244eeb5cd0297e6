"""What is done with many awards of a call together: handing them over, and answering their reports;
and what invented holders then do, in a demo.
"""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headgate.core.duties.amendment import Change
from headgate.core.policy.schema import Call
from headgate.site.actions.amend import answer_all, hand_over_all
from headgate.site.desk.clock import now
from headgate.site.desk.demo import let_holders_go_on
from headgate.site.desk.models import Asking, Dossier
from headgate.site.desk.pages.telling import (
    at_the_desk,
    figures,
    number,
    reader,
    typed_before,
    words,
)
from headgate.site.desk.running import Reports, handed_over, to_hand_over
from headgate.site.desk.taking import done
from headgate.site.portal import reading
from headgate.site.portal.lists import PAGE_ROWS
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import DECIDES, Role
from headgate.site.records.kept import Stands


@at_the_desk
def handing_over(request: HttpRequest, call: str) -> HttpResponse:
    """The awards of a call that the operator may hand over, with one text for those picked."""
    if (found := _stands(call)) is None:
        return render(request, "portal/not_begun.html")
    (stood, rules), given = found, request.POST
    if request.method == "POST":
        _hand_over(request, given.getlist("award"), given.get("text", ""))
        return redirect("handing-over", call=call)
    every = to_hand_over(stood, handed_over(), call)
    waiting = sorted(one.award for one in every)
    shown = Dossier.objects.filter(code__in=waiting[:PAGE_ROWS]).order_by("code")
    context = {
        "name": words(rules.name),
        "waiting": shown.values_list("code", "lead__name"),
        "many": len(waiting),
        **_typed(request, "award"),
    }
    return render(request, "desk/handing_over.html", context)


def _typed(request: HttpRequest, name: str) -> dict[str, Any]:
    """What was picked and written here before and could not be done."""
    before = typed_before(request)
    return {"text": before.get("text", ""), "picked": before.get(name, "").split(",")}


def _stands(call: str) -> tuple[Stands, Call] | None:
    """Where the programme stands, and a call of its policy; None before it has begun."""
    stood = reading.programme()
    calls = reading.policy_of(stood).calls if stood is not None else {}
    if stood is not None and call not in calls:
        raise Http404
    return (stood, calls[call]) if stood is not None else None


def _hand_over(request: HttpRequest, picked: list[str], text: str) -> None:
    """Hand over every award that was picked, with the same words."""
    done(hand_over_all, reader(request), picked, text, now())
    told = ngettext(
        "%(n)s award is handed over: its holder says whether it can be used.",
        "%(n)s awards are handed over: their holders say whether they can be used.",
        len(picked),
    )
    messages.success(request, told % {"n": figures().whole(len(picked))})
    tell_holders(request)


@at_the_desk
def reports(request: HttpRequest, call: str) -> HttpResponse:
    """The reports of a call that wait for the office, with one answer for those picked."""
    if (found := _stands(call)) is None:
        return render(request, "portal/not_begun.html")
    (stood, rules), given = found, request.POST
    if request.method == "POST":
        picked = [number(one) for one in given.getlist("asking")]
        _answer(request, picked, given.get("deed") == "grant", given.get("text", ""))
        return redirect("answering-reports", call=call)
    names = {one.id: words(one.name) for one in Reports(stood).rules(call).reports}
    asked = Asking.objects.filter(dossier__call=call, change=Change.REPORT, granted__isnull=True)
    waiting = asked.select_related("dossier__lead").order_by("at", "pk")
    context = {
        "name": words(rules.name),
        "waiting": [(one, names.get(one.asked["report"], "")) for one in waiting[:PAGE_ROWS]],
        **_typed(request, "asking"),
    }
    return render(request, "desk/answering_reports.html", context)


def _answer(request: HttpRequest, picked: list[int], granted: bool, text: str) -> None:
    """Answer every report that was picked, with the same words."""
    done(answer_all, reader(request), picked, granted, text, now())
    told = ngettext("%(n)s report is answered.", "%(n)s reports are answered.", len(picked))
    messages.success(request, told % {"n": figures().whole(len(picked))})


def tell_holders(request: HttpRequest) -> None:
    """Let the invented holders of a demo go on, and say what they did."""
    if told := list(_did()):
        said = _("Invented holders of the demo have acted. %(told)s.")
        messages.success(request, said % {"told": "; ".join(told)})


def _did() -> Iterator[str]:
    did = let_holders_go_on()
    forms = (
        (did.confirmed, _("Hand-overs confirmed: %s")),
        (did.explained, _("Explanations: %s")),
        (did.reported, _("Reports handed in: %s")),
        (did.paid, _("Fees paid: %s")),
    )
    return (form % figures().whole(count) for count, form in forms if count)


PAGES: Final = (
    Page(
        "running/<slug:call>/hand-over/",
        "handing-over",
        handing_over,
        frozenset({Role.OPERATOR}),
        ("GET", "HEAD", "POST"),
        sample=(("call", "open-1"),),
    ),
    Page(
        "running/<slug:call>/reports/",
        "answering-reports",
        reports,
        DECIDES,
        ("GET", "HEAD", "POST"),
        sample=(("call", "open-1"),),
    ),
)
