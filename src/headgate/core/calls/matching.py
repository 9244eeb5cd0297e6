"""Text matching that works in English, Vietnamese and Korean without a dictionary.

Vietnamese is often typed without its marks, and Korean words carry endings: accents are folded, and
a run of Hangul is read as its pairs of syllables, so that 컴퓨팅자원 is found in 컴퓨팅 자원을.
"""

import re
import unicodedata
from collections.abc import Sequence, Set
from typing import Final

_RUNS: Final = re.compile("[가-힣]+|[^\\W_가-힣]+")
_HANGUL: Final = re.compile("[가-힣]+")
_APART: Final = re.compile("(?<=[가-힣])\\s+(?=[가-힣])")
_STROKES: Final = (("đ", "d"), ("ø", "o"), ("ł", "l"))
_MARKS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
"""Unicode's blocks of combining marks; vowel signs of other scripts are letters and stay."""

_BETWEEN: Final = "\0"

WORDS_MOST: Final = 10
"""Words of a query that are looked for."""


def fold(text: str) -> str:
    """The text in lower case and without marks; Hangul syllables stay whole."""
    if text.isascii():
        return text.lower()
    whole = unicodedata.normalize("NFKC", text).casefold()
    for letter, plain in _STROKES:
        whole = whole.replace(letter, plain)
    if whole.isascii():
        return whole
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", whole)))


Words = tuple[str, ...]
"""The words of a query, as they are looked for in a text that is made findable."""


def words_of(query: str) -> Words:
    """What is looked for: every word, folded; an ending of one or two syllables may be missing.

    A text that has the whole word has it without its ending, so that is all that is looked for.
    """
    return tuple(_without_ending(word) for word in fold(query).split()[:WORDS_MOST])


def _without_ending(word: str) -> str:
    ends = (at for at in (2, 1) if len(word) >= at + 2 and _HANGUL.fullmatch(word[-at:]))
    return word[: -next(ends, 0) or None]


def findable(text: str) -> str:
    """A text as words are found in it: folded, and beside it with its Hangul closed up."""
    plain = fold(text)
    close = plain if plain.isascii() else _APART.sub("", plain)
    return plain if close == plain else f"{plain}\n{close}"


def each_findable(texts: Sequence[str]) -> list[str]:
    """The same of each of many texts, folded as one: that takes a third of the time.

    They are told apart by a sign that no text has; one that has it is folded by itself.
    """
    together = _BETWEEN.join(texts)
    if together.count(_BETWEEN) != len(texts) - 1:
        return [findable(text) for text in texts]
    plain = fold(together)
    wholes = plain.split(_BETWEEN)
    if plain.isascii():
        return wholes
    close = _APART.sub("", plain).split(_BETWEEN)
    return [one if one == two else f"{one}\n{two}" for one, two in zip(wholes, close, strict=True)]


def has_words(text: str, words: Words) -> bool:
    """Whether a text has every word, as a part of a word too, and whatever stands apart in Hangul.

    No word is in every text.
    """
    return stand_in(findable(text), words)


def stand_in(whole: str, words: Words) -> bool:
    """Whether every word stands in a text that `findable` has made ready."""
    return all(word in whole for word in words)


def places(wholes: Sequence[str], words: Words) -> list[int]:
    """Which of many such texts every word stands in, as `stand_in` says of one."""
    found = list(range(len(wholes)))
    for word in words:
        found = [at for at in found if word in wholes[at]]
    return found


def terms(text: str) -> frozenset[str]:
    """What a text is found by: its folded words, and the pairs of syllables of its Hangul."""
    found: set[str] = set()
    for run in _RUNS.findall(fold(text)):
        if "가" <= run[0] <= "힣" and len(run) > 1:
            found.update(run[at : at + 2] for at in range(len(run) - 1))
        else:
            found.add(run)
    return frozenset(found)


def likeness(one: Set[str], other: Set[str]) -> int:
    """How much two sets of terms share, in thousandths of both (Dice's coefficient)."""
    size = len(one) + len(other)
    return 2000 * len(one & other) // size if size else 0


def coverage(wanted: Set[str], text: Set[str]) -> int:
    """How many of the wanted terms a text has, in thousandths."""
    return 1000 * len(wanted & text) // len(wanted) if wanted else 0
