"""Whether a database still has the guards that the migrations gave it, and no trigger that lies.

What is there is described word by word, and compared with a schema that is made anew for the
purpose: on SQLite in a file of its own, on PostgreSQL as temporary tables that are rolled back.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.migrations.loader import MigrationLoader

from headgate.core.faults import Faulty
from headgate.site.records.database import TABLES, Database, create, lacking, opened
from headgate.site.verifying.findings import Finding, Wrong, apart, told

ALLOWED: Final = ("SELECT", "INSERT")
FORBIDDEN: Final = ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

_SQLITE: Final = """
    SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master
    WHERE lower(tbl_name) IN ({tables}) OR lower(name) IN ({tables})
"""
_POSTGRESQL: Final = """
WITH
ours AS (
    SELECT c.*, c.relnamespace = pg_my_temp_schema() AS scratch
    FROM pg_class c WHERE c.oid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) AS t (name))
)
SELECT 'table ' || relname, concat_ws(' ', relkind, relrowsecurity, relforcerowsecurity,
    CASE WHEN scratch THEN 'p' ELSE relpersistence END)
FROM ours
UNION ALL
SELECT format('column %%s.%%s', o.relname, a.attname), concat_ws(' ',
    format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull,
    a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = o.oid AND d.adnum = a.attnum
UNION ALL
SELECT format('constraint %%s of %%s', k.conname, o.relname),
    concat_ws(' ', pg_get_constraintdef(k.oid, true), k.convalidated)
FROM ours o JOIN pg_constraint k ON k.conrelid = o.oid AND k.contype <> 'n'
UNION ALL
SELECT 'index ' || c.relname,
    concat_ws(' ', pg_get_indexdef(i.indexrelid, 0, true), i.indisvalid, i.indislive)
FROM ours o JOIN pg_index i ON i.indrelid = o.oid JOIN pg_class c ON c.oid = i.indexrelid
UNION ALL
SELECT format('trigger %%s of %%s', t.tgname, o.relname),
    concat_ws(' ', pg_get_triggerdef(t.oid, true), t.tgenabled)
FROM ours o JOIN pg_trigger t ON t.tgrelid = o.oid AND NOT t.tgisinternal
UNION ALL
SELECT format('foreign keys of %%s by %%s', o.relname, t.tgfoid::regproc),
    string_agg(t.tgenabled::text, '' ORDER BY t.tgenabled)
FROM ours o JOIN pg_trigger t ON t.tgrelid = o.oid AND t.tgisinternal GROUP BY 1
UNION ALL
SELECT format('rule %%s of %%s', r.rulename, o.relname), pg_get_ruledef(r.oid)
FROM ours o JOIN pg_rewrite r ON r.ev_class = o.oid
UNION ALL
SELECT format('row policy %%s of %%s', p.polname, o.relname), pg_get_expr(p.polqual, p.polrelid)
FROM ours o JOIN pg_policy p ON p.polrelid = o.oid
UNION ALL
SELECT format('table %%s that adds rows to %%s', n.inhrelid::regclass, o.relname), ''
FROM ours o JOIN pg_inherits n ON n.inhparent = o.oid
UNION ALL
SELECT 'function ' || p.proname, concat_ws(' ', l.lanname, p.prosecdef, p.provolatile,
    p.prokind, p.proconfig::text, p.prosrc)
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = (SELECT relnamespace FROM ours WHERE relname = 'entry')
"""
_PRIVILEGES: Final = """
    SELECT c.relname, p.name, has_table_privilege(r.oid, c.oid, p.name)
        OR (p.name IN ('UPDATE', 'REFERENCES') AND has_any_column_privilege(r.oid, c.oid, p.name))
    FROM unnest(%s::text[]) AS t (name) JOIN pg_class c ON c.oid = to_regclass(t.name),
        unnest(%s::text[]) AS p (name), pg_roles r
    WHERE r.rolname = %s
"""
_OTHERS: Final = """
    SELECT c.relname, a.privilege_type, coalesce(g.rolname, 'everybody')
    FROM unnest(%s::text[]) AS t (name) JOIN pg_class c ON c.oid = to_regclass(t.name)
        LEFT JOIN pg_attribute f ON f.attrelid = c.oid AND f.attacl IS NOT NULL,
        aclexplode(coalesce(c.relacl, acldefault('r', c.relowner)) || f.attacl) a
        LEFT JOIN pg_roles g ON g.oid = a.grantee
    WHERE a.grantee <> c.relowner AND a.privilege_type <> 'SELECT'
        AND coalesce(g.rolname, '') <> %s
"""
_OWNER: Final = """
    SELECT DISTINCT pg_get_userbyid(c.relowner) FROM pg_roles r, pg_class c
    WHERE c.oid = to_regclass('entry') AND r.rolname = %s
        AND (r.rolsuper OR pg_has_role(r.oid, c.relowner, 'MEMBER'))
"""
_REPLICA: Final = """
    SELECT unnest(setconfig) FROM pg_db_role_setting
    WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL SELECT 'session_replication_role=' || current_setting('session_replication_role')
"""


def guard_findings(database: Database) -> list[Finding]:
    """Every guard that is missing, changed or unknown, and every right that nobody should have."""
    found = _described(database)
    try:
        expected = _fresh_sqlite() if database.vendor == "sqlite" else _fresh_postgresql(database)
    except (DatabaseError, Faulty) as error:
        what = f"guards cannot be made to compare with: {told(str(error))}"
        return [Finding(Wrong.GUARDS_UNSEEN, None, what)]
    findings = list(_differences(expected, found))
    rest = _damage(database) if database.vendor == "sqlite" else _rights(database)
    return [*(_older(database) if findings else ()), *findings, *rest]


def _older(database: Database) -> Iterator[Finding]:
    """That guards may only not have been made yet, where whoever verifies may read which were."""
    with suppress(DatabaseError):
        if older := sorted(name for part, name in lacking(database) if part == "records"):
            what = f"its tables are those of an older version, without {', '.join(older)}"
            yield Finding(Wrong.TABLES_OLDER, None, what)


def _differences(expected: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Finding]:
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            yield Finding(Wrong.GUARD_MISSING, None, f"{name} is not there", name)
        elif name in expected and expected[name] != found[name]:
            what = apart(found[name], expected[name])
            yield Finding(Wrong.GUARD_CHANGED, None, what, name)
        elif name not in expected and not name.startswith("function "):
            yield Finding(Wrong.GUARD_UNKNOWN, None, f"it is {told(found[name])}", name)


def _described(database: Database) -> dict[str, str]:
    """Everything that is said of the tables, by what it is about."""
    if database.vendor == "sqlite":
        names = ", ".join(f"'{table}'" for table in TABLES)
        return dict(database.rows(_SQLITE.format(tables=names)))
    return dict(database.rows(_POSTGRESQL, [list(TABLES)]))


@cache
def _fresh_sqlite() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        scratch = opened(f"sqlite:///{Path(folder) / 'fresh.db'}", "guards")
        try:
            create(scratch)
            return _described(scratch)
        finally:
            scratch.connection.close()


def _fresh_postgresql(database: Database) -> dict[str, str]:
    """What the migrations make of an empty schema, seen and rolled back.

    The functions that triggers call are looked for in the schema of the tables, because PostgreSQL
    never looks for one among what is temporary; their text is compared by itself.
    """
    with transaction.atomic(using=database.alias):
        rows = database.rows(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.oid = to_regclass('entry')"
        )
        name = database.connection.ops.quote_name(rows[0][0] if rows else "public")
        database.rows("SELECT set_config('search_path', %s, true)", [f"pg_temp, {name}"])
        with database.connection.schema_editor(atomic=False) as editor:
            graph = MigrationLoader(None).graph
            state = graph.make_state(at_end=False, nodes=[])
            for leaf in graph.leaf_nodes("records"):
                for key in graph.forwards_plan(leaf):
                    state = graph.nodes[key].apply(state, editor)
        described = _described(database)
        transaction.set_rollback(True, using=database.alias)
    return described


def _damage(database: Database) -> Iterator[Finding]:
    """What SQLite itself finds: pages, indexes, constraints, and rows that point nowhere."""
    for (message,) in database.rows("PRAGMA integrity_check(10)"):
        if message != "ok":
            yield Finding(Wrong.FILE_DAMAGED, None, message, "integrity_check")
    for table, row, parent, _ in database.rows("PRAGMA foreign_key_check")[:10]:
        what = f"row {row} points to no row of {parent}"
        yield Finding(Wrong.FILE_DAMAGED, None, what, f"table {table}")


def _rights(database: Database) -> Iterator[Finding]:
    """Who may do what on PostgreSQL, besides the owner of the tables."""
    tables, site = list(TABLES), settings.HEADGATE_SITE_ROLE
    names = [*ALLOWED, *FORBIDDEN]
    rows = database.rows(_PRIVILEGES, [tables, names, site])
    rights = {(table, name): held for table, name, held in rows}
    for table, name in ((table, name) for table in TABLES for name in names):
        held = rights.get((table, name), False)
        if held != (name in ALLOWED):
            what = f"{site} {'may' if held else 'may not'} {name} on it"
            yield Finding(Wrong.PRIVILEGE_WRONG, None, what, f"table {table}")
    for (owner,) in database.rows(_OWNER, [site]):
        what = f"{site} can act as {owner}, who owns the tables"
        yield Finding(Wrong.PRIVILEGE_WRONG, None, what)
    for table, name, role in sorted(set(database.rows(_OTHERS, [tables, site]))):
        yield Finding(Wrong.PRIVILEGE_WRONG, None, f"{role} may {name} on it", f"table {table}")
    for (setting,) in database.rows(_REPLICA):
        key, _, value = setting.partition("=")
        if key == "session_replication_role" and value != "origin":
            what = f"{setting} switches foreign keys off"
            yield Finding(Wrong.GUARD_CHANGED, None, what, key)
