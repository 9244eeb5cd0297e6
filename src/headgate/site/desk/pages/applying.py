"""The applicant's pages: what may we apply for, one dossier, its receipt, its result."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import Q, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.calls.application import Application, Request
from headgate.core.calls.dossier import Invitation, Welcome, invitations
from headgate.core.ledger.refused import Refused
from headgate.core.policy.dated import at
from headgate.core.policy.schema import FieldKind, FormField
from headgate.site.actions.accept import accept
from headgate.site.actions.alliance import enter_alliance, form_alliance, leave_alliance
from headgate.site.actions.consent import agree_to_enter, consent
from headgate.site.actions.find_gate import reply_gate
from headgate.site.actions.objection import object_by, object_to
from headgate.site.actions.save_draft import Draft, save_draft
from headgate.site.actions.submit import submit
from headgate.site.actions.withdraw import withdraw
from headgate.site.desk.agreement import awards_of, has_agreement
from headgate.site.desk.amending import unagreed, waits_for
from headgate.site.desk.clock import now
from headgate.site.desk.dossiers import WITH_INSIDE, answer, body_of, doubles_of
from headgate.site.desk.files import WITH_DOCUMENTS, slots
from headgate.site.desk.grants import grants_of
from headgate.site.desk.leading import unheard
from headgate.site.desk.models import (
    Alliance,
    Asking,
    AwardList,
    Dossier,
    Member,
    Organisation,
    State,
)
from headgate.site.desk.office import (
    CallNow,
    call_now,
    calls_now,
    instant,
    organisations_of,
    own_dossier,
)
from headgate.site.desk.pages.attaching import told_slots
from headgate.site.desk.pages.granting import told_grants
from headgate.site.desk.pages.telling import (
    alike,
    at_the_desk,
    figures,
    number,
    reader,
    told_answer,
    told_award,
    told_contents,
    told_finding,
    told_refusal,
    typed_before,
    words,
)
from headgate.site.desk.turns import accept_by, is_over, turn_of
from headgate.site.portal import reading, typed
from headgate.site.portal.forms import WholeField
from headgate.site.portal.models import Person
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import Role
from headgate.site.portal.words import language, next_call, tag
from headgate.steps.agenda import first_day

YES_NO: Final = (("", "—"), ("yes", lazy("Yes")), ("no", lazy("No")))


class DossierForm(forms.Form):
    """The form that the policy declares; anything typed can be saved, so nothing is required."""

    title = forms.CharField(label=lazy("Title"), max_length=300, required=False)
    summary = forms.CharField(
        label=lazy("What it is for"), widget=forms.Textarea, required=False, max_length=20_000
    )
    months = WholeField(label=lazy("Months"), min_value=0, max_value=600, required=False)

    def __init__(
        self, rules: CallNow, alliances: list[Alliance], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._rules = rules
        if alliances:
            choices = [("", _("No alliance")), *((str(one.pk), one.name) for one in alliances)]
            self.fields["alliance"] = forms.ChoiceField(
                label=_("Alliance"), choices=choices, required=False
            )
        most = _("At most %s.") % figures().whole(rules.call.months_most)
        self.fields["months"].help_text = most
        say = reading.speaker_of(rules.policy, language())
        support = rules.policy.supports[rules.call.support]
        for name in rules.call.classes:
            shown = say.class_of(support, name)
            for part, label in (("least", _("%s: blocks at least")), ("most", _("%s: at most"))):
                self.fields[f"class-{name}-{part}"] = WholeField(
                    label=label % shown, min_value=0, max_value=1_000_000, required=False
                )
            one = _("One block: %s.") % say.block(rules.call.block, 1)
            self.fields[f"class-{name}-least"].help_text = one
        for name, asked in rules.call.fields.items():
            self.fields[f"answer-{name}"] = asked_field(asked)

    def draft(self, lead: str) -> Draft:
        """What was typed."""
        given = self.cleaned_data
        names = self._rules.call.classes
        wanted = [
            Request(name, least or 0, most or least or 0)
            for name in names
            for least, most in [(given[f"class-{name}-least"], given[f"class-{name}-most"])]
            if least or most
        ]
        answers = {name: given[f"answer-{name}"] for name in self._rules.call.fields}
        alliance = int(given["alliance"]) if given.get("alliance") else None
        return Draft(
            self._rules.id,
            lead,
            alliance,
            given["title"],
            given["summary"],
            tuple(wanted),
            given["months"] or 0,
            answers,
        )


def asked_field(asked: FormField) -> forms.Field:
    """A question of the policy as a field of a page."""
    label = words(asked.name)
    if asked.kind is FieldKind.BOOLEAN:
        return forms.ChoiceField(label=label, choices=YES_NO, required=False)
    return forms.CharField(label=label, required=False, max_length=4_000)


def _typed(dossier: Dossier) -> Mapping[str, Any]:
    """A dossier as its form has it."""
    told: dict[str, Any] = {
        "title": dossier.title,
        "summary": dossier.summary,
        "months": dossier.months or None,
        "alliance": str(dossier.alliance_id or ""),
    }
    for one in dossier.requests:
        told[f"class-{one['class']}-least"] = one["least"]
        told[f"class-{one['class']}-most"] = one["most"]
    for name, value in dossier.answers.items():
        told[f"answer-{name}"] = yes_no(value)
    return told


def yes_no(value: Any) -> Any:
    """A kept answer as its field shows it."""
    return ("yes" if value else "no") if isinstance(value, bool) else value


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
        "invited": (invited := _invited(mine, calls)),
        "refused": sum(one.welcome is Welcome.REFUSED for one, *_ in invited),
        "dossiers": [(one, words(calls[one.call].call.name)) for one in dossiers],
        "next_call": next_call((one.call for one in calls.values()), _today()),
        "waiting": _waiting(inside, drafts, calls),
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
    """Everybody by alliance who is or was in one of those, and where one's own are; one query."""
    within = Q(organisation__in=mine, left=None) | Q(alliance__in=led)
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
        return "; ".join((str(one.parts), *others))

    return [(one, parts(one)) for one in members]


Invited = tuple[Invitation, str, str, list[str]]


def _invited(mine: list[Organisation], calls: Mapping[str, CallNow]) -> list[Invited]:
    """Every open call for each organisation, with its names and the reasons of a no."""
    rules = next(iter(calls.values()), None)
    if rules is None:
        return []
    adopted = rules.document
    policy = at(adopted, first_day(adopted)).policy
    names = {one.code: one.name for one in mine}
    bodies = [body_of(policy, one) for one in mine]
    return [
        _told(calls[one.call], one, names)
        for one in invitations(policy, bodies, instant(now(rules)))
        if not calls[one.call].received
    ]


def _told(rules: CallNow, one: Invitation, names: Mapping[str, str]) -> Invited:
    told = [told_finding(rules, finding) for finding in one.findings]
    return one, words(rules.call.name), names[one.organisation], told


def _waiting(
    members: list[Member], drafts: list[Dossier], calls: Mapping[str, CallNow]
) -> list[tuple[Dossier, Organisation, list[dict[str, Any]]]]:
    """Drafts of alliances that wait for a member's yes to this version, with their documents."""
    prefetch_related_objects(drafts, "consents", WITH_DOCUMENTS)
    return [
        (dossier, member.organisation, told_slots(slots(calls[dossier.call].call, dossier)))
        for member in members
        for dossier in drafts
        if dossier.alliance_id == member.alliance_id
        and not _has_agreed(dossier, member.organisation)
    ]


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
            agree_to_enter(
                person, number(given.get("asking")), given.get("organisation", "")[:64], now()
            )
            messages.success(request, _("You have agreed to enter."))
        case "form":
            form_alliance(person, given.get("lead", ""), given.get("name", ""), now())
        case "enter":
            role, parts = given.get("role", ""), number(given.get("parts"))
            pk, member = number(given.get("alliance")), given.get("member", "")
            told = {name: given.get(f"parts-{name}", "").strip() for name in _supports(calls_now())}
            shares = {name: number(text) for name, text in told.items() if text}
            enter_alliance(person, pk, member, role, parts, now(), shares)
        case "leave":
            leave_alliance(person, number(given.get("alliance")), given.get("member", ""), now())
    return redirect("applications")


def begin_application(request: HttpRequest, call: str, organisation: str) -> HttpResponse:
    """A new draft for an organisation."""
    draft = Draft(call, organisation, None, "", "", (), 0, {})
    try:
        made = save_draft(reader(request), draft, now())
    except Refused as refused:
        messages.error(request, told_refusal(refused))
        return redirect("applications")
    return redirect("application", dossier=made.pk)


@at_the_desk
def application(request: HttpRequest, dossier: int) -> HttpResponse:
    """One application: its form, the instant answer, and what can be done with it now."""
    found = own_dossier(reader(request), dossier)
    rules = call_now(found.call)
    typing = found.state != State.SUBMITTED and not rules.received
    alliances = list(Alliance.objects.filter(lead=found.lead)) if typing else []
    form = DossierForm(rules, alliances, initial={**_typed(found), **typed_before(request)})
    if request.method == "POST":
        form = DossierForm(rules, alliances, request.POST)
        try:
            if _deed(request, found, form):
                leads = "attachments" if request.POST.get("deed") == "attach" else "application"
                return redirect(leads, dossier=found.pk)
        except Refused as refused:
            messages.error(request, told_refusal(refused))
            request.typed = typed.posted(request)  # type: ignore[attr-defined]
        found.refresh_from_db()
    prefetch_related_objects([found], WITH_DOCUMENTS, WITH_INSIDE)
    said = answer(rules, found, now(rules))
    listed = _told_list(rules)
    stood = reading.programme() if rules.decided else None
    context = {
        "dossier": found,
        "call": words(rules.call.name),
        "form": form,
        "said": said,
        "faults": [told_answer(rules.call, fault) for fault in said.faults],
        "findings": list(dict.fromkeys(told_finding(rules, one) for one in said.findings)),
        "contents": [] if typing else told_contents(rules, found),
        "closes": figures().day(rules.call.closes),
        "slots": told_slots(slots(rules.call, found)),
        **_funded(reader(request), found, rules, said.application),
        "receipts": found.receipts.all() if found.code else (),
        "against": found.findings.filter(passed=False) if rules.received else (),
        "listed": listed,
        "outcome": _told_outcome(listed, found),
        **_asked(rules, listed, found),
        "closed": rules.received,
        "decided": rules.decided,
        "runs": stood is not None and stood.runs(found.code),
        "agreement": listed is not None and has_agreement(rules, found, listed),
    }
    return render(request, "desk/application.html", context)


def _told_list(rules: CallNow) -> AwardList | None:
    """The call's list, once two persons have signed it; there is none before the call closed."""
    if not rules.received:
        return None
    return AwardList.objects.filter(call=rules.id, told__isnull=False).first()


def _told_outcome(listed: AwardList | None, found: Dossier) -> SafeString | str:
    """What the signed list says of an application; nothing before two persons have signed it."""
    if listed is None:
        return ""
    if hasattr(found, "acceptance") and not found.acceptance.accepted:
        return tag(_("Given up"), "grey")
    if turn_of(listed, found.code) is not None:
        return tag(_("Awarded"), "green")
    waits = found.code in listed.standby
    return tag(_("On standby"), "blue") if waits else tag(_("No award"), "grey")


def _asked(rules: CallNow, listed: AwardList | None, found: Dossier) -> dict[str, Any]:
    """Whether and what an application was awarded, or moved up for another; the last days to take
    the award and to object, and whether they have passed.
    """
    if listed is None or listed.told is None:
        return {}
    turn = turn_of(listed, found.code)
    asked: dict[str, Any] = {"won": turn is not None, "moved_up": found.code not in listed.winners}
    if turn is not None:
        asked["given"] = told_award(rules, *awards_of(listed)[found.code or ""])
    days = {
        "take": accept_by(rules, turn.told if turn else None),
        "object": object_by(rules, listed.told),
    }
    told = {f"{name}_by": figures().day(day) for name, day in days.items() if day is not None}
    over = {f"{name}_over": is_over(day, rules, now(rules)) for name, day in days.items()}
    return asked | told | over


def _funded(person: Person, found: Dossier, rules: CallNow, made: Application) -> dict[str, Any]:
    """What may be funded twice, here or by other programmes, until the call is decided.

    As far as it is of an organisation that the person acts for.
    """
    if rules.decided:
        return {}
    twice, given = doubles_of(found, made), grants_of(found, rules.call, made)
    own = {one.code for one in organisations_of(person)} if twice or given else set()
    return {
        "doubles": [(one, alike(one.per_mille)) for one in twice if own & set(one.organisations)],
        "grants": told_grants([one for one in given if one.organisation in own]),
    }


def _deed(request: HttpRequest, found: Dossier, form: DossierForm) -> bool:
    """Do what the pressed button says; False where the form itself must be mended first."""
    given, person, code = request.POST, reader(request), found.code or ""
    match given.get("deed"):
        case "save" | "attach" | "submit" | "despite" as deed:
            if not form.is_valid():
                return False
            seen = number(given.get("version"))
            saved = save_draft(person, form.draft(found.lead.code), now(), found.pk, seen)
            if deed in ("submit", "despite"):
                submit(person, saved.pk, saved.version, now(), despite=deed == "despite")
                messages.success(request, _("It was handed in."))
            else:
                messages.success(request, _("The draft is saved."))
        case "withdraw":
            withdraw(person, found.pk, now())
        case "accept" | "decline" as deed:
            accept(person, code, deed == "accept", now())
        case "object":
            object_to(person, code, given.get("text", ""), now())
        case "reply":
            reply_gate(person, code, given.get("gate", ""), given.get("text", ""), now())
    return True


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
    Page(
        "applications/<int:dossier>/",
        "application",
        application,
        _MINE,
        _BOTH,
        sample=(("dossier", 1),),
    ),
)
