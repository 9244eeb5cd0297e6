"""What an auditor finds in a database that was attacked: from inside, then with notes from outside.

The audit is written anew from the rules, in memory, on nothing but rows; `headgate verify` does the
same at any size, and is tested by itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from headgate.core.ledger.checkpoint import Checkpoint, open_note
from headgate.core.ledger.entry import Entry, Kind, as_transfer, decode
from headgate.core.ledger.post import Books, post_all
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.transfer import Outcome
from headgate.core.ledger.tree import root
from tests.core.ledger.builders import CHART
from tests.site.attacks.honest import honest
from tests.site.attacks.rows import tables_of

Rows = list[tuple[Any, ...]]
Ask = Callable[[str], Rows]

NO_CHANGE: Final = "+no-change"
"""The word for an attack that was carried out and left everything as it was."""

OUTSIDE_ONLY: Final = "+outside"
"""The word for an attack that nothing reveals but a checkpoint that left the house."""

UNSEEN: Final = "+unseen"
"""The word for what nothing reveals: there should be no such attack."""

COLUMNS: Final = {
    **{table: tuple(rows[0]) for table, rows in tables_of(honest().entries, CHART).items()},
    "kept": ("kind", "key", "seq", "data"),
    "checkpoint": ("size", "last_seq", "root", "note"),
}

_GUARDS: Final = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2",
    "postgresql": """
        WITH ours AS (
            SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        )
        SELECT 'table', relname::text, concat_ws(' ', relowner::regrole, relacl, relrowsecurity)
        FROM ours
        UNION ALL SELECT 'column', o.relname || '.' || a.attname, concat_ws(' ', a.attnum,
            a.atttypid::regtype, a.attnotnull, a.attcollation::regcollation, a.attacl)
        FROM ours o JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum > 0
        UNION ALL SELECT 'constraint', o.relname || '.' || c.conname,
            concat_ws(' ', pg_get_constraintdef(c.oid), c.convalidated)
        FROM ours o JOIN pg_constraint c ON c.conrelid = o.oid
        UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT 'trigger', o.relname || '.' || t.tgfoid::regproc,
            string_agg(t.tgenabled::text || t.tgtype::text, ' ' ORDER BY t.tgenabled, t.tgtype)
        FROM ours o JOIN pg_trigger t ON t.tgrelid = o.oid GROUP BY 1, 2
        UNION ALL SELECT 'rule', tablename || '.' || rulename, definition FROM pg_rules
        WHERE schemaname = 'public'
        UNION ALL SELECT 'child', n.inhrelid::regclass::text, o.relname::text
        FROM ours o JOIN pg_inherits n ON n.inhparent = o.oid
        UNION ALL SELECT 'function', p.oid::regprocedure::text,
            concat_ws(' ', p.proowner::regrole, p.prosecdef, p.prosrc)
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'setting', 'database', setconfig::text FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        ORDER BY 1, 2, 3
    """,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """All that there is to see in a database: its guards and the rows of its tables."""

    guards: Rows
    tables: dict[str, Rows]


def seen(ask: Ask, vendor: str) -> Seen:
    """Look at a database; a table that cannot be read is empty, and its guard is missing."""
    tables: dict[str, Rows] = {}
    guards = ask(_GUARDS[vendor])
    for table, columns in COLUMNS.items():
        try:
            tables[table] = ask(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2, 3")
        except Exception as error:  # noqa: BLE001  whatever hinders an auditor is a finding
            tables[table] = [(str(error),)]
    return Seen(guards, tables)


def finding(before: Seen, after: Seen) -> str:
    """What reveals an attack: something inside, a checkpoint that left the house, or nothing.

    What no digest covers follows from the events, so taking them again gives the honest rows.
    """
    if after == before:
        return NO_CHANGE
    inside = (
        ("guards", _guards),
        ("journal", _journal),
        ("ledger", _ledger),
        ("values", _values),
        ("checkpoints", _checkpoints),
    )
    for name, wrong in inside:
        if wrong(before, after):
            return f"+{name}"
    return OUTSIDE_ONLY if _outside(after) else UNSEEN


def _guards(before: Seen, after: Seen) -> bool:
    return before.guards != after.guards


def _journal(_: Seen, after: Seen) -> bool:
    """Whether an entry is no entry, or not the next one."""
    try:
        entries = _entries(after)
    except (Refused, AttributeError, IndexError, UnicodeEncodeError):
        return True
    numbers = [row[0] for row in after.tables["entry"]]
    return list(range(len(entries))) != numbers or not entries


def _ledger(_: Seen, after: Seen) -> bool:
    """Whether the lines cannot be posted, or the rows are not those that follow from them."""
    entries = _entries(after)
    try:
        transfers = [as_transfer(entry) for entry in entries if entry.kind is Kind.TRANSFER]
        tables = tables_of(entries, CHART)
    except (Refused, KeyError):
        return True
    outcomes = post_all(Books(CHART), transfers).outcomes
    if any(outcome is not Outcome.CREATED for outcome in outcomes):
        return True
    return any(
        [tuple(row.values()) for row in rows] != after.tables[table]
        for table, rows in tables.items()
    )


def _values(before: Seen, after: Seen) -> bool:
    """Whether a fact or a decision is not what the journal digested, or the rest not derived."""
    digests = {
        str(seq) + str(entry.fields[-1])
        for seq, entry in enumerate(_entries(after))
        if entry.kind in (Kind.FACTS_RECEIVED, Kind.DECISION_MADE)
    }
    digested, derived = ("fact", "decision"), set(before.tables["kept"])
    kept = after.tables["kept"]
    given = {
        str(seq) + sha256(data.encode()).hexdigest()
        for kind, _, seq, data in kept
        if kind in digested
    }
    rest = {row for row in kept if row[0] not in digested}
    return digests != given or rest != {row for row in derived if row[0] not in digested}


def _checkpoints(_: Seen, after: Seen) -> bool:
    """Whether a row is not what its own signed note says of this journal."""
    rows = after.tables["checkpoint"]
    return any(not _holds(row[3], after) or _claim(row) != row[:3] for row in rows)


def _claim(row: Sequence[Any]) -> tuple[int, int, str]:
    told = open_note(row[3].encode(), [signer.verifier() for signer in honest().signers])
    assert isinstance(told, Checkpoint)
    return told.size, told.size - 1, told.root.hex()


def _outside(after: Seen) -> bool:
    """Whether one of the notes that left the house is not of this journal, or is missing in it."""
    kept = {row[0] for row in after.tables["checkpoint"]}
    notes = [honest().checkpoint(size) for size in (40, 90, len(honest().entries))]
    missing = any(size not in kept for size, *_ in notes[:2])
    return missing or any(not _holds(note[3], after) for note in notes)


def _holds(note: str, after: Seen) -> bool:
    """Whether a note is signed by the house and is of the first entries of this journal."""
    told = open_note(note.encode(), [signer.verifier() for signer in honest().signers])
    if not isinstance(told, Checkpoint):
        return False
    lines = [row[_LINE].encode() for row in after.tables["entry"]]
    return told.size <= len(lines) and told.root == root(lines[: told.size])


_LINE: Final = COLUMNS["entry"].index("line")


def _entries(after: Seen) -> list[Entry]:
    return [decode(row[_LINE].encode()) for row in after.tables["entry"]]
