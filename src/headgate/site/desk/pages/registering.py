"""Organisations: the register, and one organisation with its facts and who acts for it."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.calls.form import read_answers
from headgate.core.ledger.refused import Refused
from headgate.core.policy.dated import at
from headgate.core.policy.schema import Organisations
from headgate.site.actions.people import Registered, register
from headgate.site.desk.clock import now
from headgate.site.desk.models import Alliance, Member, Organisation
from headgate.site.desk.office import programme
from headgate.site.desk.pages.applying import asked_field, yes_no
from headgate.site.desk.pages.telling import (
    ANSWERED,
    at_the_desk,
    reader,
    told_refusal,
    typed_before,
    words,
)
from headgate.site.portal.lists import By, Choice, Column, Table, download, journal_state, listing
from headgate.site.portal.registry import Group, Page
from headgate.site.portal.roles import DECIDES, OFFICE, decides
from headgate.steps.agenda import first_day

CODE: Final = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", lazy("Letters, digits, dots, dashes: at most 64.")
)


class OrganisationForm(forms.Form):
    """What the policy asks of an organisation."""

    code = forms.CharField(
        label=lazy("Code"),
        help_text=lazy("The pseudonym by which the journal knows it: it names nobody."),
        max_length=64,
        validators=[CODE],
    )
    name = forms.CharField(label=lazy("Name"), max_length=300)
    kind = forms.ChoiceField(label=lazy("Kind"))
    size = forms.ChoiceField(label=lazy("Size"))
    region = forms.CharField(label=lazy("Region"), max_length=64, required=False)
    founded = forms.DateField(
        label=lazy("Founded on"),
        help_text=lazy("A day as YYYY-MM-DD."),
        input_formats=["%Y-%m-%d"],
        required=False,
    )
    registration = forms.CharField(
        label=lazy("Registration number"),
        help_text=lazy("Under which the state registers it: grants elsewhere are found by it."),
        max_length=40,
        required=False,
    )
    parent = forms.CharField(
        label=lazy("Parent body"), help_text=lazy("Its code."), max_length=64, required=False
    )

    def __init__(self, asked: Organisations, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked = asked
        for name, offered in (("kind", asked.kinds), ("size", asked.sizes)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = labelled(asked, offered)
        for name, question in asked.fields.items():
            self.fields[f"fact-{name}"] = asked_field(question)

    def clean(self) -> dict[str, Any]:
        """Every answer that the policy's questions cannot take, at its question."""
        given = super().clean() or {}
        read = read_answers(self._asked.fields, self._facts(given))
        for name, fault in read.faults.items():
            if f"fact-{name}" in self.fields:
                self.add_error(f"fact-{name}", _(ANSWERED[fault]))
        return given

    def _facts(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: given.get(f"fact-{name}", "") for name in self._asked.fields}

    def registered(self) -> Registered:
        """What was typed, as the action takes it."""
        given = self.cleaned_data
        facts = read_answers(self._asked.fields, self._facts(given)).facts
        return Registered(
            given["code"],
            given["name"],
            given["kind"],
            given["size"],
            given["region"],
            given["founded"],
            facts,
            given["parent"],
            given["registration"],
        )


def labelled(asked: Organisations, offered: tuple[str, ...]) -> list[tuple[str, str]]:
    """Kinds or sizes with what the policy calls them in the reader's language."""
    return [(one, words(asked.labels.get(one)) or one) for one in offered]


def _asked() -> Organisations:
    adopted = programme()
    return at(adopted, first_day(adopted)).policy.organisations


def _columns(asked: Organisations) -> list[Column[Organisation]]:
    named = dict(labelled(asked, (*asked.kinds, *asked.sizes)))

    return [
        Column(
            "code",
            lazy("Code"),
            lambda o: o.code,
            address=lambda o: reverse("organisation", args=(o.pk,)),
        ),
        Column("name", lazy("Name"), lambda o: o.name),
        Column("kind", lazy("Kind"), lambda o: o.kind, lambda o: named.get(o.kind, o.kind)),
        Column("size", lazy("Size"), lambda o: o.size, lambda o: named.get(o.size, o.size)),
        Column("region", lazy("Region"), lambda o: o.region),
        Column("parent", lazy("Parent body"), lambda o: o.parent.code if o.parent else ""),
    ]


_BY: Final[dict[str, By]] = {
    **{name: F(name) for name in ("code", "name", "kind", "size", "region")},
    "parent": Coalesce(F("parent__code"), Value("")),
}
"""What the register is sorted and filtered by."""


@at_the_desk
def organisations(request: HttpRequest) -> HttpResponseBase:
    """The register, by code."""
    asked = _asked()
    whole = Organisation.objects.select_related("parent")
    named = {
        "kind": dict(labelled(asked, asked.kinds)),
        "size": dict(labelled(asked, asked.sizes)),
    }
    where = ("findable", "kind", "size", "parent__code")
    rows = Table(whole, ("code",), _BY, where, list, named)
    choices = [
        Choice("kind", lazy("Kind"), tuple(labelled(asked, asked.kinds))),
        Choice("size", lazy("Size"), tuple(labelled(asked, asked.sizes))),
    ]
    columns = _columns(asked)
    if file := download(request, "organisations", rows, columns, choices, journal_state):
        return file
    keeps = decides(request.user)
    context = {"listing": listing(request, rows, columns, choices), "keeps": keeps}
    return render(request, "desk/organisations.html", context)


@at_the_desk
def new_organisation(request: HttpRequest) -> HttpResponse:
    """An organisation that is not in the register yet."""
    form = OrganisationForm(_asked(), request.POST or typed_before(request) or None)
    if request.method == "POST" and (made := _registered(request, form, new=True)):
        return redirect("organisation", organisation=made.pk)
    return render(request, "desk/organisation.html", {"form": form})


@at_the_desk
def organisation(request: HttpRequest, organisation: int) -> HttpResponse:
    """One organisation: its facts, who acts for it, the alliances that it is in."""
    found = Organisation.objects.select_related("parent").filter(pk=organisation).first()
    if found is None:
        raise Http404
    form = OrganisationForm(_asked(), initial=_known(found) | typed_before(request))
    if request.method == "POST":
        form = OrganisationForm(_asked(), {**request.POST.dict(), "code": found.code})
        if _registered(request, form, new=False):
            return redirect("organisation", organisation=found.pk)
    form.fields["code"].disabled = True
    form.initial.setdefault("code", found.code)
    context = {
        "form": form,
        "found": found,
        "acting": (acting := list(found.acting_set.select_related("person"))),
        "attended": any(one.until is None for one in acting),
        "leads": Alliance.objects.filter(lead=found),
        "members": Member.objects.filter(organisation=found).select_related("alliance"),
    }
    return render(request, "desk/organisation.html", context)


def _registered(request: HttpRequest, form: OrganisationForm, *, new: bool) -> Organisation | None:
    """Keep what was typed; None where the form must be mended first."""
    if not form.is_valid():
        return None
    given = form.registered()
    if new and Organisation.objects.filter(code__iexact=given.code).exists():
        form.add_error("code", _("The register has this code already."))
        return None
    try:
        made = register(reader(request), given, now())
    except Refused as refused:
        form.add_error(None, told_refusal(refused))
        return None
    messages.success(request, _("The organisation is registered."))
    return made


def _known(found: Organisation) -> dict[str, Any]:
    names = ("code", "name", "kind", "size", "region", "founded", "registration")
    told: dict[str, Any] = {name: getattr(found, name) for name in names}
    told["parent"] = found.parent.code if found.parent else ""
    for name, value in found.facts.items():
        told[f"fact-{name}"] = yes_no(value)
    return told


_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page(
        "organisations/",
        "organisations",
        organisations,
        OFFICE,
        title=lazy("Organisations"),
        group=Group.PEOPLE,
    ),
    Page("organisations/new/", "new_organisation", new_organisation, DECIDES, _BOTH),
    Page(
        "organisations/<int:organisation>/",
        "organisation",
        organisation,
        OFFICE,
        _BOTH,
        sample=(("organisation", 1),),
    ),
)
