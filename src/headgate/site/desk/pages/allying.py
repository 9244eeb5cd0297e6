"""An alliance: who leads it and did, its members with their days, and how another comes to lead."""

from collections.abc import Sequence
from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headgate.core.duties.amendment import Change
from headgate.site.actions.consent import agree_to_lead
from headgate.site.actions.lead import ask_to_lead, take_lead
from headgate.site.desk.clock import now
from headgate.site.desk.leading import (
    Led,
    attended,
    awarded,
    handed_in_by,
    leads_over_time,
    undecided,
    voices,
)
from headgate.site.desk.models import Alliance, Asking, Member, Organisation
from headgate.site.desk.office import organisations_of
from headgate.site.desk.pages.telling import at_the_desk, number, reader
from headgate.site.desk.taking import done
from headgate.site.portal import reading
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import OFFICE, Role, decides, roles_of


@at_the_desk
def alliance(request: HttpRequest, alliance: int) -> HttpResponse:
    """One alliance to who is in it and to the office: its lead, members and history, what is asked
    of it, and what whoever looks may do.
    """
    person, stood = reader(request), reading.programme()
    if stood is None:
        return render(request, "portal/not_begun.html")
    found = Alliance.objects.select_related("lead").filter(pk=alliance).first()
    members = list(Member.objects.filter(alliance=alliance).select_related("organisation"))
    inside, mine = [one for one in members if one.left is None], organisations_of(person)
    part = {one.organisation for one in inside} | ({found.lead} if found is not None else set())
    is_office = not roles_of(person).isdisjoint(OFFICE)
    if found is None or not (part.intersection(mine) or is_office):
        raise Http404
    if request.method == "POST":
        _deed(request, found)
        return redirect("alliance", alliance=alliance)
    there = attended(part)
    asked = _asked(found)
    has_people = found.lead_id in there
    led = leads_over_time(found)
    may = found.lead in mine if has_people else decides(person) and part.isdisjoint(mine)
    context = {
        "found": found,
        "members": members,
        "led": led,
        "took": _took(members, led),
        "has_people": has_people,
        "asked": asked,
        "missing": _missing(asked, inside, there) if asked is not None else [],
        "mine": mine,
        "shall_lead": next((one for one in inside if _is_asked(one, asked)), None),
        "is_office": is_office,
        "inside": inside if may and asked is None else [],
    }
    if context["inside"]:
        came = handed_in_by(found)
        context |= {"waits": undecided(came), "awards": awarded(came, stood)}
    return render(request, "desk/alliance.html", context)


def _took(members: Sequence[Member], led: Sequence[Led]) -> set[int]:
    """The places in the alliance that ended because whoever had them took the lead."""
    begun = {(one.code, one.since) for one in led}
    return {one.pk for one in members if one.left and (one.organisation.code, one.left) in begun}


def _is_asked(one: Member, asked: Asking | None) -> bool:
    """Whether it is a member that shall lead."""
    if asked is not None:
        return bool(one.organisation.code == asked.asked["lead"])
    return one.to_lead is not None


def _asked(found: Alliance) -> Asking | None:
    """The request for another lead that waits for its answer, if one does."""
    waiting = Asking.objects.filter(change=Change.LEAD, granted__isnull=True)
    asked = waiting.select_related("dossier").prefetch_related("consents")
    return asked.filter(dossier__alliance=found).first()


def _missing(asked: Asking, inside: list[Member], there: set[int]) -> list[Organisation]:
    """The members whose yes to a request is missing."""
    agreed = {one.organisation_id for one in asked.consents.all()}
    bodies = [one.organisation for one in inside]
    needed = voices(bodies, there, asked.asked["lead"])
    return [one for one in bodies if one.code in needed and one.pk not in agreed]


def _deed(request: HttpRequest, found: Alliance) -> None:
    """Ask a member to lead, agree that it does, or take the lead."""
    given, person = request.POST, reader(request)
    body, text = given.get("organisation", "")[:64], given.get("text", "")
    match given.get("deed"):
        case "ask":
            done(ask_to_lead, person, found.pk, body, text, now())
            messages.success(request, _("It is asked: whoever must agree is told."))
        case "agree":
            done(agree_to_lead, person, number(given.get("asking")), body, now())
            messages.success(request, _("You have agreed to the other lead."))
        case "take":
            take_lead(person, found.pk, body, now())
            messages.success(request, _("You lead the alliance from now on."))


PAGES: Final = (
    Page(
        "alliances/<int:alliance>/",
        "alliance",
        alliance,
        OFFICE | {Role.APPLICANT},
        ("GET", "HEAD", "POST"),
        sample=(("alliance", 1),),
    ),
)
