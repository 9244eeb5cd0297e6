"""Text matching that works in English, Vietnamese and Korean without a dictionary.

Vietnamese is often typed without its marks, and Korean words carry endings: accents are folded, and
a run of Hangul is read as its pairs of syllables, so that 컴퓨팅자원 is found in 컴퓨팅 자원을.
"""

import re
import unicodedata
from collections.abc import Set
from typing import Final

_RUNS: Final = re.compile("[가-힣]+|[^\\W_가-힣]+")
_STROKES: Final = str.maketrans({"đ": "d", "ø": "o", "ł": "l"})


def fold(text: str) -> str:
    """The text in lower case and without marks; Hangul syllables stay whole."""
    whole = unicodedata.normalize("NFKC", text).casefold().translate(_STROKES)
    return "".join(sign if "가" <= sign <= "힣" else _bare(sign) for sign in whole)


def _bare(sign: str) -> str:
    parts = unicodedata.normalize("NFD", sign)
    return "".join(part for part in parts if unicodedata.category(part) != "Mn")


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
