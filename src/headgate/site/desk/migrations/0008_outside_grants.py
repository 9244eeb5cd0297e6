"""Registration numbers, and the lists of grants that other programmes gave."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns of organisations, and two tables."""

    dependencies: ClassVar = [("desk", "0007_round_secrets_and_known_works")]

    operations: ClassVar = [
        migrations.AddField(
            "organisation",
            "registration",
            models.CharField(blank=True, default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(
            "organisation",
            "registered",
            models.CharField(blank=True, db_index=True, default="", max_length=40),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="OutsideList",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=100, unique=True)),
                ("digest", models.CharField(max_length=64)),
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
            options={"ordering": ["source"]},
        ),
        migrations.CreateModel(
            name="OutsideGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=40)),
                ("registered", models.CharField(db_index=True, max_length=40)),
                ("title", models.CharField(max_length=1000)),
                ("support", models.CharField(max_length=200)),
                ("purpose", models.CharField(max_length=1000)),
                ("amount", models.BigIntegerField()),
                ("unit", models.CharField(max_length=20)),
                ("reference", models.CharField(max_length=100)),
                ("since", models.DateField()),
                ("until", models.DateField()),
                (
                    "listed",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grants",
                        to="desk.outsidelist",
                    ),
                ),
            ],
            options={"ordering": ["id"]},
        ),
    ]
