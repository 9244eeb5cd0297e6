"""The ledger against a naive one that keeps a list and sums it again for every question.

Hypothesis drives both with the same operations and shrinks any difference to its shortest story.
The model is written from the words of the rules alone: it shares no code and no state with them.
"""

from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from headgate.core.ledger.post import Books, post, post_linked
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer
from tests.core.ledger.builders import CHART, NOON, account

ACCOUNTS = ("supply/s", "award/a", "award/b", "use/u", "loan/l")


class Naive:
    """A ledger as a list of transfers; every question goes through the whole list again."""

    def __init__(self) -> None:
        self.told: list[Transfer] = []

    def fate(self, reservation: Transfer) -> Transfer | None:
        """What resolved a reservation, if anything has."""
        return next((told for told in self.told if told.pending == reservation.id), None)

    def total(self, path: str, side: str, *, with_pending: bool) -> int:
        """Everything that was debited or credited, and on demand all that still may be."""
        sides = [told for told in self.told if getattr(told, side) == path]
        total = sum(t.amount for t in sides if t.phase in (Phase.SINGLE, Phase.POST))
        if with_pending:
            total += sum(
                t.amount for t in sides if t.phase is Phase.PENDING and self.fate(t) is None
            )
        return total

    def within(self, told: Transfer) -> bool:
        """Whether both accounts still keep to their limits."""
        debit, credit = told.debit, told.credit
        if debit.startswith("award/"):
            spent = self.total(debit, "debit", with_pending=True) + told.amount
            if spent > self.total(debit, "credit", with_pending=False):
                return False
        if credit.startswith("loan/"):
            returned = self.total(credit, "credit", with_pending=True) + told.amount
            return returned <= self.total(credit, "debit", with_pending=False)
        return True

    def tell(self, told: Transfer) -> bool:
        """Take a transfer in if the rules let it; whether it is in the list afterwards."""
        earlier = [old for old in self.told if old.id == told.id]
        if earlier:
            return earlier == [told]
        if told.debit == told.credit:
            return False
        if told.phase in (Phase.SINGLE, Phase.PENDING):
            good = self.within(told)
        else:
            reserved = [old for old in self.told if old.id == told.pending]
            good = bool(reserved) and self.may_resolve(reserved[0], told)
        if good:
            self.told.append(told)
        return good

    def may_resolve(self, reserved: Transfer, told: Transfer) -> bool:
        """Whether `told` resolves a reservation that is open, between the same two accounts."""
        if reserved.phase is not Phase.PENDING or self.fate(reserved) is not None:
            return False
        if (reserved.debit, reserved.credit) != (told.debit, told.credit):
            return False
        part = told.amount <= reserved.amount
        return part if told.phase is Phase.POST else told.amount == reserved.amount


class LedgerMachine(RuleBasedStateMachine):
    """Tells the ledger and the naive one the same things and demands the same answers."""

    reservations: ClassVar[Bundle[Transfer]] = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        self.books = Books(CHART)
        self.naive = Naive()
        self.serial = 0

    def transfer(self, phase: Phase, debit: str, credit: str, **changed: Any) -> Transfer:
        """A transfer with the next id."""
        self.serial += 1
        told = {"amount": 1, "unit": "gpu_second", "pending": None, "at": NOON, "why": "rule"}
        return Transfer(
            id=f"t{self.serial}", debit=debit, credit=credit, phase=phase, **{**told, **changed}
        )

    def tell(self, told: Transfer) -> None:
        """Post to both; they must agree on yes or no."""
        after = post(self.books, told)
        assert self.naive.tell(told) == isinstance(after, Books), after
        if isinstance(after, Books):
            self.books = after

    @rule(
        debit=st.sampled_from(ACCOUNTS),
        credit=st.sampled_from(ACCOUNTS),
        amount=st.integers(1, 20),
    )
    def move(self, debit: str, credit: str, amount: int) -> None:
        """Move an amount at once."""
        self.tell(self.transfer(Phase.SINGLE, debit, credit, amount=amount))

    @rule(
        target=reservations,
        debit=st.sampled_from(ACCOUNTS),
        credit=st.sampled_from(ACCOUNTS),
        amount=st.integers(1, 20),
    )
    def reserve(self, debit: str, credit: str, amount: int) -> Transfer:
        """Reserve an amount; the reservation may be refused and resolved all the same."""
        told = self.transfer(Phase.PENDING, debit, credit, amount=amount)
        self.tell(told)
        return told

    @rule(
        reserved=reservations,
        phase=st.sampled_from((Phase.POST, Phase.VOID, Phase.EXPIRE)),
        amount=st.none() | st.integers(1, 20),
    )
    def resolve(self, reserved: Transfer, phase: Phase, amount: int | None) -> None:
        """Resolve a reservation, perhaps again, perhaps with a wrong amount."""
        told = self.transfer(
            phase,
            reserved.debit,
            reserved.credit,
            amount=amount or reserved.amount,
            pending=reserved.id,
        )
        self.tell(told)

    @rule(reserved=consumes(reservations))
    def repeat(self, reserved: Transfer) -> None:
        """Tell the same reservation again."""
        self.tell(reserved)

    @rule(data=st.data())
    def link(self, data: st.DataObject) -> None:
        """Post two moves as one group: both or neither."""
        paths = st.sampled_from(ACCOUNTS)
        group = [
            self.transfer(Phase.SINGLE, data.draw(paths), data.draw(paths), amount=amount)
            for amount in data.draw(st.lists(st.integers(1, 20), min_size=2, max_size=3))
        ]
        trial = Naive()
        trial.told = list(self.naive.told)
        whole = all(trial.tell(told) for told in group)
        posted = post_linked(self.books, group)
        assert whole == (posted.outcomes == (Outcome.CREATED,) * len(group))
        assert whole or Refusal.LINKED_TRANSFER_REFUSED in posted.outcomes
        self.books = posted.books
        self.naive = trial if whole else self.naive

    @invariant()
    def same_balances(self) -> None:
        """Kept totals equal the totals summed again from the list."""
        for path in ACCOUNTS:
            balance = self.books.balance(account(path))
            for side, posted, pending in (
                ("debit", balance.debits_posted, balance.debits_pending),
                ("credit", balance.credits_posted, balance.credits_pending),
            ):
                assert self.naive.total(path, side, with_pending=False) == posted
                assert self.naive.total(path, side, with_pending=True) == posted + pending


TestLedgerAgainstNaive = LedgerMachine.TestCase
TestLedgerAgainstNaive.settings = settings(max_examples=60, stateful_step_count=40)
