"""What each winner is awarded is kept as the rules settled it, and not as a solver proposed it."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A list that was signed before has its proposal alone."""

    dependencies: ClassVar = [("desk", "0015_turns")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="awardlist", name="awards", field=models.JSONField(default=dict)
        ),
    ]
