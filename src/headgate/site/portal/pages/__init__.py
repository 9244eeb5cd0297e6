"""Every page of the portal, in one table; each part of the portal brings its own rows."""

from typing import Final

from headgate.site.desk.pages import applying, awarding, reviewing
from headgate.site.portal.pages import account, office, public, running, service
from headgate.site.portal.registry import Page

PAGES: Final[tuple[Page, ...]] = (
    *public.PAGES,
    *running.PAGES,
    *office.PAGES,
    *applying.PAGES,
    *reviewing.PAGES,
    *awarding.PAGES,
    *account.PAGES,
    *service.PAGES,
)
