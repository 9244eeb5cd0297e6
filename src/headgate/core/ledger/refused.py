"""How a function whose answer is a value says no: one exception that carries the refusal's name.

Functions that exist to judge (`post`, `open_note`, `verify_tlog_proof`) return their refusal. The
others raise `Refused`, so that their result type stays plain; the edge of the house catches it.
"""

from enum import Enum
from typing import Any, Self


class Refused(ValueError):
    """A refusal by name: `reason` is a member of the refusing module's own enumeration."""

    def __init__(self, reason: Enum, about: str) -> None:
        self.reason = reason
        self.about = about
        super().__init__(f"{reason.name}: {about}")

    def __reduce__(self) -> tuple[type[Self], tuple[Enum, str], dict[str, Any]]:
        """What another process makes the same from, with the notes on it."""
        return type(self), (self.reason, self.about), vars(self)
