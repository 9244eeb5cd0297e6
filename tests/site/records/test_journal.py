"""Appending: every entry has its exact line, its number and, of a transfer, two legs."""

import pytest

from headgate.core.ledger.chart import Chart, Pattern
from headgate.core.ledger.entry import Entry, Kind, encode, transfer_entry
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.transfer import Phase
from headgate.site.records.database import Database, opened
from headgate.site.records.journal import Head, append, head, lines, standing
from tests.core.ledger.builders import CHART, NOON, grant, reserve, settle, use

LATER = "2026-03-10T12:00:00Z"
CLOSED = Entry(Kind.ROUND_CLOSED, "2026-01-01T00:00:00Z", "round-1", ("p", "e", "s"))


@pytest.fixture
def database(address: str) -> Database:
    """An empty ledger on each database in turn."""
    return opened(address)


def appended(database: Database, *entries: Entry, chart: Chart = CHART) -> Head:
    """Append entries as an action does."""
    with database.writing():
        at, ledger = standing(database, ())
        return append(database, at, ledger, chart, entries)


def test_head(database: Database) -> None:
    """The head counts entries of every kind; its instant is the latest transfer's."""
    assert Head(0, "") == head(database)
    assert Head(0, "") == appended(database)
    assert Head(1, "") == appended(database, CLOSED) == head(database)
    moved = transfer_entry(grant())
    assert Head(3, NOON) == appended(database, moved, CLOSED) == head(database)


def test_lines(database: Database) -> None:
    """The exact bytes that are hashed come back, in order, from any number on."""
    transfers = (grant(), reserve(why="việc-작업"), settle(4), use(3, at=LATER))
    entries = [CLOSED, *map(transfer_entry, transfers), CLOSED]
    appended(database, *entries[:2])
    assert Head(6, LATER) == appended(database, *entries[2:])
    with database.reading():
        assert [*map(encode, entries)] == list(lines(database, 0))
        assert [*map(encode, entries[4:])] == list(lines(database, 4))
        assert [] == list(lines(database, 6))


@pytest.mark.parametrize("apart", [False, True])
def test_legs(database: Database, apart: bool) -> None:
    """Each leg goes on from its account's leg before it, in the same action or an earlier one."""
    void = use(10, id="void", phase=Phase.VOID, pending="other")
    transfers = (grant(), reserve(), settle(4), reserve(id="other"), void)
    entries = [*map(transfer_entry, transfers)]
    for some in [[entry] for entry in entries] if apart else [entries]:
        appended(database, *some)
    sql = """
        SELECT half, seq, side, bound, posted, reserves, was_half,
            debits_posted, credits_posted, debits_pending, credits_pending
        FROM leg WHERE account = %s ORDER BY half
    """
    assert [
        (1, 0, "credit", "debits", 100, 0, None, 0, 100, 0, 0),
        (2, 1, "debit", "debits", 0, 10, 1, 0, 100, 10, 0),
        (4, 2, "debit", "debits", 4, -10, 2, 4, 100, 0, 0),
        (6, 3, "debit", "debits", 0, 10, 4, 4, 100, 10, 0),
        (8, 4, "debit", "debits", 0, -10, 6, 4, 100, 0, 0),
    ] == database.rows(sql, ["award/a"])
    assert [
        (3, 1, "credit", "none", 0, 10, None, 0, 0, 0, 10),
        (5, 2, "credit", "none", 4, -10, 3, 0, 4, 0, 0),
        (7, 3, "credit", "none", 0, 10, 5, 0, 4, 0, 10),
        (9, 4, "credit", "none", 0, -10, 7, 0, 4, 0, 0),
    ] == database.rows(sql, ["use/seoul"])
    sql = """
        SELECT pending, pending_seq, reserved, posted, reserves FROM entry
        WHERE pending IS NOT NULL ORDER BY seq
    """
    assert [("reserve", 1, 10, 4, -10), ("other", 3, 10, 0, -10)] == database.rows(sql)


def test_account_of_no_chart(database: Database) -> None:
    """An account that the chart does not know in that unit is not written to."""
    won = Chart((Pattern("supply/{site}", "krw"), Pattern("award/{award}", "krw")))
    with pytest.raises(Refused):
        appended(database, transfer_entry(grant()), chart=won)
    assert Head(0, "") == head(database)
