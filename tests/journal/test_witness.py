"""The witness: it follows an honest journal through anything, and a dishonest one nowhere."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.faults import Faulty
from headgate.core.ledger.checkpoint import (
    NOTE_BYTES_MAX,
    Checkpoint,
    NoteRefusal,
    open_note,
    sign,
)
from headgate.core.ledger.cosign import parse_witness_vkey
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tiles import TileRefusal
from headgate.journal import keys
from headgate.journal.fetch import FetchRefusal, folder_reader
from headgate.journal.folder import publish
from headgate.journal.handover import HandoverRefusal, hand_over
from headgate.journal.keys import RingRefusal
from headgate.journal.points import Point
from headgate.journal.witness import NAME, Visit, WitnessRefusal, visit, witness_lines
from tests.core.ledger.builders import numbered
from tests.journal.builders import NOW, ORIGIN, Log, forged_note, run


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of three hundred entries."""
    made = Log(tmp_path / "log")
    made.publish(300)
    return made


@pytest.fixture
def state(tmp_path: Path, log: Log) -> Path:
    """The state of a witness that has accepted the log's three hundred entries."""
    visit(str(log.folder), tmp_path / "state", NOW, log.pins())
    return tmp_path / "state"


def kept(state: Path) -> dict[str, bytes]:
    """What a witness has kept, its evidence apart."""
    paths = [path for path in state.rglob("*") if path.is_file()]
    files = {path.relative_to(state).as_posix(): path.read_bytes() for path in paths}
    return {path: data for path, data in files.items() if not path.startswith("refused/")}


def evidence(state: Path) -> list[dict[str, bytes]]:
    """The evidence of every refused visit."""
    folders = sorted((state / "refused").glob("*"))
    return [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]


def check_cosigned(log: Log, state: Path, seen: Visit) -> None:
    """Anyone with the log's and the witness's keys opens the cosigned note."""
    witness = parse_witness_vkey((state / "vkey").read_text().strip())
    cosigned = (state / "cosigned").read_bytes()
    assert (witness, cosigned) == (seen.witness, seen.cosigned)
    assert seen.new == open_note(cosigned, (*seen.trusted, witness))
    assert log.tree(seen.new.size).root() == seen.new.root


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


def republished(log: Log, size: int, rewritten: frozenset[int] = frozenset()) -> None:
    """The log's own keys publish another journal in the place of the true one."""
    shutil.rmtree(log.folder)
    replace(log, rewritten=rewritten, sealed=[]).publish(size)


def changed(log: Log, path: str, change: Callable[[bytes], bytes]) -> None:
    """Publish six hundred entries, and change a file."""
    log.publish(600)
    file = log.folder / path
    file.write_bytes(change(file.read_bytes()))


def removed(log: Log, path: str) -> None:
    """Publish six hundred entries, and lose a file."""
    log.publish(600)
    (log.folder / path).unlink()


def noted(log: Log, size: int, root: bytes) -> None:
    """The log's own keys sign a note over anything."""
    note = forged_note(keys.load(log.ring).signers, size, root)
    (log.folder / "checkpoint").write_bytes(note)


def misnoted(log: Log) -> None:
    """The log's own keys sign another root than that of the entries."""
    log.publish(600)
    noted(log, 600, bytes(32))


def stolen(log: Log) -> None:
    """A thief adds the lines of his own keys to an honest note, and then signs alone."""
    thief = keys.create(log.base / "thief", ORIGIN)
    log.publish(400)
    shutil.rmtree(log.folder)
    lines = replace(log, rewritten=frozenset({350})).lines
    publish(log.folder, 400, lines, lambda head: sign(head, thief.signers), thief.keys)
    vkeys = [key.vkey() for key in (*keys.load(log.ring).keys.listed, *thief.keys.listed)]
    block = "".join(f"{vkey}\n" for vkey in vkeys).encode()
    honest = sign(log.sealed[-1], keys.load(log.ring).signers)
    added = honest + sign(log.sealed[-1], thief.signers).split(b"\n\n", 1)[1]
    (log.folder / "handover").mkdir()
    (log.folder / "handover/1").write_bytes(block + b"\n" + added)


def usurped(log: Log) -> None:
    """A thief hands over from keys of his own."""
    thief = keys.create(log.base / "thief", ORIGIN)
    another = keys.create(log.base / "another", ORIGIN)
    shutil.rmtree(log.folder)
    publish(log.folder, 400, log.lines, lambda head: sign(head, another.signers), another.keys)
    (log.folder / "handover").mkdir()
    (log.folder / "handover/1").write_bytes(hand_over(1, thief.signers, another.signers))


def rotated_and_forked(log: Log) -> None:
    """The log changes its keys and its history at once."""
    log.rotate()
    republished(log, 400, frozenset({7}))
    log.retire()
    republished(log, 400, frozenset({7}))


EDGE = "tile/0/002.p/88"
Reason = WitnessRefusal | TileRefusal | FetchRefusal | HandoverRefusal
HOSTILE: list[tuple[Reason, Callable[[Log], None]]] = [
    (WitnessRefusal.SHRUNK, lambda log: republished(log, 299)),
    (WitnessRefusal.SHRUNK, lambda log: republished(log, 0)),
    (WitnessRefusal.ROOT_CHANGED, lambda log: republished(log, 300, frozenset({299}))),
    (WitnessRefusal.ROOT_CHANGED, lambda log: noted(log, 300, bytes(32))),
    (WitnessRefusal.FORKED, lambda log: republished(log, 301, frozenset({0}))),
    (WitnessRefusal.FORKED, lambda log: republished(log, 600, frozenset({299}))),
    (WitnessRefusal.FORKED, lambda log: republished(log, 512, frozenset({255}))),
    (WitnessRefusal.FORKED, rotated_and_forked),
    (WitnessRefusal.TILES_WRONG, misnoted),
    (WitnessRefusal.TILES_WRONG, lambda log: changed(log, EDGE, lambda data: data[::-1])),
    (TileRefusal.TILE_WRONG, lambda log: changed(log, "tile/0/001", lambda data: data[::-1])),
    (TileRefusal.TILE_LENGTH_WRONG, lambda log: changed(log, EDGE, lambda data: data[:-1])),
    (TileRefusal.TILE_LENGTH_WRONG, lambda log: changed(log, "tile/0/001", lambda _: b"")),
    (TileRefusal.TILE_MISSING, lambda log: removed(log, EDGE)),
    (TileRefusal.TILE_MISSING, lambda log: removed(log, "tile/entries/001")),
    (TileRefusal.TILE_MISSING, lambda log: noted(log, 2**63 - 1, bytes(32))),
    (
        TileRefusal.BUNDLE_WRONG,
        lambda log: changed(log, "tile/entries/001", lambda data: data.replace(b"7", b"8", 1)),
    ),
    (
        TileRefusal.BUNDLE_WRONG,
        lambda log: changed(log, "tile/entries/002.p/88", lambda data: data[:-1]),
    ),
    (FetchRefusal.TOO_LARGE, lambda log: changed(log, EDGE, lambda data: data * 100)),
    (FetchRefusal.TOO_LARGE, lambda log: changed(log, "checkpoint", lambda data: data * 100)),
    (WitnessRefusal.NOTE_REFUSED, lambda log: changed(log, "checkpoint", lambda _: b"")),
    (WitnessRefusal.NOTE_REFUSED, lambda log: changed(log, "checkpoint", lambda data: data[:-9])),
    (
        WitnessRefusal.NOTE_REFUSED,
        lambda log: changed(log, "checkpoint", lambda data: data.replace(b"600", b"601", 1)),
    ),
    (WitnessRefusal.NOTE_REFUSED, usurped),
    (HandoverRefusal.KEYS_OTHER, stolen),
    (WitnessRefusal.FILE_MISSING, lambda log: removed(log, "checkpoint")),
]


@pytest.fixture
def site(log: Log) -> Iterator[str]:
    """The address of an ordinary web server that hands the log's folder out."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    handler = partial(Quiet, directory=str(log.folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("reason", "attack"), HOSTILE, ids=numbered(HOSTILE))
def test_dishonest_journal_is_refused_by_name_and_the_state_stays(
    reason: Reason,
    attack: Callable[[Log], None],
    log: Log,
    state: Path,
    site: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fork, shrinking, wrong and cut tiles, theft: each has its name, and both notes are kept.

    The witness reads the same from a web server and from a folder, and an honest journal that comes
    back is followed again.
    """
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    honest = shutil.copytree(log.base, log.base.with_name("honest"))
    before, first = kept(state), (state / "checkpoint").read_bytes()
    attack(log)
    for url in (str(log.folder), site):
        with pytest.raises(Refused) as refused:
            visit(url, state, NOW + 1)
        assert reason is refused.value.reason
        assert before == kept(state)
    note = log.folder / "checkpoint"
    came = note.exists() and note.stat().st_size <= NOTE_BYTES_MAX
    assert came == bool(evidence(state))
    for found in evidence(state):
        assert found["why"].startswith(reason.name.encode())
        assert (first, note.read_bytes()) == (found["kept"], found["found"])
    again = replace(log, base=honest)
    again.publish(300)
    assert 300 == visit(str(again.folder), state, NOW + 2).new.size


def test_evidence_of_the_same_refusal_is_kept_once(log: Log, state: Path) -> None:
    """A timer that fires every minute does not fill the disk with one and the same fork."""
    republished(log, 400, frozenset({5}))
    for _ in range(3):
        with pytest.raises(Refused):
            visit(folder_reader(log.folder), state, NOW)
    assert 1 == len(evidence(state))


def test_network_that_fails_is_evidence_of_nothing(log: Log, state: Path) -> None:
    """A server that is down for a night is visited again in the morning."""
    log.publish(400)

    def read(path: str) -> bytes:
        if path.startswith("tile"):
            raise Refused(FetchRefusal.TOO_SLOW, path)
        return folder_reader(log.folder)(path)

    with pytest.raises(Refused) as refused:
        visit(read, state, NOW)
    assert FetchRefusal.TOO_SLOW is refused.value.reason
    assert [] == evidence(state)
    assert 400 == visit(str(log.folder), state, NOW).new.size


def test_handover_over_the_web_is_followed(
    log: Log, state: Path, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A witness that slept through two changes of keys wakes up to the newest."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for size in (310, 320):
        log.rotate()
        log.publish(size)
        log.retire()
    log.publish(330)
    seen = visit(site, state, NOW)
    assert (True, keys.load(log.ring).keys.listed) == (seen.rotated, seen.trusted)
    assert not visit(site, state, NOW + 1).rotated


def test_keys_that_made_way_are_not_believed_again(log: Log, state: Path) -> None:
    """Who finds the old seeds in a backup cannot lead a witness back to them."""
    old = keys.load(log.ring)
    log.rotate()
    log.publish(310)
    log.retire()
    log.publish(320)
    visit(str(log.folder), state, NOW)
    note = forged_note(old.signers, 330, log.tree(330).root())
    log.publish(330)
    (log.folder / "checkpoint").write_bytes(note)
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), state, NOW)
    assert WitnessRefusal.NOTE_REFUSED is refused.value.reason


STEPS = ("publish", "rotate", "publish", "retire", "publish")


@given(st.lists(st.booleans(), min_size=15, max_size=15), st.lists(st.integers(0, 300), min_size=9))
@settings(max_examples=25)
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


def spoilt(name: str, data: bytes) -> Callable[[Path], None]:
    """A witness's state with one file garbled."""

    def spoil(state: Path) -> None:
        (state / name).write_bytes(data)

    return spoil


BAD_STATES: list[tuple[WitnessRefusal | RingRefusal, Callable[[Path], None]]] = [
    (WitnessRefusal.STATE_BAD, spoilt("checkpoint", b"x")),
    (WitnessRefusal.STATE_BAD, spoilt("trusted", b"x")),
    (WitnessRefusal.STATE_BAD, spoilt("vkey", b"x")),
    (WitnessRefusal.STATE_BAD, spoilt("vkey", b"\xff")),
    (WitnessRefusal.STATE_BAD, lambda state: (state / "key").unlink()),
    (RingRefusal.SEED_BAD, spoilt("key", b"x")),
    (RingRefusal.RING_OPEN, lambda state: (state / "key").chmod(0o644)),
    (RingRefusal.RING_OPEN, lambda state: state.chmod(0o755)),
]


@pytest.mark.parametrize(("reason", "spoil"), BAD_STATES, ids=numbered(BAD_STATES))
def test_witness_that_forgot_does_not_vouch(
    reason: WitnessRefusal | RingRefusal, spoil: Callable[[Path], None], log: Log, state: Path
) -> None:
    """A witness whose state is damaged says so, and does not begin again by itself."""
    spoil(state)
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), state, NOW)
    assert reason is refused.value.reason


def test_first_visit_without_trust_is_refused(log: Log, tmp_path: Path) -> None:
    """Keys are pinned, or trusted on first use in so many words; the refusal prints the pins."""
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), tmp_path / "state", NOW)
    assert WitnessRefusal.KEYS_UNPINNED is refused.value.reason
    assert all(pin in refused.value.about for pin in log.pins())
    (log.folder / "keys").write_bytes(b"garbage\n")
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), tmp_path / "state", NOW, log.pins())
    assert WitnessRefusal.KEYS_UNREADABLE is refused.value.reason
    (log.folder / "keys").unlink()
    with pytest.raises(Refused) as refused:
        visit(str(log.folder), tmp_path / "state", NOW, log.pins())
    assert WitnessRefusal.FILE_MISSING is refused.value.reason
    assert {"key", "vkey"} == kept(tmp_path / "state").keys()


def test_every_refusal_is_provoked() -> None:
    """No refusal of a witness exists that this suite cannot provoke."""
    elsewhere = {
        WitnessRefusal.KEYS_UNPINNED,
        WitnessRefusal.KEYS_UNREADABLE,
        WitnessRefusal.KEY_NOT_PUBLISHED,
    }
    named = {reason for reason, _ in (*HOSTILE, *BAD_STATES)}
    assert set(WitnessRefusal) == elsewhere | (named & set(WitnessRefusal))


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


MENDS: list[tuple[str, str, Callable[[Log, Path], None]]] = [
    ("forked", "the evidence is in", lambda log, _: republished(log, 400, frozenset({5}))),
    ("tile-missing", "the evidence is in", lambda log, _: removed(log, EDGE)),
    ("too-large", "visit again", lambda log, _: changed(log, EDGE, lambda data: data * 100)),
    ("state-bad", "the witness's own", lambda _, state: spoilt("trusted", b"x")(state)),
    ("ring-open", "the witness's own", lambda _, state: state.chmod(0o755)),
    ("keys-unpinned", "name them", lambda _, state: (state / "trusted").unlink()),
]


@pytest.mark.parametrize(("code", "mend", "spoil"), MENDS, ids=[code for code, _, _ in MENDS])
def test_lines_give_a_located_fault(
    code: str, mend: str, spoil: Callable[[Log, Path], None], log: Log, state: Path
) -> None:
    """What must not be trusted ends the command with a name, a place and what to do."""
    spoil(log, state)
    with pytest.raises(Faulty) as faulty:
        list(witness_lines(str(log.folder), state, [], False))
    (fault,) = faulty.value.faults
    assert (str(log.folder), code) == (fault.file, fault.code)
    assert mend in fault.mend


def test_bad_address_is_a_located_fault(tmp_path: Path) -> None:
    """A mistyped address is told as such, and leaves nothing behind."""
    with pytest.raises(Faulty) as faulty:
        list(witness_lines("gopher://example.org", tmp_path / "state", [], False))
    assert ["address-bad"] == [fault.code for fault in faulty.value.faults]
    assert not (tmp_path / "state").exists()


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
