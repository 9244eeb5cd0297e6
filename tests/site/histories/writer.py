"""One of several writers that post to one ledger at once: `... ADDRESS NAME COUNT FILE`.

It says that it is ready and waits for a line. For each transfer it writes one line to the file,
after the answer: what it was told is what it can rely on.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from headgate.core.ledger.transfer import Outcome, Phase, Transfer
from headgate.site.actions.post import post
from headgate.site.records.database import opened
from tests.core.ledger.builders import CHART, NOON, use

HOT: Final = "award/hot"
"""The award that all writers spend at once."""


def main(address: str, name: str, count: int, answers: Path) -> None:
    """Post `count` rounds, one transfer after the other, and every fifth round as one batch."""
    database = opened(address, "writer")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with answers.open("w", encoding="utf-8") as file:
        for number in range(count):
            told = list(round_of(name, number))
            for some in [told] if number % 5 == 4 else [[transfer] for transfer in told]:
                for transfer, outcome in zip(some, post(database, CHART, some), strict=True):
                    file.write(f"{transfer.id}\t{outcome.name}\n")
    database.connection.close()


def round_of(name: str, number: int) -> Iterator[Transfer]:
    """What a writer posts in a round: of its own, of everybody's, and of the hot award."""
    own, parts = f"{name}-{number}", ("gpu_second", Phase.SINGLE, None, NOON, "race")
    yield Transfer(f"grant-{own}", "supply/seoul", f"award/{name}", 10, *parts)
    yield use(7, id=f"hold-{own}", debit=f"award/{name}", phase=Phase.PENDING)
    yield use(5, id=f"post-{own}", debit=f"award/{name}", phase=Phase.POST, pending=f"hold-{own}")
    yield Transfer(f"shared-{number}", "supply/seoul", "award/shared", 1, *parts)
    yield use(1, id=f"hot-{own}", debit=HOT)


def created(lines: list[str]) -> list[str]:
    """The ids that a writer was told are in the books by its own doing."""
    told = (line.split("\t") for line in lines)
    return [name for name, outcome in told if outcome == Outcome.CREATED.name]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
