"""A guard that was taken away, weakened or added is seen, by whoever may read the tables."""

from pathlib import Path

import pytest

from headgate.site.verifying.findings import Wrong
from headgate.site.verifying.guards import guard_findings
from tests.site.deeds import DEEDS
from tests.site.forging import small_kept

SQLITE_ATTACKS = {
    "no trigger": ("DROP TRIGGER entry_never_changes", Wrong.GUARD_MISSING),
    "a weaker trigger": (
        (
            "DROP TRIGGER leg_never_goes; CREATE TRIGGER leg_never_goes BEFORE DELETE ON leg"
            " BEGIN SELECT 1; END"
        ),
        Wrong.GUARD_CHANGED,
    ),
    "a trigger that lies": (
        "CREATE TRIGGER kindness AFTER INSERT ON ENTRY BEGIN SELECT 1; END",
        Wrong.GUARD_UNKNOWN,
    ),
    "no index": ("DROP INDEX entry_transfer_once", Wrong.GUARD_MISSING),
    "no constraint": (
        (
            "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql,"
            " 'CONSTRAINT entry_amount CHECK (amount > 0),', '') WHERE name = 'entry'"
        ),
        Wrong.GUARD_CHANGED,
    ),
    "a row that points nowhere": (
        "INSERT INTO kept (kind, key, seq, data) VALUES ('x', 'y', 99999, '')",
        Wrong.FILE_DAMAGED,
    ),
    "a row that breaks a rule": (
        (
            "DROP TRIGGER leg_never_changes; PRAGMA ignore_check_constraints = ON;"
            " UPDATE leg SET posted = -1 WHERE half = (SELECT max(half) FROM leg)"
        ),
        Wrong.FILE_DAMAGED,
    ),
}


@pytest.mark.parametrize("attack", SQLITE_ATTACKS)
def test_what_was_done_to_a_file_s_guards_is_seen(
    attack: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Who owns the file can take its guards away; whoever verifies sees that they are gone."""
    statements, wrong = SQLITE_ATTACKS[attack]
    with small_kept("sqlite", request, tmp_path) as kept:
        if "INSERT INTO kept" in statements:
            statements = f"DROP TRIGGER kept_is_guarded; {statements}"
        with kept.connected() as hand:
            for statement in _statements(statements):
                hand.do(statement)
        assert wrong in {finding.wrong for finding in guard_findings(kept.database)}


def _statements(text: str) -> list[str]:
    parts = text.replace("BEGIN SELECT 1; END", "BEGIN SELECT 1\0 END").split("; ")
    return [part.replace("\0", ";") for part in parts]


POSTGRESQL_ATTACKS = {
    "no trigger": ("DROP TRIGGER entry_never_changes ON entry", Wrong.GUARD_MISSING),
    "a trigger asleep": ("ALTER TABLE leg DISABLE TRIGGER leg_never_goes", Wrong.GUARD_CHANGED),
    "a trigger for some": ("ALTER TABLE leg ENABLE TRIGGER leg_never_goes", Wrong.GUARD_CHANGED),
    "foreign keys asleep": ("ALTER TABLE leg DISABLE TRIGGER ALL", Wrong.GUARD_CHANGED),
    "a function that does nothing": (
        (
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NULL; END $$"
        ),
        Wrong.GUARD_CHANGED,
    ),
    "a trigger that lies": (
        (
            "CREATE FUNCTION kindness() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RETURN NULL; END $$;"
            "CREATE TRIGGER kindness AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION kindness()"
        ),
        Wrong.GUARD_UNKNOWN,
    ),
    "a rule that swallows": (
        "CREATE RULE nothing AS ON INSERT TO kept DO INSTEAD NOTHING",
        Wrong.GUARD_UNKNOWN,
    ),
    "rows that are hidden": ("ALTER TABLE entry ENABLE ROW LEVEL SECURITY", Wrong.GUARD_CHANGED),
    "rows from elsewhere": ("CREATE TABLE more () INHERITS (checkpoint)", Wrong.GUARD_UNKNOWN),
    "no constraint": ("ALTER TABLE leg DROP CONSTRAINT leg_bound", Wrong.GUARD_MISSING),
    "a constraint for the future": (
        (
            "ALTER TABLE leg DROP CONSTRAINT leg_bound; ALTER TABLE leg ADD CONSTRAINT leg_bound"
            " CHECK (true) NOT VALID"
        ),
        Wrong.GUARD_CHANGED,
    ),
    "a default": ("ALTER TABLE kept ALTER COLUMN data SET DEFAULT 'x'", Wrong.GUARD_CHANGED),
    "no index": ("DROP INDEX entry_resolved_once", Wrong.GUARD_MISSING),
    "a table that a crash empties": ("ALTER TABLE checkpoint SET UNLOGGED", Wrong.GUARD_CHANGED),
    "a right too many": ("GRANT UPDATE ON leg TO headgate_site", Wrong.PRIVILEGE_WRONG),
    "a right on a column": ("GRANT UPDATE (data) ON kept TO headgate_site", Wrong.PRIVILEGE_WRONG),
    "a right for everybody": ("GRANT INSERT ON entry TO PUBLIC", Wrong.PRIVILEGE_WRONG),
    "a right too few": ("REVOKE INSERT ON entry FROM headgate_site", Wrong.PRIVILEGE_WRONG),
    "a site that owns": ("ALTER TABLE kept OWNER TO headgate_site", Wrong.PRIVILEGE_WRONG),
    "a site that is a replica": (
        "ALTER ROLE headgate_site IN DATABASE {name} SET session_replication_role = replica",
        Wrong.GUARD_CHANGED,
    ),
    "nothing to compare with": ("REVOKE TEMP ON DATABASE {name} FROM PUBLIC", Wrong.GUARDS_UNSEEN),
}


@pytest.mark.parametrize("attack", POSTGRESQL_ATTACKS)
def test_what_was_done_to_a_server_s_guards_is_seen(
    attack: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A superuser can do anything; whoever verifies as the site's own role sees it."""
    statements, wrong = POSTGRESQL_ATTACKS[attack]
    with small_kept("postgresql", request, tmp_path) as kept:
        assert [] == guard_findings(kept.database)
        kept.database.connection.close()
        kept.do(statements.format(name=kept.address.rpartition("/")[2]))
        assert wrong in {finding.wrong for finding in guard_findings(kept.database)}


def test_a_site_that_could_become_the_owner_is_seen(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Rights that are not held but can be taken at will are rights too."""
    with small_kept("postgresql", request, tmp_path) as kept:
        kept.do("ALTER ROLE headgate_site NOINHERIT", "GRANT headgate_owner TO headgate_site")
        try:
            findings = guard_findings(kept.database)
        finally:
            kept.do("ALTER ROLE headgate_site INHERIT", "REVOKE headgate_owner FROM headgate_site")
        assert [Wrong.PRIVILEGE_WRONG] == [finding.wrong for finding in findings]
        assert "headgate_site can act as headgate_owner" in findings[0].what
        assert [] == guard_findings(kept.database)


def test_every_name_of_a_finding_is_provoked() -> None:
    """No name is there that nothing brings up: forgers' deeds here, notes in test_verifying, tables
    of an older version in records/test_migrations.
    """
    attacks = [*SQLITE_ATTACKS.values(), *POSTGRESQL_ATTACKS.values()]
    provoked = {wrong for _, wrong in DEEDS} | {wrong for _, wrong in attacks}
    elsewhere = {Wrong.NOTE_UNSIGNED, Wrong.NOTE_DIFFERS, Wrong.TABLES_OLDER}
    assert set(Wrong) == provoked | elsewhere
