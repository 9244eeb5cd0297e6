"""People: accounts, roles, whom they act for, reviewers with their ties, and leaving."""

from html import escape
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.ledger.refused import Refused
from headgate.site.actions.people import (
    act_for,
    appoint,
    declare_tie,
    forget,
    make_account,
    send_away,
    set_roles,
    stop_acting,
)
from headgate.site.desk.clock import now
from headgate.site.desk.deeds import DEEDS
from headgate.site.desk.models import Acting, Deed, Organisation, Reviewer, Tie
from headgate.site.desk.pages.registering import CODE
from headgate.site.desk.pages.telling import at_the_desk, reader, told_refusal, typed_before
from headgate.site.portal.lists import By, Choice, Column, Table, download, journal_state, listing
from headgate.site.portal.models import Person
from headgate.site.portal.people import first_password
from headgate.site.portal.registry import Group, Page
from headgate.site.portal.roles import NAMES, OFFICE, Role, decides, roles_of
from headgate.site.portal.sending import page_of

DEEDS_SHOWN: Final = 20
_ROLES: Final = tuple((role.value, NAMES[role]) for role in Role)


class AccountForm(forms.Form):
    """A new account: name, address, first roles."""

    username = forms.CharField(label=lazy("Name for signing in"), max_length=150, validators=[CODE])
    name = forms.CharField(label=lazy("Full name"), max_length=300)
    email = forms.EmailField(label=lazy("E-mail address"), required=False, max_length=254)
    roles = forms.MultipleChoiceField(
        label=lazy("Roles"), choices=_ROLES, required=False, widget=forms.CheckboxSelectMultiple
    )


class RolesForm(forms.Form):
    """The roles of somebody."""

    roles = forms.MultipleChoiceField(
        label=lazy("Roles"), choices=_ROLES, required=False, widget=forms.CheckboxSelectMultiple
    )


class AppointForm(forms.Form):
    """Somebody as a reviewer."""

    code = forms.CharField(
        label=lazy("Pseudonym"),
        help_text=lazy("By it the journal knows the reviewer: it names nobody."),
        max_length=64,
        validators=[CODE],
    )
    expertise = forms.CharField(
        label=lazy("What they know"), widget=forms.Textarea, required=False, max_length=4_000
    )


def _columns() -> list[Column[Person]]:
    def linked(one: Person) -> Any:
        address = reverse("person", kwargs={"person": one.pk})
        return format_html('<a class="govuk-link" href="{}">{}</a>', address, str(one))

    def roles(one: Person) -> str:
        held = {group.name for group in one.groups.all()}
        return ", ".join(str(NAMES[role]) for role in Role if role.value in held)

    return [
        Column("username", lazy("Name for signing in"), lambda p: p.username),
        Column("name", lazy("Name"), str, linked),
        Column("roles", lazy("Roles"), roles),
        Column("state", lazy("State"), _state, lambda p: _STATES[_state(p)]),
    ]


_STATES: Final = {"active": lazy("Active"), "closed": lazy("Closed")}


def _state(person: Person) -> str:
    return "active" if person.is_active else "closed"


_BY: Final[dict[str, By]] = {
    "username": F("username"),
    "name": Coalesce(
        NullIf(Trim(Concat("first_name", Value(" "), "last_name")), Value("")), F("username")
    ),
    "state": Case(When(is_active=True, then=Value("active")), default=Value("closed")),
}
"""What accounts are sorted and filtered by."""


def people(request: HttpRequest) -> HttpResponseBase:
    """Everybody with an account, by name."""
    choices = [Choice("state", lazy("State"), tuple(_STATES.items()))]
    columns = _columns()
    whole = Person.objects.prefetch_related("groups")
    named: dict[str, dict[Any, Any]] = {
        "groups__name": {role.value: NAMES[role] for role in Role},
        "is_active": {True: _STATES["active"], False: _STATES["closed"]},
    }
    rows = Table(whole, ("username",), _BY, ("findable",), list, named)
    if file := download(request, "people", rows, columns, choices, journal_state):
        return file
    owns = Role.POLICY_OWNER in roles_of(request.user)
    context = {"listing": listing(request, rows, columns, choices), "owns": owns}
    return render(request, "desk/people.html", context)


@at_the_desk
def new_person(request: HttpRequest) -> HttpResponse:
    """An account for somebody who has none."""
    form = AccountForm(request.POST or None, initial=typed_before(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        roles = [Role(one) for one in given["roles"]]
        try:
            made = make_account(
                reader(request), given["username"], given["name"], given["email"], roles, now()
            )
        except Refused as refused:
            form.add_error(None, told_refusal(refused))
        else:
            messages.success(request, _("The account is made."))
            return redirect("person", person=made.pk)
    return render(request, "desk/new_person.html", {"form": form})


@at_the_desk
def person(request: HttpRequest, person: int) -> HttpResponseBase:
    """One person: roles, organisations, reviewing, leaving, and what they did last."""
    found = Person.objects.filter(pk=person).first()
    if found is None:
        raise Http404
    if request.method == "POST":
        _deed(request, found)
        return redirect("person", person=found.pk)
    reviewer = Reviewer.objects.filter(person=found).first()
    before, mine = typed_before(request), roles_of(request.user)
    known = {"code": reviewer.code, "expertise": reviewer.expertise} if reviewer else {}
    acting = Acting.objects.filter(person=found, until__isnull=True)
    keeps = decides(request.user)
    picked = before.get("organisation", ""), before.get("tie", "")
    organisations, tied = _bodies(*picked) if keeps else ("", "")
    context = {
        "found": found,
        "names": [NAMES[role] for role in Role if role in roles_of(found)],
        "roles": RolesForm(initial={"roles": [role.value for role in roles_of(found)]}),
        "acting": acting.select_related("organisation"),
        "reviewer": reviewer,
        "ties": reviewer.ties.select_related("organisation") if reviewer else [],
        "appointing": AppointForm(initial=known | before),
        "bodies": bool(organisations),
        "owns": Role.POLICY_OWNER in mine and found != request.user,
        "keeps": keeps,
        "link": _link(request, found) if Role.POLICY_OWNER in mine else "",
        "deeds": [
            (one.at, DEEDS.get(one.action, one.action), one.about)
            for one in Deed.objects.filter(person=found).order_by("-id")[:DEEDS_SHOWN]
        ],
    }
    parts = {"organisations": [organisations], "tied": [tied]}
    return page_of(request, "desk/person.html", context, parts)


def _link(request: HttpRequest, found: Person) -> str:
    """Where somebody who never came in sets their first password; empty for all others."""
    path = "" if settings.HEADGATE_DEMO else first_password(found)
    return path and request.build_absolute_uri(path)


def _deed(request: HttpRequest, found: Person) -> None:
    """Do what the pressed button says."""
    given, by = request.POST, reader(request)
    match given.get("deed"):
        case "roles":
            known = {role.value for role in Role}
            roles = [Role(one) for one in given.getlist("roles") if one in known]
            set_roles(by, found, roles, now())
            messages.success(request, _("The roles are kept."))
        case "act":
            act_for(by, found, given.get("organisation", ""), now())
            messages.success(request, _("They act for it from now on."))
        case "stop":
            stop_acting(by, found, given.get("organisation", ""), now())
            messages.success(request, _("They act for it no more."))
        case "appoint":
            form = AppointForm(given)
            tie, why = given.get("tie", ""), given.get("why", "")
            if form.is_valid():
                told = form.cleaned_data
                ties = {tie: why} if tie else {}
                appoint(by, found, told["code"], told["expertise"], ties, now())
                messages.success(request, _("They review from now on."))
            else:
                messages.error(request, CODE.message)
        case "away":
            send_away(by, found, now())
            messages.success(request, _("Every access is taken away."))
        case "forget":
            forget(by, found, now())
            messages.success(request, _("Nothing here says who they were any more."))


def _bodies(*picked: str) -> list[SafeString]:
    """All organisations as what a choice has, for each of some choices with the one that was picked
    there; drawn together, since a template takes ten times as long for thousands.
    """
    every = Organisation.objects.order_by("code").values_list("code", "name")
    told = ((escape(code), escape(name)) for code, name in every)
    options = "".join(f'<option value="{code}">{code} – {name}</option>' for code, name in told)
    return [_with(options, code) for code in picked]


def _with(options: str, code: str) -> SafeString:
    """The same with one of them picked."""
    before, head, after = options.partition(f'<option value="{escape(code)}"')
    picked = f"{head} selected" if head else ""
    return SafeString(f"{before}{picked}{after}")


@at_the_desk
def ties(request: HttpRequest) -> HttpResponseBase:
    """What ties a reviewer to organisations, told before anything is assigned."""
    mine = reader(request)
    if request.method == "POST":
        declare_tie(mine, request.POST.get("organisation", ""), request.POST.get("why", ""), now())
        messages.success(request, _("Kept: you will not be seated there."))
        return redirect("ties")
    listed = Tie.objects.filter(reviewer__person=mine).select_related("organisation")
    (organisations,) = _bodies(typed_before(request).get("organisation", ""))
    return page_of(request, "desk/ties.html", {"ties": listed}, {"organisations": [organisations]})


_OWN: Final = frozenset({Role.POLICY_OWNER})
_BOTH: Final = ("GET", "HEAD", "POST")
PAGES: Final = (
    Page("people/", "people", people, OFFICE, title=lazy("People"), group=Group.PEOPLE),
    Page("people/new/", "new_person", new_person, _OWN, _BOTH),
    Page("people/<int:person>/", "person", person, OFFICE, _BOTH, sample=(("person", 1),)),
    Page("ties/", "ties", ties, frozenset({Role.REVIEWER}), _BOTH, lazy("Ties")),
)
