"""The tables that Django manages, as rows that mean the same on either database.

People, what they handed in and did, agents, notices: ordinary rows, unlike the ledger's, private.
Left out is what a new site makes itself (names of models, permissions) and sessions: whoever is
signed in signs in again.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db.models import Field, Model

from headgate.site.records.database import TABLES, Database, Row

LEFT_OUT: Final = frozenset(
    {
        "sessions.Session",
        "usersessions.UserSession",
        ContentType._meta.label,
        Permission._meta.label,
    }
)
"""The models whose rows do not go along; nor does what points at permissions, which nobody has."""

Working = Mapping[str, type[Model]]
"""The models that go along, by table, sorted."""


@cache
def working() -> Working:
    """The working tables of this version."""
    found: dict[str, type[Model]] = {}
    for model in apps.get_models(include_auto_created=True):
        about = {model, *(f.related_model for f in model._meta.concrete_fields)}
        left_out = any(one._meta.label in LEFT_OUT for one in about if isinstance(one, type))
        if model._meta.managed and model._meta.db_table not in TABLES and not left_out:
            found[model._meta.db_table] = model
    return dict(sorted(found.items()))


def there(database: Database) -> frozenset[str]:
    """Which of the working tables a database has."""
    return frozenset(working()) & set(database.connection.introspection.table_names())


def columns(model: type[Model]) -> tuple[str, ...]:
    """The columns of a table."""
    return tuple(field.attname for field in model._meta.concrete_fields)


def rows(database: Database, model: type[Model]) -> Iterator[Row]:
    """Every row of a table, in order, as values of JSON."""
    found = model._base_manager.using(database.alias).order_by("pk").values_list(*columns(model))
    return (tuple(map(_plain, row)) for row in found.iterator())


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode("ascii")
    return value


def readable(model: type[Model], row: Row) -> Row | None:
    """A row that was told as JSON, as Python's values; None where a value is not of its column."""
    try:
        return tuple(
            _value(field, value)
            for field, value in zip(model._meta.concrete_fields, row, strict=True)
        )
    except (ValidationError, TypeError, ValueError):
        return None


def _value(field: "Field[Any, Any]", value: Any) -> Any:
    if value is None:
        return None
    # A foreign key holds what the key of the other table holds.
    return getattr(field, "target_field", field).to_python(value)


def fill(database: Database, model: type[Model], some: Iterable[Row]) -> None:
    """Add rows to a table."""
    connection, quoted = database.connection, database.connection.ops.quote_name
    fields = model._meta.concrete_fields
    named = [quoted(str(field.column)) for field in fields]
    given = [
        tuple(field.get_db_prep_save(v, connection) for field, v in zip(fields, row, strict=True))
        for row in some
    ]
    database.insert(quoted(model._meta.db_table), named, given)


def clear_groups(database: Database) -> None:
    """Take away what `migrate` put into a new site: the groups come along with their numbers."""
    Group.objects.using(database.alias).all().delete()


def occupied(database: Database) -> str | None:
    """A working table that has rows, but for the groups of a new site; None where none has."""
    for table in sorted(there(database)):
        model = working()[table]
        if model is not Group and model._base_manager.using(database.alias).exists():
            return table
    return None


def count_on(database: Database) -> None:
    """Let new rows be numbered after those that were put in."""
    statements = database.connection.ops.sequence_reset_sql(no_style(), list(working().values()))
    for statement in statements:
        database.rows(statement)
