"""A member may be asked to lead its alliance."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Since when a member is asked to lead; of one that has left by taking the lead, it stays."""

    dependencies: ClassVar = [("desk", "0016_awards_of_a_list")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="member", name="to_lead", field=models.DateTimeField(null=True)
        ),
    ]
