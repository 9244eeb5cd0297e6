"""Charts are true to their amounts, well-formed, and keep their labels inside."""

import re
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from headgate.report import charts
from headgate.report.charts import NARROW, WIDE, Part, Row, Scale, Tick

PARTS = st.builds(
    Part, st.integers(0, 9), st.integers(0, 10**15), st.text("<>&\"'aé한0 ", max_size=12)
)
ROWS = st.lists(
    st.builds(Row, st.text("<&x 한", max_size=80), st.lists(PARTS, max_size=4).map(tuple)),
    max_size=4,
)


def drawn(chart: tuple[int, Markup], width: int = WIDE) -> ET.Element:
    """The chart as XML; fails where it is not well-formed."""
    return ET.fromstring(charts.figure("name", "title", "what", width, chart))


def bars(chart: tuple[int, Markup]) -> list[tuple[str, str, str]]:
    """Place, length and style of every bar of a chart."""
    return [
        (bar.get("x", ""), bar.get("width", ""), bar.get("class", ""))
        for bar in drawn(chart).iter("rect")
    ]


def test_a_scale_is_exact_to_a_tenth_of_a_pixel() -> None:
    """Amounts too large for a float keep their places."""
    scale = Scale(0, 3 * 10**18, 0, 300)
    assert ["0", "100", "300"] == [scale.at(n) for n in (0, 10**18, 3 * 10**18)]
    assert "33.3" == Scale(0, 3, 0, 100).at(1)
    assert "20" == Scale(50, 100, 10, 20).at(100)


def test_bars_are_as_long_as_their_amounts() -> None:
    """Twice the amount is twice the length, and nothing is nothing."""
    row = Row("Row", (Part(0, 50, "50"), Part(1, 100, "100"), Part(2, 0, "0")))
    assert [("0", "342.5", "s1"), ("0", "685", "s2"), ("0", "0", "s3")] == bars(
        charts.grouped([row], WIDE)
    )


def test_parts_of_a_stack_lie_end_to_end() -> None:
    """Each part begins where the one before it ends; a part of nothing is left out."""
    row = Row("Row", (Part(0, 60, "60"), Part(1, 0, "0"), Part(2, 40, "40")))
    assert [("0", "432", "s1"), ("432", "288", "s3")] == bars(charts.stacked([row], WIDE))
    assert [("0", "216", "s1"), ("216", "144", "s3")] == bars(charts.stacked([row], WIDE, 200))


def test_marks_differ_in_shape_and_intervals_have_ends() -> None:
    """A reader who sees no colours tells the series apart, and sees where an interval ends."""
    ticks = [Tick(0, "0"), Tick(100, "100")]
    row = Row("Team", (Part(0, 50, "50"), Part(1, 60, "60")), (40, 70))
    svg = drawn(charts.dots([row], ticks, WIDE))
    marks = [path for path in svg.iter("path") if "mark" in path.get("class", "")]
    assert ["translate(360 31)", "translate(429.2 31)"] == [m.get("transform") for m in marks]
    assert 2 == len({mark.get("d") for mark in marks})
    spans = [path.get("d") for path in svg.iter("path") if path.get("class") == "span"]
    assert ["M290.8 31H498.4", "M290.8 25v12M498.4 25v12"] == spans


def test_an_area_stands_on_the_one_below() -> None:
    """Layers add up: the top of the second is the sum of both, step by step."""
    up = [Tick(0, "0"), Tick(100, "100")]
    svg = drawn(charts.area([[50, 0], [50, 100]], [Tick(0, "a")], up, 131))
    layers = [path.get("d") for path in svg.iter("path") if path.get("class") in ("s1", "s2")]
    assert ["M31 113H81V210H131V210H81V210H31Z", "M31 16H81V16H131V210H81V113H31Z"] == layers


def test_columns_show_their_amounts() -> None:
    """Every column carries its count, and its height follows from it."""
    svg = drawn(charts.columns([Part(0, 3, "0"), Part(2, 6, "5")], 200))
    assert [("90", "60"), ("30", "120")] == [
        (c.get("y"), c.get("height")) for c in svg.iter("rect")
    ]
    assert ["3", "0", "6", "5"] == [text.text for text in svg.iter("text")]


def test_round_marks() -> None:
    """An axis is marked in steps of 1, 2 or 5, and reaches beyond the largest amount."""
    assert [0, 20, 40, 60, 80] == charts.steps_of(78, 4)
    assert [0, 500, 1000] == charts.steps_of(1000, 2)
    assert [0, 1] == charts.steps_of(0, 4)


@given(st.integers(0, 10**18), st.integers(1, 8))
def test_marks_are_few_and_reach_the_top(high: int, count: int) -> None:
    """However large the amounts, an axis has no more marks than asked for, and covers them."""
    marks = charts.steps_of(high, count)
    assert marks[-1] >= high
    assert len(marks) <= count + 1


@given(ROWS, st.sampled_from([NARROW, WIDE]))
def test_any_rows_make_a_sound_drawing(rows: list[Row], width: int) -> None:
    """Whatever names and amounts come in, the drawing is XML, holds no float's trace, and its bars
    stay inside."""
    for draw in (charts.grouped, charts.stacked):
        svg = drawn(draw(rows, width), width)
        for bar in svg.iter("rect"):
            assert float(bar.get("x", "")) + float(bar.get("width", "")) <= width + 0.5
            assert re.fullmatch(r"\d+(\.\d)?", bar.get("width", ""))


@given(st.text("ab 한국어", max_size=60), st.integers(60, 300))
def test_labels_are_broken_between_words_where_they_can_be(text: str, width: int) -> None:
    """No letter of a label is lost, no line is too wide, and no word is broken that would fit."""
    lines = charts.wrapped(text, width)
    assert text.replace(" ", "") == "".join(lines).replace(" ", "")
    assert all(charts.text_pixels(line) <= width for line in lines)
    if all(charts.text_pixels(word) <= width for word in text.split(" ")):
        assert text == " ".join(lines)


def test_names_are_escaped() -> None:
    """A name from outside cannot become markup, in a label, a title or a description."""
    bad = "<script>x</script>"
    chart = charts.grouped([Row(bad, (Part(0, 1, bad),))], WIDE)
    svg = charts.figure("name", bad, bad, WIDE, chart)
    assert "<script" not in svg
    assert 4 <= svg.count("&lt;script&gt;")


def test_a_drawing_has_a_name_and_a_description() -> None:
    """Somebody who listens to the page hears what the chart shows."""
    svg = drawn((10, Markup("")))
    title, description = svg.find("title"), svg.find("desc")
    assert title is not None
    assert description is not None
    assert f"{title.get('id')} {description.get('id')}" == svg.get("aria-labelledby")
    assert ("img", "title", "what") == (svg.get("role"), title.text, description.text)


def test_a_word_that_is_wider_than_its_line_is_broken() -> None:
    """A name without a blank in it stays inside the drawing, and loses no letter."""
    for name in ("a" * 200, "가" * 200, "short " + "x" * 60):
        lines = charts.wrapped(name, NARROW)
        assert all(charts.text_pixels(line) <= NARROW for line in lines)
        assert name.replace(" ", "") == "".join(lines).replace(" ", "")
