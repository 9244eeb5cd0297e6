"""The journal, the ledger, the kept values and the checkpoints, with their guards."""

from pathlib import Path

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GUARDS = Path(__file__).parents[1] / "guards"
TABLES = ("leg", "entry", "kept", "checkpoint")
OF_TRANSFER = "FOREIGN KEY (seq) REFERENCES entry (moved) DEFERRABLE INITIALLY DEFERRED"
WORDS = {
    "sqlite": {
        "int": "INTEGER",
        "text": "TEXT",
        "tab": "char(9)",
        "strict": "STRICT",
        "of_transfer": f",\n    CONSTRAINT leg_of_transfer {OF_TRANSFER}",
    },
    "postgresql": {
        "int": "bigint",
        "text": 'text COLLATE "C"',
        "tab": "chr(9)",
        "strict": "",
        "of_transfer": "",
    },
}


def create(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the tables as `guards/` says them, for the database at hand."""
    vendor = editor.connection.vendor
    site = editor.quote_name(settings.HEADGATE_SITE_ROLE)
    run(editor, "schema.sql", WORDS[vendor])
    if vendor == "postgresql":
        run(editor, "postgresql_first.sql", {"of_transfer": OF_TRANSFER})
    for table in TABLES:
        run(editor, f"{vendor}.sql", {"table": table, "site": site})


def run(editor: BaseDatabaseSchemaEditor, file: str, words: dict[str, str]) -> None:
    """Run a file's statements, each ended by a semicolon at the end of a line."""
    text = (GUARDS / file).read_text(encoding="utf-8")
    for word, meaning in words.items():
        text = text.replace(f"{{{word}}}", meaning)
    for statement in text.split(";\n"):
        if statement.strip():
            editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """The first migration; the models are read from these tables and never manage them."""

    initial = True
    operations = (migrations.RunPython(create),)
