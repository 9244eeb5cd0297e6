"""The tables of `guards/schema.sql` as Django reads them; nothing here can write.

The tables are made by the one migration from the SQL, which is where their rules stand, so Django
is told that it does not manage them. A test holds fields and columns against each other.
"""

from typing import Any, ClassVar, NoReturn

from django.db import models


class ReadOnly(models.Model):
    """A row that was written by an action and is only ever read."""

    class Meta:
        """Shared by every record."""

        abstract = True
        managed = False

    def save(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: actions append, nobody saves."""
        raise TypeError(f"{type(self).__name__} is append-only: post through an action")

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: nothing that was written is removed."""
        raise TypeError(f"{type(self).__name__} is append-only: post a correction")


class Entry(ReadOnly):
    """One line of the journal; of a transfer, its fields too."""

    seq = models.BigIntegerField(primary_key=True)
    kind = models.TextField()
    at = models.TextField()
    subject = models.TextField()
    line = models.TextField()
    latest = models.TextField()
    debit = models.TextField(null=True)
    credit = models.TextField(null=True)
    amount = models.BigIntegerField(null=True)
    unit = models.TextField(null=True)
    phase = models.TextField(null=True)
    pending = models.TextField(null=True)
    pending_seq = models.BigIntegerField(null=True)
    reserved = models.BigIntegerField(null=True)
    why = models.TextField(null=True)

    class Meta(ReadOnly.Meta):
        """Where it lies."""

        db_table = "entry"
        ordering: ClassVar[list[str]] = ["seq"]


class Leg(ReadOnly):
    """One side of one transfer: what it did to its account, and the account's totals after it."""

    half = models.BigIntegerField(primary_key=True)
    entry = models.ForeignKey(Entry, models.DO_NOTHING, db_column="seq", related_name="legs")
    side = models.TextField()
    account = models.TextField()
    unit = models.TextField()
    bound = models.TextField()
    posted = models.BigIntegerField()
    reserves = models.BigIntegerField()
    debits_posted = models.BigIntegerField()
    credits_posted = models.BigIntegerField()
    debits_pending = models.BigIntegerField()
    credits_pending = models.BigIntegerField()

    class Meta(ReadOnly.Meta):
        """Where it lies."""

        db_table = "leg"
        ordering: ClassVar[list[str]] = ["half"]


class Kept(ReadOnly):
    """The value of a kind and key as of an entry."""

    pk = models.CompositePrimaryKey("kind", "key", "seq")
    kind = models.TextField()
    key = models.TextField()
    seq = models.BigIntegerField()
    data = models.TextField()

    class Meta(ReadOnly.Meta):
        """Where it lies."""

        db_table = "kept"


class Checkpoint(ReadOnly):
    """A checkpoint that was signed."""

    size = models.BigIntegerField(primary_key=True)
    root = models.TextField()
    note = models.TextField()

    class Meta(ReadOnly.Meta):
        """Where it lies."""

        db_table = "checkpoint"
        ordering: ClassVar[list[str]] = ["size"]
