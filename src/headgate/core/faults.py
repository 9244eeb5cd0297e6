"""Faults: what is wrong with an input, where it stands, and what would mend it.

A fault is a value, not an exception, so that a check can return all of them at once: a person who
mends a policy file or a usage export wants the whole list, not the first line of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, Protocol, Self

VALUE_MOST: Final = 300
"""Characters of a value that a sentence about a hostile file shows."""


class Sentence(str):
    """A sentence in English that knows its form and the values in it.

    It is a text like any other to whoever reads English; another language says the same form, a
    text in braces, with the same values.
    """

    __slots__ = ("form", "values")
    form: str
    values: Mapping[str, object]

    def __new__(cls, form: str, /, **values: object) -> "Sentence":
        """The form with its values set in; a brace that is meant is written twice."""
        made = super().__new__(cls, form.format_map(values))
        made.form, made.values = form, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (self.form,), dict(self.values)

    def printable(self) -> "Sentence":
        """It with values that are short enough and printable, whatever a hostile file holds."""
        return Sentence(self.form, **{name: _printable(it) for name, it in self.values.items()})

    @classmethod
    def of(cls, text: str) -> "Sentence":
        """A text as a sentence: what it is already, or one that has no values."""
        return text if isinstance(text, cls) else cls(text.replace("{", "{{").replace("}", "}}"))


def quoted(words: object) -> str:
    """What a program of others says, as it may stand between the quotation marks of a sentence."""
    return str(words).replace('"', "'")


def _printable(value: object) -> object:
    if isinstance(value, Sentence):
        return value.printable()
    if isinstance(value, int | date):
        return value
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return text if len(text) <= VALUE_MOST else text[: VALUE_MOST - 3] + "..."


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
    fault's stable name (kebab-case, for tests and programs), `what` says what is wrong and `mend`
    what to write instead, both as sentences for the person who holds the file: where a page may
    show them they are of `Sentence`, or have no values.
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

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Fault, ...]]]:
        """What another process makes the same from."""
        return type(self), (self.faults,)
