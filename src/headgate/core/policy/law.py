"""The articles that values rest on: paragraphs of `law/*.md`, found by their heading's anchor.

An anchor is written `{#art-5}` at a heading's end; a heading without one has the slug of its words.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_EXPLICIT = re.compile(r"^(.*?)\s*\{#([^\s{}]+)\}$")


@dataclass(frozen=True, slots=True)
class Article:
    """One heading of a law file, the line it stands on and the words below it."""

    file: str
    line: int
    title: str
    words: str

    @property
    def column(self) -> int:
        """Headings begin their line."""
        return 1


@lru_cache(maxsize=256)
def articles(file: str, text: str) -> Mapping[str, Article]:
    """The articles of one file by anchor; of two with the same anchor the first counts."""
    lines = text.splitlines()
    headings = [(i, head) for i, line in enumerate(lines) if (head := _HEADING.match(line))]
    ends = [index for index, _ in headings[1:]] + [len(lines)]
    found: dict[str, Article] = {}
    for (index, match), end in zip(headings, ends, strict=False):
        title, anchor = _title(match.group(2))
        words = "\n".join(lines[index + 1 : end]).strip()
        found.setdefault(anchor, Article(file, index + 1, title, words))
    return found


def _title(heading: str) -> tuple[str, str]:
    """A heading's words and its anchor, written or made of the words."""
    if explicit := _EXPLICIT.match(heading):
        return explicit.group(1), explicit.group(2)
    return heading, re.sub(r"[^\w]+", "-", heading.lower()).strip("-")
