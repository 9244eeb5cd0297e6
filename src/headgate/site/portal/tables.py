"""The tables of a site as they lie, for auditors: Django's admin, which can read and nothing else.

What would let somebody in is not shown: passwords, tokens, sessions, second steps, addresses of
calendars. Names of tables and columns are those of the database, in every language; a row that has
no name of its own is called by its table and key.
"""

from typing import Any, Final

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import CompositePrimaryKey, Field, Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from headgate.site.portal.roles import Role, roles_of

APPS: Final = ("records", "portal", "desk", "agents", "notices")
SECRET: Final = frozenset({"password", "token", "calendar"})
"""Columns that would let somebody in."""
COLUMNS_MOST: Final = 7
READ: Final = ("_changelist", "_change", "_history")
"""How the names of the addresses end at which a table is read."""


class Tables(AdminSite):
    """Every table of the site, for auditors alone; whoever signs in does so at the portal."""

    site_header = site_title = _("Tables")
    index_title = _("Tables")
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
        if "verbose_name" not in model._meta.original_attrs:
            model._meta.verbose_name = model._meta.verbose_name_plural = model._meta.db_table
        if model.__str__ is Model.__str__:
            model.__str__ = _row  # type: ignore[assignment, method-assign]
        names = _shown(model)
        shown = {"fields": names, "list_display": names[:COLUMNS_MOST], "ordering": ["pk"]}
        site.register(model, type("Table", (ReadOnly,), shown))
    return site
