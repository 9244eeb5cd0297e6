"""The addresses: the table of pages, the agents' doors, sign-in, tables as they lie, languages."""

from django.urls import include, path

from headgate.site.agents.doors import DOORS
from headgate.site.portal.pages import PAGES
from headgate.site.portal.pages.account import Sessions
from headgate.site.portal.registry import addresses
from headgate.site.portal.tables import tables

_SESSIONS = path("sessions/", Sessions.as_view(), name="usersessions_list")
urlpatterns = [
    *addresses(PAGES),
    path("agents/", include(DOORS)),
    path("account/", include([_SESSIONS, path("", include("allauth.urls"))])),
    path("tables/", tables().urls),
    path("language/", include("django.conf.urls.i18n")),
]
handler400 = "headgate.site.portal.refusals.bad_request"
handler403 = "headgate.site.portal.refusals.forbidden"
handler404 = "headgate.site.portal.refusals.not_found"
handler500 = "headgate.site.portal.refusals.broken"
