"""What Django is told of the tables, which 0001 has made: nothing changes by it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The state that `models.py` describes, so that Django asks for no further migration."""

    dependencies = (("records", "0001_ledger"),)

    operations = (
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.TextField()),
                ("note", models.TextField()),
            ],
            options={
                "db_table": "checkpoint",
                "ordering": ["size"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("kind", models.TextField()),
                ("at", models.TextField()),
                ("subject", models.TextField()),
                ("line", models.TextField()),
                ("latest", models.TextField()),
                ("debit", models.TextField(null=True)),
                ("credit", models.TextField(null=True)),
                ("amount", models.BigIntegerField(null=True)),
                ("unit", models.TextField(null=True)),
                ("phase", models.TextField(null=True)),
                ("pending", models.TextField(null=True)),
                ("pending_seq", models.BigIntegerField(null=True)),
                ("reserved", models.BigIntegerField(null=True)),
                ("why", models.TextField(null=True)),
            ],
            options={
                "db_table": "entry",
                "ordering": ["seq"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Kept",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind",
                        "key",
                        "seq",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.TextField()),
                ("key", models.TextField()),
                ("seq", models.BigIntegerField()),
                ("data", models.TextField()),
            ],
            options={
                "db_table": "kept",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Leg",
            fields=[
                ("half", models.BigIntegerField(primary_key=True, serialize=False)),
                ("side", models.TextField()),
                ("account", models.TextField()),
                ("unit", models.TextField()),
                ("bound", models.TextField()),
                ("posted", models.BigIntegerField()),
                ("reserves", models.BigIntegerField()),
                ("debits_posted", models.BigIntegerField()),
                ("credits_posted", models.BigIntegerField()),
                ("debits_pending", models.BigIntegerField()),
                ("credits_pending", models.BigIntegerField()),
            ],
            options={
                "db_table": "leg",
                "ordering": ["half"],
                "managed": False,
            },
        ),
    )
