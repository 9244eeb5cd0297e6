"""Rows keep, folded, what they are found by: a search asks the database and folds no row anew."""

from typing import Any, ClassVar

from django.db import migrations

from headgate.site.portal.findable import Findable, fill


def filled(apps: Any, editor: Any) -> None:
    """Fold what the rows say that are there."""
    for name in ("Person",):
        rows = apps.get_model("portal", name)._base_manager.using(editor.connection.alias)
        fill(rows.all(), "findable")


class Migration(migrations.Migration):
    """A column more."""

    dependencies: ClassVar = [("portal", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="person",
            name="findable",
            field=Findable(of=("username", "first_name", "last_name")),
        ),
        migrations.RunPython(filled, migrations.RunPython.noop),
    ]
