"""What things are called is kept folded by itself: a search asks the database who comes first."""

from typing import ClassVar

from django.db import migrations

from headgate.site.portal.findable import Findable, filling


class Migration(migrations.Migration):
    """Three columns more; an organisation's kind and size are looked for where they lie."""

    dependencies: ClassVar = [("desk", "0017_leads_of_alliances")]

    operations: ClassVar = [
        migrations.RunPython(migrations.RunPython.noop, filling("desk", "Organisation")),
        *(
            migrations.AddField(model_name=model, name="called", field=Findable(of=(of,)))
            for model, of in (("organisation", "name"), ("alliance", "name"), ("dossier", "title"))
        ),
        migrations.AlterField(
            model_name="organisation",
            name="findable",
            field=Findable(of=("code", "name", "region")),
        ),
        migrations.RunPython(
            filling("desk", "Organisation", "Alliance", "Dossier"), migrations.RunPython.noop
        ),
    ]
