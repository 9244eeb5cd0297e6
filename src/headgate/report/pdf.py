"""A document as PDF/UA-1 and PDF/A-2a: the same blocks as a page, set by one fixed template.

Texts reach the typesetter as JSON and are never read as markup, so nobody's name can become a
command. Pure and deterministic: the same document gives the same bytes, on every machine.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, time
from functools import cache
from html.parser import HTMLParser
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Final, Literal

from markupsafe import Markup

from headgate.report.blocks import (
    Block,
    Cell,
    Code,
    Document,
    Drawing,
    Folded,
    Heading,
    Items,
    Note,
    Numbers,
    Paragraph,
    Section,
    Table,
)

if TYPE_CHECKING:
    from typst import Fonts

STANDARDS: Final[list[Literal["ua-1", "a-2a"]]] = ["ua-1", "a-2a"]
"""ISO 14289-1 for everybody who reads it, ISO 19005-2 level A for the archive."""

LONGEST_WORD: Final = 18
"""Letters after which a word may be broken, where a word is longer than twice as many."""

_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of what has no shape of its own: controls, turns of direction, halves."""

_ONE: Final = re.compile(r"(?<![\u0590-\u1cff])[\u200c\u200d]|[^\u200c\u200d]", re.DOTALL)
"""A letter to be looked up: any but a joiner in a word of a script that is written with them."""

_LEFTWARDS: Final = re.compile(
    "R(?:[\\W\\d_]*R)*".replace("R", r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
)
"""Words from right to left, with the figures and signs between them."""


def pdf(document: Document, language: str) -> bytes:
    """The document as a tagged PDF in a language (ISO 639-1), with its fonts in it."""
    import typst

    folder = files("headgate.report")
    with as_file(folder.joinpath("templates", "document.typ")) as template:
        made: bytes = typst.compile(
            str(template),
            font_paths=_faces(),
            format="pdf",
            sys_inputs={"document": json.dumps(_document(document, language), ensure_ascii=False)},
            pdf_standards=[*STANDARDS],
            timestamp=int(datetime.combine(document.day, time(), UTC).timestamp()),
        )
    return made


@cache
def _faces() -> "Fonts":
    """The faces of prints and no others: that of all texts, and those of names in other scripts."""
    from typst import Fonts

    folder = ExitStack().enter_context(as_file(files("headgate.report").joinpath("fonts")))
    return Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])


def printable(text: str) -> str:
    """A text in letters that the faces have: one line, composed, the rest by number (`[U+E000]`).

    What is written from right to left is set apart (UAX 9), so that a figure after it stays there.
    """
    composed = unicodedata.normalize("NFC", text)
    letters = _written(composed)
    return _LEFTWARDS.sub("\u2068\\g<0>\u2069", " ".join(letters.split(" ")))


def _written(text: str) -> str:
    return _ONE.sub(lambda one: _letter(one[0]), text)


def _letter(letter: str) -> str:
    if letter.isspace() or letter in "\u200b\u00ad":
        return letter if letter == "\u00a0" else " "
    if unicodedata.category(letter) in _HIDDEN or not _has(ord(letter)):
        return f"[U+{ord(letter):04X}]"
    return letter


def _has(code: int) -> bool:
    starts, ends = _letters()
    at = bisect_right(starts, code) - 1
    return at >= 0 and code <= ends[at]


@cache
def _letters() -> tuple[Sequence[int], Sequence[int]]:
    """First and last codes of the ranges of letters that the face has."""
    text = files("headgate.report").joinpath("fonts", "letters.txt").read_text("ascii")
    pairs = [line.split("-") for line in text.split()]
    return [int(low, 16) for low, _ in pairs], [int(high, 16) for _, high in pairs]


def _document(document: Document, language: str) -> dict[str, Any]:
    # What a link inside the document may lead to.
    anchors = {section.id for section in document.sections}
    return {
        "language": language,
        "title": printable(document.title),
        "subtitle": printable(document.subtitle),
        "footer": printable(document.footer),
        "sections": [_section(section, anchors) for section in document.sections],
    }


def _section(section: Section, anchors: set[str]) -> dict[str, Any]:
    return {
        "id": section.id,
        "title": printable(section.title),
        "blocks": list(_blocks(section.blocks, anchors)),
    }


def _blocks(blocks: Iterable[Block], anchors: set[str], level: int = 1) -> Iterator[dict[str, Any]]:
    """Blocks as plain values; a heading is at most one level below the one before it."""
    caption = None
    for block in blocks:
        match block:
            case Heading():
                level = min(block.level - 1, level + 1)
                yield {"block": "heading", "level": level, "text": printable(block.text)}
            case Folded():
                level = min(3, level + 1)
                yield {"block": "heading", "level": level, "text": printable(block.summary)}
                yield from _blocks(block.blocks, anchors, level)
            case Table():
                yield _table(block, anchors, told=block.caption == caption)
            case _:
                yield _simple(block, anchors)
        caption = block.title if isinstance(block, Drawing) else None


def _simple(
    block: Paragraph | Note | Drawing | Items | Numbers | Code, anchors: set[str]
) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"block": "paragraph", "kind": block.kind, "text": _runs(block.text, anchors)}
        case Note():
            texts = [_runs(text, anchors) for text in block.paragraphs]
            return {"block": "note", "title": printable(block.title), "texts": texts}
        case Items():
            return {"block": "items", "items": [_runs(item, anchors) for item in block.items]}
        case Numbers():
            return {"block": "numbers", "pairs": [list(map(printable, p)) for p in block.pairs]}
        case Code():
            lines = [printable(line) for line in block.text.split("\n")]
            return {"block": "code", "lines": lines}
    return {
        "block": "drawing",
        "title": printable(block.title),
        "told": printable(block.described),
        "svg": _drawn(block.wide),
        "legend": [[_drawn(sign), printable(name)] for sign, name in block.legend],
    }


def _table(table: Table, anchors: set[str], *, told: bool) -> dict[str, Any]:
    """A table; `told` where the drawing before it has said the same caption already."""
    rows = [[_runs(cell, anchors) for cell in row] for row in (*table.rows, table.foot) if row]
    return {
        "block": "table",
        "caption": None if told else printable(table.caption),
        "heads": [
            {"text": printable(head.text), "figure": head.figure, "long": head.long}
            for head in table.heads
        ],
        "rows": rows,
        "foot": bool(table.foot),
    }


class _Reader(HTMLParser):
    """Reads the little HTML that blocks are made of: texts and links."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[tuple[str, str, str]] = []
        self.target = self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A link begins, or a text in another language."""
        self.target = dict(attrs).get("href") or "" if tag == "a" else self.target
        self.language = dict(attrs).get("lang") or ""

    def handle_endtag(self, tag: str) -> None:
        """A link ends, or a text in another language."""
        self.target = "" if tag == "a" else self.target
        self.language = ""

    def handle_data(self, data: str) -> None:
        """A text, in a link or not."""
        self.runs.append((data, self.target, self.language))


def _runs(cell: Cell, anchors: set[str]) -> list[dict[str, str]]:
    """A text as runs; a link that leads nowhere in print is its text alone."""
    if not isinstance(cell, Markup):
        return [{"text": _breakable(printable(cell)), "to": "", "language": ""}]
    reader = _Reader()
    reader.feed(cell)
    reader.close()
    return [
        {"text": _breakable(printable(text)), "to": _target(to, anchors), "language": language}
        for text, to, language in reader.runs
    ]


def _target(target: str, anchors: set[str]) -> str:
    inside = target.startswith("#") and target[1:] in anchors
    return target if inside or target.startswith(("https://", "http://")) else ""


def _breakable(text: str) -> str:
    """A text whose overlong words may be broken, so that none runs out of its column."""
    return re.sub(rf"\S{{{2 * LONGEST_WORD},}}", _broken, text)


def _broken(word: re.Match[str]) -> str:
    return re.sub(rf"(.{{{LONGEST_WORD}}})", "\\1\u200b", word[0])


def _drawn(svg: Markup) -> str:
    """A drawing that carries its own style, in letters that the face has."""
    return (
        _written(svg)
        .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
        .replace(">", f">{_ink()}", 1)
    )


@cache
def _ink() -> str:
    """Style and patterns of drawings in print, as the first child of each."""
    return files("headgate.report").joinpath("templates", "ink.svg").read_text("utf-8")
