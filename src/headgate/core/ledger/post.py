"""Books + transfer -> books or refusal: all the rules on one page.

Books are values. A batch is judged at a private desk that only this module sees; the desk's pages
are then laid on top of the old books, which stay what they were. The rules are `_Desk.judge`,
`_Desk.opens` and `_Desk.resolves`, in the order of precedence of `Refusal`.

After every batch: debits equal credits in each unit, posted and pending alike; every limit holds,
pending amounts counted; and a reservation has been resolved at most once.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from headgate.core.ledger.chart import Account, AccountRefusal, Chart, Limit
from headgate.core.ledger.layers import Layers
from headgate.core.ledger.refused import Refused
from headgate.core.ledger.text import is_instant, is_name
from headgate.core.ledger.transfer import Outcome, Phase, Refusal, Transfer

AMOUNT_MAX: Final = 2**63 - 1
"""The largest total of an account, so that every balance fits a 64-bit column of a database."""

# Python 3.11 takes longer to look a member up in its enumeration than to apply a rule.
_SINGLE: Final = Phase.SINGLE
_PENDING: Final = Phase.PENDING
_POST: Final = Phase.POST
_CREATED: Final = Outcome.CREATED

_RESOLVED: Final = {
    Phase.POST: Refusal.PENDING_ALREADY_POSTED,
    Phase.VOID: Refusal.PENDING_ALREADY_VOIDED,
    Phase.EXPIRE: Refusal.PENDING_ALREADY_EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's four totals, in its unit; a resolved reservation has left the pending two."""

    debits_posted: int = 0
    credits_posted: int = 0
    debits_pending: int = 0
    credits_pending: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """The state of a ledger: its chart, every transfer, every balance, the latest instant."""

    chart: Chart
    transfers: Layers[str, Transfer] = field(default_factory=Layers)
    resolutions: Layers[str, Phase] = field(default_factory=Layers)
    balances: Layers[str, Balance] = field(default_factory=Layers)
    at: str = ""

    def balance(self, account: Account) -> Balance:
        """The account's totals; an account nobody has used yet has four zeros."""
        return self.balances.get(account.id) or Balance()

    def available(self, account: Account) -> int:
        """How much may still be debited (or credited, by the side the limit binds), in its unit.

        Raises `Refused` for an account without a limit.
        """
        balance = self.balance(account)
        match account.limit:
            case Limit.DEBITS_MUST_NOT_EXCEED_CREDITS:
                return balance.credits_posted - balance.debits_posted - balance.debits_pending
            case Limit.CREDITS_MUST_NOT_EXCEED_DEBITS:
                return balance.debits_posted - balance.credits_posted - balance.credits_pending
            case Limit.NONE:
                raise Refused(AccountRefusal.LIMIT_NONE, account.id)

    def prefetch(self, transfers: Sequence[Transfer]) -> None:
        """Say what posting these transfers will look into, where that is kept outside."""
        pending = [t.pending for t in transfers if t.pending is not None]
        self.transfers.prefetch([*(t.id for t in transfers), *pending])
        self.resolutions.prefetch(pending)
        self.balances.prefetch(path for t in transfers for path in (t.debit, t.credit))

    def history(self) -> Iterator[Transfer]:
        """Every transfer, in the order in which they were posted."""
        return iter(self.transfers.values())


@dataclass(frozen=True, slots=True, eq=False)
class Posted:
    """What posting a batch gave: the new books and, transfer for transfer, what became of it."""

    books: Books
    outcomes: tuple[Outcome | Refusal, ...]


def post(books: Books, transfer: Transfer) -> Books | Refusal:
    """The books with one transfer in them, or why not; a transfer that exists gives equal books."""
    posted = post_all(books, (transfer,))
    outcome = posted.outcomes[0]
    return outcome if isinstance(outcome, Refusal) else posted.books


def post_all(books: Books, transfers: Iterable[Transfer]) -> Posted:
    """Post each transfer on its own, in order; a refused one leaves no trace but its outcome."""
    desk = _Desk(books)
    outcomes = tuple(map(desk.judge, transfers))
    return Posted(desk.closed(), outcomes)


def post_linked(books: Books, transfers: Sequence[Transfer]) -> Posted:
    """Post all transfers or none.

    Repeating a group gives EXISTS throughout. When one is refused the books stay as they were, the
    refused one carries its own reason and every other one LINKED_TRANSFER_REFUSED.
    """
    desk = _Desk(books)
    outcomes: list[Outcome | Refusal] = []
    for place, transfer in enumerate(transfers):
        outcome = desk.judge(transfer)
        if isinstance(outcome, Refusal):
            refused = [Refusal.LINKED_TRANSFER_REFUSED] * len(transfers)
            refused[place] = outcome
            return Posted(books, tuple(refused))
        outcomes.append(outcome)
    return Posted(desk.closed(), tuple(outcomes))


class _Row:
    """An account's totals while a batch is being judged."""

    __slots__ = (
        "credits",
        "credits_bound",
        "credits_pending",
        "debits",
        "debits_bound",
        "debits_pending",
        "moved",
        "unit",
    )

    def __init__(self, account: Account, balance: Balance) -> None:
        self.unit = account.unit
        self.debits_bound = account.limit is Limit.DEBITS_MUST_NOT_EXCEED_CREDITS
        self.credits_bound = account.limit is Limit.CREDITS_MUST_NOT_EXCEED_DEBITS
        self.moved = False
        self.debits = balance.debits_posted
        self.credits = balance.credits_posted
        self.debits_pending = balance.debits_pending
        self.credits_pending = balance.credits_pending

    def balance(self) -> Balance:
        return Balance(self.debits, self.credits, self.debits_pending, self.credits_pending)


class _Desk:
    """Where a batch is judged: what it adds to the books, and nothing of what it leaves alone."""

    __slots__ = ("at", "books", "resolutions", "rows", "transfers")

    def __init__(self, books: Books) -> None:
        self.books = books
        self.at = books.at
        self.transfers: dict[str, Transfer] = {}
        self.resolutions: dict[str, Phase] = {}
        self.rows: dict[str, _Row] = {}

    def closed(self) -> Books:
        """The old books with this desk's pages on top."""
        if not self.transfers:
            return self.books
        balances = {path: row.balance() for path, row in self.rows.items() if row.moved}
        return Books(
            self.books.chart,
            self.books.transfers.under(self.transfers),
            self.books.resolutions.under(self.resolutions),
            self.books.balances.under(balances),
            self.at,
        )

    def judge(self, transfer: Transfer) -> Outcome | Refusal:
        """Post one transfer at this desk, or say why not."""
        if not is_name(transfer.id):
            return Refusal.ID_BAD
        earlier = self.transfer(transfer.id)
        if earlier is not None:
            same = earlier == transfer
            return Outcome.EXISTS if same else Refusal.EXISTS_WITH_DIFFERENT_BODY
        if not is_instant(transfer.at):
            return Refusal.AT_BAD
        if not is_name(transfer.why):
            return Refusal.WHY_BAD
        if type(transfer.amount) is not int or transfer.amount < 1:
            return Refusal.AMOUNT_NOT_POSITIVE
        if transfer.debit == transfer.credit:
            return Refusal.SAME_ACCOUNT
        debit = self.row(transfer.debit)
        if debit is None:
            return Refusal.DEBIT_ACCOUNT_UNKNOWN
        credit = self.row(transfer.credit)
        if credit is None:
            return Refusal.CREDIT_ACCOUNT_UNKNOWN
        if debit.unit != transfer.unit or credit.unit != transfer.unit:
            return Refusal.UNIT_MISMATCH
        phase = transfer.phase
        if phase is _SINGLE or phase is _PENDING:
            refusal = self.opens(transfer, debit, credit)
        else:
            refusal = self.resolves(transfer, debit, credit)
        if refusal is not None:
            return refusal
        self.transfers[transfer.id] = transfer
        self.at = transfer.at
        debit.moved = credit.moved = True
        return _CREATED

    def opens(self, transfer: Transfer, debit: _Row, credit: _Row) -> Refusal | None:
        """Move or reserve an amount between two accounts, within their limits."""
        amount = transfer.amount
        debited = debit.debits + debit.debits_pending + amount
        credited = credit.credits + credit.credits_pending + amount
        if transfer.pending is not None:
            return Refusal.PENDING_MUST_BE_ABSENT
        if debited > AMOUNT_MAX or credited > AMOUNT_MAX:
            return Refusal.OVERFLOWS_ACCOUNT
        if debit.debits_bound and debited > debit.credits:
            return Refusal.EXCEEDS_CREDITS
        if credit.credits_bound and credited > credit.debits:
            return Refusal.EXCEEDS_DEBITS
        if transfer.at < self.at:
            return Refusal.TIME_RUNS_BACKWARDS
        if transfer.phase is _PENDING:
            debit.debits_pending += amount
            credit.credits_pending += amount
        else:
            debit.debits += amount
            credit.credits += amount
        return None

    def resolves(self, transfer: Transfer, debit: _Row, credit: _Row) -> Refusal | None:
        """Resolve a reservation once: post all or part of it, or give all of it back."""
        if transfer.pending is None:
            return Refusal.PENDING_MUST_BE_NAMED
        reserved = self.transfer(transfer.pending)
        if reserved is None:
            return Refusal.PENDING_NOT_FOUND
        if reserved.phase is not _PENDING:
            return Refusal.PENDING_NOT_PENDING
        if reserved.debit != transfer.debit or reserved.credit != transfer.credit:
            return Refusal.PENDING_HAS_DIFFERENT_ACCOUNTS
        resolution = self.resolution(transfer.pending)
        if resolution is not None:
            return _RESOLVED[resolution]
        posts = transfer.phase is _POST
        if posts and transfer.amount > reserved.amount:
            return Refusal.EXCEEDS_PENDING_AMOUNT
        if not posts and transfer.amount != reserved.amount:
            return Refusal.PENDING_HAS_DIFFERENT_AMOUNT
        if transfer.at < self.at:
            return Refusal.TIME_RUNS_BACKWARDS
        debit.debits_pending -= reserved.amount
        credit.credits_pending -= reserved.amount
        if posts:
            debit.debits += transfer.amount
            credit.credits += transfer.amount
        self.resolutions[transfer.pending] = transfer.phase
        return None

    def transfer(self, name: str) -> Transfer | None:
        """The transfer with an id, from this batch or from the books."""
        return self.transfers.get(name) or self.books.transfers.get(name)

    def resolution(self, name: str) -> Phase | None:
        """How a reservation was resolved, in this batch or in the books."""
        return self.resolutions.get(name) or self.books.resolutions.get(name)

    def row(self, path: str) -> _Row | None:
        """The account's totals at this desk, brought from the books when first asked for."""
        row = self.rows.get(path)
        if row is None:
            account = self.books.chart.find(path)
            if account is not None:
                row = self.rows[path] = _Row(account, self.books.balance(account))
        return row
