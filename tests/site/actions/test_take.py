"""What is promised of a kept cycle: one event after another, and it goes on from where it was."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from headgate.core import canonical
from headgate.core.calls.application import Application
from headgate.core.duties.amendment import Amendment, Change
from headgate.core.faults import Faulty
from headgate.core.ledger.chart import Chart
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.policy.dated import at
from headgate.demo import Choices
from headgate.demo import rehearse as rehearse_programme
from headgate.readers.facts import Recorded
from headgate.simulation.world import Simulated
from headgate.site.actions.take import begin_programme, rehearse, take_event
from headgate.site.records import kept
from headgate.site.records.books import stored
from headgate.site.records.database import Database, create, opened
from headgate.site.records.journal import append, head
from headgate.site.records.kept import kept_term, stands
from headgate.steps.agenda import agenda, calendar, first_day
from headgate.steps.event import Event, What
from headgate.steps.term import Holding, Term
from tests.commands import environment
from tests.site.actions.metered import facts, root_of
from tests.whole.small import PROGRAMME, small, trace_text


class Stop(Exception):
    """Somebody ended the process."""


def stopper(events: int) -> Callable[[str], None]:
    """A progress that ends the run after so many words."""
    told: list[str] = []

    def progress(text: str) -> None:
        told.append(text)
        if len(told) > events:
            raise Stop

    return progress


def simulated() -> Recorded:
    """The world of the small programme, as it was."""
    return Recorded(facts())


def test_nothing_happens_before_a_programme_has_begun(sqlite_address: str) -> None:
    """An event without a policy has no rule to go by."""
    database = opened(sqlite_address)
    with pytest.raises(Faulty, match="programme-missing"):
        take_event(database, simulated(), Event(date(2026, 1, 5), What.OPEN_CALL, "open"))
    assert 0 == head(database).size
    assert kept_term(database) is None


def test_a_programme_begins_once(sqlite_address: str) -> None:
    """A second policy in one ledger would be another programme."""
    database = opened(sqlite_address)
    begin_programme(database, small().term.document)
    before = root_of(database)
    with pytest.raises(Faulty, match="programme-begun"):
        begin_programme(database, small().term.document)
    assert before == root_of(database)


def test_an_event_that_is_refused_leaves_nothing(begun: Database) -> None:
    """A day that has passed does not come again, and nothing of the try is kept."""
    before = root_of(begun)
    with pytest.raises(Faulty, match="event-day-passed"):
        take_event(begun, simulated(), Event(date(2026, 1, 1), What.METER, "late"))
    assert before == root_of(begun)


@pytest.mark.parametrize("events", [1, 4, 9, 20])
def test_a_run_that_was_stopped_goes_on(events: int, sqlite_address: str) -> None:
    """Whatever was done is not done again, and the end is the same."""
    with pytest.raises(Stop):
        rehearse(opened(sqlite_address), small().term.document, simulated(), stopper(events))
    term = rehearse(opened(sqlite_address), small().term.document, simulated())
    assert small().term.root() == term.root()
    assert (len(small().term.entries), small().term.root().hex()) == root_of(opened(sqlite_address))


def test_a_kept_programme_knows_what_day_it_is(sqlite_address: str) -> None:
    """Use of a day that has passed is refused as it is in memory, whatever was read since."""
    database, day = opened(sqlite_address), date(2026, 3, 31)
    with pytest.raises(Stop):
        rehearse(database, small().term.document, simulated(), stopper(10))
    world = Recorded({**facts(), "usage/2026-03-31/late": ()})
    with pytest.raises(Faulty, match="event-day-passed"):
        take_event(database, world, Event(day, What.METER, "late", day))


def test_a_term_that_has_ended_is_not_run_again(sqlite_address: str) -> None:
    """Who runs an ended term learns that it has ended."""
    database = opened(sqlite_address)
    rehearse(database, small().term.document, simulated())
    with pytest.raises(Faulty, match="term-ended"):
        rehearse(database, small().term.document, simulated())


def test_a_world_that_is_made_as_it_goes_is_caught_up_with(
    sqlite_address: str, tmp_path: Path
) -> None:
    """A rehearsal's clusters live in memory; stopped and begun again they are where they were."""
    with pytest.raises(Stop):
        rehearsed(sqlite_address, tmp_path, stopper(14))
    assert 0 < head(opened(sqlite_address)).size < len(small().term.entries)
    term = rehearsed(sqlite_address, tmp_path, silent)
    assert small().term.root() == term.root()
    with pytest.raises(Faulty, match="term-ended"):
        rehearsed(sqlite_address, tmp_path, silent)


def rows(database: Database) -> list[tuple[object, ...]]:
    """Every row of the ledger, table by table."""
    return [
        row
        for table, order in (("entry", "seq"), ("leg", "seq, side"), ("kept", "kind, key, seq"))
        for row in database.rows(f"SELECT * FROM {table} ORDER BY {order}")
    ]


def test_a_rehearsal_keeps_what_events_one_by_one_keep(sqlite_address: str, tmp_path: Path) -> None:
    """Held in memory from one event to the next, a term is kept as if it were read again."""
    honest, database = small().term, opened(sqlite_address)
    whole = rehearse(database, honest.document, simulated())
    assert (honest.entries, honest.decisions) == (whole.entries, whole.decisions)
    assert honest.taken == whole.taken
    other = f"sqlite:///{tmp_path / 'one-by-one.db'}"
    at_once = rows(database)
    one_by_one = opened(other)
    create(one_by_one)
    begin_programme(one_by_one, honest.document)
    for event in honest.taken:
        take_event(one_by_one, simulated(), event)
    assert at_once == rows(one_by_one)


def test_a_rehearsal_ends_where_somebody_else_writes(sqlite_address: str) -> None:
    """What memory holds is never laid over what came in between: it is refused, and stays out."""
    database, document = opened(sqlite_address), small().term.document
    event = agenda(document)[0]

    def meanwhile(text: str) -> None:
        if text == str(event):
            take_event(database, simulated(), event)

    with pytest.raises(Faulty, match="programme-begun"):
        rehearse(database, document, simulated(), meanwhile)
    before = root_of(database)
    assert small().term.root().hex() == rehearse(database, document, simulated()).root().hex()
    assert before[0] < root_of(database)[0]


def test_another_rehearsal_does_not_go_on_from_the_first(
    sqlite_address: str, tmp_path: Path
) -> None:
    """Two seeds are two worlds, and one journal is of one."""
    with pytest.raises(Stop):
        rehearsed(sqlite_address, tmp_path, stopper(9))
    before = root_of(opened(sqlite_address))
    with pytest.raises(Faulty, match="programme-begun"):
        rehearsed(sqlite_address, tmp_path, silent, seed="another")
    assert before == root_of(opened(sqlite_address))


def silent(_: str) -> None:
    """Nobody looks."""


def rehearsed(
    address: str, folder: Path, progress: Callable[[str], None], seed: str = "headgate"
) -> Term:
    """The small programme with its small workload, rehearsed in a database."""
    trace = folder / "workload.swf"
    trace.write_text(trace_text(), encoding="utf-8")
    through = partial(rehearse, opened(address))
    choices = Choices(trace=trace, seed=seed)
    return rehearse_programme(str(PROGRAMME), choices, progress, through).term


UNNEEDED = (
    *("allauth", "django.contrib", "pydantic_settings", "rules"),
    *("headgate.cycle", "headgate.readers.facts", "headgate.site.actions", "headgate.site.portal"),
    *("numpy", "headgate.steps.calls", "headgate.core.evaluation.estimate"),
)

READS = """
import sys
import tracemalloc
import headgate.operating
from headgate.cli.clusters import term_of
print(len(term_of(sys.argv[1]).holdings), *sorted(sys.modules), sep="\\n")
"""


def test_who_plans_by_a_ledger_waits_for_nothing_of_the_portal(begun_address: str) -> None:
    """A plan by cron is a process each time: it loads no pages, people, facts or judging."""
    command = [sys.executable, "-c", READS, begun_address]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    held, *loaded = done.stdout.split()
    assert ("7", []) == (held, [name for name in loaded if name.startswith(UNNEEDED)])
    assert "headgate.site.records.kept" in loaded


def test_a_line_of_awards_that_was_made_to_hold_two_is_refused() -> None:
    """Awards are read in one go, and are still one a line, as the journal's digest has them."""
    held = tuple(small().term.holdings.values())
    lines = canonical.lines(held).decode().splitlines()
    assert held == kept._holdings("\n".join(lines))
    with pytest.raises(Faulty, match="kept-unreadable"):
        kept._holdings("\n".join([",".join(lines[:2]), *lines[2:]]))


class Nobody(Simulated):
    """The rehearsal's world, in which nobody applies."""

    def applications(self, call: str) -> Sequence[Application]:
        """None."""
        del call
        return ()


def test_every_event_is_kept_also_where_nobody_holds_anything(sqlite_address: str) -> None:
    """A support that nobody was awarded stops no calendar: what happened stands in the journal."""
    database, document = opened(sqlite_address), small().term.document
    world = Nobody(at(document, first_day(document)).policy, {}, "nobody")
    begin_programme(database, document)
    for event in calendar(document, 2):
        before = head(database).size
        take_event(database, world, event)
        assert head(database).size > before, event


def many() -> tuple[Holding, ...]:
    """As many awards as take several pieces to read, each with something that was granted."""
    few = tuple(small().term.holdings.values())
    day, words = date(2026, 3, 1), "0" * 64
    over = Amendment("", "open", Change.HAND_OVER, day, day, True, words, words)
    return tuple(
        replace(few[n % len(few)], award=f"many-{n}", amended=(replace(over, award=f"many-{n}"),))
        for n in range(2_000)
    )


def test_awards_that_become_others_are_read_a_piece_at_a_time(
    begun_on_each: Database,
) -> None:
    """After an event that changes one award a process has made its piece, and not all of them anew:
    otherwise ten thousand awards take 6 MiB more with each event. SQLite's lines are never whole.
    """
    before, kinds = many(), ("kind", "key", "seq", "data")
    changed = (*before[:-1], replace(before[-1], blocks=7))
    read: list[tuple[Holding, ...]] = []
    kept._HOLDINGS.clear()
    told, peak = "", 0
    for awards in (before, changed):
        told, end = canonical.lines(awards).decode().rstrip(), head(begun_on_each)
        entry = Entry(Kind.FACTS_RECEIVED, end.latest, f"notes/{end.size}", ("it", "0" * 64))
        with begun_on_each.writing():
            append(begun_on_each, end, stored(begun_on_each), Chart(()), [entry])
            begun_on_each.insert("kept", kinds, [("holdings", "", end.size, told)])
        tracemalloc.start()
        stood = stands(begun_on_each)
        assert stood is not None
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        read.append(stood.holdings)
    assert [before, changed] == read
    assert peak < len(told) or begun_on_each.vendor == "postgresql"
    last = len(before) // canonical.PIECE * canonical.PIECE
    assert [n < last for n in range(2_000)] == [a is b for a, b in zip(*read, strict=True)]


def test_many_awards_are_read_in_pieces_and_their_lines_are_not_kept() -> None:
    """No award is lost or doubled where a piece ends, and what holds two is refused in any piece;
    a process keeps the awards by the digest of their lines, which are as large as the awards, and
    a day on which many end, and words that were said of many, are there once.
    """
    kept._HOLDINGS.clear()
    held = many()
    told = canonical.lines(held).decode()
    for text in (told, told.removesuffix("\n")):
        pieces = list(
            islice(canonical.pieces(kept._blocks(text)), 1 + len(held) // canonical.PIECE)
        )
        assert text.encode() == b"".join(pieces)
        assert {b"\n"} == {piece[-1:] for piece in pieces[:-1]}
    assert held == kept._holdings(told)
    assert kept._holdings(told) is kept._holdings(str(told))
    assert len({one.ends for one in held}) == len({id(one.ends) for one in kept._holdings(told)})
    assert 1 == len({id(one.amended[0].words) for one in kept._holdings(told)})
    assert kept._holdings(told) != kept._holdings(told.replace("many-1999", "many-1998"))
    keys = [key for key in kept._HOLDINGS._made if isinstance(key, tuple)]
    assert {32} == {len(digest) for key in keys for digest in key}
    lines = told.splitlines()
    later = [*lines[:700], lines[700].replace("2026", "2027"), *lines[701:]]
    again, before = kept._holdings("\n".join([*later, ""])), kept._holdings(told)
    assert [700] == [n for n, one in enumerate(again) if one != before[n]]
    assert canonical.PIECE == sum(one is not before[n] for n, one in enumerate(again))
    assert [1, 1] == [len({one.award: 0 for one in found}) - 1_999 for found in (again, before)]
    with pytest.raises(Faulty, match="kept-unreadable"):
        kept._holdings("\n".join([*lines[:-2], ",".join(lines[-2:])]))
