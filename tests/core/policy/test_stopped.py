"""What a parser of others says of a file is told in a sentence of ours, which quotes it."""

import pytest

from headgate.core.faults import Sentence
from headgate.core.policy.tree import FOUND_MOST, parse, stopped


@pytest.mark.parametrize(
    ("text", "offset", "found"),
    [
        ("a: {b: c\nd: []\n", 10, ": []"),
        ("a:\n\tb: c\n", 3, "\\t"),
        ("값: @1\n", 3, "@1"),
        ("a \x07b", 2, "\\x07b"),
        ("a" * 100, 1, "a" * FOUND_MOST),
    ],
)
def test_what_stands_there_is_shown(text: str, offset: int, found: str) -> None:
    """The rest of the line, short and printable; the parser's words are quoted, once."""
    said = stopped(text, offset, 'found "x"')
    assert f"`{found}` cannot stand here (the parser says \"found 'x'\")" == said
    assert {"found": found, "words": "found 'x'"} == said.values


@pytest.mark.parametrize(("text", "offset"), [("a ==", 4), ("a: [\n \n", 4), ("", 0), ("a", 7)])
def test_an_end_that_comes_too_soon_is_named(text: str, offset: int) -> None:
    """Where nothing stands there is nothing to show."""
    assert 'it ends too soon (the parser says "EOF")' == stopped(text, offset, "EOF")


def test_a_file_that_is_no_yaml_says_where_and_what() -> None:
    """The fault has the parser's line and column, and what it found there."""
    tree, faults = parse("programme.yaml", "headgate: 1\nprogramme: {id: small\nholders: []\n")
    assert tree is None
    (fault,) = faults
    assert (3, 8) == (fault.line, fault.column)
    assert isinstance(fault.what, Sentence)
    assert "`: []` cannot stand here" in fault.what
