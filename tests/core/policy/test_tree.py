"""YAML becomes plain values with their places, and hostile YAML becomes faults."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.policy.codes import Code
from headgate.core.policy.tree import BYTES_MOST, meaning, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12), ("13_000", 13000), ("-4", -4), ("012", 12), ("0.1", "0.1"), ("1e3", "1e3"),
        ("no", "no"), ("yes", "yes"), ("true", True), ("False", False), ("~", None), ("", None),
        ("2026-03-01", date(2026, 3, 1)), ("2026-02-30", "2026-02-30"), ("12:30:00", "12:30:00"),
        ("10 %", "10 %"), (".inf", ".inf"), ("0x1F", "0x1F"), ("9" * 40, "9" * 40), ("1_", 1),
    ],
)  # fmt: skip
def test_an_unquoted_scalar_means_what_a_person_reads(text: str, expected: object) -> None:
    """`no` stays a word, a decimal stays exact text, and nothing ever becomes a float."""
    assert expected == meaning(text)
    assert type(expected) is type(meaning(text))


@given(st.text(max_size=30))
def test_no_scalar_is_a_float(text: str) -> None:
    """Whatever is written, it never becomes an inexact number."""
    assert not isinstance(meaning(text), float)


def test_places_are_those_of_the_keys() -> None:
    """A fault points at the key of an entry and at the dash's content of an item."""
    tree, faults = parse("f.yaml", "a: 1\nb:\n  - c: 2\n")
    assert faults == ()
    assert tree is not None
    entry = tree.get("b")
    assert entry is not None
    assert (2, 1) == (entry.line, entry.column)
    assert isinstance(entry.data, tuple)
    assert (3, 5) == (entry.data[0].line, entry.data[0].column)


def test_quotes_keep_a_text_a_text() -> None:
    """A number or a day in quotes is the text that was quoted."""
    tree, _ = parse("f.yaml", "a: '12'\nb: \"2026-01-01\"\n")
    assert tree is not None
    assert isinstance(tree.data, dict)
    assert {"a": "12", "b": "2026-01-01"} == {key: node.data for key, node in tree.data.items()}


def test_a_byte_order_mark_is_harmless() -> None:
    """Some editors write one; the first key is read all the same."""
    tree, faults = parse("f.yaml", "\ufeffheadgate: 1\n")
    assert faults == ()
    assert tree is not None
    assert tree.get("headgate") is not None


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\na: 2\n", Code.YAML_DUPLICATE_KEY, 2),
        ("a: &x [1]\nb: *x\n", Code.YAML_ALIAS, 1),
        ("a: !!python/name:os.system x\n", Code.YAML_TAG, 1),
        ("a: 1\n---\nb: 1\n", Code.YAML_SHAPE, 2),
        ("a:\n\t- 1\n", Code.YAML_SYNTAX, 2),
        ("a: 1\nb: \x00\n", Code.YAML_SYNTAX, 2),
        ('a: "\\ud800"\n', Code.YAML_SYNTAX, 1),
        ('a: "\\UFFFFFFFF"\n', Code.YAML_SYNTAX, 0),
        ("%YAML 9.9\n---\na: 1\n", Code.YAML_SYNTAX, 1),
        ("? [a, b]\n: 1\n", Code.YAML_KEY, 1),
        ("<<: {a: 1}\n", Code.YAML_KEY, 1),
        ("'': 1\n", Code.YAML_KEY, 1),
        ("[" * 5000, Code.YAML_TOO_DEEP, 1),
        ("- " * 5000, Code.YAML_TOO_DEEP, 1),
        ("a: " + "x" * BYTES_MOST, Code.FILE_TOO_LARGE, 0),
    ],
)
def test_hostile_yaml_is_a_fault_at_its_line(text: str, code: Code, line: int) -> None:
    """Bombs, tags, doubles, depth and size are refused by name, never by a traceback."""
    _, faults = parse("f.yaml", text)
    assert (code.id, line) in [(fault.code, fault.line) for fault in faults]


def test_an_alias_bomb_is_not_expanded() -> None:
    """A billion laughs cost no more than their own lines."""
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    tree, faults = parse("f.yaml", bomb)
    assert tree is not None
    assert {Code.YAML_ALIAS.id} == {fault.code for fault in faults}


def test_one_text_in_two_files_is_told_in_each() -> None:
    """A fault of what was copied stands in every file that has it, whichever was read first."""
    for name in ("cases/one.yaml", "cases/two.yaml"):
        tree, (fault,) = parse(name, "a: 1\na: 2\n")
        assert tree is not None
        assert (name, name) == (tree.file, fault.file)
