"""What a person may have meant by a name that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches

from headgate.core.faults import Sentence


def meant(name: str, known: Iterable[str]) -> Sentence:
    """One sentence: the nearest known name, or the first few of all that there are."""
    names = list(dict.fromkeys(known))
    if near := get_close_matches(name[:64], names, n=1):
        return Sentence("did you mean `{name}`?", name=near[0])
    if not names:
        return Sentence("take it away; nothing may stand here")
    shown = ", ".join(names[:12])
    if len(names) > 12:
        return Sentence("write one of: {names} and others", names=shown)
    return Sentence("write one of: {names}", names=shown)
