"""A handover: only the old keys themselves can name the new ones."""

from collections.abc import Callable

import pytest

from headgate.core.ledger.checkpoint import Algorithm, Checkpoint, Signer, sign
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.tree import root
from headgate.journal.handover import HandoverRefusal, hand_over, read_handover
from tests.core.ledger.builders import numbered
from tests.journal.builders import ORIGIN


def pair(secret: int, name: str = ORIGIN) -> tuple[Signer, ...]:
    """The keys of one generation."""
    return tuple(Signer(name, algorithm, bytes([secret]) * 32) for algorithm in Algorithm)


OLD, NEW, THIEF = pair(1), pair(2), pair(3)
HANDED = hand_over(1, OLD, NEW)
BLOCK, NOTE = HANDED.split(b"\n\n", 1)


def vkeys(*signers: Signer) -> bytes:
    """The keys as they stand in a handover."""
    return "".join(f"{signer.verifier().vkey()}\n" for signer in signers).encode()


def stating(signers: tuple[Signer, ...], keys: tuple[Signer, ...], origin: str = "") -> bytes:
    """A handover of any keys, signed by any keys, under any name."""
    lines = vkeys(*keys).splitlines()
    head = Checkpoint(origin or f"{ORIGIN}/handover/1", len(lines), root(lines))
    return vkeys(*keys) + b"\n" + sign(head, signers, log=ORIGIN)


def test_handover_names_both_pairs() -> None:
    """Who trusts the old pair learns the new one from it."""
    handover = read_handover(1, HANDED)
    assert tuple(signer.verifier() for signer in OLD) == handover.old
    assert tuple(signer.verifier() for signer in NEW) == handover.new


def test_handover_is_laid_out_as_documented() -> None:
    """A stranger can check one with any C2SP client: four lines, and a head over those four."""
    assert vkeys(*OLD, *NEW) == BLOCK + b"\n"
    lines = BLOCK.split(b"\n")
    assert NOTE.startswith(Checkpoint(f"{ORIGIN}/handover/1", 4, root(lines)).body())


BOTH = (*OLD, *NEW)
REFUSED: list[tuple[HandoverRefusal, Callable[[], bytes]]] = [
    (HandoverRefusal.FORM_BAD, lambda: b""),
    (HandoverRefusal.FORM_BAD, lambda: NOTE),
    (HandoverRefusal.FORM_BAD, lambda: BLOCK),
    (HandoverRefusal.FORM_BAD, lambda: stating(OLD, OLD)),
    (HandoverRefusal.KEYS_UNREADABLE, lambda: HANDED.replace(b"+", b"-", 1)),
    (HandoverRefusal.KEYS_UNREADABLE, lambda: stating(OLD, (*OLD, *OLD))),
    (HandoverRefusal.KEYS_UNSIGNED, lambda: stating(OLD, BOTH)),
    (HandoverRefusal.KEYS_UNSIGNED, lambda: stating(NEW, BOTH)),
    (HandoverRefusal.KEYS_UNSIGNED, lambda: vkeys(*OLD, *THIEF) + b"\n" + NOTE),
    (HandoverRefusal.KEYS_UNSIGNED, lambda: stating((*THIEF, *NEW), BOTH)),
    (HandoverRefusal.KEYS_OTHER, lambda: vkeys(*NEW, *OLD) + b"\n" + NOTE),
    (HandoverRefusal.KEYS_OTHER, lambda: hand_over(2, OLD, NEW)),
    (HandoverRefusal.KEYS_OTHER, lambda: stating(BOTH, BOTH, ORIGIN)),
    (HandoverRefusal.KEYS_OTHER, lambda: stating(BOTH, (OLD[0], NEW[0], OLD[1], NEW[1]))),
    (
        HandoverRefusal.KEYS_OTHER,
        lambda: stating((*OLD, *pair(2, "other")), (*OLD, *pair(2, "other"))),
    ),
]


@pytest.mark.parametrize(("refusal", "make"), REFUSED, ids=numbered(REFUSED))
def test_what_hands_nothing_over_is_refused_by_name(
    refusal: HandoverRefusal, make: Callable[[], bytes]
) -> None:
    """Keys that the old ones did not name, or not these, or not so, are not trusted."""
    with pytest.raises(Refused) as refused:
        read_handover(1, make())
    assert refusal is refused.value.reason


def test_every_refusal_is_provoked() -> None:
    """No refusal of a handover exists that this suite cannot provoke."""
    assert set(HandoverRefusal) == {refusal for refusal, _ in REFUSED}


def test_note_with_a_thiefs_lines_added_hands_nothing_over() -> None:
    """Keys that sign beside the old ones are not named by them: this is why a handover exists."""
    head = Checkpoint(ORIGIN, 4, root(vkeys(*OLD, *THIEF).splitlines()))
    honest = sign(head, OLD)
    added = honest + sign(head, THIEF).split(b"\n\n", 1)[1]
    with pytest.raises(Refused) as refused:
        read_handover(1, vkeys(*OLD, *THIEF) + b"\n" + added)
    assert HandoverRefusal.KEYS_OTHER is refused.value.reason
