"""A chart with its caption, legend and both widths, as a block of the page."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from markupsafe import Markup

from headgate.report import charts
from headgate.report.blocks import Drawing
from headgate.report.charts import NARROW, WIDE, Part, Row, Tick, figure, steps_of, swatch
from headgate.report.locale import Locale

ACROSS = 6
"""So many days are named along a wide chart over time, and half as many along a narrow one."""


def drawing(
    name: str,
    title: str,
    description: str,
    draw: Callable[[int], tuple[int, Markup]],
    legend: Sequence[str] = (),
    *,
    marks: bool = False,
    styles: Sequence[int] = range(charts.STYLES),
) -> Drawing:
    """Draw something at both widths; `legend` names the `styles`, `marks` shows them as shapes."""
    return Drawing(
        title,
        description,
        tuple((swatch(styles[n % len(styles)], mark=marks), text) for n, text in enumerate(legend)),
        figure(name, title, description, NARROW, draw(NARROW)),
        figure(name, title, description, WIDE, draw(WIDE)),
    )


def described(
    rows: Sequence[Row], legend: Sequence[str] = (), styles: Sequence[int] = range(charts.STYLES)
) -> str:
    """What a chart of rows shows, in words made of its own labels; nothing is said twice."""
    names = {styles[n] if n < len(styles) else n: text for n, text in enumerate(legend)}
    return "; ".join(_heard(row, names) for row in rows)


def _heard(row: Row, names: Mapping[int, str]) -> str:
    if len(row.parts) == 1 and row.parts[0].text in row.label:
        return row.label
    parts = (f"{names.get(part.style, '')} {part.text}".strip() for part in row.parts)
    return f"{row.label}: {', '.join(parts)}"


def bars(
    name: str,
    title: str,
    rows: Sequence[Row],
    legend: Sequence[str] = (),
    styles: Sequence[int] = range(charts.STYLES),
) -> Drawing:
    """Bars one below the other."""

    def draw(width: int) -> tuple[int, Markup]:
        return charts.grouped(rows, width)

    return drawing(name, title, described(rows, legend, styles), draw, legend, styles=styles)


def stacks(
    name: str,
    title: str,
    rows: Sequence[Row],
    legend: Sequence[str],
    most: int | None = None,
    styles: Sequence[int] = range(charts.STYLES),
) -> Drawing:
    """One bar a row, made of parts; `most` is what the whole line stands for."""

    def draw(width: int) -> tuple[int, Markup]:
        return charts.stacked(rows, width, most)

    return drawing(name, title, described(rows, legend, styles), draw, legend, styles=styles)


def dots(
    name: str, title: str, rows: Sequence[Row], ticks: Sequence[Tick], legend: Sequence[str]
) -> Drawing:
    """Marks on one axis."""
    return drawing(
        name, title, described(rows), lambda w: charts.dots(rows, ticks, w), legend, marks=True
    )


def single(rows: Sequence[tuple[str, int, str]], style: int = 0) -> list[Row]:
    """Rows of one bar each: (label, amount, text)."""
    return [Row(label, (Part(style, amount, text),)) for label, amount, text in rows]


def ticks(high: int, count: int, written: Callable[[int], str]) -> list[Tick]:
    """Round marks from 0 up, written by a function."""
    return [Tick(at, written(at)) for at in steps_of(high, count)]


def dates(days: Sequence[date], width: int, locale: Locale) -> list[Tick]:
    """The marks of a chart over time: every so many-th day, as many as have room in its width."""
    every = max(-(-len(days) // (ACROSS if width == WIDE else ACROSS // 2)), 1)
    return [Tick(n, locale.day_short(day)) for n, day in enumerate(days) if n % every == 0]
