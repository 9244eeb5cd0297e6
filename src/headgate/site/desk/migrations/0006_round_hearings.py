"""Findings on a round's gates with their replies, and objections to what a round decided."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _officer() -> "models.ForeignKey[object, object]":
    """Who found or answered; the row stays when the account goes."""
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    """The two tables of being heard."""

    dependencies: ClassVar = [
        ("desk", "0005_askings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RoundFinding",
            fields=[
                ("id", _ID.clone()),
                ("round", models.CharField(max_length=64)),
                ("team", models.CharField(max_length=200)),
                ("gate", models.CharField(max_length=64)),
                ("passed", models.BooleanField()),
                ("remark", models.CharField(blank=True, max_length=1000)),
                ("evidence", models.JSONField(default=list)),
                ("at", models.DateTimeField()),
                ("reply", models.TextField(blank=True)),
                ("replied", models.DateTimeField(null=True)),
                ("officer", _officer()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["round", "team", "gate"], name="round_finding_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RoundObjection",
            fields=[
                ("id", _ID.clone()),
                ("round", models.CharField(max_length=64)),
                ("team", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("at", models.DateTimeField()),
                ("answer", models.TextField(blank=True)),
                ("upheld", models.BooleanField(null=True)),
                ("heard", models.CharField(blank=True, max_length=64)),
                ("answered", models.DateTimeField(null=True)),
                ("officer", _officer()),
            ],
            options={
                "ordering": ["at", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=["round", "team"], name="round_objection_once")
                ],
            },
        ),
    ]
