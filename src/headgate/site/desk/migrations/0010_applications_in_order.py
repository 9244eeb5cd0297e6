"""The applications of a call in the order in which they were handed in, without a look at others."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The index."""

    dependencies: ClassVar = [("desk", "0009_member_shares")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="dossier",
            index=models.Index(
                fields=["call", "state", "at", "code", "lead"], name="dossier_in_order"
            ),
        )
    ]
