"""A member's parts of each support, where they are not the same of all."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies: ClassVar = [("desk", "0008_outside_grants")]

    operations: ClassVar = [
        migrations.AddField("member", "shares", models.JSONField(default=dict)),
    ]
