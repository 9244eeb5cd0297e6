"""Check the proof that came with a letter: one file, and the keys that the log publishes.

A proof outlives the keys that signed it, so the pairs that have made way since are looked through
as well: the handovers name them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from headgate.core.ledger.checkpoint import (
    Checkpoint,
    NoteRefusal,
    Verifier,
    parse_vkeys,
    proof_extra,
    verify_tlog_proof,
)
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tiles import Read
from headgate.journal.folder import HANDOVER, KEYS
from headgate.journal.handover import read_handover

HANDOVERS_MOST: Final = 1_000
"""How many changes of keys are looked through: more than any log has, fewer than no end."""


class ProofRefusal(Enum):
    """Why a proof shows nothing."""

    KEYS_MISSING = "the journal publishes no keys there"
    PROOF_WRONG = "the proof does not show its entry under a checkpoint of this log"
    KEY_NOT_SIGNED = "a key that must have signed has not"


@dataclass(frozen=True, slots=True)
class Proved:
    """An entry's exact bytes, the checkpoint that it stands under, and the keys that signed it."""

    entry: bytes
    checkpoint: Checkpoint
    keys: tuple[Verifier, ...]


def proved(proof: bytes, read: Read, pins: Sequence[str] = ()) -> Proved:
    """What a proof shows of the log whose public files `read` gives; raises `Refused`.

    With `pins` (each `name+sha256:...`), those keys must be among the ones that signed.
    """
    entry, why = proof_extra(proof), NoteRefusal.SIGNATURE_MISSING
    for keys in _pairs(read):
        shown = verify_tlog_proof(proof, entry, keys)
        if isinstance(shown, Checkpoint):
            if missing := [pin for pin in pins if pin not in {key.pin() for key in keys}]:
                raise Refused(ProofRefusal.KEY_NOT_SIGNED, ", ".join(missing))
            return Proved(entry, shown, keys)
        why = why if shown is NoteRefusal.SIGNATURE_MISSING else shown
    raise Refused(ProofRefusal.PROOF_WRONG, why.value)


def _pairs(read: Read) -> Iterator[tuple[Verifier, ...]]:
    """The pair that signs now, then those of the handovers, oldest first."""
    try:
        listed = read(KEYS)
    except LookupError as error:
        raise Refused(ProofRefusal.KEYS_MISSING, str(error)) from None
    yield parse_vkeys(listed)
    for number in range(1, HANDOVERS_MOST + 1):
        try:
            handover = read_handover(number, read(f"{HANDOVER}/{number}"))
        except LookupError:
            return
        yield handover.old
