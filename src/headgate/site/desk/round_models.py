"""What a round's remedies and checks keep: secrets shown, works that are known, objections."""

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


class RoundObjection(models.Model):
    """What a team holds against what a round decided, and what was answered.

    `heard` is the name under which the journal has the hearing that an upheld one led to.
    """

    round = models.CharField(max_length=64)
    team = models.CharField(max_length=200)
    text = models.TextField()
    at = models.DateTimeField()
    answer = models.TextField(blank=True)
    upheld = models.BooleanField(null=True)
    heard = models.CharField(max_length=64, blank=True)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    answered = models.DateTimeField(null=True)

    class Meta:
        """In the order in which they came; a team has one a round."""

        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["round", "team"], name="round_objection_once")
        ]
