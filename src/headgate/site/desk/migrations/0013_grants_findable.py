"""Grants of other programmes keep, folded, what they are found by, as other rows do."""

from typing import ClassVar

from django.db import migrations

from headgate.site.portal.findable import Findable, filling


class Migration(migrations.Migration):
    """A column more."""

    dependencies: ClassVar = [("desk", "0012_words_findable")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="outsidegrant",
            name="findable",
            field=Findable(of=("title", "reference", "support", "purpose", "unit")),
        ),
        migrations.RunPython(filling("desk", "OutsideGrant"), migrations.RunPython.noop),
    ]
