"""Lots: how a tie is broken where the policy's other words do not decide.

The lot of a subject is the SHA-256 of the digest of all that the call received, and the subject's
id; the smaller lot goes first. Nobody who applies knows it before the last one has applied, nothing
that happens later changes it, and anybody can draw it again.
"""

import hashlib


def lot(received: str, subject: str) -> str:
    """The lot of a subject under the digest of what was received, as 64 hexadecimal digits."""
    return hashlib.sha256(f"headgate lot\n{received}\n{subject}".encode()).hexdigest()
