"""Rows keep, folded, what they are found by: a search asks the database and folds no row anew."""

from typing import ClassVar

from django.db import migrations

from headgate.site.portal.findable import Findable, filling


class Migration(migrations.Migration):
    """A column more."""

    dependencies: ClassVar = [("portal", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="person",
            name="findable",
            field=Findable(of=("username", "first_name", "last_name")),
        ),
        migrations.RunPython(filling("portal", "Person"), migrations.RunPython.noop),
    ]
