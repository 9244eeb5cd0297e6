"""What a person may have meant by a name that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, known: Iterable[str]) -> str:
    """One sentence: the nearest known name, or the first few of all that there are."""
    names = list(dict.fromkeys(known))
    near = get_close_matches(name[:64], names, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    shown = ", ".join(names[:12]) + (" and others" if len(names) > 12 else "")
    return f"write one of: {shown}" if names else "take it away; nothing may stand here"
