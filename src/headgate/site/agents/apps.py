"""Django's name for the agents."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    """What agents are handed and bring; what is decided of it is in the records."""

    name = "headgate.site.agents"
    label = "agents"
    verbose_name = _("Agents of clusters")
    default_auto_field = "django.db.models.BigAutoField"
