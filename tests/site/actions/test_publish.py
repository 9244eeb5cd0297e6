"""The journal handed out: what is signed is this database's journal, and nothing else is."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from headgate.core.ledger.checkpoint import (
    Checkpoint,
    NoteRefusal,
    open_note,
    proof_extra,
    sign,
    verify_tlog_proof,
)
from headgate.core.ledger.entry import as_transfer, decode
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.transfer import Outcome
from headgate.core.ledger.tree import entry_bundles, root, tiles
from headgate.core.ledger.tree import leaf_hash as leaf
from headgate.journal import keys
from headgate.journal.folder import PublishRefusal
from headgate.journal.keys import Ring
from headgate.site.actions import publish as module
from headgate.site.actions.post import post
from headgate.site.actions.publish import PublicationRefusal, prove, publish
from headgate.site.records.database import Database, create, opened
from headgate.site.records.journal import head, lines
from headgate.site.verifying import verify_database
from tests.core.ledger.builders import CHART, grant, use

ORIGIN = "example.org/headgate"


@pytest.fixture
def database(address: str) -> Database:
    """An empty ledger on each database in turn."""
    return opened(address)


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    """The keys of the log, in the folder `ring`."""
    return keys.create(tmp_path / "ring", ORIGIN)


def fill(database: Database, size: int, *, word: str = "use") -> None:
    """Post until the journal has so many entries; another word makes other entries."""
    first = head(database).size
    batch = [use(1, id=f"{word}/{number}") for number in range(first, size)]
    if first == 0:
        batch[0] = grant(1_000_000)
    assert {Outcome.CREATED} == set(post(database, CHART, batch))


def kept(database: Database) -> list[bytes]:
    """Every line of the journal."""
    with database.reading():
        return list(lines(database, 0))


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def checkpoints(database: Database) -> dict[int, str]:
    """The root of every checkpoint that was kept, by size."""
    return dict(database.rows("SELECT size, root FROM checkpoint ORDER BY size"))


def check(database: Database, folder: Path, note: bytes, ring: Ring) -> None:
    """The folder is the whole journal as a bundle has it; its note is kept, and all verifies."""
    entries, found = kept(database), files(folder)
    checkpoint = Checkpoint(ORIGIN, len(entries), root(entries))
    assert checkpoint == open_note(note, ring.keys.listed)
    assert note == found["checkpoint"]
    whole = entry_bundles(entries) | tiles([leaf(entry) for entry in entries])
    assert whole == {path: found.get(path) for path in whole}
    assert checkpoints(database)[len(entries)] == checkpoint.root.hex()
    assert () == verify_database(database, notes=[note], keys=ring.keys).faults


def refused(act: Callable[[], object]) -> PublicationRefusal:
    """Why an act is refused."""
    with pytest.raises(Refused) as error:
        act()
    reason = error.value.reason
    assert isinstance(reason, PublicationRefusal)
    return reason


def test_published_again_and_again(database: Database, tmp_path: Path, ring: Ring) -> None:
    """However often it is published, the folder has the bytes of the whole journal's tiles."""
    folder = tmp_path / "public"
    sizes = [1, 255, 256, 300, 600]
    for size in sizes:
        fill(database, size)
        check(database, folder, publish(database, folder, tmp_path / "ring"), ring)
    assert sizes == list(checkpoints(database))
    before = files(folder)
    assert before["checkpoint"] == publish(database, folder, tmp_path / "ring")
    assert before == files(folder)
    assert sizes == list(checkpoints(database))


def test_two_folders_are_one_log(database: Database, tmp_path: Path, ring: Ring) -> None:
    """A mirror that was published seldom says the same of the journal as one published often."""
    often, seldom = tmp_path / "often", tmp_path / "seldom"
    for size in (10, 300, 400):
        fill(database, size)
        publish(database, often, tmp_path / "ring")
    note = publish(database, seldom, tmp_path / "ring")
    check(database, seldom, note, ring)
    fill(database, 520)
    for folder in (seldom, often):
        check(database, folder, publish(database, folder, tmp_path / "ring"), ring)
    assert [10, 300, 400, 520] == list(checkpoints(database))


def test_keys_are_changed_by_publishing(database: Database, tmp_path: Path, ring: Ring) -> None:
    """Old and new keys sign one checkpoint; then the old seeds are gone, in every folder."""
    one, other = tmp_path / "one", tmp_path / "other"
    fill(database, 10)
    for folder in (one, other):
        publish(database, folder, tmp_path / "ring")
    rotating = keys.rotate(tmp_path / "ring")
    note = publish(database, one, tmp_path / "ring")
    for pair in rotating.keys.pairs:
        assert isinstance(open_note(note, pair), Checkpoint)
    after = keys.load(tmp_path / "ring")
    assert ((), after.keys.pairs[-1]) == (after.retiring, after.keys.listed)
    fill(database, 20)
    for folder in (one, other):
        check(database, folder, publish(database, folder, tmp_path / "ring"), after)
        assert after.keys.handovers[0] == (folder / "handover/1").read_bytes()
    assert NoteRefusal.SIGNATURE_MISSING is open_note(
        (one / "checkpoint").read_bytes(), ring.keys.listed
    )


def test_proof_of_a_transfer_and_of_a_number(
    database: Database, tmp_path: Path, ring: Ring
) -> None:
    """One file shows an entry to whoever has the log's keys, and carries the entry itself."""
    fill(database, 300)
    publish(database, tmp_path / "public", tmp_path / "ring")
    for name, number in (("use/7", 7), ("299", 299), ("0", 0), ("grant", 0)):
        proof = prove(database, tmp_path / "public", ring.keys, name)
        line = proof_extra(proof)
        assert kept(database)[number] == line
        shown = verify_tlog_proof(proof, line, ring.keys.listed)
        assert Checkpoint(ORIGIN, 300, root(kept(database))) == shown
        other = kept(database)[number - 1]
        assert NoteRefusal.NOT_INCLUDED is verify_tlog_proof(proof, other, ring.keys.listed)


def test_proof_of_a_transfer_that_is_named_like_a_number(
    database: Database, tmp_path: Path, ring: Ring
) -> None:
    """The outside world names transfers, so a transfer goes before the entry of that number."""
    fill(database, 3)
    post(database, CHART, [use(1, id="1")])
    publish(database, tmp_path / "public", tmp_path / "ring")
    proof = prove(database, tmp_path / "public", ring.keys, "1")
    assert "1" == as_transfer(decode(proof_extra(proof))).id


def test_proof_of_a_decision(begun_on_each: Database, tmp_path: Path, ring: Ring) -> None:
    """An award letter names the decision; the newest entry of that name is shown."""
    publish(begun_on_each, tmp_path / "public", tmp_path / "ring")
    decided = "SELECT subject, line FROM entry WHERE kind = 'decision-made' ORDER BY seq"
    newest: dict[str, str] = dict(begun_on_each.rows(decided))
    assert newest
    for subject, line in newest.items():
        proof = prove(begun_on_each, tmp_path / "public", ring.keys, subject)
        if b"\tdecision-made\t" in proof_extra(proof):
            assert line.encode() == proof_extra(proof)
        assert isinstance(
            verify_tlog_proof(proof, proof_extra(proof), ring.keys.listed), Checkpoint
        )


def test_nothing_to_publish(database: Database, tmp_path: Path, ring: Ring) -> None:
    """An empty journal has no head to sign."""
    assert ring.signers
    act = partial(publish, database, tmp_path / "public", tmp_path / "ring")
    assert PublicationRefusal.JOURNAL_EMPTY is refused(act)
    assert not (tmp_path / "public").exists()


@pytest.mark.parametrize("name", ["301", "nobody", "", "-1", "9" * 40, "use/\0", "\ud800", "٣"])
def test_unknown_entries_are_told(
    name: str, sqlite_address: str, tmp_path: Path, ring: Ring
) -> None:
    """Whatever is typed, the answer names what can be asked for."""
    database = opened(sqlite_address)
    fill(database, 300)
    publish(database, tmp_path / "public", tmp_path / "ring")
    act = partial(prove, database, tmp_path / "public", ring.keys, name)
    assert PublicationRefusal.ENTRY_UNKNOWN is refused(act)


def test_unknown_entry_is_told_on_postgresql(
    postgres_address: str, tmp_path: Path, ring: Ring
) -> None:
    """What PostgreSQL cannot hold is no entry of it either."""
    fill(opened(postgres_address), 3)
    for name in ("use/\0", "\ud800", "nobody"):
        act = partial(prove, opened(postgres_address), tmp_path, ring.keys, name)
        assert PublicationRefusal.ENTRY_UNKNOWN is refused(act)


def test_nothing_is_proved_that_is_not_published(
    database: Database, tmp_path: Path, ring: Ring
) -> None:
    """A proof leads to a checkpoint that stands in the folder, under this log's keys."""
    folder = tmp_path / "public"
    fill(database, 3)
    act = partial(prove, database, folder, ring.keys, "grant")
    assert PublicationRefusal.NOT_PUBLISHED is refused(act)
    publish(database, folder, tmp_path / "ring")
    fill(database, 4)
    assert PublicationRefusal.ENTRY_NOT_PUBLISHED is refused(
        partial(prove, database, folder, ring.keys, "use/3")
    )
    stranger = keys.create(tmp_path / "stranger", ORIGIN).keys
    assert PublicationRefusal.NOT_PUBLISHED is refused(
        partial(prove, database, folder, stranger, "grant")
    )


def copied(address: str, folder: Path) -> Database:
    """A backup of a ledger in a file, with nobody connected to either."""
    opened(address).connection.close()
    source = Path(address.removeprefix("sqlite:///"))
    return opened(f"sqlite:///{shutil.copy(source, folder / 'backup.db')}", "backup")


def test_restored_backup_does_not_sign(sqlite_address: str, tmp_path: Path, ring: Ring) -> None:
    """What the world has seen and the database has lost is not covered by another checkpoint.

    Not while the journal is shorter, not when other entries have taken the same numbers, not when
    they are more, and not when the keys are to be changed.
    """
    folder, database = tmp_path / "public", opened(sqlite_address)
    fill(database, 100)
    backup = copied(sqlite_address, tmp_path)
    fill(database, 120)
    note = publish(database, folder, tmp_path / "ring")
    before = files(folder)
    act = partial(publish, backup, folder, tmp_path / "ring")
    with pytest.raises(Refused) as error:
        act()
    assert PublishRefusal.SHRUNK is error.value.reason
    fill(backup, 120, word="other")
    assert PublicationRefusal.JOURNAL_DIFFERS is refused(act)
    keys.rotate(tmp_path / "ring")
    assert PublicationRefusal.JOURNAL_DIFFERS is refused(act)
    fill(backup, 600, word="other")
    assert PublicationRefusal.JOURNAL_DIFFERS is refused(act)
    assert {} == checkpoints(backup)
    assert ring.keys.pairs[0] == keys.load(tmp_path / "ring").keys.listed
    left = {path: data for path, data in files(folder).items() if path in before}
    assert (before, note) == (left, before["checkpoint"])
    assert PublicationRefusal.ENTRY_DIFFERS is refused(
        partial(prove, backup, folder, ring.keys, "other/110")
    )
    check(
        database, folder, publish(database, folder, tmp_path / "ring"), keys.load(tmp_path / "ring")
    )


def test_backup_that_has_caught_up_goes_on(sqlite_address: str, tmp_path: Path, ring: Ring) -> None:
    """Imported again from the outside, the same entries are the same journal, and it goes on."""
    folder, database = tmp_path / "public", opened(sqlite_address)
    fill(database, 100)
    backup = copied(sqlite_address, tmp_path)
    fill(database, 120)
    publish(database, folder, tmp_path / "ring")
    fill(backup, 300)
    check(backup, folder, publish(backup, folder, tmp_path / "ring"), ring)
    assert [300] == list(checkpoints(backup))


def test_keys_sign_one_history(sqlite_address: str, tmp_path: Path, ring: Ring) -> None:
    """Into a folder of its own too, a backup that grew otherwise is not signed at any size.

    What was signed and then lost with the process is signed again, and a terminal shows it.
    """
    database = opened(sqlite_address)
    fill(database, 10)
    backup = copied(sqlite_address, tmp_path)
    fill(database, 12)
    publish(database, tmp_path / "public", tmp_path / "ring")
    signed = (tmp_path / "ring/signed").read_bytes()
    act = partial(publish, backup, tmp_path / "other", tmp_path / "ring")
    assert PublicationRefusal.SIGNED_MORE is refused(act)
    for size in (12, 20):
        fill(backup, size, word="other")
        with pytest.raises(Refused) as error:
            act()
        assert PublicationRefusal.SIGNED_OTHERWISE is error.value.reason
        assert checkpoints(database)[12] in error.value.about
    assert {} == checkpoints(backup)
    assert signed == (tmp_path / "ring/signed").read_bytes()
    again = opened(f"sqlite:///{tmp_path / 'again.db'}", "again")
    create(again)
    fill(again, 12)
    check(again, tmp_path / "third", publish(again, tmp_path / "third", tmp_path / "ring"), ring)


def test_one_size_has_one_root(sqlite_address: str, tmp_path: Path, ring: Ring) -> None:
    """A root that was kept and is not this journal's stops the signing, whatever folder it is."""
    database = opened(sqlite_address)
    fill(database, 10)
    root, note = bytes(32), sign(Checkpoint(ORIGIN, 10, bytes(32)), ring.signers)
    row = (10, 9, root.hex(), note.decode())
    database.insert("checkpoint", ("size", "last_seq", "root", "note"), [row])
    act = partial(publish, database, tmp_path / "public", tmp_path / "ring")
    assert PublicationRefusal.ROOT_DIFFERS is refused(act)
    assert not (tmp_path / "public/checkpoint").exists()


def test_two_timers_at_once(
    database: Database, tmp_path: Path, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads the journal's size before the other has published more does not raise alarm."""
    fill(database, 10)

    def overtaken(at: Database) -> Any:
        monkeypatch.undo()
        before = head(at)
        fill(at, 20)
        publish(at, tmp_path / "public", tmp_path / "ring")
        return before

    monkeypatch.setattr(module, "head", overtaken)
    note = publish(database, tmp_path / "public", tmp_path / "ring")
    check(database, tmp_path / "public", note, ring)
    assert [20] == list(checkpoints(database))


def test_memory_does_not_grow_with_the_journal(
    database: Database, tmp_path: Path, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the journal is, so many lines of it are read at once, and none in vain."""
    monkeypatch.setattr(module, "LINES_MOST", 100)
    asked: list[tuple[int, int]] = []

    def watch(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT line"):
            asked.append(tuple(parameters))
        return execute(sql, parameters, many, context)

    fill(database, 1_001)
    with database.connection.execute_wrapper(watch):
        first = next(iter(module._lines(database, 0, 1_001)))
        assert ([(0, 100)], kept(database)[0]) == (asked[:1], first)
        asked.clear()
        note = publish(database, tmp_path / "public", tmp_path / "ring")
    starts = range(0, 1_001, 100)
    assert [(low, min(low + 100, 1_001)) for low in starts] == asked
    check(database, tmp_path / "public", note, ring)
    fill(database, 1_100)
    asked.clear()
    with database.connection.execute_wrapper(watch):
        publish(database, tmp_path / "public", tmp_path / "ring")
    assert [(1_001, 1_100)] == asked


def test_every_refusal_by_name(sqlite_address: str, tmp_path: Path, ring: Ring) -> None:
    """From an empty journal to a forked one, each reason is given, and there is no other."""
    database, folder = opened(sqlite_address), tmp_path / "public"

    def publishing(at: Database, to: Path = folder) -> PublicationRefusal:
        return refused(partial(publish, at, to, tmp_path / "ring"))

    def proving(at: Database, name: str) -> PublicationRefusal:
        return refused(partial(prove, at, folder, ring.keys, name))

    provoked = [publishing(database)]
    fill(database, 3)
    provoked.append(proving(database, "grant"))
    backup = copied(sqlite_address, tmp_path)
    fill(database, 5)
    publish(database, folder, tmp_path / "ring")
    fill(database, 6)
    fill(backup, 9, word="other")
    provoked += [proving(database, "nobody"), proving(database, "use/5")]
    provoked += [publishing(backup), proving(backup, "other/4")]
    provoked.append(publishing(backup, tmp_path / "another"))
    young = opened(f"sqlite:///{tmp_path / 'young.db'}", "young")
    create(young)
    fill(young, 4)
    provoked.append(publishing(young, tmp_path / "another"))
    forged = (6, 5, bytes(32).hex(), "forged")
    database.insert("checkpoint", ("size", "last_seq", "root", "note"), [forged])
    provoked.append(publishing(database))
    assert set(PublicationRefusal) == set(provoked)
    assert len(PublicationRefusal) == len(provoked)
