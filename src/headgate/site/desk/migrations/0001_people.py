"""The tables of the desk, as Django made them from `models.py`."""

from django.conf import settings
from django.db import migrations, models


def _number() -> "models.BigAutoField[int, int]":
    """The number of a row."""
    return models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    """Everything that people work on, beside the ledger."""

    initial = True

    dependencies = (migrations.swappable_dependency(settings.AUTH_USER_MODEL),)

    operations = (
        migrations.CreateModel(
            name="Alliance",
            fields=[
                ("id", _number()),
                ("name", models.CharField(max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="AwardList",
            fields=[
                ("id", _number()),
                ("call", models.CharField(max_length=64, unique=True)),
                ("digest", models.CharField(max_length=64)),
                ("proposal", models.TextField()),
                ("winners", models.JSONField(default=list)),
                ("standby", models.JSONField(default=list)),
                ("told", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Deed",
            fields=[
                ("id", _number()),
                ("action", models.CharField(max_length=64)),
                ("about", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Dossier",
            fields=[
                ("id", _number()),
                ("call", models.CharField(max_length=64)),
                ("title", models.CharField(blank=True, max_length=300)),
                ("summary", models.TextField(blank=True)),
                ("requests", models.JSONField(default=list)),
                ("months", models.IntegerField(default=0)),
                ("answers", models.JSONField(default=dict)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("code", models.CharField(max_length=64, null=True, unique=True)),
                ("line", models.TextField(blank=True)),
                ("at", models.DateTimeField(null=True)),
                (
                    "alliance",
                    models.ForeignKey(null=True, on_delete=models.PROTECT, to="desk.alliance"),
                ),
            ],
            options={
                "ordering": ["at", "code", "id"],
            },
        ),
        migrations.CreateModel(
            name="Acceptance",
            fields=[
                ("id", _number()),
                ("accepted", models.BooleanField()),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("dossier", models.OneToOneField(on_delete=models.CASCADE, to="desk.dossier")),
            ],
        ),
        migrations.CreateModel(
            name="Objection",
            fields=[
                ("id", _number()),
                ("text", models.TextField()),
                ("at", models.DateTimeField()),
                ("answer", models.TextField(blank=True)),
                ("upheld", models.BooleanField(null=True)),
                ("answered", models.DateTimeField(null=True)),
                ("dossier", models.OneToOneField(on_delete=models.CASCADE, to="desk.dossier")),
                (
                    "officer",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", _number()),
                ("code", models.CharField(max_length=64, unique=True)),
                ("name", models.CharField(max_length=300)),
                ("kind", models.CharField(max_length=64)),
                ("size", models.CharField(max_length=64)),
                ("region", models.CharField(blank=True, max_length=64)),
                ("founded", models.DateField(null=True)),
                ("facts", models.JSONField(default=dict)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="parts",
                        to="desk.organisation",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="dossier",
            name="lead",
            field=models.ForeignKey(on_delete=models.PROTECT, to="desk.organisation"),
        ),
        migrations.AddField(
            model_name="alliance",
            name="lead",
            field=models.ForeignKey(
                on_delete=models.PROTECT, related_name="leads", to="desk.organisation"
            ),
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", _number()),
                ("at", models.DateTimeField()),
                ("digest", models.CharField(max_length=64)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="receipts", to="desk.dossier"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Reviewer",
            fields=[
                ("id", _number()),
                ("code", models.CharField(max_length=64, unique=True)),
                ("expertise", models.TextField(blank=True)),
                (
                    "person",
                    models.OneToOneField(on_delete=models.PROTECT, to=settings.AUTH_USER_MODEL),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Tie",
            fields=[
                ("id", _number()),
                ("why", models.CharField(max_length=300)),
                (
                    "organisation",
                    models.ForeignKey(on_delete=models.CASCADE, to="desk.organisation"),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="ties", to="desk.reviewer"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", _number()),
                ("gate", models.CharField(max_length=64)),
                ("passed", models.BooleanField()),
                ("remark", models.CharField(blank=True, max_length=1000)),
                ("evidence", models.JSONField(default=list)),
                ("at", models.DateTimeField()),
                ("reply", models.TextField(blank=True)),
                ("replied", models.DateTimeField(null=True)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="findings", to="desk.dossier"
                    ),
                ),
                (
                    "officer",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("dossier", "gate"), name="finding_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", _number()),
                ("role", models.CharField(blank=True, max_length=100)),
                ("parts", models.PositiveIntegerField(default=1)),
                ("entered", models.DateTimeField()),
                ("left", models.DateTimeField(null=True)),
                (
                    "alliance",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="members", to="desk.alliance"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(on_delete=models.PROTECT, to="desk.organisation"),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("left__isnull", True)),
                        fields=("alliance", "organisation"),
                        name="member_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", _number()),
                ("version", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        null=True, on_delete=models.SET_NULL, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="consents", to="desk.dossier"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(on_delete=models.CASCADE, to="desk.organisation"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dossier", "organisation", "version"), name="consent_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Acting",
            fields=[
                ("id", _number()),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(on_delete=models.CASCADE, to=settings.AUTH_USER_MODEL),
                ),
                (
                    "organisation",
                    models.ForeignKey(on_delete=models.PROTECT, to="desk.organisation"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("until__isnull", True)),
                        fields=("person", "organisation"),
                        name="acting_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", _number()),
                ("assigned", models.DateTimeField()),
                ("cleared", models.DateTimeField(null=True)),
                ("points", models.JSONField(default=dict)),
                ("comments", models.JSONField(default=dict)),
                ("marked", models.DateTimeField(null=True)),
                ("version", models.PositiveIntegerField(default=0)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="reviews", to="desk.dossier"
                    ),
                ),
                ("reviewer", models.ForeignKey(on_delete=models.PROTECT, to="desk.reviewer")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("dossier", "reviewer"), name="review_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Conflict",
            fields=[
                ("id", _number()),
                ("declared", models.BooleanField()),
                ("why", models.CharField(max_length=300)),
                ("at", models.DateTimeField()),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="conflicts", to="desk.dossier"
                    ),
                ),
                ("reviewer", models.ForeignKey(on_delete=models.CASCADE, to="desk.reviewer")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("dossier", "reviewer"), name="conflict_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Signature",
            fields=[
                ("id", _number()),
                ("at", models.DateTimeField()),
                (
                    "award_list",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="signatures", to="desk.awardlist"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(on_delete=models.PROTECT, to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("award_list", "person"), name="signature_once")
                ],
            },
        ),
    )
