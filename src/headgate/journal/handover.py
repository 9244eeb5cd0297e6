"""How one pair of keys makes way for the next: a statement that both pairs sign.

A checkpoint that old and new keys have signed would not do: anyone can add a line of his own keys
to a note that the old ones signed. So the old pair signs the new keys themselves. The statement is
a file of four verifier keys, old pair first, an empty line, and the signed head of the tree whose
four entries those lines are; its origin is `<log>/handover/<number>`, so that it can never be taken
for a head of the journal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from headgate.core.ledger.checkpoint import (
    Algorithm,
    Checkpoint,
    NoteRefusal,
    Signer,
    Verifier,
    open_note,
    parse_vkeys,
    sign,
)
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import root

Pair = tuple[Verifier, Verifier]
"""The public keys of one generation: Ed25519, ML-DSA-44."""


class HandoverRefusal(Enum):
    """Why a handover hands nothing over, in order of precedence."""

    FORM_BAD = "a handover is four keys, old pair first, an empty line and a signed note"
    KEYS_UNREADABLE = "one of its four keys cannot be read"
    KEYS_UNSIGNED = "the four keys have not all signed it"
    KEYS_OTHER = "what they signed are not these keys, or not under this number"


@dataclass(frozen=True, slots=True)
class Handover:
    """Old keys that made way, and the new ones that they named."""

    old: Pair
    new: Pair


def hand_over(number: int, old: Sequence[Signer], new: Sequence[Signer]) -> bytes:
    """The statement with which the old pair names the new one, as it is published."""
    vkeys = [signer.verifier().vkey() for signer in (*old, *new)]
    head = _head(old[0].name, number, vkeys)
    note = sign(head, (*old, *new), log=old[0].name)
    return "".join(f"{vkey}\n" for vkey in vkeys).encode() + b"\n" + note


def read_handover(number: int, data: bytes) -> Handover:
    """The two pairs of a handover that all four keys have signed; else raises `Refused`."""
    block, gap, note = data.partition(b"\n\n")
    if not gap or block.count(b"\n") != 3:
        raise Refused(HandoverRefusal.FORM_BAD, f"handover {number}")
    try:
        keys = parse_vkeys(block + b"\n")
    except Refused as error:
        raise Refused(HandoverRefusal.KEYS_UNREADABLE, str(error)) from None
    head = open_note(note, keys, log=keys[0].name)
    if isinstance(head, NoteRefusal):
        raise Refused(HandoverRefusal.KEYS_UNSIGNED, head.value)
    if head != _head(keys[0].name, number, [key.vkey() for key in keys]) or not _are_pairs(keys):
        raise Refused(HandoverRefusal.KEYS_OTHER, head.origin)
    return Handover((keys[0], keys[1]), (keys[2], keys[3]))


def _head(log: str, number: int, vkeys: Sequence[str]) -> Checkpoint:
    lines = [vkey.encode() for vkey in vkeys]
    return Checkpoint(f"{log}/handover/{number}", len(lines), root(lines))


def _are_pairs(keys: Sequence[Verifier]) -> bool:
    """Whether the keys are two pairs of one log."""
    algorithms = [key.algorithm for key in keys]
    return len({key.name for key in keys}) == 1 and algorithms == [*Algorithm, *Algorithm]
