"""What other programmes gave, as their agencies' lists say it: kept until the next list comes."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from headgate.site.portal.findable import Findable


class OutsideList(models.Model):
    """The list that another programme sent last, by the SHA-256 of its file."""

    source = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField()

    class Meta:
        """By name."""

        ordering: ClassVar = ["source"]

    def __str__(self) -> str:
        return self.source


class OutsideGrant(models.Model):
    """One row of a list; `registered` is the number of its organisation as it is compared."""

    listed = models.ForeignKey(OutsideList, on_delete=models.CASCADE, related_name="grants")
    number = models.CharField(max_length=40)
    registered = models.CharField(max_length=40, db_index=True)
    title = models.CharField(max_length=1000)
    support = models.CharField(max_length=200)
    purpose = models.CharField(max_length=1000)
    amount = models.BigIntegerField()
    unit = models.CharField(max_length=20)
    reference = models.CharField(max_length=100)
    since = models.DateField()
    until = models.DateField()
    findable = Findable(of=("title", "reference", "support", "purpose", "unit"))

    class Meta:
        """In the order of the list."""

        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.reference or self.title
