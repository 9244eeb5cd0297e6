"""Django's name for the agents."""

from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """What agents are handed and bring; what is decided of it is in the records."""

    name = "headgate.site.agents"
    label = "agents"
    default_auto_field = "django.db.models.BigAutoField"
