"""What Django reads is what stands there, and Django can write none of it."""

from typing import Any, Final

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, models

from headgate.site.records.database import TABLES, Database, opened
from tests.site.attacks.honest import CHECKPOINTS_KEPT, TRANSFERS, fill, honest

NOT_READ: Final = {
    "leg": {"was_half", "was_debits_posted", "was_credits_posted", "was_debits_pending"}
    | {"was_credits_pending"},
    "entry": {"was_seq", "was_latest", "moved", "debit_half", "credit_half", "posted", "reserves"}
    | {"pending_debit_half", "pending_credit_half", "pending_posted"},
    "kept": set(),
    "checkpoint": {"last_seq"},
}
"""Columns that pin a row to another, and say nothing to a reader."""


@pytest.fixture
def database(address: str) -> Database:
    """The honest ledger of the attacks, on each database."""
    found = opened(address)
    fill(found)
    return found


def _models() -> dict[str, Any]:
    from headgate.site.records.apps import RecordsConfig

    return {m._meta.db_table: m for m in apps.get_app_config(RecordsConfig.label).get_models()}


@pytest.mark.parametrize("table", TABLES)
def test_fields_are_the_columns(database: Database, table: str) -> None:
    """Name, type, whether there may be none, and the key: as the schema has them."""
    model = _models()[table]
    introspection = database.connection.introspection
    with database.connection.cursor() as cursor:
        columns = introspection.get_table_description(cursor, table)
        key = introspection.get_primary_key_columns(cursor, table)
    told = {column.name: column for column in columns}
    fields = {field.column: field for field in model._meta.concrete_fields if field.column}
    assert NOT_READ[table] == told.keys() - fields.keys()
    for name, field in fields.items():
        number = isinstance(field, models.BigIntegerField | models.ForeignKey)
        kind = introspection.get_field_type(told[name].type_code, told[name])
        assert number == kind.endswith(("IntegerField", "AutoField")), name
        assert number or "TextField" == kind, name
        assert field.null == told[name].null_ok, name
    assert [field.column for field in model._meta.pk_fields] == key


def test_rows_are_read_as_they_were_written(database: Database) -> None:
    """Pages of the portal show what the journal has, entry by entry with its legs."""
    table = _models()
    entries = table["entry"].objects.using(database.alias).prefetch_related("legs")
    assert len(honest().entries) == len(entries)
    assert [entry.subject for entry in honest().entries] == [row.subject for row in entries]
    assert 2 * TRANSFERS == sum(len(row.legs.all()) for row in entries)
    kept = table["kept"].objects.using(database.alias)
    assert set(honest().kept) == {(r.kind, r.key, r.seq, r.data) for r in kept}
    sizes = table["checkpoint"].objects.using(database.alias).values_list("size", flat=True)
    assert list(CHECKPOINTS_KEPT) == list(sizes)


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_written_through_a_model(database: Database, table: str) -> None:
    """Whatever a view tries, it is told to post through an action, or the database refuses."""
    rows = _models()[table].objects.using(database.alias)
    row = rows.first()
    with pytest.raises(TypeError, match="append-only"):
        row.save()
    with pytest.raises(TypeError, match="append-only"):
        row.delete()
    text = next(f.name for f in row._meta.fields if isinstance(f, models.TextField))
    with pytest.raises(DatabaseError):
        rows.update(**{text: "forged"})
    with pytest.raises(DatabaseError):
        rows._raw_delete(database.alias)
    with pytest.raises(DatabaseError):
        rows.bulk_create([row])


def test_django_asks_for_no_migration(sqlite_address: str) -> None:
    """Models and migrations agree, so nobody is told to make one by `makemigrations --check`."""
    opened(sqlite_address)
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
