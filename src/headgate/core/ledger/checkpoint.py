"""The signed head of the journal: what leaves the house, and what anyone can check without us.

A checkpoint is the origin's name, the tree's size and its root, signed as a C2SP signed note
(tlog-checkpoint, signed-note) by two keys of the origin: Ed25519 (signature type 0x01), which every
C2SP client reads, and ML-DSA-44 (type 0x06, tlog-cosignature), which a quantum computer does not
break. Either alone is refused. A proof file (tlog-proof) carries one entry's inclusion with it.

ML-DSA signing is hedged with fresh randomness by the cryptography library, so two notes over one
checkpoint differ in that line; compare checkpoints, or their `body`, never whole notes.
"""

import re
import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from headgate.core.ledger.refused import Refused
from headgate.core.ledger.text import is_plain
from headgate.core.ledger.tree import leaf_hash, verify_inclusion

NOTE_BYTES_MAX: Final = 131_072
"""The longest note that is read: room for 16 of the largest signatures, as signed-note demands."""

PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"

_NAME_BYTES_MAX: Final = 255
_SIZE_MAX: Final = 2**63 - 1
_NUMBER: Final = re.compile("0|[1-9][0-9]{0,18}")
_LABEL: Final = b"subtree/v1\n\0"
_DASH: Final = "\N{EM DASH} "


class Algorithm(Enum):
    """How a key signs; the value is C2SP's signature type byte."""

    ED25519 = 0x01
    ML_DSA_44 = 0x06


class NoteRefusal(Enum):
    """Why a key, a checkpoint, a note or a proof is not accepted, in order of precedence."""

    NAME_BAD = "a name is 1 to 255 bytes of plain text without spaces or plus signs"
    KEY_BAD = "the key is not one of its algorithm"
    VKEY_BAD = "a verifier key is written name+id+base64, and the id belongs to the key"
    KEYS_BAD = "a file of keys holds verifier keys one a line, each once and at least one"
    SIZE_BAD = "a tree's size is a whole number from 0 to 2^63 - 1 without leading zeros"
    ROOT_BAD = "a tree's root is 32 bytes, in base64"
    PROOF_HEADER_BAD = "the proof does not begin with c2sp.org/tlog-proof@v1"
    PROOF_INDEX_BAD = "the proof does not say which entry it is about"
    PROOF_HASH_BAD = "a line of the proof is not a hash of 32 bytes in base64"
    NOTE_TOO_LONG = "a note is at most 131,072 bytes"
    NOTE_NOT_PLAIN = "the note is not UTF-8, or holds a control character"
    NOTE_UNSIGNED = "no signature lines follow the note's last empty line"
    SIGNATURE_LINE_BAD = "a signature line is an em dash, a name and base64"
    BODY_BAD = "a checkpoint has three lines: origin, size, root"
    LOG_KEYS_MISSING = "the origin's own Ed25519 and ML-DSA-44 keys are both needed"
    TIME_BAD = "a witness signs at a time after 1970, in whole seconds"
    SIGNATURE_MISSING = "a key that must have signed has not"
    SIGNATURE_WRONG = "a signature does not belong to the checkpoint and the key"
    NOT_INCLUDED = "the proof does not lead from the entry to the checkpoint's root"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a journal: `origin` names it, `size` counts entries, `root` is 32 bytes."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.origin):
            raise Refused(NoteRefusal.NAME_BAD, repr(self.origin[:80]))
        if not 0 <= self.size <= _SIZE_MAX:
            raise Refused(NoteRefusal.SIZE_BAD, str(self.size))
        if len(self.root) != sha256().digest_size:
            raise Refused(NoteRefusal.ROOT_BAD, f"{len(self.root)} bytes")

    def body(self) -> bytes:
        """The note text: three lines, each ended by a newline. Equal checkpoints, equal bytes."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()


class NoteKey(Protocol):
    """What `open_note` must know of a key that has to have signed: a log's, or a witness's."""

    @property
    def name(self) -> str:
        """The name in the signature line."""

    @property
    def id(self) -> bytes:
        """The four bytes that follow the name in the signature line."""

    def valid(self, checkpoint: Checkpoint, signature: bytes) -> bool:
        """Whether the signature (without the key id) is this key's over the checkpoint."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A log's public key under its name; `public` is 32 bytes for Ed25519, 1,312 for ML-DSA-44."""

    name: str
    algorithm: Algorithm
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise Refused(NoteRefusal.NAME_BAD, repr(self.name[:80]))
        try:
            self._key()
        except ValueError as error:
            raise Refused(NoteRefusal.KEY_BAD, str(error)) from None

    @property
    def id(self) -> bytes:
        """The four bytes that, with the name, say which key signed (signed-note, "Signatures")."""
        return key_id(self.name, self._typed())

    def vkey(self) -> str:
        """The key as text, for publication: name+id+base64(type, public key)."""
        return f"{self.name}+{self.id.hex()}+{b64encode(self._typed()).decode()}"

    def pin(self) -> str:
        """The key as a person pins it, name+SHA-256 of the vkey: an id of 4 bytes can be forged."""
        return f"{self.name}+sha256:{sha256(self.vkey().encode()).hexdigest()}"

    def valid(self, checkpoint: Checkpoint, signature: bytes) -> bool:
        """Whether the signature (without the key id) is this key's over the checkpoint."""
        if self.algorithm is Algorithm.ED25519:
            message = checkpoint.body()
        else:
            timestamp, signature = signature[:8], signature[8:]
            if len(timestamp) != 8 or timestamp[0] & 0x80:
                return False
            message = _cosigned_message(self.name, timestamp, checkpoint)
        try:
            self._key().verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def _key(self) -> Ed25519PublicKey | MLDSA44PublicKey:
        if self.algorithm is Algorithm.ED25519:
            return Ed25519PublicKey.from_public_bytes(self.public)
        return MLDSA44PublicKey.from_public_bytes(self.public)

    def _typed(self) -> bytes:
        return bytes([self.algorithm.value]) + self.public


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key under its name, from the 32 secret bytes of either algorithm."""

    name: str
    algorithm: Algorithm
    seed: bytes = field(repr=False)

    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.algorithm, self._key().public_key().public_bytes_raw())

    def signature(self, checkpoint: Checkpoint) -> bytes:
        """The signature over a checkpoint, without the key id.

        An ML-DSA-44 signature carries the timestamp 0: the core has no clock, and by
        tlog-cosignature a zero makes no statement about time.
        """
        if self.algorithm is Algorithm.ED25519:
            return self._key().sign(checkpoint.body())
        timestamp = bytes(8)
        return timestamp + self._key().sign(_cosigned_message(self.name, timestamp, checkpoint))

    def _key(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        try:
            if self.algorithm is Algorithm.ED25519:
                return Ed25519PrivateKey.from_private_bytes(self.seed)
            return MLDSA44PrivateKey.from_seed_bytes(self.seed)
        except ValueError as error:
            raise Refused(NoteRefusal.KEY_BAD, str(error)) from None


def parse_vkey(text: str) -> Verifier:
    """The inverse of `Verifier.vkey`; raises `Refused` for any other text."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    typed = unbase64(encoded)
    try:
        verifier = Verifier(name, Algorithm(typed[0]), typed[1:]) if typed else None
    except (ValueError, Refused):
        verifier = None
    if verifier is None or verifier.vkey() != text:
        raise Refused(NoteRefusal.VKEY_BAD, repr(text[:80]))
    return verifier


def parse_vkeys(data: bytes) -> tuple[Verifier, ...]:
    """The keys of a published file of keys: one vkey a line, each once, at least one."""
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise Refused(NoteRefusal.KEYS_BAD, str(error)) from None
    verifiers = tuple(map(parse_vkey, lines[:-1]))
    if not verifiers or lines[-1] or len(set(verifiers)) < len(verifiers):
        raise Refused(NoteRefusal.KEYS_BAD, f"{len(lines)} lines")
    return verifiers


def sign(checkpoint: Checkpoint, signers: Sequence[Signer], log: str | None = None) -> bytes:
    """The signed note of a checkpoint, one line a signer, in the order given.

    Raises `Refused` unless both keys of the log are among the signers; the log is the origin
    itself, or `log` where a log signs a tree that goes with it (the keys that it hands over to).
    """
    verifiers = [signer.verifier() for signer in signers]
    if not _has_log_keys(checkpoint.origin if log is None else log, verifiers):
        raise Refused(NoteRefusal.LOG_KEYS_MISSING, checkpoint.origin)
    lines = [
        signature_line(verifier, signer.signature(checkpoint))
        for signer, verifier in zip(signers, verifiers, strict=True)
    ]
    return checkpoint.body() + b"\n" + b"".join(lines)


def signature_line(key: NoteKey, signature: bytes) -> bytes:
    """The line that a signature adds to a note."""
    return f"{_DASH}{key.name} {b64encode(key.id + signature).decode()}\n".encode()


def claimed(note: bytes) -> Checkpoint | NoteRefusal:
    """The checkpoint that a note claims, whoever signed it: nothing is shown by it yet."""
    parts = _split_note(note)
    return parts if isinstance(parts, NoteRefusal) else _parse_body(parts[0])


def open_note(
    note: bytes, verifiers: Sequence[NoteKey], log: str | None = None
) -> Checkpoint | NoteRefusal:
    """The checkpoint of a note that every verifier has signed, or why it must be ignored.

    The verifiers must hold both keys of the log (the origin, or `log` as in `sign`), so a note of
    another log is refused; a witness's key may be added and is then demanded too. Lines of unknown
    keys are passed over.
    """
    parts = _split_note(note)
    if isinstance(parts, NoteRefusal):
        return parts
    text, signatures = parts
    checkpoint = _parse_body(text)
    if isinstance(checkpoint, NoteRefusal):
        return checkpoint
    if not _has_log_keys(checkpoint.origin if log is None else log, verifiers):
        return NoteRefusal.LOG_KEYS_MISSING
    for verifier in verifiers:
        own = [blob[4:] for name, blob in signatures if (name, blob[:4]) == _who(verifier)]
        if not own:
            return NoteRefusal.SIGNATURE_MISSING
        if not all(verifier.valid(checkpoint, signature) for signature in own):
            return NoteRefusal.SIGNATURE_WRONG
    return checkpoint


def tlog_proof(index: int, path: Iterable[bytes], note: bytes, extra: bytes = b"") -> bytes:
    """The offline proof file (".tlog-proof") that entry `index` stands under a signed note.

    `path` is `Tree.inclusion(index, size)` at the note's size. `extra` travels with the proof: the
    entry itself, so that one file is enough to check it.
    """
    extras = [f"extra {b64encode(extra).decode()}"] if extra else []
    nodes = (b64encode(node).decode() for node in path)
    lines = [PROOF_HEADER, *extras, f"index {index}", *nodes, "", ""]
    return "\n".join(lines).encode() + note


def proof_extra(proof: bytes) -> bytes:
    """What travels with a proof, empty where nothing does; true only if the proof shows it."""
    line = proof.split(b"\n", maxsplit=2)[1:2]
    told = line[0].decode(errors="replace") if line else ""
    return unbase64(told.removeprefix("extra ")) if told.startswith("extra ") else b""


def verify_tlog_proof(
    proof: bytes, entry: bytes, verifiers: Sequence[Verifier]
) -> Checkpoint | NoteRefusal:
    """The checkpoint under which a proof file shows the entry to stand, or why it shows nothing."""
    head, _, note = proof.partition(b"\n\n")
    header, *lines = head.decode(errors="replace").split("\n")
    if header != PROOF_HEADER:
        return NoteRefusal.PROOF_HEADER_BAD
    # Extra data is not authenticated; tlog-proof lets it stand there and we pass it over.
    lines = lines[1:] if lines and lines[0].startswith("extra ") else lines
    index = lines[0].removeprefix("index ") if lines and lines[0].startswith("index ") else ""
    if _NUMBER.fullmatch(index) is None:
        return NoteRefusal.PROOF_INDEX_BAD
    path = [node for line in lines[1:] if len(node := unbase64(line)) == sha256().digest_size]
    if len(path) < len(lines) - 1:
        return NoteRefusal.PROOF_HASH_BAD
    checkpoint = open_note(note, verifiers)
    if isinstance(checkpoint, NoteRefusal):
        return checkpoint
    leaf = leaf_hash(entry)
    shown = verify_inclusion(leaf, int(index), checkpoint.size, path, checkpoint.root)
    return checkpoint if shown else NoteRefusal.NOT_INCLUDED


def _split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]] | NoteRefusal:
    """A note's text and its signature lines as (name, key id and signature)."""
    if len(note) > NOTE_BYTES_MAX:
        return NoteRefusal.NOTE_TOO_LONG
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        return NoteRefusal.NOTE_NOT_PLAIN
    if not all(map(is_plain, whole.split("\n"))):
        return NoteRefusal.NOTE_NOT_PLAIN
    text, gap, block = whole.rpartition("\n\n")
    if not gap or not block.endswith("\n"):
        return NoteRefusal.NOTE_UNSIGNED
    signatures = []
    for line in block[:-1].split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        blob = unbase64(encoded)
        if not line.startswith(_DASH) or not is_key_name(name) or len(blob) <= 4:
            return NoteRefusal.SIGNATURE_LINE_BAD
        signatures.append((name, blob))
    return f"{text}\n", signatures


def _parse_body(text: str) -> Checkpoint | NoteRefusal:
    """The checkpoint of a note's text; extension lines, which not every key signs, are refused."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        return NoteRefusal.BODY_BAD
    origin, size, root, _ = lines
    if not is_key_name(origin):
        return NoteRefusal.NAME_BAD
    if _NUMBER.fullmatch(size) is None or int(size) > _SIZE_MAX:
        return NoteRefusal.SIZE_BAD
    if len(unbase64(root)) != sha256().digest_size:
        return NoteRefusal.ROOT_BAD
    return Checkpoint(origin, int(size), unbase64(root))


def _cosigned_message(name: str, timestamp: bytes, checkpoint: Checkpoint) -> bytes:
    """What an ML-DSA-44 key signs: `cosigned_message` of tlog-cosignature, over the whole tree."""
    cosigner, origin = name.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            _LABEL,
            bytes([len(cosigner)]),
            cosigner,
            timestamp,
            bytes([len(origin)]),
            origin,
            struct.pack(">QQ", 0, checkpoint.size),
            checkpoint.root,
        )
    )


def _has_log_keys(origin: str, keys: Sequence[NoteKey]) -> bool:
    own = [key for key in keys if isinstance(key, Verifier) and key.name == origin]
    return {key.algorithm for key in own} == set(Algorithm)


def _who(key: NoteKey) -> tuple[str, bytes]:
    return key.name, key.id


def key_id(name: str, typed: bytes) -> bytes:
    """The four bytes of a key with its type byte before it (signed-note, "Signatures")."""
    return sha256(name.encode() + b"\n" + typed).digest()[:4]


def is_key_name(name: str) -> bool:
    """Whether a note can name a key, or a log, so."""
    fits = 0 < len(name.encode(errors="replace")) <= _NAME_BYTES_MAX
    return fits and is_plain(name) and "+" not in name and not any(map(str.isspace, name))


def unbase64(text: str) -> bytes:
    """The bytes of canonical base64 (RFC 4648 section 4); empty for any other text."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return b""
    return data if b64encode(data).decode() == text else b""
