"""How fast the kept ledger posts, beside the bare database on the same disk in the same run.

The workload is half a year in small: each job a reservation and a post. Bare means the very rows
that the ledger writes, put into tables without a rule, an index or a guard. Passes of both take
turns, so that a busy machine slows both. Rates are of a core's time, the server's included, where
the machine's other work should not count, and of the clock where the disk is what is waited for.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import psycopg

from bench.ledger.bench_ledger import CHART, grants, measure
from headgate.core.ledger.transfer import Outcome, Phase, Transfer
from headgate.site.actions.post import Poster, post
from headgate.site.records.database import Database, create, opened
from headgate.site.records.journal import ENTRY_COLUMNS, LEG_COLUMNS
from headgate.site.reports.statement import page
from tests.servers.postgres import private_postgres

BATCH = 1_000
BATCHES = 6
PASSES = 3
SINGLES = 100
CALLERS = 16
EACH = 20
SYNC_SECONDS = 0.4
SYNC_RATE_MOST = 1_000
"""Syncs a second from which the cores and no longer the disk bound whoever commits one by one."""

IMPORTED = 200_000
WARM = 20_000
PAGES = 20
TABLES = {"leg": LEG_COLUMNS, "entry": ENTRY_COLUMNS}

Rows = list[tuple[Any, ...]]


def moves() -> Iterator[Transfer]:
    """A reservation and a post for each job, without end, at moving instants."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for n in count():
        at = f"{start + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}"
        award, job = f"award/{n % 500}", f"site-a/{n}/1"
        first = Transfer(
            f"{job}/reserve", award, "use/a", 100, "gpu_second", Phase.PENDING, None, at, award
        )
        yield first
        yield replace(first, id=f"{job}/post", amount=90, phase=Phase.POST, pending=first.id)


@dataclass
class Spent:
    """What was done, in which time of the clock and of the cores."""

    done: int = 0
    seconds: float = 0
    core_seconds: float = 0

    def rate(self) -> float:
        """How many in a second of the clock."""
        return self.done / self.seconds

    def core_rate(self) -> float:
        """How many in a second of a core."""
        return self.done / self.core_seconds


@dataclass
class Side:
    """One database: the ledger in it, bare tables beside it, and what each was seen to do."""

    name: str
    ledger: Database
    bare: Any
    folder: Path
    more: Iterator[Transfer] = field(default_factory=moves)
    spent: dict[str, Spent] = field(default_factory=dict)

    def take(self, number: int) -> list[Transfer]:
        """The next transfers."""
        return list(islice(self.more, number))

    def timed(self, what: str, done: int, work: Callable[[], object]) -> None:
        """Do something and add what it took, of the server's core too, to what it took before."""
        before, start = self.core_seconds(), perf_counter()
        work()
        spent = self.spent.setdefault(what, Spent())
        spent.seconds += perf_counter() - start
        spent.core_seconds += self.core_seconds() - before
        spent.done += done

    def core_seconds(self) -> float:
        """This process's core time, and that of the servers of both connections."""
        told = process_time()
        if self.name == "postgresql":
            drivers = (self.ledger.connection.connection, self.bare)
            for pid in (driver.info.backend_pid for driver in drivers if driver is not None):
                words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
                told += sum(map(int, words.split()[11:13])) / os.sysconf("SC_CLK_TCK")
        return told


def make_bare(side: Side) -> None:
    """The same columns, of the same types, and nothing else."""
    for table, columns in TABLES.items():
        words = ", ".join(f"{name} {kind_of(side, table, name)}" for name in columns)
        side.bare.execute(f"CREATE TABLE {table} ({words})")


def kind_of(side: Side, table: str, column: str) -> str:
    """The type of a column, in the database's words."""
    if side.name == "sqlite":
        sql = f"SELECT type FROM pragma_table_info('{table}') WHERE name = %s"
    else:
        sql = "SELECT data_type FROM information_schema.columns WHERE column_name = %s"
        sql += f" AND table_name = '{table}'"
    kind: str = side.ledger.rows(sql, [column])[0][0]
    return kind


def write_bare(side: Side, rows: dict[str, Rows]) -> None:
    """Put rows into the bare tables by the database's quickest way, and commit."""
    if side.name == "sqlite":
        side.bare.execute("BEGIN IMMEDIATE")
        for table, some in rows.items():
            marks = ", ".join("?" * len(TABLES[table]))
            side.bare.executemany(f"INSERT INTO {table} VALUES ({marks})", some)
        side.bare.execute("COMMIT")
        return
    with side.bare.transaction(), side.bare.cursor() as cursor:
        for table, some in rows.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in some:
                    copy.write_row(row)


def written_rows(side: Side, number: int) -> dict[str, Rows]:
    """The rows of the newest transfers, as the ledger has written them."""
    first = side.ledger.rows("SELECT max(seq) + 1 FROM entry")[0][0] - number
    sql = "SELECT {} FROM {} WHERE seq >= %s"
    return {
        table: side.ledger.rows(sql.format(", ".join(columns), table), [first])
        for table, columns in TABLES.items()
    }


def post_batches(side: Side, transfers: list[Transfer]) -> None:
    """Import: batches of a thousand, and all is created."""
    for start in range(0, len(transfers), BATCH):
        outcomes = post(side.ledger, CHART, transfers[start : start + BATCH])
        assert {Outcome.CREATED} == set(outcomes)


def measure_batches(side: Side) -> None:
    """Batches into the ledger, then the same rows into the bare tables."""
    transfers = side.take(BATCH * BATCHES)
    side.timed("batch", len(transfers), lambda: post_batches(side, transfers))
    rows = written_rows(side, len(transfers))

    def bare() -> None:
        for n in range(BATCHES):
            legs = rows["leg"][2 * BATCH * n : 2 * BATCH * (n + 1)]
            write_bare(side, {"leg": legs, "entry": rows["entry"][BATCH * n : BATCH * (n + 1)]})

    side.timed("bare batch", len(transfers), bare)


def measure_singles(side: Side, poster: Poster) -> None:
    """Bare syncs of the disk, bare commits of one row, one caller, and many callers at once."""
    with (side.folder / "syncs").open("ab", buffering=0) as file:
        start = perf_counter()
        while perf_counter() - start < SYNC_SECONDS:
            file.write(bytes(4096))
            side.timed("sync", 1, lambda: os.fdatasync(file.fileno()))
    mark = "?" if side.name == "sqlite" else "%s"
    sql = f"INSERT INTO entry VALUES ({', '.join([mark] * len(ENTRY_COLUMNS))})"
    row = written_rows(side, 1)["entry"][0]
    for transfer in side.take(SINGLES):
        side.timed("bare single", 1, lambda: side.bare.execute(sql, row))
        side.timed("single", 1, lambda told=transfer: post(side.ledger, CHART, [told]))  # type: ignore[misc]
    shares = [side.take(EACH) for _ in range(CALLERS)]

    def call(share: list[Transfer]) -> list[object]:
        return [poster.post(transfer) for transfer in share]

    with ThreadPoolExecutor(CALLERS) as callers:
        side.timed("group", CALLERS * EACH, lambda: list(callers.map(call, shares)))


def run_side(side: Side) -> list[dict[str, Any]]:
    """All measures of one database."""
    create(side.ledger)
    make_bare(side)
    assert {Outcome.CREATED} == set(post(side.ledger, CHART, grants()))
    with Poster(side.ledger, CHART) as poster:
        for _ in range(PASSES):
            measure_batches(side)
            measure_singles(side, poster)
    told, name = side.spent, f"kept-{side.name}"
    group, single = told["group"].rate(), told["single"].rate()
    sync = min(told["sync"].rate(), SYNC_RATE_MOST)
    batch, bare = told["batch"], told["bare batch"]
    return [
        measure(name, "batch_transfers_per_core_second", batch.core_rate(), "1/s"),
        measure(name, "batch_transfers_per_second", batch.rate(), "1/s"),
        measure(name, "batch_to_bare", batch.rate() / bare.rate(), "ratio"),
        measure(name, "batch_to_bare_by_core", batch.core_rate() / bare.core_rate(), "ratio"),
        measure(name, "single_to_bare_commit", single / told["bare single"].rate(), "ratio"),
        measure(name, "single_to_sync", single / sync, "ratio"),
        measure(name, "group_to_sync", group / sync, "ratio"),
        measure(name, "group_to_single", group / single, "ratio"),
        measure(name, "single_core_milliseconds", 1_000 / told["single"].core_rate(), "ms"),
    ]


@contextmanager
def on_sqlite() -> Iterator[Side]:
    """A ledger and bare tables in two files of one folder."""
    with tempfile.TemporaryDirectory() as name:
        ledger = opened(f"sqlite:///{name}/ledger.db", "bench")
        bare = sqlite3.connect(f"{name}/bare.db", isolation_level=None)
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        yield Side("sqlite", ledger, bare, Path(name))
        bare.close()
        ledger.connection.close()


@contextmanager
def on_postgresql() -> Iterator[Side]:
    """A ledger and bare tables in two databases of one durable server."""
    with private_postgres() as cluster, tempfile.TemporaryDirectory() as name:
        for database in ("ledger", "bare"):
            cluster.create(database)
        ledger = opened(cluster.url("ledger"), "bench")
        with psycopg.connect(cluster.url("bare"), autocommit=True, prepare_threshold=1) as bare:
            yield Side("postgresql", ledger, bare, Path(name))
        ledger.connection.close()


def resident_mebibytes() -> float:
    """The memory of this process that is in use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run_import() -> list[dict[str, Any]]:
    """A long import on SQLite, and pages of the account that every transfer of it has moved on.

    Not durable, because only memory and the pages are measured; HEADGATE_PROOF_TIMES=5 makes it a
    million transfers.
    """
    imported = IMPORTED * int(os.environ.get("HEADGATE_PROOF_TIMES", "1"))
    with tempfile.TemporaryDirectory() as name:
        database = opened(f"sqlite:///{name}/ledger.db", "import")
        create(database)
        with database.connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = OFF")
        post(database, CHART, grants())
        more, warm, most = moves(), 0.0, 0.0
        for done in range(BATCH, imported + 1, BATCH):
            post(database, CHART, list(islice(more, BATCH)))
            most = max(most, resident_mebibytes())
            warm = most if done <= WARM else warm
        before, start = None, process_time()
        for _ in range(PAGES):
            before = page(database, "use/a", before).before
        spent = process_time() - start
        database.connection.close()
    return [
        measure("kept-import", "memory_growth", most - warm, "MiB"),
        measure("kept-import", "memory", most, "MiB"),
        measure("kept-statement", "page_core_milliseconds", 1_000 * spent / PAGES, "ms"),
    ]


def run() -> list[dict[str, Any]]:
    """Measure SQLite, PostgreSQL, and a long import."""
    with on_sqlite() as side:
        measured = run_side(side)
    with on_postgresql() as side:
        measured += run_side(side)
    return measured + run_import()
