"""A small honest ledger to attack: a hundred transfers of every phase, facts, decisions, notes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import cycle, islice
from typing import Final

from headgate.core.ledger.checkpoint import Algorithm, Checkpoint, Signer, sign
from headgate.core.ledger.entry import Entry, Kind, encode, transfer_entry
from headgate.core.ledger.transfer import Phase, Transfer
from headgate.core.ledger.tree import root
from headgate.core.quantities import instant_of, seconds_of
from headgate.site.records.database import Database
from headgate.site.records.journal import append, head, standing
from tests.core.ledger.builders import CHART

TRANSFERS: Final = 100
CHECKPOINTS_KEPT: Final = (40, 90)
"""The sizes at which the journal was signed, and its notes kept in the database."""

ORIGIN: Final = "test.headgate/attacks"
_START: Final = seconds_of("2026-03-09T00:00:00Z")
_FACTS: Final = b'{"application":"a","hours":100}\n{"application":"b","hours":50}\n'
_DECISION: Final = b'{"decision":"award","award":"a","hours":100}\n'


@dataclass(frozen=True, slots=True)
class Honest:
    """What an honest database holds: the journal's entries, kept values, and who signs its head."""

    entries: tuple[Entry, ...]
    kept: tuple[tuple[str, str, int, str], ...]
    signers: tuple[Signer, ...]

    def number(self, subject: str) -> int:
        """The number of the first entry about a subject."""
        return next(seq for seq, entry in enumerate(self.entries) if entry.subject == subject)

    def checkpoint(self, size: int) -> tuple[int, int, str, str]:
        """The row of the checkpoint that was signed at a size."""
        tree = root(map(encode, self.entries[:size]))
        note = sign(Checkpoint(ORIGIN, size, tree), self.signers).decode()
        return size, size - 1, tree.hex(), note


@cache
def honest() -> Honest:
    """The same ledger each time."""
    facts = ("call-1", sha256(_FACTS).hexdigest())
    digests = ("award", "rule-1", "p" * 64, "i" * 64, sha256(_DECISION).hexdigest())
    at = instant_of(_START)
    entries = (
        Entry(Kind.FACTS_RECEIVED, at, "applications/call-1", facts),
        Entry(Kind.DECISION_MADE, at, "award/a", digests),
        *map(transfer_entry, islice(_transfers(), TRANSFERS)),
    )
    last = CHECKPOINTS_KEPT[0]
    kept = (
        ("fact", "applications/call-1", 0, _FACTS.decode()),
        ("decision", f"{1:012}", 1, _DECISION.decode()),
        ("holdings", "", last, '{"award":"a","hours":100}\n'),
        ("term", "", last, '{"index":1}\n'),
    )
    signers = tuple(Signer(ORIGIN, algorithm, bytes([7]) * 32) for algorithm in Algorithm)
    return Honest(entries, kept, signers)


def _transfers() -> Iterator[Transfer]:
    """Grants, then use, loans and reservations of every end; the last two stay open."""
    moves = (
        ("use", "award/a", "use/seoul", 7, Phase.SINGLE),
        ("job", "award/a", "use/seoul", 9, Phase.PENDING),
        ("lent", "loan/b", "award/a", 3, Phase.SINGLE),
        ("job", "award/a", "use/seoul", 5, Phase.POST),
        ("back", "award/a", "loan/b", 2, Phase.SINGLE),
        ("run", "award/b", "use/busan", 4, Phase.PENDING),
        ("fee", "fund/natif", "fund/paid", 11, Phase.SINGLE),
        ("run", "award/b", "use/busan", 4, Phase.VOID),
        ("late", "award/b", "use/busan", 6, Phase.PENDING),
        ("late", "award/b", "use/busan", 6, Phase.EXPIRE),
    )
    for award in "ab":
        yield _transfer(f"grant-{award}", f"supply/{award}", f"award/{award}", 1_000, Phase.SINGLE)
    for serial, (name, debit, credit, amount, phase) in enumerate(cycle(moves)):
        if serial == TRANSFERS - 4:
            yield _transfer("open-a", "award/a", "use/seoul", 20, Phase.PENDING, serial)
            yield _transfer("open-b", "award/b", "use/busan", 30, Phase.PENDING, serial)
            return
        reservation = f"{name}-{serial // len(moves)}"
        yield _transfer(reservation, debit, credit, amount, phase, serial)


def _transfer(
    name: str, debit: str, credit: str, amount: int, phase: Phase, serial: int = 0
) -> Transfer:
    opens = phase in (Phase.SINGLE, Phase.PENDING)
    unit = "krw" if debit.startswith("fund") else "gpu_second"
    at = instant_of(_START + 60 * serial)
    told = (name, None) if opens else (f"{name}/{phase.value}", name)
    return Transfer(told[0], debit, credit, amount, unit, phase, told[1], at, "rule-1")


def fill(database: Database) -> None:
    """Write the honest ledger into an empty one, as the actions write."""
    ledger = honest()
    with database.writing():
        at, books = standing(database, ())
        append(database, at, books, CHART, ledger.entries)
        database.insert("kept", ("kind", "key", "seq", "data"), ledger.kept)
        rows = [ledger.checkpoint(size) for size in CHECKPOINTS_KEPT]
        database.insert("checkpoint", ("size", "last_seq", "root", "note"), rows)
    assert len(ledger.entries) == head(database).size
