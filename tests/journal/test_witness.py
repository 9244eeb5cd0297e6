"""The witness: it follows an honest journal through anything, and a dishonest one nowhere."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.ledger.checkpoint import (
    Checkpoint,
    NoteRefusal,
    sign,
)
from headgate.core.ledger.refused import Refused
from headgate.journal import keys
from headgate.journal.points import Point
from headgate.journal.witness import NAME, WitnessRefusal, visit, witness_lines
from tests.journal.builders import NOW, ORIGIN, Log, check_cosigned, evidence, kept, run


def test_first_visit_reads_everything(log: Log, tmp_path: Path) -> None:
    """With the keys pinned from elsewhere, all entries are read and vouched for."""
    seen = visit(str(log.folder), tmp_path / "state", NOW, log.pins())
    assert (None, 300, 300, False) == (seen.old, seen.new.size, seen.entries, seen.rotated)
    check_cosigned(log, tmp_path / "state", seen)
    files = kept(tmp_path / "state")
    note = (log.folder / "checkpoint").read_bytes()
    root = seen.new.root.hex()[:16]
    assert note == files["checkpoint"] == files[f"seen/300-{root}"]
    assert {"checkpoint", "trusted", "cosigned", "key", "vkey", f"seen/300-{root}"} == files.keys()
    modes = [(tmp_path / "state").stat().st_mode, (tmp_path / "state/key").stat().st_mode]
    assert [0o700, 0o600] == [mode & 0o777 for mode in modes]


def test_empty_journal_can_be_witnessed(tmp_path: Path) -> None:
    """A programme may be watched from before its first entry."""
    log = Log(tmp_path / "log")
    for size, entries in ((0, 0), (0, 0), (1, 1)):
        log.publish(size)
        seen = visit(str(log.folder), tmp_path / "state", NOW, log.pins())
        assert (size, entries) == (seen.new.size, seen.entries)


def test_later_visits_read_what_is_new(log: Log, state: Path) -> None:
    """Every visit continues the one before, and every accepted note is kept."""
    sizes = [300]
    for step, size in enumerate((301, 301, 512, 700, 3_000), 1):
        log.publish(size)
        seen = visit(str(log.folder), state, NOW + step)
        assert seen.old is not None
        assert (sizes[-1], size, size - sizes[-1]) == (seen.old.size, seen.new.size, seen.entries)
        check_cosigned(log, state, seen)
        sizes.append(size)
    names = {path.name.split("-")[0] for path in (state / "seen").iterdir()}
    assert {"300", "301", "512", "700", "3000"} == names
    assert [] == evidence(state)


def test_word_of_the_witness_has_its_time(log: Log, state: Path) -> None:
    """A visit that finds nothing new vouches again, at its own time."""
    first = (state / "cosigned").read_bytes()
    seen = visit(str(log.folder), state, NOW + 60)
    assert first != seen.cosigned
    check_cosigned(log, state, seen)


def test_keys_may_be_trusted_on_first_use_if_that_is_said(log: Log, tmp_path: Path) -> None:
    """Trust without a pin is a decision that someone has to write down."""
    seen = visit(str(log.folder), tmp_path / "state", NOW, trust_first=True)
    assert keys.load(log.ring).keys.listed == seen.trusted


def test_pin_is_demanded_even_if_first_use_would_be_trusted(log: Log, tmp_path: Path) -> None:
    """Who gives pins means them."""
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), tmp_path / "state", NOW, ["x+sha256:00"], trust_first=True)
    assert WitnessRefusal.KEY_NOT_PUBLISHED is refused.value.reason


def test_one_pin_of_two_is_not_enough(log: Log, tmp_path: Path) -> None:
    """Both algorithms are pinned, or a broken one would be all that stands."""
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), tmp_path / "state", NOW, log.pins()[:1])
    assert WitnessRefusal.NOTE_REFUSED is refused.value.reason


def test_pins_of_keys_that_made_way_still_serve(log: Log, tmp_path: Path) -> None:
    """A pin printed years ago leads to the keys of today."""
    pins = log.pins()
    for size in (310, 320, 330):
        log.rotate()
        log.publish(size)
        log.retire()
    log.publish(340)
    seen = visit(str(log.folder), tmp_path / "state", NOW, pins)
    assert (True, keys.load(log.ring).keys.listed) == (seen.rotated, seen.trusted)


def test_two_logs_are_two_states(log: Log, state: Path, tmp_path: Path) -> None:
    """A witness of one log does not take another's entries for it, and can watch both."""
    other = Log(tmp_path / "other", "another.example.org/log")
    other.publish(400)
    with pytest.raises(Refused) as refused:
        visit(str(other.folder), state, NOW)
    assert WitnessRefusal.NOTE_REFUSED is refused.value.reason
    check_cosigned(
        other, tmp_path / "second", visit(str(other.folder), tmp_path / "second", NOW, other.pins())
    )
    check_cosigned(log, state, visit(str(log.folder), state, NOW))


def test_same_entries_under_another_origin_are_another_log(log: Log, state: Path) -> None:
    """The log's own keys on a note under another name do not stand for the log."""
    held = keys.load(log.ring)
    head = Checkpoint("another.example.org/log", 300, log.tree(300).root())
    (log.folder / "checkpoint").write_bytes(sign(head, held.signers, log=ORIGIN))
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), state, NOW)
    assert WitnessRefusal.NOTE_REFUSED is refused.value.reason


def test_handover_over_the_web_is_followed(log: Log, state: Path, site: str) -> None:
    """A witness that slept through two changes of keys wakes up to the newest."""
    for size in (310, 320):
        log.rotate()
        log.publish(size)
        log.retire()
    log.publish(330)
    seen = visit(site, state, NOW)
    assert (True, keys.load(log.ring).keys.listed) == (seen.rotated, seen.trusted)
    assert not visit(site, state, NOW + 1).rotated


STEPS = ("publish", "rotate", "publish", "retire", "publish")


@given(st.lists(st.booleans(), min_size=15, max_size=15), st.lists(st.integers(0, 300), min_size=9))
@settings(max_examples=settings().max_examples // 6)
def test_witness_follows_rotations_in_every_order_of_visits(
    tmp_path_factory: pytest.TempPathFactory, visits: list[bool], steps: list[int]
) -> None:
    """Whenever it comes, and however many changes of keys it missed, the journal is followed.

    Publications may add nothing, and two of three changes of keys have no entry of their own.
    """
    base = tmp_path_factory.mktemp("orders")
    log, size = Log(base / "log"), 0
    log.publish(size)
    pins, growth = log.pins(), iter(steps)
    visit(str(log.folder), base / "state", NOW, pins)
    for step, come in zip(STEPS * 3, visits, strict=True):
        if step == "publish":
            size += next(growth)
            log.publish(size)
        else:
            getattr(log, step)()
        if come:
            seen = visit(str(log.folder), base / "state", NOW)
            assert (size, log.tree(size).root()) == (seen.new.size, seen.new.root)
            check_cosigned(log, base / "state", seen)
    log.publish(size + 1)
    last = visit(str(log.folder), base / "state", NOW)
    assert keys.load(log.ring).keys.listed == last.trusted
    check_cosigned(log, base / "new", visit(str(log.folder), base / "new", NOW, pins))
    shutil.rmtree(base)


VISIT_POINTS = (
    Point.DRAFT_WRITTEN,
    Point.FILE_WRITTEN,
    Point.NOTE_SEEN,
    Point.KEYS_TRUSTED,
    Point.NOTE_ACCEPTED,
)


@pytest.mark.parametrize("point", VISIT_POINTS)
@pytest.mark.parametrize("first", [True, False])
def test_visit_killed_anywhere_is_made_up_for_by_the_next(
    point: Point, first: bool, tmp_path: Path
) -> None:
    """Whichever moment a witness dies at, it has seen the old journal or the new, and goes on."""
    log, state, start = Log(tmp_path / "log"), tmp_path / "state", tmp_path / "start"
    log.publish(20)
    pins = log.pins()
    start.mkdir(mode=0o700)
    if not first:
        visit(str(log.folder), start, NOW, pins)
    log.rotate()
    log.publish(30)
    log.retire()
    log.publish(300)
    code = f"from headgate.journal.witness import visit; visit({str(log.folder)!r}, "
    code += f"Path({str(state)!r}), NOW, {pins!r})"
    times = 0
    while True:
        times += 1
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(start, state)
        if not run(code, point, times):
            break
        seen = visit(str(log.folder), state, NOW, pins)
        assert (300, True) == (seen.new.size, seen.old is None or seen.old.size in (20, 300))
        check_cosigned(log, state, seen)
        assert not (state / "refused").exists()
    assert times > 1


def test_lines_tell_what_was_found(log: Log, tmp_path: Path) -> None:
    """The command prints what an auditor files: what was seen, since when, under which keys."""
    state = tmp_path / "state"
    told = list(witness_lines(str(log.folder), state, log.pins(), False, "audit.example.org/w1"))
    root, vkey = log.tree(300).root().hex(), (state / "vkey").read_text().strip()
    assert vkey.startswith("audit.example.org/w1+")
    assert [
        f"{ORIGIN}: 300 entries, root {root}",
        "first visit: 300 entries read, all under the signed root",
        *(f"signed by {pin}" for pin in log.pins()),
        f"cosigned by {vkey} in {state / 'cosigned'}",
    ] == told
    log.rotate()
    log.publish(1_310)
    log.retire()
    log.publish(1_320)
    told = list(witness_lines(str(log.folder), state, [], False))
    assert [
        "continues the 300 entries seen before; 1,020 new ones read, all under the signed root",
        "the keys that were trusted have handed over to new ones",
        *(f"signed by {pin}" for pin in log.pins()),
    ] == told[1:-1]


def test_witness_without_a_name_has_a_key_of_its_own(log: Log, tmp_path: Path) -> None:
    """Two witnesses that nobody named are told apart by their keys, and none can be misnamed."""
    seen = [visit(str(log.folder), tmp_path / name, NOW, log.pins()) for name in ("a", "b")]
    assert [NAME, NAME] == [each.witness.name for each in seen]
    assert seen[0].witness != seen[1].witness
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), tmp_path / "c", NOW, log.pins(), name="no such name")
    assert NoteRefusal.NAME_BAD is refused.value.reason


def test_pin_is_what_sha256sum_prints(log: Log) -> None:
    """An auditor can compute a pin from the published keys with a tool of his own."""
    lines = (log.folder / "keys").read_bytes().splitlines()
    assert [f"{ORIGIN}+sha256:{sha256(line).hexdigest()}" for line in lines] == log.pins()
