"""Four writers at once: nothing is lost, nothing is doubled, and no limit is passed in a race."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from headgate.core.ledger.entry import as_transfer, decode
from headgate.core.ledger.post import Books, post_all
from headgate.core.ledger.transfer import Outcome, Refusal
from headgate.site.actions.post import post
from headgate.site.records.books import stored
from headgate.site.records.database import Database, opened
from headgate.site.records.journal import head, lines
from tests.core.ledger.builders import CHART, account, grant
from tests.site.histories.pair import readded
from tests.site.histories.writer import HOT, created
from tests.site.proof import record, times

ROOT: Final = Path(__file__).parents[3]
NAMES: Final = ("a", "b", "c", "d")
ROUNDS: Final = 15
HOT_CREDIT: Final = 25
"""What the hot award has to spend: less than half of what the four ask of it."""


def test_four_writers_lose_and_double_nothing(address: str, tmp_path: Path) -> None:
    """Every answer that a writer was given holds; what all of them told is in the books once."""
    database, rounds = opened(address, "race"), ROUNDS * times()
    hot = grant(HOT_CREDIT * times(), id="hot", credit=HOT)
    assert (Outcome.CREATED,) == post(database, CHART, [hot])
    database.connection.close()
    told = raced(address, rounds, tmp_path)

    outcomes = Counter(line.split("\t")[1] for line in told)
    shared = Counter(name for name in created(told) if name.startswith("shared-"))
    assert {f"shared-{number}": 1 for number in range(rounds)} == shared
    assert 3 * rounds == outcomes[Outcome.EXISTS.name]
    refused = len(NAMES) * rounds - HOT_CREDIT * times()
    assert refused == outcomes[Refusal.EXCEEDS_CREDITS.name]
    assert len(told) == sum(outcomes[outcome.name] for outcome in Outcome) + refused

    books = verified(database)
    assert 0 == books.available(account(HOT))
    assert sorted(["hot", *created(told)]) == sorted(books.transfers)
    record(f"Four writers, {database.vendor}", outcomes)


def raced(address: str, rounds: int, folder: Path) -> list[str]:
    """Let four processes write at once; every line that any of them wrote down."""
    command = [sys.executable, "-m", "tests.site.histories.writer", address]
    answers = [folder / name for name in NAMES]
    writers = [
        subprocess.Popen(
            [*command, file.name, str(rounds), file],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for file in answers
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert "ready\n" == writer.stdout.readline()
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
    assert [0] * len(NAMES) == [writer.returncode for writer in writers]
    return [line for file in answers for line in file.read_text(encoding="utf-8").splitlines()]


def verified(database: Database) -> Books:
    """The books that the journal's lines give under the rules, which the database must equal."""
    with database.reading():
        told = list(lines(database, 0))
    assert len(told) == head(database).size
    posted = post_all(Books(CHART), [as_transfer(decode(line)) for line in told])
    assert {Outcome.CREATED} == set(posted.outcomes)
    kept = dict(stored(database).books(CHART, "").balances.items())
    assert dict(posted.books.balances.items()) == kept
    assert readded(told) == kept
    return posted.books
