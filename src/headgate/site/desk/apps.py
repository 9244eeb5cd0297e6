"""Django's name for the desk."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The working records of people; the ledger is in the records."""

    name = "headgate.site.desk"
    label = "desk"
    default_auto_field = "django.db.models.BigAutoField"
