"""What is promised to whoever holds a proof: it is checked with public files, for ever."""

from pathlib import Path

import pytest

from headgate.core.ledger.checkpoint import Checkpoint, sign, tlog_proof
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import Tree
from headgate.journal.fetch import folder_reader
from headgate.journal.folder import publish
from headgate.journal.keys import Ring, create, load, retire, rotate
from headgate.journal.proof import ProofRefusal, proved

LINES = [f"entry {number}".encode() for number in range(300)]


def published(folder: Path, ring: Ring) -> bytes:
    """The lines published in a folder, signed by a ring."""
    seal = lambda checkpoint: sign(checkpoint, ring.signers)  # noqa: E731
    return publish(folder, len(LINES), lambda start: iter(LINES[start:]), seal, ring.keys)


def proof_of(index: int, note: bytes, entry: bytes | None = None) -> bytes:
    """The proof that goes with a letter about one line."""
    path = Tree(LINES).inclusion(index, len(LINES))
    return tlog_proof(index, path, note, LINES[index] if entry is None else entry)


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    """The keys of the log."""
    return create(tmp_path / "ring", "example.org/log")


@pytest.mark.parametrize("index", [0, 255, 256, 299])
def test_a_proof_shows_its_entry_and_who_signed(index: int, ring: Ring, tmp_path: Path) -> None:
    """One file and the published keys are enough; the entry travels with the proof."""
    proof = proof_of(index, published(tmp_path / "public", ring))
    pins = [key.pin() for key in ring.keys.listed]
    shown = proved(proof, folder_reader(tmp_path / "public"), pins)
    assert LINES[index] == shown.entry
    assert Checkpoint("example.org/log", 300, Tree(LINES).root()) == shown.checkpoint
    assert ring.keys.listed == shown.keys


def test_a_proof_outlives_the_keys_that_signed_it(ring: Ring, tmp_path: Path) -> None:
    """Two rotations later a letter of the first year is still shown to be true."""
    proof = proof_of(7, published(tmp_path / "public", ring))
    for _ in range(2):
        rotate(tmp_path / "ring")
        published(tmp_path / "public", load(tmp_path / "ring"))
        retire(tmp_path / "ring")
    published(tmp_path / "public", load(tmp_path / "ring"))
    shown = proved(proof, folder_reader(tmp_path / "public"))
    assert ring.keys.listed == shown.keys


def refused(proof: bytes, folder: Path, *pins: str) -> ProofRefusal:
    """Why a proof shows nothing."""
    with pytest.raises(Refused) as caught:
        proved(proof, folder_reader(folder), pins)
    assert isinstance(caught.value.reason, ProofRefusal)
    return caught.value.reason


def test_every_refusal_is_provoked(ring: Ring, tmp_path: Path) -> None:
    """No keys, another entry, another log, a key that has not signed: each has its name."""
    note = published(tmp_path / "public", ring)
    other = create(tmp_path / "other-ring", "example.org/log")
    published(tmp_path / "other", other)
    proof, pin = proof_of(7, note), other.keys.listed[0].pin()
    found = [
        refused(proof, tmp_path / "nothing"),
        refused(proof_of(7, note, LINES[8]), tmp_path / "public"),
        refused(proof, tmp_path / "other"),
        refused(b"no proof", tmp_path / "public"),
        refused(proof, tmp_path / "public", pin),
    ]
    wrong = ProofRefusal.PROOF_WRONG
    assert [ProofRefusal.KEYS_MISSING, wrong, wrong, wrong, ProofRefusal.KEY_NOT_SIGNED] == found
    assert set(ProofRefusal) == set(found)
