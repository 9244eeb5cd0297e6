"""The journal, the ledger, the kept values and the checkpoints, with their guards."""

from pathlib import Path

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GUARDS = Path(__file__).parents[1] / "guards"
TABLES = ("leg", "entry", "kept", "checkpoint")
OF_TRANSFER = "FOREIGN KEY (seq) REFERENCES entry (moved) DEFERRABLE INITIALLY DEFERRED"
_DAY_GLOB = "-".join("[0-9]" * digits for digits in (4, 2, 2))
_HOUR_GLOB = ":".join("[0-9]" * digits for digits in (2, 2, 2))
# What headgate.core.ledger.text allows in no text, but the tab between two fields.
_BREAKS = ((1, 8), (10, 31), (127, 159), (8206, 8207), (8232, 8238), (8294, 8297))
_BREAKS_GLOB = "||".join(
    ("'*['", *(f"char({low})||'-'||char({high})" for low, high in _BREAKS), "']*'")
)
_BREAKS_REGEX = "".join(("[", *(f"\\u{low:04x}-\\u{high:04x}" for low, high in _BREAKS), "]"))
WORDS = {
    "sqlite": {
        "int": "INTEGER",
        "text": "TEXT",
        "tab": "char(9)",
        "strict": "STRICT",
        "of_transfer": f",\n    CONSTRAINT leg_of_transfer {OF_TRANSFER}",
        "at_is_instant": f"at GLOB '{_DAY_GLOB}T{_HOUR_GLOB}Z'",
        "line_is_plain": f"line NOT GLOB {_BREAKS_GLOB} AND instr(CAST(line AS BLOB), x'00') = 0",
        "line_bytes": "length(CAST(line AS BLOB))",
    },
    "postgresql": {
        "int": "bigint",
        "text": 'text COLLATE "C"',
        "tab": "chr(9)",
        "strict": "",
        "of_transfer": "",
        "at_is_instant": "at ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'",
        "line_is_plain": f"line !~ '{_BREAKS_REGEX}'",
        "line_bytes": "octet_length(line)",
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
