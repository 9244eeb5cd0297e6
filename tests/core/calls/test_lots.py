"""A lot is drawn from what the call received and nothing else."""

from hashlib import sha256

from headgate.core.calls.lots import lot


def test_anybody_can_draw_a_lot_again() -> None:
    """The published rule: SHA-256 of `headgate lot`, the digest and the subject, line by line."""
    received = sha256(b"applications").hexdigest()
    expected = sha256(f"headgate lot\n{received}\nopen-1".encode()).hexdigest()
    assert expected == lot(received, "open-1")


def test_another_digest_or_subject_has_another_lot() -> None:
    """Who does not know what all have sent cannot know a lot."""
    drawn = {lot(f"{n:064x}", name) for n in range(8) for name in ("open-1", "open-2")}
    assert 16 == len(drawn)
