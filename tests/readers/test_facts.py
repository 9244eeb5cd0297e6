"""A bundle's facts are read as the typed values they were, or refused line by line."""

from datetime import date

import pytest

from headgate.core import canonical
from headgate.core.duties.amendment import Change
from headgate.core.faults import Faulty
from headgate.cycle import run
from headgate.readers.facts import FAULTS_MOST, KINDS, Recorded, read_events, read_facts
from headgate.steps.term import Term
from tests.steps.test_amend import MAY, asks, granted, running
from tests.steps.test_fees import paid
from tests.whole.heard import heard_term
from tests.whole.mended import mended
from tests.whole.small import small


def test_facts_come_back_as_they_were() -> None:
    """Every fact of a term, written and read again, has the same line to the byte."""
    kinds = set()
    terms = (mended(), heard_term(), asked_of_awards())
    for name, fact in (pair for term in terms for pair in term.facts.items()):
        kind = name.split("/")[0]
        kinds.add(kind)
        values = read_facts(name, kind, fact.data)
        assert fact.data == b"".join(map(_line, values)), name
    assert set(KINDS) == kinds


def asked_of_awards() -> Term:
    """A term in which one thing was asked of a running award, and a part of its fee was paid."""
    return paid(granted(running(), asks(Change.EXPLANATION, MAY, spares_percent=50)), 1_000)


def _line(value: object) -> bytes:
    """A value's canonical line; evidence of the other kind than a row's own is left out."""
    plain = canonical.plain(value)
    if isinstance(plain, dict) and "pillar" in plain:
        plain = {key: part for key, part in plain.items() if part is not None}
    return canonical.line(plain)


def test_a_recorded_world_gives_the_same_term() -> None:
    """A stranger's run on the recorded facts ends with the same journal."""
    honest = small().term
    facts = {
        name: read_facts(name, name.split("/")[0], fact.data) for name, fact in honest.facts.items()
    }
    term = run(honest.document, Recorded(facts))
    assert honest.decisions == term.decisions
    assert honest.entries == term.entries


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("marks", b'{"application":"a","criterion":"c","reviewer":"r"}'),
        ("marks", b'{"application":"a","criterion":"c","reviewer":"r","points":"many"}'),
        ("marks", b'{"application":"a","criterion":"c","reviewer":"r","points":1.5}'),
        ("marks", b'{"application":"a","criterion":"c","reviewer":"r","points":NaN}'),
        ("marks", b"[" * 100_000),
        ("declined", b"{}"),
        ("notes", b"\xff"),
        ("usage", b""),
    ],
)
def test_every_line_that_is_no_fact_is_told(kind: str, line: bytes) -> None:
    """All lines of a file that cannot be read are told at once, each with its number."""
    with pytest.raises(Faulty) as refused:
        read_facts("facts/x.jsonl", kind, line + b"\n" + line + b"\n")
    assert [1, 2] == [fault.line for fault in refused.value.faults]
    assert {"fact-line"} == {fault.code for fault in refused.value.faults}


def test_a_fact_that_the_cycle_asks_for_and_nobody_published_is_named() -> None:
    """What is missing is named as the file that should have been there."""
    with pytest.raises(Faulty) as refused:
        Recorded({}).usage(date(2026, 3, 1), date(2026, 4, 1), "")
    assert ["facts/usage/2026-04-01.jsonl"] == [fault.file for fault in refused.value.faults]


def test_the_world_of_a_bundle_keeps_parts_and_sets_apart() -> None:
    """Each name has its own facts; a part is not the look of its day."""
    facts = {"usage/2026-04-01": ["look"], "usage/2026-04-01/a": ["part"], "corrections/a": ["set"]}
    world, day = Recorded(facts), date(2026, 4, 1)
    found = [world.usage(date.min, day, ""), world.usage(day, day, "a"), world.corrections("a")]
    assert [["look"], ["part"], ["set"]] == found
    with pytest.raises(Faulty, match="facts/corrections/b"):
        world.corrections("b")


def test_of_a_file_that_is_all_wrong_a_hundred_lines_are_told() -> None:
    """A person mends a hundred lines at a time; a forged million does not fill the screen."""
    with pytest.raises(Faulty) as refused:
        read_events("events.jsonl", b"x\n" * 1_000_000)
    assert list(range(1, FAULTS_MOST + 1)) == [fault.line for fault in refused.value.faults]


def test_events_come_back_as_they_were() -> None:
    """The line of an event is read as the event, and only whole lines are events."""
    events = mended().taken
    data = b"".join(map(canonical.line, events))
    assert events == read_events("events.jsonl", data)
    with pytest.raises(Faulty) as refused:
        read_events("events.jsonl", data.replace(b"\n", b"\r", 1))
    assert [1] == [fault.line for fault in refused.value.faults]
