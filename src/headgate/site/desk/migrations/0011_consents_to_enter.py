"""A yes of an organisation that a request would bring into an award."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A consent may be to a request."""

    dependencies: ClassVar = [("desk", "0010_applications_in_order")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="consent",
            name="asking",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="consents",
                to="desk.asking",
            ),
        ),
        migrations.RemoveConstraint(model_name="consent", name="consent_once"),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("asking", None)),
                fields=("dossier", "organisation", "version"),
                name="consent_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(
                fields=("asking", "organisation"), name="entry_once"
            ),
        ),
    ]
