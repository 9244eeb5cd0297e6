"""How fast a cluster's accounting is read into the spool and written for the ledger.

The rows are made as they are read, as sacct prints them, a running child of this process: what is
held at once does not grow with them. The ratio is to the least that any reader must do, splitting
the lines and keeping them in a bare table of the same database, in the same run.
"""

import csv
import os
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from time import process_time
from typing import Any, Final

from bench.ledger.bench_ledger import measure
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.post import post_all
from headgate.core.metering.meter import Known, Taken, meter
from headgate.core.quantities import instant_of
from headgate.engines.slurm.sacct import Owner
from headgate.engines.slurm.spool import opened
from headgate.engines.slurm.usage import look
from headgate.readers.usage_csv import COLUMNS
from headgate.site.actions.usage import PART_ROWS
from tests.core.metering.test_meter import books, row, scope

ROWS: Final = int(os.environ.get("HEADGATE_PROOF_TIMES", "1")) * 100_000
BEGIN: Final = 1_767_225_600
OWNERS: Final = {f"hg_award_{n}": Owner(f"award-{n}", "h200", "gpu:h200") for n in range(500)}
CHIPS: Final = "billing=8000,cpu=64,gres/gpu:h200=8,gres/gpu=8,mem=200G,node=1"


def lines(_: Sequence[str]) -> Generator[str, None, None]:
    """What sacct prints of half a year."""
    for n in range(ROWS):
        at = BEGIN + n * 15
        times = f"{at}|{at}|{at + 600 + n % 86_400}|00:00:00"
        yield f"{n + 1}|{n // 2}|{times}|COMPLETED|hg_award_{n % 500}|{CHIPS}|\n"


def read_and_written(folder: Path) -> None:
    """The whole way: rows of sacct to the file that the ledger imports."""
    until = BEGIN + ROWS * 15 + 100_000
    with opened(folder / "spool", "site-a") as spool:
        found = look("lab", spool, lines, OWNERS.get, BEGIN, until)
        if (found.kept, found.bad) != (ROWS, 0):
            raise RuntimeError(f"{found.kept} of {ROWS} rows were kept")
        with (folder / "usage.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(map(attrgetter(*COLUMNS), spool.usage(BEGIN, until)))


def bare(folder: Path) -> None:
    """The same lines split and kept, and nothing else."""
    with sqlite3.connect(folder / "bare") as connection:
        connection.execute("CREATE TABLE row (a INTEGER PRIMARY KEY, b, c, d, e, f, g, h, i, j)")
        rows = (line.split("|") for line in lines(()))
        connection.executemany("INSERT INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def posted() -> float:
    """CPU seconds in which as many ended attempts are judged and posted, part by part."""
    told, spent = books(a=10**15), 0.0
    known: Known = Layers()
    now = replace(scope(0), now=instant_of(BEGIN + 10**9))
    for first in range(0, ROWS, PART_ROWS):
        rows = [row(n, n + 600, n + 700, job=str(n)) for n in range(first, first + PART_ROWS)]
        begun = process_time()
        metered = meter(now, told, known, rows, "bench")
        told, known = post_all(told, metered.transfers).books, metered.known
        spent += process_time() - begun
        if metered.counts[Taken.CLOSED] != PART_ROWS:
            raise RuntimeError(f"{metered.counts} of {PART_ROWS} rows")
    return spent


def run() -> list[dict[str, Any]]:
    """Measure both, and the most memory that the process ever held."""
    with tempfile.TemporaryDirectory() as name:
        begun = process_time()
        read_and_written(Path(name))
        whole = process_time() - begun
        begun = process_time()
        bare(Path(name))
        least = process_time() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stderr.write(f"{ROWS:,} rows in {whole:.1f} s of a core\n")
    return [
        measure("usage", "rows_per_core_second", ROWS / whole, "rows/s"),
        measure("usage", "time_to_bare", whole / least, "ratio"),
        measure("usage", "memory", memory, "MiB"),
        measure("usage", "rows_posted_per_core_second", ROWS / posted(), "rows/s"),
    ]
