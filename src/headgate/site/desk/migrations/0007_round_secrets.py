"""What teams show for a round's lot, once the tie is signed in the journal."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The table of shown secrets."""

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
    ]
