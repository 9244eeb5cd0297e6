"""Importing metered use from a file of any size: part by part, each once, wherever it was stopped.

A file is known by its digest and the day on which it is imported; a part by the file and the last
row in it. Each part is one event and one transaction, so what is there can be read from the events:
a file whose import was killed goes on after the last part, and one that is in says so. Rows that
came before in another file change no balance, because the ledger knows them by their outside ids.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from headgate.core.decision import Decision
from headgate.core.faults import Fault, Faulty
from headgate.core.metering.usage import Usage
from headgate.core.quantities import instant
from headgate.readers.facts import Recorded, read_events
from headgate.readers.usage_csv import rows_again, usage_rows
from headgate.rings import undisturbed
from headgate.site.actions.take import take_event
from headgate.site.records.database import Database
from headgate.site.records.kept import events
from headgate.steps.event import Event, What, usage_name

PART_ROWS: Final = 5_000
"""Rows in a part: enough to make one sync cheap, few enough to be lost to a kill without regret."""

_NAME_LENGTH: Final = 16
_PROGRESS_ROWS: Final = 20_000

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: the rows of the file, those taken now, and what became of them.

    `counts` and `findings` are of the rows taken now, by the names that the decisions give them.
    """

    rows: int
    taken: int
    counts: Mapping[str, int]
    findings: Mapping[str, int]


def import_usage(
    database: Database, path: Path, day: date, progress: Progress, rows_most: int = PART_ROWS
) -> Imported:
    """Take the rows of a file as a meter's, as of the beginning of a day; raises `Faulty`.

    Nothing is written before every row was read once. Killed, it is run again.
    """
    with path.open("rb") as source:
        name = file_digest(source, "sha256").hexdigest()[:_NAME_LENGTH]
        rows = _checked(source, path.name, day, progress)
        done = _done(database, day, name)
        pace, tally = _Pace(rows, done), _Tally()
        for part in _parts(_from(source, path.name, done), rows_most):
            end = pace.done + len(part)
            with undisturbed():
                tally.add(_take(database, part, day, f"{name}-{end:09}"))
            progress(pace.told(end))
    return Imported(rows, rows - done, tally.counts, tally.findings)


def _checked(source: BinaryIO, file: str, day: date, progress: Progress) -> int:
    """How many rows the file has, once nothing was found against any of them."""
    source.seek(0)
    rows, latest = 0, ""
    for rows, row in enumerate(usage_rows(source, file), start=1):
        latest = max(latest, row.seen)
        if rows % _PROGRESS_ROWS == 0:
            progress(f"{file}: {rows:,} rows read")
    if latest > instant(day):
        what = f"the meter looked at {latest}, after {day} had begun"
        following = date.fromisoformat(latest[:10]) + timedelta(days=1)
        mend = f"Import it on {following} or later: --on {following}."
        raise Faulty([Fault(file, 0, 0, "usage-seen-later", what, mend)])
    return rows


def _done(database: Database, day: date, name: str) -> int:
    """How many rows of a file are in, by the part that reaches furthest."""
    ends = [
        int(event.about.removeprefix(f"{name}-"))
        for event in read_events("events", events(database))
        if event.what is What.METER and event.day == day and event.about.startswith(f"{name}-")
    ]
    return max(ends, default=0)


def _from(source: BinaryIO, file: str, done: int) -> Iterator[Usage]:
    source.seek(0)
    return islice(rows_again(source, file), done, None)


def _parts(rows: Iterator[Usage], rows_most: int) -> Iterator[Sequence[Usage]]:
    while part := tuple(islice(rows, rows_most)):
        yield part


def _take(database: Database, part: Sequence[Usage], day: date, about: str) -> Sequence[Decision]:
    since = min(date.fromisoformat(part[0].started[:10]), day)
    world = Recorded({usage_name(day, about): part})
    return take_event(database, world, Event(day, What.METER, about, since)).decisions


@dataclass(frozen=True, slots=True)
class _Tally:
    """What became of the rows so far, as the decisions say it."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)

    def add(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            result = decision.result
            if isinstance(result, dict):
                self.counts.update(result["counts"])
                self.findings.update(f.finding.name.lower() for f in result["findings"])


class _Pace:
    """How far an import is, how fast it goes, and how long that will take."""

    def __init__(self, rows: int, done: int) -> None:
        self.rows, self.done, self.first = rows, done, done
        self.began = time.monotonic()

    def told(self, done: int) -> str:
        """Where it stands now, in words."""
        self.done = done
        rate = max(1, int((done - self.first) / max(time.monotonic() - self.began, 0.001)))
        left = timedelta(seconds=(self.rows - done) // rate)
        return f"{done:,} of {self.rows:,} rows, {rate:,} rows/s, {left} left"
