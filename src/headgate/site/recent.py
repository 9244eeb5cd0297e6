"""The few things that a process made last and keeps, in order not to make them again."""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """What was made, by what it follows from; of more than `most` the one longest unused goes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> T | None:
        """What is kept under a key, used just now; None where nothing is."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def keep(self, key: Hashable, made: T) -> None:
        """Keep it as the newest."""
        with self._lock:
            self._made[key] = made
            self._made.move_to_end(key)
            while len(self._made) > self._most:
                self._made.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        """Keep nothing under a key: what is made next needs the room."""
        with self._lock:
            self._made.pop(key, None)

    def clear(self) -> None:
        """Keep nothing of it."""
        with self._lock:
            self._made.clear()
