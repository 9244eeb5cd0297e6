"""Faults: what is wrong with an input, where it stands, and what would mend it.

A fault is a value, not an exception, so that a check can return all of them at once: a person who
mends a policy file or a usage export wants the whole list, not the first line of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self


class Placed(Protocol):
    """Anything that stands somewhere in a file; lines and columns count from 1, 0 is the whole."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of one input.

    `line` and `column` count from 1; 0 says that the place is the file as a whole. `code` is the
    fault's stable name (kebab-case, for tests and translations), `what` says what is wrong and
    `mend` what to write instead, both as sentences for the person who holds the file.
    """

    file: str
    line: int
    column: int
    code: str
    what: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.what} [{self.code}]\n    mend: {self.mend}"


class Mended(StrEnum):
    """A closed set of faults: each member is its published code, and knows what mends it."""

    mend: str

    def __new__(cls, code: str, mend: str) -> Self:
        """A member from its code and what mends it."""
        member = str.__new__(cls, code)
        member._value_, member.mend = code, mend
        return member

    def of(self, file: object, what: str, line: int = 0) -> Fault:
        """The fault at a line of a file; at line 0, of the file as a whole."""
        return Fault(str(file), line, 1 if line else 0, self.value, what, self.mend)

    def at(self, place: Placed, what: str) -> Fault:
        """The fault at a place."""
        return Fault(place.file, place.line, place.column, self.value, what, self.mend)

    def alone(self, file: object, what: str) -> "Faulty":
        """The one fault of a file as a whole, ready to be raised."""
        return Faulty([self.of(file, what)])


class Faulty(ValueError):
    """Raised at the edge of a reader when an input has faults; carries all of them, sorted."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))
