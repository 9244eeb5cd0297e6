"""Django's name for the records."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """The one application of the site that keeps anything."""

    name = "headgate.site.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"
