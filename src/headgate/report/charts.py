"""Charts as SVG text: small pure functions from values and ready-made labels to one drawing.

A drawing has a width in CSS pixels and is shown at that width, so that letters keep their size: a
page carries each chart once for a telephone and once for everything else. Places are integers of a
tenth of a pixel, so the same values give the same bytes everywhere. Colours and patterns are the
classes `s1` to `s6` of the page's style; what a colour says, a label says too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from markupsafe import Markup

NARROW, WIDE = 328, 720
STYLES: Final = 6
TENTH: Final = 10

_LINE, _BAR, _GAP = 19, 16, 14


@dataclass(frozen=True, slots=True)
class Part:
    """One bar or mark: the style it is drawn in (counted from 0), its amount, and its label."""

    style: int
    amount: int
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart: what it is about, its parts, and a span (low, high) where it has one."""

    label: str
    parts: tuple[Part, ...]
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark of an axis."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map from amounts to places: `low` lies at `start`, `high` at `end` pixels."""

    low: int
    high: int
    start: int
    end: int

    def at(self, amount: int) -> str:
        """The place of an amount, in pixels to a tenth."""
        reach = max(self.high - self.low, 1)
        part = Fraction((amount - self.low) * (self.end - self.start) * TENTH, reach)
        return pixels(round(part) + self.start * TENTH)

    def length(self, amount: int) -> str:
        """The length of an amount counted from `low`, in pixels to a tenth."""
        reach = max(self.high - self.low, 1)
        return pixels(round(Fraction(amount * (self.end - self.start) * TENTH, reach)))


def pixels(tenths: int) -> str:
    """Tenths of a pixel as SVG writes them."""
    sign = "-" if tenths < 0 else ""
    whole, rest = divmod(abs(tenths), TENTH)
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def text_pixels(text: str) -> int:
    """How wide a label of 14 pixels is at most, about: Hangul is square, other letters are not."""
    return sum(
        14 if ord(letter) >= 0x1100 and not 0x1E00 <= ord(letter) < 0x2100 else 9 for letter in text
    )


def wrapped(text: str, width: int) -> list[str]:
    """A label in lines no wider than so many pixels, broken between words, or in one too long."""
    lines: list[str] = []
    for word in (part for whole in text.split(" ") for part in _parts(whole, width)):
        if lines and text_pixels(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _parts(word: str, width: int) -> Iterator[str]:
    """A word, in pieces where it is wider than so many pixels."""
    while text_pixels(word) > width and len(word) > 1:
        most = max(width // text_pixels(max(word, key=text_pixels)), 1)
        yield word[:most]
        word = word[most:]
    yield word


def figure(
    name: str, title: str, description: str, width: int, drawn: tuple[int, Markup]
) -> Markup:
    """A drawing (height, body) as one SVG element, named and described for those who listen."""
    height, body = drawn
    own = f"{name}-{width}"
    return Markup(
        '<svg class="chart {}" role="img" aria-labelledby="{}-t {}-d" viewBox="0 0 {} {}" '
        'width="{}" height="{}"><title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>'
    ).format(
        "narrow" if width == NARROW else "wide",
        own, own, width, height, width, height, own, title, own, description, body,
    )  # fmt: skip


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _text(x: int | str, y: int, text: str, kind: str = "", anchor: str = "start") -> Markup:
    return Markup('<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>').format(
        x, y, kind, anchor, text
    )


def _rect(x: str, y: int, width: str, height: int, style: int) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="s{}"/>').format(
        x, y, width, height, style % STYLES + 1
    )


def _label(label: str, y: int, width: int) -> tuple[int, Markup]:
    """A row's label in as many lines as it needs; the y below it, and the text."""
    lines = wrapped(label, width)
    texts = (_text(0, y + 14 + _LINE * n, line, "label") for n, line in enumerate(lines))
    return y + _LINE * len(lines), _join(texts)


def grouped(rows: Sequence[Row], width: int) -> tuple[int, Markup]:
    """Rows of bars, one below the other, each with its label at its end."""
    most = max((part.amount for row in rows for part in row.parts), default=0)
    room = max((text_pixels(part.text) for row in rows for part in row.parts), default=0) + 8
    scale = Scale(0, max(most, 1), 0, max(width - room, width // 3))
    y, drawn = 0, Markup("")
    for row in rows:
        y, label = _label(row.label, y, width)
        drawn += label
        for part in row.parts:
            drawn += _bar(scale, part, y + 2)
            y += _BAR + 4
        y += _GAP
    return max(y - _GAP, 1), drawn


def _bar(scale: Scale, part: Part, y: int) -> Markup:
    length = scale.length(part.amount)
    end = pixels(round(Fraction(length) * TENTH) + 6 * TENTH)
    return _rect("0", y, length, _BAR, part.style) + _text(end, y + 13, part.text, "value")


def stacked(rows: Sequence[Row], width: int, most: int | None = None) -> tuple[int, Markup]:
    """Rows of one bar each whose parts lie end to end; `most` is the length of the whole line."""
    longest = max((sum(part.amount for part in row.parts) for row in rows), default=0)
    scale = Scale(0, max(most or longest, 1), 0, width)
    y, drawn = 0, Markup("")
    for row in rows:
        y, label = _label(row.label, y, width)
        drawn += label + _join(_stack(scale, row.parts, y + 2))
        y += _BAR + 8 + _GAP
    return max(y - _GAP, 1), drawn


def _stack(scale: Scale, parts: Iterable[Part], y: int) -> Iterator[Markup]:
    before = 0
    for part in parts:
        if part.amount > 0:
            yield _rect(scale.at(before), y, scale.length(part.amount), _BAR + 4, part.style)
        before += max(part.amount, 0)


def dots(rows: Sequence[Row], ticks: Sequence[Tick], width: int) -> tuple[int, Markup]:
    """Rows of marks on a common axis, with the line between them or the row's own span.

    Marks differ in shape as well as colour: circle, diamond, square, triangle.
    """
    scale = Scale(ticks[0].at, ticks[-1].at, 14, width - 14)
    y, drawn = 0, Markup("")
    for row in rows:
        y, label = _label(row.label, y, width)
        drawn += label + _line(scale, row, y + 12)
        drawn += _join(_mark(scale, part, y + 12) for part in row.parts)
        y += 24 + _GAP // 2
    axis = _join(_tick(scale, tick, y, width) for tick in ticks)
    return y + 26, axis + drawn


def _line(scale: Scale, row: Row, y: int) -> Markup:
    amounts = row.span or tuple(part.amount for part in row.parts)
    if not amounts:
        return Markup("")
    low, high = scale.at(min(amounts)), scale.at(max(amounts))
    line = Markup('<path class="span" d="M{0} {1}H{2}"/>').format(low, y, high)
    if row.span is None:
        return line
    ends = Markup('<path class="span" d="M{0} {1}v12M{2} {1}v12"/>').format(low, y - 6, high)
    return line + ends


_SHAPES: Final = (
    "M0 -6A6 6 0 1 1 0 6A6 6 0 1 1 0 -6Z",
    "M0 -8L8 0L0 8L-8 0Z",
    "M-6 -6H6V6H-6Z",
    "M0 -7L7 6H-7Z",
)


def shape(style: int) -> str:
    """The outline of a mark, around its middle."""
    return _SHAPES[style % len(_SHAPES)]


def _mark(scale: Scale, part: Part, y: int) -> Markup:
    return Markup('<path class="mark s{}" transform="translate({} {})" d="{}"/>').format(
        part.style % STYLES + 1, scale.at(part.amount), y, shape(part.style)
    )


def _tick(scale: Scale, tick: Tick, bottom: int, width: int) -> Markup:
    place = scale.at(tick.at)
    line = Markup('<path class="grid" d="M{0} 0V{1}"/>').format(place, bottom)
    half = text_pixels(tick.text) // 2
    middle = min(max(round(Fraction(place)), half), width - half)
    return line + _text(middle, bottom + 18, tick.text, "tick", "middle")


def columns(parts: Sequence[Part], width: int, every: int = 1) -> tuple[int, Markup]:
    """A histogram: columns side by side, each with its amount above it.

    A part's text is the edge at its left, and every so many-th of them is written.
    """
    most = max((part.amount for part in parts), default=0)
    scale = Scale(0, max(most, 1), 0, 120)
    step = Fraction(width, max(len(parts), 1))
    drawn = Markup('<path class="axis" d="M0 150H{}"/>').format(width)
    for place, part in enumerate(parts):
        left = round(step * place)
        drawn += _column(scale, part, left, round(step * (place + 1)) - left)
        if place % every == 0:
            half = text_pixels(part.text) // 2
            drawn += _text(max(left, half), 168, part.text, "tick", "middle")
    return 174, drawn


def _column(scale: Scale, part: Part, left: int, wide: int) -> Markup:
    tall = round(Fraction(scale.length(part.amount)))
    column = _rect(str(left + 1), 150 - tall, str(wide - 2), tall, part.style)
    return column + _text(left + wide // 2, 145 - tall, f"{part.amount}", "tick", "middle")


def area(
    layers: Sequence[Sequence[int]], across: Sequence[Tick], up: Sequence[Tick], width: int
) -> tuple[int, Markup]:
    """Layers laid on one another over equal steps of time; `up` are the marks of the upright axis.

    Each amount holds for its whole step, so a layer is drawn as stairs, not as a slope.
    """

    def laid(x: Scale, y: Scale) -> Iterator[Markup]:
        below = [0] * max(map(len, layers), default=0)
        for style, layer in enumerate(layers):
            above = [low + amount for low, amount in zip(below, layer, strict=True)]
            yield Markup('<path class="s{}" d="{}"/>').format(
                style % STYLES + 1, _stairs(x, y, below, above)
            )
            below = above

    return _stage(layers, across, up, width, (16, 210), laid)


def lines(
    layers: Sequence[Sequence[int]], across: Sequence[Tick], up: Sequence[Tick], width: int
) -> tuple[int, Markup]:
    """Series over equal steps of time, each amount holding for its whole step, on one axis.

    The first is what the others are held against, and is dashed; the last is the thickest.
    """

    def drawn(x: Scale, y: Scale) -> Iterator[Markup]:
        for style, layer in enumerate(layers):
            path = "".join(f"V{y.at(amount)}H{x.at(n + 1)}" for n, amount in enumerate(layer))
            start = y.at(layer[0]) if layer else "0"
            yield _path(style, f"M{x.at(0)} {start}{path}")

    return _stage(layers, across, up, width, (12, 150), drawn)


def _stage(
    layers: Sequence[Sequence[int]],
    across: Sequence[Tick],
    up: Sequence[Tick],
    width: int,
    reach: tuple[int, int],
    drawn: Callable[[Scale, Scale], Iterable[Markup]],
) -> tuple[int, Markup]:
    """What is drawn over equal steps of time, between both axes; `reach` is its top and bottom."""
    top, bottom = reach
    left = max(text_pixels(tick.text) for tick in up) + 4
    x = Scale(0, max([1, *map(len, layers)]), left, width)
    y = Scale(0, max(up[-1].at, 1), bottom, top)
    levels = (_level(tick, left, width, y) for tick in up)
    marks = (_text(x.at(tick.at), bottom + 20, tick.text, "tick", "start") for tick in across)
    return bottom + 28, _join([*levels, *drawn(x, y), *marks])


def _path(style: int, way: str) -> Markup:
    kind = f"l{(style - 1) % STYLES + 1}" if style else "promised"
    return Markup('<path class="line {}" d="{}"/>').format(kind, way)


def stroke(style: int) -> Markup:
    """The sign of a line beside its name in a legend; the first is what others are held against."""
    return _sign(_path(style, "M0 9H20"))


def _sign(inside: Markup) -> Markup:
    return Markup(
        '<svg class="swatch" aria-hidden="true" viewBox="0 0 20 18" width="20" height="18">{}</svg>'
    ).format(inside)


def _level(tick: Tick, left: int, width: int, y: Scale) -> Markup:
    line = Markup('<path class="grid" d="M{} {}H{}"/>').format(left, y.at(tick.at), width)
    return line + _text(left - 6, round(Fraction(y.at(tick.at))) + 4, tick.text, "tick", "end")


def _stairs(x: Scale, y: Scale, below: Sequence[int], above: Sequence[int]) -> str:
    there = [f"H{x.at(n + 1)}V{y.at(above[n + 1])}" for n in range(len(above) - 1)]
    back = [f"V{y.at(below[n])}H{x.at(n)}" for n in reversed(range(len(below)))]
    if not above:
        return "M0 0"
    return f"M{x.at(0)} {y.at(above[0])}{''.join(there)}H{x.at(len(above))}{''.join(back)}Z"


def steps_of(high: int, count: int) -> list[int]:
    """Round marks from 0 to at least `high`, `count` or fewer: 1, 2 or 5 times a power of ten."""
    least, power = max(-(-max(high, 1) // count), 1), 1
    while power < least:
        power *= 10
    finer = [power // part for part in (5, 2) if power % 10 == 0 and power // part >= least]
    step = min([power, *finer])
    return [step * number for number in range(-(-max(high, 1) // step) + 1)]


def swatch(style: int, *, mark: bool = False) -> Markup:
    """The sign of a series beside its name in a legend."""
    kind = f"s{style % STYLES + 1}"
    if mark:
        inside = Markup('<path class="mark {}" transform="translate(10 9)" d="{}"/>').format(
            kind, shape(style)
        )
    else:
        inside = Markup('<rect x="1" y="2" width="18" height="14" class="{}"/>').format(kind)
    return _sign(inside)
