"""A round's pages for its people: experts' blind sheets, the chair's progress, a team's report."""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.evaluation.known import Known
from headgate.core.ledger.refused import Refused
from headgate.report.speaker import Speaker
from headgate.report.stage_team import team_document
from headgate.site.actions.judge_round import fix_known, give_sheet, seat_experts
from headgate.site.desk.clock import now
from headgate.site.desk.hearing import own_teams
from headgate.site.desk.models import Reviewer, RoundSheet
from headgate.site.desk.pages.telling import at_the_desk, number, reader, typed_before, words
from headgate.site.desk.rating import (
    SCALE,
    ExpertNow,
    Panel,
    RoundNow,
    agreement_now,
    criteria,
    experts_now,
    panel_of,
    round_now,
)
from headgate.site.portal import reading
from headgate.site.portal.forms import WholeField
from headgate.site.portal.judged import closed_round
from headgate.site.portal.pages.rounds import SAMPLE, print_of, printed, shown, with_findings
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import STAFF, Role, roles_of
from headgate.site.portal.words import language
from headgate.site.reports.tables import Cell, write_csv
from headgate.site.status import state


@at_the_desk
def own_round(request: HttpRequest, round_id: str) -> HttpResponse:
    """A team's own report of a round that was closed, for whoever acts for its lead."""
    stood = reading.programme()
    stage = None if stood is None else closed_round(stood, reading.decisions(), round_id)
    judged = [] if stage is None else [d.team for d in stage.evaluation.outcome.decisions]
    teams = own_teams(reader(request), judged)
    if stage is None or not teams:
        return render(request, "desk/no_report.html")
    team = request.GET.get("team", teams[0])
    if team not in teams:
        raise Http404
    say = reading.speaker_of(stage.policy, language())
    told = team_document(with_findings(stage), team, say)
    if request.GET.get("format") == "pdf":
        return printed(print_of(told, language()), f"{round_id}-{team}")
    others = [one for one in teams if one != team]
    return shown(request, told, told.title, round_id, others)


@at_the_desk
def progress(request: HttpRequest, round_id: str) -> HttpResponse:
    """What evidence of a round is in and what is missing; the officer gives experts their sheets.

    The page asks for itself again every half minute where scripts run; without them, a link does.
    """
    if request.method == "POST" and request.POST.get("deed") == "known":
        pillar = request.POST.get("pillar", "")
        fix_known(reader(request), round_id, pillar, _known(pillar, request.POST), now())
        messages.success(request, _("The known works are among the sheets."))
        return redirect("round-progress", round_id=round_id)
    if request.method == "POST":
        chosen = request.POST.getlist("expert")
        count = seat_experts(reader(request), round_id, chosen, now())
        messages.success(request, _("%(n)s sheets were given out.") % {"n": count})
        return redirect("round-progress", round_id=round_id)
    if request.GET.get("format") == "csv":
        return _labels(request, round_id)
    round_ = round_now(round_id)
    say = reading.speaker_of(round_.policy, language())
    names = {pillar.id: say.text(pillar.name) for pillar in round_.section.pillars}
    officer, panel = Role.AGENCY_OFFICER in roles_of(reader(request)), panel_of(round_id)
    experts = experts_now(round_, panel)
    told = {
        "name": say.text(round_.section.name),
        "operates": Role.OPERATOR in roles_of(reader(request)),
        "day": say.locale.day(round_.section.on),
        "closed": round_.closed,
        "figures": list(_figures(round_, panel, experts, say)),
        "experts": [(names[one.pillar], one) for one in experts],
        "reviewers": _active() if officer and round_.panels and not round_.closed else [],
        "known": list(_known_asked(round_, panel, say)) if officer and not round_.closed else [],
        "typed": typed_before(request),
        "others": [say.text(p.name) for p in round_.section.pillars if p not in round_.panels],
    }
    return render(request, "desk/progress.html", told)


def _known(pillar: str, given: Mapping[str, str]) -> list[Known]:
    """Known works as lines: a work, its lowest and highest right points, and a criterion."""
    lines = (line.split() for line in given.get("known", "").splitlines() if line.strip())
    rows = ([*line, "", "", ""][:4] for line in lines)
    return [Known(pillar, work, of, number(low), number(high)) for work, low, high, of in rows]


def _known_asked(round_: RoundNow, panel: Panel, say: Speaker) -> Iterator[tuple[str, str, bool]]:
    """The pillars whose policy names known works, and whether they are there."""
    there = {one.pillar for one in panel.known}
    for pillar in round_.panels:
        if pillar.raters is not None and pillar.raters.known is not None:
            yield pillar.id, say.text(pillar.name), pillar.id in there


def _active() -> list[str]:
    """Reviewers who could judge, by their pseudonyms."""
    active = Reviewer.objects.filter(person__is_active=True)
    return list(active.order_by("code").values_list("code", flat=True))


def _labels(request: HttpRequest, round_id: str) -> HttpResponse:
    """Whose work stands under which label: for the operator alone, who shows it to the experts."""
    if Role.OPERATOR not in roles_of(reader(request)):
        raise PermissionDenied
    listed = RoundSheet.objects.filter(round=round_id).order_by("reviewer__code", "pillar", "label")
    rows: list[list[Cell]] = [["expert", "pillar", "label", "team"]]
    rows += map(list, listed.values_list("reviewer__code", "pillar", "label", "team"))
    out = BytesIO()
    write_csv(rows, out, state(reading.DATABASE))
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="labels-{round_id}.csv"'
    return response


def _figures(
    round_: RoundNow, panel: Panel, experts: Sequence[ExpertNow], say: Speaker
) -> Iterator[tuple[str, str]]:
    """What a chair looks at first: how much is in, and how far it agrees."""
    whole = say.locale.whole
    yield whole(len(round_.teams)), _("teams in the round")
    given, sheets = sum(e.given for e in experts), sum(e.sheets for e in experts)
    yield f"{whole(given)} / {whole(sheets)}", _("experts' sheets given")
    asked = sum(expert.inattentive for expert in experts)
    yield whole(asked), _("experts to be asked about a repeated sheet")
    for pillar, alpha in agreement_now(panel).items():
        names = {p.id: say.text(p.name) for p in round_.panels}
        shown_alpha = say.say("none") if alpha is None else say.locale.fixed(alpha, 2)
        yield shown_alpha, _("agreement so far: %(pillar)s") % {"pillar": names[pillar]}


class BlindSheet(forms.Form):
    """Points on every criterion of a pillar."""

    def __init__(self, asked: tuple[str, ...], name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for criterion in asked:
            shown_name = name if len(asked) == 1 else criterion
            told = _("%(name)s: points from 0 to %(full)s")
            self.fields[criterion] = WholeField(
                label=told % {"name": shown_name, "full": SCALE}, min_value=0, max_value=SCALE
            )


@at_the_desk
def sheets(request: HttpRequest) -> HttpResponse:
    """Every sheet of this expert, by label; which team it is, is not on the page."""
    mine = RoundSheet.objects.filter(reviewer__person=reader(request))
    listed = mine.order_by("round", "pillar", "label").values("pk", "round", "label", "given")
    names = {name: _named(name) for name in {str(one["round"]) for one in listed}}
    rows = [{**one, "round": names[str(one["round"])]} for one in listed]
    return render(request, "desk/sheets.html", {"sheets": rows})


def _named(round_id: str) -> str:
    """A round's name in the reader's language; its id where the policy no longer has it."""
    try:
        return words(round_now(round_id).section.name)
    except Refused:
        return round_id


@at_the_desk
def sheet(request: HttpRequest, number: int) -> HttpResponse:
    """One blind sheet to the expert whose it is."""
    mine = RoundSheet.objects.filter(reviewer__person=reader(request), pk=number)
    found = mine.first()
    if found is None:
        raise Http404
    round_ = round_now(found.round)
    (pillar,) = (one for one in round_.panels if one.id == found.pillar)
    asked, name = criteria(pillar), words(pillar.name)
    form = BlindSheet(asked, name, initial=found.points)
    if request.method == "POST":
        form = BlindSheet(asked, name, request.POST)
        if form.is_valid():
            give_sheet(reader(request), found.pk, form.cleaned_data, now())
            messages.success(request, _("The sheet is given."))
            return redirect("sheets")
    told = {"label": found.label, "round": words(round_.section.name), "form": form}
    return render(request, "desk/sheet.html", told | {"closed": round_.closed})


_EXPERTS: Final = frozenset({Role.REVIEWER})
_TEAMS: Final = frozenset({Role.APPLICANT})
_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page("rounds/<slug:round_id>/own/", "round-own", own_round, _TEAMS, sample=SAMPLE),
    Page(
        "rounds/<slug:round_id>/progress/", "round-progress", progress, STAFF, _BOTH, sample=SAMPLE
    ),
    Page("sheets/", "sheets", sheets, _EXPERTS, title=lazy("Sheets")),
    Page("sheets/<int:number>/", "sheet", sheet, _EXPERTS, _BOTH, sample=(("number", 1),)),
)
