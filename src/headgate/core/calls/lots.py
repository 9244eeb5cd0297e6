"""Lots: how a tie is broken where the policy's other words do not decide.

The lot of a subject is the SHA-256 of the journal's root when the facts were closed, and the
subject's id; the smaller lot goes first. Nobody knows it before the facts are in, and anybody can
draw it again afterwards.
"""

import hashlib


def lot(root: bytes, subject: str) -> str:
    """The lot of a subject under a journal root, as 64 hexadecimal digits."""
    return hashlib.sha256(b"headgate lot\n" + root + b"\n" + subject.encode()).hexdigest()
