"""A decision's line holds all it rests on, and its digest changes with any of it."""

from dataclasses import fields, replace
from typing import Any

from headgate.core import canonical
from headgate.core.decision import Decision

GIVEN = Decision(
    "fee", "calls.open", "open-1", "2026-03-01T00:00:00Z", "d1", ("marks/open",), (), {"amount": 5}
)


def test_the_line_is_the_published_one() -> None:
    """What the journal digests is the line that stands in the bundle."""
    expected = (
        b'{"step":"fee","rule":"calls.open","subject":"open-1","at":"2026-03-01T00:00:00Z",'
        b'"policy":"d1","facts":["marks/open"],"assumed":[],"result":{"amount":5}}\n'
    )
    assert expected == GIVEN.line()
    assert canonical.digest(expected) == GIVEN.digest()


def _changed(name: str) -> Decision:
    given: dict[str, Any] = {name: ("x",) if name in ("facts", "assumed") else "x"}
    return replace(GIVEN, **given)


def test_every_part_of_a_decision_is_in_its_digest() -> None:
    """Nothing of a decision can be changed without its digest saying so."""
    others = [_changed(field.name) for field in fields(GIVEN)]
    assert len(others) + 1 == len({GIVEN.digest(), *(other.digest() for other in others)})
