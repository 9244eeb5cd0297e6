"""A backup is a whole database in one file, on either database; what is no backup harms none."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from headgate.core.faults import Faulty
from headgate.core.ledger.chart import Chart, Limit, Pattern
from headgate.core.ledger.transfer import Outcome, Phase, Transfer
from headgate.core.ledger.tree import root
from headgate.journal.keys import create as create_ring
from headgate.site import backup as backup_module
from headgate.site.actions.post import post
from headgate.site.actions.publish import publish
from headgate.site.backup import MANIFEST, RATIO_MOST, BackupRefusal, backup, restore
from headgate.site.records.database import create, opened
from headgate.site.records.journal import ENTRY_COLUMNS, LEG_COLUMNS, head
from headgate.site.verifying import verify_database
from tests.site.forging import Kept, empty_kept, small_kept, tables
from tests.whole.small import small

CHART = Chart(
    (
        Pattern("supply/{site}", "gpu_second"),
        Pattern("award/{award}", "gpu_second", Limit.DEBITS_MUST_NOT_EXCEED_CREDITS),
    )
)
SEEN: set[str] = set()
"""The names of everything that these tests have provoked."""

Members = dict[str, bytes]


def grant(name: str, amount: int = 5, phase: Phase = Phase.SINGLE) -> Transfer:
    """A transfer to an award."""
    when = "2026-03-01T00:00:00Z"
    return Transfer(name, "supply/s", "award/a", amount, "gpu_second", phase, None, when, "w")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> Iterator[Kept]:
    """An empty ledger, on each database in turn."""
    with empty_kept(request.param, request) as made:
        yield made


@pytest.fixture
def written(sqlite_template: Path, tmp_path: Path) -> Path:
    """The backup of a little ledger."""
    shutil.copy(sqlite_template, tmp_path / "little.db")
    database = opened(f"sqlite:///{tmp_path / 'little.db'}", "little")
    moves = [grant(f"g{n}") for n in range(40)] + [grant("p", 9, Phase.PENDING)]
    assert {Outcome.CREATED} == set(post(database, CHART, moves))
    path = tmp_path / "little.zip"
    backup(database, path)
    return path


def refused(path: Path, kept: Kept) -> str:
    """The name under which a file is refused; the database is empty after it, as before."""
    database = kept.database
    with pytest.raises(Faulty) as error:
        restore(path, database)
    (fault,) = error.value.faults
    assert fault.file
    assert fault.mend
    assert {"leg": [], "entry": [], "kept": [], "checkpoint": []} == tables(database)
    SEEN.add(fault.code)
    return fault.code


def members(path: Path) -> Members:
    """What is in a backup."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, held: Members) -> Path:
    """A file that holds something else, beside the honest one."""
    forged = path.with_name("forged.zip")
    with zipfile.ZipFile(forged, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return forged


def told(held: Members, **changes: Any) -> Members:
    """The members with a manifest that fits them, but for the changes."""
    manifest = json.loads(held[MANIFEST])
    for table in manifest["tables"]:
        data = held[f"{table}.jsonl"]
        count, digest = data.count(b"\n") - 1, sha256(data).hexdigest()
        manifest["tables"][table] = {"rows": count, "bytes": len(data), "digest": digest}
    return {**held, MANIFEST: json.dumps(manifest | changes).encode()}


def line_changed(held: Members, table: str, number: int, change: Callable[[Any], Any]) -> Members:
    """The members with one line of a table changed, and a manifest that fits."""
    lines = held[f"{table}.jsonl"].splitlines(keepends=True)
    values = change(json.loads(lines[number]))
    lines[number] = json.dumps(values).encode() + b"\n"
    return told({**held, f"{table}.jsonl": b"".join(lines)})


def test_a_term_goes_from_one_database_to_the_other_and_back(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SQLite to PostgreSQL to SQLite: every row the same, everything derived again, and it goes on.

    What was signed and published goes along; the keys that signed do not.
    """
    ring = create_ring(tmp_path / "ring", "example.org/small")
    files = [tmp_path / "one.zip", tmp_path / "two.zip"]
    with (
        small_kept("sqlite", request, tmp_path) as first,
        empty_kept("postgresql", request) as second,
        empty_kept("sqlite", request) as third,
    ):
        note = publish(first.database, tmp_path / "public", tmp_path / "ring")
        manifest = backup(first.database, files[0])
        honest = tables(first.database)
        assert (small().term.root().hex(), note.decode()) == (manifest.root, manifest.checkpoint)
        assert manifest == restore(files[0], second.database)
        assert honest == tables(second.database)
        assert () == verify_database(second.database, notes=[note], keys=ring.keys).faults
        assert manifest == backup(second.database, files[1])
        assert members(files[0]) == members(files[1])
        restore(files[1], third.database)
        assert honest == tables(third.database)
        secrets = [signer.seed for signer in ring.signers]
        assert not [s for s in secrets if any(s in data for data in members(files[0]).values())]


def test_posting_goes_on_after_a_restore(written: Path, empty: Kept) -> None:
    """Ids are known, balances stand, a reservation can be resolved: it is the same ledger."""
    restore(written, empty.database)
    database = empty.database
    end = replace(grant("end", 4, Phase.POST), pending="p")
    outcomes = post(database, CHART, [grant("g0"), grant("new"), end])
    assert (Outcome.EXISTS, Outcome.CREATED, Outcome.CREATED) == outcomes
    verdict = verify_database(empty.database)
    assert ((), 43) == (verdict.faults, verdict.entries)


def test_an_empty_ledger_has_a_backup_too(empty: Kept, tmp_path: Path) -> None:
    """Nothing comes back as nothing."""
    manifest = backup(empty.database, tmp_path / "nothing.zip")
    assert manifest == restore(tmp_path / "nothing.zip", empty.database)
    assert (0, None) == (manifest.size, manifest.checkpoint)


def test_no_file_is_written_over(written: Path, tmp_path: Path) -> None:
    """An older backup is never lost to a newer one, nor is any other file; no draft is left."""
    before = written.read_bytes()
    database = opened(f"sqlite:///{tmp_path / 'little.db'}", "little")
    (tmp_path / "link.zip").symlink_to(tmp_path / "nowhere")
    for path in (written, tmp_path / "link.zip"):
        with pytest.raises(Faulty, match="backup-file-taken") as error:
            backup(database, path)
        SEEN.add(error.value.faults[0].code)
    assert before == written.read_bytes()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_a_file_that_appears_meanwhile_is_not_written_over(
    tmp_path: Path, sqlite_address: str
) -> None:
    """Two who back up under one name at once: the first has it, the second is told."""
    path = tmp_path / "one.zip"
    database = opened(sqlite_address, "default")

    def other(_: str) -> None:
        path.write_bytes(b"another's")

    with pytest.raises(Faulty, match="backup-file-taken"):
        backup(database, path, other)
    assert b"another's" == path.read_bytes()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".one")]


def test_a_backup_is_read_by_its_owner_only(written: Path) -> None:
    """It holds what was received, published or not."""
    assert 0o600 == written.stat().st_mode & 0o777


def test_a_backup_fills_a_new_database_only(written: Path, empty: Kept) -> None:
    """Whoever names the wrong database loses nothing in it."""
    post(empty.database, CHART, [grant("mine")])
    before = tables(empty.database)
    with pytest.raises(Faulty, match="backup-database-full") as error:
        restore(written, empty.database)
    SEEN.add(error.value.faults[0].code)
    assert before == tables(empty.database)


def test_a_database_that_was_never_created_is_named(written: Path, tmp_path: Path) -> None:
    """Neither is anything read from it nor written to it."""
    database = opened(f"sqlite:///{tmp_path / 'nothing.db'}", "nothing")
    with pytest.raises(Faulty, match="database-tables-missing"):
        backup(database, tmp_path / "none.zip")
    with pytest.raises(Faulty, match="database-tables-missing"):
        restore(written, database)
    assert not (tmp_path / "none.zip").exists()


def test_what_is_no_backup_is_named(written: Path, empty: Kept, tmp_path: Path) -> None:
    """No file, another file, another archive, another manifest."""
    assert "backup-no-backup" == refused(tmp_path / "none", empty)
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    assert "backup-no-backup" == refused(tmp_path / "text", empty)
    held = members(written)
    assert "backup-no-backup" == refused(rewrite(written, {"x": b"y"}), empty)
    assert "backup-no-backup" == refused(rewrite(written, {**held, "../x": b""}), empty)
    for spoilt in (b"", b"[]", b"{}", b'{"version":7}', b"[" * 100_000, b"\xff"):
        assert "backup-no-backup" == refused(rewrite(written, {**held, MANIFEST: spoilt}), empty)
    assert "backup-no-backup" == refused(rewrite(written, told(held, tables={})), empty)
    later = told(held, version="headgate-backup-9")
    assert "backup-version-unknown" == refused(rewrite(written, later), empty)


def test_a_file_that_is_cut_short_or_damaged_is_named(written: Path, empty: Kept) -> None:
    """Wherever it was cut, and whichever byte of its tables was hurt."""
    whole = written.read_bytes()
    cut = written.with_name("cut.zip")
    for share in (1, 3, 5, 7, 9):
        cut.write_bytes(whole[: len(whole) * share // 10])
        assert "backup-damaged" == refused(cut, empty)
    with zipfile.ZipFile(written) as archive:
        offset = archive.getinfo("entry.jsonl").header_offset
    hurt = bytearray(whole)
    hurt[offset + 200] ^= 0xFF
    cut.write_bytes(hurt)
    assert refused(cut, empty) in ("backup-damaged", "backup-row-bad")


def test_a_bomb_is_not_unpacked(written: Path, empty: Kept) -> None:
    """A small file that would fill a disk is refused before any of it is read."""
    held = members(written)
    bomb = {**held, "kept.jsonl": held["kept.jsonl"] + b"0" * 60_000_000}
    path = rewrite(written, told(bomb))
    assert RATIO_MOST < 60_000_000 // path.stat().st_size
    assert "backup-too-large" == refused(path, empty)


def test_a_line_without_end_is_not_read_to_its_end(
    written: Path, empty: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read at once has a bound, whatever a file holds."""
    monkeypatch.setattr(backup_module, "LINE_BYTES_MOST", 1_000)
    held = members(written)
    long = held["kept.jsonl"] + json.dumps(["x", "y", 0, "z" * 5_000]).encode() + b"\n"
    assert "backup-row-bad" == refused(rewrite(written, told({**held, "kept.jsonl": long})), empty)


def test_tables_that_are_not_those_of_the_manifest_are_named(written: Path, empty: Kept) -> None:
    """A line more, a line less, another line: none of it passes for what was backed up."""
    held = members(written)
    lines = held["leg.jsonl"].splitlines(keepends=True)
    for data in (
        b"".join(lines[:-1]),
        b"".join([*lines, lines[-1]]),
        held["leg.jsonl"].replace(b"supply/s", b"supply/t"),
    ):
        spoilt = {**held, "leg.jsonl": data}
        assert refused(rewrite(written, spoilt), empty) in (
            "backup-content-differs",
            "backup-row-refused",
        )
    more = {**held, "checkpoint.jsonl": held["checkpoint.jsonl"] + b"\n"}
    assert "backup-row-bad" == refused(rewrite(written, told(more)), empty)
    shown = told(held, checkpoint="a note that nobody signed")
    assert "backup-content-differs" == refused(rewrite(written, shown), empty)


@pytest.mark.parametrize(
    "value", ["a\0b", "\ud800", 2**63, 1.5, True, [1], {"a": 1}], ids=lambda value: repr(value)[:20]
)
def test_values_that_no_column_holds_are_named(written: Path, empty: Kept, value: object) -> None:
    """Whatever JSON can say and a database cannot keep ends as a fault at its line."""
    forged = line_changed(members(written), "leg", 5, lambda row: [value, *row[1:]])
    assert "backup-row-bad" == refused(rewrite(written, forged), empty)


def test_other_columns_are_named(written: Path, empty: Kept) -> None:
    """A backup of another schema does not slide into the wrong columns."""
    assert "half" == LEG_COLUMNS[0]
    forged = line_changed(members(written), "leg", 0, lambda row: ["whole", *row[1:]])
    assert "backup-row-bad" == refused(rewrite(written, forged), empty)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("leg", lambda row: [*row[:6], row[6] + 1, *row[7:]]),
        ("leg", lambda row: ["one", *row[1:]]),
        ("entry", lambda row: [*row[:11], row[11] + 1, *row[12:]]),
        ("entry", lambda row: [row[0] + 100, *row[1:]]),
    ],
    ids=["a leg that does not add up", "a number that is none", "another amount", "a gap"],
)
def test_a_row_that_breaks_a_rule_is_refused_by_the_database(
    written: Path, empty: Kept, table: str, change: Callable[[Any], Any]
) -> None:
    """Restoring is writing: a forged row meets every constraint that an honest one meets."""
    forged = line_changed(members(written), table, 10, change)
    assert "backup-row-refused" == refused(rewrite(written, forged), empty)


def test_a_leg_without_its_entry_is_refused_at_the_end(written: Path, empty: Kept) -> None:
    """What only the whole can show is checked before anything is kept."""
    held = members(written)
    rows = held["entry.jsonl"].splitlines(keepends=True)[:-1]
    lines = [json.loads(row)[ENTRY_COLUMNS.index("line")].encode() for row in rows[1:]]
    cut = {**held, "entry.jsonl": b"".join(rows)}
    forged = told(cut, size=len(lines), root=root(lines).hex())
    assert "backup-row-refused" == refused(rewrite(written, forged), empty)


def test_another_root_is_named(written: Path, empty: Kept) -> None:
    """Rows that fit each other, and are not those of the manifest's root."""
    forged = told(members(written), root="0" * 64)
    assert "backup-root-differs" == refused(rewrite(written, forged), empty)


def test_a_restore_that_is_killed_leaves_an_empty_database(written: Path, empty: Kept) -> None:
    """It is one transaction: whenever it ends before its end, it may be begun again."""

    def dies(table: str) -> None:
        if table == "kept":
            raise KeyboardInterrupt

    database = empty.database
    with pytest.raises(KeyboardInterrupt):
        restore(written, database, dies)
    assert 0 == head(database).size
    assert 41 == restore(written, database).size


def test_a_table_that_swallows_rows_is_noticed(written: Path, tmp_path: Path) -> None:
    """A trigger of somebody's that quietly drops rows does not make a whole database."""
    address = f"sqlite:///{tmp_path / 'greedy.db'}"
    database = opened(address, "greedy")
    create(database)
    database.rows(
        "CREATE TRIGGER greedy BEFORE INSERT ON checkpoint BEGIN SELECT RAISE(IGNORE); END"
    )
    held = members(written)
    note = ["size", "last_seq", "root", "note"]
    row = json.dumps([1, 0, "0" * 64, "note"]).encode()
    rows = json.dumps(note, separators=(",", ":")).encode() + b"\n" + row + b"\n"
    forged = told({**held, "checkpoint.jsonl": rows}, checkpoint="note")
    with pytest.raises(Faulty, match="backup-content-differs"):
        restore(rewrite(written, forged), database)
    assert 0 == head(database).size


def test_every_refusal_was_provoked() -> None:
    """Runs last: no name is there that nothing gives."""
    if len(SEEN) < 5:
        pytest.skip("run with the tests above")
    names = {f"backup-{refusal.name.lower().replace('_', '-')}" for refusal in BackupRefusal}
    assert names == SEEN
