"""An honest database verifies; of a forged one the first wrong entry is named, on both databases.

What nothing in a database can show is shown too: it takes a checkpoint that had left the house.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.core.ledger.chart import Chart, Limit, Pattern
from headgate.core.ledger.checkpoint import Checkpoint, sign
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.core.ledger.tree import root
from headgate.journal import keys
from headgate.journal.keys import Keys
from headgate.site.actions.post import post
from headgate.site.actions.take import begin_programme, take_event
from headgate.site.records.database import opened
from headgate.site.records.journal import head, lines
from headgate.site.verifying import DatabaseVerdict, verify_database
from headgate.site.verifying.findings import Wrong, apart, told
from headgate.steps.agenda import agenda
from tests.site.deeds import DEEDS, Deed
from tests.site.forging import Hand, Kept, empty_kept, fill, recorded, rewritten, small_kept
from tests.whole.small import signers, small, small_term

VENDORS = ("sqlite", "postgresql")


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    """Each database in turn."""
    name: str = request.param
    return name


@pytest.fixture
def kept(vendor: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """The small programme's term in a database."""
    with small_kept(vendor, request, tmp_path) as made:
        yield made


@pytest.fixture
def empty(vendor: str, request: pytest.FixtureRequest) -> Iterator[Kept]:
    """An empty ledger."""
    with empty_kept(vendor, request) as made:
        yield made


def codes(verdict: DatabaseVerdict) -> set[str]:
    """What was found, by name."""
    return {fault.code for fault in verdict.faults}


def note_of(kept: Kept) -> bytes:
    """A checkpoint of a journal as it stands, signed and taken away."""
    database = opened(kept.address, "note")
    with database.reading():
        size, found = head(database).size, root(lines(database, 0))
    database.connection.close()
    return sign(Checkpoint(signers()[0].name, size, found), signers())


def public() -> Keys:
    """The keys of the log that those checkpoints are of."""
    ed25519, ml_dsa_44 = (signer.verifier() for signer in signers())
    return Keys(((ed25519, ml_dsa_44),), (), retiring=False)


def test_an_honest_database_verifies(kept: Kept) -> None:
    """Nothing is found in it, everything is counted, and the root is that of the term in memory."""
    verdict, term = (
        verify_database(kept.database, notes=[note_of(kept)], keys=public()),
        small().term,
    )
    assert () == verdict.faults
    assert None is verdict.first_wrong
    counted = (verdict.entries, verdict.transfers, sum(verdict.decisions.values()), verdict.events)
    assert (len(term.entries), len(term.books.transfers), len(term.decisions)) == counted[:3]
    assert len(term.taken) == counted[3]
    assert term.root().hex() == verdict.root


def test_a_term_that_has_only_begun_verifies(empty: Kept) -> None:
    """An empty database, and one in which only some events happened, are honest too."""
    assert () == verify_database(empty.database).faults
    term, database = small().term, empty.database
    begin_programme(database, term.document)
    for event in agenda(term.document)[:3]:
        take_event(database, recorded(term.facts), event)
    verdict = verify_database(database)
    assert ((), 3) == (verdict.faults, verdict.events)


@pytest.mark.parametrize(("deed", "wrong"), DEEDS, ids=[deed.__name__ for deed, _ in DEEDS])
def test_the_first_wrong_entry_of_a_forged_database_is_named(
    kept: Kept, deed: Deed, wrong: Wrong
) -> None:
    """Guards taken away and put back: what the forger did is named by the entry it falsifies."""
    expected = kept.forge(deed)
    verdict = verify_database(kept.database)
    assert wrong.name.lower().replace("_", "-") in codes(verdict), verdict.faults
    assert expected == verdict.first_wrong, verdict.faults
    assert not [fault for fault in verdict.faults if "guard" in fault.code]


USE = next(
    number
    for number, entry in enumerate(small().term.entries)
    if number > 400 and entry.kind is Kind.TRANSFER and entry.subject.startswith("use:")
)
"""The number of a transfer for use, on which no later one rests."""


def smaller(number: int, entry: Entry) -> list[Entry]:
    """The history with one amount cut in the middle."""
    if number != USE:
        return [entry]
    return [replace(entry, fields=(*entry.fields[:2], "7", *entry.fields[3:]))]


def fuller(number: int, entry: Entry) -> list[Entry]:
    """The history with one transfer more in the middle, the other way."""
    if number != USE:
        return [entry]
    debit, credit, *rest = entry.fields
    return [replace(entry, subject="made up", fields=(credit, debit, *rest)), entry]


@pytest.mark.parametrize("change", [smaller, fuller])
def test_a_history_rewritten_through_every_guard_is_derived_otherwise(
    kept: Kept, empty: Kept, change: Callable[[int, Entry], list[Entry]]
) -> None:
    """Columns, legs and numbers all fit the forged line; policy and facts give another line."""
    note = note_of(kept)
    rewritten(kept, empty, change)
    verdict = verify_database(empty.database, notes=[note], keys=public())
    assert {"entry-derived", "note-differs"} <= codes(verdict)
    assert USE == verdict.first_wrong


def test_a_transfer_that_no_event_made_is_named(kept: Kept) -> None:
    """Whoever may post, and posts past the programme, is seen: the entry is nobody's."""
    database, term = kept.database, small().term
    path = next(p for p in term.books.balances if "/use/" in p)
    award = next(p for p in term.books.balances if "/award/" in p and term.available(p) > 0)
    unit = term.books.chart.find(path)
    assert unit is not None
    moved = Transfer("gift", path, award, 5, unit.unit, Phase.SINGLE, None, term.books.at, "gift")
    post(database, term.books.chart, [moved])
    verdict = verify_database(kept.database)
    assert {"entry-derived"} == codes(verdict)
    assert len(term.entries) == verdict.first_wrong


def test_only_a_note_from_outside_reveals_a_history_rewritten_from_end_to_end(
    kept: Kept, tmp_path: Path
) -> None:
    """Another term made up consistently is an honest database; a checkpoint that left tells."""
    note = note_of(kept)
    address = f"sqlite:///{tmp_path / 'other.db'}"
    fill(address, small_term("forged").term)
    other = Kept("sqlite", address, "")
    assert () == verify_database(other.database).faults
    verdict = verify_database(other.database, notes=[note], keys=public())
    assert {"note-differs"} == codes(verdict)


def test_only_a_note_reveals_events_that_were_taken_back_whole(kept: Kept) -> None:
    """The newest event gone with all its rows leaves an honest, younger database."""
    note = note_of(kept)

    def taken_back(hand: Hand) -> int:
        last: int = hand.one(
            "SELECT seq FROM kept WHERE kind = 'event' ORDER BY seq DESC LIMIT 1 OFFSET 1"
        )
        for table in ("kept", "leg", "entry"):
            hand.do(f"DELETE FROM {table} WHERE seq > {last}")
        return last + 1

    size = kept.forge(taken_back)
    assert () == verify_database(kept.database).faults
    verdict = verify_database(kept.database, notes=[note], keys=public())
    assert {"note-differs"} == codes(verdict)
    assert size == verdict.first_wrong


def test_every_checkpoint_is_compared_with_the_journal_and_with_the_keys(kept: Kept) -> None:
    """A row that was replaced, a root that never was, a note of other keys: each is named."""
    database, origin = kept.database, signers()[0].name
    with database.reading():
        roots = {size: root(list(lines(database, 0))[:size]) for size in (100, 200, 300)}
    wrong = sign(Checkpoint(origin, 300, b"x" * 32), signers())
    foreign = sign(Checkpoint(origin, 100, roots[100]), signers(9))
    honest = sign(Checkpoint(origin, 200, roots[200]), signers())
    notes = {100: foreign, 200: honest, 300: wrong}
    with database.writing():
        for size, note in notes.items():
            row = (size, size - 1, (roots[size] if size < 300 else b"x" * 32).hex(), note.decode())
            database.insert("checkpoint", ("size", "last_seq", "root", "note"), [row])
    verdict = verify_database(kept.database, keys=public())
    assert {"note-unsigned", "note-differs"} == codes(verdict)
    places = {"checkpoint of size 100", "checkpoint of size 300"}
    assert places == {fault.file for fault in verdict.faults}
    assert "from 200 to 299" in next(f.what for f in verdict.faults if f.code == "note-differs")
    kept.forge(lambda hand: hand.do(f"UPDATE checkpoint SET root = '{'0' * 64}' WHERE size = 200"))
    verdict = verify_database(kept.database, notes=[b"no note"])
    assert {"note-unsigned", "note-differs"} == codes(verdict)
    assert "checkpoint of size 200" in {fault.file for fault in verdict.faults}


CHART = Chart(
    (
        Pattern("supply/{site}", "gpu_second"),
        Pattern("award/{award}", "gpu_second", Limit.DEBITS_MUST_NOT_EXCEED_CREDITS),
        Pattern("loan/{lender}", "gpu_second", Limit.CREDITS_MUST_NOT_EXCEED_DEBITS),
    )
)


def moves(count: int, start: int = 0) -> list[Transfer]:
    """Transfers of every phase, in an order in which each can be posted."""
    when = "2026-03-01T00:00:00Z"
    made: list[Transfer] = []
    for n in range(start, start + count):
        award = f"award/{n % 7}"
        made += [
            Transfer(f"g{n}", "supply/s", award, 9, "gpu_second", Phase.SINGLE, None, when, "w"),
            Transfer(f"p{n}", award, "supply/s", 5, "gpu_second", Phase.PENDING, None, when, "w"),
            Transfer(f"r{n}", award, "supply/s", 3, "gpu_second", Phase.POST, f"p{n}", when, "w"),
            Transfer(f"q{n}", award, "supply/s", 2, "gpu_second", Phase.PENDING, None, when, "w"),
            Transfer(f"v{n}", award, "supply/s", 2, "gpu_second", Phase.VOID, f"q{n}", when, "w"),
            Transfer(f"l{n}", "loan/x", "supply/s", 2, "gpu_second", Phase.SINGLE, None, when, "w"),
        ]
    return made


def test_a_ledger_without_a_programme_verifies_across_chunks(empty: Kept) -> None:
    """Reservations that are resolved thousands of entries later are found again; accounts too."""
    first = moves(500)
    late = [t for t in first if t.phase is not Phase.VOID]
    voids = [t for t in first if t.phase is Phase.VOID]
    post(empty.database, CHART, [*late, *voids])
    verdict = verify_database(empty.database)
    assert ((), 3000, 3000) == (verdict.faults, verdict.entries, verdict.transfers)

    def forged(hand: Hand) -> int:
        hand.do("UPDATE entry SET pending_seq = pending_seq + 1 WHERE seq = 2800")
        return 2800

    assert 2800 == empty.forge(forged)
    verdict = verify_database(empty.database)
    assert {"entry-differs"} == codes(verdict) - {"file-damaged"}
    assert 2800 == verdict.first_wrong


def test_what_is_kept_without_a_policy_is_nobodys(empty: Kept) -> None:
    """A ledger of bare transfers keeps nothing else; a fact or a value in it rests on nothing."""
    database = empty.database
    post(database, CHART, moves(1))
    with database.writing():
        database.insert("kept", ("kind", "key", "seq", "data"), [("holdings", "", 3, "")])
    verdict = verify_database(empty.database)
    assert {"programme-unreadable"} == codes(verdict)
    assert 3 == verdict.first_wrong


def test_a_ring_of_keys_opens_what_any_of_its_pairs_signed(kept: Kept, tmp_path: Path) -> None:
    """After a change of keys, what the earlier pair signed still verifies."""
    ring = keys.create(tmp_path / "ring", "example.org/log")
    database = kept.database
    with database.reading():
        found = root(lines(database, 0))
    size = len(small().term.entries)
    earlier = sign(Checkpoint("example.org/log", size, found), ring.signers)
    keys.rotate(tmp_path / "ring")
    changed = keys.retire(tmp_path / "ring").keys
    assert () == verify_database(kept.database, notes=[earlier], keys=changed).faults


def test_bytes_that_are_no_text_are_found_and_do_no_harm(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """SQLite keeps any bytes as text; verification names the entry and goes on."""
    with small_kept("sqlite", request, tmp_path) as kept:
        kept.forge(
            lambda hand: hand.do("UPDATE entry SET line = CAST(x'ff' AS TEXT) WHERE seq = 9")
        )
        verdict = verify_database(kept.database)
        assert "entry-unreadable" in codes(verdict)
        assert 9 == verdict.first_wrong


def test_what_a_finding_repeats_is_short_and_harmless() -> None:
    """A forger's line cannot flood or command the terminal of whoever verifies."""
    assert "'\\x1b[2J'" == told("\x1b[2J")
    assert 240 > len(told("x" * 65_535))
    assert "it is 'b' and should be 'a'" == apart("b", "a")
    assert "from character 80 it is" in apart("x" * 100 + "a", "x" * 100 + "b")
    assert "should be" in apart("abc", "abcd")


def test_a_table_that_does_not_answer_is_found_by_its_guards(kept: Kept) -> None:
    """A renamed column ends no verification in an error of the database: it is a finding."""
    with kept.connected() as hand:
        hand.do("ALTER TABLE entry RENAME COLUMN line TO lines")
    verdict = verify_database(kept.database)
    assert "guard-changed" in codes(verdict)
    assert 0 == verdict.entries


def test_bytes_behind_a_line_are_found(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A line that goes on in bytes that are no text is no line of ours."""
    with small_kept("sqlite", request, tmp_path) as kept:
        more = "CAST(CAST({0} AS BLOB) || x'ff' AS TEXT)".format
        both = f"line = {more('line')}, subject = {more('subject')}"
        kept.forge(lambda hand: hand.do(f"UPDATE entry SET {both} WHERE seq = 9"))
        assert 9 == verify_database(kept.database).first_wrong
