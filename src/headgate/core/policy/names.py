"""What a person may have meant by a name that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from headgate.core.faults import Sentence

SHOWN_MOST: Final = 40
"""A call has some thirty keys; whoever misses a word wants to see them all."""


def near(name: str, known: Iterable[str]) -> list[str]:
    """The one known name that a name is nearest to, if it is near to any."""
    return get_close_matches(name[:64], list(known), n=1)


def meant(name: str, known: Iterable[str]) -> Sentence:
    """One sentence: the nearest known name, or the first few of all that there are."""
    names = list(dict.fromkeys(known))
    if found := near(name, names):
        return Sentence("did you mean `{name}`?", name=found[0])
    if not names:
        return Sentence("take it away; nothing may stand here")
    shown = ", ".join(names[:SHOWN_MOST])
    if len(names) > SHOWN_MOST:
        return Sentence("write one of: {names} and others", names=shown)
    return Sentence("write one of: {names}", names=shown)
