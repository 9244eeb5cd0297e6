"""Seeded histories lived by pure books and by a database at once, every invariant after each step.

2,000 on SQLite, each in a ledger of its own; 200 on PostgreSQL, all in one ledger that grows. What
was met is counted by name, and a class that was never generated fails the run.
"""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

from headgate.core.ledger.correct import CorrectionRefusal
from headgate.core.ledger.entry import Kind
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.transfer import Outcome, Phase
from headgate.core.quantities import seconds_of
from headgate.site.records.database import opened
from headgate.site.records.journal import head, lines
from tests.site.histories.generator import ODD, Author, Operation, Way
from tests.site.histories.pair import EXPECTED, Pair, live
from tests.site.proof import never, record, times

SQLITE_HISTORIES: Final = 2_000
POSTGRES_HISTORIES: Final = 200
START: Final = seconds_of("2026-03-09T00:00:00Z")

CLASSES: Final = (
    *EXPECTED,
    *(way.value for way in Way),
    *(f"entry {kind.value}" for kind in Kind if kind is not Kind.TRANSFER),
    *(f"correction-{refusal.name.lower().replace('_', '-')}" for refusal in CorrectionRefusal),
    *(f"text: {name}" for name in (*ODD, "long id", "long path", "long reason")),
)


def test_sqlite_and_the_pure_ledger_live_the_same_histories(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """Whatever is told in whatever order, SQLite holds exactly what the rules say.

    Waiting for the disk is switched off: the proof is about rows, and crashes have their own.
    """
    counts: Counter[str] = Counter()
    path = tmp_path / "ledger.db"
    for seed in range(SQLITE_HISTORIES * times()):
        shutil.copy(sqlite_template, path)
        database = opened(f"sqlite:///{path}", "histories")
        database.rows("PRAGMA synchronous = OFF")
        counts += live(Author(seed, START), Pair(database, Frontier()))
        database.connection.close()
    record("Histories, SQLite", counts)
    assert [] == never(counts, CLASSES)


def test_batch_larger_than_any_question_to_the_database(address: str) -> None:
    """An import may tell more at once than is looked up in one go, and tell it again."""
    author, pair = Author(0, START), Pair(opened(address, "histories"), Frontier())
    grants = tuple(author.honest() for _ in range(700))
    held = tuple(author.single(grant.credit, author.use[0], 1) for grant in grants)
    reserved = tuple(replace(told, phase=Phase.PENDING) for told in held)
    posts = tuple(author.resolving(told, Phase.POST) for told in reserved)
    for several in (grants, reserved, posts):
        created = (Outcome.CREATED,) * len(several)
        pair.tell(Operation(Way.BATCH, several, expected=created))
    everything = (*grants, *reserved, *posts)
    exists = (Outcome.EXISTS,) * len(everything)
    pair.tell(Operation(Way.BATCH, everything, expected=exists))
    pair.tell(Operation(Way.BATCH, everything[1_000:], linked=True, expected=exists[1_000:]))
    pair.close()


def test_postgresql_and_the_pure_ledger_live_the_same_histories(postgres_address: str) -> None:
    """Whatever is told in whatever order, PostgreSQL holds exactly what the rules say.

    The histories follow each other in one ledger, so what one wrote lies under the next ones.
    """
    counts: Counter[str] = Counter()
    database = opened(postgres_address, "histories")
    tree, clock = Frontier(), START
    for seed in range(POSTGRES_HISTORIES * times()):
        author, pair = Author(seed, clock), Pair(database, tree)
        counts += live(author, pair)
        tree, clock = pair.pure, author.clock
    with database.reading():
        assert tree.root() == Frontier().grown(lines(database, 0)).root()
    assert tree.size == head(database).size
    record("Histories, PostgreSQL", counts)
    assert [] == never(counts, CLASSES)
