"""The page of whoever applies: what may we apply for, what waits for our yes, our alliances."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import product
from typing import Any, Final

from django.contrib import messages
from django.db.models import Q, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.calls.application import Organisation as Body
from headgate.core.calls.dossier import Invitation, Welcome, invitations
from headgate.core.ledger.refused import Refused
from headgate.core.policy.dated import at
from headgate.site.actions.alliance import enter_alliance, form_alliance, leave_alliance
from headgate.site.actions.consent import agree_to_enter, consent
from headgate.site.actions.save_draft import Draft, save_draft
from headgate.site.desk.amending import unagreed, waits_for
from headgate.site.desk.clock import now
from headgate.site.desk.dossiers import body_of
from headgate.site.desk.files import WITH_DOCUMENTS, slots
from headgate.site.desk.leading import unheard
from headgate.site.desk.models import Alliance, Asking, Dossier, Member, Organisation, State
from headgate.site.desk.office import CallNow, calls_now, instant, organisations_of
from headgate.site.desk.pages.attaching import told_slots
from headgate.site.desk.pages.telling import (
    at_the_desk,
    figures,
    number,
    reader,
    told_contents,
    told_finding,
    told_refusal,
    words,
)
from headgate.site.desk.taking import done
from headgate.site.portal import reading
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role
from headgate.site.portal.words import next_call
from headgate.steps.agenda import first_day


@at_the_desk
def applications(request: HttpRequest) -> HttpResponse:
    """One dossier for all open calls, and everything that was applied for."""
    mine = organisations_of(reader(request))
    if request.method == "POST":
        return _member_deed(request)
    alliances = list(Alliance.objects.filter(lead__in=mine))
    members, inside = _members(mine, alliances)
    dossiers, drafts = _dossiers(mine, inside)
    calls, asked = {one.id: one for one in calls_now()}, waits_for(mine, inside)
    supports = _supports(calls.values())
    context = {
        "invited": (invited := _invited(mine, calls, alliances, members)),
        "refused": sum(one.welcome is Welcome.REFUSED for one, *_ in invited),
        "dossiers": [(one, words(calls[one.call].call.name)) for one in dossiers],
        "next_call": next_call((one.call for one in calls.values()), _today()),
        "waiting": list(_waiting(inside, drafts, calls, members)),
        "entries": list(_entries(mine, asked)),
        "voices": unheard(inside, asked),
        "alliances": [(one, _with_parts(members.get(one.pk, ()), supports)) for one in alliances],
        "inside": _with_parts(inside, supports),
        "supports": supports,
        "mine": mine,
    }
    return render(request, "desk/applications.html", context)


def _today() -> date:
    return now().astimezone(reading.zone()).date()


def _members(
    mine: list[Organisation], led: list[Alliance]
) -> tuple[dict[int, list[Member]], list[Member]]:
    """Everybody by alliance who is or was in one of those or with one's own, and where one's own
    are; one query.
    """
    ours_in = Member.objects.filter(organisation__in=mine, left=None).order_by()
    within = Q(alliance__in=ours_in.values("alliance")) | Q(alliance__in=led)
    found = Member.objects.filter(within).select_related("alliance__lead", "organisation")
    whole, ours = dict[int, list[Member]](), {one.pk for one in mine}
    for one in found:
        whole.setdefault(one.alliance_id, []).append(one)
    inside = [one for one in found if one.left is None and one.organisation_id in ours]
    return whole, inside


def _dossiers(
    mine: list[Organisation], inside: list[Member]
) -> tuple[list[Dossier], list[Dossier]]:
    """What was applied for, the newest first; the drafts of alliances that one is in, by age."""
    ours, alliances = {one.pk for one in mine}, {one.alliance_id for one in inside}
    wanted = Q(lead__in=mine) | Q(state=State.DRAFT, alliance__in=alliances)
    found = Dossier.objects.filter(wanted).select_related("lead", "alliance").order_by("-id")
    led = [one for one in found if one.lead_id in ours]
    drafts = [one for one in found if one.state == State.DRAFT and one.alliance_id in alliances]
    return led, drafts[::-1]


def _supports(calls: Iterable[CallNow]) -> dict[str, str]:
    """The supports that can be applied for, with their names."""
    policies = {one.call.support: one.policy for one in calls}
    return {name: words(policy.supports[name].name) for name, policy in policies.items()}


def _with_parts(members: Iterable[Member], supports: Mapping[str, str]) -> list[tuple[Member, str]]:
    """Members with their parts in words: of every support, then of those with others."""

    def parts(one: Member) -> str:
        others = (f"{supports.get(name, name)}: {count}" for name, count in one.shares.items())
        return "; ".join((_("parts: %s") % one.parts, *others))

    return [(one, parts(one)) for one in members]


Invited = tuple[Invitation, str, str, list[str]]


def _invited(
    mine: list[Organisation],
    calls: Mapping[str, CallNow],
    alliances: Iterable[Alliance],
    members: Mapping[int, Iterable[Member]],
) -> list[Invited]:
    """Every open call for each organisation, or its alliance, with names and reasons of a no."""
    rules = next(iter(calls.values()), None)
    if rules is None:
        return []
    adopted = rules.document
    policy = at(adopted, first_day(adopted)).policy
    leads, names = {one.pk: one.code for one in mine}, {one.code: one.name for one in mine}
    bodies, allied = [body_of(policy, one) for one in mine], dict[str, dict[str, list[Body]]]()
    for one in alliances:
        inside = [each.organisation for each in members.get(one.pk, ()) if each.left is None]
        told = [body_of(policy, each) for each in inside]
        allied.setdefault(leads[one.lead_id], {})[str(one.pk)] = told
        names[str(one.pk)] = one.name
    return [
        _told(calls[one.call], one, names)
        for one in invitations(policy, bodies, instant(now(rules)), allied)
        if not calls[one.call].received
    ]


def _told(rules: CallNow, one: Invitation, names: Mapping[str, str]) -> Invited:
    told = [told_finding(rules, finding) for finding in one.findings]
    who = ", ".join(names[each] for each in (one.alliance, one.organisation) if each)
    return one, words(rules.call.name), who, told


def _waiting(
    inside: list[Member],
    drafts: list[Dossier],
    calls: Mapping[str, CallNow],
    members: Mapping[int, list[Member]],
) -> Iterator[dict[str, Any]]:
    """Drafts of alliances that wait for a member's yes to this version, with all that they ask."""
    prefetch_related_objects(drafts, "consents", WITH_DOCUMENTS)
    for dossier in drafts:
        stayed = [one for one in members.get(dossier.alliance_id or 0, ()) if one.left is None]
        dossier.alliance.inside = stayed  # type: ignore[union-attr]
    for member, dossier in product(inside, drafts):
        rules, agreed = calls[dossier.call], _has_agreed(dossier, member.organisation)
        if dossier.alliance_id == member.alliance_id and not agreed:
            yield {
                "dossier": dossier,
                "call": words(rules.call.name),
                "member": member.organisation,
                "contents": told_contents(rules, dossier),
                "slots": told_slots(slots(rules.call, dossier)),
            }


def _entries(
    mine: list[Organisation], asked: list[Asking]
) -> Iterator[tuple[Asking, Organisation, str]]:
    """Requests by which one's organisations would enter, and to which they have not agreed."""
    names, ours = {one.code: one for one in mine}, [one for one in asked if "parts" in one.asked]
    stood = reading.programme() if ours else None
    held = {one.award: one for one in stood.holdings} if stood is not None else {}
    for asking in ours:
        holding = held.get(asking.dossier.code or "")
        for code in names.keys() & set(unagreed(asking, holding)) if holding else ():
            yield asking, names[code], figures().whole(asking.asked["parts"][code])


def _has_agreed(dossier: Dossier, member: Organisation) -> bool:
    told = {(one.organisation_id, one.version) for one in dossier.consents.all()}
    return (member.pk, dossier.version) in told


def _member_deed(request: HttpRequest) -> HttpResponse:
    """Agree, form an alliance, let a member in or go."""
    given, person = request.POST, reader(request)
    match given.get("deed"):
        case "consent":
            pk, version = number(given.get("dossier")), number(given.get("version"))
            consent(person, pk, given.get("organisation", ""), version, now())
            messages.success(request, _("You have agreed to this version."))
        case "agree-to-enter":
            done(
                agree_to_enter,
                person,
                number(given.get("asking")),
                given.get("organisation", "")[:64],
                now(),
            )
            messages.success(request, _("You have agreed to enter."))
        case "form":
            form_alliance(person, given.get("lead", ""), given.get("name", ""), now())
            messages.success(request, _("The alliance is there: let its members in."))
        case "enter":
            role, parts = given.get("role", ""), number(given.get("parts"))
            pk, member = number(given.get("alliance")), given.get("member", "")
            said = {name: given.get(f"parts-{name}", "").strip() for name in _supports(calls_now())}
            shares = {name: number(text) for name, text in said.items() if text}
            enter_alliance(person, pk, member, role, parts, now(), shares)
            messages.success(
                request, _("It is in the alliance, and is asked to agree to each application.")
            )
        case "leave":
            leave_alliance(person, number(given.get("alliance")), given.get("member", ""), now())
            messages.success(request, _("It is in the alliance no more."))
    return redirect("applications")


def begin_application(request: HttpRequest, call: str, organisation: str) -> HttpResponse:
    """A new draft for an organisation, or for the alliance that it was invited with."""
    alliance = request.POST.get("alliance")
    allied = number(alliance) if alliance else None
    draft = Draft(call, organisation, allied, "", "", (), 0, {})
    try:
        made = save_draft(reader(request), draft, now())
    except Refused as refused:
        messages.error(request, told_refusal(refused))
        return redirect("applications")
    return redirect("application", dossier=made.pk)


_MINE: Final = frozenset({Role.APPLICANT})
_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page("applications/", "applications", applications, _MINE, _BOTH, lazy("Applications")),
    Page(
        "applications/<slug:call>/<slug:organisation>/",
        "begin_application",
        begin_application,
        _MINE,
        ("POST",),
        sample=(("call", "open-1"), ("organisation", "nobody")),
    ),
)
