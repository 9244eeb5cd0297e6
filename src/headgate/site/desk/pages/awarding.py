"""The award board: gates, seats, the list as it would be decided, two signatures, the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.db.models import Aggregate, Count, F, JSONField, OuterRef, QuerySet, Subquery
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.report.reasons import told
from headgate.report.section_calls import floors_of
from headgate.site.actions.assign_reviewers import fill_seats
from headgate.site.actions.bring_grants import hold_grants
from headgate.site.actions.find_gate import find_gate
from headgate.site.actions.objection import answer_by, answer_objection
from headgate.site.actions.sign import sign_now
from headgate.site.desk.board import Board, shown
from headgate.site.desk.clock import now
from headgate.site.desk.demo_winners import let_invented_take
from headgate.site.desk.dossiers import doubles_of
from headgate.site.desk.files import sees_files, slots
from headgate.site.desk.grants import grants_of
from headgate.site.desk.models import (
    Acceptance,
    AwardList,
    Dossier,
    Finding,
    Objection,
    Review,
    State,
)
from headgate.site.desk.office import CallNow, call_now, calls_now, led_by
from headgate.site.desk.pages.attaching import told_slots
from headgate.site.desk.pages.granting import told_doubles, told_grants
from headgate.site.desk.pages.moving import moved, nothing_new
from headgate.site.desk.pages.panelling import let_demo_mark
from headgate.site.desk.pages.telling import (
    at_the_desk,
    figures,
    reader,
    told_contents,
    words,
)
from headgate.site.desk.remembered import seen
from headgate.site.desk.sensitivity import Sensitivity, first_drawn
from headgate.site.desk.taking import taken
from headgate.site.portal import reading
from headgate.site.portal.lists import PAGE_ROWS, Column, Table, download, journal_state, listing
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import OFFICE, decides
from headgate.site.portal.words import language


@at_the_desk
def boards(request: HttpRequest) -> HttpResponse:
    """Every call with how far it has come."""
    return render(request, "desk/boards.html", {"calls": [_head(one) for one in calls_now()]})


def _head(rules: CallNow) -> dict[str, Any]:
    """A call's name and its days, and how far it has come."""
    days = list(reading.clocks(rules.call, figures(), rules.stands))
    return {"call": rules, "name": words(rules.call.name), "clocks": days}


@at_the_desk
def board(request: HttpRequest, call: str) -> HttpResponseBase:
    """One call: its applications with their gates and sheets, and the list as it stands."""
    rules = call_now(call)
    if request.method == "POST":
        _deed(request, rules)
        return redirect("board", call=call)
    office = decides(request.user)
    context: dict[str, Any] = {}
    if rules.received and not rules.decided:
        if (told := _looked(request, rules, office)) is None:
            return nothing_new()
        context = told
    rows = _rows(rules)
    columns = [one for one in _COLUMNS if rules.call.gates or one.name != "gates"]
    if file := download(request, call, rows, columns, (), journal_state):
        return file
    context |= _head(rules) | {
        "decides": office,
        "listing": listing(request, rows, columns),
        "gates": [(gate.id, words(gate.name)) for gate in rules.call.gates],
        "grants": _grant_rule(rules),
        "objections": _objections(rules),
    }
    return render(request, "desk/board.html", context)


def _looked(request: HttpRequest, rules: CallNow, office: bool) -> dict[str, Any] | None:
    """The list, who signed it, and how sure it is where that is asked; None for nothing new.

    A list is signed only where it was seen as that of now.
    """
    asked = [shown(), {"sure": first_drawn}] if "sure" in request.GET else [shown()]
    listed, *others = seen(rules, now(rules), *asked)
    if (context := moved(request, listed, *others)) is None:
        return None
    if listed.made is not None:
        found, signed = listed.made
        context |= _shown(rules, found) | signed
        context["signs"] = listed.is_new and office and _signs(request.user, found, signed)
    for drawn in others:
        context |= {"drawn": drawn} | (_sure(*drawn.made) if drawn.made else {})
    return context


def _objections(rules: CallNow) -> list[tuple[Objection, str]]:
    """What is held against the list, with the last day to answer; nothing before it closed."""
    if not rules.received:
        return []
    found = Objection.objects.filter(dossier__call=rules.id).select_related("dossier")
    return [(one, figures().day(answer_by(rules, one.at))) for one in found]


def _grant_rule(rules: CallNow) -> dict[str, str]:
    """Which gate grants of other programmes shut, and how alike they must be; empty for none."""
    rule = rules.call.outside_grants
    return {"gate": rule.gate, "alike": figures().percent(rule.alike)} if rule else {}


@dataclass(frozen=True, slots=True)
class Given:
    """One application of a call: what was found on its gates, its seats, and its sheets."""

    code: str
    lead: str
    found: tuple[tuple[str, bool], ...]
    sheets: int
    seats: int

    @property
    def link(self) -> SafeString:
        """The application's code, leading to it."""
        address = reverse("doubles", kwargs={"code": self.code})
        return format_html('<a class="govuk-link" href="{}">{}</a>', address, self.code)

    @property
    def gates(self) -> str:
        """What was found on each gate, in words."""
        named = {True: _("Open"), False: _("Shut")}
        return ", ".join(f"{gate}: {named[passed]}" for gate, passed in self.found)

    @property
    def tags(self) -> SafeString:
        """The same in colours."""
        named = {True: ("green", _("Open")), False: ("red", _("Shut"))}
        told = [(gate, *named[passed]) for gate, passed in self.found]
        return format_html_join(
            " ", '{}: <strong class="govuk-tag govuk-tag--{}">{}</strong>', told
        )


_COLUMNS: Final[tuple[Column[Given], ...]] = (
    Column("code", lazy("Application"), lambda one: one.code, lambda one: one.link),
    Column("lead", lazy("Organisation"), lambda one: one.lead),
    Column("gates", lazy("Gates"), lambda one: one.gates, lambda one: one.tags),
    Column("sheets", lazy("Sheets"), lambda one: one.sheets, figure=True),
    Column("seats", lazy("Seats"), lambda one: one.seats, figure=True),
)


def _rows(rules: CallNow) -> Table[Given]:
    """Every application of the call, in the order in which they were handed in."""
    given = Dossier.objects.filter(call=rules.id, state=State.SUBMITTED)
    by = {
        "code": F("code"),
        "lead": F("lead__name"),
        "sheets": _count("marked"),
        "seats": _count("pk"),
    }
    where = ("code", led_by)
    gates = [gate.id for gate in rules.call.gates]
    return Table(given, ("at", "code"), by, where, partial(_given, gates))


def _count(field: str) -> Combinable:
    """How many seats of an application have something."""
    seats = Review.objects.filter(dossier=OuterRef("pk")).values("dossier")
    return Coalesce(Subquery(seats.values_list(Count(field))), 0)


class _Pairs(Aggregate):
    """One value by another, of all rows of a group, on either database."""

    function = "json_group_object"
    output_field = JSONField()

    def as_postgresql(self, *args: Any, **kwargs: Any) -> Any:
        """The name that PostgreSQL has for it."""
        return self.as_sql(*args, **{**kwargs, "function": "jsonb_object_agg"})


def _given(gates: Sequence[str], found: "QuerySet[Dossier]") -> list[Given]:
    """Applications with what was found on them, by the call's own gates, and their seats."""
    findings = Finding.objects.filter(dossier=OuterRef("pk")).order_by().values("dossier")
    passed = Subquery(findings.annotate(told=_Pairs("gate", "passed")).values("told"))
    told = found.values_list("code", "lead__name", passed, _count("marked"), _count("pk"))
    return [
        Given(code or "", lead, tuple((g, bool(on[g])) for g in gates if g in on), sheets, seats)
        for code, lead, found_on, sheets, seats in told
        for on in [found_on or {}]
    ]


def _shown(rules: CallNow, found: Board) -> dict[str, Any]:
    """The list with its bound, and its first awards with their reasons in the reader's language."""
    plan, say = found.plan, reading.speaker_of(rules.policy, language())
    awarded, waiting = found.awarded, found.standby
    return {
        "board": found,
        "awards": [
            (one.application, one.blocks, say.class_known(one.pool), told(rules.call, one.why, say))
            for one in awarded[:PAGE_ROWS]
        ],
        "standby": waiting[:PAGE_ROWS],
        "counts": {
            "awarded": len(awarded),
            "standby": len(waiting),
            "shown": min(len(awarded), PAGE_ROWS),
            "all": found.received,
        },
        "value": plan["value"],
        "bound": plan["bound"],
        "floors": list(floors_of(rules.call, rules.id, plan["floors"], say)),
    }


def _signs(person: Any, found: Board, signed: Mapping[str, Any]) -> bool:
    """Whether there is something for somebody to sign: neither the same again nor a third time."""
    if signed["listed"] != found.digest:
        return True
    return not signed["told"] and all(one.person_id != person.pk for one in signed["signed"])


def _sure(found: Sensitivity) -> dict[str, Any]:
    """How often each application would be awarded if other reviewers had marked it."""
    write = figures()
    lines = [
        (
            one.application,
            write.percent(Fraction(one.awarded_per_mille, 1000)),
            f"{write.points(one.low)} – {write.points(one.high)}",
            one.is_close,
        )
        for one in found.lines
    ]
    return {"sure": lines, "doubtful": found.doubtful, "draws": found.draws, "seed": found.seed}


def _deed(request: HttpRequest, rules: CallNow) -> None:
    """Do what the pressed button says."""
    given, person = request.POST, reader(request)
    match given.get("deed"):
        case "assign":
            pairs, short = taken(fill_seats, person, rules.id, now())
            told = _("%(pairs)s seats are given; %(short)s stay empty.")
            if not pairs and not short:
                told = _("No seat is given: an application gets its seats once its gates are open.")
            messages.success(request, told % {"pairs": pairs, "short": short})
            let_demo_mark(request, rules)
        case "gate":
            evidence = given.get("evidence", "").split()
            passed, remark = given.get("passed") == "yes", given.get("remark", "")
            code, gate = given.get("code", ""), given.get("gate", "")
            find_gate(person, code, gate, passed, remark, evidence, now())
        case "sign":
            is_told = taken(sign_now, person, rules.id, given.get("digest", ""), now())
            messages.success(request, _("Signed and told.") if is_told else _("Signed by one."))
            if is_told:
                let_demo_take(request, rules)
        case "hold":
            opened, shut = taken(hold_grants, person, rules.id, now())
            told = _("Found on %(opened)s open and on %(shut)s shut.")
            messages.success(request, told % {"opened": opened, "shut": shut})
        case "answer":
            upheld, text = given.get("upheld") == "yes", given.get("text", "")
            answer_objection(person, given.get("code", ""), upheld, text, now())


def let_demo_take(request: HttpRequest, rules: CallNow) -> None:
    """In the demo, let the winners whom nobody plays answer as soon as they are told."""
    if not settings.HEADGATE_DEMO:
        return
    listed = AwardList.objects.get(call=rules.id)
    took, left = let_invented_take(reader(request), rules, listed, now())
    if took or left:
        told = _(
            "Invented winners of the demo have answered: %(took)s took it, %(left)s gave it up."
        )
        numbers = {"took": figures().whole(took), "left": figures().whole(left)}
        messages.success(request, told % numbers)


@at_the_desk
def double(request: HttpRequest, code: str) -> HttpResponse:
    """One application as it was handed in, and whether it may be funded twice.

    Whoever has a part in it learns here no more than that there is one.
    """
    whole = Dossier.objects.select_related("lead", "alliance")
    found = whole.filter(code=code, state=State.SUBMITTED).first()
    context: dict[str, Any] = {"code": code}
    if found is not None and sees_files(reader(request), found):
        rules = call_now(found.call)
        call = rules.call
        context |= {
            "grants": told_grants(grants_of(found, call)),
            "dossier": found,
            "doubles": told_doubles(rules, doubles_of(found)),
            "answers": told_contents(rules, found),
            "slots": told_slots(slots(call, found)),
            "agreement": Acceptance.objects.filter(dossier=found, accepted=True).exists()
            and call.agreement is not None,
        }
    return render(request, "desk/doubles.html", context)


"""Who sees the board; an auditor can press no button, because every action asks for its role."""
_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page("boards/", "boards", boards, OFFICE, title=lazy("Award boards")),
    Page("boards/<slug:call>/", "board", board, OFFICE, _BOTH, sample=(("call", "open-1"),)),
    Page("doubles/<slug:code>/", "doubles", double, OFFICE, sample=(("code", "open-1-0001"),)),
)
