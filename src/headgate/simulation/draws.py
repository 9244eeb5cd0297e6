"""Random draws that anyone can make again: SHA-256 in counter mode over a named stream.

A stream is named by the seed, by whom the draw is about and by what is drawn of it (`Draws("7",
"mark", "APP-0001", "REV-003")`), so that a new stream never shifts another, nor does the order in
which things are asked. An order, or one in so many of a set, is the rank of a draw of each subject.
So two worlds of one seed differ where their policies do, and are alike elsewhere: common random
numbers (Glasserman and Yao, Management Science 38(6), 1992), docs/decisions/0022.

Block `n` of a stream is SHA-256 of the stream's name and of `n` (FIPS 180-4; counter mode as in
NIST SP 800-90A); each block is four draws of 64 bits. Integers are taken modulo their bound, a bias
below 2^-32 for any bound used here. A library's generator would be quicker, but NumPy promises the
same numbers only within one version (NEP 19), and floats branch differently on different machines.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import TypeVar

Name = str | int | tuple[str, ...]
Item = TypeVar("Item")
Subject = TypeVar("Subject", str, int, tuple[str, ...])

PER_MILLE = 1000

_encoded = json.JSONEncoder().encode


class Draws:
    """The draws of one named stream, in order."""

    __slots__ = ("_block", "_name", "_words")

    def __init__(self, *name: Name) -> None:
        self._name = ", ".join(map(_encoded, name))
        self._block = 0
        self._words: list[int] = []

    def of(self, *more: Name) -> "Draws":
        """The stream of a part of what this one is about: its name with more words behind it."""
        part = Draws(*more)
        part._name = f"{self._name}, {part._name}"
        return part

    def word(self) -> int:
        """The next 64 bits."""
        if not self._words:
            block = hashlib.sha256(f"[{self._name}]\n{self._block}".encode()).digest()
            self._words = [int.from_bytes(block[at : at + 8], "big") for at in (24, 16, 8, 0)]
            self._block += 1
        return self._words.pop()

    def below(self, bound: int) -> int:
        """An integer from 0 to `bound` - 1, each as likely."""
        return self.word() % bound

    def part(self, whole: int) -> int:
        """An integer from 0 to `whole` - 1, each as likely: the same part of any whole.

        A bound that moves a little moves it as little, where `below` would draw another number.
        """
        return self.word() * whole >> 64

    def between(self, least: int, most: int) -> int:
        """An integer from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def chance(self, per_mille: int) -> bool:
        """True in `per_mille` of a thousand draws."""
        return self.below(PER_MILLE) < per_mille

    def weighted(self, weights: Sequence[int]) -> int:
        """An index, each as likely as its weight; the weights' sum is above 0.

        Weights that move a little seldom move it (inversion).
        """
        left = self.part(sum(weights))
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return index
        raise AssertionError("a draw below the sum of the weights falls on one of them")

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely."""
        return items[self.below(len(items))]

    def ranked(self, subjects: Iterable[Subject]) -> list[Subject]:
        """The subjects by a draw of each, the least first: who joins leaves the others in order."""
        return sorted(subjects, key=lambda subject: (self.of(subject).word(), subject))

    def octaves(self, least: int, most: int) -> int:
        """A heavy-tailed integer from `least` (above 0) to `most`: each doubling is as likely."""
        doublings = max(0, (most // least).bit_length() - 1)
        low = least << self.below(doublings + 1)
        return self.between(low, min(most, 2 * low))

    def bell(self, spread: int) -> int:
        """An integer around 0 within `spread`: the mean of four even draws (Irwin and Hall)."""
        return sum(self.between(-spread, spread) for _ in range(4)) // 4
