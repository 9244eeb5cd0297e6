"""Django's name for the portal."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """The pages, and the people who may see them."""

    name = "headgate.site.portal"
    label = "portal"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let Django know what is asked of a site before real people use it."""
        from headgate.site.portal import checks  # noqa: F401
