"""How fast an agent tells a portal what was used, and the same told again.

The rows lie in an agent's spool and go, parcel by parcel, through what the portal's door does with
them into the table of attempts; the wire between the two is left out. The ratio is to the least
that must be done: the same rows, read once, put into a bare table in one go, in the same run.
"""

import os
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Any, Final

from pydantic import TypeAdapter

from bench.ledger.bench_ledger import measure
from headgate.agent.look import Agent, push_use
from headgate.agent.portal import Portal
from headgate.agent.spool import Spool, opened
from headgate.core import canonical
from headgate.core.enforcement.clusters.rehearsal import RehearsalCluster
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant_of

ROWS: Final = int(os.environ.get("HEADGATE_PROOF_TIMES", "1")) * 10_000
BEGIN: Final = 1_767_225_600
_ROW: Final = TypeAdapter(Usage)
NOW: Final = BEGIN + ROWS * 15 + 100_000


def row(number: int) -> Usage:
    """An attempt that has ended."""
    at = BEGIN + number * 15
    who = "north", f"{number}", 1, f"award-{number % 500}", "h200"
    return Usage(*who, 8, instant_of(at), instant_of(at + 600), instant_of(NOW))


class Near(Portal):
    """The portal's door without the wire: what it does with a parcel."""

    def __init__(self) -> None:
        self.rows = 0

    def use(self, lines: bytes) -> frozenset[tuple[str, int]]:
        """Read and keep a parcel."""
        from headgate.site.actions.take_in import take_use
        from headgate.site.agents.models import Agent as Known

        rows = [_ROW.validate_json(line) for line in lines.splitlines()]
        self.rows += len(rows)
        later = take_use(Known.objects.get(site="north"), rows, datetime.fromtimestamp(NOW, UTC))
        return frozenset(later)


def pushed(spool: Spool, near: Near) -> float:
    """The seconds of a core in which all that is untold is told."""
    section = RehearsalCluster(engine="rehearsal", site="north", gpus={"h200": 8})
    agent = Agent("north", section, lambda _: {}, (), near, spool, Path())
    begun = process_time()
    push_use(agent)
    return process_time() - begun


def bare(folder: Path) -> float:
    """The same rows in a table that nothing is asked of."""
    lines = [canonical.line(row(number)) for number in range(ROWS)]
    begun = process_time()
    with sqlite3.connect(folder / "bare") as connection:
        connection.execute("CREATE TABLE row (line)")
        connection.executemany("INSERT INTO row VALUES (?)", ((line,) for line in lines))
    connection.close()
    return process_time() - begun


def run() -> list[dict[str, Any]]:
    """Tell all rows, then again what was told already, then nothing."""
    from headgate.site.serving import make_tables, prepare

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = f"sqlite:///{folder / 'site.db'}"
        prepare(address, "localhost", "", demo=False)
        from headgate.site.records.database import opened as database_at

        database = database_at(address)
        make_tables(database)
        from headgate.site.actions.agents import enrol

        enrol(database, "north", datetime.fromtimestamp(BEGIN, UTC))
        near, seconds = Near(), list[float]()
        for spool_of in ("first", "first", "lost"):
            with opened(folder / spool_of, "north") as spool:
                spool.keep_use(map(row, range(ROWS)), instant_of(NOW))
                seconds.append(pushed(spool, near))
        least = bare(folder)
        database.connection.close()
    first, nothing, again = seconds
    if near.rows != 2 * ROWS:
        raise RuntimeError(f"{near.rows} rows were told of {2 * ROWS}")
    sys.stderr.write(f"{ROWS:,} rows told in {first:.1f} s of a core, again in {again:.1f} s\n")
    return [
        measure("push", "rows_per_core_second", ROWS / first, "rows/s"),
        measure("push", "time_to_bare", first / least, "ratio"),
        measure("push", "told_again_to_first", again / first, "ratio"),
        measure("push", "nothing_new_to_first", nothing / first, "ratio"),
    ]
