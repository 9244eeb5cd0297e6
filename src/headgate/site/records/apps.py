"""Django's name for the records."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    """The one application of the site that keeps anything."""

    name = "headgate.site.records"
    label = "records"
    verbose_name = _("The journal and what follows from it")
    default_auto_field = "django.db.models.BigAutoField"
