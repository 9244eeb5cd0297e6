"""Every page of the portal, in one table; each part of the portal brings its own rows."""

from typing import Final

from headgate.site.desk.pages import applying, awarding, judging, reviewing
from headgate.site.portal.pages import account, office, public, rounds, service
from headgate.site.portal.registry import Page

PAGES: Final[tuple[Page, ...]] = (
    *public.PAGES,
    *rounds.PAGES,
    *office.PAGES,
    *applying.PAGES,
    *reviewing.PAGES,
    *awarding.PAGES,
    *judging.PAGES,
    *account.PAGES,
    *service.PAGES,
)
