"""Experts' blind sheets of a round."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

LABEL = ["round", "pillar", "reviewer", "label"]
TEAM = ["round", "pillar", "reviewer", "team", "repeat"]


class Migration(migrations.Migration):
    """The table of sheets."""

    dependencies: ClassVar = [("desk", "0001_people")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RoundSheet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("round", models.CharField(max_length=64)),
                ("pillar", models.CharField(max_length=64)),
                ("team", models.CharField(max_length=200)),
                ("label", models.CharField(max_length=8)),
                ("repeat", models.BooleanField(default=False)),
                ("points", models.JSONField(default=dict)),
                ("given", models.DateTimeField(null=True)),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="desk.reviewer"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=LABEL, name="sheet_label_once"),
                    models.UniqueConstraint(fields=TEAM, name="sheet_team_once"),
                ],
            },
        ),
    ]
