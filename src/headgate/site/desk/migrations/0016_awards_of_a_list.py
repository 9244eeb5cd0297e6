"""A list that is signed says what it awards: ties are settled after the proposal was made."""

import json
from typing import Any, ClassVar

from django.db import migrations, models


def _as_proposed(apps: Any, editor: Any) -> None:
    """Lists that were signed before have what was proposed."""
    del editor
    for listed in apps.get_model("desk", "AwardList").objects.all():
        blocks = json.loads(listed.proposal)["blocks"]
        listed.awards = {code: [pool, n] for code, pool, n in blocks}
        listed.save()


class Migration(migrations.Migration):
    """The class and blocks of each award stand beside who won."""

    dependencies: ClassVar = [("desk", "0015_turns")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="awardlist", name="awards", field=models.JSONField(default=dict)
        ),
        migrations.RunPython(_as_proposed, migrations.RunPython.noop),
    ]
