"""Books over a database: the same as books in memory, and asked for as seldom as can be."""

from dataclasses import replace

import pytest

from headgate.core.ledger.post import Balance, Books, post_all
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.site.actions.post import post
from headgate.site.records.books import Last, Looked, Seated, stored
from headgate.site.records.database import Database, opened
from headgate.site.records.journal import standing
from tests.core.ledger.builders import CHART, grant, reserve, settle, use

HISTORY = (
    grant(),
    reserve(),
    settle(4),
    reserve(7, id="second"),
    use(7, id="void", phase=Phase.VOID, pending="second"),
    reserve(9, id="open"),
    use(1),
)
STRANGE = ("", "\ud800", "a\x00b", "a\nb", "x" * 1_001, "%s", "{keys}", '"', "\\", "'; --", "số-한")


@pytest.fixture
def database(address: str) -> Database:
    """A ledger with a transfer of every kind on each database in turn."""
    database = opened(address)
    post(database, CHART, HISTORY)
    return database


def in_memory() -> Books:
    """The same ledger, never kept."""
    return post_all(Books(CHART), HISTORY).books


def test_same_as_in_memory(database: Database) -> None:
    """All that books can be asked has the same answer, whether looked up or listed."""
    at, ledger = standing(database, ())
    kept, memory = ledger.books(CHART, at.latest), in_memory()
    assert (len(HISTORY), memory.at) == (at.size, kept.at)
    assert list(memory.history()) == list(kept.history())
    assert dict(memory.resolutions) == dict(kept.resolutions)
    assert dict(memory.balances) == dict(kept.balances)
    looked = stored(database).books(CHART, at.latest)
    for transfer in HISTORY:
        assert transfer == looked.transfers[transfer.id]
        assert memory.resolutions.get(transfer.id) == looked.resolutions.get(transfer.id)
    for path, balance in memory.balances.items():
        assert balance == looked.balances[path]
    assert 3 == len(memory.balances) == len(looked.balances)


@pytest.mark.parametrize("first", [False, True])
def test_what_is_not_there(database: Database, first: bool) -> None:
    """No text that a caller may send is found, and none of it stops the search for others."""
    ledger = stored(database)
    if first:
        asked = [replace(grant(), id=text, pending=text, debit=text) for text in STRANGE]
        ledger.prefetch([*asked, *HISTORY])
    books = ledger.books(CHART, "")
    for text in STRANGE:
        assert books.transfers.get(text) is None
        assert books.resolutions.get(text) is None
        assert books.balances.get(text) is None
        with pytest.raises(KeyError):
            books.transfers[text]
    assert grant() == books.transfers.get("grant")
    assert Seated(0, grant()) == ledger.transfers["grant"]
    assert Last(13, Balance(0, 5, 0, 9)) == ledger.legs["use/seoul"]


def statements(database: Database, transfers: tuple[Transfer, ...]) -> list[str]:
    """What SQLite is told while a batch is posted."""
    told: list[str] = []
    database.connection.ensure_connection()
    database.connection.connection.set_trace_callback(told.append)
    post(database, CHART, transfers)
    database.connection.connection.set_trace_callback(None)
    return [sql for sql in told if sql.lstrip().startswith("SELECT") and "RAISE" not in sql]


def test_questions_do_not_grow(sqlite_address: str) -> None:
    """A batch of a thousand asks as often as one transfer: head, transfers and legs, once each."""
    database = opened(sqlite_address)
    uses = [use(1, id=f"use/{n}", debit=f"award/{n}", credit=f"use/{n}") for n in range(999)]
    grants = [grant(1, id=f"grant/{n}", credit=f"award/{n}") for n in range(999)]
    kinds = ("FROM entry ORDER BY seq DESC", "FROM entry e", "FROM leg\n")
    for batch in ((grant(),), tuple(grants), tuple(uses)):
        asked = statements(database, batch)
        assert [1, 1, 1] == [sum(kind in sql for sql in asked) for kind in kinds]


def test_looked_up_once() -> None:
    """A key is looked up once whatever came of it, and many at once where that is asked for."""
    asked: list[list[str]] = []

    def look_up(keys: list[str]) -> dict[str, int]:
        asked.append(keys)
        return {key: len(key) for key in keys if key}

    looked = Looked(look_up, lambda: {"a": 1})
    looked.prefetch(["a", "", "a"])
    assert (1, None, 7) == (looked.get("a"), looked.get(""), looked.get("", 7))
    looked.learn(["b"], {})
    assert looked.get("b") is None
    assert 2 == looked["cc"]
    assert [["a", ""], ["cc"]] == asked
    assert (["a"], 1) == (list(looked), len(looked))
