"""Django's name for the desk."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    """The working records of people; the ledger is in the records."""

    name = "headgate.site.desk"
    label = "desk"
    verbose_name = _("The desk: applications, reviews, awards")
    default_auto_field = "django.db.models.BigAutoField"
