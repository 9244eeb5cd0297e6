"""Why the portal says no about an agent: one closed list."""

from enum import Enum

from django.utils.translation import gettext_noop as _


class AgentRefusal(Enum):
    """In order of precedence; the value is what mends it."""

    SITE_UNKNOWN = _("Name a site of the policy's lots.")
    SITE_BAD = _("A site is named in small letters, digits, dots, dashes and underscores.")
    NOT_ENROLLED = _("Enrol the site's agent first.")
    NO_PROGRAMME = _("Begin a programme with its policy first.")
    NOT_PUBLISHED = _("Publish the journal first: orders derive from a signed checkpoint.")
    PLAN_OTHER = _("Look at the plan as it is now, and allow that.")
    USE_LAGS = _(
        "Wait until every site's agent has looked past the day, or announce the site's outage."
    )
    OUTAGE_BAD = _(
        "Name an enrolled site, a beginning, an end after it or none, and say what it is."
    )
    OUTAGE_OVER = _("Choose one of the announcements that are still in force.")
