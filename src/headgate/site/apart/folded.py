"""A value that crosses from one process to another as bytes, and is made of them when asked for.

To take over ten thousand reasons costs a worker far more than the one page of them that it shows.
"""

import pickle
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")

UNFOLDED_MOST = 8
"""Values that a process has as they are, of those that came to it as bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Folded(Generic[T]):
    """A value as it was `made` here, or else the bytes that another process made of it."""

    made: T | None
    data: bytes = b""

    @property
    def value(self) -> T:
        """The value; whoever asks for another one next finds it among a few that are kept."""
        found: Any = _unfolded(self.data) if self.data else self.made
        return found  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[type[Self], tuple[None, bytes]]:
        """It goes to another process as bytes, which are no more than copied there."""
        return type(self), (None, self.data or pickle.dumps(self.made, pickle.HIGHEST_PROTOCOL))

    def __eq__(self, other: object) -> bool:
        """The same value, wherever it was made."""
        return isinstance(other, Folded) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]


@lru_cache(UNFOLDED_MOST)
def _unfolded(data: bytes) -> Any:
    return pickle.loads(data)
