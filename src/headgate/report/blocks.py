"""What a page is made of: paragraphs, tables, drawings and the like, ready to lay out.

Texts are plain and escaped by the template; only `Markup` made here or in `charts` is HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

Cell = str | Markup


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph; `kind` is a class of the style, such as `lead` or `quiet`."""

    text: Cell
    kind: str = ""
    block: str = "paragraph"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading below the section's own, of level 3 or 4."""

    level: int
    text: str
    id: str = ""
    block: str = "heading"


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader must not miss: a title and its paragraphs."""

    title: str
    paragraphs: tuple[Cell, ...]
    block: str = "note"


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its name, and whether it holds figures or long text."""

    text: str
    figure: bool = False
    long: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `ids` are the rows' anchors where they have some."""

    id: str
    caption: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: tuple[Cell, ...] = ()
    ids: tuple[str, ...] = ()
    block: str = "table"

    @property
    def marked_rows(self) -> tuple[tuple[tuple[bool, Cell], ...], ...]:
        """Every row, the foot too, each cell after whether its column holds figures."""
        rows = (*self.rows, self.foot) if self.foot else self.rows
        figures = [head.figure for head in self.heads]
        return tuple(tuple(zip(figures, row, strict=True)) for row in rows)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart at both widths, with its caption, what it shows in words, and legend (sign, name)."""

    title: str
    described: str
    legend: tuple[tuple[Markup, str], ...]
    narrow: Markup
    wide: Markup
    block: str = "drawing"


@dataclass(frozen=True, slots=True)
class Items:
    """A list without order."""

    items: tuple[Cell, ...]
    block: str = "items"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The figures that matter: (what, how much)."""

    pairs: tuple[tuple[str, str], ...]
    block: str = "numbers"


@dataclass(frozen=True, slots=True)
class Code:
    """What a reader may type."""

    text: str
    block: str = "code"


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks that open on demand."""

    summary: str
    blocks: "tuple[Block, ...]"
    block: str = "folded"


Block = Paragraph | Heading | Note | Table | Drawing | Items | Numbers | Code | Folded


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered part of the page."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A page or a print: title, subtitle and footer, its parts, and the day it speaks of."""

    title: str
    subtitle: str
    footer: str
    day: date
    sections: tuple[Section, ...]


def link(target: str, text: str) -> Markup:
    """A link; both parts are escaped."""
    return Markup('<a href="{}">{}</a>').format(target, text)


def table(
    name: str,
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    foot: Sequence[Cell] = (),
    *,
    texts: frozenset[int] = frozenset(),
) -> Table:
    """A table whose columns after the first are figures, but for those numbered in `texts`."""
    columns = tuple(Head(head, figure=n > 0 and n not in texts) for n, head in enumerate(heads))
    return Table(name, caption, columns, tuple(map(tuple, rows)), tuple(foot))
