"""SQLite finds an entry by a part of a word without a look at every other."""

from importlib import import_module
from typing import Final

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_LEDGER: Final = import_module("headgate.site.records.migrations.0001_ledger")
_WORDS: Final = (
    "CASE new.kind WHEN 'transfer' THEN new.subject ELSE new.kind || ' ' || new.subject END"
)


def index(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make what `guards/sqlite_words.sql` says, of the entries that are there too; raises Faulty if it cannot."""
    if editor.connection.vendor == "sqlite":
        _LEDGER.see_that_sqlite_fits(editor)
        _LEDGER.run(editor, "sqlite_words.sql", {"words": _WORDS})


def forget(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take it away: it says nothing that the entries do not."""
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP INDEX entry_other_signs", params=None)
        editor.execute("DROP TRIGGER entry_has_words", params=None)
        editor.execute("DROP TABLE entry_words", params=None)


class Migration(migrations.Migration):
    """PostgreSQL has no such index of its own, and looks at every entry."""

    dependencies = (("records", "0003_guards_of_sqlite"),)

    operations = (migrations.RunPython(index, forget),)
