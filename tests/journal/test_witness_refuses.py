"""What a witness refuses: every fork, cut and theft by its name, with both notes kept."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.core.faults import Faulty
from headgate.core.ledger.checkpoint import NOTE_BYTES_MAX, sign
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tiles import TileRefusal
from headgate.journal import keys
from headgate.journal.fetch import FetchRefusal, folder_reader
from headgate.journal.folder import publish
from headgate.journal.handover import HandoverRefusal, hand_over
from headgate.journal.keys import RingRefusal
from headgate.journal.witness import WitnessRefusal, visit, witness_lines
from tests.core.ledger.builders import numbered
from tests.journal.builders import NOW, ORIGIN, Log, evidence, forged_note, kept


def spoilt(name: str, data: bytes) -> Callable[[Path], None]:
    """A witness's state with one file garbled."""

    def spoil(state: Path) -> None:
        (state / name).write_bytes(data)

    return spoil


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


@pytest.mark.parametrize(("reason", "attack"), HOSTILE, ids=numbered(HOSTILE))
def test_dishonest_journal_is_refused_by_name_and_the_state_stays(
    reason: Reason,
    attack: Callable[[Log], None],
    log: Log,
    state: Path,
    site: str,
) -> None:
    """Fork, shrinking, wrong and cut tiles, theft: each has its name, and both notes are kept.

    The witness reads the same from a web server and from a folder, and an honest journal that comes
    back is followed again.
    """
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
