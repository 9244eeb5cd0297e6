"""The key ring: made once, read by its owner alone, rotated without a gap."""

import os
import shutil
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from headgate.core.ledger.checkpoint import Algorithm, Checkpoint, NoteRefusal, open_note, sign
from headgate.core.ledger.refused import Refused
from headgate.journal.files import BYTES_MAX, FileRefusal, found
from headgate.journal.handover import read_handover
from headgate.journal.keys import (
    Keys,
    RingRefusal,
    create,
    keep_signed,
    last_signed,
    load,
    retire,
    rotate,
)
from headgate.journal.points import Point
from tests.core.ledger.builders import numbered
from tests.journal.builders import ORIGIN, run

HEAD = Checkpoint(ORIGIN, 1, bytes(32))


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """The folder of a fresh ring."""
    create(tmp_path / "ring", ORIGIN)
    return tmp_path / "ring"


def seeds(ring: Path) -> list[str]:
    """The seeds that are there, by path."""
    names = ("ed25519", "ml-dsa-44")
    return sorted(str(path.relative_to(ring)) for name in names for path in ring.rglob(name))


def test_fresh_ring_signs_with_both_algorithms(ring: Path) -> None:
    """A service's first start leaves it able to sign what any client accepts."""
    held = load(ring)
    assert [*Algorithm] == [signer.algorithm for signer in held.signers]
    assert ((), False, ()) == (held.retiring, held.keys.retiring, held.keys.handovers)
    assert ORIGIN == held.keys.origin
    assert HEAD == open_note(sign(HEAD, held.signers), held.keys.signing)
    assert held.keys.signing == held.keys.listed


def test_two_rings_have_nothing_in_common(tmp_path: Path) -> None:
    """Keys are made of fresh secret bytes, all four of them different."""
    rings = [create(tmp_path / name, ORIGIN) for name in ("a", "b")]
    assert 4 == len({signer.seed for held in rings for signer in held.signers})


def test_only_the_service_can_read_it(ring: Path) -> None:
    """Folders are 0700, seeds 0600, each 32 bytes in base64 on one line."""
    assert {0o700} == {p.stat().st_mode & 0o777 for p in (ring, ring / "1")}
    assert ["1/ed25519", "1/ml-dsa-44"] == seeds(ring)
    for name in seeds(ring):
        assert 0o600 == (ring / name).stat().st_mode & 0o777
        assert 32 == len(b64decode((ring / name).read_bytes().removesuffix(b"\n"), validate=True))


def test_mask_of_the_process_does_not_open_it(tmp_path: Path) -> None:
    """A service started with a careless umask keeps its secrets all the same."""
    before = os.umask(0)
    try:
        create(tmp_path / "ring", ORIGIN)
        assert 0o600 == (tmp_path / "ring/1/ed25519").stat().st_mode & 0o777
    finally:
        os.umask(before)
    load(tmp_path / "ring")


def test_rotation_goes_through_a_time_when_both_pairs_sign(ring: Path) -> None:
    """Old readers and new readers both accept what is signed between `rotate` and `retire`."""
    old = load(ring)
    during = rotate(ring)
    assert during == load(ring)
    assert (old.current, 4) == (during.retiring, len(during.signers))
    assert during.current == during.signers[:2] != old.current
    note = sign(HEAD, during.signers)
    assert HEAD == open_note(note, old.keys.signing) == open_note(note, during.keys.signing)
    assert old.keys.listed == during.keys.listed
    after = retire(ring)
    assert after == load(ring)
    assert (during.current, ()) == (after.signers, after.retiring)
    assert after.keys.listed == during.keys.pairs[-1]
    assert ["2/ed25519", "2/ml-dsa-44"] == seeds(ring)


def test_old_public_keys_and_handovers_are_kept(ring: Path) -> None:
    """However often keys change, who holds the first ones can follow to the last."""
    for _ in range(3):
        rotate(ring)
        retire(ring)
    kept = load(ring).keys
    assert 4 == len(set(kept.pairs))
    for number, data in enumerate(kept.handovers, 1):
        handover = read_handover(number, data)
        assert (kept.pairs[number - 1], kept.pairs[number]) == (handover.old, handover.new)


def test_retiring_without_a_rotation_changes_nothing(ring: Path) -> None:
    """`retire` can be run again by whoever does not know whether it ran."""
    before = load(ring)
    assert before == retire(ring)


def test_secrets_are_not_printed(ring: Path) -> None:
    """A ring in a log or an error message does not give its keys away."""
    assert "seed" not in repr(rotate(ring))


def emptied(ring: Path) -> None:
    """Remove every generation."""
    shutil.rmtree(ring / "1")


def linked(path: Path) -> None:
    """Put a link in place of what was there."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def swapped(ring: Path) -> None:
    """Exchange the two seeds."""
    first = (ring / "1/ed25519").read_bytes()
    (ring / "1/ed25519").write_bytes((ring / "1/ml-dsa-44").read_bytes())
    (ring / "1/ml-dsa-44").write_bytes(first)


def with_foreign_handover(ring: Path) -> None:
    """Put the handover of another ring in place of its own."""
    other = ring.parent / "other"
    create(other, ORIGIN)
    rotate(other)
    rotate(ring)
    shutil.copy(other / "2/handover", ring / "2/handover")


def filed(ring: Path) -> None:
    """Put a file in place of the ring."""
    shutil.rmtree(ring)
    ring.touch(0o600)


def without_handover(ring: Path) -> None:
    """Lose the handover of a rotation."""
    rotate(ring)
    (ring / "2/handover").unlink()


DAMAGES: list[tuple[RingRefusal, Callable[[Path], object]]] = [
    (RingRefusal.RING_MISSING, shutil.rmtree),
    (RingRefusal.RING_MISSING, emptied),
    (RingRefusal.RING_MISSING, lambda ring: (ring / "1").rename(ring / "2")),
    (RingRefusal.RING_IS_LINK, linked),
    (RingRefusal.RING_IS_LINK, lambda ring: linked(ring / "1/ed25519")),
    (RingRefusal.RING_NOT_FOLDER, filed),
    (RingRefusal.RING_OPEN, lambda ring: ring.chmod(0o750)),
    (RingRefusal.RING_OPEN, lambda ring: ring.chmod(0o701)),
    (RingRefusal.RING_OPEN, lambda ring: (ring / "1").chmod(0o755)),
    (RingRefusal.RING_OPEN, lambda ring: (ring / "1/ml-dsa-44").chmod(0o640)),
    (RingRefusal.SEED_MISSING, lambda ring: (ring / "1/ml-dsa-44").unlink()),
    (RingRefusal.SEED_BAD, lambda ring: (ring / "1/ed25519").write_bytes(b"")),
    (RingRefusal.SEED_BAD, lambda ring: (ring / "1/ed25519").write_bytes(b"AAAA\n")),
    (RingRefusal.SEED_BAD, lambda ring: (ring / "1/ed25519").write_bytes(b"\xff" * 44)),
    (RingRefusal.SEED_BAD, swapped),
    (RingRefusal.KEYS_BAD, lambda ring: (ring / "1/keys").unlink()),
    (RingRefusal.KEYS_BAD, lambda ring: (ring / "1/keys").write_bytes(b"\xff\n")),
    (RingRefusal.KEYS_BAD, without_handover),
    (RingRefusal.KEYS_BAD, with_foreign_handover),
]


@pytest.mark.parametrize(("refusal", "damage"), DAMAGES, ids=numbered(DAMAGES))
def test_damaged_or_open_ring_is_refused_by_name(
    refusal: RingRefusal, damage: Callable[[Path], object], ring: Path
) -> None:
    """Nothing is signed with keys that others may have, or that are not the published ones."""
    damage(ring)
    for use in (load, rotate, retire):
        with pytest.raises(Refused) as refused:
            use(ring)
        assert refusal is refused.value.reason


def test_ring_of_another_user_is_refused(ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who owns the files can read the keys, so it has to be the service."""
    monkeypatch.setattr(os, "geteuid", lambda: 65_534)
    with pytest.raises(Refused) as refused:
        load(ring)
    assert RingRefusal.RING_FOREIGN is refused.value.reason


def test_ring_is_made_once(ring: Path) -> None:
    """Starting a service twice does not replace its keys."""
    before = load(ring)
    with pytest.raises(Refused) as refused:
        create(ring, ORIGIN)
    assert RingRefusal.RING_TAKEN is refused.value.reason
    assert before == load(ring)


def test_second_rotation_waits_for_the_first(ring: Path) -> None:
    """A pair that nobody has seen sign does not hand over."""
    during = rotate(ring)
    with pytest.raises(Refused) as refused:
        rotate(ring)
    assert RingRefusal.ROTATION_UNDER_WAY is refused.value.reason
    assert during == load(ring)


def test_log_name_that_no_note_can_bear_is_refused(tmp_path: Path) -> None:
    """A ring is not made for a name with a space in it."""
    with pytest.raises(Refused) as refused:
        create(tmp_path / "ring", "no such name")
    assert NoteRefusal.NAME_BAD is refused.value.reason
    assert ORIGIN == create(tmp_path / "ring", ORIGIN).keys.origin


def test_ring_remembers_what_it_signed(ring: Path) -> None:
    """What was signed outlives a rotation, is the owner's alone, and in doubt is not guessed."""
    assert last_signed(ring) is None
    keep_signed(ring, sign(HEAD, load(ring).signers))
    rotate(ring)
    retire(ring)
    assert HEAD == last_signed(ring)
    assert 0o600 == (ring / "signed").stat().st_mode & 0o777
    (ring / "signed").write_bytes(b"")
    with pytest.raises(Refused) as refused:
        last_signed(ring)
    assert RingRefusal.SIGNED_BAD is refused.value.reason


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A pipe or a device laid in the way stops the command by name, and not for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(BYTES_MAX + 1)
    reasons = {}
    for name in ("pipe", "device", ".", "large"):
        with pytest.raises(Refused) as refused:
            found(tmp_path / name)
        reasons[name] = refused.value.reason
    other = dict.fromkeys(("pipe", "device", "."), FileRefusal.NOT_REGULAR)
    assert {**other, "large": FileRefusal.TOO_LARGE} == reasons
    assert set(FileRefusal) == set(reasons.values())


def test_every_refusal_is_provoked() -> None:
    """No refusal of a ring exists that this suite cannot provoke."""
    elsewhere = {
        RingRefusal.RING_FOREIGN,
        RingRefusal.RING_TAKEN,
        RingRefusal.ROTATION_UNDER_WAY,
        RingRefusal.SIGNED_BAD,
    }
    assert set(RingRefusal) == elsewhere | {refusal for refusal, _ in DAMAGES}


CREATE = "keys.create(Path({ring!r}), ORIGIN)"
ROTATE = "keys.rotate(Path({ring!r}))"
RETIRE = "keys.retire(Path({ring!r}))"
RING_POINTS = (
    Point.DRAFT_WRITTEN,
    Point.FILE_WRITTEN,
    Point.RING_DRAFTED,
    Point.ROTATION_BEGUN,
    Point.SEED_DESTROYED,
)


def killed(code: str, ring: Path) -> Iterator[tuple[Point, Path]]:
    """A copy of the ring for each time that each point is reached, left as the code was killed."""
    copy = ring.with_name("copy")
    for point in RING_POINTS:
        for times in count(1):
            shutil.rmtree(copy, ignore_errors=True)
            if ring.exists():
                shutil.copytree(ring, copy)
            if run(code.format(ring=str(copy)), point, times) == 0:
                break
            yield point, copy
    shutil.rmtree(copy)


def test_creation_killed_anywhere_is_made_up_for(tmp_path: Path) -> None:
    """A first start that was cut off is followed by one that works."""
    reached = Counter[Point]()
    for point, copy in killed(CREATE, tmp_path / "no ring yet"):
        reached[point] += 1
        with pytest.raises(Refused) as refused:
            load(copy)
        assert RingRefusal.RING_MISSING is refused.value.reason
        held = create(copy, ORIGIN)
        assert held == load(copy)
        assert ["1/ed25519", "1/ml-dsa-44"] == seeds(copy)
    assert {Point.DRAFT_WRITTEN: 3, Point.FILE_WRITTEN: 3, Point.RING_DRAFTED: 1} == dict(reached)


def test_rotation_killed_anywhere_has_not_begun_or_can_be_ended(ring: Path) -> None:
    """At whichever moment the process dies, the ring has one meaning and the way goes on."""
    before, reached = load(ring), Counter[Point]()
    for point, copy in killed(ROTATE, ring):
        reached[point] += 1
        found = load(copy)
        assert (point is Point.ROTATION_BEGUN) == bool(found.retiring)
        during = found if found.retiring else rotate(copy)
        assert before.current == during.retiring
        assert during.current == retire(copy).signers
        assert ["2/ed25519", "2/ml-dsa-44"] == seeds(copy)
    expected = {Point.DRAFT_WRITTEN: 4, Point.FILE_WRITTEN: 4}
    assert expected | {Point.RING_DRAFTED: 1, Point.ROTATION_BEGUN: 1} == dict(reached)


def test_retirement_killed_anywhere_is_ended_by_the_next(ring: Path) -> None:
    """One seed of two is not a pair: it does not sign, and it goes the next time."""
    during, reached = rotate(ring), Counter[Point]()
    for point, copy in killed(RETIRE, ring):
        reached[point] += 1
        assert during.current == load(copy).signers
        for finish in (retire, rotate):
            again = shutil.copytree(copy, ring.with_name(finish.__name__))
            finish(again)
            assert not (again / "1/ed25519").exists()
            assert not (again / "1/ml-dsa-44").exists()
            shutil.rmtree(again)
    assert {Point.SEED_DESTROYED: 2} == dict(reached)


def test_keys_say_who_is_listed_and_who_signs(ring: Path) -> None:
    """The public side holds no secret and is all that publishing needs."""
    held = rotate(ring).keys
    assert Keys(held.pairs, held.handovers, True) == held
    assert (*held.pairs[1], *held.pairs[0]) == held.signing
