"""Django's name for the notices."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    """What people were told; what it is about stands in the journal and at the desk."""

    name = "headgate.site.notices"
    label = "notices"
    verbose_name = _("Notices")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Remember in which language somebody signs in: their e-mail is written in it."""
        from django.contrib.auth.signals import user_logged_in

        from headgate.site.notices.wishes import remember_language

        user_logged_in.connect(remember_language, dispatch_uid="headgate-notices-language")
