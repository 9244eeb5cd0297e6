"""SQLite's guards of what is added, which no longer ask for three settings at each row."""

from importlib import import_module
from typing import Final

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_LEDGER: Final = import_module("headgate.site.records.migrations.0001_ledger")


def guard(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers of `guards/sqlite_added.sql` and `sqlite_signed.sql` in the place of any."""
    if editor.connection.vendor != "sqlite":
        return
    for table in _LEDGER.TABLES:
        editor.execute(f"DROP TRIGGER IF EXISTS {table}_is_guarded", params=None)
        file = "sqlite_signed.sql" if table == "checkpoint" else "sqlite_added.sql"
        _LEDGER.run(editor, file, {"table": table})


class Migration(migrations.Migration):
    """A ledger that was made before keeps its rows, and has the guards of one made today."""

    dependencies = (("records", "0002_models"),)

    operations = (migrations.RunPython(guard),)
