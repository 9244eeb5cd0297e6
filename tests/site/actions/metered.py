"""The small programme kept up to the day on which its awards run, and use of them as files."""

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from headgate.readers.facts import Recorded, read_facts
from headgate.site.actions.take import begin_programme, take_event
from headgate.site.records.database import Database, opened
from headgate.site.records.journal import head, lines
from headgate.steps.agenda import agenda
from headgate.steps.event import What
from tests.whole.small import small

DAY = date(2026, 3, 31)
HEADER = "cluster,job,attempt,award,support_class,gpus,started,ended,seen\n"
AWARDS = [("alliance-0002", "b200", "north"), ("open-0001", "h200", "south")]


@cache
def facts() -> Mapping[str, Any]:
    """What the small programme's world told, by name."""
    received = small().term.facts
    return {name: read_facts(name, name.split("/")[0], f.data) for name, f in received.items()}


def begin(database: Database) -> None:
    """Take the small programme to its first orders: from then on its awards may be used."""
    document = small().term.document
    begin_programme(database, document)
    for event in agenda(document):
        take_event(database, Recorded(facts()), event)
        if event.what is What.ENFORCE:
            return


def template(folder: Path, empty: Path) -> Path:
    """A file with the small programme begun in it, with nobody connected."""
    path = folder / "begun.db"
    shutil.copy(empty, path)
    database = opened(f"sqlite:///{path}", "begun")
    begin(database)
    database.connection.close()
    return path


def rows(count: int, first: int = 0) -> list[str]:
    """Rows of a usage file: two awards in turn, most attempts ended, every seventh still runs."""
    made = []
    for number in range(first, first + count):
        award, support_class, cluster = AWARDS[number % 2]
        starts = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=number)
        ends = starts + timedelta(seconds=60 + number % 50)
        ended = "" if number % 7 == 3 else f"{ends:%Y-%m-%dT%H:%M:%SZ}"
        what = f"{cluster},job-{number},0,{award},{support_class},{1 + number % 3}"
        made.append(f"{what},{starts:%Y-%m-%dT%H:%M:%SZ},{ended},2026-03-30T00:00:00Z\n")
    return made


def usage_file(folder: Path, listed: list[str], name: str = "march.csv") -> Path:
    """A usage file with these rows."""
    path = folder / name
    path.write_text(HEADER + "".join(listed), encoding="utf-8")
    return path


def root_of(database: Database) -> tuple[int, str]:
    """How many entries the journal has, and its root by its lines."""
    from headgate.core.ledger.tree import root

    with database.reading():
        return head(database).size, root(lines(database, 0)).hex()


def balances(database: Database) -> dict[str, tuple[int, ...]]:
    """Every account's four totals."""
    totals = "debits_posted, credits_posted, debits_pending, credits_pending"
    last = "SELECT max(half) FROM leg m WHERE m.account = l.account"
    sql = f"SELECT account, {totals} FROM leg l WHERE half = ({last})"
    return {account: tuple(rest) for account, *rest in database.rows(sql)}
