"""The journal, the ledger, the kept values and the checkpoints, with their guards."""

import sqlite3
from enum import Enum
from pathlib import Path
from typing import Final

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from headgate.core.faults import Fault, Faulty

GUARDS: Final = Path(__file__).parents[1] / "guards"
TABLES: Final = ("leg", "entry", "kept", "checkpoint")
SQLITE_OLDEST: Final = (3, 37, 0)
"""The first SQLite that has STRICT tables: columns that hold their own type and no other."""

_OF_TRANSFER: Final = "FOREIGN KEY (seq) REFERENCES entry (moved) DEFERRABLE INITIALLY DEFERRED"
_DAY_GLOB: Final = "-".join("[0-9]" * digits for digits in (4, 2, 2))
_TIME_GLOB: Final = ":".join("[0-9]" * digits for digits in (2, 2, 2))

# What headgate.core.ledger.text lets stand in no text, but for the tab between two fields. SQLite
# looks for them only where a line is not all printable ASCII, and its GLOB does not see past NUL.
BREAKS: Final = (
    (1, 8),
    (10, 31),
    (127, 159),
    (1564, 1564),
    (8206, 8207),
    (8232, 8238),
    (8294, 8297),
)
_BREAKS_GLOB: Final = "||".join(f"char({low})||'-'||char({high})" for low, high in BREAKS)
_BREAKS_REGEX: Final = "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in BREAKS)

WORDS: Final = {
    "sqlite": {
        "int": "INTEGER",
        "text": "TEXT",
        "tab": "char(9)",
        "strict": "STRICT",
        "of_transfer": f",\n    CONSTRAINT leg_of_transfer {_OF_TRANSFER}",
        "at_is_instant": f"at GLOB '{_DAY_GLOB}T{_TIME_GLOB}Z'",
        "line_is_plain": "(line NOT GLOB '*[^ -~'||char(9)||']*'"
        f" OR line NOT GLOB '*['||{_BREAKS_GLOB}||']*')"
        " AND instr(CAST(line AS BLOB), x'00') = 0",
        "line_bytes": "length(CAST(line AS BLOB))",
    },
    "postgresql": {
        "int": "bigint",
        "text": 'text COLLATE "C"',
        "tab": "chr(9)",
        "strict": "",
        "of_transfer": "",
        "at_is_instant": "at ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$'",
        "line_is_plain": f"line !~ '[{_BREAKS_REGEX}]'",
        "line_bytes": "octet_length(line)",
    },
}

HAS_FTS5: Final = "SELECT 1 FROM pragma_module_list WHERE name = 'fts5'"
_MAY_CREATE_ROLES: Final = (
    "SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreaterole)"
)
# Verification makes temporary tables as the service's role, in order to compare.
_MIGHTY: Final = """
    SELECT 1 FROM pg_class c, pg_roles r
    WHERE c.oid = to_regclass('entry') AND c.relpersistence = 'p' AND r.rolname = %s
        AND (r.rolsuper OR pg_has_role(r.oid, c.relowner, 'MEMBER'))
"""


class Unfit(Enum):
    """Why no ledger is made in a database; the value is what mends it, with `{role}` the site's."""

    SQLITE_TOO_OLD = "Run it with a Python that has SQLite 3.37 or newer."
    SQLITE_WITHOUT_FTS5 = "Run it with a Python whose SQLite has FTS5, as nearly all have."
    SITE_ROLE_MISSING = "Let somebody who may create roles run: CREATE ROLE {role} LOGIN;"
    SITE_ROLE_TOO_MIGHTY = (
        "Create the ledger as another role, its owner; let the service run as a role that is"
        " neither superuser nor member of the owner, and name it in HEADGATE_SITE_ROLE."
    )


def create(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the tables as `guards/` says them; raises Faulty for a database unfit for that."""
    vendor, name = editor.connection.vendor, settings.HEADGATE_SITE_ROLE
    role = _quoted(name)
    if vendor == "sqlite":
        see_that_sqlite_fits(editor)
    if vendor == "postgresql":
        _find_site_role(editor, name)
    run(editor, "schema.sql", WORDS[vendor])
    if vendor == "postgresql":
        run(editor, "postgresql_first.sql", {"of_transfer": _OF_TRANSFER})
    for table in TABLES:
        run(editor, f"{vendor}.sql", {"table": table, "site": role})
    if vendor == "postgresql" and _asked(editor, _MIGHTY, name):
        what = f"{role} could undo the guards of the ledger that it is to add to"
        raise _unfit(Unfit.SITE_ROLE_TOO_MIGHTY, what, role)


def see_that_sqlite_fits(editor: BaseDatabaseSchemaEditor) -> None:
    """Raises Faulty where this SQLite is too old, or finds no words."""
    if sqlite3.sqlite_version_info < SQLITE_OLDEST:
        raise _unfit(Unfit.SQLITE_TOO_OLD, f"this is SQLite {sqlite3.sqlite_version}")
    if not _asked(editor, HAS_FTS5):
        raise _unfit(Unfit.SQLITE_WITHOUT_FTS5, "this SQLite was built without FTS5")


def _find_site_role(editor: BaseDatabaseSchemaEditor, name: str) -> None:
    """Make the service's role where it is missing and may be made."""
    role = _quoted(name)
    if _asked(editor, "SELECT 1 FROM pg_roles WHERE rolname = %s", name):
        return
    if not _asked(editor, _MAY_CREATE_ROLES):
        what = f"the service's role {role} is missing and cannot be created from here"
        raise _unfit(Unfit.SITE_ROLE_MISSING, what, role)
    editor.execute(f"CREATE ROLE {role} LOGIN", params=None)


def _quoted(name: str) -> str:
    """A role's name as SQL writes it; Django's own quoting leaves quotes within as they are."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _asked(editor: BaseDatabaseSchemaEditor, sql: str, *parameters: str) -> bool:
    """Whether a query has a row."""
    with editor.connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone() is not None


def run(editor: BaseDatabaseSchemaEditor, file: str, words: dict[str, str]) -> None:
    """Run a file's statements, each ended by a semicolon at the end of a line."""
    text = (GUARDS / file).read_text(encoding="utf-8")
    for word, meaning in words.items():
        text = text.replace(f"{{{word}}}", meaning)
    for statement in text.split(";\n"):
        if statement.strip():
            editor.execute(statement, params=None)


def _unfit(why: Unfit, what: str, role: str = "") -> Faulty:
    code = f"database-{why.name.lower().replace('_', '-')}"
    return Faulty([Fault("--database", 0, 0, code, what, why.value.format(role=role))])


class Migration(migrations.Migration):
    """The first migration; the models are read from these tables and never manage them."""

    initial = True
    operations = (migrations.RunPython(create),)
