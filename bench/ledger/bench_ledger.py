"""How fast the ledger posts and the journal grows, in pure Python on one core.

The workload is half a year in small: awards by the hundred, each job a reservation and a post. The
transfers are made beforehand, so that only the ledger's own work is timed. Rates depend on the
machine; the ratios compare with the least that any implementation must do, timed in the same run.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from time import process_time
from typing import Any

from headgate.core.ledger.chart import Chart, Limit, Pattern
from headgate.core.ledger.entry import encode, transfer_entry
from headgate.core.ledger.post import Books, post, post_all
from headgate.core.ledger.transfer import Outcome, Phase, Transfer
from headgate.core.ledger.tree import Tree

AWARDS = 500
JOBS = 150_000
SINGLES = 20_000
PASSES = 3

CHART = Chart(
    (
        Pattern("supply/{site}", "gpu_second"),
        Pattern("award/{award}", "gpu_second", Limit.DEBITS_MUST_NOT_EXCEED_CREDITS),
        Pattern("use/{site}", "gpu_second"),
    )
)


def grants() -> list[Transfer]:
    """Every award's credit."""
    at, why = "2026-01-01T00:00:00Z", "decision-1"
    return [
        Transfer(
            f"grant-{n}", "supply/a", f"award/{n}", 10**9, "gpu_second", Phase.SINGLE, None, at, why
        )
        for n in range(AWARDS)
    ]


def jobs() -> list[Transfer]:
    """A reservation and a post for every job, at moving instants."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = []
    for n in range(JOBS):
        at = f"{start + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}"
        award, job, reserved = f"award/{n % AWARDS}", f"site-a/{n}/1", 100 + n % 900
        accounts = (award, "use/a")
        made.append(
            Transfer(
                f"{job}/reserve", *accounts, reserved, "gpu_second", Phase.PENDING, None, at, award
            )
        )
        used = reserved - n % 50
        made.append(
            Transfer(
                f"{job}/post",
                *accounts,
                used,
                "gpu_second",
                Phase.POST,
                f"{job}/reserve",
                at,
                award,
            )
        )
    return made


def fastest(work: Callable[[], object]) -> float:
    """Seconds of one core, of the fastest of a few passes: the one least disturbed by others."""
    taken = []
    for _ in range(PASSES):
        start = process_time()
        work()
        taken.append(process_time() - start)
    return min(taken)


def posted_all(transfers: list[Transfer]) -> None:
    """Post in one batch and see that everything was created."""
    outcomes = post_all(Books(CHART), transfers).outcomes
    assert outcomes.count(Outcome.CREATED) == len(transfers)


def posted_singly(transfers: list[Transfer]) -> None:
    """Post one by one, each into books of its own."""
    books = Books(CHART)
    for transfer in transfers:
        after = post(books, transfer)
        assert isinstance(after, Books)
        books = after


def hashed(lines: list[bytes]) -> None:
    """The least a tree must do: hash each entry and one node for it."""
    last = bytes(32)
    for line in lines:
        leaf = sha256(b"\x00" + line).digest()
        last = sha256(b"\x01" + last + leaf).digest()


def kept(transfers: list[Transfer]) -> None:
    """The least a ledger must do: find out whether an id is new, and keep it."""
    known: dict[str, Transfer] = {}
    for transfer in transfers:
        if transfer.id not in known:
            known[transfer.id] = transfer


def measure(scenario: str, name: str, value: float, unit: str) -> dict[str, Any]:
    """One line of the bench."""
    return {"scenario": scenario, "measure": name, "value": value, "unit": unit}


def run() -> list[dict[str, Any]]:
    """Measure posting in a batch and singly, encoding, and appending to the tree."""
    transfers = grants() + jobs()
    lines = [encode(transfer_entry(transfer)) for transfer in transfers]
    batch = fastest(lambda: posted_all(transfers))
    least = fastest(lambda: kept(transfers))
    singly = fastest(lambda: posted_singly(transfers[:SINGLES]))
    encoding = fastest(lambda: [encode(transfer_entry(transfer)) for transfer in transfers])
    append = fastest(lambda: Tree(lines))
    hashing = fastest(lambda: hashed(lines))
    count = len(transfers)
    return [
        measure("ledger-posting", "transfers_per_second", count / batch, "1/s"),
        measure("ledger-posting", "time_to_dictionary", batch / least, "ratio"),
        measure(
            "ledger-posting", "time_singly_to_batch", singly / SINGLES * count / batch, "ratio"
        ),
        measure("journal", "entries_encoded_per_second", count / encoding, "1/s"),
        measure("journal", "merkle_appends_per_second", count / append, "1/s"),
        measure("journal", "time_merkle_to_two_hashes", append / hashing, "ratio"),
    ]
