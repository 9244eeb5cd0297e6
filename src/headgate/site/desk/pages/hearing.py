"""A round's page for being heard: findings with replies, objections with answers, each clock."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headgate.core.calls.application import GateFinding
from headgate.core.evaluation.hearings import Withdrawn
from headgate.core.faults import Faulty
from headgate.site.actions.hear_round import (
    Found,
    Mended,
    find_round_gate,
    object_to_round,
    reject_round_objection,
    reply_round_gate,
    uphold_round_objection,
)
from headgate.site.desk.clock import now
from headgate.site.desk.hearing import answer_by, object_by, own_teams, reply_by
from headgate.site.desk.models import Dossier, RoundFinding
from headgate.site.desk.office import leads_of
from headgate.site.desk.pages.telling import (
    at_the_desk,
    figures,
    reader,
    tell_faults,
    typed_before,
    words,
)
from headgate.site.desk.rating import RoundNow, round_now
from headgate.site.desk.round_models import RoundObjection
from headgate.site.desk.taking import done
from headgate.site.portal.judged import found_in_the_end
from headgate.site.portal.pages.rounds import HEARD, SAMPLE
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import DECIDES, Role, roles_of

_OFFICE: Final = HEARD - {Role.APPLICANT}


@at_the_desk
def hearing(request: HttpRequest, round_id: str) -> HttpResponse:
    """A team sees and does what is its own; the office sees all; auditors see, without buttons."""
    if request.method == "POST":
        try:
            _deed(request, round_id)
        except Faulty as faulty:
            tell_faults(request, faulty)
        return redirect("round-hearing", round_id=round_id)
    person, round_ = reader(request), round_now(round_id)
    roles = roles_of(person)
    office = not roles.isdisjoint(_OFFICE)
    mine, moment = own_teams(person, round_.teams), now()
    told = {
        "round": round_,
        "name": words(round_.section.name),
        "teams": list(_teams(round_, round_.teams if office else mine, set(mine), moment)),
        "gates": [(gate.id, words(gate.name)) for gate in round_.section.gates],
        "pillars": [(pillar.id, words(pillar.name)) for pillar in round_.section.pillars],
        "office": office,
        "finds": Role.AGENCY_OFFICER in roles and not round_.closed,
        "answers": not roles.isdisjoint(DECIDES),
        "turned": round_.closed and round_.decided is None,
        "typed": typed_before(request),
        **_window(round_, moment),
    }
    return render(request, "desk/hearing.html", told)


def _window(round_: RoundNow, moment: datetime) -> Mapping[str, Any]:
    """Until which day may be objected, and whether that is still to come."""
    last = object_by(round_)
    open_ = round_.decided is not None and last is not None and round_.day(moment) <= last
    return {"object_by": figures().day(last) if last is not None else "", "open": open_}


def _teams(
    round_: RoundNow, teams: Collection[str], mine: Collection[str], moment: datetime
) -> Iterator[Mapping[str, Any]]:
    """Each team: what was found on its gates, what it objected, and what it may still do."""
    found: dict[str, list[RoundFinding]] = {team: [] for team in teams}
    findings = RoundFinding.objects.filter(round=round_.id, team__in=teams)
    for one in findings.order_by("gate"):
        found[one.team].append(one)
    listed = RoundObjection.objects.filter(round=round_.id, team__in=teams)
    objections = {one.team: one for one in listed}
    leads = leads_of(Dossier.objects.filter(code__in=teams))
    anew = _anew(round_.id) if any(one.upheld for one in listed) else {}
    for team in teams:
        objection = objections.get(team)
        yield {
            "id": team,
            "lead": leads.get(team, ""),
            "mine": team in mine,
            "findings": list(_found(round_, found[team], moment, anew)),
            "objection": objection,
            "answer_by": figures().day(answer_by(round_, objection.at)) if objection else "",
        }


def _anew(round_id: str) -> dict[tuple[str, str], GateFinding]:
    """What hearings of a round found on gates, by team and gate."""
    _first, heard = found_in_the_end(round_id)
    return {(row.subject, row.gate): row for one in heard for row in one.findings}


def _found(
    round_: RoundNow,
    found: Iterable[RoundFinding],
    moment: datetime,
    anew: Mapping[tuple[str, str], GateFinding],
) -> Iterator[Mapping[str, Any]]:
    names = {gate.id: words(gate.name) for gate in round_.section.gates}
    for one in found:
        last = reply_by(round_, one.gate, one.at)
        open_ = not one.passed and not round_.closed and round_.day(moment) <= last
        gate, by = names.get(one.gate, one.gate), figures().day(last)
        heard = anew.get((one.team, one.gate))
        yield {"it": one, "gate": gate, "by": by, "open": open_, "anew": heard}


def _deed(request: HttpRequest, round_id: str) -> None:
    """Do what the pressed button says."""
    given, person, moment = request.POST, reader(request), now()
    team, text = given.get("team", ""), given.get("text", "")
    match given.get("deed"):
        case "find":
            find_round_gate(person, round_id, team, _finding(given), moment)
            messages.success(request, _("The finding is kept and the team is told."))
        case "reply":
            reply_round_gate(person, round_id, team, given.get("gate", ""), text, moment)
            messages.success(request, _("Your reply is there."))
        case "object":
            object_to_round(person, round_id, team, text, moment)
            messages.success(request, _("Your objection is there."))
        case "reject":
            reject_round_objection(person, round_id, team, text, moment)
            messages.success(request, _("The objection is answered."))
        case "uphold":
            done(uphold_round_objection, person, round_id, team, text, _mended(given), moment)
            messages.success(request, _("The round was decided again: it stands in the journal."))


def _finding(given: Mapping[str, Any]) -> Found:
    evidence = tuple(given.get("evidence", "").split())
    remark = given.get("remark", "")
    return Found(given.get("gate", ""), given.get("passed") == "yes", remark, evidence)


def _mended(given: Mapping[str, Any]) -> Mended:
    """What the form says that an upheld objection changes: a gate's finding, rows, or both."""
    found = (_finding(given),) if given.get("gate") else ()
    sources = given.get("sources", "").split()
    withdrawn = tuple(Withdrawn(given.get("pillar", ""), source) for source in sources)
    return Mended(tuple(given.get("evidence", "").split()), found, withdrawn)


PAGES: Final = (
    Page(
        "rounds/<slug:round_id>/hearing/",
        "round-hearing",
        hearing,
        HEARD,
        ("GET", "HEAD", "POST"),
        sample=SAMPLE,
    ),
)
