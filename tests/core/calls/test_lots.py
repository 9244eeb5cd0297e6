"""A lot is drawn from the journal's root and nothing else."""

from hashlib import sha256

from headgate.core.calls.lots import lot


def test_anybody_can_draw_a_lot_again() -> None:
    """The published rule: SHA-256 of `headgate lot`, the root and the subject, line by line."""
    root = bytes(range(32))
    expected = sha256(b"headgate lot\n" + root + b"\nopen-1").hexdigest()
    assert expected == lot(root, "open-1")


def test_another_root_or_subject_has_another_lot() -> None:
    """Who does not know the root cannot know a lot."""
    drawn = {lot(bytes([n]) * 32, name) for n in range(8) for name in ("open-1", "open-2")}
    assert 16 == len(drawn)
