"""What a browser says that it is, in the few words by which its owner knows it again.

A browser names others before itself, so the first that is found in this order is the one (RFC 9110,
section 10.1.5, has it as free text). It is for people to read and decides nothing.
"""

from typing import Final

BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Whale/", "Whale"),
    ("coc_coc_browser/", "Cốc Cốc"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
UNKNOWN_MOST: Final = 60
"""Characters that are shown of one that nobody here knows."""


def told(agent: str) -> str:
    """Browser and system; of one that is not known, the beginning of what it says itself."""
    known = [
        next((name for sign, name in names if sign in agent), "") for names in (BROWSERS, SYSTEMS)
    ]
    return " – ".join(filter(None, known)) or agent[:UNKNOWN_MOST] or "—"
