"""A witness's signature on another's checkpoint: C2SP tlog-cosignature, `cosignature/v1`.

A witness states that, at the time it gives, this was the largest consistent tree it had seen of the
log. Its key is Ed25519 under signature type 0x04, so that it is never taken for a log's own.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from headgate.core.ledger.checkpoint import (
    Checkpoint,
    NoteRefusal,
    claimed,
    is_key_name,
    key_id,
    signature_line,
    unbase64,
)
from headgate.core.ledger.refused import Refused

_TYPE: Final = b"\x04"
_KEY_BYTES: Final = 32
_TIME_BYTES: Final = 8
_TIME_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class WitnessVerifier:
    """A witness's public key of 32 bytes under its name; `open_note` demands its signature."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise Refused(NoteRefusal.NAME_BAD, repr(self.name[:80]))
        if len(self.public) != _KEY_BYTES:
            raise Refused(NoteRefusal.KEY_BAD, f"{len(self.public)} bytes")

    @property
    def id(self) -> bytes:
        """The four bytes that, with the name, say which key signed."""
        return key_id(self.name, _TYPE + self.public)

    def vkey(self) -> str:
        """The key as text, for publication: name+id+base64(type, public key)."""
        return f"{self.name}+{self.id.hex()}+{b64encode(_TYPE + self.public).decode()}"

    def valid(self, checkpoint: Checkpoint, signature: bytes) -> bool:
        """Whether the time and signature (without the key id) are this key's."""
        at = int.from_bytes(signature[:_TIME_BYTES], "big")
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public)
            key.verify(signature[_TIME_BYTES:], _message(checkpoint, at))
        except InvalidSignature:
            return False
        return at <= _TIME_MAX


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness's private key, 32 secret bytes, under its name."""

    name: str
    seed: bytes = field(repr=False)

    def verifier(self) -> WitnessVerifier:
        """The public half."""
        return WitnessVerifier(self.name, self._key().public_key().public_bytes_raw())

    def cosign(self, note: bytes, at: int) -> bytes:
        """The note with this witness's line added; `at` counts seconds since 1970.

        To be called only for a note that was opened and found consistent with all before it.
        """
        checkpoint = claimed(note)
        if isinstance(checkpoint, NoteRefusal):
            raise Refused(checkpoint, "the note to cosign")
        if not 0 < at <= _TIME_MAX:
            raise Refused(NoteRefusal.TIME_BAD, str(at))
        signature = self._key().sign(_message(checkpoint, at))
        return note + signature_line(self.verifier(), at.to_bytes(_TIME_BYTES, "big") + signature)

    def _key(self) -> Ed25519PrivateKey:
        try:
            return Ed25519PrivateKey.from_private_bytes(self.seed)
        except ValueError as error:
            raise Refused(NoteRefusal.KEY_BAD, str(error)) from None


def parse_witness_vkey(text: str) -> WitnessVerifier:
    """The inverse of `WitnessVerifier.vkey`; raises `Refused` for any other text."""
    name, _, rest = text.partition("+")
    try:
        verifier = WitnessVerifier(name, unbase64(rest.partition("+")[2])[1:])
    except Refused:
        verifier = None
    if verifier is None or verifier.vkey() != text:
        raise Refused(NoteRefusal.VKEY_BAD, repr(text[:80]))
    return verifier


def _message(checkpoint: Checkpoint, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n".encode() + checkpoint.body()
