"""What is asked of running awards."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def _person(name: str) -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name=name,
        to=settings.AUTH_USER_MODEL,
    )


class Migration(migrations.Migration):
    """The table of requests and their answers."""

    dependencies: ClassVar = [("desk", "0004_agreements")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Asking",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("change", models.CharField(max_length=16)),
                ("asked", models.JSONField(default=dict)),
                ("text", models.TextField()),
                ("link", models.URLField(blank=True, max_length=500)),
                ("at", models.DateTimeField()),
                ("granted", models.BooleanField(null=True)),
                ("answer", models.TextField(blank=True)),
                ("answered", models.DateTimeField(null=True)),
                ("event", models.CharField(blank=True, max_length=64)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="askings",
                        to="desk.dossier",
                    ),
                ),
                ("officer", _person("answers")),
                ("person", _person("askings")),
            ],
            options={"ordering": ["id"]},
        ),
    ]
