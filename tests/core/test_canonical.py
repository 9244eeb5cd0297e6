"""One value has one text, and what has none is refused."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import canonical
from headgate.core.faults import Sentence


class Colour(Enum):
    """An enumeration whose names differ from its values."""

    TEAL = "blue-green"


class Word(StrEnum):
    """An enumeration that is text."""

    YES = "yes"


@dataclass(frozen=True, slots=True)
class Row:
    """Fields in an order that is not the alphabet's."""

    zeta: int
    alpha: str


@dataclass(frozen=True, slots=True)
class Grown:
    """A class that was given a field after its first lines were written."""

    a: int | None
    b: int | None = field(default=None, metadata=canonical.UNTOLD)


def test_a_field_that_came_later_leaves_the_lines_of_before_as_they_were() -> None:
    """Where it says nothing it is not there; every other field is, said or not."""
    assert b'{"a":null}\n' == canonical.line(Grown(None))
    assert b'{"a":1,"b":0}\n' == canonical.line(Grown(1, 0))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (10**30, "1" + "0" * 30),
        ("서울 “đồng”", '"서울 “đồng”"'),
        ("a\nb\u2028", '"a\\nb\u2028"'),
        (Fraction(6, 4), '"3/2"'),
        (Decimal("1.50"), '"1.50"'),
        (date(2026, 3, 1), '"2026-03-01"'),
        (datetime(2026, 3, 1, tzinfo=UTC), '"2026-03-01T00:00:00+00:00"'),
        (Colour.TEAL, '"blue-green"'),
        (Word.YES, '"yes"'),
        (Sentence("{n} rows", n=2), '"2 rows"'),
        ((Sentence("{n} rows", n=2),), '["2 rows"]'),
        ({"b": 1, "a": (2, [3])}, '{"b":1,"a":[2,[3]]}'),
        (frozenset({"b", "a"}), '["a","b"]'),
        (Row(1, "x"), '{"zeta":1,"alpha":"x"}'),
    ],
)
def test_each_type_has_one_text(value: object, expected: str) -> None:
    """A stranger who writes the value by the published rule gets the same bytes."""
    assert f"{expected}\n".encode() == canonical.line(value)


@pytest.mark.parametrize("value", [1.0, float("nan"), {"a": [0.5]}, Row, object(), b"x"])
def test_what_has_no_text_is_refused(value: object) -> None:
    """A float, or anything whose text depends on the machine, never reaches the journal."""
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical.line(value)


@dataclass(frozen=True, slots=True)
class Whole:
    """Every sort of field that a line can have."""

    said: bool
    word: Word
    rows: tuple[Grown, ...]
    share: Fraction | None
    more: dict[str, Row]


def test_a_line_told_at_once_is_what_the_encoder_makes_of_it() -> None:
    """However values lie in each other, there is one text of them."""
    rows = Grown(None), Grown(1, None), Grown(1, 0)
    for value in (
        Whole(True, Word.YES, rows, Fraction(1, 3), {"b": Row(1, '"\\\x7f\u2028đ')}),
        (),
        [{'a"': rows, "": [None, True]}, {1: "x", "y": {2: 3}}],
    ):
        plain = json.dumps(canonical.plain(value), ensure_ascii=False, separators=(",", ":"))
        assert f"{plain}\n".encode() == canonical.line(value)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=3)
    | st.builds(Row, st.integers(), st.text(max_size=3))
    | st.builds(Grown, st.none() | st.integers(), st.none() | st.integers()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b%s", '"']), inner)
    ),
    max_leaves=8,
)


@given(st.lists(_VALUES | st.fixed_dictionaries({"a": st.integers(), "b%s": _VALUES})))
def test_many_lines_are_those_of_each(values: list[object]) -> None:
    """Lines that are written together, field by field, have the bytes of each alone."""
    each = [
        f"{json.dumps(canonical.plain(it), ensure_ascii=False, separators=(',', ':'))}\n"
        for it in values
    ]
    assert (
        "".join(each).encode() == canonical.lines(values) == b"".join(map(canonical.line, values))
    )


def test_more_lines_than_are_written_at_once() -> None:
    """Nothing is lost or doubled where one batch ends and the next begins."""
    rows = [Row(at, "x") for at in range(10_000)]
    assert [f'{{"zeta":{at},"alpha":"x"}}'.encode() for at in range(10_000)] == canonical.lines(
        rows
    ).splitlines()


def test_digest_is_sha256() -> None:
    """The digest of an empty text is the one that FIPS 180-4 gives."""
    expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert expected == canonical.digest(b"")
