"""Every page of the portal, in one table; each part of the portal brings its own rows."""

from typing import Final

from headgate.site.agents import pages as centres
from headgate.site.desk.pages import (
    agreeing,
    allying,
    amending,
    applying,
    attaching,
    awarding,
    calendar,
    finding,
    granting,
    handing,
    hearing,
    inviting,
    invoicing,
    judging,
    panelling,
    ranking,
    registering,
    remedying,
    reviewing,
    staffing,
    stating,
    trying,
)
from headgate.site.notices import pages as notices
from headgate.site.portal.pages import account, office, public, rounds, running, service, what_if
from headgate.site.portal.registry import Page

PAGES: Final[tuple[Page, ...]] = (
    *public.PAGES,
    *rounds.PAGES,
    *finding.PAGES,
    *running.PAGES,
    *what_if.PAGES,
    *office.PAGES,
    *calendar.PAGES,
    *notices.PAGES,
    *inviting.PAGES,
    *applying.PAGES,
    *allying.PAGES,
    *attaching.PAGES,
    *agreeing.PAGES,
    *handing.PAGES,
    *reviewing.PAGES,
    *awarding.PAGES,
    *ranking.PAGES,
    *panelling.PAGES,
    *trying.PAGES,
    *registering.PAGES,
    *granting.PAGES,
    *staffing.PAGES,
    *judging.PAGES,
    *amending.PAGES,
    *stating.PAGES,
    *invoicing.PAGES,
    *hearing.PAGES,
    *remedying.PAGES,
    *centres.PAGES,
    *account.PAGES,
    *service.PAGES,
)
