"""Grants of other programmes: the officer brings their lists, the office sees whom they meet."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.contrib import messages
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from headgate.core.calls.dossier import Double
from headgate.core.calls.grants import Funded
from headgate.core.faults import Faulty
from headgate.readers.grants import BYTES_MOST, COLUMNS, MORE
from headgate.site.actions.bring_grants import bring_grants, drop_grants
from headgate.site.desk.clock import now
from headgate.site.desk.grant_models import OutsideGrant, OutsideList
from headgate.site.desk.models import Organisation
from headgate.site.desk.office import CallNow
from headgate.site.desk.pages.telling import (
    alike,
    at_the_desk,
    figures,
    reader,
    tell_faults,
    typed_before,
    words,
)
from headgate.site.portal.lists import (
    By,
    Choice,
    Column,
    Table,
    download,
    journal_state,
    listing,
)
from headgate.site.portal.registry import Page
from headgate.site.portal.roles import OFFICE, Role, roles_of


@at_the_desk
def outside_grants(request: HttpRequest) -> HttpResponseBase:
    """The lists that were brought, and every grant in them of an organisation in the register."""
    if request.method == "POST":
        try:
            _deed(request)
        except Faulty as faulty:
            tell_faults(request, faulty)
        return redirect("outside_grants")
    lists = list(OutsideList.objects.annotate(rows=Count("grants")))
    rows, columns = _met(), _columns()
    choices = [Choice("source", lazy("Programme"), tuple((o.source, o.source) for o in lists))]
    if file := download(request, "outside-grants", rows, columns, choices, journal_state):
        return file
    context = {
        "lists": lists,
        "listing": listing(request, rows, columns, choices),
        "brings": Role.AGENCY_OFFICER in roles_of(reader(request)),
        "columns": ", ".join(COLUMNS),
        "more": ", ".join(MORE),
        "most": BYTES_MOST // 1024**2,
        "typed": typed_before(request),
    }
    return render(request, "desk/outside_grants.html", context)


Met = tuple[OutsideGrant, str]
_KNOWN: Final = Organisation.objects.exclude(registered="")
_BODIES: Final = _KNOWN.filter(registered=OuterRef("registered")).order_by("code")
_FIELDS: Final = ("reference", "title", "support", "amount", "since", "until")
_BY: Final[dict[str, By]] = {
    **{name: F(name) for name in _FIELDS},
    "row": F("pk"),
    "source": F("listed__source"),
    "organisation": Subquery(_BODIES.values("code")[:1]),
}
"""What grants are sorted and filtered by; of several bodies with one number, by the first."""


def _met() -> Table[Met]:
    """The grants of organisations in the register, with the codes that bear their numbers."""
    # Asked of each grant: of a list of numbers, SQLite would look up each with each row of a file.
    found = OutsideGrant.objects.filter(Exists(_BODIES)).select_related("listed")
    return Table(found, ("pk",), _BY, ("findable", "listed__source", _body_called), _with_codes)


def _body_called(word: str) -> Q:
    """The grants of bodies in whose code a word stands, of which there are few."""
    return Q(registered__in=_KNOWN.filter(code__icontains=word).values("registered"))


def _with_codes(found: "QuerySet[OutsideGrant]") -> list[Met]:
    listed = list(found)
    codes: dict[str, list[str]] = {}
    known = _KNOWN.filter(registered__in={one.registered for one in listed}).order_by("code")
    for registered, code in known.values_list("registered", "code"):
        codes.setdefault(registered, []).append(code)
    return [(one, ", ".join(codes[one.registered])) for one in listed]


def _columns() -> list[Column[Met]]:
    write = figures()
    return [
        Column("row", lazy("Row"), lambda met: met[0].pk, figure=True),
        Column("organisation", lazy("Organisation"), lambda met: met[1]),
        Column("source", lazy("Programme"), lambda met: met[0].listed.source),
        Column("reference", lazy("Reference"), lambda met: met[0].reference),
        Column("title", lazy("Title"), lambda met: met[0].title),
        Column("support", lazy("Support"), lambda met: met[0].support),
        Column(
            "amount",
            lazy("Amount"),
            lambda met: met[0].amount,
            lambda met: f"{write.whole(met[0].amount)} {met[0].unit}".strip(),
            figure=True,
        ),
        Column(
            "since",
            lazy("From"),
            lambda met: met[0].since.isoformat(),
            lambda met: write.day(met[0].since),
        ),
        Column(
            "until",
            lazy("Until"),
            lambda met: met[0].until.isoformat(),
            lambda met: write.day(met[0].until),
        ),
    ]


def _deed(request: HttpRequest) -> None:
    """Bring a list, or take one away."""
    given, person = request.POST, reader(request)
    if given.get("deed") == "drop":
        drop_grants(person, given.get("source", ""), now())
        messages.success(request, _("The list was taken away."))
        return
    sent = request.FILES.get("file")
    if sent is None:
        messages.error(request, _("Choose a file first."))
        return
    content = sent.read(BYTES_MOST + 1)
    count = bring_grants(person, given.get("source", ""), sent.name or "", content, now())
    told = _("The list is there: %(n)s grants. It is told to whoever it meets.")
    messages.success(request, told % {"n": figures().whole(count)})


def told_doubles(rules: CallNow, found: Sequence[Double]) -> list[tuple[Double, str, str, str]]:
    """Applications that ask for the same, with call and organisations by name, and how alike."""
    codes = {code for one in found for code in one.organisations}
    named = Organisation.objects.filter(code__in=codes).values_list("code", "name")
    names = dict(named) if codes else {}
    calls = {name: words(call.name) for name, call in rules.policy.calls.items()}
    return [
        (
            one,
            calls.get(one.call, one.call),
            ", ".join(names.get(code, code) for code in one.organisations),
            alike(one.per_mille),
        )
        for one in found
    ]


def told_grants(found: Iterable[Funded]) -> list[dict[str, Any]]:
    """Grants that an application meets, in the reader's language."""
    write = figures()
    return [
        {
            "source": one.grant.source,
            "reference": one.grant.reference,
            "title": one.grant.title,
            "organisation": one.organisation,
            "support": " – ".join(filter(None, (one.grant.support, one.grant.purpose))),
            "amount": f"{write.whole(one.grant.amount)} {one.grant.unit}".strip(),
            "since": write.day(one.grant.since),
            "until": write.day(one.grant.until),
            "alike": alike(one.per_mille),
            "meanwhile": one.meanwhile,
        }
        for one in found
    ]


PAGES: Final = (
    Page(
        "outside-grants/",
        "outside_grants",
        outside_grants,
        OFFICE,
        ("GET", "HEAD", "POST"),
    ),
)
