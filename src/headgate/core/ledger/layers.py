"""A map that can be added to without changing it: what lets `Books` be values and still be fast.

A map is a stack of dictionaries that nobody changes any more, newest first, each at least twice as
large as the one before it. A dictionary is added by merging it with every smaller one: n additions
copy O(n log n) items in all, a look-up passes at most log2(n) dictionaries, and an old map keeps
its own content for ever. It is the binary counter of Bentley and Saxe ("Decomposable searching
problems I", Journal of Algorithms 1, 1980).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Layers(Generic[Value]):
    """A persistent map from text to values; iteration follows the order of first insertion."""

    stack: tuple[dict[str, Value], ...] = ()

    def get(self, key: str) -> Value | None:
        """The newest value of a key, or None."""
        for layer in self.stack:
            if key in layer:
                return layer[key]
        return None

    def under(self, added: dict[str, Value]) -> "Layers[Value]":
        """This map with `added` on top, which the caller must not touch again."""
        if not added:
            return self
        below = 0
        for layer in self.stack:
            if len(layer) >= 2 * len(added):
                break
            added = layer | added
            below += 1
        return Layers((added, *self.stack[below:]))

    def items(self) -> Iterator[tuple[str, Value]]:
        """Every key once with its newest value."""
        merged: dict[str, Value] = {}
        for layer in reversed(self.stack):
            merged.update(layer)
        yield from merged.items()
