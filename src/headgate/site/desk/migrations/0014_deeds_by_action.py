"""The newest deed of one action is found at once, however many deeds there are."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index more."""

    dependencies: ClassVar = [("desk", "0013_grants_findable")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="deed",
            index=models.Index(fields=["action", "id"], name="deed_by_action"),
        ),
    ]
