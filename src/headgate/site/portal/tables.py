"""The tables of a site as they lie, for auditors: Django's admin, which can read and nothing else.

What would let somebody in is not shown: passwords, tokens, sessions, second steps, addresses of
calendars. A table has its name in words and then that of the database, by which an auditor is told
of it; columns have the database's names alone. A row that has no name of its own is called by its
table and key.
"""

from typing import Any, Final

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import CompositePrimaryKey, Field, Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from headgate.site.portal.roles import Role, roles_of

APPS: Final = ("records", "portal", "desk", "agents", "notices")
SECRET: Final = frozenset({"password", "token", "calendar"})
"""Columns that would let somebody in."""
COLUMNS_MOST: Final = 7
READ: Final = ("_changelist", "_change", "_history")
"""How the names of the addresses end at which a table is read."""
NAMES: Final[dict[str, Promise]] = {
    "entry": _("Entries of the journal"),
    "leg": _("Sides of transfers"),
    "checkpoint": _("Signed checkpoints"),
    "person": _("Accounts of people"),
    "desk_outsidelist": _("Lists of other programmes"),
    "desk_outsidegrant": _("Grants of other programmes"),
    "desk_roundsecret": _("Secrets shown for a lot"),
    "desk_roundknown": _("Known works of rounds"),
    "desk_roundobjection": _("Objections to rounds"),
    "desk_organisation": _("Organisations"),
    "desk_acting": _("Who acts for which organisation"),
    "desk_reviewer": _("Reviewers"),
    "desk_tie": _("Ties that reviewers have told of"),
    "desk_alliance": _("Alliances"),
    "desk_member": _("Members of alliances"),
    "desk_dossier": _("Applications as people work on them"),
    "desk_attachment": _("Documents of applications"),
    "desk_consent": _("Consents of members"),
    "desk_receipt": _("Receipts"),
    "desk_conflict": _("Conflicts of interest"),
    "desk_review": _("Seats and sheets of reviewers"),
    "desk_roundsheet": _("Blind sheets of rounds"),
    "desk_roundfinding": _("Findings on gates of rounds"),
    "desk_finding": _("Findings on gates of calls"),
    "desk_awardlist": _("Award lists that are signed"),
    "desk_signature": _("Signatures on award lists"),
    "desk_acceptance": _("Answers of winners"),
    "desk_agreementsignature": _("Signatures on agreements"),
    "desk_objection": _("Objections to results of calls"),
    "desk_asking": _("Requests of running awards"),
    "desk_deed": _("Who did what when"),
    "agents_agent": _("Agents of sites"),
    "agents_signedlist": _("Order lists that were signed"),
    "agents_attempt": _("Attempts of jobs"),
    "agents_returned": _("Read-backs of clusters"),
    "agents_outage": _("Announced outages"),
    "notices_reader": _("How people are told"),
    "notices_notice": _("Notices"),
}
"""What each table is called in words."""


class Tables(AdminSite):
    """Every table of the site, for auditors alone; whoever signs in does so at the portal."""

    site_header = site_title = format_lazy("Headgate – {}", _("Tables"))
    index_title = _("Tables")
    index_template = "portal/tables.html"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may read everything."""
        return Role.AUDITOR in roles_of(request.user)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one way of signing in, and this is not it."""
        del request, extra_context
        return redirect("home")


class ReadOnly(ModelAdmin):  # type: ignore[type-arg]
    """A table that shows its rows and lets nobody touch them, a superuser neither."""

    actions = None
    list_per_page = 50
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        """The list, a row, and what became of it: there is no address at which to change one."""
        return [one for one in super().get_urls() if (one.name or "").endswith(READ)]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the tables may see each."""
        del obj
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As above, for all tables of an app."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        del request, obj
        return False

    has_change_permission = has_delete_permission = has_add_permission


def _shown(model: type[Model]) -> list[str]:
    """A table's columns, without those that would let somebody in."""
    fields: list[Field[Any, Any]] = [*model._meta.concrete_fields]
    return [field.name for field in fields if field.name not in SECRET]


def _row(one: Model) -> str:
    return f"{one._meta.db_table} {one.pk}"


def tables() -> Tables:
    """The tables of every part of the site; Django lists none whose key is of several columns."""
    site = Tables("tables")
    for model in (model for app in APPS for model in apps.get_app_config(app).get_models()):
        if isinstance(model._meta.pk, CompositePrimaryKey):
            continue
        name = format_lazy("{} ({})", NAMES[model._meta.db_table], model._meta.db_table)
        model._meta.verbose_name = model._meta.verbose_name_plural = name
        if model.__str__ is Model.__str__:
            model.__str__ = _row  # type: ignore[assignment, method-assign]
        names = _shown(model)
        shown = {"fields": names, "list_display": names[:COLUMNS_MOST], "ordering": ["pk"]}
        site.register(model, type("Table", (ReadOnly,), shown))
    return site
