"""What text may stand in a ledger: the rule that keeps one entry on one honest line.

The rule is a fixed list of code points and not a Unicode category, so that the same text is judged
the same under every version of Python and of Unicode.
"""

import re
from typing import Final

from headgate.core.quantities import seconds_of

NAME_LENGTH_MAX: Final = 1_000
"""Bytes of UTF-8 in an id, a path or a reason.

A transfer's entry then stays far below 65,535 bytes, and a row of an index with a path and a unit
in it below the 2,704 that PostgreSQL's can hold.
"""

# C0 and C1 controls, line separators, marks that reorder a printed line, and lone surrogates.
_BREAKS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def is_plain(text: str) -> bool:
    """Whether the text stays on one line, reads in the order it is stored and is valid UTF-8."""
    return (text.isascii() and text.isprintable()) or _BREAKS.search(text) is None


def is_name(text: str) -> bool:
    """Whether the text can name something: plain, not empty, and not too long."""
    if not 0 < len(text) <= NAME_LENGTH_MAX or not is_plain(text):
        return False
    return text.isascii() or len(text.encode()) <= NAME_LENGTH_MAX


def is_instant(text: str) -> bool:
    """Whether the text is an instant as the ledger writes it: UTC, ISO 8601, whole seconds.

    One form only, "2026-03-09T00:00:00Z", so that the order of the text is the order of time.
    """
    try:
        seconds_of(text)
    except ValueError:
        return False
    return True
