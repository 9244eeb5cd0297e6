"""What is kept of each site's agent: ordinary rows, which only actions write.

Nothing here is decided: use and receipts enter the journal by events, like all facts.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Agent(models.Model):
    """The agent of one site; `token` is SHA-256 of its credential, `revoked` when it ended.

    `word` is the digest of the plan that an operator has allowed, whatever it takes away. `looked`
    is the instant up to which use has arrived, `report` the newest report as it came.
    """

    site = models.CharField(max_length=64, unique=True)
    token = models.CharField(max_length=64)
    enrolled = models.DateTimeField()
    revoked = models.DateTimeField(null=True)
    seen = models.DateTimeField(null=True)
    looked = models.CharField(max_length=20, blank=True)
    word = models.CharField(max_length=64, blank=True)
    report = models.TextField(blank=True)
    minute = models.BigIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)

    class Meta:
        """By name."""

        ordering: ClassVar = ["site"]

    def __str__(self) -> str:
        return self.site


class SignedList(models.Model):
    """The order list of a site as it was signed last."""

    site = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    data = models.TextField()
    at = models.DateTimeField()


class Attempt(models.Model):
    """One attempt of a job as it was last told; `arrived` is when that was.

    `begin` and `until` are its start and how far it is known, in Unix seconds, to be summed.
    """

    site = models.CharField(max_length=64)
    job = models.CharField(max_length=200)
    attempt = models.BigIntegerField()
    award = models.CharField(max_length=200, db_index=True)
    support_class = models.CharField(max_length=64)
    gpus = models.BigIntegerField()
    started = models.CharField(max_length=20)
    ended = models.CharField(max_length=20, null=True)
    seen = models.CharField(max_length=20)
    arrived = models.CharField(max_length=20, db_index=True)
    begin = models.BigIntegerField()
    until = models.BigIntegerField()
    joules = models.BigIntegerField(null=True)

    class Meta:
        """What makes the ledger's transfer id is there once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "job", "attempt"], name="attempt_once")
        ]


class Returned(models.Model):
    """One read-back that an agent reported; `event` names the event by which it was journalled."""

    site = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    line = models.TextField()
    arrived = models.DateTimeField()
    event = models.CharField(max_length=64, blank=True)

    class Meta:
        """In order of arrival; the same one twice is one."""

        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "digest"], name="returned_once")
        ]


class Outage(models.Model):
    """A time in which a site is not, or not wholly, there, as its operator has announced."""

    site = models.CharField(max_length=64)
    begins = models.DateTimeField()
    ends = models.DateTimeField(null=True)
    planned = models.BooleanField()
    text = models.CharField(max_length=500)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()

    class Meta:
        """The latest first."""

        ordering: ClassVar = ["-begins", "-id"]
