"""Hypothesis against a database: any rules in any order, and the shortest story of a difference.

The pure books, which test_post_model.py holds against a naive ledger, are told the same things;
between two rules the connection may end, and the next one finds what was acknowledged.
"""

import shutil
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    rule,
    run_state_machine_as_test,
)

from headgate.core.ledger.correct import Correction
from headgate.core.ledger.entry import Entry, Kind
from headgate.core.ledger.frontier import Frontier
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from headgate.site.records.database import opened
from tests.site.histories.generator import Operation, Way
from tests.site.histories.pair import Pair
from tests.site.proof import never, record, times

EXAMPLES = 40
NOON = "2026-03-09T12:00:00Z"
LIMITED = ("h/award/a", "h/award/b", "h/loan/l")
ACCOUNTS = st.sampled_from(("h/supply/s", "h/use/u", *LIMITED))
AMOUNTS = st.integers(1, 20)
REACHED = (
    *Outcome,
    Refusal.LINKED_TRANSFER_REFUSED,
    Refusal.EXISTS_WITH_DIFFERENT_BODY,
    Refusal.SAME_ACCOUNT,
    Refusal.PENDING_NOT_FOUND,
    Refusal.EXCEEDS_CREDITS,
    Refusal.EXCEEDS_DEBITS,
)
RESOLVING = st.sampled_from((Phase.POST, Phase.VOID, Phase.EXPIRE))


class KeptLedgerMachine(RuleBasedStateMachine):
    """Tells a database and pure books the same things; `Pair` demands the same answers and rows."""

    told: ClassVar[Bundle[Transfer]] = Bundle("told")
    reservations: ClassVar[Bundle[Transfer]] = Bundle("reservations")

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.address = f"sqlite:///{path}"
        self.pair = Pair(opened(self.address, "machine"), Frontier())
        self.serial = count(1)

    def tell(self, *transfers: Transfer, linked: bool = False) -> tuple[Any, ...]:
        """Post to both; what became of each transfer."""
        operation = Operation(Way.BATCH, transfers, linked=linked)
        return self.pair.tell(operation)[1]

    def transfer(self, debit: str, credit: str, amount: int, **changed: Any) -> Transfer:
        """A transfer with the next id."""
        told = {"phase": Phase.SINGLE, "pending": None, "at": NOON, "why": "rule", **changed}
        return Transfer(f"t{next(self.serial)}", debit, credit, amount, unit="gpu_second", **told)

    @rule(target=told, debit=ACCOUNTS, credit=ACCOUNTS, amount=AMOUNTS)
    def move(self, debit: str, credit: str, amount: int) -> Transfer:
        """Move an amount at once."""
        transfer = self.transfer(debit, credit, amount)
        self.tell(transfer)
        return transfer

    @rule(target=told, credit=st.sampled_from(LIMITED[:2]), amount=AMOUNTS)
    def grant(self, credit: str, amount: int) -> Transfer:
        """Give an award something to spend."""
        transfer = self.transfer("h/supply/s", credit, amount)
        self.tell(transfer)
        return transfer

    @rule(target=reservations, debit=ACCOUNTS, credit=ACCOUNTS, amount=AMOUNTS)
    def reserve(self, debit: str, credit: str, amount: int) -> Transfer:
        """Reserve an amount; the reservation may be refused and resolved all the same."""
        transfer = self.transfer(debit, credit, amount, phase=Phase.PENDING)
        self.tell(transfer)
        return transfer

    @rule(target=told, reserved=reservations, phase=RESOLVING, amount=st.none() | AMOUNTS)
    def resolve(self, reserved: Transfer, phase: Phase, amount: int | None) -> Transfer:
        """Resolve a reservation, perhaps again, perhaps with a wrong amount."""
        parts = (reserved.debit, reserved.credit, amount or reserved.amount)
        transfer = self.transfer(*parts, phase=phase, pending=reserved.id)
        self.tell(transfer)
        return transfer

    @rule(transfer=told, why=st.sampled_from(("rule", "another")))
    def repeat(self, transfer: Transfer, why: str) -> None:
        """Tell something again, perhaps with another reason, perhaps what had been refused."""
        same = (transfer.debit, transfer.credit, transfer.amount, transfer.unit, transfer.phase)
        self.tell(Transfer(transfer.id, *same, transfer.pending, transfer.at, why))

    @rule(
        several=st.lists(st.tuples(ACCOUNTS, ACCOUNTS, AMOUNTS), max_size=12), linked=st.booleans()
    )
    def several(self, several: list[tuple[str, str, int]], linked: bool) -> None:
        """Post several moves, each on its own or all or none."""
        self.tell(*(self.transfer(*parts) for parts in several), linked=linked)

    @rule(reserved=consumes(reservations), phase=RESOLVING)
    def resolve_twice_at_once(self, reserved: Transfer, phase: Phase) -> None:
        """Resolve a reservation two times in one batch: the second comes too late."""
        parts = (reserved.debit, reserved.credit, reserved.amount)
        pair = [self.transfer(*parts, phase=phase, pending=reserved.id) for _ in range(2)]
        assert Outcome.CREATED is not self.tell(*pair)[1]

    @rule(transfer=told, amount=AMOUNTS)
    def correct(self, transfer: Transfer, amount: int) -> None:
        """Take something back of what was moved."""
        corrections = (Correction(transfer.id, amount, "found"),)
        self.pair.tell(Operation(Way.CORRECTION, corrections=corrections, at=NOON))

    @rule()
    def enter(self) -> None:
        """Append a line that moves nothing."""
        entry = Entry(Kind.FILE_PUBLISHED, NOON, f"file-{next(self.serial)}", ("digest", "1"))
        self.pair.tell(Operation(Way.OTHER_ENTRY, entry=entry))

    @rule()
    def reopen(self) -> None:
        """Leave, come back, and find everything as it was acknowledged."""
        self.pair.database.connection.close()
        self.pair.database = opened(self.address, "machine")
        self.pair.close()

    def teardown(self) -> None:
        """Look at everything once more."""
        self.pair.close()
        self.pair.database.connection.close()


def test_database_agrees_with_the_pure_ledger(sqlite_template: Path, tmp_path: Path) -> None:
    """Whatever rules follow each other, and wherever the connection ends, both say the same."""
    numbers, counts = count(), Counter[str]()

    class Machine(KeptLedgerMachine):
        def __init__(self) -> None:
            path = tmp_path / f"ledger-{next(numbers)}.db"
            super().__init__(Path(shutil.copy(sqlite_template, path)))

        def teardown(self) -> None:
            super().teardown()
            counts.update(self.pair.counts)
            self.path.unlink()

    examples = settings(max_examples=EXAMPLES * times(), stateful_step_count=40)
    run_state_machine_as_test(Machine, settings=examples)
    record("Machine, SQLite", counts)
    assert [] == never(counts, [answer.name for answer in REACHED])
