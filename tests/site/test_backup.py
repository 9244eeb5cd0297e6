"""A backup is a whole database in one file, on either database; what is no backup harms none."""

import json
import os
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
from headgate.site.backup import MANIFEST, BackupRefusal, backup, restore
from headgate.site.records.database import create, opened
from headgate.site.records.journal import ENTRY_COLUMNS, head
from headgate.site.verifying import verify_database
from tests.site.forging import Kept, empty_kept, small_kept, tables
from tests.whole.small import small

CHART = Chart(
    (
        Pattern("supply/{site}", "gpu_second"),
        Pattern("award/{award}", "gpu_second", Limit.DEBITS_MUST_NOT_EXCEED_CREDITS),
    )
)
Members = dict[str, bytes]
Forgery = Callable[[Path], Path]


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
        with pytest.raises(Faulty, match="backup-file-taken"):
            backup(database, path)
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


def test_a_backup_is_on_the_disk_before_it_has_its_name(
    sqlite_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that stops leaves a whole backup or none, never a name with half of one."""
    path, honest = tmp_path / "one.zip", os.fsync
    there: list[bool] = []

    def noted(handle: int) -> None:
        there.append(path.exists())
        honest(handle)

    monkeypatch.setattr(os, "fsync", noted)
    backup(opened(sqlite_address, "default"), path)
    assert [False, True] == there


def test_a_backup_is_read_by_its_owner_only(written: Path) -> None:
    """It holds what was received, published or not."""
    assert 0o600 == written.stat().st_mode & 0o777


def test_a_backup_fills_a_new_database_only(written: Path, empty: Kept) -> None:
    """Whoever names the wrong database loses nothing in it."""
    post(empty.database, CHART, [grant("mine")])
    before = tables(empty.database)
    with pytest.raises(Faulty, match="backup-database-full"):
        restore(written, empty.database)
    assert before == tables(empty.database)


def test_a_database_that_was_never_created_is_named(written: Path, tmp_path: Path) -> None:
    """Neither is anything read from it nor written to it."""
    database = opened(f"sqlite:///{tmp_path / 'nothing.db'}", "nothing")
    with pytest.raises(Faulty, match="database-tables-missing"):
        backup(database, tmp_path / "none.zip")
    with pytest.raises(Faulty, match="database-tables-missing"):
        restore(written, database)
    assert not (tmp_path / "none.zip").exists()


def retold(table: str, change: Callable[[bytes], bytes], **manifest: Any) -> Forgery:
    """A table changed as bytes, with a manifest that fits."""

    def forge(path: Path) -> Path:
        held, name = members(path), f"{table}.jsonl"
        return rewrite(path, told({**held, name: change(held[name])}, **manifest))

    return forge


def relined(table: str, number: int, change: Callable[[Any], Any]) -> Forgery:
    """One line of a table changed, with a manifest that fits."""
    return lambda path: rewrite(path, line_changed(members(path), table, number, change))


def manifest_is(data: bytes) -> Forgery:
    """Another manifest altogether."""
    return lambda path: rewrite(path, {**members(path), MANIFEST: data})


def cut(tenths: int) -> Forgery:
    """The file without its end."""

    def forge(path: Path) -> Path:
        whole = path.read_bytes()
        path.with_name("cut.zip").write_bytes(whole[: len(whole) * tenths // 10])
        return path.with_name("cut.zip")

    return forge


def hurt(path: Path) -> Path:
    """One bit other than it was, in the middle of a table."""
    whole = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        whole[archive.getinfo("entry.jsonl").header_offset + 200] ^= 1
    path.with_name("hurt.zip").write_bytes(whole)
    return path.with_name("hurt.zip")


def text(path: Path) -> Path:
    """A file of something else."""
    path.with_name("text").write_text("hello", encoding="utf-8")
    return path.with_name("text")


def without_last_entry(path: Path) -> Path:
    """The journal without its last entry, and a manifest of that journal; its legs are there."""
    held = members(path)
    rows = held["entry.jsonl"].splitlines(keepends=True)[:-1]
    lines = [json.loads(row)[ENTRY_COLUMNS.index("line")].encode() for row in rows[1:]]
    short = {**held, "entry.jsonl": b"".join(rows)}
    return rewrite(path, told(short, size=len(lines), root=root(lines).hex()))


def _without_last(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


R = BackupRefusal
FORGERIES: dict[str, tuple[Forgery, BackupRefusal]] = {
    "no file": (lambda path: path.with_name("none"), R.NO_BACKUP),
    "a folder": (lambda path: path.parent, R.NO_BACKUP),
    "a text": (text, R.NO_BACKUP),
    "another archive": (lambda path: rewrite(path, {"x": b"y"}), R.NO_BACKUP),
    "a file too many": (lambda path: rewrite(path, {**members(path), "../x": b""}), R.NO_BACKUP),
    "an empty manifest": (manifest_is(b""), R.NO_BACKUP),
    "a list for a manifest": (manifest_is(b"[]"), R.NO_BACKUP),
    "a manifest of nothing": (manifest_is(b"{}"), R.NO_BACKUP),
    "a version that is none": (manifest_is(b'{"version":7}'), R.NO_BACKUP),
    "a manifest without a floor": (manifest_is(b"[" * 100_000), R.NO_BACKUP),
    "a manifest that is no text": (manifest_is(b"\xff"), R.NO_BACKUP),
    "a manifest of no tables": (retold("leg", bytes, tables={}), R.NO_BACKUP),
    "a later version": (retold("leg", bytes, version="headgate-backup-9"), R.VERSION_UNKNOWN),
    "a tenth": (cut(1), R.DAMAGED),
    "a half": (cut(5), R.DAMAGED),
    "nine tenths": (cut(9), R.DAMAGED),
    "one bit": (hurt, R.DAMAGED),
    "a bomb": (retold("kept", lambda data: data + b"0" * 60_000_000), R.TOO_LARGE),
    "a row less": (lambda path: change_only(path, _without_last), R.CONTENT_DIFFERS),
    "another account": (
        lambda path: change_only(path, lambda data: data.replace(b"supply/s", b"supply/t")),
        R.CONTENT_DIFFERS,
    ),
    "another note": (retold("leg", bytes, checkpoint="nobody's"), R.CONTENT_DIFFERS),
    "an empty line": (retold("checkpoint", lambda data: data + b"\n"), R.ROW_BAD),
    "a zero in a text": (relined("leg", 5, lambda row: ["a\0b", *row[1:]]), R.ROW_BAD),
    "half a character": (relined("leg", 5, lambda row: ["\ud800", *row[1:]]), R.ROW_BAD),
    "a number too large": (relined("leg", 5, lambda row: [2**63, *row[1:]]), R.ROW_BAD),
    "a fraction": (relined("leg", 5, lambda row: [1.5, *row[1:]]), R.ROW_BAD),
    "a truth": (relined("leg", 5, lambda row: [True, *row[1:]]), R.ROW_BAD),
    "a list in a row": (relined("leg", 5, lambda row: [[1], *row[1:]]), R.ROW_BAD),
    "a value less": (relined("leg", 5, lambda row: row[1:]), R.ROW_BAD),
    "other columns": (relined("leg", 0, lambda row: ["whole", *row[1:]]), R.ROW_BAD),
    "a leg that does not add up": (
        relined("leg", 10, lambda row: [*row[:6], row[6] + 1, *row[7:]]),
        R.ROW_REFUSED,
    ),
    "a number that is none": (relined("leg", 10, lambda row: ["x", *row[1:]]), R.ROW_REFUSED),
    "another amount": (
        relined("entry", 10, lambda row: [*row[:11], row[11] + 1, *row[12:]]),
        R.ROW_REFUSED,
    ),
    "a gap": (relined("entry", 10, lambda row: [row[0] + 100, *row[1:]]), R.ROW_REFUSED),
    "a leg without its entry": (without_last_entry, R.ROW_REFUSED),
    "another root": (retold("leg", bytes, root="0" * 64), R.ROOT_DIFFERS),
}


def change_only(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The legs changed, and a manifest that says so of nothing but their length."""
    held = members(path)
    return rewrite(path, {**held, "leg.jsonl": change(held["leg.jsonl"])})


@pytest.mark.parametrize("name", FORGERIES)
def test_what_is_wrong_with_a_file_is_named_and_nothing_of_it_is_kept(
    name: str, written: Path, empty: Kept
) -> None:
    """Foreign, cut short, damaged, forged, or made to fill a disk: the database stays empty."""
    forge, refusal = FORGERIES[name]
    assert f"backup-{refusal.name.lower().replace('_', '-')}" == refused(forge(written), empty)


def test_every_refusal_is_provoked() -> None:
    """No name is there that nothing gives; some are given by other tests."""
    elsewhere = {BackupRefusal.FILE_TAKEN, BackupRefusal.DATABASE_FULL}
    elsewhere |= {BackupRefusal.SITE_MISSING, BackupRefusal.SITE_OTHER}
    assert set(BackupRefusal) == elsewhere | {refusal for _, refusal in FORGERIES.values()}


def test_a_line_without_end_is_not_read_to_its_end(
    written: Path, empty: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read at once has a bound, whatever a file holds."""
    monkeypatch.setattr(backup_module, "LINE_BYTES_MOST", 1_000)
    row = json.dumps(["x", "y", 0, "z" * 5_000]).encode() + b"\n"
    long = retold("kept", lambda data: data + row)(written)
    assert "backup-row-bad" == refused(long, empty)


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
    database.rows("CREATE TRIGGER greedy BEFORE INSERT ON kept BEGIN SELECT RAISE(IGNORE); END")
    row = json.dumps(["known", "key", 0, "[]"]).encode() + b"\n"
    forged = retold("kept", lambda data: data + row)(written)
    with pytest.raises(Faulty, match="backup-content-differs"):
        restore(forged, database)
    assert 0 == head(database).size
