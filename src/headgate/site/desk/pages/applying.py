"""The applicant's pages: what may we apply for, one dossier, its receipt, its result."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.calls.application import Application, Request
from headgate.core.ledger.refused import Refused
from headgate.core.policy.schema import FieldKind, FormField
from headgate.site.actions.accept import accept
from headgate.site.actions.find_gate import reply_gate
from headgate.site.actions.objection import object_by, object_to
from headgate.site.actions.save_draft import Draft, save_draft
from headgate.site.actions.submit import submit
from headgate.site.actions.withdraw import withdraw
from headgate.site.desk.agreement import awards_of, has_agreement
from headgate.site.desk.clock import now
from headgate.site.desk.dossiers import WITH_INSIDE, answer, doubles_of
from headgate.site.desk.files import WITH_DOCUMENTS, slots
from headgate.site.desk.grants import grants_of
from headgate.site.desk.models import (
    Alliance,
    AwardList,
    Dossier,
    Finding,
    State,
)
from headgate.site.desk.office import (
    CallNow,
    call_now,
    organisations_of,
    own_dossier,
)
from headgate.site.desk.pages.attaching import told_slots
from headgate.site.desk.pages.granting import told_doubles, told_grants
from headgate.site.desk.pages.telling import (
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
from headgate.site.portal.words import language, tag

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
        for name, offered in rules.call.classes.items():
            shown = say.class_of(support, name)
            one = _("One block: %s.") % say.block(rules.call.block, 1)
            cap = _("One application may have %s at most.")
            told = cap % say.block(rules.call.block, offered.cap_blocks)
            for part, label, hint in (
                ("least", _("%s: blocks at least"), one),
                ("most", _("%s: at most"), told),
            ):
                self.fields[f"class-{name}-{part}"] = WholeField(
                    label=label % shown,
                    min_value=0,
                    max_value=1_000_000,
                    required=False,
                    help_text=hint,
                )
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
        "against": list(_against(rules, found)),
        "listed": listed,
        "outcome": _told_outcome(listed, found),
        **_asked(rules, listed, found),
        "closed": rules.received,
        "decided": rules.decided,
        "runs": stood is not None and stood.runs(found.code),
        "agreement": listed is not None and has_agreement(rules, found, listed),
    }
    return render(request, "desk/application.html", context)


def _against(rules: CallNow, found: Dossier) -> Iterator[tuple[Finding, str]]:
    """What was found against an application once its call has closed, with the gate's name."""
    names = {gate.id: words(gate.name) for gate in rules.call.gates}
    for one in found.findings.filter(passed=False) if rules.received else ():
        yield one, names.get(one.gate, one.gate)


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
        "doubles": told_doubles(rules, [one for one in twice if own & set(one.organisations)]),
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
    Page(
        "applications/<int:dossier>/",
        "application",
        application,
        _MINE,
        _BOTH,
        sample=(("dossier", 1),),
    ),
)
