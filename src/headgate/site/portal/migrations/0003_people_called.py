"""What people are called is kept folded by itself: a search asks the database who comes first."""

from typing import ClassVar

from django.db import migrations

from headgate.site.portal.findable import Findable, filling


class Migration(migrations.Migration):
    """A column more."""

    dependencies: ClassVar = [("portal", "0002_people_findable")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="person", name="called", field=Findable(of=("first_name", "last_name"))
        ),
        migrations.RunPython(filling("portal", "Person"), migrations.RunPython.noop),
    ]
