"""Signed checkpoints and offline proofs: C2SP's bytes, both signatures, every refusal by name."""

import base64
import hashlib
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.core.ledger.checkpoint import (
    NOTE_BYTES_MAX,
    Algorithm,
    Checkpoint,
    NoteRefusal,
    Signer,
    Verifier,
    claimed,
    open_note,
    parse_vkey,
    parse_vkeys,
    proof_extra,
    sign,
    tlog_proof,
    verify_tlog_proof,
)
from headgate.core.ledger.cosign import Witness
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import Tree
from tests.core.ledger.builders import numbered

ORIGIN = "example.org/headgate/서울"
ED25519 = Signer(ORIGIN, Algorithm.ED25519, bytes(range(32)))
ML_DSA_44 = Signer(ORIGIN, Algorithm.ML_DSA_44, bytes(range(32, 64)))
WITNESS = Signer("audit.example.org/w1", Algorithm.ED25519, bytes(range(64, 96)))
SIGNERS = (ED25519, ML_DSA_44)
VERIFIERS = tuple(signer.verifier() for signer in SIGNERS)

ENTRIES = [f"entry {n}".encode() for n in range(11)]
TREE = Tree(ENTRIES)
HEAD = Checkpoint(ORIGIN, len(TREE), TREE.root())
NOTE = sign(HEAD, SIGNERS)
KEYS = "".join(f"{verifier.vkey()}\n" for verifier in VERIFIERS).encode()
BODY, SIGNATURES = NOTE.split(b"\n\n")
PROOF = tlog_proof(4, TREE.inclusion(4, len(TREE)), NOTE)


def resigned(body: bytes) -> bytes:
    """A note with another text under the signatures of the true one."""
    return body + b"\n\n" + SIGNATURES


def test_body_is_the_example_of_the_specification() -> None:
    """The three lines that tlog-checkpoint prints for its example."""
    head = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    expected = (
        b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    assert expected == Checkpoint("example.com/behind-the-sofa", 20852163, head).body()


def test_vkey_and_key_id_are_those_of_the_go_implementation() -> None:
    """The example key of Go's sumdb/note package is read, and written back the same."""
    vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    verifier = parse_vkey(vkey)
    assert ("PeterNeumann", Algorithm.ED25519, "c74f20a3") == (
        verifier.name,
        verifier.algorithm,
        verifier.id.hex(),
    )
    assert vkey == verifier.vkey()


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_vkey_is_read_back(verifier: Verifier) -> None:
    """Both of the log's public keys can be published as text."""
    assert verifier == parse_vkey(verifier.vkey())


def test_file_of_keys_is_read_back() -> None:
    """The keys that a journal publishes are one vkey a line."""
    assert VERIFIERS == parse_vkeys(KEYS)


def test_pin_is_the_digest_of_the_published_line() -> None:
    """Anyone computes a pin with sha256sum; it is what `headgate verify` prints."""
    vkey = VERIFIERS[0].vkey()
    assert f"{ORIGIN}+sha256:{hashlib.sha256(vkey.encode()).hexdigest()}" == VERIFIERS[0].pin()


def test_log_may_sign_a_tree_that_goes_with_it() -> None:
    """Keys sign another origin only where the reader asks for exactly that."""
    other = replace(HEAD, origin=f"{ORIGIN}/handover/1")
    note = sign(other, SIGNERS, log=ORIGIN)
    assert other == open_note(note, VERIFIERS, log=ORIGIN)
    assert NoteRefusal.LOG_KEYS_MISSING == open_note(note, VERIFIERS)
    assert NoteRefusal.LOG_KEYS_MISSING == open_note(NOTE, VERIFIERS, log="another")


def test_claim_of_a_note_is_read_without_belief() -> None:
    """What a note says can be read from a forged one too, and only a note says anything."""
    assert HEAD == claimed(NOTE) == claimed(resigned(BODY))
    assert NoteRefusal.NOTE_UNSIGNED == claimed(BODY)


def test_ed25519_signs_the_body() -> None:
    """Any client of signed-note can check the first signature with the body alone."""
    line = SIGNATURES.split(b"\n")[0].decode()
    dash, name, encoded = line.split(" ")
    blob = base64.b64decode(encoded)
    assert ("\N{EM DASH}", ORIGIN, VERIFIERS[0].id) == (dash, name, blob[:4])
    key = parse_vkey(VERIFIERS[0].vkey())
    assert key.valid(HEAD, blob[4:])
    assert BODY + b"\n" == HEAD.body()


def test_ml_dsa_44_signs_the_cosigned_message_of_the_specification() -> None:
    """The second signature is over tlog-cosignature's structure, laid out here byte by byte."""
    blob = base64.b64decode(SIGNATURES.split(b"\n")[1].split(b" ")[2])
    name = ORIGIN.encode()
    message = b"subtree/v1\n\x00" + bytes([len(name)]) + name + bytes(8)
    message += bytes([len(name)]) + name + struct.pack(">QQ", 0, 11) + TREE.root()
    assert 4 + 8 + 2420 == len(blob)
    assert bytes(8) == blob[4:12]
    MLDSA44PublicKey.from_public_bytes(VERIFIERS[1].public).verify(blob[12:], message)


def test_signed_note_opens_to_its_checkpoint() -> None:
    """What was signed by both keys is what a stranger reads."""
    assert HEAD == open_note(NOTE, VERIFIERS)


def test_unknown_signatures_are_passed_over_and_known_witnesses_demanded() -> None:
    """A witness may add its line; who knows the witness may insist on it."""
    witnessed = sign(HEAD, (*SIGNERS, WITNESS))
    assert HEAD == open_note(witnessed, VERIFIERS)
    assert HEAD == open_note(witnessed, (*VERIFIERS, WITNESS.verifier()))
    assert NoteRefusal.SIGNATURE_MISSING == open_note(NOTE, (*VERIFIERS, WITNESS.verifier()))


def test_secret_bytes_are_not_printed() -> None:
    """A signer in a log or an error message does not give its key away."""
    assert "seed" not in repr(ED25519)


@given(st.data())
@settings(max_examples=200)
def test_note_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    """No byte of a signed note can be changed, not even one that decodes to the same bytes."""
    spot = data.draw(st.integers(0, len(NOTE) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != NOTE[spot]))
    changed = NOTE[:spot] + bytes([byte]) + NOTE[spot + 1 :]
    assert isinstance(open_note(changed, VERIFIERS), NoteRefusal)


def test_second_spelling_of_the_same_root_is_refused() -> None:
    """Base64 that differs only in bits that do not count is another text, and was not signed."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = BODY.decode()[-2]
    respelled = BODY.decode()[:-2] + letters[letters.index(last) ^ 1] + "="
    assert base64.b64decode(respelled.split("\n")[2]) == HEAD.root
    assert NoteRefusal.ROOT_BAD == open_note(resigned(respelled.encode()), VERIFIERS)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_named_refusal(data: bytes) -> None:
    """Whatever is handed in as a note or a proof, the answer is a name and not a crash."""
    assert isinstance(open_note(data, VERIFIERS), NoteRefusal)
    assert isinstance(open_note(BODY + b"\n\n" + data, VERIFIERS), NoteRefusal)
    assert isinstance(verify_tlog_proof(data, ENTRIES[4], VERIFIERS), NoteRefusal)


@pytest.mark.parametrize("index", range(len(ENTRIES)))
def test_proof_file_shows_its_entry_and_no_other(index: int) -> None:
    """An award letter's proof is checked offline, with the log's two public keys alone."""
    proof = tlog_proof(index, TREE.inclusion(index, len(TREE)), NOTE)
    assert HEAD == verify_tlog_proof(proof, ENTRIES[index], VERIFIERS)
    other = ENTRIES[index - 1]
    assert NoteRefusal.NOT_INCLUDED == verify_tlog_proof(proof, other, VERIFIERS)


def test_proof_file_is_laid_out_as_specified() -> None:
    """Header, index, hashes from the leaf up, an empty line, the note verbatim."""
    head, note = PROOF.split(b"\n\n", 1)
    path = [base64.b64encode(node) for node in TREE.inclusion(4, 11)]
    assert [b"c2sp.org/tlog-proof@v1", b"index 4", *path] == head.split(b"\n")
    assert NOTE == note


def test_proof_file_of_a_single_entry_has_no_hashes() -> None:
    """The smallest proof is complete too."""
    tree = Tree([b"only"])
    note = sign(Checkpoint(ORIGIN, 1, tree.root()), SIGNERS)
    proof = tlog_proof(0, tree.inclusion(0, 1), note)
    assert isinstance(verify_tlog_proof(proof, b"only", VERIFIERS), Checkpoint)


def test_extra_line_of_a_proof_is_passed_over() -> None:
    """Proofs that others wrote with their own extra data are read all the same."""
    extra = PROOF.replace(b"\nindex", b"\nextra YWJj\nindex")
    assert HEAD == verify_tlog_proof(extra, ENTRIES[4], VERIFIERS)


SWAPPED = b"\n".join([*reversed(SIGNATURES.strip().split(b"\n")), b""])
LONG_LINE = "\N{EM DASH} ".encode() + b"witness " + base64.b64encode(bytes(NOTE_BYTES_MAX)) + b"\n"

REFUSED_NOTES = [
    (NoteRefusal.NOTE_TOO_LONG, NOTE + LONG_LINE),
    (NoteRefusal.NOTE_NOT_PLAIN, NOTE + b"\xff\n"),
    (NoteRefusal.NOTE_NOT_PLAIN, NOTE.replace(b"\n11\n", b"\n11\r\n")),
    (NoteRefusal.NOTE_UNSIGNED, b""),
    (NoteRefusal.NOTE_UNSIGNED, HEAD.body()),
    (NoteRefusal.NOTE_UNSIGNED, HEAD.body() + b"\n"),
    (NoteRefusal.NOTE_UNSIGNED, NOTE[:-1]),
    (NoteRefusal.SIGNATURE_LINE_BAD, NOTE.replace("\N{EM DASH}".encode(), b"-", 1)),
    (NoteRefusal.SIGNATURE_LINE_BAD, NOTE.replace(b"=\n", b"\n")),
    (NoteRefusal.SIGNATURE_LINE_BAD, NOTE + "\N{EM DASH} a+b AAAAAAA=\n".encode()),
    (NoteRefusal.SIGNATURE_LINE_BAD, NOTE + "\N{EM DASH} witness AAAAAA==\n".encode()),
    (NoteRefusal.BODY_BAD, resigned(b"\n".join(BODY.split(b"\n")[:2]))),
    (NoteRefusal.BODY_BAD, resigned(BODY + b"\nextension")),
    (NoteRefusal.NAME_BAD, resigned(BODY.replace(b"example", b"exam ple"))),
    (NoteRefusal.SIZE_BAD, resigned(BODY.replace(b"\n11\n", b"\n011\n"))),
    (NoteRefusal.SIZE_BAD, resigned(BODY.replace(b"\n11\n", b"\n-1\n"))),
    (NoteRefusal.SIZE_BAD, resigned(BODY.replace(b"\n11\n", b"\n9223372036854775808\n"))),
    (NoteRefusal.ROOT_BAD, resigned(BODY[:-1])),
    (NoteRefusal.ROOT_BAD, resigned(BODY[:-4])),
    (NoteRefusal.LOG_KEYS_MISSING, resigned(BODY.replace(b"example", b"another"))),
    (NoteRefusal.SIGNATURE_MISSING, NOTE[: NOTE.rindex("\N{EM DASH}".encode())]),
    (NoteRefusal.SIGNATURE_MISSING, BODY + b"\n\n" + SIGNATURES.split(b"\n", 1)[1]),
    (NoteRefusal.SIGNATURE_WRONG, resigned(BODY.replace(b"\n11\n", b"\n12\n"))),
    (NoteRefusal.SIGNATURE_WRONG, NOTE + sign(replace(HEAD, size=12), SIGNERS).split(b"\n\n")[1]),
]

REFUSED_PROOFS = [
    (NoteRefusal.PROOF_HEADER_BAD, PROOF.replace(b"@v1", b"@v2", 1)),
    (NoteRefusal.PROOF_INDEX_BAD, PROOF.replace(b"index 4\n", b"")),
    (NoteRefusal.PROOF_INDEX_BAD, PROOF.replace(b"index 4\n", b"index 04\n")),
    (NoteRefusal.PROOF_INDEX_BAD, PROOF.replace(b"index 4\n", b"index -4\n")),
    (NoteRefusal.PROOF_HASH_BAD, PROOF.replace(b"index 4\n", b"index 4\nAAAA\n")),
    (NoteRefusal.NOTE_UNSIGNED, PROOF.split(b"\n\n")[0]),
    (NoteRefusal.NOT_INCLUDED, PROOF.replace(b"index 4\n", b"index 5\n")),
    (NoteRefusal.NOT_INCLUDED, PROOF.replace(b"index 4\n", b"index 11\n")),
]

REFUSED_VALUES: list[tuple[NoteRefusal, Callable[[], object]]] = [
    (NoteRefusal.NAME_BAD, lambda: replace(HEAD, origin="")),
    (NoteRefusal.NAME_BAD, lambda: replace(HEAD, origin="a" * 256)),
    (NoteRefusal.NAME_BAD, lambda: replace(HEAD, origin="a\nb")),
    (NoteRefusal.NAME_BAD, lambda: replace(VERIFIERS[0], name="a+b")),
    (NoteRefusal.NAME_BAD, lambda: replace(VERIFIERS[0], name="a\u3000b")),
    (NoteRefusal.KEY_BAD, lambda: replace(VERIFIERS[0], public=b"short")),
    (NoteRefusal.KEY_BAD, lambda: replace(VERIFIERS[1], public=VERIFIERS[0].public)),
    (NoteRefusal.KEY_BAD, lambda: replace(ED25519, seed=b"short").verifier()),
    (NoteRefusal.KEY_BAD, lambda: replace(ML_DSA_44, seed=b"short").verifier()),
    (NoteRefusal.VKEY_BAD, lambda: parse_vkey("")),
    (NoteRefusal.VKEY_BAD, lambda: parse_vkey("name+c74f20a3+")),
    (NoteRefusal.VKEY_BAD, lambda: parse_vkey("name+c74f20a3+AAAA")),
    (NoteRefusal.VKEY_BAD, lambda: parse_vkey(VERIFIERS[0].vkey().replace("서울", "부산"))),
    (NoteRefusal.KEYS_BAD, lambda: parse_vkeys(b"")),
    (NoteRefusal.KEYS_BAD, lambda: parse_vkeys(b"\xff\n")),
    (NoteRefusal.KEYS_BAD, lambda: parse_vkeys(KEYS[:-1])),
    (NoteRefusal.KEYS_BAD, lambda: parse_vkeys(KEYS + KEYS)),
    (NoteRefusal.VKEY_BAD, lambda: parse_vkeys(KEYS + b"\n")),
    (NoteRefusal.TIME_BAD, lambda: Witness("w", bytes(32)).cosign(NOTE, 0)),
    (NoteRefusal.TIME_BAD, lambda: Witness("w", bytes(32)).cosign(NOTE, 2**63)),
    (NoteRefusal.SIZE_BAD, lambda: replace(HEAD, size=-1)),
    (NoteRefusal.SIZE_BAD, lambda: replace(HEAD, size=2**63)),
    (NoteRefusal.ROOT_BAD, lambda: replace(HEAD, root=b"short")),
    (NoteRefusal.LOG_KEYS_MISSING, lambda: sign(HEAD, [ED25519])),
    (NoteRefusal.LOG_KEYS_MISSING, lambda: sign(HEAD, [ML_DSA_44, WITNESS])),
]


@pytest.mark.parametrize(("refusal", "note"), REFUSED_NOTES, ids=numbered(REFUSED_NOTES))
def test_note_that_is_not_in_order_is_refused(refusal: NoteRefusal, note: bytes) -> None:
    """Either signature missing or wrong, or any disorder, and the text is not believed."""
    assert refusal == open_note(note, VERIFIERS)


@pytest.mark.parametrize(("refusal", "proof"), REFUSED_PROOFS, ids=numbered(REFUSED_PROOFS))
def test_proof_that_shows_nothing_is_refused(refusal: NoteRefusal, proof: bytes) -> None:
    """A proof file is believed only if every part of it holds."""
    assert refusal == verify_tlog_proof(proof, ENTRIES[4], VERIFIERS)


@pytest.mark.parametrize(("refusal", "make"), REFUSED_VALUES, ids=numbered(REFUSED_VALUES))
def test_value_that_cannot_be_signed_is_not_made(
    refusal: NoteRefusal, make: Callable[[], object]
) -> None:
    """A key, a checkpoint or a note that no client could read never leaves the house."""
    with pytest.raises(Refused) as refused:
        make()
    assert refusal is refused.value.reason


def test_every_refusal_is_provoked() -> None:
    """No refusal exists that this suite cannot provoke."""
    provoked = {refusal for refusal, _ in (*REFUSED_NOTES, *REFUSED_PROOFS, *REFUSED_VALUES)}
    assert set(NoteRefusal) == provoked


@pytest.mark.parametrize("verifiers", [(), VERIFIERS[:1], VERIFIERS[1:], (WITNESS.verifier(),)])
def test_one_of_the_two_keys_is_not_enough(verifiers: tuple[Verifier, ...]) -> None:
    """Nobody can be talked into believing a note by one algorithm alone."""
    assert NoteRefusal.LOG_KEYS_MISSING == open_note(NOTE, verifiers)


def test_order_of_signatures_does_not_matter() -> None:
    """A note whose lines were rearranged on the way is the same note."""
    assert HEAD == open_note(BODY + b"\n\n" + SWAPPED, VERIFIERS)


def test_ml_dsa_signature_out_of_form_is_wrong() -> None:
    """A truncated signature, or a time beyond the specification's range, is not believed."""
    signature = ML_DSA_44.signature(HEAD)
    assert VERIFIERS[1].valid(HEAD, signature)
    for bent in (b"", signature[:7], signature[:8], signature[:-1], b"\x80" + signature[1:]):
        assert not VERIFIERS[1].valid(HEAD, bent)


def test_an_entry_travels_with_its_proof() -> None:
    """One file is enough: the entry is in it, and the proof says whether it is the right one."""
    assert b"entry 3" == proof_extra(tlog_proof(3, (), b"note", b"entry 3"))
    assert b"" == proof_extra(tlog_proof(3, (), b"note"))
    assert b"" == proof_extra(b"extra")
    assert b"" == proof_extra(b"c2sp.org/tlog-proof@v1\nextra ???\nindex 3\n")
