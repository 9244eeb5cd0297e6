"""What teams show for a round's lot, and known works among its experts' sheets."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The two tables."""

    dependencies: ClassVar = [("desk", "0006_round_hearings")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RoundSecret",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("round", models.CharField(max_length=64)),
                ("team", models.CharField(max_length=200)),
                ("secret", models.CharField(max_length=200)),
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
                "constraints": [
                    models.UniqueConstraint(fields=["round", "team"], name="round_secret_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="RoundKnown",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("round", models.CharField(max_length=64)),
                ("pillar", models.CharField(max_length=64)),
                ("work", models.CharField(max_length=200)),
                ("criterion", models.CharField(blank=True, max_length=64)),
                ("low", models.IntegerField()),
                ("high", models.IntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["round", "pillar", "work", "criterion"], name="round_known_once"
                    )
                ],
            },
        ),
    ]
