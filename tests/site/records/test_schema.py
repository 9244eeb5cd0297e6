"""The schema says what the pure ledger says: each list, bound and pattern that stands in both."""

import re
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from django.db import DatabaseError

from headgate.core.ledger.entry import ENTRY_BYTES_MAX, FIELDS
from headgate.core.ledger.post import AMOUNT_MAX
from headgate.core.ledger.text import NAME_LENGTH_MAX, is_instant, is_plain
from headgate.core.ledger.transfer import Phase
from headgate.site.records.books import BOUNDS
from headgate.site.records.database import TABLES, Database, opened, set_up
from headgate.site.records.journal import ENTRY_COLUMNS, LEG_COLUMNS
from headgate.site.records.sorts import Sort
from headgate.site.verifying import verify_database
from tests.core.ledger.builders import CHART
from tests.site.attacks.honest import honest
from tests.site.attacks.rows import tables_of
from tests.site.forging import Hand, small_kept

set_up()

MIGRATION: Final = import_module("headgate.site.records.migrations.0001_ledger")
SCHEMA: Final = (MIGRATION.GUARDS / "schema.sql").read_text(encoding="utf-8")

INSTANTS: Final = (
    *("2026-03-09T12:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "", "noon"),
    *(
        "2026-03-09T12:00:00",
        "2026-03-09t12:00:00z",
        "2026-03-09 12:00:00Z",
        "x026-03-09T12:00:00Z",
    ),
    *("2026-03-09T12:00:00Z\n", "\n2026-03-09T12:00:00Z", "2026-03-09T12:00:00ZZ"),
    *("２０２６-03-09T12:00:00Z", "2026-3-9T12:00:00Z", "2026-03-09T12:00:0٠Z"),
)


def rule(name: str) -> str:
    """The text of one named constraint."""
    found = re.search(rf"CONSTRAINT {name} CHECK \((.*?)\n    \)", SCHEMA, re.DOTALL)
    assert found is not None, name
    return found[1]


def test_lines_have_the_fields_of_their_kinds() -> None:
    """A kind of entry that one of the two does not know could not be written, or not be read."""
    told = re.findall(r"WHEN '([a-z-]+)' THEN (\d+)", rule("entry_fields"))
    assert {kind.value: str(3 + len(fields)) for kind, fields in FIELDS.items()} == dict(told)


def test_phases_limits_and_sizes_are_the_same() -> None:
    """What the pure rules allow can be kept, and nothing else can."""
    phases = re.search(r"phase IN \((.*)\)\),", SCHEMA)
    assert phases is not None
    assert [repr(phase.value) for phase in Phase] == phases[1].split(", ")
    assert set(BOUNDS.values()) == set(re.findall(r"WHEN '(\w+)' THEN", rule("leg_bound")))
    assert 2 == rule("leg_most").count(f"<= {AMOUNT_MAX}")
    assert f"CHECK ({{line_bytes}} <= {ENTRY_BYTES_MAX})" in SCHEMA
    for column in ("subject", "why"):
        assert f"length({column}) BETWEEN 1 AND {NAME_LENGTH_MAX})" in SCHEMA


def test_tables_and_columns_are_those_that_are_written() -> None:
    """A column that nobody writes, or a table that nobody guards, has no business there."""
    tables = dict(re.findall(r"CREATE TABLE (\w+) \(\n(.*?)\n\)", SCHEMA, re.DOTALL))
    columns = {t: re.findall(r"^    (\w+) +\{", body, re.MULTILINE) for t, body in tables.items()}
    assert set(TABLES) == set(tables)
    assert sorted(LEG_COLUMNS) == sorted(columns["leg"])
    assert sorted(ENTRY_COLUMNS) == sorted(columns["entry"])


@pytest.mark.parametrize("text", INSTANTS)
def test_instant_of_the_ledger_is_one_of_the_schema(address: str, text: str) -> None:
    """The schema lets no instant stand that sorts otherwise; it leaves calendars to the rules."""
    database = opened(address)
    words = MIGRATION.WORDS[database.vendor]["at_is_instant"]
    sql = f"WITH told (at) AS (VALUES (CAST(%s AS text))) SELECT {_sql(words)} FROM told"
    assert [(is_instant(text),)] == database.rows(sql, [text])


def test_plain_text_of_the_ledger_is_plain_to_the_schema(address: str) -> None:
    """Character by character, over all of Unicode; a tab is what separates the fields."""
    database = opened(address)
    words = _sql(MIGRATION.WORDS[database.vendor]["line_is_plain"])
    plain = {code for code in _codes() if is_plain(chr(code)) or code == ord("\t")}
    assert plain == {code for code in _codes() if code in _plain(database, words)}


@pytest.mark.parametrize("lie", [{"was_latest": "2030-01-01T00:00:00Z"}, {"was_seq": -1}])
def test_first_entry_follows_nothing(address: str, lie: dict[str, object]) -> None:
    """Nobody can begin a journal that goes on from one which is not there."""
    database = opened(address)
    entry = tables_of(honest().entries[:1], CHART)["entry"][0]
    with pytest.raises(DatabaseError, match="entry_gapless"):
        database.insert("entry", list(entry), [tuple((dict(entry) | lie).values())])
    database.insert("entry", list(entry), [tuple(entry.values())])


def _codes() -> range:
    return range(1, 0xD800)


_FOUND: Final[dict[str, set[int]]] = {}


def _plain(database: Database, words: str) -> set[int]:
    """The characters that a rule lets stand in a line, among letters of more than one alphabet."""
    if database.vendor not in _FOUND:
        char = "char" if database.vendor == "sqlite" else "chr"
        sql = f"""
            WITH RECURSIVE codes (code) AS (
                SELECT 1 UNION ALL SELECT code + 1 FROM codes WHERE code < {0xD7FF}
            )
            SELECT code FROM (
                SELECT code, 'a' || {char}(code) || 'Đ서' AS line FROM codes
            ) AS told WHERE {words}
        """
        _FOUND[database.vendor] = {code for (code,) in database.rows(sql)}
    return _FOUND[database.vendor]


def _sql(words: str) -> str:
    return words.replace("%", "%%")


NULLABLE: Final = {
    "sqlite": (
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'data TEXT NOT NULL', 'data TEXT')",
        "PRAGMA writable_schema = RESET",
    ),
    "postgresql": ("ALTER TABLE kept ALTER data DROP NOT NULL",),
}


@pytest.mark.parametrize("vendor", NULLABLE)
def test_a_kept_row_without_data_is_named(
    vendor: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Who takes the guard away cannot make a value vanish, of whatever sort: `verify` tells it."""
    key, last = "law/none.md", "(SELECT max(seq) FROM entry)"
    with small_kept(vendor, request, tmp_path) as kept:
        kept.do(*NULLABLE[vendor])
        for sort in sorted(Sort, reverse=True):
            row = f"'{sort.value}', '{key}', {last}, NULL"
            added = f"INSERT INTO kept (kind, key, seq, data) SELECT {row}"
            kept.forge(partial(Hand.do, sql=added))
            told = {fault.what for fault in verify_database(kept.database).faults}
            assert f"the {sort.value} '{key}': it has no data" in told
