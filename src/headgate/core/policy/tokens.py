"""The words of an expression, one by one: as much of CEL's grammar as checks need.

Source: the Common Expression Language specification, cel.dev, section on syntax.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<text>[rRbB]{0,2}(?:'''(?:.|\n)*?'''|\"\"\"(?:.|\n)*?\"\"\"
                            |"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
      | (?P<double>\d+\.\d+(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+)
      | (?P<whole>0x[0-9a-fA-F]+u?|\d+u?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>.)""",
    re.VERBOSE,
)
MACROS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
WORDS: Final = frozenset({"true", "false", "null", "in"})
TYPES: Final = frozenset(
    {"int", "string", "bool", "uint", "list", "map", "timestamp", "duration", "type"}
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign, its kind, and where it begins."""

    kind: str
    text: str
    offset: int


def tokens_of(expression: str) -> Iterator[Token]:
    """The words and signs of an expression, without spaces and remarks."""
    for found in _TOKEN.finditer(expression):
        kind = found.lastgroup or "sign"
        if kind != "space":
            yield Token(kind, found.group(), found.start())
