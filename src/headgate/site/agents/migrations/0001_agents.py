"""The tables of the agents, as Django made them from `models.py`."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _number() -> "models.BigAutoField[int, int]":
    """The number of a row."""
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    """What agents are handed and bring."""

    initial = True

    dependencies = (migrations.swappable_dependency(settings.AUTH_USER_MODEL),)

    operations = (
        migrations.CreateModel(
            name="Agent",
            fields=[
                ("id", _number()),
                ("site", models.CharField(max_length=64, unique=True)),
                ("token", models.CharField(max_length=64)),
                ("enrolled", models.DateTimeField()),
                ("revoked", models.DateTimeField(null=True)),
                ("seen", models.DateTimeField(null=True)),
                ("looked", models.CharField(blank=True, max_length=20)),
                ("word", models.CharField(blank=True, max_length=64)),
                ("report", models.TextField(blank=True)),
                ("minute", models.BigIntegerField(default=0)),
                ("asked", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["site"],
            },
        ),
        migrations.CreateModel(
            name="SignedList",
            fields=[
                ("id", _number()),
                ("site", models.CharField(max_length=64, unique=True)),
                ("size", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("data", models.TextField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", _number()),
                ("site", models.CharField(max_length=64)),
                ("job", models.CharField(max_length=200)),
                ("attempt", models.BigIntegerField()),
                ("award", models.CharField(db_index=True, max_length=200)),
                ("support_class", models.CharField(max_length=64)),
                ("gpus", models.BigIntegerField()),
                ("started", models.CharField(max_length=20)),
                ("ended", models.CharField(max_length=20, null=True)),
                ("seen", models.CharField(max_length=20)),
                ("arrived", models.CharField(db_index=True, max_length=20)),
                ("begin", models.BigIntegerField()),
                ("until", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("site", "job", "attempt"), name="attempt_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Outage",
            fields=[
                ("id", _number()),
                ("site", models.CharField(max_length=64)),
                ("begins", models.DateTimeField()),
                ("ends", models.DateTimeField(null=True)),
                ("planned", models.BooleanField()),
                ("text", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-begins", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Returned",
            fields=[
                ("id", _number()),
                ("site", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64)),
                ("line", models.TextField()),
                ("arrived", models.DateTimeField()),
                ("event", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("site", "digest"), name="returned_once")
                ],
            },
        ),
    )
