"""A witness's signature: C2SP's bytes, one key type, one meaning."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.ledger.checkpoint import (
    Algorithm,
    Checkpoint,
    NoteRefusal,
    Signer,
    open_note,
    parse_vkey,
    sign,
)
from headgate.core.ledger.cosign import Witness, WitnessVerifier, parse_witness_vkey
from headgate.core.ledger.refused import Refused

ORIGIN = "example.org/headgate"
SIGNERS = tuple(Signer(ORIGIN, algorithm, bytes([7]) * 32) for algorithm in Algorithm)
VERIFIERS = tuple(signer.verifier() for signer in SIGNERS)
HEAD = Checkpoint(ORIGIN, 3, bytes(32))
NOTE = sign(HEAD, SIGNERS)
WITNESS = Witness("audit.example.org/w1", bytes(range(32)))
AT = 1_679_315_147
COSIGNED = WITNESS.cosign(NOTE, AT)


def test_the_example_of_the_specification_is_read() -> None:
    """The witness's line that tlog-cosignature prints has the parts that we take it to have."""
    blob = base64.b64decode(
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ"
        "qhf5nNo0xUe+mbIUBkBIfZ+qnA=="
    )
    assert (4 + 8 + 64, 1_679_315_147) == (len(blob), int.from_bytes(blob[4:12], "big"))


def test_line_is_laid_out_as_specified() -> None:
    """Key id, time, and an Ed25519 signature over header, time and body: each byte from the text.

    The key id is over the name, a newline, 0x04 and the key.
    """
    line = COSIGNED.removeprefix(NOTE).decode()
    dash, name, encoded = line.split(" ")
    blob = base64.b64decode(encoded)
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    message = b"cosignature/v1\ntime 1679315147\n" + HEAD.body()
    key.verify(blob[12:], message)
    assert ("\N{EM DASH}", "audit.example.org/w1") == (dash, name)
    assert (WITNESS.verifier().id, AT) == (blob[:4], int.from_bytes(blob[4:12], "big"))
    typed = base64.b64decode(WITNESS.verifier().vkey().split("+", 2)[2])
    assert b"\x04" + key.public_bytes_raw() == typed


def test_cosigned_note_opens_with_the_keys_of_log_and_witness() -> None:
    """Who knows the witness may insist on it; who does not passes its line over."""
    assert HEAD == open_note(COSIGNED, (*VERIFIERS, WITNESS.verifier()))
    assert HEAD == open_note(COSIGNED, VERIFIERS)
    assert NoteRefusal.SIGNATURE_MISSING == open_note(NOTE, (*VERIFIERS, WITNESS.verifier()))
    assert NoteRefusal.LOG_KEYS_MISSING == open_note(COSIGNED, [WITNESS.verifier()])


def test_two_witnesses_sign_one_note() -> None:
    """A note gathers as many witnesses as will vouch for it."""
    other = Witness("university.example.org/w2", bytes(32))
    both = other.cosign(COSIGNED, AT + 1)
    assert HEAD == open_note(both, (*VERIFIERS, WITNESS.verifier(), other.verifier()))


def test_witness_named_like_the_log_does_not_stand_in_for_it() -> None:
    """A witness's key never counts as one of the log's two, whatever its name."""
    double = Witness(ORIGIN, SIGNERS[0].seed)
    note = double.cosign(NOTE, AT)
    assert HEAD == open_note(note, (*VERIFIERS, double.verifier()))
    keys = (double.verifier(), VERIFIERS[1])
    assert NoteRefusal.LOG_KEYS_MISSING == open_note(note, keys)


@given(st.integers(0, 71), st.integers(1, 255))
def test_any_changed_byte_of_time_or_signature_is_wrong(spot: int, change: int) -> None:
    """Nobody can move a witness's word to another time."""
    blob = bytearray(base64.b64decode(COSIGNED.removeprefix(NOTE).split(b" ")[2])[4:])
    assert WITNESS.verifier().valid(HEAD, bytes(blob))
    blob[spot] ^= change
    assert not WITNESS.verifier().valid(HEAD, bytes(blob))


def test_signature_for_another_tree_or_of_another_length_is_wrong() -> None:
    """A witness's word holds for one checkpoint."""
    blob = base64.b64decode(COSIGNED.removeprefix(NOTE).split(b" ")[2])[4:]
    assert not WITNESS.verifier().valid(replace(HEAD, size=4), blob)
    for bent in (b"", blob[:7], blob[:8], blob[:-1], blob + b"\0"):
        assert not WITNESS.verifier().valid(HEAD, bent)


def test_time_beyond_the_specification_is_not_believed() -> None:
    """Even the witness itself cannot sign a time that other readers would take for negative."""
    at = 2**63
    key = Ed25519PrivateKey.from_private_bytes(WITNESS.seed)
    signature = key.sign(f"cosignature/v1\ntime {at}\n".encode() + HEAD.body())
    assert not WITNESS.verifier().valid(HEAD, at.to_bytes(8, "big") + signature)


def test_vkey_is_read_back_and_is_not_a_logs() -> None:
    """A witness's key is published as text that no reader takes for a log's key."""
    verifier = WITNESS.verifier()
    assert verifier == parse_witness_vkey(verifier.vkey())
    with pytest.raises(Refused):
        parse_vkey(verifier.vkey())
    for text in ("", "a+b", VERIFIERS[0].vkey(), verifier.vkey()[:-2], f"x{verifier.vkey()}"):
        with pytest.raises(Refused) as refused:
            parse_witness_vkey(text)
        assert NoteRefusal.VKEY_BAD is refused.value.reason


def test_what_is_no_key_and_no_note_is_refused() -> None:
    """A witness that could not be checked does not sign."""
    for reason, make in (
        (NoteRefusal.NAME_BAD, lambda: WitnessVerifier("a b", bytes(32))),
        (NoteRefusal.KEY_BAD, lambda: WitnessVerifier("a", bytes(31))),
        (NoteRefusal.KEY_BAD, lambda: Witness("a", b"short").verifier()),
        (NoteRefusal.NOTE_UNSIGNED, lambda: WITNESS.cosign(b"", AT)),
    ):
        with pytest.raises(Refused) as refused:
            make()
        assert reason is refused.value.reason


def test_secret_bytes_are_not_printed() -> None:
    """A witness in a log or an error message does not give its key away."""
    assert "seed" not in repr(WITNESS)
