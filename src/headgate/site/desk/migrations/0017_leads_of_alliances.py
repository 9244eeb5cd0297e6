"""An alliance may change its lead."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Who led an alliance before, and which member is asked to lead it since when."""

    dependencies: ClassVar = [("desk", "0016_awards_of_a_list")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="alliance", name="former", field=models.JSONField(default=list)
        ),
        migrations.AddField(
            model_name="member", name="to_lead", field=models.DateTimeField(null=True)
        ),
    ]
