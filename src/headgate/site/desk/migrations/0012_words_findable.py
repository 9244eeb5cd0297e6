"""Rows keep, folded, what they are found by: a search asks the database and folds no row anew."""

from typing import ClassVar

from django.db import migrations

from headgate.site.portal.findable import Findable, filling


class Migration(migrations.Migration):
    """A column more."""

    dependencies: ClassVar = [("desk", "0011_consents_to_enter")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="organisation",
            name="findable",
            field=Findable(of=("code", "name", "region", "kind", "size")),
        ),
        migrations.AddField(
            model_name="dossier",
            name="findable",
            field=Findable(of=("code", "title", "call", "summary")),
        ),
        migrations.RunPython(filling("desk", "Organisation", "Dossier"), migrations.RunPython.noop),
    ]
