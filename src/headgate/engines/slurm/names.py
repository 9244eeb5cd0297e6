"""Names and marks on a Slurm cluster: nothing that a person wrote reaches a command line.

An account is called by what plain letters its award has and by a digest of the whole name, so that
two awards never share one and no name is syntax. What was really meant stands in the description as
a mark that can be read back: Base32 of a canonical line, because Slurm writes small letters only.
"""

import base64
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from headgate.core import canonical

MARK: Final = "headgate1."
PREFIX: Final = "hg_"

_BASE32: Final = re.compile("[a-z2-7]+")
_SAFE: Final = re.compile(r"[A-Za-z0-9/._=:@%+,-]*")


def organisation_of(programme: str) -> str:
    """What an account of the programme has as its organisation; by this it is known again."""
    return f"headgate-{programme}"


@lru_cache(maxsize=65_536)
def account_of(programme: str, award: str, support_class: str) -> str:
    """The account of an award and class: plain letters to be recognised by, a digest to be sure."""
    seed = canonical.line([programme, award, support_class])
    plain = "_".join(re.findall("[a-z0-9]+", f"{award} {support_class}".lower()))[:24]
    return f"{PREFIX}{plain}_{canonical.digest(seed)[:12]}"


def qos_of(account: str, starts: str) -> str:
    """The budget of an account for the term that starts then; a new term has a new one."""
    return f"{account}_{starts[:10].replace('-', '')}"


def standby_of(name: str) -> str:
    """What borrows for an account or programme."""
    return f"{name}_standby"


def mark(facts: Mapping[str, object]) -> str:
    """The facts as a description."""
    data = base64.b32encode(canonical.line(facts)).decode()
    return MARK + data.rstrip("=").lower()


@lru_cache(maxsize=32_768)
def marked(description: str) -> Mapping[str, object] | None:
    """The facts of a description; None where it holds no mark, nothing where it was damaged."""
    if not description.startswith(MARK):
        return None
    try:
        facts = json.loads(plain(description.removeprefix(MARK).lower()))
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


_DIGITS: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyz234567", "0123456789abcdefghijklmnopqrstuv"
)


def plain(text: str) -> bytes:
    """What Base32 in small letters says, read as one number: a fifth of the library's time.

    Raises ValueError for what is none, or of a length that no text has.
    """
    if not _BASE32.fullmatch(text) or len(text) % 8 in (1, 3, 6):
        raise ValueError("this is no Base32")
    bits = 5 * len(text)
    return (int(text.translate(_DIGITS), 32) >> bits % 8).to_bytes(bits // 8, "big")


def safe(word: str) -> str:
    """The word, if it is none that a shell or sacctmgr could take apart; raises ValueError."""
    if not _SAFE.fullmatch(word):
        raise ValueError(f"{word!a} may not stand on a command line")
    return word
