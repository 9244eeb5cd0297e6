"""Publishing: the folder is the whole journal's, whatever was killed on the way."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from headgate.core.ledger.checkpoint import Checkpoint, open_note, sign
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tiles import TileRefusal
from headgate.core.ledger.tree import entry_bundles, tiles
from headgate.journal import keys
from headgate.journal.folder import PublishRefusal, publish
from headgate.journal.points import Point
from tests.core.ledger.builders import numbered
from tests.journal.builders import Log, published, run


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log that has published nothing yet."""
    return Log(tmp_path / "log")


def expected(log: Log, size: int) -> dict[str, bytes]:
    """Every tile of the journal of that size."""
    tree = log.tree(size)
    return entry_bundles(list(islice(log.lines(0), size))) | tiles(tree.leaf_hashes())


def check(log: Log, size: int) -> None:
    """The folder verifies at that size under the log's keys, from its files alone."""
    note = (log.folder / "checkpoint").read_bytes()
    held = keys.load(log.ring).keys
    listed = "".join(f"{key.vkey()}\n" for key in held.listed)
    assert listed == (log.folder / "keys").read_text()
    assert Checkpoint(log.origin, size, log.tree(size).root()) == open_note(note, held.listed)
    found = published(log.folder, size)
    assert log.tree(size).root() == found.root()
    assert list(islice(log.lines(0), size)) == list(found.lines(0, size))


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_first_publication_is_the_whole_journal(size: int, log: Log) -> None:
    """What stands in the folder is what the specification says, and nothing else."""
    note = log.publish(size)
    files = log.files()
    listed = files.pop("keys")
    assert note == files.pop("checkpoint")
    assert expected(log, size) == files
    assert 2 == len(listed.splitlines())
    check(log, size)


@pytest.mark.parametrize("sizes", [(0, 1), (1, 255, 256), (5, 300, 301), (256, 512), (200, 70_000)])
def test_growth_ends_in_the_same_files(sizes: tuple[int, ...], log: Log) -> None:
    """Published often or at once, the journal's tiles are the same bytes."""
    for size in sizes:
        log.publish(size)
        check(log, size)
    files = log.files()
    whole = expected(log, sizes[-1])
    assert whole == {path: files[path] for path in whole}
    full = {path for path in files if ".p/" not in path}
    assert not [path for path in files if ".p/" in path and path.split(".p/")[0] in full]
    assert {0o644} == {p.stat().st_mode & 0o777 for p in log.folder.rglob("*") if p.is_file()}


def test_partial_tiles_of_published_checkpoints_stay_until_the_full_one_is_there(log: Log) -> None:
    """A letter's proof can be computed from the files at the size that the letter names."""
    for size in (10, 20, 250):
        log.publish(size)
    assert log.tree(10).root() == published(log.folder, 10).root()
    log.publish(256)
    assert not (log.folder / "tile/0/000.p").exists()
    assert log.tree(10).root() == published(log.folder, 10).root()


def test_same_size_again_is_nothing_to_do(log: Log) -> None:
    """A timer that publishes every minute signs only when there is something to sign."""
    note = log.publish(300)
    before = {path: path.stat().st_ino for path in log.folder.rglob("*")}
    assert note == log.publish(300)
    assert 1 == len(log.sealed)
    assert before == {path: path.stat().st_ino for path in log.folder.rglob("*")}


def test_only_new_lines_are_asked_for(log: Log) -> None:
    """Publishing a line more does not read a year's entries from the database."""
    log.publish(300)
    held = keys.load(log.ring)
    asked = []

    def lines(start: int) -> Iterator[bytes]:
        asked.append(start)
        return log.lines(start)

    publish(log.folder, 301, lines, lambda head: sign(head, held.signers), held.keys)
    assert [300] == asked
    check(log, 301)


def test_two_logs_keep_apart(tmp_path: Path) -> None:
    """Two origins with the same entries have the same tiles and different heads."""
    logs = [Log(tmp_path / "a"), Log(tmp_path / "b", "another.example.org/log")]
    notes = [log.publish(300) for log in logs]
    assert notes[0] != notes[1]
    for log in logs:
        check(log, 300)
    with pytest.raises(Refused) as refused:
        logs[0].publish(301, keys.load(logs[1].ring))
    assert PublishRefusal.FOLDER_FOREIGN is refused.value.reason


def test_rotation_leaves_a_folder_that_fits_its_keys_at_every_step(log: Log) -> None:
    """Keys, checkpoint and handover fit each other before, during and after a change of keys."""
    log.publish(10)
    old = keys.load(log.ring).keys.listed
    log.rotate()
    assert log.sealed[0] == open_note((log.folder / "checkpoint").read_bytes(), old)
    note = log.publish(20)
    check(log, 20)
    held = keys.load(log.ring).keys
    for pair in held.pairs:
        assert Checkpoint(log.origin, 20, log.tree(20).root()) == open_note(note, pair)
    assert held.handovers[0] == (log.folder / "handover/1").read_bytes()
    log.retire()
    assert note == log.publish(20)
    check(log, 20)
    log.publish(30)
    check(log, 30)
    assert old != keys.load(log.ring).keys.listed


def test_rotation_without_new_entries_is_sealed_again(log: Log) -> None:
    """A checkpoint that the new keys have not signed is not left standing in a rotation."""
    first = log.publish(20)
    log.rotate()
    second = log.publish(20)
    assert first != second
    assert log.sealed[0] == log.sealed[1]
    assert second == log.publish(20)
    check(log, 20)


def test_rotation_retired_too_early_is_mended_by_the_next_publication(log: Log) -> None:
    """Old seeds destroyed before any handover checkpoint do not lock the service out."""
    log.publish(20)
    log.rotate()
    log.retire()
    log.publish(20)
    check(log, 20)
    assert (log.folder / "handover/1").is_file()


def forked(log: Log) -> None:
    """Rewrite an entry that is published, and its tiles with it."""
    (log.folder / "tile/entries/001.p/44").unlink()
    (log.folder / "tile/0/001.p/44").unlink()
    other = replace(log, rewritten=frozenset({280}))
    files = expected(other, 300)
    for path in ("tile/entries/001.p/44", "tile/0/001.p/44"):
        (log.folder / path).write_bytes(files[path])


def without_tile(log: Log) -> None:
    """Lose a tile of the right edge."""
    (log.folder / "tile/0/001.p/44").unlink()


def with_stray_tile(log: Log) -> None:
    """Find, where the next full tile belongs, one of other entries."""
    (log.folder / "tile/0/001").write_bytes(bytes(8192))


def with_foreign_checkpoint(log: Log) -> None:
    """Find the checkpoint of another log's keys."""
    shutil.rmtree(log.ring)
    keys.create(log.base / "ring", log.origin)


def with_garbled_checkpoint(log: Log) -> None:
    """Find bytes in place of the checkpoint."""
    (log.folder / "checkpoint").write_bytes(b"\xff")


def nothing(_: Log) -> None:
    """Leave the folder as it is."""


Refusal = PublishRefusal | TileRefusal
DAMAGES: list[tuple[Refusal, int, Callable[[Log], None]]] = [
    (PublishRefusal.FOLDER_FOREIGN, 600, with_foreign_checkpoint),
    (PublishRefusal.FOLDER_FOREIGN, 600, with_garbled_checkpoint),
    (PublishRefusal.FOLDER_DISAGREES, 600, forked),
    (PublishRefusal.FOLDER_DISAGREES, 300, forked),
    (PublishRefusal.SHRUNK, 299, nothing),
    (PublishRefusal.SHRUNK, 0, nothing),
    (PublishRefusal.FILE_DIFFERS, 600, with_stray_tile),
    (TileRefusal.TILE_MISSING, 600, without_tile),
]


@pytest.mark.parametrize(
    ("refusal", "size", "damage"), DAMAGES, ids=numbered([(r, d) for r, _, d in DAMAGES])
)
def test_folder_that_does_not_fit_is_refused_and_nothing_is_signed(
    refusal: Refusal, size: int, damage: Callable[[Log], None], log: Log
) -> None:
    """The log never signs a smaller tree, or one that does not continue what it published."""
    log.publish(300)
    damage(log)
    checkpoint = (log.folder / "checkpoint").read_bytes()
    with pytest.raises(Refused) as refused:
        log.publish(size)
    assert refusal is refused.value.reason
    assert 1 == len(log.sealed)
    assert checkpoint == (log.folder / "checkpoint").read_bytes()


def test_lines_that_run_out_are_refused_before_anything_is_signed(log: Log) -> None:
    """A database that gives fewer lines than it counts does not get a checkpoint."""
    few = replace(log, last=299)
    with pytest.raises(Refused) as refused:
        few.publish(300)
    assert PublishRefusal.LINES_MISSING is refused.value.reason
    assert [] == few.sealed
    log.publish(300)
    check(log, 300)


def test_seal_by_other_keys_or_over_another_tree_is_not_published(log: Log) -> None:
    """A seal is looked at before it goes out."""
    held = keys.load(log.ring)
    thief = keys.create(log.base / "thief", log.origin)
    seals: list[Callable[[Checkpoint], bytes]] = [
        lambda head: sign(head, thief.signers),
        lambda head: sign(replace(head, size=head.size + 1), held.signers),
        lambda _: b"",
    ]
    for seal in seals:
        with pytest.raises(Refused) as refused:
            publish(log.folder, 5, log.lines, seal, held.keys)
        assert PublishRefusal.SEAL_WRONG is refused.value.reason
        assert not (log.folder / "checkpoint").exists()


def test_rewritten_journal_is_refused_where_its_tiles_were_left_by_a_crash(log: Log) -> None:
    """Entries that once lay in the folder cannot be exchanged before their checkpoint."""
    log.publish(10)
    code = f"Log(Path({str(log.base)!r})).publish(600)"
    assert 0 != run(code, Point.TILES_WRITTEN)
    with pytest.raises(Refused) as refused:
        replace(log, rewritten=frozenset({300})).publish(600)
    assert PublishRefusal.FILE_DIFFERS is refused.value.reason


def test_every_refusal_is_provoked() -> None:
    """No refusal of publishing exists that this suite cannot provoke."""
    elsewhere = {PublishRefusal.LINES_MISSING, PublishRefusal.SEAL_WRONG}
    assert set(PublishRefusal) == elsewhere | {r for r, _, _ in DAMAGES if r in set(PublishRefusal)}


POINTS = (
    Point.DRAFT_WRITTEN,
    Point.FILE_WRITTEN,
    Point.TILES_WRITTEN,
    Point.SEALED,
    Point.PUBLISHED,
    Point.TILES_CLEARED,
)


@pytest.mark.parametrize("rotating", [False, True])
@pytest.mark.parametrize("point", POINTS)
def test_publication_killed_anywhere_leaves_a_whole_folder_and_goes_on(
    point: Point, rotating: bool, log: Log
) -> None:
    """At every moment the folder verifies, at the old size or the new, and a second run ends it."""
    log.publish(250)
    if rotating:
        log.rotate()
    start = log.base.with_name("start")
    shutil.copytree(log.base, start)
    times = 0
    while True:
        times += 1
        shutil.rmtree(log.base)
        shutil.copytree(start, log.base)
        killed = run(f"Log(Path({str(log.base)!r})).publish(600)", point, times)
        if not killed:
            break
        there = published(log.folder, 250 if _size(log) == 250 else 600)
        assert log.tree(len(there)).root() == there.root()
        assert list(islice(log.lines(0), len(there))) == list(there.lines(0, len(there)))
        check(log, _size(log))
        log.publish(600)
        check(log, 600)
        log.publish(601)
        check(log, 601)
        partial = [path for path in log.files() if ".p/" in path]
        assert not [path for path in partial if (log.folder / path.split(".p/")[0]).exists()]
        assert not [path for path in log.files() if path.startswith(".")]
    assert times > 1


def test_partial_tiles_that_a_crash_left_go_with_the_next_growth(log: Log) -> None:
    """What one publication was killed before removing, a later and larger one removes."""
    log.publish(250)
    assert 0 != run(f"Log(Path({str(log.base)!r})).publish(600)", Point.PUBLISHED)
    assert (log.folder / "tile/0/000.p").exists()
    log.publish(800)
    check(log, 800)
    assert not (log.folder / "tile/0/000.p").exists()
    assert not (log.folder / "tile/0/002.p").exists()


def test_reader_in_the_midst_of_a_checkpoint_reads_it_to_the_end(log: Log) -> None:
    """The checkpoint is exchanged in one step: nobody ever reads half of one."""
    note = log.publish(10)
    with (log.folder / "checkpoint").open("rb", buffering=0) as opened:
        head = opened.read(20)
        log.publish(20)
        assert note == head + opened.read()


def _size(log: Log) -> int:
    return int((log.folder / "checkpoint").read_text().split("\n")[1])


def test_two_publishers_at_once_take_turns(log: Log) -> None:
    """A timer that fires while a publication runs waits for it and finds its work done."""
    keys.create(log.base / "ring", log.origin)
    with ThreadPoolExecutor(4) as pool:
        notes = list(pool.map(log.publish, [300] * 4))
    assert 1 == len(set(notes)) == len(log.sealed)
    check(log, 300)
