"""Whoever moves up from standby is told, turn by turn, and answers as winners do."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Nobody has moved up yet where a list waits to be decided."""

    dependencies: ClassVar = [("desk", "0014_deeds_by_action")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="awardlist", name="turns", field=models.JSONField(default=list)
        ),
    ]
