"""The energy that a site's agent tells of an attempt."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A column; what was told before has no energy."""

    dependencies: ClassVar = [("agents", "0001_agents")]
    operations: ClassVar = [
        migrations.AddField("attempt", "joules", models.BigIntegerField(null=True)),
    ]
