"""What people were told, once each, and how they wish to be told."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Reader(models.Model):
    """How somebody is told: the language of their e-mail, and the secret of their calendar."""

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    language = models.CharField(max_length=8)
    calendar = models.CharField(max_length=64, null=True, unique=True)


class Notice(models.Model):
    """One thing that somebody is told: `key` says what, so that nobody is told twice.

    The words are made anew from `facts` in the reader's language. `claimed` is when the letter was
    last taken to be sent, `mailed` when the mail server had it.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=32)
    facts = models.JSONField(default=dict)
    at = models.DateTimeField()
    read = models.DateTimeField(null=True)
    claimed = models.DateTimeField(null=True)
    mailed = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        """Newest first; each thing is told to each person once."""

        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "key"], name="notice_once")
        ]
        indexes: ClassVar = [models.Index(fields=["mailed", "claimed"], name="notice_unsent")]
