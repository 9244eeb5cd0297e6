"""How fast a cluster's accounting is read, judged and posted: from rows of sacct to a ledger.

The rows are made as they are read, as sacct prints them, a running child of this process: what is
held at once does not grow with them. They go into the spool, from there into the file for the
ledger, which is read twice, as an import does, and are judged and posted part by part: once by the
pure rules on books that forget them, and of some of them once more into the database of a site,
SQLite and PostgreSQL, with all that it keeps and guards. The first ratio is to the least that any
reader must do, splitting the lines and keeping them in a bare table of the same database, in the
same run. Python looks for rings as seldom as it does in a command, and of three times the least
counts, because what else runs on the machine only adds to it.
"""

import csv
import os
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, pairwise
from operator import attrgetter
from pathlib import Path
from time import process_time
from typing import Any, Final

from bench.ledger.bench_ledger import measure
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import post_all
from headgate.core.metering.meter import Taken, meter
from headgate.core.quantities import instant_of, seconds_of
from headgate.engines.slurm.sacct import Owner
from headgate.engines.slurm.spool import opened
from headgate.engines.slurm.usage import look
from headgate.readers.usage_csv import COLUMNS, rows_again, usage_rows
from headgate.rings import seldom, undisturbed, usually
from headgate.site.actions.usage import PART_ROWS, import_usage
from headgate.site.records.database import create
from headgate.site.records.database import opened as database_at
from tests.core.metering.test_meter import START, books, scope
from tests.servers.postgres import private_postgres
from tests.site.actions.metered import DAY, begin

ROWS: Final = int(os.environ.get("HEADGATE_PROOF_TIMES", "1")) * 100_000
KEPT: Final = ROWS // 5
TIMES: Final = 3
BEGIN: Final = seconds_of(START)
SPAN: Final = 1_700_000
UNTIL: Final = BEGIN + SPAN + 100_000
ACCOUNTS: Final = 500
CHIPS: Final = "billing=8000,cpu=64,gres/gpu:h200=1,gres/gpu=1,mem=200G,node=1"


def lines(rows: int, _: Sequence[str] = ()) -> Generator[str, None, None]:
    """What sacct prints of three weeks."""
    for n in range(rows):
        at = BEGIN + n * SPAN // rows
        times = f"{at}|{at}|{at + 1 + n % 40}|00:00:00"
        yield f"{n + 1}|{n}|{times}|COMPLETED|hg_award_{n % ACCOUNTS}|{CHIPS}|\n"


def read_and_written(folder: Path, rows: int, site: str, award: str) -> Path:
    """From rows of sacct to the file that the ledger imports, all of one award's accounts."""
    owner, path = Owner(award, "h200", "gpu:h200"), folder / f"{award}.csv"
    owners = {f"hg_award_{n}": owner for n in range(ACCOUNTS)}
    with opened(folder / f"{award}.spool", site) as spool:
        found = look("lab", spool, partial(lines, rows), owners.get, BEGIN, UNTIL)
        if (found.kept, found.bad) != (rows, 0):
            raise RuntimeError(f"{found.kept} of {rows} rows were kept")
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            table.writerows(map(attrgetter(*COLUMNS), spool.usage(BEGIN, UNTIL)))
    return path


def bare(folder: Path) -> None:
    """The same lines split and kept, and nothing else."""
    with sqlite3.connect(folder / "bare") as connection:
        connection.execute("CREATE TABLE row (a INTEGER PRIMARY KEY, b, c, d, e, f, g, h, i, j)")
        rows = (line.split("|") for line in lines(ROWS))
        connection.executemany("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def posted(path: Path) -> float:
    """A file read as an import reads it, judged and posted on books that forget each part.

    The core seconds of judging and posting alone, without the reading.
    """
    granted, known = books(a=10**15), Layers[Any, Any]()
    now = replace(scope(0), now=instant_of(BEGIN + 10**9))
    with path.open("rb") as source:
        for _ in usage_rows(source, path.name):
            pass
        source.seek(0)
        rows, done, spent = rows_again(source, path.name), 0, 0.0
        while part := tuple(islice(rows, PART_ROWS)):
            begun = process_time()
            with undisturbed():
                metered = meter(now, granted, known, part, "bench")
                post_all(granted, metered.transfers)
            spent += process_time() - begun
            done += metered.counts[Taken.CLOSED]
    if done != ROWS:
        raise RuntimeError(f"{done} of {ROWS} rows were posted")
    return spent


def kept(url: str, path: Path) -> float:
    """The core seconds of this process in which a file is imported into the database of a site."""
    database = database_at(url, "bench")
    create(database)
    begin(database)
    begun = process_time()
    imported = import_usage(database, path, DAY, lambda _: None)
    spent = process_time() - begun
    database.connection.close()
    if imported.counts["closed"] != KEPT or imported.findings:
        raise RuntimeError(f"{imported.counts} and {imported.findings} of {KEPT} rows")
    return spent


def pure(folder: Path) -> tuple[float, float, float, float]:
    """The core seconds of reading, of the least, of judging, and of judging with the file read."""
    times = [process_time()]
    path = read_and_written(folder, ROWS, "c", "a")
    times.append(process_time())
    bare(folder)
    times.append(process_time())
    rules = posted(path)
    times.append(process_time())
    read, least, post = (after - before for before, after in pairwise(times))
    return read, least, rules, post


def run() -> list[dict[str, Any]]:
    """Measure each part of the way, and the most memory that the process ever held."""
    seldom()
    seen = []
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as name:
            seen.append(pure(Path(name)))
    read, least, rules, post = map(min, zip(*seen, strict=True))
    with tempfile.TemporaryDirectory() as name, private_postgres() as server:
        path = read_and_written(Path(name), KEPT, "south", "open-0001")
        into = kept(f"sqlite:///{Path(name) / 'ledger.db'}", path)
        server.create("ledger")
        across = kept(server.url("ledger"), path)
    usually()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stderr.write(f"{ROWS:,} rows read in {read:.1f} s of a core, posted in {post:.1f} s\n")
    sys.stderr.write(f"{KEPT:,} of them kept in {into:.1f} s, by PostgreSQL {across:.1f} s\n")
    return [
        measure("usage", "rows_per_core_second", ROWS / read, "rows/s"),
        measure("usage", "time_to_bare", read / least, "ratio"),
        measure("usage", "rows_posted_per_core_second", ROWS / rules, "rows/s"),
        measure("usage", "rows_read_and_posted_per_core_second", ROWS / (read + post), "rows/s"),
        measure("usage", "rows_kept_per_core_second", KEPT / into, "rows/s"),
        measure("usage", "rows_kept_by_postgresql_per_core_second", KEPT / across, "rows/s"),
        measure("usage", "memory", memory, "MiB"),
    ]
