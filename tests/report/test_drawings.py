"""Who listens to a chart hears each figure once, with the name that its colour stands for."""

from headgate.report.charts import Part, Row
from headgate.report.drawings import described


def test_a_figure_that_its_label_tells_is_not_told_again() -> None:
    """A mark whose label has its figures is its label."""
    rows = [Row("1. east: 65.0 (58.1–72.0)", (Part(0, 65, "65.0 (58.1–72.0)"),))]
    assert "1. east: 65.0 (58.1–72.0)" == described(rows, ["Qualified"])


def test_each_part_is_named_as_its_colour_is() -> None:
    """Parts of a bar carry the legend's names, also where colours begin again."""
    rows = [Row("east", (Part(1, 3, "3"), Part(4, 2, "2"))), Row("west", (Part(4, 1, "1"),))]
    assert "east: Items 3, Users 2; west: Users 1" == described(rows, ["Items", "Users"], [1, 4])
    many = [Row("east", tuple(Part(at, at, str(at)) for at in (5, 6)))]
    assert "east: place 6 5, place 7 6" == described(many, [f"place {n}" for n in range(1, 8)])
    assert "east: 3" == described([Row("east", (Part(0, 3, "3"),))])
