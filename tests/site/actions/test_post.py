"""Posting as an action: alone, linked, in a batch, and from many threads that share the disk."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from headgate.core.faults import Faulty
from headgate.core.ledger.chart import Chart
from headgate.core.ledger.post import Books, post_all
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from headgate.site.actions import post as module
from headgate.site.actions.post import AT_ONCE_MOST, GROUP_MOST, Poster, post
from headgate.site.records.books import stored
from headgate.site.records.database import Database, opened
from headgate.site.records.journal import head
from headgate.site.records.unavailable import Unavailable
from tests.core.ledger.builders import CHART, grant, reserve, settle, use

THREADS = 8
SECONDS_MAX = 60


@pytest.fixture
def database(address: str) -> Database:
    """An empty ledger on each database in turn."""
    return opened(address)


@pytest.fixture
def poster(database: Database) -> Iterator[Poster]:
    """A poster on an empty ledger, closed afterwards."""
    with Poster(database, CHART) as made:
        yield made


def history(database: Database) -> list[Transfer]:
    """Every transfer that is kept, in order."""
    return list(stored(database).books(CHART, "").history())


def test_one_by_one(database: Database) -> None:
    """A transfer is created once; told again it moves nothing; told otherwise it is refused."""
    told = (grant(), reserve(), settle(4), settle(4), settle(5), use(97), use(96))
    outcomes = [post(database, CHART, [transfer])[0] for transfer in told]
    assert list(post_all(Books(CHART), told).outcomes) == outcomes
    expected = [
        *[Outcome.CREATED] * 3,
        Outcome.EXISTS,
        Refusal.EXISTS_WITH_DIFFERENT_BODY,
        Refusal.EXCEEDS_CREDITS,
        Outcome.CREATED,
    ]
    assert expected == outcomes
    assert [grant(), reserve(), settle(4), use(96)] == history(database)


@pytest.mark.parametrize("count", [1, AT_ONCE_MOST, AT_ONCE_MOST + 1, 1_000])
def test_batch(database: Database, count: int) -> None:
    """A batch of any size is judged in order, each on its own, and is kept as it was judged."""
    batch = [grant(count), *(use(1 + n % 3, id=f"use/{n}") for n in range(count))]
    pure = post_all(Books(CHART), batch)
    assert pure.outcomes == post(database, CHART, batch)
    assert list(pure.books.history()) == history(database)
    assert [Outcome.EXISTS] == list(post(database, CHART, [grant(count)]))
    again = post(database, CHART, batch)
    assert Outcome.CREATED not in again
    assert list(pure.books.history()) == history(database)


def test_linked(database: Database) -> None:
    """All or none: one refusal leaves no trace of the others."""
    outcomes = post(database, CHART, [grant(), use(101)], linked=True)
    assert (Refusal.LINKED_TRANSFER_REFUSED, Refusal.EXCEEDS_CREDITS) == outcomes
    assert 0 == head(database).size
    assert (Outcome.CREATED,) * 2 == post(database, CHART, [grant(), use(100)], linked=True)
    assert (Outcome.EXISTS,) * 2 == post(database, CHART, [grant(), use(100)], linked=True)


def test_nothing(database: Database) -> None:
    """Nothing posted is nothing written."""
    assert () == post(database, CHART, [])
    assert 0 == head(database).size


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "a\tb", "", "x" * 1_001])
@pytest.mark.parametrize("field", ["id", "debit", "credit", "unit", "pending", "at", "why"])
def test_hostile_text(database: Database, field: str, text: str) -> None:
    """Text that a database cannot hold is refused as in memory; whoever shares the batch is not."""
    changed: dict[str, Any] = {field: text, **({"phase": Phase.POST} if field == "pending" else {})}
    batch = [grant(), replace(use(), **changed), use(1, id="after")]
    outcomes = post(database, CHART, batch)
    assert post_all(Books(CHART), batch).outcomes == outcomes
    assert (Outcome.CREATED, Outcome.CREATED) == (outcomes[0], outcomes[2])
    assert isinstance(outcomes[1], Refusal)


def work_of(seed: int) -> list[list[Transfer]]:
    """Each thread's transfers: a hot account with a limit, ids that other threads have too."""
    random = Random(seed)
    names = [f"use/{n}" for n in range(60)]
    return [
        [
            use(1 + int(name.removeprefix("use/")) % 4, id=name)
            for name in random.sample(names, random.randrange(10, 40))
        ]
        for _ in range(THREADS)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_many_threads(database: Database, poster: Poster, seed: int) -> None:
    """Each id is created once and for one caller; what was answered is on the disk by then."""
    poster.post(grant(90))
    created: Counter[str] = Counter()
    answers: Counter[str] = Counter()

    def tell(transfers: Sequence[Transfer]) -> list[tuple[Transfer, Outcome | Refusal]]:
        told = [(transfer, poster.post(transfer)) for transfer in transfers]
        kept = stored(database)
        for transfer, outcome in told:
            there = kept.transfers.get(transfer.id) is not None
            assert not isinstance(outcome, Outcome) or there
        database.connection.close()
        return told

    with ThreadPoolExecutor(THREADS) as threads:
        for transfer, outcome in (
            pair for told in threads.map(tell, work_of(seed)) for pair in told
        ):
            answers[outcome.name] += 1
            created[transfer.id] += outcome is Outcome.CREATED
    assert {Outcome.CREATED.name, Outcome.EXISTS.name, Refusal.EXCEEDS_CREDITS.name} == set(answers)
    assert {transfer.id for transfer in history(database)} - {"grant"} == set(+created)
    assert {1} == set((+created).values())
    assert {Outcome.CREATED} == set(post_all(Books(CHART), history(database)).outcomes)


def gather(poster: Poster, database: Database, transfers: Sequence[Transfer]) -> list[Any]:
    """Post from as many threads while another writer has its turn, so that all must wait."""

    def tell(transfer: Transfer) -> Outcome | Refusal | Exception:
        try:
            return poster.post(transfer)
        except (Faulty, ZeroDivisionError) as error:
            return error

    with ThreadPoolExecutor(len(transfers)) as threads:
        with database.writing():
            database.rows("SELECT 1")
            first = threads.submit(tell, transfers[0])
            wait_for(lambda: not poster._waiting and bool(first.running()))
            others = [threads.submit(tell, transfer) for transfer in transfers[1:]]
            wait_for(lambda: len(poster._waiting) == len(transfers) - 1)
        return [first.result(), *(other.result() for other in others)]


def wait_for(holds: Any) -> None:
    """Until something comes true, within the patience of the suite."""
    deadline = time.monotonic() + SECONDS_MAX
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_who_waits_shares(
    database: Database, poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that wait at once are one transaction, and one's refusal is nobody else's."""
    groups: list[int] = []

    def counted(
        told: Database, chart: Chart, transfers: Sequence[Transfer]
    ) -> tuple[Outcome | Refusal, ...]:
        groups.append(len(transfers))
        return post(told, chart, transfers)

    monkeypatch.setattr(module, "post", counted)
    uses = [use(1, id=f"use/{n}") for n in range(9)]
    answers = gather(poster, database, [grant(), *uses, use(1_000, id="too much")])
    assert [Outcome.CREATED] * 10 + [Refusal.EXCEEDS_CREDITS] == answers
    assert ([11], GROUP_MOST) == ([sum(groups)], 1_000)
    assert 2 >= len(groups)


def test_all_are_told_of_a_failure(
    database: Database, poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a transaction fails nobody in it is answered as if it had not; then work goes on."""
    with monkeypatch.context() as patch:
        patch.setattr(module, "append_transfers", lambda *_: 1 // 0)
        answers = gather(poster, database, [grant(id=f"grant/{n}") for n in range(5)])
    assert [ZeroDivisionError] * 5 == [type(answer) for answer in answers]
    assert 0 == head(database).size
    assert Outcome.CREATED is poster.post(grant())


def run(database: Database, sql: str) -> None:
    """Say something to a database that has no answer to it."""
    with database.connection.cursor() as cursor:
        cursor.execute(sql)


def test_lost_in_between(poster: Poster, database: Database) -> None:
    """A named fault reaches the caller, and asking again with the same id doubles nothing."""
    switch = {
        "sqlite": "PRAGMA query_only = {}",
        "postgresql": "SET default_transaction_read_only = {}",
    }[database.vendor]
    poster._desk.submit(run, database, switch.format("on")).result()
    with pytest.raises(Faulty) as refused:
        poster.post(grant())
    assert [Unavailable.READ_ONLY.value] == [fault.code for fault in refused.value.faults]
    poster._desk.submit(run, database, switch.format("off")).result()
    assert (Outcome.CREATED, Outcome.EXISTS) == (poster.post(grant()), poster.post(grant()))


def test_closed(database: Database) -> None:
    """After closing nothing is taken any more, and what was posted stays."""
    with Poster(database, CHART) as poster:
        poster.post(grant())
    with pytest.raises(RuntimeError):
        poster.post(use())
    assert [grant()] == history(database)
