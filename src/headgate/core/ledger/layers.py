"""A map that can be added to without changing it: what lets `Books` be values and still be fast.

A map is a stack of dictionaries that nobody changes any more, newest first, each at least twice as
large as the one before it. A dictionary is added by merging it with every smaller one: n additions
copy O(n log n) items in all, a look-up passes at most log2(n) dictionaries, and an old map keeps
its own content for ever. It is the binary counter of Bentley and Saxe ("Decomposable searching
problems I", Journal of Algorithms 1, 1980).

Under the stack lies a base, which is never copied and never changed: nothing, or what a database
holds. So the same rules run on books in memory and on books that are read only where they are
looked into, and what was added to the base is known exactly. Who will ask for many keys says so
first, because a database answers one question about a thousand sooner than a thousand questions.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

Key = TypeVar("Key")
Value = TypeVar("Value")


@runtime_checkable
class Prefetching(Protocol):
    """A base that is glad to hear which keys it will be asked for."""

    def prefetch(self, keys: Iterable[Any]) -> None:
        """Look these up at once; nothing changes by it but the time that later look-ups take."""


@runtime_checkable
class Dated(Protocol):
    """A base that knows when it was told of its values."""

    def after(self, when: str) -> Mapping[Any, Any]:
        """Those that it was told of after an instant."""


@dataclass(frozen=True, slots=True, eq=False)
class Layers(Mapping[Key, Value]):
    """A persistent map; iteration follows the order of first insertion, the base's keys first."""

    stack: tuple[dict[Key, Value], ...] = ()
    base: Mapping[Key, Value] = field(default_factory=dict)

    def get(self, key: Key, default: Value | None = None) -> Value | None:  # type: ignore[override]
        """The newest value of a key, or the default."""
        for layer in self.stack:
            if key in layer:
                return layer[key]
        return self.base.get(key, default)

    def prefetch(self, keys: Iterable[Key]) -> None:
        """Say which keys will be asked for."""
        if isinstance(self.base, Prefetching):
            self.base.prefetch(keys)

    def after(self, when: str) -> Iterator[Value]:
        """The values that were told after an instant; where nobody knows when, all of them."""
        added = self.added()
        yield from added.values()
        base = self.base.after(when) if isinstance(self.base, Dated) else self.base
        yield from (value for key, value in base.items() if key not in added)

    def under(self, added: dict[Key, Value]) -> "Layers[Key, Value]":
        """This map with `added` on top, which the caller must not touch again."""
        if not added:
            return self
        below = 0
        for layer in self.stack:
            if len(layer) >= 2 * len(added):
                break
            added = layer | added
            below += 1
        return Layers((added, *self.stack[below:]), self.base)

    def added(self) -> dict[Key, Value]:
        """Everything that lies on the base, each key once with its newest value."""
        merged: dict[Key, Value] = {}
        for layer in reversed(self.stack):
            merged.update(layer)
        return merged

    def __getitem__(self, key: Key) -> Value:
        for layer in self.stack:
            if key in layer:
                return layer[key]
        return self.base[key]

    def __iter__(self) -> Iterator[Key]:
        yield from self.base
        yield from (key for key in self.added() if key not in self.base)

    def __len__(self) -> int:
        return sum(1 for _ in self)
