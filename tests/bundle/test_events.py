"""What happened is published in order, and each way to tell it otherwise is named.

A forger here signs with keys of his own: digests, tree and checkpoint fit what he wrote.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from headgate.bundle.verify import verify
from headgate.core import canonical
from headgate.core.faults import Fault
from headgate.cycle import replay
from headgate.readers.facts import FAULTS_MOST, Recorded, read_facts
from headgate.steps.event import EVENTS, Event, What, brings
from headgate.steps.term import Term
from tests.bundle.test_forged import resigned
from tests.whole.mended import AT_WILL, bundle_of_term, mended
from tests.whole.small import pages

PART = AT_WILL[0]
FILES = bundle_of_term(mended())
LINES = FILES[EVENTS].splitlines(keepends=True)


def faults(events: bytes | None) -> tuple[Fault, ...]:
    """What is said of a bundle whose events were written anew, or left out, and all signed."""
    files = {path: data for path, data in FILES.items() if path != EVENTS}
    if events is not None:
        files[EVENTS] = events
    return verify(resigned(files, list(mended().entries)), pages).faults


def told(events: bytes | None) -> list[tuple[str, int, str]]:
    """File, line and code of each fault; every one says what is wrong and what mends it."""
    found = faults(events)
    assert all(fault.what and fault.mend for fault in found)
    assert all(len(fault.what) < 1000 and fault.what.isprintable() for fault in found)
    return [(fault.file, fault.line, fault.code) for fault in found]


def line_of(what: What, about: str = "") -> int:
    """Where the first such event stands, counted from 1."""
    found = (n for n, e in enumerate(mended().taken, 1) if (e.what, e.about) == (what, about))
    return next(found)


def with_event(event: Event, after: int) -> bytes:
    """The events with one more after a line."""
    return b"".join([*LINES[:after], canonical.line(event), *LINES[after:]])


def test_the_events_as_they_were_verify() -> None:
    """Who signs what was gets no fault: the cases below fail for what they change alone."""
    assert [] == told(b"".join(LINES))


@pytest.mark.parametrize("number", [n for n, e in enumerate(mended().taken) if not e.at_will])
def test_what_was_due_and_is_left_out_is_named(number: int) -> None:
    """Each thing that the calendar holds: without it, it is named, where it should have stood."""
    (fault,) = faults(b"".join(LINES[:number] + LINES[number + 1 :]))
    event = mended().taken[number]
    assert (EVENTS, "events") == (fault.file, fault.code)
    assert fault.what.startswith(f"the calendar holds {event} on {event.day}")


@pytest.mark.parametrize("number", [n for n, e in enumerate(mended().taken) if not e.at_will])
def test_what_was_due_and_stands_there_twice_is_named(number: int) -> None:
    """Nothing that is due comes twice: the second is named at its line."""
    lines = told(b"".join(LINES[: number + 1] + LINES[number:]))
    is_look = mended().taken[number].what is What.METER
    assert [(EVENTS, number + 2, "event-name-taken" if is_look else "events")] == lines


@pytest.mark.parametrize("number", [n for n, e in enumerate(mended().taken) if e.at_will])
def test_what_was_done_at_will_and_stands_there_twice_is_named(number: int) -> None:
    """Facts are received once under a name."""
    lines = told(b"".join(LINES[: number + 1] + LINES[number:]))
    assert [(EVENTS, number + 2, "event-name-taken")] == lines


@pytest.mark.parametrize("number", [n for n, e in enumerate(mended().taken) if e.at_will])
def test_what_was_done_at_will_and_is_left_out_is_named(number: int) -> None:
    """Its facts lie there and nothing asks for them; the journal knows of them too."""
    event = mended().taken[number]
    found = told(b"".join(LINES[:number] + LINES[number + 1 :]))
    assert (f"facts/{brings(event)}.jsonl", 0, "derived-unknown") in found
    assert ("journal", 0, "entry-derived") in found or ("journal", 0, "entry-count") in found


def test_events_of_one_day_in_another_order_are_named() -> None:
    """What comes first on a day can decide who gets what."""
    here = line_of(What.METER, "even-rows")
    swapped = [*LINES[: here - 1], LINES[here], LINES[here - 1], *LINES[here + 1 :]]
    assert ("journal", 0, "entry-derived") in told(b"".join(swapped))
    reclaim = line_of(What.RECLAIM, "compute")
    swapped = [*LINES[: reclaim - 2], LINES[reclaim - 1], LINES[reclaim - 2], *LINES[reclaim:]]
    assert [(EVENTS, reclaim - 1, "events")] == told(b"".join(swapped))


def test_events_in_another_order_of_days_are_named() -> None:
    """Days never go back, whether what goes back was due or not."""
    last, here = len(LINES), line_of(What.CORRECT, "again")
    late = [*LINES[: here - 1], *LINES[here:], LINES[here - 1]]
    assert [(EVENTS, last, "event-day-passed")] == told(b"".join(late))
    early = [LINES[here - 1], *LINES[: here - 1], *LINES[here:]]
    first_days = [e.day < date(2026, 7, 1) for e in mended().taken].count(True)
    assert [(EVENTS, n + 2, "event-day-passed") for n in range(first_days)] == told(b"".join(early))


SPOILT_LINES = {
    "an invented kind": LINES[0].replace(b"open call", b"gift"),
    "no day": b'{"what":"turn","about":"","since":"0001-01-01"}\n',
    "no such day": LINES[0].replace(b"2026-01-05", b"2026-02-30"),
    "a list": b"[]\n",
    "a number": b"1\n",
    "nothing": b"\n",
    "no JSON": b"\x00\xff\n",
    "a name that is no text": LINES[0].replace(b'"alliance"', b"[1]"),
}


@pytest.mark.parametrize("line", SPOILT_LINES.values(), ids=list(SPOILT_LINES))
def test_a_line_that_is_no_event_is_told_by_its_number(line: bytes) -> None:
    """Whatever stands there, the line is named."""
    assert [(EVENTS, 4, "fact-line")] == told(b"".join([*LINES[:3], line, *LINES[3:]]))


ANOTHER_WRITING = {
    "a word more": LINES[0].replace(b"{", b'{"by":"somebody",', 1),
    "a space": LINES[0].replace(b":", b": ", 1),
    "another order": b'{"what":"open call","day":"2026-01-05","about":"alliance",'
    b'"since":"0001-01-01"}\n',
}


@pytest.mark.parametrize("line", ANOTHER_WRITING.values(), ids=list(ANOTHER_WRITING))
def test_an_event_is_written_in_one_way_only(line: bytes) -> None:
    """Nothing can be told beside an event: its line is derived again, to the byte."""
    assert [(EVENTS, 1, "derived")] == told(b"".join([line, *LINES[1:]]))


@pytest.mark.parametrize(
    ("event", "file"),
    [
        (replace(PART, about="more"), "facts/usage/2026-05-20/more.jsonl"),
        (Event(PART.day, What.CORRECT, "more"), "facts/corrections/more.jsonl"),
    ],
)
def test_an_event_at_will_that_has_no_facts_is_named(event: Event, file: str) -> None:
    """The file that should be there is named."""
    after = line_of(What.METER, "odd-rows")
    assert [(file, 0, "fact-file-missing")] == told(with_event(event, after))


NAMES = ("../../applications/open", "a/../b", "2026-05-20.jsonl", "x.jsonl", "Even-Rows", "\x1b[2J")


@pytest.mark.parametrize("name", [*NAMES, "x" * 1000], ids=lambda name: ascii(name)[:20])
def test_an_event_at_will_under_a_forged_name_is_named_whatever_lies_there(name: str) -> None:
    """A name that could stand for another file is refused before any file is looked for."""
    after = line_of(What.METER, "odd-rows")
    for event in (replace(PART, about=name), Event(PART.day, What.CORRECT, name)):
        assert [(EVENTS, after + 1, "event-name-bad")] == told(with_event(event, after))


def test_corrections_without_a_name_are_refused() -> None:
    """Every set of corrections has a name by which it is found."""
    after = line_of(What.CORRECT, "twice")
    event = Event(PART.day, What.CORRECT)
    assert [(EVENTS, after + 1, "event-name-bad")] == told(with_event(event, after))


@pytest.mark.parametrize("what", [What.ENFORCE, What.TURN, What.RECLAIM, What.OPEN_CALL])
def test_what_is_not_due_cannot_be_done(what: What) -> None:
    """Only the policy's calendar says when orders are given, rights taken back, terms turned."""
    last = len(LINES)
    event = Event(date(2026, 9, 1), what, "compute" if what is What.RECLAIM else "")
    assert [(EVENTS, last + 1, "events")] == told(with_event(event, last))


@pytest.mark.parametrize(("about", "since"), [("even-rows", "2026-05-21"), ("twice", "2026-05-01")])
def test_a_window_that_says_nothing_true_is_refused(about: str, since: str) -> None:
    """A part of usage does not look ahead, and corrections have no window."""
    number = next(n for n, e in enumerate(mended().taken, 1) if e.about == about)
    line = canonical.line(replace(mended().taken[number - 1], since=date.fromisoformat(since)))
    lines = [*LINES[: number - 1], line, *LINES[number:]]
    assert [(EVENTS, number, "event-window-bad")] == told(b"".join(lines))


@pytest.mark.parametrize("events", [None, b""], ids=["missing", "empty"])
def test_a_bundle_in_which_nothing_happened_is_refused(events: bytes | None) -> None:
    """Without its events nothing can be derived, and that is what is said."""
    code = "file-missing" if events is None else "events"
    assert [(EVENTS, 0, code)] == told(events)


GARBAGE: dict[str, Callable[[int], bytes]] = {
    "newlines": lambda size: b"\n" * size,
    "zeros": lambda size: b"\x00" * size,
    "brackets": lambda size: b"[" * size,
    "lines": lambda size: b"[0]\n" * (size // 4),
    "carriage returns": lambda size: b"\r" * size,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_hundred_megabytes_of_garbage_are_refused_in_a_few_lines(kind: str) -> None:
    """A forger can fill a file, and neither the memory nor the screen of who verifies it."""
    found = told(GARBAGE[kind](100 * 1024**2))
    assert 1 <= len(found) <= FAULTS_MOST
    assert {(EVENTS, "fact-line")} == {(file, code) for file, _, code in found}


def test_events_without_end_are_refused_in_a_few_lines() -> None:
    """Well-formed events without end are refused by what they are, no more than can be read."""
    found = told(LINES[line_of(What.CORRECT, "twice") - 1] * 200_000)
    assert FAULTS_MOST == len(found)
    assert {"event-name-taken"} == {code for _, _, code in found}


def test_facts_of_corrections_that_were_rewritten_give_other_transfers() -> None:
    """Whoever takes back another amount must change the transfers, by the rules."""
    files = dict(FILES)
    path = "facts/corrections/again.jsonl"
    files[path] = files[path].replace(b'"amount":1', b'"amount":2')
    found = verify(resigned(files, list(mended().entries)), pages).faults
    assert ("journal", "entry-derived") in {(fault.file, fault.code) for fault in found}


def test_corrections_that_cannot_be_made_are_named_by_their_line() -> None:
    """A forged correction beyond what was moved ends as a fault of the file it stands in."""
    files = dict(FILES)
    path = "facts/corrections/again.jsonl"
    files[path] = files[path].replace(b'"amount":1', b'"amount":1' + b"0" * 30)
    (fault,) = verify(resigned(files, list(mended().entries)), pages).faults
    assert (path, 1, "correction-exceeds-transfer") == (fault.file, fault.line, fault.code)


def test_a_whole_term_with_an_event_that_was_hidden_has_another_root() -> None:
    """A term told consistently without a correction verifies, and is another: its root says so."""
    term, facts = mended(), {}
    for name, fact in term.facts.items():
        facts[name] = read_facts(name, name.split("/")[0], fact.data)
    honest: tuple[Event, ...] = term.taken
    kept = [event for event in honest if event.about != "late"]
    other: Term = replay(term.document, kept, Recorded(facts))
    files = bundle_of_term(other)
    assert () == verify(files, pages).faults
    assert term.root() != other.root()
