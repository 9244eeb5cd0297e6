"""Dishonest changes of what stands: first with the guards on, then with one or more switched off.

Some work on one database only; where a guard can be put back, the forger puts it back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Final

from headgate.core.ledger.entry import Entry, Kind
from headgate.site.records.database import TABLES
from tests.core.ledger.builders import CHART
from tests.site.attacks.audit import COLUMNS
from tests.site.attacks.forging import SIZE, Script, forged, insertion, move
from tests.site.attacks.honest import CHECKPOINTS_KEPT, Honest, honest
from tests.site.attacks.rows import tables_of


@dataclass(frozen=True, slots=True)
class Change:
    """One way to change what stands, in each database's words; empty where it has no such thing."""

    sqlite: tuple[Script, ...] = ()
    postgresql: tuple[Script, ...] = ()


def both(*scripts: Script) -> Change:
    """The same words for both."""
    return Change(scripts, scripts)


GUARDS: Final = import_module("headgate.site.records.migrations.0001_ledger").GUARDS
NEVER: Final = ("never_changes", "never_goes")


def _triggers(table: str) -> list[str]:
    files = ("sqlite.sql", "sqlite_added.sql")
    text = "".join((GUARDS / file).read_text(encoding="utf-8") for file in files)
    text = text.replace("{table}", table)
    found = [s[s.index("CREATE") :] for s in text.split("END;\n") if s.strip()]
    return [f"{statement}END" for statement in found]


def unguarded(
    *done: str, tables: Iterable[str] = TABLES, after: Iterable[str] = (), back: bool = True
) -> Change:
    """Switch the triggers of tables off, do something, and put them back; `after` comes last."""
    names = [f"{table}_{name}" for table in tables for name in NEVER]
    old = [s for table in tables for s in _triggers(table) if s.split()[2] in names]
    off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables]
    on = [
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}"
        for table in tables
        for name in NEVER
    ]
    again = ("COMMIT", "BEGIN")
    sqlite = (*(f"DROP TRIGGER {name}" for name in names), *done, *(old if back else ()), *after)
    postgresql = (*off, *done, *again, *(on if back else ()), *after)
    return Change((sqlite,), (postgresql,))


def _rewritten(start: int) -> Honest:
    """Another history: from an entry on, as it would have been in earnest."""
    fields = ("supply/a", "award/b", "500", "gpu_second", "single", "", "rule-1")
    gift = Entry(Kind.TRANSFER, honest().entries[start].at, "gift", fields)
    entries = (*honest().entries[:start], gift, *honest().entries[start + 1 :])
    return replace(honest(), entries=entries)


def _rewrite(start: int, checkpoints: str, *after: str) -> Change:
    """Replace the history from an entry on, row by row, and the checkpoints of a condition."""
    tables = tables_of(_rewritten(start).entries, CHART)
    kept = [row for row in honest().kept if row[2] >= start]
    done = [
        f"DELETE FROM kept WHERE seq >= {start}",
        f"DELETE FROM checkpoint WHERE {checkpoints}",
        f"DELETE FROM entry WHERE seq >= {start}",
        f"DELETE FROM leg WHERE seq >= {start}",
    ]
    done += [insertion("leg", row) for row in tables["leg"] if row["seq"] >= start]
    done += [insertion("entry", row) for row in tables["entry"][start:]]
    done += [insertion("kept", dict(zip(COLUMNS["kept"], row, strict=True))) for row in kept]
    return unguarded(*done, *after)


def _checkpoint(told: Honest, size: int) -> str:
    """Add the row of a checkpoint that the house itself signs over a history."""
    row = dict(zip(COLUMNS["checkpoint"], told.checkpoint(size), strict=True))
    return insertion("checkpoint", row)


_OLD, _YOUNG = honest().number("fee-0"), honest().number("use-9")
_SAID: Final = "line = substr(line, 1, length(line) - 6) || 'rule-2', why = 'rule-2'"
_FIRST: Final = {
    "leg": "half = 4",
    "entry": "seq = 2",
    "kept": "seq = 0",
    "checkpoint": "size = 40",
}
_KEYS: Final = {"leg": "half", "entry": "seq", "kept": "kind, key, seq", "checkpoint": "size"}
_COPY: Final = {
    table: f"INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {table}"
    f" WHERE {_FIRST[table]}"
    for table, columns in COLUMNS.items()
}
_NEXT_SIGNED: Final = f"INTO checkpoint VALUES ({SIZE}, {SIZE - 1}, '{'0' * 64}', '')"
_LONE_LEG: Final = forged(move(), without=("credit", "entry"))
_TOO_MUCH: Final = forged(move(amount=100_000))
_NO_CHECKS: Final = "PRAGMA ignore_check_constraints = ON"
_NO_KEYS: Final = "PRAGMA foreign_keys = OFF"
_NO_REPLACE: Final = "PRAGMA recursive_triggers = OFF"
_UNCHECKED: Final = tuple(f"DROP TRIGGER {table}_is_guarded" for table in ("leg", "entry"))

_MASTER: Final = (
    "PRAGMA writable_schema = ON",
    "UPDATE sqlite_master SET sql = replace(sql, '{}', '{}') WHERE name = 'leg'",
    "COMMIT",
    "PRAGMA writable_schema = RESET",
)
_DEBITS: Final = ("WHEN ''debits'' THEN", "WHEN ''x'' THEN 1 = 1 WHEN ''debits'' THEN 1 = 1 OR")
_UNBOUND: Final = tuple(s.format(*_DEBITS) for s in _MASTER)
_BOUND: Final = tuple(s.format(*reversed(_DEBITS)) for s in _MASTER)
_BOUND_BACK: Final = """
    ALTER TABLE leg ADD CONSTRAINT leg_bound CHECK (
        CASE bound
        WHEN 'none' THEN 1 = 1
        WHEN 'debits' THEN debits_posted + debits_pending <= credits_posted
        WHEN 'credits' THEN credits_posted + credits_pending <= debits_posted
        ELSE 1 = 0 END
    ) NOT VALID
"""

_SAME: Final = "{0} = excluded.{0}"
_MERGE: Final = "MERGE INTO kept k USING entry e ON k.seq = e.seq WHEN MATCHED THEN"
_AS_OWNER: Final = "LANGUAGE sql SECURITY DEFINER AS"
_PASSES: Final = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
_ELSEWHERE: Final = """
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = other', current_database());
    END $$
"""

STANDING: Final[dict[str, Change]] = {
    **{
        f"change any column of `{table}`": both(
            *((f"UPDATE {table} SET {c} = {c} WHERE {_FIRST[table]}",) for c in columns)
        )
        for table, columns in COLUMNS.items()
    },
    "delete any row": both(
        *((f"DELETE FROM {table} WHERE {_FIRST[table]}",) for table in TABLES),
        ("DELETE FROM leg WHERE half = (SELECT max(half) FROM leg)",),
        ("DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)",),
    ),
    "empty a table": Change(
        tuple((f"DELETE FROM {table}",) for table in TABLES),
        (
            *((f"DELETE FROM {table}",) for table in TABLES),
            *((f"TRUNCATE {table} CASCADE",) for table in TABLES),
            ("TRUNCATE leg, entry, kept, checkpoint",),
        ),
    ),
    "add a row in the place of another (REPLACE)": Change(
        (
            *((f"INSERT OR REPLACE {copy}",) for copy in _COPY.values()),
            ("UPDATE OR REPLACE kept SET seq = 1",),
            tuple(s.replace("INSERT", "INSERT OR REPLACE") for s in forged(move(id="grant-a"))),
        )
    ),
    "the same, with the triggers of REPLACE switched off": Change(
        tuple((_NO_REPLACE, f"INSERT OR REPLACE {copy}") for copy in _COPY.values())
    ),
    "add a row or change the one that is there (upsert)": both(
        *(
            (f"INSERT {_COPY[t]} ON CONFLICT ({_KEYS[t]}) DO UPDATE SET {_SAME.format(c[-1])}",)
            for t, c in COLUMNS.items()
        )
    ),
    "add a row unless it is there": both(
        *((f"INSERT {copy} ON CONFLICT DO NOTHING",) for copy in _COPY.values())
    ),
    "change rows by MERGE": Change(
        (),
        (
            (f"{_MERGE} UPDATE SET data = '{{}}'",),
            (f"{_MERGE} DELETE",),
        ),
    ),
    "copy a changed table over it (ATTACH)": Change(
        (
            (
                "ATTACH ':memory:' AS other",
                "CREATE TABLE other.entry AS SELECT * FROM main.entry",
                "UPDATE other.entry SET why = 'rule-2' WHERE seq = 5",
                "INSERT OR REPLACE INTO main.entry SELECT * FROM other.entry",
            ),
        )
    ),
    "make foreign keys wait for the end of the transaction": Change(
        (("BEGIN", "PRAGMA defer_foreign_keys = ON", *_LONE_LEG),),
        (("BEGIN", "SET CONSTRAINTS ALL DEFERRED", *_LONE_LEG),),
    ),
}

SWITCHED: Final[dict[str, Change]] = {
    "switch off what a connection may, then add": Change(
        (
            (_NO_KEYS, *_LONE_LEG),
            (_NO_CHECKS, *_TOO_MUCH),
            (_NO_CHECKS, *forged(move())),
            (_NO_CHECKS, "INSERT INTO kept VALUES ('x', 'y', 0, '')"),
            (_NO_CHECKS, "INSERT OR REPLACE INTO kept SELECT * FROM kept"),
            (_NO_KEYS, "INSERT INTO kept VALUES ('x', 'y', -9, '')"),
            (_NO_KEYS, f"INSERT {_NEXT_SIGNED}"),
            (_NO_CHECKS, f"INSERT {_NEXT_SIGNED}"),
            (_NO_REPLACE, f"INSERT {_NEXT_SIGNED}"),
        ),
        (("SET session_replication_role = replica", *_LONE_LEG),),
    ),
    "the same, without the trigger that looks for it": Change(
        ((_NO_KEYS, *_UNCHECKED, *_LONE_LEG), (_NO_CHECKS, *_UNCHECKED, *_TOO_MUCH)),
    ),
    "the same, and put the trigger back": Change(
        (
            (_NO_KEYS, *_UNCHECKED, *_LONE_LEG, _triggers("leg")[2], _triggers("entry")[2]),
            (_NO_CHECKS, *_UNCHECKED, *_TOO_MUCH, _triggers("leg")[2], _triggers("entry")[2]),
        ),
    ),
    "triggers off for this session: change": Change(
        (), (("SET session_replication_role = replica", f"UPDATE entry SET {_SAID}"),)
    ),
    "triggers off: change an amount": unguarded(f"UPDATE entry SET amount = 8 WHERE seq = {_OLD}"),
    "triggers off: change an amount and its line": unguarded(
        f"UPDATE entry SET amount = 8, posted = 8, line = replace(line, '\t11\t', '\t8\t')"
        f" WHERE seq = {_OLD}"
    ),
    "triggers off: change a leg": unguarded(f"UPDATE leg SET posted = 8 WHERE seq = {_OLD}"),
    "triggers off: change a leg and its balance": unguarded(
        "UPDATE leg SET posted = posted + 1, debits_posted = debits_posted + 1"
        f" WHERE half = {2 * _OLD}"
    ),
    "triggers off: delete an old entry, or its legs": Change(
        tuple(
            unguarded(f"DELETE FROM {table} WHERE seq = {_OLD}").sqlite[0]
            for table in ("entry", "leg")
        ),
        tuple(
            unguarded(f"DELETE FROM {table} WHERE seq = {_OLD}").postgresql[0]
            for table in ("entry", "leg")
        ),
    ),
    "triggers off: change a reason, and leave them off": unguarded(
        f"UPDATE entry SET {_SAID} WHERE seq = {_OLD}", back=False
    ),
    "triggers off and on again: change a reason that was signed": unguarded(
        f"UPDATE entry SET {_SAID} WHERE seq = {_OLD}"
    ),
    "triggers off and on again: change a reason that was not signed yet": unguarded(
        f"UPDATE entry SET {_SAID} WHERE seq = {_YOUNG}"
    ),
    "triggers off and on again: change or remove a kept value": Change(
        *(
            tuple(
                getattr(unguarded(done), vendor)[0]
                for done in (
                    "UPDATE kept SET data = '{}' WHERE kind = 'fact'",
                    "UPDATE kept SET data = '{}' WHERE kind = 'holdings'",
                    "DELETE FROM kept WHERE kind = 'decision'",
                )
            )
            for vendor in ("sqlite", "postgresql")
        )
    ),
    "triggers off and on again: change a signed checkpoint": unguarded(
        f"UPDATE checkpoint SET root = '{'0' * 64}' WHERE size = 40"
    ),
    "remove a constraint, add what it refused": Change(
        ((*_UNBOUND, *_TOO_MUCH),),
        (("ALTER TABLE leg DROP CONSTRAINT leg_bound", *_TOO_MUCH),),
    ),
    "the same, and put the constraint back unchecked": Change(
        ((*_UNBOUND, *_TOO_MUCH, "COMMIT", *_BOUND),),
        (
            (
                "ALTER TABLE leg DROP CONSTRAINT leg_bound",
                *_TOO_MUCH,
                *("COMMIT", "BEGIN"),
                _BOUND_BACK,
                *("COMMIT", "SET allow_system_table_mods = on"),
                "UPDATE pg_constraint SET convalidated = true WHERE conname = 'leg_bound'",
            ),
        ),
    ),
    "change or remove a table": both(
        ("ALTER TABLE entry ADD COLUMN note text",),
        ("ALTER TABLE entry RENAME COLUMN why TO reason",),
        ("ALTER TABLE kept DROP COLUMN data",),
        ("ALTER TABLE checkpoint RENAME TO mark",),
        ("DROP TABLE checkpoint",),
    ),
    "a trigger that swallows what is added": Change(
        (("CREATE TRIGGER quiet BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",),),
        (
            (
                f"CREATE FUNCTION quiet() {_PASSES}",
                "CREATE TRIGGER quiet BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION quiet()",
            ),
        ),
    ),
    "another function under the triggers": Change(
        (),
        (
            (
                f"CREATE OR REPLACE FUNCTION refuse_change() {_PASSES}",
                f"UPDATE entry SET {_SAID} WHERE seq = {_OLD}",
            ),
        ),
    ),
    "a function with its owner's rights": Change(
        (),
        (
            (
                f"CREATE FUNCTION mend() RETURNS void {_AS_OWNER} 'UPDATE entry SET why = why'",
                "SELECT mend()",
            ),
        ),
    ),
    "more rights for the service": Change(
        (),
        (
            ("GRANT UPDATE ON entry TO headgate_site",),
            ("GRANT ALL ON entry TO PUBLIC",),
            ("ALTER TABLE entry OWNER TO headgate_site",),
        ),
    ),
    "become the owner": Change((), (("SET ROLE headgate_owner", "DELETE FROM kept"),)),
    "rows from a file or a program of the server": Change(
        (),
        (
            ("COPY kept FROM PROGRAM 'true'",),
            ("COPY kept FROM '/dev/null'",),
        ),
    ),
    "rows from a child table": Change(
        (), (("CREATE TABLE more () INHERITS (entry)", "INSERT INTO more SELECT * FROM entry"),)
    ),
    "rows hidden by a policy or a rule": Change(
        (),
        (
            ("ALTER TABLE entry ENABLE ROW LEVEL SECURITY",),
            ("CREATE RULE quiet AS ON INSERT TO entry DO INSTEAD NOTHING",),
        ),
    ),
    "another table in the ledger's place, for one session": Change(
        (("CREATE TEMP TABLE entry (seq INTEGER)", "INSERT INTO temp.entry VALUES (1)"),),
        (("CREATE TEMP TABLE entry (seq bigint)", "INSERT INTO entry VALUES (1)"),),
    ),
    "other tables in the ledger's place, for all": Change(
        (("ALTER TABLE kept RENAME TO old", "CREATE VIEW kept AS SELECT * FROM old"),),
        (
            (
                "CREATE SCHEMA other",
                "CREATE TABLE other.entry (seq bigint)",
                _ELSEWHERE,
            ),
        ),
    ),
    "the system's own tables": Change(
        (
            (
                "PRAGMA writable_schema = ON",
                "DELETE FROM sqlite_master WHERE type = 'trigger'",
            ),
        ),
        (
            (
                "SET allow_system_table_mods = on",
                "DELETE FROM pg_trigger WHERE tgname LIKE 'entry_never%'",
            ),
        ),
    ),
}

HISTORY: Final[dict[str, Change]] = {
    "remove the newest entries": unguarded(
        f"DELETE FROM entry WHERE seq >= {SIZE - 5}",
        f"DELETE FROM leg WHERE seq >= {SIZE - 5}",
    ),
    "remove a checkpoint": unguarded("DELETE FROM checkpoint WHERE size = 90"),
    "remove the newest entries and their checkpoint": unguarded(
        "DELETE FROM checkpoint WHERE size = 90",
        "DELETE FROM entry WHERE seq >= 80",
        "DELETE FROM leg WHERE seq >= 80",
    ),
    "rewrite what no checkpoint has": _rewrite(_YOUNG, "size > 90"),
    "rewrite more, and leave the checkpoints as they were": _rewrite(
        _OLD, "size >= 40", *(_checkpoint(honest(), size) for size in CHECKPOINTS_KEPT)
    ),
    "rewrite more, and remove the checkpoints": _rewrite(_OLD, "size >= 40"),
    "rewrite more, and sign the checkpoints anew": _rewrite(
        _OLD, "size >= 40", *(_checkpoint(_rewritten(_OLD), size) for size in CHECKPOINTS_KEPT)
    ),
}
