"""Faults: what is wrong with an input, where it stands, and what would mend it.

A fault is a value, not an exception, so that a check can return all of them at once: a person who
mends a policy file or a usage export wants the whole list, not the first line of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


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


class Faulty(ValueError):
    """Raised at the edge of a reader when an input has faults; carries all of them, sorted."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))
