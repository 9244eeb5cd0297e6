"""What a round's remedies and checks keep at the desk: secrets shown, and works that are known."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class RoundSecret(models.Model):
    """What a team shows for a round's lot: the text whose SHA-256 it signed with the method."""

    round = models.CharField(max_length=64)
    team = models.CharField(max_length=200)
    secret = models.CharField(max_length=200)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()

    class Meta:
        """A team has one a round."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["round", "team"], name="round_secret_once")
        ]


class RoundKnown(models.Model):
    """A known work among the sheets of a round's experts: marks from `low` to `high` are right."""

    round = models.CharField(max_length=64)
    pillar = models.CharField(max_length=64)
    work = models.CharField(max_length=200)
    criterion = models.CharField(max_length=64, blank=True)
    low = models.IntegerField()
    high = models.IntegerField()

    class Meta:
        """One range for a criterion of a work."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["round", "pillar", "work", "criterion"], name="round_known_once"
            )
        ]
